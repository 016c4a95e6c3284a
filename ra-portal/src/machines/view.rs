//! Orders and authorizations as their clients read them.

use crate::machines::table::authorization::KeptAuthorization;
use crate::machines::table::order::KeptOrder;
use acme::authorization::{AuthorizationView, ChallengeView};
use acme::challenge::ChallengeKind;
use acme::directory::AcmeUrls;
use acme::order::OrderView;
use records::time::seconds;
use serde_json::Value;

/// An order.
pub(crate) fn order(
    (order, authorizations): (&KeptOrder, &[KeptAuthorization]),
    urls: &AcmeUrls,
    now: u64,
) -> Value {
    let ids: Vec<String> = authorizations.iter().map(|one| one.id.clone()).collect();
    let view = OrderView {
        id: &order.id,
        status: order.status(authorizations, now),
        expires: &seconds(order.expires),
        identifiers: &order.identifiers,
        authorizations: &ids,
        profile: &order.profile,
        replaces: order.replaces.as_deref(),
        error: order.error.as_ref(),
    };
    view.to_json(urls)
}

/// An authorization.
pub(crate) fn authorization(kept: &KeptAuthorization, urls: &AcmeUrls, now: u64) -> Value {
    let validated = seconds(kept.validated);
    let kinds: &[ChallengeKind] = match kept.is_preauthorized {
        true => &[],
        false => ChallengeKind::offered(&kept.identifier),
    };
    let challenges: Vec<ChallengeView<'_>> =
        kinds.iter().map(|kind| of_kind(kept, *kind, &validated)).collect();
    let view = AuthorizationView {
        id: &kept.id,
        status: kept.status(now),
        expires: &seconds(kept.expires),
        identifier: &kept.identifier,
        challenges: &challenges,
    };
    view.to_json(urls)
}

/// One of its challenges.
pub(crate) fn challenge(kept: &KeptAuthorization, kind: ChallengeKind, urls: &AcmeUrls) -> Value {
    of_kind(kept, kind, &seconds(kept.validated)).to_json(&kept.id, urls)
}

fn of_kind<'a>(
    kept: &'a KeptAuthorization,
    kind: ChallengeKind,
    validated: &'a str,
) -> ChallengeView<'a> {
    let is_chosen = kept.kind == Some(kind);
    ChallengeView {
        kind,
        status: kept.challenge_of(kind),
        token: &kept.token,
        validated: (is_chosen && kept.validated > 0).then_some(validated),
        error: kept.error.as_ref().filter(|_| is_chosen),
    }
}
