//! Takes a loss report: a brake. Its evidence is the HMAC under the letter's loss key; row, record and
//! receipt come at once, whether or not the sequencer runs.

use super::Status;
use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use ca_store::{ledger, rows};
use records::enrolment::{ReportLoss, SignedReceipt};
use records::json;
use records::label::Label;
use records::letter::{LossReceipt, read_reference};
use records::record::{Cause, Event, RevokedSerial};
use records::{Code, Problem};
use service::problem::Refused;
use sha2::{Digest, Sha256};
use std::sync::Arc;
use store::{row, rows};
use subtle::ConstantTimeEq;

/// Reason of every loss report: whoever has the key may not be its owner.
const REASON: &str = "keyCompromise";

/// `POST /v1/loss`
pub(super) async fn report_loss(
    State(status): State<Arc<Status>>,
    body: Result<Bytes, axum::extract::rejection::BytesRejection>,
) -> Result<Json<SignedReceipt>, Refused> {
    let result = match body {
        Ok(body) => status.take_report(&body).await,
        Err(_) => Err(Code::TooLarge),
    };
    let outcome = result.as_ref().map_or_else(|code| code.name(), |_| "done");
    status.metrics.count("loss", outcome);
    let reference = || ca_host::random::id().unwrap_or_default();
    result.map(Json).map_err(|code| Refused(Problem::new(code, reference())))
}

impl Status {
    async fn take_report(&self, body: &[u8]) -> Result<SignedReceipt, Code> {
        let report: ReportLoss = serde_json::from_slice(body).map_err(|_| Code::Malformed)?;
        let reference = read_reference(&report.reference).ok_or(Code::WrongCode)?;
        let receipt = self.revoke(&reference, &report).await.map_err(|error| match error {
            LossError::Refused(code) => code,
            LossError::Failed(error) => {
                tracing::error!(error = format!("{error:#}"), "loss report");
                Code::Unavailable
            }
        })?;
        let bytes = json::write(&receipt).map_err(|_| Code::Unavailable)?;
        let signature = Label::Receipt.sign(&self.key, &bytes).map_err(|_| Code::Unavailable)?;
        Ok(SignedReceipt {
            receipt: records::Bytes(bytes),
            signature: records::Bytes(signature),
            chain: self.chain.clone(),
        })
    }

    /// Revokes everything that was issued, or is being issued, under the reference. The same report
    /// twice revokes once and lists the same serial numbers.
    async fn revoke(&self, reference: &str, report: &ReportLoss) -> Result<LossReceipt, LossError> {
        let mut tx = self.store.write().await?;
        store::pending::lock(&mut tx, "control").await?;
        let found = row!(
            &mut tx,
            (Vec<u8>,),
            "select loss_sha256 from letter where reference = $1",
            reference
        )?;
        let (known,) = found.ok_or(Code::WrongCode)?;
        if !bool::from(Sha256::digest(&report.value.0).as_slice().ct_eq(&known)) {
            return Err(Code::WrongCode.into());
        }
        let micros = self.clock.micros();
        let held = rows!(
            &mut tx,
            (String, Option<i64>, Option<i64>),
            "select i.serial, c.not_after, r.at from \
             (select serial from intent where reference = $1 \
             union select serial from certificate where reference = $1) as i \
             left join certificate as c on c.serial = i.serial \
             left join revocation as r on r.serial = i.serial order by i.serial",
            reference
        )?;
        let mut certificates = Vec::new();
        for (serial, not_after, revoked) in &held {
            if revoked.is_some() {
                continue;
            }
            // An intent that is not signed yet has no end in its row; it will not be signed.
            let until = not_after.and_then(|t| u64::try_from(t).ok());
            let until = until.unwrap_or(micros / 1_000_000 + 366 * 86_400);
            rows::write_revocation(&mut tx, serial, micros / 1_000_000, REASON, until).await?;
            let not_after = records::time::seconds(until);
            certificates.push(RevokedSerial { serial: serial.clone(), not_after });
        }
        let first = row!(
            &mut tx,
            (i64,),
            "select lost from letter where reference = $1 and lost > 0",
            reference
        )?;
        if first.is_none() || !certificates.is_empty() {
            let cause =
                Cause::Loss { reference: reference.to_owned(), value: report.value.clone() };
            let reason = REASON.to_owned();
            let event = Event::Revoked { certificates, reason, cause, approvals: Vec::new() };
            ledger::write(&mut tx, "status", micros, event, &[]).await?;
            store::execute!(
                &mut tx,
                "update letter set lost = $2 where reference = $1 and lost = 0",
                reference,
                i64::try_from(micros / 1_000_000).unwrap_or(i64::MAX)
            )?;
        }
        service::fault::point("loss-before-commit");
        tx.commit().await?;
        self.doorbell.ring();
        service::fault::point("loss-after-commit");
        Ok(LossReceipt {
            v: 1,
            reference: reference.to_owned(),
            serials: held.into_iter().map(|(serial, _, _)| serial).collect(),
            time: records::time::seconds(micros / 1_000_000),
            founding: self.founding.clone(),
        })
    }
}

/// Why a report has no receipt.
#[derive(Debug, thiserror::Error)]
enum LossError {
    #[error("refused: {0}")]
    Refused(#[from] Code),
    #[error("{0:#}")]
    Failed(anyhow::Error),
}

impl From<store::StoreError> for LossError {
    fn from(error: store::StoreError) -> Self {
        Self::Failed(error.into())
    }
}

impl From<ledger::LedgerError> for LossError {
    fn from(error: ledger::LedgerError) -> Self {
        Self::Failed(error.into())
    }
}
