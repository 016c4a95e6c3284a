//! Taking a draft of many: one signature of a handler, and an order or letter for each body, every
//! one judged as if it came alone. Orders stand in one batch, so that officers approve once.

use super::batch;
use super::draft::{DRAFTS_MAX, check_fresh, check_said};
use super::letter;
use super::order::{OrderParts, make};
use crate::command::{Caller, Officer};
use crate::error::IssuerError;
use crate::officer::person_of;
use crate::round::Round;
use crate::verify::VerifiedMany;
use authority::OrderDigest;
use ca_api::handler::ManyMade;
use records::draft::ManyRow;
use records::drafted::{Drafted, LetterBody};
use records::order::{BATCH_ROWS_MAX, Body, PersonBody};
use records::{Bytes, Code};

/// Orders from drafts of many in one handler's name that wait for approval: a roster.
pub(crate) const MANY_OF_HANDLER_MAX: usize = 5_000;
/// Most letters of one message: each is two files that are durable before the answer.
pub(crate) const LETTERS_MAX: usize = 100;

/// Makes what the bodies ask for: all of it, or nothing.
pub(crate) fn many(
    round: &mut Round<'_>,
    caller: &Caller,
    officer: &Officer,
    verified: &VerifiedMany,
) -> Result<ManyMade, IssuerError> {
    round.admit(caller)?;
    round.clock?;
    let (drafting, said) = (verified.drafting(), verified.statement());
    let handler = person_of(round.authority(), &officer.0, round.now())?;
    if drafting.draft.certificate.0 != officer.0.der() {
        return Err(Code::ApprovalSignature.into());
    }
    if !said.is_of_many() || drafting.rows.is_empty() {
        return Err(Code::Malformed.into());
    }
    let most = if said.kind == "letters" { LETTERS_MAX } else { BATCH_ROWS_MAX };
    if drafting.rows.len() > most {
        return Err(Code::TooLarge.into());
    }
    if let Some(made) = made_already(round, &handler, verified) {
        return Ok(made);
    }
    check_fresh(round, said.unix())?;
    if said.kind == "people" {
        has_room(round, &handler, drafting.rows.len())?;
    }
    let mut made = ManyMade::default();
    let mut orders: Vec<Bytes> = Vec::new();
    for row in &drafting.rows {
        let drafted = Drafted::of_many(said, row.body.clone())?;
        let (authority, drafted) = (round.authority(), Some((&row.place, &drafted)));
        match authority.check_draft(&drafting.draft, drafted, round.now())?.1 {
            Drafted::Person(body) => orders.push(person(round, &handler, (body, row), verified)?),
            Drafted::Letter(body) => made.letters.push(lettered(round, &body, (row, verified))?),
        }
    }
    if !orders.is_empty() {
        let batch = batch::over(round, &format!("person:{handler}"), orders)?;
        (made.batch, made.needed) = (batch.order, batch.needed);
    }
    Ok(made)
}

fn person(
    round: &mut Round<'_>,
    handler: &str,
    (body, row): (PersonBody, &ManyRow),
    verified: &VerifiedMany,
) -> Result<Bytes, IssuerError> {
    check_said(&body, &row.disclosures)?;
    let parts = OrderParts {
        disclosures: row.disclosures.clone(),
        draft: Some(Box::new(verified.drafting().draft.clone())),
        place: Some(row.place.clone()),
        ..OrderParts::default()
    };
    let made = make(round, &format!("person:{handler}"), &Body::Person(body), parts)?;
    Ok(made.digest.into())
}

fn lettered(
    round: &mut Round<'_>,
    body: &LetterBody,
    (row, verified): (&ManyRow, &VerifiedMany),
) -> Result<String, IssuerError> {
    if !row.disclosures.is_empty() {
        return Err(Code::Malformed.into());
    }
    if round.authority().has_open_letter(&body.person, round.now()) {
        return Err(Code::LetterOpen.into());
    }
    let draft = Some((&verified.drafting().draft, Some(&row.place)));
    Ok(letter::letter(round, (&body.person, &body.profile), draft)?.reference)
}

/// The batch that was made from these bodies, while its first order is open: a form that is sent
/// twice.
fn made_already(round: &Round<'_>, handler: &str, verified: &VerifiedMany) -> Option<ManyMade> {
    let (authority, now) = (round.authority(), round.now());
    let (draft, first) = (&verified.drafting().draft, verified.drafting().rows.first()?);
    let mut own = authority.open_drafts_of(handler, now);
    let row = own.find(|open| {
        open.read.place.as_ref() == Some(&first.place) && open.read.draft.as_deref() == Some(draft)
    })?;
    let batch = authority.batch_of(OrderDigest::of(&row.order.0))?;
    let needed = authority.needed(&batch.body);
    Some(ManyMade { batch: batch.read.order.clone(), needed, letters: Vec::new() })
}

fn has_room(round: &Round<'_>, handler: &str, more: usize) -> Result<(), Code> {
    let authority = round.authority();
    let own = authority.open_drafts_of(handler, round.now());
    let own = own.filter(|open| open.read.place.is_some()).count() + more;
    match own <= MANY_OF_HANDLER_MAX && authority.drafting_count() + more <= DRAFTS_MAX {
        true => Ok(()),
        false => Err(Code::DraftsTooMany),
    }
}
