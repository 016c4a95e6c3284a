//! What the routes of one process share.

use crate::checked_paths::CheckedPaths;
use crate::events::Events;
use crate::pages::menu::Menus;
use crate::refusal::refused;
use crate::rosters::Rosters;
use mtls::Client;
use mtls::web::WebHost;
use records::export::OrderExport;
use records::trust::Trust;
use records::{Code, Order};
use service::Metrics;
use service::problem::Refused;
use std::sync::Arc;
use std::time::Duration;

/// An event is kept within this time, or its request is refused.
const KEEP_WAIT: Duration = Duration::from_secs(5);
/// A brake waits this long for its event.
const BRAKE_WAIT: Duration = Duration::from_secs(1);

/// What the routes of a process share.
pub struct PortalState {
    /// The host that this process answers for.
    pub host: String,
    /// Another name of it, for browsers.
    pub web: Option<Arc<WebHost>>,
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
    /// Rosters that wait for signatures.
    pub rosters: Rosters,
}

impl PortalState {
    /// Whether a name of the handshake is one of this process.
    pub fn is_own(&self, name: &str) -> bool {
        let mut names =
            [Some(self.host.as_str()), self.web.as_ref().map(|web| web.name())].into_iter();
        names.any(|own| own.is_some_and(|own| own.eq_ignore_ascii_case(name)))
    }

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
        let keeping = self.events.keep(act, outcome, person);
        match tokio::time::timeout(KEEP_WAIT, keeping).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                tracing::error!(%error, act, "not kept");
                return Err(refused(Code::Unavailable));
            }
            Err(_) => return Err(refused(Code::Unavailable)),
        }
        result
    }

    /// The same for an order that was fetched: a brake is read to be approved.
    pub async fn recorded_fetch(
        &self,
        person: &str,
        result: Result<OrderExport, Refused>,
    ) -> Result<OrderExport, Refused> {
        let takes_away = |export: &OrderExport| {
            let body = Order::read(&export.signed.order.0).map(|order| order.body());
            body.is_ok_and(|body| body.is_ok_and(|body| body.takes_away()))
        };
        match result.as_ref().is_ok_and(takes_away) {
            true => self.recorded_brake("fetch", person, result).await,
            false => self.recorded("fetch", person, result).await,
        }
    }

    /// The same for a brake: the CA has done and recorded it, so its answer leaves whether or not
    /// this process can keep the event as well.
    pub async fn recorded_brake<T>(
        &self,
        act: &'static str,
        person: &str,
        result: Result<T, Refused>,
    ) -> Result<T, Refused> {
        let told = match &result {
            Ok(_) => Ok(()),
            Err(Refused(problem)) => Err(Refused(problem.clone())),
        };
        let keeping = tokio::time::timeout(BRAKE_WAIT, self.recorded(act, person, told));
        if keeping.await.is_err() {
            tracing::error!(act, "a brake is answered without its event");
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
