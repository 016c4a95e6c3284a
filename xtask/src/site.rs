//! The systems of the sample city that get certificates by themselves, for scripts that play their
//! clients: one by ACME, whose names are looked at, one by EST and CMP, which look at none, one by
//! SCEP, and the portal's registration authority, for which devices encrypt.

use crate::city::{City, CmpAccess, Eab, EstAccess, MachinesUrls, ScepAccess};
use crate::demo::act::Actor;
use crate::found::{RA_FILE, RA_KEYS};
use crate::tool;
use anyhow::{Context, ensure};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Names of the systems.
const NAMES: [&str; 2] = ["acme.test", "*.acme.test"];
/// The host of the portal's process for systems.
const OWN_HOST: [&str; 1] = ["localhost"];
/// The registration authority has a certificate by then.
const AUTHORITY_WAIT: Duration = Duration::from_secs(90);
const PAUSE: Duration = Duration::from_millis(200);

/// Registers those that are not there by orders that two security administrators approve, for any
/// number of uses.
pub(crate) fn register(folder: &Path) -> anyhow::Result<()> {
    let known = City::read(folder)?.machines.context("this city has no process for systems")?;
    if known.eab.is_none() {
        let file = ordered(folder, ("site", "示例网站"), &NAMES, &["--wildcards"])?;
        let eab = Eab { kid: tool::text(&file, "kid"), hmac: tool::text(&file, "eab_hmac") };
        keep(folder, |machines| machines.eab = Some(eab))?;
    }
    // Registered anew, it has other secrets: one order gives both.
    if known.est.is_none() || known.cmp.is_none() {
        let options = ["--wildcards", "--without-challenges"];
        let file = ordered(folder, ("inner", "示例内网系统"), &NAMES, &options)?;
        let (user, pass) = (tool::text(&file, "kid"), tool::text(&file, "est_password"));
        let cmp = CmpAccess { reference: user.clone(), secret: tool::text(&file, "cmp_secret") };
        keep(folder, |machines| {
            machines.est = Some(EstAccess { user, pass });
            machines.cmp = Some(cmp);
        })?;
    }
    if known.scep.is_none() && !known.scep_url.is_empty() {
        let options = ["--without-challenges", "--profile", "scep"];
        let authority = ("portal-scep", "示例门户 SCEP 注册机构");
        let file = ordered(folder, authority, &OWN_HOST, &options)?;
        let file = serde_json::to_vec_pretty(&file)?;
        system::file::replace_private(&folder.join(RA_FILE), &file)?;
        let options = ["--without-challenges", "--profile", "device"];
        let file = ordered(folder, ("printer", "示例网络设备"), &NAMES, &options)?;
        await_authority(folder)?;
        let access = ScepAccess { challenge: tool::text(&file, "scep_challenge") };
        keep(folder, |machines| machines.scep = Some(access))?;
    }
    Ok(())
}

/// Waits until the portal has a certificate for which devices can encrypt.
#[expect(clippy::disallowed_methods, reason = "polls a running system from outside")]
fn await_authority(folder: &Path) -> anyhow::Result<()> {
    let until = Instant::now() + AUTHORITY_WAIT;
    while !folder.join(RA_KEYS).exists() {
        ensure!(Instant::now() < until, "the portal has no certificate for SCEP: see its log");
        std::thread::sleep(PAUSE);
    }
    Ok(())
}

fn keep(folder: &Path, change: impl FnOnce(&mut MachinesUrls)) -> anyhow::Result<()> {
    let mut city = City::read(folder)?;
    change(city.machines.as_mut().context("this city has no process for systems")?);
    city.write(folder)
}

/// The file of a system's secrets, once its order is approved.
fn ordered(
    folder: &Path,
    (system, name): (&str, &str),
    hosts: &[&str],
    more: &[&str],
) -> anyhow::Result<Value> {
    let city = City::read(folder)?;
    // A city without officials has its first people.
    let of = |role: &str| city.people.iter().find(|person| person.role == role);
    let leader = of("official").or_else(|| of("system-administrator"));
    let leader = leader.context("nobody to be in charge")?.person.clone();
    let many = "100000";
    let mut command = tool::ca_server(folder)?;
    command.args(["system", "register", system, "--name", name, "--unit", "sz-office"]);
    command.args(["--leader", &leader, "--operator", "示例运维组", "--contact", "ops@acme.test"]);
    command.args(hosts.iter().flat_map(|host| ["--host", *host]));
    command.args(["--address", "127.0.0.1", "--days", "3650"]);
    command.args(["--per-week", many, "--live", many, "--accounts", many]);
    let made = tool::json(command.args(more))?;
    Actor::new(folder)?.approve_by_security(&tool::text(&made, "order"))?;
    let file = PathBuf::from(tool::text(&made, "letter"));
    let bytes = std::fs::read(&file).with_context(|| file.display().to_string())?;
    Ok(serde_json::from_slice(&bytes)?)
}

/// What the environment of this run says of the sample's validations stands in the description.
pub(crate) fn follow_environment(folder: &Path) -> anyhow::Result<()> {
    let mut city = City::read(folder)?;
    let Some(machines) = city.machines.as_mut() else { return Ok(()) };
    let said = |name: &str| std::env::var(name).ok();
    if let Some(dns) = said("YINXIN_DNS") {
        machines.dns = dns;
    }
    if let Some(port) = said("YINXIN_HTTP01_PORT") {
        machines.http01_port = port.parse()?;
    }
    if let Some(port) = said("YINXIN_TLSALPN01_PORT") {
        machines.tlsalpn01_port = port.parse()?;
    }
    city.write(folder)
}
