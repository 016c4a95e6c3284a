//! When a certificate had better be renewed (RFC 9773 4.2): anybody may ask. What was taken away,
//! by officers too, the CA says; where it cannot be asked, what is known here counts.

use crate::machines::answer::{Answer, Resource};
use crate::machines::state::MachinesState;
use crate::machines::table::certificate::{self, NamedCertificate};
use acme::renewal::{CertificateName, RETRY_AFTER_SECONDS, window};
use acme::{AcmeProblem, ProblemKind};
use axum::extract::{Path, Request, State};
use mtls::TlsConnection;
use records::machine::RenewalQuery;
use records::time::seconds;
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;

/// The CA's word is waited for so long.
const HINT_MAX: Duration = Duration::from_secs(3);

pub(super) async fn show(
    State(state): State<Arc<MachinesState>>,
    Path(name): Path<String>,
    request: Request,
) -> Answer<Resource> {
    let source = source_of(&request);
    let (zh, en) = ("不是证书标识", "this is no name of a certificate");
    let name = CertificateName::read(&name);
    let name = name.ok_or(AcmeProblem::about(ProblemKind::Malformed, zh, en))?;
    let found = certificate::named(&state.store, &name.to_string()).await?;
    let found = found.ok_or(ProblemKind::NotFound)?;
    let is_known = is_known(&found, state.renew_issued_before);
    let at_once = is_known || is_hinted(&state, &name, source).await;
    let (start, end) = window(found.life, at_once, state.clock.seconds());
    let told = json!({ "suggestedWindow": { "start": seconds(start), "end": seconds(end) } });
    Ok(Resource::new(told).retry_after(RETRY_AFTER_SECONDS))
}

/// From which subscriber somebody asks.
fn source_of(request: &Request) -> u128 {
    let connection = request.extensions().get::<TlsConnection>();
    connection.and_then(|connection| connection.subscriber).unwrap_or_default()
}

/// Whether it is known here that a certificate had better be renewed at once: its account revoked
/// it, or all that were issued before a time are to be renewed.
fn is_known(found: &NamedCertificate, before: Option<u64>) -> bool {
    found.is_revoked || before.is_some_and(|before| found.life.0 < before)
}

/// Whether the CA says so.
async fn is_hinted(state: &MachinesState, name: &CertificateName, source: u128) -> bool {
    // Who asks is known by nothing.
    let Some(_place) = state.strangers.enter(source) else { return false };
    let (serial, authority) = (name.serial().to_string(), name.authority().into());
    let asked = RenewalQuery { serial, authority };
    match tokio::time::timeout(HINT_MAX, state.issuer.renewal_hint(&asked)).await {
        Ok(Ok(hint)) => hint.at_once,
        Ok(Err(error)) => {
            tracing::warn!(%error, "issuer");
            false
        }
        Err(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Before a CA is replaced, all that it issued are renewed, and those of the next one are not.
    #[test]
    fn what_was_issued_before_a_time_is_renewed_at_once() {
        let found = |not_before, is_revoked| NamedCertificate {
            account: "a".into(),
            identifiers: Vec::new(),
            life: (not_before, not_before + 100),
            is_revoked,
        };
        assert!(!is_known(&found(10, false), None) && is_known(&found(10, true), None));
        assert!(is_known(&found(10, false), Some(11)));
        assert!(!is_known(&found(11, false), Some(11)));
    }
}
