//! Makes an order (RFC 8555 7.4): within what the standing authorization says, which the CA judges
//! again when it is finalized. Each identifier has its authorization, and what is wrong with one is
//! told beside it.

use crate::machines::answer::{Answer, Resource};
use crate::machines::signed::{ByAccount, UnspentRequest};
use crate::machines::state::{MachinesState, scope};
use crate::machines::table::account::KeptAccount;
use crate::machines::table::authorization::KeptAuthorization;
use crate::machines::table::certificate;
use crate::machines::table::change::MachineChange;
use crate::machines::table::order::{self, KeptOrder, Stage};
use crate::machines::view;
use acme::asked::{self, NewOrder};
use acme::challenge::{ChallengeStatus, TOKEN_BYTES};
use acme::identifier::{IdentifierError, SentIdentifier};
use acme::renewal::CertificateName;
use acme::scope::NameScope;
use acme::{AcmeIdentifier, AcmeProblem, ProblemKind};
use axum::extract::State;
use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use std::sync::Arc;
use system::random;

/// An order, and what is authorized for it, lasts so long, in seconds: eight hours, so that what a
/// zone said of CAs (RFC 8659) is not older when the CA is asked.
const LIFE_SECONDS: u64 = 8 * 3_600;
/// Who has too many orders that became nothing comes again after so long, in seconds.
const LATER_SECONDS: u64 = 3_600;

pub(super) async fn make(
    State(state): State<Arc<MachinesState>>,
    signed: UnspentRequest,
) -> Answer<Resource> {
    let (signed, nonce) = signed.open();
    let (system, now) = (signed.account.system.clone(), state.clock.seconds());
    match made(&state, signed, now).await {
        Ok((order, authorizations)) => {
            let told = view::order((&order, &authorizations), &state.urls, now);
            let (at, names) = (state.urls.order(&order.id), order.identifiers.len());
            let change = MachineChange::Order(Box::new(order), authorizations, now);
            // Another one that follows the same certificate came meanwhile.
            let written = match nonce.spend_with(&state, change).await {
                Ok(0) => Err(ProblemKind::AlreadyReplaced.into()),
                written => written,
            };
            if written.is_err() {
                state.open_names.give_back(&system, names);
            }
            written?;
            Ok(Resource::new(told).made().at(&at))
        }
        Err(refused) => {
            nonce.spend(&state).await?;
            Err(refused)
        }
    }
}

/// The order that is asked for, with room for its names.
async fn made(
    state: &MachinesState,
    signed: ByAccount,
    now: u64,
) -> Answer<(KeptOrder, Vec<KeptAuthorization>)> {
    let asked: NewOrder = asked::read(&signed.payload)?;
    asked.check()?;
    let KeptAccount { account, system, .. } = signed.account;
    if !state.orders.count(&account, now) {
        return Err(AcmeProblem::from(ProblemKind::RateLimited).after(3_600 - now % 3_600).into());
    }
    let terms = state.terms_of(&account).await?;
    if asked.profile.as_ref().is_some_and(|profile| *profile != terms.profile) {
        return Err(ProblemKind::InvalidProfile.into());
    }
    let identifiers = identifiers(&asked.identifiers, &scope(&terms))?;
    if let Some(name) = &asked.replaces {
        check_replaced(state, (&account, name), &identifiers).await?;
    }
    let expires = now + LIFE_SECONDS;
    let authorizations: Answer<Vec<KeptAuthorization>> = identifiers
        .iter()
        .map(|identifier| authorization(identifier, (&account, terms.challenges), expires))
        .collect();
    let authorizations = authorizations?;
    let id = id()?;
    if !state.open_names.take(&system, identifiers.len()) {
        return Err(AcmeProblem::from(ProblemKind::RateLimited).after(LATER_SECONDS).into());
    }
    let order = KeptOrder {
        id,
        account,
        stage: Stage::Open,
        identifiers,
        profile: terms.profile,
        replaces: asked.replaces,
        expires,
        request: None,
        vouched: Vec::new(),
        serial: None,
        error: None,
    };
    Ok((order, authorizations))
}

/// What is asked for, each once; or what is wrong with each.
fn identifiers(sent: &[SentIdentifier], scope: &NameScope) -> Answer<Vec<AcmeIdentifier>> {
    let (mut found, mut wrong): (Vec<AcmeIdentifier>, Vec<AcmeProblem>) = (Vec::new(), Vec::new());
    for one in sent {
        match AcmeIdentifier::read(one) {
            Ok(identifier) if !scope.permits(&identifier) => {
                wrong.push(AcmeProblem::from(ProblemKind::RejectedIdentifier).at(one));
            }
            Ok(identifier) if found.contains(&identifier) => {}
            Ok(identifier) => found.push(identifier),
            Err(IdentifierError::Kind) => {
                wrong.push(AcmeProblem::from(ProblemKind::UnsupportedIdentifier).at(one));
            }
            Err(error) => wrong.push(AcmeProblem::of(ProblemKind::Malformed, &error).at(one)),
        }
    }
    let first = wrong.first().map(AcmeProblem::kind);
    match first {
        None => Ok(found),
        Some(first) => {
            let alike = wrong.iter().all(|one| one.kind() == first);
            let over = if alike { first } else { ProblemKind::Compound };
            Err(AcmeProblem::all_of(over, wrong).into())
        }
    }
}

fn authorization(
    identifier: &AcmeIdentifier,
    (account, challenges): (&str, bool),
    expires: u64,
) -> Answer<KeptAuthorization> {
    Ok(KeptAuthorization {
        id: id()?,
        account: account.to_owned(),
        identifier: identifier.clone(),
        is_preauthorized: !challenges,
        is_deactivated: false,
        token: BASE64URL_NOPAD.encode(&random::bytes::<TOKEN_BYTES>()?),
        expires,
        kind: None,
        thumbprint: String::new(),
        challenge: ChallengeStatus::Pending,
        validated: 0,
        error: None,
    })
}

/// A certificate is followed by one order, of its own account and for something that it names (RFC
/// 9773 5).
async fn check_replaced(
    state: &MachinesState,
    (account, name): (&str, &str),
    identifiers: &[AcmeIdentifier],
) -> Answer<()> {
    let malformed = |zh, en| AcmeProblem::about(ProblemKind::Malformed, zh, en);
    let (zh, en) = ("replaces 不是证书标识", "replaces is no name of a certificate");
    let name = CertificateName::read(name).ok_or(malformed(zh, en))?.to_string();
    let found = certificate::named(&state.store, &name).await?;
    let (zh, en) = ("没有 replaces 所说的证书", "there is no certificate that replaces names");
    let found = found.ok_or(malformed(zh, en))?;
    if found.account != account {
        return Err(ProblemKind::Unauthorized.into());
    }
    if !identifiers.iter().any(|one| found.identifiers.contains(one)) {
        let (zh, en) =
            ("与所替换的证书没有相同的标识", "it names nothing that the certificate does");
        return Err(malformed(zh, en).into());
    }
    match order::has_follower(&state.store, &name, state.clock.seconds()).await? {
        true => Err(ProblemKind::AlreadyReplaced.into()),
        false => Ok(()),
    }
}

/// An id: 128 random bits.
fn id() -> Answer<String> {
    Ok(HEXLOWER.encode(&random::bytes::<16>()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(kind: &str, value: &str) -> SentIdentifier {
        SentIdentifier { kind: kind.into(), value: value.into() }
    }

    fn scope() -> NameScope {
        NameScope { names: vec!["*.acme.test".into()], ..NameScope::default() }
    }

    #[test]
    fn an_identifier_counts_once_however_it_is_written() {
        let all =
            [sent("dns", "A.acme.test"), sent("dns", "b.acme.test"), sent("dns", "a.ACME.test")];
        let found = identifiers(&all, &scope()).unwrap();
        let values: Vec<&str> = found.iter().map(AcmeIdentifier::value).collect();
        assert_eq!(values, ["a.acme.test", "b.acme.test"]);
    }

    /// Each that is wrong is told with its text, so that a client finds it among a hundred.
    #[test]
    fn each_identifier_that_is_wrong_is_named() {
        let all = [
            sent("dns", "a.acme.test"),
            sent("dns", "a_b.acme.test"),
            sent("email", "a@acme.test"),
            sent("dns", "other.test"),
        ];
        let told = identifiers(&all, &scope()).unwrap_err().0.to_json();
        assert_eq!(told["type"], "urn:ietf:params:acme:error:compound");
        for (place, value) in ["a_b.acme.test", "a@acme.test", "other.test"].iter().enumerate() {
            assert_eq!(told["subproblems"][place]["identifier"]["value"], *value);
        }
        let one = identifiers(&all[3..], &scope()).unwrap_err().0.to_json();
        assert_eq!(one["type"], "urn:ietf:params:acme:error:rejectedIdentifier");
    }
}
