//! The system of the sample city that gets certificates by itself, for scripts that play its
//! clients.

use crate::city::{City, Eab};
use crate::demo::act::Actor;
use crate::tool;
use anyhow::Context;
use std::path::{Path, PathBuf};

/// Names of the system.
const NAMES: [&str; 2] = ["acme.test", "*.acme.test"];

/// Registers it by an order that two security administrators approve, for any number of uses.
pub(crate) fn register(folder: &Path) -> anyhow::Result<()> {
    let mut city = City::read(folder)?;
    let leader = city.people.iter().find(|person| person.role == "official");
    let leader = leader.context("no official")?.person.clone();
    let many = "100000";
    let mut command = tool::ca_server(folder)?;
    command.args(["system", "register", "site", "--name", "示例网站", "--unit", "sz-office"]);
    command.args(["--leader", &leader, "--operator", "示例运维组", "--contact", "ops@acme.test"]);
    command.args(NAMES.iter().flat_map(|name| ["--host", *name]));
    command.args(["--address", "127.0.0.1", "--wildcards", "--days", "3650"]);
    command.args(["--per-week", many, "--live", many, "--accounts", many]);
    let made = tool::json(&mut command)?;
    Actor::new(folder)?.approve_by_security(&tool::text(&made, "order"))?;
    let file = PathBuf::from(tool::text(&made, "letter"));
    let file = std::fs::read(&file).with_context(|| file.display().to_string())?;
    let file: serde_json::Value = serde_json::from_slice(&file)?;
    let eab = Eab { kid: tool::text(&file, "kid"), hmac: tool::text(&file, "eab_hmac") };
    city.machines.as_mut().context("this city has no process for systems")?.eab = Some(eab);
    city.write(folder)
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
