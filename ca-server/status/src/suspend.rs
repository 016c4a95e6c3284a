//! Takes a suspension: a brake like a loss report. Its evidence is the HMAC under the letter's
//! suspension key, or a signature that authority judges; no row is asked. It is kept in the journal
//! before the receipt leaves. A suspension of what is suspended is answered as the first one.

use super::losses;
use super::state::Status;
use authority::{Authority, PersonId, Serial};
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
        let person = authority.letter(&reference).ok_or(Code::WrongCode)?.person;
        let mut serials = losses::under(&authority, &reference);
        serials.retain(|serial| !authority.is_ended(&serial.to_string()));
        if serials.is_empty() {
            return Err(Code::NothingToSuspend);
        }
        let (told, reason) = (format!("letter:{reference}"), LETTER_REASON.to_owned());
        let time = self.time();
        let mut told = Told { told, person, serials, reason, unix: time.unix() };
        if self.is_suspended(&authority, &mut told) {
            return self.receipt(&told).map(|(receipt, ..)| receipt);
        }
        let (receipt, notice, signature) = self.receipt(&told)?;
        let value = message.value.clone();
        let cause = SuspensionCause::Letter { value, notice, signature };
        self.keep(&authority, &told, (cause, Vec::new()), time.micros).await.map(|()| receipt)
    }

    /// Suspends what somebody signed that it be: the holder, or whoever cares for them.
    async fn suspend_signed(&self, message: Suspending) -> Result<SignedReceipt, Code> {
        if !pki::name::is_readable(message.evidence()?, EVIDENCE_CHARS_MAX) {
            return Err(Code::Malformed);
        }
        let (authority, _) = self.newest_authority().await?;
        let (said, time) = (message.suspension.read()?, self.time());
        let now = time.of_statement(said.unix()).ok_or(Code::ChallengeUsed)?;
        let checked = authority.check_suspension(&message.suspension, now);
        let (person, serial) = match checked {
            Ok(checked) => checked,
            // The holder's own key, which is suspended with what it asks for.
            Err(Code::CertificateSuspended) => own(&authority, &message, &said.serial)?,
            Err(code) => return Err(code),
        };
        let serials = vec![serial];
        let told = format!("person:{person}");
        let unix = said.unix();
        let mut told = Told { told, person, serials, reason: said.reason, unix };
        if self.is_suspended(&authority, &mut told) {
            return self.receipt(&told).map(|(receipt, ..)| receipt);
        }
        if checked.is_err() || authority.is_ended(&serial.to_string()) {
            return Err(Code::NothingToSuspend);
        }
        if authority.held(&serial.to_string()).is_none_or(|held| held.person != person) {
            authority.leaves_releasers(&person, &serial, now)?;
        }
        let (receipt, ..) = self.receipt(&told)?;
        let Suspending { suspension, evidence } = message;
        let said = (SuspensionCause::Signed { suspension }, vec![evidence]);
        self.keep(&authority, &told, said, time.micros).await.map(|()| receipt)
    }

    /// Whether all of it is suspended already, in the log or by what waits for it; then it is told
    /// as that was.
    fn is_suspended(&self, authority: &Authority, told: &mut Told) -> bool {
        let mut since = Vec::new();
        for serial in &told.serials {
            let known = authority.suspended_as(&serial.to_string());
            let known = known.map(|one| (one.revoked.at, Some((one.by, one.reason.clone()))));
            let waits = || self.losses.revoked(authority, serial).map(|(at, _)| (at, None));
            let Some(one) = known.or_else(waits) else { return false };
            since.push(one);
        }
        let Some((at, by)) = since.into_iter().next() else { return false };
        told.unix = at;
        if let Some((person, reason)) = by {
            (told.person, told.reason) = (person, reason);
        }
        true
    }

    fn receipt(&self, told: &Told) -> Result<(SignedReceipt, Bytes, Bytes), Code> {
        let notice = SuspensionNotice {
            v: 1,
            founding: self.founding.clone(),
            told: told.told.clone(),
            person: told.person.to_string(),
            serials: told.serials.iter().map(ToString::to_string).collect(),
            reason: told.reason.clone(),
            time: records::time::seconds(told.unix),
        };
        let (receipt, signature) = notice.sign(&self.key).map_err(|_| Code::Unavailable)?;
        let chain = self.chain.clone();
        let (notice, signed) = (receipt.clone(), signature.clone());
        Ok((SignedReceipt { receipt, signature, chain }, notice, signed))
    }

    async fn keep(
        &self,
        authority: &Authority,
        told: &Told,
        (cause, opened): (SuspensionCause, Vec<Disclosure>),
        micros: u64,
    ) -> Result<(), Code> {
        let certificates = losses::named(authority, told.serials.clone());
        let (key, reason) = (losses::key(&cause), told.reason.clone());
        let event = Event::Suspended { certificates, reason, cause };
        self.confirm(&key, (event, opened), micros).await.map(|_| ())
    }
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
