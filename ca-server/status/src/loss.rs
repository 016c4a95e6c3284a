//! Takes a loss report: a brake. Its evidence is the HMAC under the letter's loss key, judged by
//! the letter that the registry key signed; no row is asked. The loss is kept in this role's own
//! journal before the receipt leaves: a receipt that left is a revocation, whatever the database
//! does.

use super::losses;
use super::state::Status;
use authority::Authority;
use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use records::enrolment::{ReportLoss, SignedReceipt};
use records::json;
use records::label::Label;
use records::letter::{LossReceipt, read_reference};
use records::record::{Cause, Event};
use records::{Code, Disclosure, Problem};
use service::problem::Refused;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;

/// A report waits this long for the database; then it goes on without.
const DATABASE_MAX: Duration = Duration::from_secs(1);

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
        let receipt = self.revoke(&reference, &report).await?;
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
    async fn revoke(&self, reference: &str, report: &ReportLoss) -> Result<LossReceipt, Code> {
        let (authority, is_fresh) = self.newest_authority().await?;
        if !is_fresh && authority.letter(reference).is_none() {
            // A letter that was made since is not wrong: nobody can say so at the moment.
            return Err(Code::LogBehind);
        }
        let micros = self.clock.micros();
        let cause = Cause::Loss { reference: reference.to_owned(), value: report.value.clone() };
        authority.revocation(&cause, &[], micros / 1_000_000)?;
        let known = authority.letter(reference).is_some_and(|letter| letter.lost);
        let time = match known {
            true => micros / 1_000_000,
            false => {
                let event = losses::event(&authority, reference, &report.value);
                self.confirm(reference, (event, Vec::new()), micros).await?
            }
        };
        let serials = losses::under(&authority, reference);
        Ok(LossReceipt {
            v: 1,
            reference: reference.to_owned(),
            serials: serials.iter().map(ToString::to_string).collect(),
            time: records::time::seconds(time),
            founding: self.founding.clone(),
        })
    }

    /// Keeps what was reported, then puts it on its way.
    async fn confirm(
        &self,
        reference: &str,
        said: (Event, Vec<Disclosure>),
        micros: u64,
    ) -> Result<u64, Code> {
        let confirmed = self.losses.confirm(reference, said, micros).await;
        let time = confirmed.map_err(|error| {
            tracing::error!(error = format!("{error:#}"), "loss report");
            Code::Unavailable
        })?;
        self.sent(reference).await;
        Ok(time)
    }

    /// Puts what was confirmed on its way into the log, as far as the database answers.
    pub(super) async fn sent(&self, reference: &str) {
        match timeout(DATABASE_MAX, self.bring_now(reference)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::error!(error = format!("{error:#}"), "loss report"),
            Err(_) => tracing::error!("loss report: the database does not answer"),
        }
        // Whatever became of that, it is looked after from here on.
        self.losses_due.notify_one();
    }

    /// Authority at the log's head, or as it was last followed, and which: a brake waits for
    /// nobody.
    pub(super) async fn newest_authority(&self) -> Result<(Arc<Authority>, bool), Code> {
        match timeout(DATABASE_MAX, self.follower.fresh()).await {
            Ok(Ok(authority)) => Ok((authority, true)),
            _ => Ok((self.follower.latest().ok_or(Code::LogBehind)?, false)),
        }
    }
}
