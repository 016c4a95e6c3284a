//! The systems of the sample city that get certificates by themselves, for scripts that play their
//! clients: one by ACME, whose names are looked at, and one by EST, which looks at none.

use crate::city::{City, Eab, EstAccess, MachinesUrls};
use crate::demo::act::Actor;
use crate::tool;
use anyhow::Context;
use serde_json::Value;
use std::path::{Path, PathBuf};

/// Names of the systems.
const NAMES: [&str; 2] = ["acme.test", "*.acme.test"];

/// Registers those that are not there by orders that two security administrators approve, for any
/// number of uses.
pub(crate) fn register(folder: &Path) -> anyhow::Result<()> {
    let known = City::read(folder)?.machines.context("this city has no process for systems")?;
    if known.eab.is_none() {
        let file = ordered(folder, "site", "示例网站", &[])?;
        let eab = Eab { kid: tool::text(&file, "kid"), hmac: tool::text(&file, "eab_hmac") };
        keep(folder, |machines| machines.eab = Some(eab))?;
    }
    if known.est.is_none() {
        let file = ordered(folder, "inner", "示例内网系统", &["--without-challenges"])?;
        let (user, pass) = (tool::text(&file, "kid"), tool::text(&file, "est_password"));
        keep(folder, |machines| machines.est = Some(EstAccess { user, pass }))?;
    }
    Ok(())
}

fn keep(folder: &Path, change: impl FnOnce(&mut MachinesUrls)) -> anyhow::Result<()> {
    let mut city = City::read(folder)?;
    change(city.machines.as_mut().context("this city has no process for systems")?);
    city.write(folder)
}

/// The file of a system's secrets, once its order is approved.
fn ordered(folder: &Path, system: &str, name: &str, more: &[&str]) -> anyhow::Result<Value> {
    let city = City::read(folder)?;
    let leader = city.people.iter().find(|person| person.role == "official");
    let leader = leader.context("no official")?.person.clone();
    let many = "100000";
    let mut command = tool::ca_server(folder)?;
    command.args(["system", "register", system, "--name", name, "--unit", "sz-office"]);
    command.args(["--leader", &leader, "--operator", "示例运维组", "--contact", "ops@acme.test"]);
    command.args(NAMES.iter().flat_map(|name| ["--host", *name]));
    command.args(["--address", "127.0.0.1", "--wildcards", "--days", "3650"]);
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
