//! What the routes of one process share.

use crate::checked_paths::CheckedPaths;
use crate::events::Events;
use crate::pages::menu::Menus;
use crate::published_bundle::PublishedBundle;
use crate::refusal::refused;
use crate::rosters::Rosters;
use mtls::Client;
use mtls::web::WebHost;
use records::drafted::DraftContent;
use records::export::OrderExport;
use records::trust::Trust;
use records::{Code, Order};
use service::problem::Refused;
use service::{Clock, Metrics, Neighbours};
use std::sync::Arc;
use std::time::Duration;
use store::Store;

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
    /// Where browsers find the public pages.
    pub public: String,
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
    /// What the other process of the portal says of itself.
    pub neighbours: Arc<Neighbours>,
    /// The portal's database.
    pub store: Store,
    /// Where clients of ACME find the process that systems ask, where there is one.
    pub acme_directory: Option<String>,
    /// Paths from readers' certificates to the root.
    pub paths: CheckedPaths,
    /// The trust bundle, for applications.
    pub bundle: PublishedBundle,
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

    /// Where browsers find the public pages, of whichever process: codes on paper lead there.
    pub fn public_address(&self) -> &str {
        &self.public
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
        let mut keeping = std::pin::pin!(self.recorded("fetch", person, outcome_of(&result)));
        let kept = tokio::time::timeout(BRAKE_WAIT, &mut keeping).await;
        if matches!(kept, Ok(Ok(()))) {
            return result;
        }
        // Only now it counts what the order is.
        let takes_away = |export: &OrderExport| {
            let body = Order::read(&export.signed.order.0).map(|order| order.body());
            body.is_ok_and(|body| body.is_ok_and(|body| body.takes_away()))
        };
        if result.as_ref().is_ok_and(takes_away) {
            if kept.is_err() {
                tracing::error!(act = "fetch", "a brake is answered without its event");
            }
            return result;
        }
        match kept {
            Ok(kept) => kept?,
            Err(_) => keeping.await?,
        }
        result
    }

    /// The same for what a draft is made from, or became: that somebody leaves, or a delegation
    /// ends, is a brake.
    pub async fn recorded_draft<T>(
        &self,
        (act, person): (&'static str, &str),
        drafted: Option<&DraftContent>,
        result: Result<T, Refused>,
    ) -> Result<T, Refused> {
        match drafted.is_some_and(DraftContent::takes_away) {
            true => self.recorded_brake(act, person, result).await,
            false => self.recorded(act, person, result).await,
        }
    }

    /// The same for a brake, and for what is read on the way to one: the CA has done and recorded
    /// it, so its answer leaves whether or not this process can keep the event as well.
    pub async fn recorded_brake<T>(
        &self,
        act: &'static str,
        person: &str,
        result: Result<T, Refused>,
    ) -> Result<T, Refused> {
        let keeping =
            tokio::time::timeout(BRAKE_WAIT, self.recorded(act, person, outcome_of(&result)));
        if keeping.await.is_err() {
            tracing::error!(act, "a brake is answered without its event");
        }
        result
    }
}

/// What an event tells of a result.
fn outcome_of<T>(result: &Result<T, Refused>) -> Result<(), Refused> {
    match result {
        Ok(_) => Ok(()),
        Err(Refused(problem)) => Err(Refused(problem.clone())),
    }
}

/// A client of one of the CA's services with a process's key.
pub fn client(
    address: &str,
    trust: &Trust,
    identity: mtls::tls::Identity,
) -> anyhow::Result<Client> {
    let root = trust.root_sha256.digest().ok_or_else(|| anyhow::anyhow!("trust file"))?;
    let clock = Arc::new(Clock::system());
    Ok(Client::new(address, Some(mtls::tls::client_by(root, Some(identity), clock)?))?)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    /// The act of each `recorded…("ACT"` and `keeps("ACT"` of a source text.
    fn acts(text: &str) -> impl Iterator<Item = &str> {
        let calls = [".recorded", ".keeps"].into_iter();
        calls.flat_map(|call| text.split(call).skip(1)).filter_map(|behind| {
            let (call, arguments) = behind.split_once('(')?;
            let named = call.chars().all(|c| c == '_' || c.is_ascii_lowercase());
            let act = arguments.trim_start().trim_start_matches('(').strip_prefix('"')?;
            named.then(|| act.split('"').next().unwrap_or_default())
        })
    }

    fn look(folder: &Path, found: &mut Vec<String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => look(&path, found),
                false => {
                    let text = std::fs::read_to_string(&path).unwrap();
                    found.extend(acts(&text).map(str::to_owned));
                }
            }
        }
    }

    /// The log takes no act that it does not know: what the portal tells of is in its list.
    #[test]
    fn the_log_knows_every_act_of_the_portal() {
        let mut found = vec!["start".to_owned(), "stop".to_owned(), "fetch".to_owned()];
        look(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut found);
        found.sort_unstable();
        found.dedup();
        assert_eq!(found, records::portal::ACTS);
    }
}
