//! The addresses that people and the application connect to, taken before anything else is done.

use crate::AgentConfig;
use crate::config::TunnelConfig;
use crate::gate::call::CallListener;
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
    /// Takes all of them, or none: an address that cannot be taken is told with its setting.
    pub(super) async fn take(config: &AgentConfig) -> std::io::Result<Self> {
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
}
