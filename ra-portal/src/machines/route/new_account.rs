//! Opens an account (RFC 8555 7.3). The CA judges the external binding, and keeps what was signed;
//! a key that has an account already is told which (7.3.1).

use super::account::resource;
use crate::machines::answer::{AcmeRefused, Answer, Resource};
use crate::machines::signed::ByKey;
use crate::machines::state::MachinesState;
use crate::machines::table::account::{self, KeptAccount};
use acme::asked::{self, NewAccount};
use acme::{AcmeProblem, ProblemKind};
use axum::extract::State;
use ca_api::Refusal;
use jose::JoseError;
use records::machine::{AskAccount, MachineAccount, OpenAccount, system_of};
use std::sync::Arc;

/// By which an external account binding is made (RFC 8555 7.3.4): a MAC.
const BINDING_ALGORITHMS: [&str; 1] = ["HS256"];

pub(super) async fn open(
    State(state): State<Arc<MachinesState>>,
    signed: ByKey,
) -> Answer<Resource> {
    let asked: NewAccount = asked::read(&signed.payload)?;
    let place = state.strangers.enter(signed.source);
    let _place = place.ok_or(ProblemKind::Unavailable)?;
    if let Some(kept) = known(&state, &signed).await? {
        return match kept.is_closed {
            true => Err(ProblemKind::AccountClosed.into()),
            false => Ok(resource(&kept, &state.urls)),
        };
    }
    if asked.only_return_existing {
        return Err(ProblemKind::AccountDoesNotExist.into());
    }
    asked::check_contacts(&asked.contact)?;
    // Whoever forgot it hears so here, and nobody troubles the CA.
    let binding = jose::binding(&signed.payload, &signed.url, &signed.key).map_err(of_binding)?;
    if let Some(system) = system_of(&binding.kid) {
        signed.asker.claims(system);
    }
    let opened = state.issuer.open_account(&OpenAccount { jws: signed.jws }).await;
    let opened = state.recorded("machine-account", opened).await;
    let opened = opened.map_err(|refused| refused.of_account_key(ProblemKind::BadPublicKey))?;
    let is_new = opened.account == signed.key.thumbprint();
    let kept = KeptAccount {
        account: opened.account,
        key: signed.key,
        contact: asked.contact,
        is_closed: false,
        system: opened.system,
    };
    account::keep(&state.store, &kept, state.clock.seconds()).await?;
    if is_new {
        return Ok(resource(&kept, &state.urls).made());
    }
    // The CA knows this key by a change that this portal did not keep.
    let kept = account::by_id(&state.store, &kept.account).await?.unwrap_or(kept);
    Ok(resource(&kept, &state.urls))
}

/// A binding by another algorithm is told which is taken for bindings, and not for requests.
fn of_binding(error: JoseError) -> AcmeRefused {
    match error {
        JoseError::Algorithm => {
            let problem = AcmeProblem::of(ProblemKind::BadSignatureAlgorithm, &error);
            problem.taking(&BINDING_ALGORITHMS).into()
        }
        error => error.into(),
    }
}

/// The account that this key has. One that this portal forgot is known to the CA by its first key.
async fn known(state: &MachinesState, signed: &ByKey) -> Answer<Option<KeptAccount>> {
    if let Some(kept) = account::by_key(&state.store, &signed.key).await? {
        return Ok(Some(kept));
    }
    let asked = AskAccount { account: signed.key.thumbprint() };
    let Some(terms) = taken(state.issuer.account_of(&asked).await)? else { return Ok(None) };
    // The key that an account was opened with may not be the one that it has: then a row says so,
    // or the CA, which gives an account to the key that it has.
    if account::by_id(&state.store, &terms.account).await?.is_some() {
        return Ok(None);
    }
    if terms.open {
        let asked = OpenAccount { jws: signed.jws.clone() };
        if taken(state.issuer.open_account(&asked).await)?.is_none() {
            return Ok(None);
        }
    }
    let key = signed.key.clone();
    let is_closed = !terms.open;
    let (account, system, contact) = (terms.account, terms.system, Vec::new());
    let kept = KeptAccount { account, key, contact, is_closed, system };
    if !is_closed {
        account::keep(&state.store, &kept, state.clock.seconds()).await?;
    }
    Ok(Some(kept))
}

/// What the CA said, if it did not refuse.
fn taken(said: Result<MachineAccount, Refusal>) -> Answer<Option<MachineAccount>> {
    match said {
        Ok(account) => Ok(Some(account)),
        Err(Refusal::Refused(_)) => Ok(None),
        Err(refusal) => Err(refusal.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 8555 6.2: whoever hears which algorithms are taken can go on by one of them.
    #[test]
    fn who_binds_by_another_algorithm_hears_which_is_taken() {
        let told = of_binding(JoseError::Algorithm).0.to_json();
        assert_eq!(told["type"], "urn:ietf:params:acme:error:badSignatureAlgorithm");
        assert_eq!(told["algorithms"], serde_json::json!(["HS256"]));
        let signed = AcmeRefused::from(JoseError::Algorithm).0.to_json();
        assert!(!signed["algorithms"].as_array().unwrap().contains(&"HS256".into()));
        let unbound = of_binding(JoseError::Unbound).0.kind();
        assert_eq!(unbound, ProblemKind::ExternalAccountRequired);
    }
}
