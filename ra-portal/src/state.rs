//! What the routes of one process share.

use crate::checked_paths::CheckedPaths;
use crate::events::Events;
use crate::pages::menu::Menus;
use crate::refusal::refused;
use mtls::Client;
use records::Code;
use records::trust::Trust;
use service::Metrics;
use service::problem::Refused;

/// What the routes of a process share.
pub struct PortalState {
    /// The host that this process answers for.
    pub host: String,
    /// What everybody may know of the city.
    pub trust: Trust,
    /// The issuer, over mTLS with this process's key.
    pub issuer: ca_api::Issuer,
    /// The status service.
    pub status: ca_api::Status,
    /// The log, for auditors' pages.
    pub log: ca_api::Log,
    /// This process's events.
    pub events: Events,
    /// Counters.
    pub metrics: Metrics,
    /// Paths from readers' certificates to the root.
    pub paths: CheckedPaths,
    /// What the menus of its readers name.
    pub menus: Menus,
}

impl PortalState {
    /// Keeps the event of a request, durable before its answer; without that there is no answer.
    pub async fn recorded<T>(
        &self,
        act: &'static str,
        person: &str,
        result: Result<T, Refused>,
    ) -> Result<T, Refused> {
        let outcome = match &result {
            Ok(_) => "done",
            Err(Refused(problem)) => problem.known().map_or("unavailable", Code::name),
        };
        self.metrics.count(act, outcome);
        if self.events.keep(act, outcome, person).await.is_err() {
            return Err(refused(Code::Unavailable));
        }
        result
    }
}

/// A client of one of the CA's services with a process's key.
pub fn client(
    address: &str,
    trust: &Trust,
    identity: mtls::tls::Identity,
) -> anyhow::Result<Client> {
    let root = trust.root_sha256.digest().ok_or_else(|| anyhow::anyhow!("trust file"))?;
    Ok(Client::new(address, Some(mtls::tls::client(root, Some(identity))?))?)
}
