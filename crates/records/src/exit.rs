//! How programs end, so that scripts can tell: one number for a refusal in all of them.

use crate::code::{Blame, Code};

/// What was typed or sent is wrong.
pub const USAGE: u8 = 2;
/// It is not permitted, or not believed.
pub const DENIED: u8 = 3;
/// What was asked for does not exist.
pub const NOT_FOUND: u8 = 4;
/// It does not fit to what is there already.
pub const CONFLICT: u8 = 5;
/// Whoever should answer cannot at the moment.
pub const UNREACHABLE: u8 = 6;

/// The number of a refusal; of one that this version does not know, [`DENIED`].
pub fn exit_code(code: Option<Code>) -> u8 {
    match code {
        Some(Code::NotFound | Code::OrderUnknown | Code::PersonUnknown | Code::UnitUnknown) => {
            NOT_FOUND
        }
        Some(
            Code::CodeUsed
            | Code::ChallengeUsed
            | Code::NotReady
            | Code::OrderConsumed
            | Code::OrderCancelled
            | Code::OrderReturned
            | Code::OrderRejected
            | Code::OrderExpired
            | Code::ApproverTwice
            | Code::ProfileChanged
            | Code::PersonChanged
            | Code::PersonLeft
            | Code::RoleConflict
            | Code::StateConflict
            | Code::KeyForeign,
        ) => CONFLICT,
        Some(
            Code::Malformed
            | Code::TooLarge
            | Code::RequestMalformed
            | Code::UnknownKind
            | Code::UnknownProfile,
        ) => USAGE,
        Some(code) if code.blame() == Blame::Us => UNREACHABLE,
        _ => DENIED,
    }
}
