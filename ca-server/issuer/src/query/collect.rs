//! Hands a certificate out, with the proof that the log holds its record. One that is not yet under
//! a checkpoint does not leave.

use super::look_up;
use crate::command::Outcome;
use crate::error::IssuerError;
use crate::issuer::Issuer;
use crate::view::View;
use ca_store::proof;
use ca_store::replay::LOG;
use ca_store::table::certificate;
use records::enrolment::{Collect, CollectedCertificate};
use records::machine::Finalized;
use records::{Bytes, Code};
use std::sync::Arc;
use std::time::Duration;
use store::Tx;

/// A caller whose certificate is being made waits for it this long instead of asking again.
const WAIT: Duration = Duration::from_millis(1_500);

/// How long a machine waits for its certificate.
const ISSUED_WAIT: Duration = Duration::from_secs(10);

/// The certificate of a letter.
pub(crate) async fn collect(
    issuer: &Issuer,
    message: &Collect,
) -> Result<CollectedCertificate, IssuerError> {
    // Whoever tries keys takes no reader of those who have one.
    look_up::refuse_wrong(issuer, (&message.reference, &message.key)).await?;
    let mut moved = issuer.moved();
    let waiting = async {
        let reference = seen(issuer, message).await?;
        loop {
            // Whoever waits looks at the state only, and again when the tree grew: rows are asked
            // once there is something, or nothing to wait for.
            let size = *moved.borrow_and_update();
            let view = issuer.view()?;
            if view.authority().issued_under(&reference).is_some() {
                // What held when the wait began may have been taken away.
                let (reference, view, mut tx) = opened(issuer, message).await?;
                if let Some(serial) = view.authority().issued_under(&reference)
                    && let Some(collected) = proven_in(issuer, &mut tx, &serial.to_string()).await?
                {
                    return Ok(collected);
                }
            }
            if is_under_way(&view, &reference, issuer.now()) {
                if moved.wait_for(|reached| *reached != size).await.is_err() {
                    return Err(Code::NotReady.into());
                }
                continue;
            }
            // What was committed a moment ago may have been approved, or taken away.
            let (reference, view, _) = opened(issuer, message).await?;
            if !is_under_way(&view, &reference, issuer.now()) {
                return Err(Code::NotReady.into());
            }
        }
    };
    match tokio::time::timeout(WAIT, waiting).await {
        Ok(collected) => collected,
        Err(_) => Err(Code::NotReady.into()),
    }
}

/// The reference of the letter, if its key is shown, as far as that is known here. Nothing leaves
/// by it: what is handed out, and that there is nothing, is looked at once more.
async fn seen(issuer: &Issuer, message: &Collect) -> Result<String, IssuerError> {
    let known = issuer
        .view_now()
        .and_then(|view| look_up::open(&view, (&message.reference, &message.key)).ok());
    match known {
        Some(letter) => Ok(letter.reference),
        None => opened(issuer, message).await.map(|(reference, ..)| reference),
    }
}

/// The reference of the letter, if its key is shown, with the state and the transaction in which
/// that was seen.
async fn opened(
    issuer: &Issuer,
    message: &Collect,
) -> Result<(String, Arc<View>, Tx), IssuerError> {
    let (view, tx) = issuer.current().await?;
    let letter = look_up::open(&view, (&message.reference, &message.key))?;
    Ok((letter.reference, view, tx))
}

/// Whether a certificate is being made, or is about to be.
fn is_under_way(view: &View, reference: &str, now: u64) -> bool {
    view.authority().intended_under(reference).is_some() || is_ready(view, reference, now)
}

/// Whether an application has every approval that it needs.
fn is_ready(view: &View, reference: &str, now: u64) -> bool {
    let authority = view.authority();
    authority.open_order_under(reference).is_some_and(|(digest, open)| {
        let given = authority.given(digest, now).len();
        u32::try_from(given).is_ok_and(|given| given >= authority.needed(&open.body))
    })
}

/// Waits a little for a certificate that a view names; gives its serial number with it.
pub(crate) async fn awaited(
    issuer: &Issuer,
    issued: impl Fn(&View) -> Option<String>,
) -> Result<Option<(String, CollectedCertificate)>, IssuerError> {
    let mut moved = issuer.moved();
    let waiting = async {
        loop {
            let serial = issued(&*issuer.view()?);
            if let Some(serial) = serial
                && let Some(collected) = proven(issuer, &serial).await?
            {
                return Ok(Some((serial, collected)));
            }
            if moved.changed().await.is_err() {
                return Ok(None);
            }
        }
    };
    tokio::time::timeout(WAIT, waiting).await.unwrap_or(Ok(None))
}

/// Waits until a machine's certificate is issued and its record stands in the tree.
pub(crate) async fn issued(
    issuer: &Issuer,
    serial: &str,
) -> Result<CollectedCertificate, IssuerError> {
    let mut moved = issuer.moved();
    let waiting = async {
        loop {
            if let Some(collected) = proven(issuer, serial).await? {
                return Ok(collected);
            }
            let gone = moved.changed().await.is_err();
            if gone {
                return Err(Code::Unavailable.into());
            }
        }
    };
    match tokio::time::timeout(ISSUED_WAIT, waiting).await {
        Ok(collected) => collected,
        Err(_) => Err(Code::LogBehind.into()),
    }
}

/// A system's certificate with its issuers, once it is issued and its record stands in the tree.
pub(crate) async fn of_system(issuer: &Issuer, serial: &str) -> Result<Vec<Bytes>, IssuerError> {
    let is_given_up = |authority: &authority::Authority| {
        authority.is_ended(serial) && authority.intent(serial).is_none()
    };
    let view = issuer.view()?;
    if !view.authority().is_of_system(serial) {
        return Err(Code::NotFound.into());
    }
    let mut moved = issuer.moved();
    let waiting = async {
        loop {
            // Whoever waits looks at the state only: rows are asked once there is something.
            let is_under_way = issuer.view()?.authority().intent(serial).is_some();
            if !is_under_way && let Some(chain) = chain_of_system(issuer, serial).await? {
                return Ok(chain);
            }
            // A crash came between, and what was asked for is asked for once more.
            if is_given_up(issuer.view()?.authority()) {
                return Err(Code::CertificateRevoked.into());
            }
            if moved.changed().await.is_err() {
                return Err(Code::Unavailable.into());
            }
        }
    };
    tokio::time::timeout(WAIT, waiting).await.unwrap_or_else(|_| Err(Code::NotReady.into()))
}

/// What a system that asked just now is told: the certificate as well, where it is there within the
/// wait. Whoever gets none collects it, and hears why where there is none.
pub(crate) async fn finalized(
    issuer: &Issuer,
    asked: Result<Outcome<String>, IssuerError>,
) -> Result<Finalized, IssuerError> {
    let serial = asked?.value;
    let chain = of_system(issuer, &serial).await.unwrap_or_default();
    Ok(Finalized { serial, chain })
}

/// The chain of a system's certificate once the tree that authority followed has its record. No
/// client of a system's is told the proof, so none is made.
async fn chain_of_system(issuer: &Issuer, serial: &str) -> Result<Option<Vec<Bytes>>, IssuerError> {
    let view = issuer.view()?;
    if !view.authority().system_certificate(serial).is_some_and(|own| own.is_issued) {
        return Ok(None);
    }
    let mut tx = issuer.store.read().await?;
    let kept = kept(issuer, &mut tx, serial).await?;
    Ok(kept.map(|(der, _)| issuer.context.chain(&der)))
}

/// A certificate whose record stands in the tree, with its proof.
async fn proven(
    issuer: &Issuer,
    serial: &str,
) -> Result<Option<CollectedCertificate>, IssuerError> {
    let mut tx = issuer.store.read().await?;
    proven_in(issuer, &mut tx, serial).await
}

async fn proven_in(
    issuer: &Issuer,
    tx: &mut Tx,
    serial: &str,
) -> Result<Option<CollectedCertificate>, IssuerError> {
    let Some((der, record)) = kept(issuer, tx, serial).await? else { return Ok(None) };
    let evidence = proof::evidence(tx, LOG, &record).await?;
    Ok(evidence
        .map(|evidence| CollectedCertificate { chain: issuer.context.chain(&der), evidence }))
}

/// A certificate that our key signed under this number, with the id of its record, as rows have
/// them.
async fn kept(
    issuer: &Issuer,
    tx: &mut Tx,
    serial: &str,
) -> Result<Option<(Vec<u8>, Vec<u8>)>, IssuerError> {
    let Some((der, record)) = certificate::by_serial(tx, serial).await? else {
        return Ok(None);
    };
    let read = pki::Certificate::read(&der).ok();
    let ours = read.filter(|read| read.serial().to_string() == serial);
    let view = issuer.view()?;
    if !ours.is_some_and(|read| view.authority().is_issued_by_us(&read)) {
        return Err(Code::UnsignedAuthority.into());
    }
    Ok(Some((der, record)))
}
