//! Takes a loss report: a brake. Its evidence is the HMAC under the letter's loss key, judged by
//! the letter that the registry key signed; no row is asked. The loss is kept in this role's own
//! journal before the receipt leaves: a receipt that left is a revocation, whatever the database
//! does.

use super::confirmed::{event, under};
use super::state::Status;
use authority::{Authority, Serial};
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

/// Answers `POST /v1/loss`.
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
        let (receipt, signature) = self.revoke(&reference, &report).await?;
        Ok(SignedReceipt { receipt, signature, chain: self.chain.clone() })
    }

    /// Revokes everything that was issued, or is being issued, under the reference. The same report
    /// twice revokes once and lists the same serial numbers. Since when it counts is what its
    /// receipt says, in the log as well.
    async fn revoke(
        &self,
        reference: &str,
        report: &ReportLoss,
    ) -> Result<(records::Bytes, records::Bytes), Code> {
        let time = self.time();
        let (micros, now) = (time.micros(), time.unix());
        let cause = Cause::Loss { reference: reference.to_owned(), value: report.value.clone() };
        let known = self.follower.latest();
        if known.is_some_and(|known| is_wrong(&known, reference, &cause, now)) {
            return Err(Code::WrongCode);
        }
        let (authority, is_fresh) = self.newest_authority().await?;
        if !is_fresh && authority.letter(reference).is_none() {
            // A letter that was made since is not wrong: nobody can say so at the moment.
            return Err(Code::LogBehind);
        }
        authority.revocation(&cause, &[], now)?;
        let serials = under(&authority, reference);
        let receipt = self.receipt_of(reference, &serials, now)?;
        let time = if authority.letter(reference).is_some_and(|letter| letter.lost) {
            let told = self.losses.confirmed_at(reference);
            told.or_else(|| lost_at(&authority, &serials)).unwrap_or(now)
        } else {
            let event = event(&authority, reference, &report.value, receipt.clone());
            self.confirm(reference, (event, Vec::new()), micros).await?
        };
        if time == now { Ok(receipt) } else { self.receipt_of(reference, &serials, time) }
    }

    fn receipt_of(
        &self,
        reference: &str,
        serials: &[Serial],
        unix: u64,
    ) -> Result<(records::Bytes, records::Bytes), Code> {
        let receipt = LossReceipt {
            v: 1,
            reference: reference.to_owned(),
            serials: serials.iter().map(ToString::to_string).collect(),
            time: records::time::seconds(unix),
            founding: self.founding.clone(),
        };
        let bytes = json::write(&receipt).map_err(|_| Code::Unavailable)?;
        let signature = Label::Receipt.sign(&self.key, &bytes).map_err(|_| Code::Unavailable)?;
        Ok((records::Bytes(bytes), records::Bytes(signature)))
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
        // Gates hear of it from here, whatever becomes of the record.
        self.news.send_modify(|count| *count += 1);
        match timeout(DATABASE_MAX, self.bring_now(reference)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::error!(error = format!("{error:#}"), "loss report"),
            Err(_) => tracing::error!("loss report: the database does not answer"),
        }
        // Whatever became of that, it is looked after from here on.
        self.losses_due.notify_one();
    }

    /// Authority at the log's head, or as it was last followed, and which: a brake waits for
    /// nobody. Where many wait already the next one does not, so that reports of nothing keep no
    /// place for long.
    pub(super) async fn newest_authority(&self) -> Result<(Arc<Authority>, bool), Code> {
        if let Ok(_waits) = self.waiting.try_acquire()
            && let Ok(Ok(authority)) = timeout(DATABASE_MAX, self.follower.fresh()).await
        {
            return Ok((authority, true));
        }
        Ok((self.follower.latest().ok_or(Code::LogBehind)?, false))
    }
}

/// Since when the log says that what stood under a lost letter is revoked.
fn lost_at(authority: &Authority, serials: &[Serial]) -> Option<u64> {
    let revoked = serials.iter().filter_map(|one| authority.revoked_as(&one.to_string()));
    revoked.map(|revoked| revoked.at).max()
}

/// Whether a value is not that of a letter that is known: what a letter's statement says never
/// changes, so whoever does not have its code waits for no database.
fn is_wrong(known: &Authority, reference: &str, cause: &Cause, now: u64) -> bool {
    known.letter(reference).is_some()
        && known.revocation(cause, &[], now).err() == Some(Code::WrongCode)
}

#[cfg(test)]
mod tests {
    use super::*;
    use sample_city::SampleCity;

    /// Who does not have the code is refused by what is known, and waits for nobody; whoever has
    /// it, or names a letter that may be new, is judged at the log's head.
    #[test]
    fn a_wrong_report_waits_for_no_database() {
        let mut city = SampleCity::found();
        let (reference, _) = city.official("one");
        let judged = |reference: &str, value: records::Bytes| {
            let cause = Cause::Loss { reference: reference.to_owned(), value };
            is_wrong(&city.authority, reference, &cause, 0)
        };
        assert!(judged(&reference, SampleCity::loss_value("0000000000000000")));
        assert!(!judged(&reference, SampleCity::loss_value(&reference)));
        assert!(!judged("0000000000000000", SampleCity::loss_value("0000000000000000")));
    }
}
