//! The gate in front of the sample application: registered by an order, joined with its file.

use crate::city::{AgentUrls, City};
use crate::demo::act::Actor;
use crate::found::gate_ports;
use crate::tool;
use std::path::{Path, PathBuf};

/// Registers the agent of the sample city, has the order approved, and joins with these words more.
pub(crate) fn join(folder: &Path, more: &[&str]) -> anyhow::Result<()> {
    let mut city = City::read(folder)?;
    let [port, admin, exchange] = gate_ports(&city)?;
    let made = tool::json(tool::ca_server(folder)?.args([
        "agent",
        "register",
        "gate-1",
        "--unit",
        "sz-office",
        "--application",
        "exchange",
        "--host",
        "localhost",
        "--serves",
        "shangzhou",
    ]))?;
    Actor::new(folder)?.approve_by_security(&tool::text(&made, "order"))?;
    let file = PathBuf::from(tool::text(&made, "letter"));
    let upstream = format!("127.0.0.1:{exchange}");
    tool::run(
        tool::agent(folder)?
            .arg("join")
            .arg(file)
            .args(["--listen", &format!("127.0.0.1:{port}")])
            .args(["--admin", &format!("127.0.0.1:{admin}")])
            .args(["--upstream", &upstream])
            .args(more),
    )?;
    city.agent = Some(AgentUrls {
        url: format!("https://localhost:{port}"),
        jwks_url: format!("http://localhost:{admin}/jwks.json"),
        state: "gate".into(),
        upstream,
    });
    city.admin_urls.insert("agent".into(), format!("http://localhost:{admin}"));
    city.write(folder)
}
