//! The addresses that people and the application connect to, taken before anything else is done.

use crate::AgentConfig;
use crate::config::TunnelConfig;
use crate::config::addresses::meet;
use crate::gate::call::CallListener;
use anyhow::Context;
use tokio::net::TcpListener;

/// What others connect to.
pub(super) struct Listeners {
    /// For HTTP.
    pub(super) people: TcpListener,
    /// For what speaks none.
    pub(super) tunnels: Vec<(TunnelConfig, TcpListener)>,
    /// For the application that asks, where it does.
    pub(super) calls: Option<CallListener>,
}

impl Listeners {
    /// Takes all of them, or none: an address that cannot be taken is told with its setting. The
    /// one for the owner is taken last of all, and only looked at here.
    pub(super) async fn take(config: &AgentConfig) -> std::io::Result<Self> {
        service::can_listen(config.admin, "agent.toml: admin")?;
        let people = service::listen(config.listen, "agent.toml: listen").await?;
        let mut tunnels = Vec::new();
        for tunnel in &config.tunnels {
            let setting = format!("agent.toml: [[tunnel]] {}", tunnel.name);
            let listener = service::listen(tunnel.listen, &setting).await?;
            tunnels.push((tunnel.clone(), listener));
        }
        let calls = CallListener::take(config).await?;
        Ok(Self { people, tunnels, calls })
    }

    /// Whether the next start could take those of another configuration, once a gate that runs has
    /// left its own to it; nothing is taken.
    pub(super) fn check(config: &AgentConfig, in_force: &AgentConfig) -> anyhow::Result<()> {
        let own = in_force.addresses();
        for (address, setting) in config.addresses() {
            if !own.iter().any(|(own, _)| meet(*own, address)) {
                let look = service::can_listen(address, &setting);
                look.with_context(|| config.taken(address))?;
            }
        }
        Ok(CallListener::can_take(config)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::SocketAddr;
    use std::path::Path;

    /// What a gate has itself is left to the next one; what somebody else has cannot be taken, and
    /// is told with its setting.
    #[tokio::test]
    async fn what_somebody_else_has_cannot_be_taken() {
        let taken = async || TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (own, foreign) = (taken().await, taken().await);
        let [own, foreign] = [&own, &foreign].map(|one| one.local_addr().unwrap());
        let free: SocketAddr = "127.0.0.1:0".parse().unwrap();
        let with = |listen, admin| AgentConfig::new(Path::new("/"), listen, admin, own);
        let in_force = with(own, free);
        Listeners::check(&with(own, free), &in_force).unwrap();
        Listeners::check(&with(free, own), &in_force).unwrap();
        for (wanted, setting) in [(with(foreign, free), "listen"), (with(own, foreign), "admin")] {
            let error = format!("{:#}", Listeners::check(&wanted, &in_force).unwrap_err());
            assert!(error.contains(&format!("agent.toml: {setting}")), "{error}");
            assert!(error.contains(&foreign.to_string()), "{error}");
        }
    }
}
