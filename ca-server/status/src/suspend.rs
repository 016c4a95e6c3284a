//! Takes a suspension: a brake like a loss report. Its evidence is the HMAC under the letter's
//! suspension key, or a signature that authority judges; no row is asked. It is kept in the journal
//! before the receipt leaves. While what somebody said stands, they are answered by that.

use super::confirmed;
use super::repeats::Saying;
use super::state::Status;
use authority::{Authority, PersonId, Serial, SuspensionSource};
use axum::Json;
use axum::body::Bytes as Body;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use pki::name::check_readable;
use records::commitment::EVIDENCE_CHARS_MAX;
use records::enrolment::SignedReceipt;
use records::letter::read_reference;
use records::record::Event;
use records::suspension::{
    SuspendByLetter, Suspension, SuspensionCause, SuspensionNotice, SuspensionSubmission,
};
use records::wish::WISH_SECONDS;
use records::{Bytes, Code, Disclosure, Problem};
use service::problem::Refused;
use sha2::{Digest, Sha256};
use std::sync::{Arc, PoisonError};

/// Why a letter's holder suspends: the key may be in other hands.
const LETTER_REASON: &str = "keyCompromise";

type Answer = Result<Json<SignedReceipt>, Refused>;

/// Answers `POST /v1/suspend/letter`.
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

/// Answers `POST /v1/suspend`.
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
struct SuspensionLine {
    told: String,
    said: SuspensionSource,
    person: PersonId,
    serials: Vec<Serial>,
    reason: String,
    /// SHA-256 of what somebody signed.
    statement: Option<Bytes>,
    unix: u64,
}

impl Status {
    /// Suspends everything that was issued, or is being issued, under a letter.
    async fn suspend_by_letter(&self, message: &SuspendByLetter) -> Result<SignedReceipt, Code> {
        let reference = read_reference(&message.reference).ok_or(Code::WrongCode)?;
        let known = self.follower.latest();
        if known.is_some_and(|known| is_wrong(&known, &reference, &message.value)) {
            return Err(Code::WrongCode);
        }
        let (authority, is_fresh) = self.newest_authority().await?;
        if !is_fresh && authority.letter(&reference).is_none() {
            return Err(Code::LogBehind);
        }
        authority.check_suspension_value(&reference, &message.value)?;
        let one_at_a_time = self.suspending.of(reference.as_bytes()).await;
        let authority =
            self.losses.authority_with_confirmed(&self.follower.latest().unwrap_or(authority));
        let person = authority.letter(&reference).ok_or(Code::WrongCode)?.person;
        let mut serials = confirmed::under(&authority, &reference);
        serials.retain(|serial| !authority.is_ended(&serial.to_string()));
        if serials.is_empty() {
            return Err(Code::NothingToSuspend);
        }
        let (told, reason) = (format!("letter:{reference}"), LETTER_REASON.to_owned());
        let time = self.time();
        let (said, unix) = (SuspensionSource::Letter, time.unix());
        let mut told =
            SuspensionLine { told, said, person, serials, reason, statement: None, unix };
        if self.is_suspended(&authority, &mut told, is_fresh)? {
            return self.receipt(&told).map(|(receipt, ..)| receipt);
        }
        let (receipt, notice, signature) = self.receipt(&told)?;
        let value = message.value.clone();
        let cause = SuspensionCause::Letter { value, notice, signature };
        let key = self.keep(&authority, &told, (cause, Vec::new()), time.micros()).await?;
        drop(one_at_a_time);
        self.sent(&key).await;
        Ok(receipt)
    }

    /// Suspends what somebody signed that it be: the holder, or whoever cares for them.
    async fn suspend_signed(&self, message: SuspensionSubmission) -> Result<SignedReceipt, Code> {
        let evidence = message.evidence()?;
        check_readable(evidence, EVIDENCE_CHARS_MAX).map_err(|_| Code::Malformed)?;
        let (read, time) = (message.suspension.read()?, self.time());
        let now = time.of_brake(read.unix(), WISH_SECONDS).ok_or(Code::ChallengeUsed)?;
        if let Some(known) = self.follower.latest() {
            signed_at_all(&known, &message.suspension, now)?;
        }
        let (authority, is_fresh) = self.newest_authority().await?;
        // Whoever may suspend nothing takes no turn of those who may.
        judged(&authority, &message.suspension, now)?;
        if time.is_believed() && !time.is_timely(read.unix(), WISH_SECONDS) {
            self.clock_guard.heard(read.unix());
        }
        let signer = &message.suspension.certificate.0;
        let one_at_a_time = self.suspending.of(signer).await;
        let authority =
            self.losses.authority_with_confirmed(&self.follower.latest().unwrap_or(authority));
        let checked = authority.check_suspension(&message.suspension, now);
        let (person, serial) = match checked {
            Ok(checked) => checked,
            // The holder's own key, which is suspended with what it asks for.
            Err(Code::CertificateSuspended) => own(&authority, &message, &read.serial)?,
            Err(code) => return Err(code),
        };
        let (told, said) = (format!("person:{person}"), SuspensionSource::Signature);
        // Dated ahead it holds no longer than from now on.
        let (serials, unix) = (vec![serial], read.unix().min(time.unix()));
        let statement = Some(Sha256::digest(&message.suspension.statement.0).as_slice().into());
        let mut told =
            SuspensionLine { told, said, person, serials, reason: read.reason, statement, unix };
        if self.is_suspended(&authority, &mut told, is_fresh)? {
            return self.receipt(&told).map(|(receipt, ..)| receipt);
        }
        if authority.is_ended(&serial.to_string()) {
            return Err(Code::NothingToSuspend);
        }
        if authority.held(&serial.to_string()).is_none_or(|held| held.person != person) {
            authority.leaves_releasers(&person, &serial, now)?;
        }
        let (receipt, notice, signature) = self.receipt(&told)?;
        let SuspensionSubmission { suspension, evidence } = message;
        let cause = SuspensionCause::Signed { suspension, notice, signature };
        let key = self.keep(&authority, &told, (cause, vec![evidence]), time.micros()).await?;
        drop(one_at_a_time);
        self.sent(&key).await;
        Ok(receipt)
    }

    /// Whether whoever says it suspended all of it before, in the same way, and that stands; then
    /// it is told as that was. What somebody else suspended is no answer.
    fn is_suspended(
        &self,
        authority: &Authority,
        told: &mut SuspensionLine,
        is_fresh: bool,
    ) -> Result<bool, Code> {
        let SuspensionLine { said, person, serials, unix, .. } = &*told;
        let (said, person, unix) = (*said, *person, *unix);
        let saying = Saying { told: &told.told, said, person, serials, unix };
        let mut repeats = self.repeats.lock().unwrap_or_else(PoisonError::into_inner);
        let now = (is_fresh, self.clock.uptime_seconds());
        let Some(stands) = repeats.judge(authority, saying, now)? else { return Ok(false) };
        (told.unix, told.reason) = (stands.since, stands.reason);
        Ok(true)
    }

    fn receipt(&self, told: &SuspensionLine) -> Result<(SignedReceipt, Bytes, Bytes), Code> {
        let nonce = ca_host::random::bytes::<16>().map_err(|_| Code::Unavailable)?;
        let notice = SuspensionNotice {
            v: 1,
            founding: self.founding.clone(),
            told: told.told.clone(),
            person: told.person.to_string(),
            serials: told.serials.iter().map(ToString::to_string).collect(),
            reason: told.reason.clone(),
            nonce: nonce.into(),
            statement: told.statement.clone(),
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
        told: &SuspensionLine,
        (cause, opened): (SuspensionCause, Vec<Disclosure>),
        micros: u64,
    ) -> Result<String, Code> {
        // What is kept is what the log gives effect.
        authority.suspension(&cause)?;
        let certificates = confirmed::named(authority, told.serials.clone());
        let (key, reason) = (confirmed::key(&cause), told.reason.clone());
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

/// Whether a value is not that of a letter that is known: whoever does not have its code waits for
/// no database.
fn is_wrong(known: &Authority, reference: &str, value: &Bytes) -> bool {
    known.letter(reference).is_some() && known.check_suspension_value(reference, value).is_err()
}

/// Refuses what no key of ours signed, as far as nothing that is recorded since could have it
/// count: whoever signed nothing waits for no database.
fn signed_at_all(known: &Authority, suspension: &Suspension, now: u64) -> Result<(), Code> {
    let is_ours = || {
        let certificate = pki::Certificate::read(&suspension.certificate.0);
        certificate.is_ok_and(|certificate| known.is_issued_by_us(&certificate))
    };
    match judged(known, suspension, now) {
        Err(code @ (Code::ApprovalSignature | Code::PasskeyRefused)) => Err(code),
        Err(code @ Code::CertificateForeign) if !is_ours() => Err(code),
        _ => Ok(()),
    }
}

/// Whether somebody may suspend what they name. That a certificate is suspended itself is known
/// before anybody's signature is looked at, and it is no secret: who says so by it has its key.
fn judged(authority: &Authority, suspension: &Suspension, now: u64) -> Result<(), Code> {
    match authority.check_suspension(suspension, now) {
        Err(Code::CertificateSuspended) => authority.check_signed(suspension),
        judged => judged.map(drop),
    }
}

/// Whose own certificates both are, where the key that signed is suspended itself.
fn own(
    authority: &Authority,
    message: &SuspensionSubmission,
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

#[cfg(test)]
mod tests {
    use super::*;
    use authority::OrderDigest;
    use sample_city::{SampleCity, SamplePasskey, serial_of};

    /// Who has neither code nor key is refused by what is known, and waits for nobody; whoever is
    /// not known yet is judged at the log's head.
    #[test]
    fn a_wrong_suspension_waits_for_no_database() {
        let mut city = SampleCity::found();
        let (reference, serial) = city.official("one");
        let (own, other) = (SampleCity::suspension_value(&reference), "0000000000000000");
        assert!(is_wrong(&city.authority, &reference, &SampleCity::suspension_value(other)));
        assert!(!is_wrong(&city.authority, &reference, &own));
        assert!(!is_wrong(&city.authority, other, &own), "it may be new");

        let signed = city.suspension("officer-1", serial, |_| {});
        let judged = |suspension: &Suspension| signed_at_all(&city.authority, suspension, city.now);
        assert!(judged(&signed).is_ok());
        let mut forged = signed.clone();
        forged.signature.0.reverse();
        assert_eq!(judged(&forged), Err(Code::ApprovalSignature));
        let mut changed = signed.clone();
        changed.certificate = city.officer("officer-2").certificate.der().into();
        assert_eq!(judged(&changed), Err(Code::ApprovalSignature));
        // A certificate of the city's that the authority does not know may be new.
        let before = SampleCity::found();
        assert_ne!(signed_at_all(&before.authority, &signed, city.now), Ok(()), "another city");
    }

    /// Whoever shows the certificate of somebody who is suspended, without its key or the touch of
    /// a passkey beside it, waits for nobody, takes no turn and uses up nothing of theirs.
    #[test]
    fn a_suspended_certificate_says_nothing_without_its_key() {
        let mut city = SampleCity::found();
        let (_, serial) = city.official("one");
        let mut passkey = SamplePasskey::new(&mut city);
        let officer = city.officer("officer-1").clone();
        let body = passkey.credential(&city, &officer, |_| {});
        city.done(&body, &["security-1"]);
        let signed = city.suspension("officer-1", serial, |_| {});
        city.suspend("officer-2", serial_of(&officer.certificate)).unwrap();
        let own = Suspension::challenge(&signed.statement.0);
        let other = Suspension::challenge(b"another one");
        for (challenge, told) in [(own, Ok(())), (other, Err(Code::PasskeyRefused))] {
            let digest = OrderDigest::from([0; 32]);
            let said = passkey.approve(&officer, digest, |answer| answer.challenge = challenge);
            let answer = (said.signature, said.assertion.unwrap());
            let certificate = officer.certificate.der().into();
            let touched = Suspension::by_passkey(signed.statement.clone(), certificate, answer);
            let suspended = city.authority.check_suspension(&touched, city.now);
            assert_eq!(suspended, Err(Code::CertificateSuspended));
            assert_eq!(judged(&city.authority, &touched, city.now), told);
            assert_eq!(signed_at_all(&city.authority, &touched, city.now), told);
        }
        assert_eq!(judged(&city.authority, &signed, city.now), Ok(()));
    }
}
