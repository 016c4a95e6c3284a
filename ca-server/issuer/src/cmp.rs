//! CMP (RFC 9810, as RFC 9483 profiles it): the CA answers each message itself, since it alone
//! knows the secrets by which messages are protected. A portal hands them on as they come, and
//! can make none of them.
//!
//! In the order in which a message meets them: `sender` (whose it is, and whether they sent it, by
//! a turn of `hashing` where that takes rounds), `nonce`, then what it asks for: `enrol`, `confirm`,
//! `end`, `told`; `protect` (the answer).
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
use pkixcmp::fail::status_info;
use pkixcmp::request::number_of;
use pkixcmp::{BodyDer, BodyKind, PkiMessage, PkiStatus};
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

/// Whether a message counts by its time. What may stop something does so whatever a clock says,
/// ours or its sender's: what is ended twice is ended.
fn is_timely(kind: BodyKind, time: Option<u64>, now: u64) -> bool {
    is_brake(kind) || time.is_none_or(|time| time.abs_diff(now) <= APART_SECONDS_MAX)
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
        Ok(verified) => done(issuer, Heard { message: &message, verified, caller }).await,
        Err(code) => Err((*code).into()),
    };
    let (answer, refused) = match told {
        Ok(answer) => (answer, None),
        Err(error) => {
            let problem = error.problem();
            let kind = Some(message.kind()).filter(|_| verified.is_ok());
            (refusal(kind, &message, &problem)?, problem.known())
        }
    };
    let message = protect::sent(issuer, &message, &sender, answer)?;
    Ok(CmpReply { message: Bytes(message), refused })
}

/// Who sent a message, if header and protection are right.
fn checked(
    issuer: &Issuer,
    message: &PkiMessage,
    sender: &Sender,
    profile: Option<&str>,
) -> Result<VerifiedCmp, Code> {
    let header = message.header();
    if !VERSIONS.contains(&header.version) {
        return Err(Code::MessageVersion);
    }
    let view = issuer.view()?;
    let verified = sender.verified(message, view.authority())?;
    if !is_timely(message.kind(), header.time, issuer.now()) {
        return Err(Code::SignedTime);
    }
    let shortest = header.transaction.len().min(header.sender_nonce.len());
    if shortest < NONCE_BYTES_MIN {
        return Err(Code::MessageNonce);
    }
    let state = view.authority().system(verified.system()).ok_or(Code::SystemClosed)?;
    match profile.is_none_or(|profile| profile == state.profile) {
        true => Ok(verified),
        false => Err(Code::UnknownProfile),
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

/// A refusal: as the answer to what was asked where we know who asked, and as an error else.
fn refusal(
    kind: Option<BodyKind>,
    message: &PkiMessage,
    problem: &Problem,
) -> Result<Answer, IssuerError> {
    let code = problem.known().unwrap_or(Code::Unavailable);
    let fail = fail_info(code, kind);
    let english = format!("{} ({} {})", problem.en, problem.code, problem.reference);
    let sentences = [problem.zh.as_str(), english.as_str()];
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

    /// A device whose clock is off, or whose CA's is, gets no certificate and revokes its own.
    #[test]
    fn what_ends_something_by_cmp_waits_for_no_clock() {
        let now = 1_800_000_000;
        let (asks, ends) = (BodyKind::Initialization, BodyKind::Revocation);
        for apart in [0, APART_SECONDS_MAX] {
            assert!(is_timely(asks, Some(now + apart), now) && is_timely(asks, None, now));
        }
        for time in [now - APART_SECONDS_MAX - 1, now + APART_SECONDS_MAX + 1, 0, u64::MAX] {
            assert!(!is_timely(asks, Some(time), now), "{time}");
            assert!(is_timely(ends, Some(time), now), "{time}");
        }
    }
}
