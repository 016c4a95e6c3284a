//! The addresses that people connect to, taken before anything else is done.

use crate::AgentConfig;
use crate::config::TunnelConfig;
use tokio::net::TcpListener;

/// What people connect to.
pub(super) struct Listeners {
    /// For HTTP.
    pub(super) people: TcpListener,
    /// For what speaks none.
    pub(super) tunnels: Vec<(TunnelConfig, TcpListener)>,
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
        Ok(Self { people, tunnels })
    }
}
