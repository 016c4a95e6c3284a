//! Finalizes an order (RFC 8555 7.4). What the client signed is kept before the CA hears of it, so
//! that whoever is killed in between leaves an order that goes on; the CA gives the same request
//! the same certificate.

use super::order::{own, resource};
use crate::machines::answer::{AcmeRefused, Answer, Resource};
use crate::machines::jobs::{self, AfterCarry, HELD_SECONDS};
use crate::machines::signed::{ByAccount, UnspentRequest};
use crate::machines::state::MachinesState;
use crate::machines::table::account::KeptAccount;
use crate::machines::table::change::MachineChange;
use crate::machines::table::order::{self, Stage};
use crate::machines::zones;
use acme::asked::{self, Finalization};
use acme::order::AcmeOrderStatus;
use acme::{AcmeIdentifier, AcmeProblem, ProblemKind, request};
use axum::extract::{Path, State};
use data_encoding::BASE64URL_NOPAD;
use jose::Jwk;
use pki::CertificationRequest;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;

/// A certificate that is there by then is told at once.
const WAIT: Duration = Duration::from_secs(3);

pub(super) async fn finalize(
    State(state): State<Arc<MachinesState>>,
    Path(id): Path<String>,
    signed: UnspentRequest,
) -> Answer<Resource> {
    let (signed, nonce) = signed.open();
    let KeptAccount { account, system, .. } = signed.account.clone();
    let taken = match taken(&state, &id, signed).await {
        Ok(taken) => taken,
        Err(refused) => {
            nonce.spend(&state).await?;
            return Err(refused);
        }
    };
    if nonce.spend_with(&state, taken).await? == 0 {
        return Err(ProblemKind::OrderNotReady.into());
    }
    if let Ok(Ok(Err(refused))) = tokio::time::timeout(WAIT, carried(&state, &id)).await {
        given_back(&state, &id, refused).await?;
    }
    let found = own(&state, &id, &account).await?;
    if matches!(found.0.stage, Stage::Taken | Stage::Done) {
        state.open_names.give_back(&system, found.0.identifiers.len());
    }
    Ok(resource(&state, (&found.0, &found.1)))
}

/// The request of an order that can be finalized with it.
async fn taken(state: &MachinesState, id: &str, signed: ByAccount) -> Answer<MachineChange> {
    let (kept, authorizations) = own(state, id, &signed.account.account).await?;
    let now = state.clock.seconds();
    if kept.status(&authorizations, now) != AcmeOrderStatus::Ready {
        return Err(ProblemKind::OrderNotReady.into());
    }
    let asked: Finalization = asked::read(&signed.payload)?;
    check(&asked.csr, &kept.identifiers, &signed.account.key)?;
    let unseen: Vec<AcmeIdentifier> = authorizations
        .iter()
        .filter(|one| one.is_preauthorized)
        .map(|one| one.identifier.clone())
        .collect();
    let account = state.urls.account(&kept.account);
    zones::permit_order(state, (id, &signed.account.system), &unseen, &account).await?;
    let seen = authorizations.iter().filter(|one| !one.is_preauthorized);
    let vouched: Vec<String> = seen.map(|one| one.identifier.value().to_owned()).collect();
    let (id, due) = (id.to_owned(), now + HELD_SECONDS);
    Ok(MachineChange::Taken { id, request: Box::new(signed.jws), vouched, due })
}

/// Carries the request to the CA, also when its client waits no longer: what it would have heard is
/// told with the order then.
fn carried(state: &Arc<MachinesState>, id: &str) -> oneshot::Receiver<Answer<()>> {
    let (tell, heard) = oneshot::channel();
    let (state, id) = (state.clone(), id.to_owned());
    tokio::spawn(async move {
        let carried = jobs::carry(&state, &id).await;
        if let Err(carried) = tell.send(carried) {
            jobs::unheard(&state, &id, carried).await;
        }
    });
    heard
}

/// What the CA refused leaves the order as it was, for a better request; what it could not say is
/// asked again.
async fn given_back(state: &MachinesState, id: &str, refused: AcmeRefused) -> Answer<()> {
    match AfterCarry::of(refused.0.kind(), true) {
        AfterCarry::Again => jobs::later(state, id).await,
        AfterCarry::Open | AfterCarry::Over => {
            order::give_back(&state.store, id).await?;
            Err(refused)
        }
    }
}

/// Whether a request is one, proves its key, and asks for what the order is for.
fn check(csr: &str, order: &[AcmeIdentifier], account: &Jwk) -> Answer<()> {
    let bad = |error: &dyn std::fmt::Display| AcmeProblem::of(ProblemKind::BadCsr, error);
    let der = BASE64URL_NOPAD.decode(csr.as_bytes());
    let (zh, en) = ("csr 不是 base64url", "csr is no base64url");
    let der = der.map_err(|_| AcmeProblem::about(ProblemKind::Malformed, zh, en))?;
    let read = CertificationRequest::read(&der).map_err(|error| bad(&error))?;
    if read.key().spki() == account.spki_der() {
        let (zh, en) = ("证书不能用账户的密钥", "a certificate is not for the account's key");
        return Err(AcmeProblem::about(ProblemKind::BadCsr, zh, en).into());
    }
    request::check(&der, order).map_err(|error| bad(&error))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machines::samples::{self, key_of};
    use rcgen::{CertificateParams, KeyPair};

    #[test]
    fn a_request_is_whole_and_its_own() {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec!["acme.test".to_owned()]).unwrap();
        params.distinguished_name = rcgen::DistinguishedName::new();
        let der = params.serialize_request(&key).unwrap().der().to_vec();
        let order = [AcmeIdentifier::name("acme.test").unwrap()];
        let (own, other) = (key_of(&key), samples::key());
        let kind = |csr: &[u8], account: &Jwk| {
            check(&BASE64URL_NOPAD.encode(csr), &order, account).map_err(|refused| refused.0.kind())
        };
        assert_eq!(kind(&der, &other), Ok(()));
        assert_eq!(kind(&der, &own), Err(ProblemKind::BadCsr), "the account's own key");
        let mut forged = der.clone();
        *forged.last_mut().unwrap() ^= 1;
        assert_eq!(kind(&forged, &other), Err(ProblemKind::BadCsr), "not signed by its key");
        assert_eq!(kind(b"noise", &other), Err(ProblemKind::BadCsr));
        assert!(check("not base64url!", &order, &other).is_err());
    }
}
