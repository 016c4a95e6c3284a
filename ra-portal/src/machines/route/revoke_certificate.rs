//! Revokes a certificate (RFC 8555 7.6), by its own key, by that of its account, or of one that
//! holds authorizations for all that it names: a brake.

use crate::machines::answer::{AcmeRefused, Answer};
use crate::machines::signed::{ByAccount, ByKey, Signed};
use crate::machines::state::{MachinesState, ROWS_OF_BRAKE, scope, within_a_moment};
use crate::machines::table::authorization;
use crate::machines::table::certificate::{owner, set_revoked};
use acme::asked::{self, AskedRevocation};
use acme::{AcmeIdentifier, AcmeProblem, ProblemKind};
use axum::extract::State;
use axum::http::StatusCode;
use data_encoding::BASE64URL_NOPAD;
use jose::FlatJws;
use pki::Certificate;
use records::machine::RevokeMachine;
use std::sync::Arc;
use tokio::time::timeout;

/// Reasons that a holder may give (RFC 5280 5.3.1): none, key, affiliation, superseded, ended.
const REASONS: [i64; 5] = [0, 1, 3, 4, 5];

pub(super) async fn revoke(
    State(state): State<Arc<MachinesState>>,
    signed: Signed,
) -> Answer<StatusCode> {
    // Everybody makes a key and a certificate of it: who is no account has places apart.
    let source = match &signed {
        Signed::Account(_) => None,
        Signed::Unread(signed) => Some(signed.source),
        Signed::Key(signed) => Some(signed.source),
    };
    let place = match source {
        Some(source) => {
            let own = state.strangers.wait_for_end(source).await;
            Some(own.ok_or(ProblemKind::Unavailable)?)
        }
        None => None,
    };
    let (serial, message) = match signed {
        Signed::Account(signed) => by_account(&state, signed).await?,
        Signed::Unread(signed) => (None, message(signed.jws, Some(signed.account))),
        Signed::Key(signed) => by_own_key(signed)?,
    };
    let done = state.issuer.revoke_machine(&message).await;
    drop(place);
    let done = state.recorded_brake("machine-revoke", done).await;
    let was_revoked = |refused: &AcmeRefused| refused.0.kind() == ProblemKind::AlreadyRevoked;
    // It counts without this row, which only tells the client when to come again.
    if (done.is_ok() || done.as_ref().is_err_and(was_revoked))
        && let Some(serial) = serial
    {
        within_a_moment(set_revoked(&state.store, &serial)).await;
    }
    done.map(|_| StatusCode::OK)
}

/// The certificate that is meant, as far as it is known, and what the CA is told.
type ToRevoke = (Option<String>, RevokeMachine);

async fn by_account(state: &MachinesState, signed: ByAccount) -> Answer<ToRevoke> {
    let certificate = certificate(&signed.payload)?;
    let (serial, account) = (certificate.serial().to_string(), signed.account.account);
    // A row that is gone or cannot be read keeps nobody from it: the CA knows whose it is.
    let known = within_a_moment(owner(&state.store, &serial)).await.flatten();
    if let Some((holder, named)) = known
        && holder != account
        && let Ok(Ok(false)) = timeout(ROWS_OF_BRAKE, holds_all(state, &account, &named)).await
    {
        return Err(ProblemKind::Unauthorized.into());
    }
    Ok((Some(serial), message(signed.jws, Some(account))))
}

/// Whether an account holds authorizations for all of these: by challenges, or by its order where
/// that asks for none.
async fn holds_all(state: &MachinesState, account: &str, named: &[AcmeIdentifier]) -> Answer<bool> {
    let terms = state.terms_of(account).await?;
    if !terms.challenges {
        let scope = scope(&terms);
        return Ok(!named.is_empty() && named.iter().all(|one| scope.permits(one)));
    }
    let now = state.clock.seconds();
    Ok(authorization::holds_all(&state.store, account, named, now).await?)
}

fn by_own_key(signed: ByKey) -> Answer<ToRevoke> {
    let certificate = certificate(&signed.payload)?;
    if certificate.key().spki() != signed.key.spki_der() {
        return Err(ProblemKind::Unauthorized.into());
    }
    Ok((Some(certificate.serial().to_string()), message(signed.jws, None)))
}

fn message(jws: FlatJws, account: Option<String>) -> RevokeMachine {
    RevokeMachine { jws, account }
}

fn certificate(payload: &[u8]) -> Answer<Certificate> {
    let asked: AskedRevocation = asked::read(payload)?;
    if asked.reason.is_some_and(|reason| !REASONS.contains(&reason)) {
        return Err(ProblemKind::BadRevocationReason.into());
    }
    let (zh, en) = ("不是证书", "this is no certificate");
    let malformed = || AcmeProblem::about(ProblemKind::Malformed, zh, en);
    let der = BASE64URL_NOPAD.decode(asked.certificate.as_bytes()).map_err(|_| malformed())?;
    Ok(Certificate::read(&der).map_err(|_| malformed())?)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 8555 7.6: a number that is no reason of a holder's is told as such, before anything else
    /// is looked at.
    #[test]
    fn a_reason_is_one_that_a_holder_gives() {
        let kind = |reason: i64| {
            let payload = serde_json::json!({ "certificate": "AAAA", "reason": reason });
            certificate(payload.to_string().as_bytes()).err().map(|refused| refused.0.kind())
        };
        for reason in REASONS {
            assert_eq!(kind(reason), Some(ProblemKind::Malformed), "{reason}: no certificate");
        }
        for reason in [-1, 2, 6, 7, 8, 9, 10, 11, 256, i64::MAX] {
            assert_eq!(kind(reason), Some(ProblemKind::BadRevocationReason), "{reason}");
        }
    }
}
