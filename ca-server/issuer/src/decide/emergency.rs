//! Emergencies and the closing of their cases, as operators ask for them.

use super::order::OrderParts;
use super::revoke::check_evidence;
use crate::error::IssuerError;
use crate::round::Round;
use authority::NamesOrder;
use records::commitment::EVIDENCE_PATH;
use records::order::{Body, EmergencyBody, EmergencyReviewBody, ORDER_SECONDS};
use records::{Bytes, Code};

/// An emergency that is wanted.
pub(super) struct EmergencyRequest {
    pub(super) application: String,
    pub(super) people: Vec<String>,
    pub(super) from: String,
    pub(super) until: String,
    pub(super) evidence: String,
}

/// An emergency of people and an application that are known.
pub(super) fn order_of(
    round: &mut Round<'_>,
    wanted: EmergencyRequest,
) -> Result<(Body, OrderParts), IssuerError> {
    let EmergencyRequest { application, mut people, from, until, evidence } = wanted;
    people.sort();
    people.dedup();
    check_evidence(&evidence)?;
    let (evidence, opened) = round.commitment(EVIDENCE_PATH, evidence)?;
    let body = EmergencyBody { application, people, from, until, evidence };
    if !body.is_sound(round.now(), round.now() + ORDER_SECONDS) {
        return Err(Code::Malformed.into());
    }
    round.authority().emergency_is_known(&body)?;
    Ok((Body::Emergency(body), OrderParts { disclosures: vec![opened], ..OrderParts::default() }))
}

/// The closing of a case that is open.
pub(super) fn review_of(
    round: &mut Round<'_>,
    order: Bytes,
    evidence: String,
) -> Result<(Body, OrderParts), IssuerError> {
    let digest = order.order_digest().ok_or(Code::Malformed)?;
    let open = round.authority().emergencies().find(|(open, _)| *open == digest);
    let open = open.map(|(_, state)| (state.application.clone(), state.about.clone()));
    let (application, about) = open.ok_or(Code::OrderUnknown)?;
    check_evidence(&evidence)?;
    let (evidence, opened) = round.commitment(EVIDENCE_PATH, evidence)?;
    let body = Body::EmergencyReview(EmergencyReviewBody { order, application, about, evidence });
    Ok((body, OrderParts { disclosures: vec![opened], ..OrderParts::default() }))
}
