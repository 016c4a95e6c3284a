//! National numbers: whether they are registered, told to whoever handles a unit and counted, so
//! that nobody tries through a list of them; and whose digests a draft may hold.

use crate::command::{Caller, Officer};
use crate::error::IssuerError;
use crate::expiring::DAY;
use crate::loaded::text;
use crate::officer::person_of;
use crate::round::Round;
use crate::verify::VerifiedNumbers;
use authority::{Authority, PersonId, Sha256Value};
use records::number::{NumberKey, NumberLine, NumberLines};
use records::order::{NAME_PATH, PersonBody};
use records::{Bytes, Code};

/// Numbers that one handler asks about within a day, through all portals together: two of the
/// largest rosters.
pub(crate) const NUMBERS_OF_DAY_MAX: u32 = 10_000;
/// And before these through each portal, one more: whatever a captured one asks in a handler's
/// name, the handler has these through every other.
pub(crate) const NUMBERS_OF_PORTAL_LEAST: u32 = 5_000;
/// As how many one question counts at least, so that there are few records of them.
pub(crate) const NUMBERS_LEAST: u32 = 20;

/// Says of each number whether somebody in office has it. Who it is hears only who handles them.
pub(crate) fn numbers(
    round: &mut Round<'_>,
    caller: &Caller,
    officer: &Officer,
    asked: &VerifiedNumbers,
) -> Result<NumberLines, IssuerError> {
    round.admit(caller)?;
    let handler = person_of(round.authority(), &officer.0, round.now())?;
    if !round.authority().is_handler(&handler) {
        return Err(Code::NotYourRoute.into());
    }
    let count = u32::try_from(asked.digests().len()).map_err(|_| Code::TooLarge)?;
    count_asked(round, (caller, &handler), count.max(NUMBERS_LEAST))?;
    let lines = asked.digests().iter().map(|digest| line(round, &handler, digest));
    Ok(NumberLines { lines: lines.collect() })
}

/// Counts what is asked in a handler's name, which is what a portal says.
fn count_asked(
    round: &mut Round<'_>,
    (caller, handler): (&Caller, &str),
    counted: u32,
) -> Result<(), Code> {
    let portal = round.authority().portal_of(&caller.key_sha256).ok_or(Code::PortalUnknown)?.0;
    let (own, all) = (format!("numbers:{portal}:{handler}"), format!("numbers:{handler}"));
    let least = round.state.allow_within(&own, (NUMBERS_OF_PORTAL_LEAST, DAY), counted);
    least.or_else(|_| round.state.allow_within(&all, (NUMBERS_OF_DAY_MAX, DAY), counted))
}

fn line(round: &Round<'_>, handler: &str, digest: &Sha256Value) -> NumberLine {
    let authority = round.authority();
    let Some(id) = authority.numbered(digest).map(PersonId::to_string) else {
        return NumberLine::Free(round.context.numbers.seal(*digest, handler));
    };
    match authority.person(&id).filter(|state| authority.handles(handler, &state.unit)) {
        Some(state) => {
            let opened = round.loaded.person(&id, state).ok();
            let name = opened.and_then(|opened| text(opened, NAME_PATH)).unwrap_or_default();
            NumberLine::Registered { person: id, name }
        }
        None => NumberLine::Elsewhere,
    }
}

/// A digest in a draft is the one that is held, or one that the issuer gave to this handler: of a
/// number whose form was checked, and of nobody's whom the handler only read about in the log.
pub(crate) fn check_number(
    (authority, key): (&Authority, &NumberKey),
    handler: &str,
    body: &PersonBody,
    seal: Option<&Bytes>,
) -> Result<(), Code> {
    let held = authority.person(&body.person).and_then(|state| state.number).map(Bytes::from);
    match (&body.number, seal) {
        (None, None) => Ok(()),
        (Some(number), Some(seal)) if key.gave(number, seal, handler) => Ok(()),
        (number, None) if *number == held => Ok(()),
        _ => Err(Code::Malformed),
    }
}
