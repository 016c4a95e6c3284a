//! The result of an intent: what the signer signed is recorded and kept.

use crate::error::IssuerError;
use crate::issuance::Signed;
use crate::round::Round;
use crate::rows::{CertificateRow, RowChange};
use records::Bytes;
use records::record::Event;

/// Records a certificate.
pub(crate) fn result(round: &mut Round<'_>, signed: &Signed) -> Result<(), IssuerError> {
    let (certificate, issuing) = (signed.certificate(), signed.issuing());
    let serial = certificate.serial().to_string();
    // A commit whose answer was lost may have kept it already.
    if round.authority().intent(&serial).is_none() || round.state.results.contains(&signed.serial())
    {
        return Ok(());
    }
    if let Some(renews) = round.authority().renews(&signed.serial()) {
        tracing::info!(certificate.serial = serial, certificate.renews = %renews, "renewed");
    }
    let value = Bytes::from(certificate.der()).to_string();
    let (commitment, disclosure) = round.commitment("/certificate", value)?;
    let event = Event::Issued {
        under: issuing.under.into(),
        serial,
        subject: issuing.subject.clone(),
        profile: issuing.profile.clone(),
        key_sha256: certificate.key().sha256().into(),
        not_after: records::time::seconds(certificate.not_after()),
        sha256: certificate.sha256().into(),
        certificate: commitment,
    };
    let record_id = round.record(event, vec![disclosure])?;
    let row =
        CertificateRow { issuing: issuing.clone(), certificate: certificate.clone(), record_id };
    round.change(RowChange::Certificate(Box::new(row)));
    round.change(RowChange::IntentState(signed.serial(), "done"));
    Ok(())
}
