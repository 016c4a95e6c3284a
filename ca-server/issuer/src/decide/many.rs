//! Taking a draft of many: one signature of whoever drafts it, and an order or letter for each
//! body, every one judged as if it came alone. Orders stand in one batch, so that officers approve
//! once. What only takes away, people who leave and revocations, is a brake as each of it is.

use super::batch;
use super::draft::{allow_letter, check_said, room};
use super::letter;
use super::number::check_number;
use super::order::{NewOrder, OrderParts, make};
use super::revoke::{self, check_evidence};
use crate::command::{Caller, Officer};
use crate::error::IssuerError;
use crate::expiring::DAY;
use crate::loaded::text;
use crate::officer::person_of;
use crate::round::Round;
use crate::verify::VerifiedMany;
use authority::OrderDigest;
use ca_api::handler::ManyMade;
use records::Code;
use records::commitment::EVIDENCE_PATH;
use records::draft::{DRAFT_SECONDS, LETTERS_A_MESSAGE, ManyRow};
use records::drafted::{DraftContent, LetterBody};
use records::order::{BATCH_ROWS_MAX, Body, PersonBody, REVOKED_MAX, RevokeBody};

/// Orders from drafts of many in one handler's name that wait for approval: a roster.
pub(crate) const MANY_OF_HANDLER_MAX: usize = 5_000;
/// How many of them wait all the same, whatever others drafted.
pub(crate) const MANY_OF_HANDLER_LEAST: usize = 500;
/// Rows of rosters, and letters of many, that one handler may have made within a day: what is taken
/// back stands in the log for ever all the same.
pub(crate) const ROWS_OF_DAY_MAX: u32 = 10_000;
pub(crate) const LETTERS_OF_DAY_MAX: u32 = 2_000;

/// Makes what the bodies ask for: all of it, or nothing.
pub(crate) fn many(
    round: &mut Round<'_>,
    caller: &Caller,
    officer: &Officer,
    verified: &VerifiedMany,
) -> Result<ManyMade, IssuerError> {
    round.admit(caller)?;
    if !verified.takes_away() {
        round.clock?;
    }
    let (drafting, said) = (verified.drafting(), verified.statement());
    let handler = person_of(round.authority(), &officer.0, round.now())?;
    if drafting.draft.certificate.0 != officer.0.der() {
        return Err(Code::ApprovalSignature.into());
    }
    if !said.is_of_many() || drafting.rows.is_empty() {
        return Err(Code::Malformed.into());
    }
    let most = if said.kind == "letters" { LETTERS_A_MESSAGE } else { BATCH_ROWS_MAX };
    if drafting.rows.len() > most {
        return Err(Code::TooLarge.into());
    }
    if let Some(made) = made_already(round, &handler, verified) {
        return Ok(made);
    }
    if !round.is_fresh(said.unix(), DRAFT_SECONDS, verified.takes_away()) {
        return Err(Code::ChallengeUsed.into());
    }
    let rows = drafting.rows.len();
    match said.kind.as_str() {
        // A brake has places of its own, whatever else waits.
        _ if verified.takes_away() => {
            allow(round, ("taken-away", &handler), (ROWS_OF_DAY_MAX, rows))?;
        }
        "letters" => allow(round, ("lettered", &handler), (LETTERS_OF_DAY_MAX, rows))?,
        _ => {
            has_room(round, &handler, rows)?;
            allow(round, ("roster", &handler), (ROWS_OF_DAY_MAX, rows))?;
        }
    }
    let mut made = ManyMade::default();
    let mut orders: Vec<NewOrder> = Vec::new();
    for row in &drafting.rows {
        let drafted = DraftContent::of_many(said, row.body.clone())?;
        let (authority, drafted) = (round.authority(), Some((&row.place, &drafted)));
        match authority.check_draft(&drafting.draft, drafted, round.now())?.1 {
            DraftContent::Person(body) => {
                orders.push(person(round, &handler, (body, row), verified)?)
            }
            DraftContent::Letter(body) => {
                made.letters.push(lettered(round, &body, (row, verified))?)
            }
            DraftContent::Revoke(body) => {
                orders.push(revoked(round, &handler, (body, row), verified)?)
            }
            DraftContent::Release(_) | DraftContent::Delegate(_) => {
                return Err(Code::UnknownKind.into());
            }
        }
    }
    if !orders.is_empty() {
        let batch = batch::over(round, &format!("person:{handler}"), &orders)?;
        (made.batch, made.needed) = (batch.order, batch.needed);
    }
    Ok(made)
}

fn person(
    round: &mut Round<'_>,
    handler: &str,
    (body, row): (PersonBody, &ManyRow),
    verified: &VerifiedMany,
) -> Result<NewOrder, IssuerError> {
    check_said(&body, &row.disclosures)?;
    let known = (round.authority(), &round.context.numbers);
    check_number(known, handler, &body, row.number_seal.as_ref())?;
    let parts = OrderParts {
        disclosures: row.disclosures.clone(),
        draft: Some(Box::new(verified.drafting().draft.clone())),
        place: Some(row.place.clone()),
        ..OrderParts::default()
    };
    make(round, &format!("person:{handler}"), &Body::Person(body), parts)
}

/// The order that a wish or an operator would have made of it, with just these certificates.
fn revoked(
    round: &mut Round<'_>,
    handler: &str,
    (body, row): (RevokeBody, &ManyRow),
    verified: &VerifiedMany,
) -> Result<NewOrder, IssuerError> {
    let named = (1..=REVOKED_MAX).contains(&body.serials.len()) && body.wish.is_none();
    if !named || row.disclosures.len() != 1 || row.number_seal.is_some() {
        return Err(Code::Malformed.into());
    }
    check_evidence(&text(&row.disclosures, EVIDENCE_PATH).ok_or(Code::OrderIncomplete)?)?;
    let parts = OrderParts {
        disclosures: row.disclosures.clone(),
        draft: Some(Box::new(verified.drafting().draft.clone())),
        place: Some(row.place.clone()),
        ..OrderParts::default()
    };
    revoke::order(round, &format!("person:{handler}"), body, parts)
}

fn lettered(
    round: &mut Round<'_>,
    body: &LetterBody,
    (row, verified): (&ManyRow, &VerifiedMany),
) -> Result<String, IssuerError> {
    if !row.disclosures.is_empty() || row.number_seal.is_some() {
        return Err(Code::Malformed.into());
    }
    if round.authority().has_open_letter(&body.person, round.now()) {
        return Err(Code::LetterOpen.into());
    }
    allow_letter(round, &body.person)?;
    let draft = Some((&verified.drafting().draft, Some(&row.place)));
    Ok(letter::letter(round, (&body.person, &body.profile), draft)?.reference)
}

/// The batch that was made from just these bodies, while its first order is open: a form that is
/// sent twice, a key that was touched twice, or what was signed again because no answer came. Their
/// salts make those of every other draft others.
fn made_already(round: &Round<'_>, handler: &str, verified: &VerifiedMany) -> Option<ManyMade> {
    let (authority, now) = (round.authority(), round.now());
    let (said, first) = (verified.statement(), verified.drafting().rows.first()?);
    let mut own = authority.open_drafts_of(handler, now);
    let row = own.find(|open| {
        let stands_there = open.read.place.as_ref() == Some(&first.place);
        let drafted = open.read.draft.as_deref().filter(|_| stands_there);
        let before = drafted.and_then(|draft| draft.read().ok());
        before.is_some_and(|one| one.kind == said.kind && one.body == said.body)
    })?;
    let mut all = authority.batches_with(OrderDigest::of(&row.order.0));
    let (_, batch) = all.find(|(_, batch)| batch.read.drafter == row.read.drafter)?;
    let needed = authority.needed(&batch.body);
    Some(ManyMade { batch: batch.read.order.clone(), needed, letters: Vec::new() })
}

fn has_room(round: &Round<'_>, handler: &str, more: usize) -> Result<(), Code> {
    let authority = round.authority();
    let own = authority.open_drafts_of(handler, round.now());
    let own = own.filter(|open| open.read.place.is_some()).count();
    let all = authority.drafting_count(round.now());
    room((own, all, more), (MANY_OF_HANDLER_LEAST, MANY_OF_HANDLER_MAX))
}

/// Whether a handler may have so many more made within this day.
fn allow(
    round: &mut Round<'_>,
    (what, handler): (&str, &str),
    (most, rows): (u32, usize),
) -> Result<(), Code> {
    let rows = u32::try_from(rows).map_err(|_| Code::TooLarge)?;
    round.state.allow_within(&format!("{what}:{handler}"), (most, DAY), rows)
}
