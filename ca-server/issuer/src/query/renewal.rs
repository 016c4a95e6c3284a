//! On which terms a certificate can be renewed, and the one that renewed it.

use super::collect;
use super::stage::{awaiting, why};
use crate::challenge;
use crate::error::IssuerError;
use crate::issuer::Issuer;
use crate::view::View;
use authority::{ApplicationOutcome, Authority, OrderEnd, Serial};
use ca_host::random;
use pki::Certificate;
use records::enrolment::Stage;
use records::renewal::{AskRenewal, RenewalAnswer, RenewalTerms};
use records::{Bytes, Code};
use std::sync::Arc;
use store::Tx;

/// The terms, with a fresh challenge and where a renewal stands.
pub(crate) async fn terms(
    issuer: &Issuer,
    message: &AskRenewal,
) -> Result<RenewalTerms, IssuerError> {
    let (view, mut tx) = issuer.current().await?;
    let (authority, now) = (view.authority(), issuer.now());
    let certificate = own(authority, &message.certificate)?;
    let serial = Serial::of(certificate.serial()).ok_or(Code::CertificateForeign)?;
    let renewed = authority.renewed_by(&serial).map(|by| by.to_string());
    // Whoever did not hear of their new certificate gets it also when the old one is superseded.
    if renewed.as_ref().is_none_or(|by| authority.is_revoked(by)) {
        authority.holds_to_renew(&serial)?;
    }
    let held = authority.held(&serial.to_string()).ok_or(Code::CertificateForeign)?;
    let state = authority.profile(&held.profile).ok_or(Code::UnknownProfile)?;
    let terms = state.profile.renewal().ok_or(Code::RenewalNever)?;
    let (opens, closes) = held.renewable(terms);
    let (stage, returned) = standing(issuer, (&view, &mut tx), &serial, renewed).await?;
    let drawn = random::bytes()?;
    Ok(RenewalTerms {
        challenge: challenge::draw(&issuer.context, &serial.to_string(), drawn, now).into(),
        profile: authority.profile_called(&held.profile),
        keys: state.profile.keys().to_vec(),
        validity_days: state.profile.validity_days(),
        opens: records::time::seconds(opens),
        closes: records::time::seconds(closes),
        review: authority.review(held, now)?,
        stage,
        returned,
    })
}

/// A certificate that our issuing key signed.
fn own(authority: &Authority, der: &Bytes) -> Result<Arc<Certificate>, Code> {
    let certificate = authority.signatures().certificate(&der.0);
    let ours = certificate.filter(|certificate| authority.is_issued_by_us(certificate));
    ours.ok_or(Code::CertificateForeign)
}

async fn standing(
    issuer: &Issuer,
    (view, tx): (&View, &mut Tx),
    serial: &Serial,
    renewed: Option<String>,
) -> Result<(Option<Stage>, Option<String>), IssuerError> {
    if let Some(serial) = renewed {
        return Ok((Some(Stage::Issued { serial }), None));
    }
    let now = issuer.now();
    let Some((digest, outcome)) = view.authority().renewal_of(serial, now) else {
        return Ok((None, None));
    };
    Ok(match outcome {
        ApplicationOutcome::Ended(OrderEnd::Returned) => {
            (None, Some(why(issuer, tx, digest).await?))
        }
        ApplicationOutcome::Ended(OrderEnd::Rejected) => {
            (Some(Stage::Rejected { reason: why(issuer, tx, digest).await? }), None)
        }
        ApplicationOutcome::Open => (awaiting(view, digest, now), None),
        _ => (None, None),
    })
}

/// Where a renewal stands, with the certificate if that comes while its holder waits.
pub(crate) async fn followed(
    issuer: &Issuer,
    serial: &Serial,
    stage: Stage,
) -> Result<RenewalAnswer, IssuerError> {
    let comes = match &stage {
        Stage::Awaiting { approvals, needed, .. } => approvals >= needed,
        Stage::Issued { .. } => true,
        _ => false,
    };
    if !comes {
        return Ok(RenewalAnswer { stage, collected: None });
    }
    let issued = |view: &View| {
        let by = view.authority().renewed_by(serial)?.to_string();
        let held = view.authority().held(&by)?;
        (held.sha256.is_some() && !view.authority().is_revoked(&by)).then_some(by)
    };
    match collect::awaited(issuer, issued).await? {
        Some((serial, collected)) => {
            Ok(RenewalAnswer { stage: Stage::Issued { serial }, collected: Some(collected) })
        }
        None => Ok(RenewalAnswer { stage, collected: None }),
    }
}
