//! Takes a suspension: a brake like a loss report. Its evidence is the HMAC under the letter's
//! suspension key, or a signature that authority judges; no row is asked. It is kept in the journal
//! before the receipt leaves. A suspension of what is suspended is answered as the first one.

use super::losses;
use super::state::Status;
use authority::{Authority, PersonId, SaidBy, Serial, Suspended};
use axum::Json;
use axum::body::Bytes as Body;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use records::enrolment::SignedReceipt;
use records::letter::read_reference;
use records::record::Event;
use records::suspension::{SuspendByLetter, Suspending, SuspensionCause, SuspensionNotice};
use records::{Bytes, Code, Disclosure, Problem};
use service::problem::Refused;
use std::sync::Arc;

/// Why a letter's holder suspends: the key may be in other hands.
const LETTER_REASON: &str = "keyCompromise";
/// Longest evidence.
const EVIDENCE_CHARS_MAX: usize = 2_000;

type Answer = Result<Json<SignedReceipt>, Refused>;

/// `POST /v1/suspend/letter`
pub(super) async fn by_letter(
    State(status): State<Arc<Status>>,
    body: Result<Body, BytesRejection>,
) -> Answer {
    let result = match body.map(|body| serde_json::from_slice(&body)) {
        Ok(Ok(message)) => status.suspend_by_letter(&message).await,
        Ok(Err(_)) => Err(Code::Malformed),
        Err(_) => Err(Code::TooLarge),
    };
    answered(&status, result)
}

/// `POST /v1/suspend`
pub(super) async fn signed(
    State(status): State<Arc<Status>>,
    body: Result<Body, BytesRejection>,
) -> Answer {
    let result = match body.map(|body| serde_json::from_slice(&body)) {
        Ok(Ok(message)) => status.suspend_signed(message).await,
        Ok(Err(_)) => Err(Code::Malformed),
        Err(_) => Err(Code::TooLarge),
    };
    answered(&status, result)
}

fn answered(status: &Status, result: Result<SignedReceipt, Code>) -> Answer {
    let outcome = result.as_ref().map_or_else(|code| code.name(), |_| "done");
    status.metrics.count("suspend", outcome);
    let reference = || ca_host::random::id().unwrap_or_default();
    result.map(Json).map_err(|code| Refused(Problem::new(code, reference())))
}

/// A suspension as it is to be told.
struct Told {
    told: String,
    said: SaidBy,
    person: PersonId,
    serials: Vec<Serial>,
    reason: String,
    unix: u64,
}

impl Status {
    /// Suspends everything that was issued, or is being issued, under a letter.
    async fn suspend_by_letter(&self, message: &SuspendByLetter) -> Result<SignedReceipt, Code> {
        let reference = read_reference(&message.reference).ok_or(Code::WrongCode)?;
        let (authority, is_fresh) = self.newest_authority().await?;
        if !is_fresh && authority.letter(&reference).is_none() {
            return Err(Code::LogBehind);
        }
        authority.check_suspension_value(&reference, &message.value)?;
        let one_at_a_time = self.suspending.lock().await;
        let authority = self.losses.noticed(&self.follower.latest().unwrap_or(authority));
        let person = authority.letter(&reference).ok_or(Code::WrongCode)?.person;
        let mut serials = losses::under(&authority, &reference);
        serials.retain(|serial| !authority.is_ended(&serial.to_string()));
        if serials.is_empty() {
            return Err(Code::NothingToSuspend);
        }
        let (told, reason) = (format!("letter:{reference}"), LETTER_REASON.to_owned());
        let time = self.time();
        let (said, unix) = (SaidBy::Letter, time.unix());
        let mut told = Told { told, said, person, serials, reason, unix };
        if is_suspended(&authority, &mut told) {
            return self.receipt(&told).map(|(receipt, ..)| receipt);
        }
        let (receipt, notice, signature) = self.receipt(&told)?;
        let value = message.value.clone();
        let cause = SuspensionCause::Letter { value, notice, signature };
        let key = self.keep(&authority, &told, (cause, Vec::new()), time.micros).await?;
        drop(one_at_a_time);
        self.sent(&key).await;
        Ok(receipt)
    }

    /// Suspends what somebody signed that it be: the holder, or whoever cares for them.
    async fn suspend_signed(&self, message: Suspending) -> Result<SignedReceipt, Code> {
        if !pki::name::is_readable(message.evidence()?, EVIDENCE_CHARS_MAX) {
            return Err(Code::Malformed);
        }
        let (authority, _) = self.newest_authority().await?;
        let (read, time) = (message.suspension.read()?, self.time());
        let now = time.of_statement(read.unix()).ok_or(Code::ChallengeUsed)?;
        let one_at_a_time = self.suspending.lock().await;
        let authority = self.losses.noticed(&self.follower.latest().unwrap_or(authority));
        let checked = authority.check_suspension(&message.suspension, now);
        let (person, serial) = match checked {
            Ok(checked) => checked,
            // The holder's own key, which is suspended with what it asks for.
            Err(Code::CertificateSuspended) => own(&authority, &message, &read.serial)?,
            Err(code) => return Err(code),
        };
        let (told, said) = (format!("person:{person}"), SaidBy::Signature);
        let (serials, unix) = (vec![serial], read.unix());
        let mut told = Told { told, said, person, serials, reason: read.reason, unix };
        if is_suspended(&authority, &mut told) {
            return self.receipt(&told).map(|(receipt, ..)| receipt);
        }
        if authority.is_ended(&serial.to_string()) {
            return Err(Code::NothingToSuspend);
        }
        if authority.held(&serial.to_string()).is_none_or(|held| held.person != person) {
            authority.leaves_releasers(&person, &serial, now)?;
        }
        let (receipt, notice, signature) = self.receipt(&told)?;
        let Suspending { suspension, evidence } = message;
        let cause = SuspensionCause::Signed { suspension, notice, signature };
        let key = self.keep(&authority, &told, (cause, vec![evidence]), time.micros).await?;
        drop(one_at_a_time);
        self.sent(&key).await;
        Ok(receipt)
    }

    fn receipt(&self, told: &Told) -> Result<(SignedReceipt, Bytes, Bytes), Code> {
        let nonce = ca_host::random::bytes::<16>().map_err(|_| Code::Unavailable)?;
        let notice = SuspensionNotice {
            v: 1,
            founding: self.founding.clone(),
            told: told.told.clone(),
            person: told.person.to_string(),
            serials: told.serials.iter().map(ToString::to_string).collect(),
            reason: told.reason.clone(),
            nonce: nonce.into(),
            time: records::time::seconds(told.unix),
        };
        let (receipt, signature) = notice.sign(&self.key).map_err(|_| Code::Unavailable)?;
        let chain = self.chain.clone();
        let (notice, signed) = (receipt.clone(), signature.clone());
        Ok((SignedReceipt { receipt, signature, chain }, notice, signed))
    }

    /// Keeps a suspension; it is durable when this returns. Gives its key.
    async fn keep(
        &self,
        authority: &Authority,
        told: &Told,
        (cause, opened): (SuspensionCause, Vec<Disclosure>),
        micros: u64,
    ) -> Result<String, Code> {
        // What is kept is what the log gives effect.
        authority.suspension(&cause)?;
        let certificates = losses::named(authority, told.serials.clone());
        let (key, reason) = (losses::key(&cause), told.reason.clone());
        let event = Event::Suspended { certificates, reason, cause };
        let kept = self.losses.confirm(&key, (event, opened), micros).await;
        match kept {
            Ok(_) => Ok(key),
            Err(error) => {
                tracing::error!(error = format!("{error:#}"), "suspension");
                Err(Code::Unavailable)
            }
        }
    }
}

/// Whether whoever says it suspended all of it already, in the same way; then it is told as that
/// was. What somebody else suspended is no answer: theirs can be released.
fn is_suspended(authority: &Authority, told: &mut Told) -> bool {
    let (said, person) = (told.said, told.person);
    let known = |serial| authority.suspended_by(serial, said, &person);
    let since: Option<Vec<&Suspended>> = told.serials.iter().map(known).collect();
    let Some(first) = since.as_ref().and_then(|since| since.first()) else { return false };
    (told.unix, told.reason) = (first.revoked.at, first.reason.clone());
    true
}

/// Whose own certificates both are, where the key that signed is suspended itself.
fn own(
    authority: &Authority,
    message: &Suspending,
    serial: &str,
) -> Result<(PersonId, Serial), Code> {
    let certificate = pki::Certificate::read(&message.suspension.certificate.0);
    let certificate = certificate.map_err(|_| Code::CertificateForeign)?;
    let serial = Serial::read(serial).ok_or(Code::NotFound)?;
    let held = authority.held(&serial.to_string()).ok_or(Code::NotFound)?;
    match certificate.subject().person() == Some(held.person.as_str()) {
        true => Ok((held.person, serial)),
        false => Err(Code::CertificateSuspended),
    }
}
