//! CMP (RFC 9810, as RFC 9483 profiles it): the CA answers each message itself, since it alone
//! knows the secrets by which messages are protected. A portal hands them on as they come, and
//! can make none of them.
//!
//! In the order in which a message meets them: `sender` (whose it is, and whether they sent it, by
//! a turn of `hashing` where that takes rounds), `nonce`, then what it asks for: `enrol`,
//! `confirm`, `end`, `told`; `protect` (the answer).
//!
//! Nothing has to be kept of a transaction here. What it was given follows from authority, which
//! names the use after the transaction; whether it answers us, from a MAC in our nonces. So a
//! message after a crash, or to another process, finds everything that one before would have. That
//! a client confirmed is remembered for a while (`concluded`): its request is not answered once
//! more.

pub(crate) mod concluded;
mod confirm;
mod end;
mod enrol;
mod fail;
mod hashing;
mod heard;
mod matter;
mod nonce;
mod protect;
mod sender;
mod told;

use crate::command::Caller;
use crate::error::IssuerError;
use crate::issuer::Issuer;
use crate::verify::VerifiedCmp;
use authority::cmp_code;
use fail::fail_info;
use heard::{Answer, Heard, NONCE_BYTES_MIN, VERSIONS, made};
use matter::matter_of;
use pkixcmp::fail::status_info;
use pkixcmp::message::PkiHeader;
use pkixcmp::request::number_of;
use pkixcmp::{BodyDer, BodyKind, FailInfo, PkiMessage, PkiStatus};
use records::cmp::{CmpMessage, CmpReply};
use records::{Bytes, Code, Problem};
use sender::Sender;
use std::sync::Arc;

/// A message's time is this far from ours at most, in seconds.
const APART_SECONDS_MAX: u64 = 600;

/// Whether a message may stop something: that has places of its own.
fn is_brake(kind: BodyKind) -> bool {
    matches!(kind, BodyKind::Revocation | BodyKind::Confirmation)
}

/// Whether a message counts by its time; one that leaves it out would count for ever. What may stop
/// something does so whatever a clock says, ours or its sender's: what is ended twice is ended.
fn is_timely(kind: BodyKind, time: Option<u64>, now: u64) -> bool {
    is_brake(kind) || time.is_some_and(|time| time.abs_diff(now) <= APART_SECONDS_MAX)
}

/// Answers a message. What is no message, or comes over a route that is not for it, gets none.
pub(crate) async fn answer(
    issuer: &Arc<Issuer>,
    caller: Caller,
    asked: CmpMessage,
    over_brake: bool,
) -> Result<CmpReply, IssuerError> {
    let message = PkiMessage::read(&asked.message.0).map_err(|error| cmp_code(&error))?;
    if over_brake && !is_brake(message.kind()) {
        return Err(Code::NotYourRoute.into());
    }
    let sender = Sender::named(issuer, &message).await?;
    let turn = match &sender {
        Sender::Secret(named, _) => hashing::turn(&named.name.system, over_brake).await,
        Sender::Key => None,
    };
    let verified = checked(issuer, &message, &sender, asked.profile.as_deref());
    drop(turn);
    let told = match &verified {
        Ok(_) if asked.zones_refuse => Err(Code::SystemCaa.into()),
        Ok(verified) => done(issuer, Heard { message: &message, verified, caller }).await,
        Err(fault) => Err(fault.code.into()),
    };
    let (answer, refused) = match told {
        Ok(answer) => (answer, None),
        Err(error) => {
            let problem = error.problem();
            let kind = Some(message.kind()).filter(|_| verified.is_ok());
            let bit = verified.as_ref().err().and_then(|fault| fault.bit);
            (refusal((kind, bit), &message, &problem)?, problem.known())
        }
    };
    let message = protect::sent(issuer, &message, &sender, answer)?;
    Ok(CmpReply { message: Bytes(message), refused })
}

/// Why a message is refused before it is looked at what it asks for.
#[derive(Debug, PartialEq, Eq)]
struct HeaderFault {
    code: Code,
    /// The bit that its client is told, where that does not follow from the code.
    bit: Option<FailInfo>,
}

impl From<Code> for HeaderFault {
    fn from(code: Code) -> Self {
        Self { code, bit: None }
    }
}

/// What is wrong with a header (RFC 9483 3.1, 3.5), whoever protected it: what begins a transaction
/// answers nothing, and what goes on with one names it.
fn fault_of(header: &PkiHeader, kind: BodyKind) -> Result<(), HeaderFault> {
    let goes_on = matches!(kind, BodyKind::Confirmation | BodyKind::Polling | BodyKind::Error);
    let fault = |code, bit| Err(HeaderFault { code, bit: Some(bit) });
    if header.transaction.len() < NONCE_BYTES_MIN {
        let bit = if goes_on { FailInfo::Request } else { FailInfo::DataFormat };
        return fault(Code::Malformed, bit);
    }
    if header.sender_nonce.len() < NONCE_BYTES_MIN {
        return fault(Code::MessageNonce, FailInfo::SenderNonce);
    }
    if !goes_on && !header.recipient_nonce.is_empty() {
        return fault(Code::MessageNonce, FailInfo::RecipientNonce);
    }
    match header.is_consistent {
        true => Ok(()),
        false => fault(Code::Malformed, FailInfo::Request),
    }
}

/// Who sent a message, if header and protection are right.
fn checked(
    issuer: &Issuer,
    message: &PkiMessage,
    sender: &Sender,
    profile: Option<&str>,
) -> Result<VerifiedCmp, HeaderFault> {
    let header = message.header();
    if !VERSIONS.contains(&header.version) {
        return Err(Code::MessageVersion.into());
    }
    let view = issuer.view()?;
    let verified = sender.verified(message, view.authority())?;
    if !is_timely(message.kind(), header.time, issuer.now()) {
        return Err(Code::SignedTime.into());
    }
    fault_of(header, message.kind())?;
    let state = view.authority().system(verified.system()).ok_or(Code::SystemClosed)?;
    match profile.is_none_or(|profile| profile == state.profile) {
        true => Ok(verified),
        false => Err(Code::UnknownProfile.into()),
    }
}

/// Does what a message asks for.
async fn done(issuer: &Arc<Issuer>, heard: Heard<'_>) -> Result<Answer, IssuerError> {
    match heard.message.kind() {
        kind if kind.is_request() => enrol::certify(issuer, &heard).await,
        BodyKind::Polling => enrol::polled(issuer, &heard).await,
        BodyKind::Confirmation => confirm::confirm(issuer, &heard).await,
        BodyKind::Revocation => end::revoke(issuer, &heard).await,
        BodyKind::General => told::tell(issuer, &heard).await,
        // What a client says that it did not understand is heard, and ends its transaction.
        BodyKind::Error => Ok(Answer::of(made(BodyDer::confirmed())?)),
        _ => Err(Code::Malformed.into()),
    }
}

/// A refusal: as the answer to what was asked where we know who asked, and as an error else; that
/// a transaction has another request is no answer to this one either.
fn refusal(
    (kind, bit): (Option<BodyKind>, Option<FailInfo>),
    message: &PkiMessage,
    problem: &Problem,
) -> Result<Answer, IssuerError> {
    let code = problem.known().unwrap_or(Code::Unavailable);
    let fail = bit.unwrap_or_else(|| fail_info(code, kind));
    let matter = kind.and_then(|_| matter_of(message, code));
    let kind = kind.filter(|_| code != Code::TransactionUsed);
    let english = format!("{} ({} {})", problem.en, problem.code, problem.reference);
    let mut sentences = vec![problem.zh.as_str(), english.as_str()];
    sentences.extend(matter.iter().flat_map(|(zh, en)| [zh.as_str(), en.as_str()]));
    let status = || made(status_info(PkiStatus::Rejection, &sentences, Some(fail)));
    let body = match kind {
        Some(kind) if kind.is_request() => {
            BodyDer::without_certificate((kind, number_of(message)), &status()?)
        }
        Some(BodyKind::Revocation) => BodyDer::revoked(&status()?),
        _ => BodyDer::error(&sentences, fail),
    };
    Ok(Answer::of(made(body)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::cmp::heading;
    use pkixcmp::mac::MacScheme;
    use pkixcmp::{MessageHeading, Protector};

    /// RFC 9483 3.5, each with its bit: whoever begins answers nothing, whoever goes on names what.
    #[test]
    fn a_header_is_judged_by_what_it_begins_or_goes_on_with() {
        let (first, goes_on) = (BodyKind::Initialization, BodyKind::Confirmation);
        let judged = |heading: MessageHeading, kind| {
            let (secret, key_id, salt) = (&b"secret"[..], &b"kid"[..], [9; 16]);
            let by = Protector::Mac { secret, key_id, salt, scheme: MacScheme::Pbm };
            let der = heading.protected(&BodyDer::confirmed().unwrap(), &by, &[]).unwrap();
            let read = PkiMessage::read(&der).unwrap();
            fault_of(read.header(), kind).map_err(|fault| (fault.code, fault.bit.unwrap()))
        };
        let without = |transaction: usize, nonce: usize| MessageHeading {
            transaction: vec![1; transaction],
            sender_nonce: vec![2; nonce],
            ..heading(1)
        };
        let answering = || MessageHeading { recipient_nonce: vec![3; 32], ..heading(1) };
        assert_eq!(judged(heading(1), first), Ok(()));
        assert_eq!(judged(answering(), goes_on), Ok(()));
        for bytes in [0, 15] {
            let told = judged(without(bytes, 16), first);
            assert_eq!(told, Err((Code::Malformed, FailInfo::DataFormat)));
            let told = judged(without(bytes, 16), goes_on);
            assert_eq!(told, Err((Code::Malformed, FailInfo::Request)));
            for kind in [first, goes_on] {
                let told = judged(without(16, bytes), kind);
                assert_eq!(told, Err((Code::MessageNonce, FailInfo::SenderNonce)));
            }
        }
        for kind in [first, BodyKind::Revocation, BodyKind::General, BodyKind::Pkcs10] {
            let told = judged(answering(), kind);
            assert_eq!(told, Err((Code::MessageNonce, FailInfo::RecipientNonce)), "{kind:?}");
        }
    }

    /// A device whose clock is off, or whose CA's is, gets no certificate and revokes its own.
    #[test]
    fn what_ends_something_by_cmp_waits_for_no_clock() {
        let now = 1_800_000_000;
        let (asks, ends) = (BodyKind::Initialization, BodyKind::Revocation);
        for apart in [0, APART_SECONDS_MAX] {
            assert!(is_timely(asks, Some(now + apart), now));
        }
        for (kind, counts) in [(asks, false), (BodyKind::General, false), (ends, true)] {
            assert_eq!(is_timely(kind, None, now), counts, "{kind:?} without a time");
        }
        for time in [now - APART_SECONDS_MAX - 1, now + APART_SECONDS_MAX + 1, 0, u64::MAX] {
            assert!(!is_timely(asks, Some(time), now), "{time}");
            assert!(is_timely(ends, Some(time), now), "{time}");
        }
    }
}
