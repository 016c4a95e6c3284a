//! Taking a handler's draft: it becomes an order that others approve, or a letter. Who signed it is
//! its drafter, for people in their care only, and decides nothing about it.

use super::letter;
use super::number::check_number;
use super::order::{OrderParts, make};
use super::revoke::check_evidence;
use crate::command::{Caller, Officer};
use crate::error::IssuerError;
use crate::expiring::DAY;
use crate::officer::person_of;
use crate::round::Round;
use crate::verify::VerifiedDraft;
use ca_api::handler::DraftMade;
use pki::mail::Mailbox;
use pki::name::PersonName;
use records::commitment::{EVIDENCE_PATH, open_text};
use records::draft::{DRAFT_SECONDS, Drafting};
use records::drafted::{DraftContent, LetterBody};
use records::order::{Body, MAIL_PATH, NAME_PATH, PersonAction, PersonBody};
use records::{Bytes, Code, Commitment, Disclosure};

/// Orders in one handler's name that wait for approval.
pub(crate) const DRAFTS_OF_HANDLER_MAX: usize = 500;
/// The same in all names together, those of rosters counted; and how many of a handler wait all the
/// same, so that nobody is kept from drafting by what others drafted.
pub(crate) const DRAFTS_MAX: usize = 20_000;
pub(crate) const DRAFTS_OF_HANDLER_LEAST: usize = 100;
/// Orders, and letters, that one handler may have made within an hour: what is taken back stands in
/// the log for ever all the same.
pub(crate) const ORDERS_OF_HOUR_MAX: u32 = 1_000;
pub(crate) const LETTERS_OF_HOUR_MAX: u32 = 200;
/// Letters of one person within a day, whoever makes them: each is a message to them, and stays one
/// when it is taken back.
pub(crate) const LETTERS_OF_PERSON_MAX: u32 = 10;
/// Both in all names together, but for the first of each handler.
pub(crate) const ALL_OF_HOUR_MAX: u32 = 20_000;
const OF_HOUR_LEAST: u32 = 100;

/// Makes what a draft asks for. The same draft again is the same order, while it is open.
pub(crate) fn draft(
    round: &mut Round<'_>,
    caller: &Caller,
    officer: &Officer,
    verified: &VerifiedDraft,
) -> Result<DraftMade, IssuerError> {
    round.admit(caller)?;
    if !verified.takes_away() {
        round.clock?;
    }
    let (drafting, said) = (verified.drafting(), verified.statement());
    let handler = person_of(round.authority(), &officer.0, round.now())?;
    if drafting.draft.certificate.0 != officer.0.der() {
        return Err(Code::ApprovalSignature.into());
    }
    if let Some(made) = made_already(round, &handler, drafting) {
        return Ok(made);
    }
    if !round.is_fresh(said.unix(), DRAFT_SECONDS, verified.takes_away()) {
        return Err(Code::ChallengeUsed.into());
    }
    let (_, drafted) = round.authority().check_draft(&drafting.draft, None, round.now())?;
    match drafted {
        DraftContent::Person(body) => person(round, &handler, body, drafting),
        DraftContent::Letter(body) => lettered(round, &handler, body, drafting),
        DraftContent::Release(body) => ordered(round, &handler, Body::Release(body), drafting),
        DraftContent::Delegate(body) => ordered(round, &handler, Body::Delegate(body), drafting),
        DraftContent::Revoke(_) => Err(Code::UnknownKind.into()),
    }
}

fn person(
    round: &mut Round<'_>,
    handler: &str,
    body: PersonBody,
    drafting: &Drafting,
) -> Result<DraftMade, IssuerError> {
    let leaves = (body.action == PersonAction::Leave).then_some("leave");
    has_place(round, handler, leaves)?;
    check_said(&body, &drafting.disclosures)?;
    let known = (round.authority(), &round.context.numbers);
    check_number(known, handler, &body, drafting.number_seal.as_ref())?;
    drafted_order(round, handler, &Body::Person(body), drafting)
}

/// A release, or a delegation: it is judged as one that an operator drafts.
fn ordered(
    round: &mut Round<'_>,
    drafter: &str,
    body: Body,
    drafting: &Drafting,
) -> Result<DraftMade, IssuerError> {
    let ends = body.takes_away().then_some("undelegate");
    has_place(round, drafter, ends)?;
    check_beside(&body, (&drafting.disclosures, drafting.number_seal.as_ref()))?;
    drafted_order(round, drafter, &body, drafting)
}

/// What travels with a release is what was looked at; nothing travels with a delegation.
pub(crate) fn check_beside(
    body: &Body,
    (disclosures, number_seal): (&[Disclosure], Option<&Bytes>),
) -> Result<(), Code> {
    let looked_at = match body {
        Body::Release(release) => Some(&release.evidence),
        _ => None,
    };
    if disclosures.len() != usize::from(looked_at.is_some()) || number_seal.is_some() {
        return Err(Code::Malformed);
    }
    let Some(looked_at) = looked_at else { return Ok(()) };
    let text = open_text(looked_at, EVIDENCE_PATH, disclosures);
    check_evidence(text.map_err(|_| Code::OrderIncomplete)?)
}

/// Whether one more may wait. A brake has places of its own, by its name, whatever else waits.
fn has_place(
    round: &mut Round<'_>,
    handler: &str,
    brake: Option<&'static str>,
) -> Result<(), Code> {
    match brake {
        Some(brake) => round.state.allow(&format!("{brake}:{handler}"), ORDERS_OF_HOUR_MAX, 1),
        None => {
            has_room(round, handler)?;
            allow(round, ("orders", handler), ORDERS_OF_HOUR_MAX)
        }
    }
}

fn drafted_order(
    round: &mut Round<'_>,
    handler: &str,
    body: &Body,
    drafting: &Drafting,
) -> Result<DraftMade, IssuerError> {
    let person = body.person().unwrap_or_default().to_owned();
    let parts = OrderParts {
        disclosures: drafting.disclosures.clone(),
        draft: Some(Box::new(drafting.draft.clone())),
        ..OrderParts::default()
    };
    let made = make(round, &format!("person:{handler}"), body, parts)?;
    Ok(DraftMade { order: made.order, needed: made.needed, person, ..DraftMade::default() })
}

/// A handler has one letter of a person at a time: who lost it voids it first.
fn lettered(
    round: &mut Round<'_>,
    handler: &str,
    body: LetterBody,
    drafting: &Drafting,
) -> Result<DraftMade, IssuerError> {
    if !drafting.disclosures.is_empty() || drafting.number_seal.is_some() {
        return Err(Code::Malformed.into());
    }
    if round.authority().has_open_letter(&body.person, round.now()) {
        return Err(Code::LetterOpen.into());
    }
    allow_letter(round, &body.person)?;
    allow(round, ("letters", handler), LETTERS_OF_HOUR_MAX)?;
    let draft = Some((&drafting.draft, None));
    let made = letter::letter(round, (&body.person, &body.profile), draft)?;
    Ok(DraftMade { letter: made.reference, person: made.person, ..DraftMade::default() })
}

/// The order that was made from this statement, while it is open: a form that is sent twice, or a
/// key that was touched twice.
fn made_already(round: &Round<'_>, handler: &str, drafting: &Drafting) -> Option<DraftMade> {
    let authority = round.authority();
    let mut own = authority.open_drafts_of(handler, round.now());
    let said = &drafting.draft.statement;
    let open =
        own.find(|open| open.read.draft.as_deref().is_some_and(|draft| draft.statement == *said))?;
    Some(DraftMade {
        order: open.read.order.clone(),
        needed: authority.needed(&open.body),
        person: open.body.person().unwrap_or_default().to_owned(),
        letter: String::new(),
    })
}

fn has_room(round: &Round<'_>, handler: &str) -> Result<(), Code> {
    let authority = round.authority();
    let open = authority.open_drafts_of(handler, round.now());
    let open = open.filter(|open| open.read.place.is_none());
    let own = open.take(DRAFTS_OF_HANDLER_MAX).count();
    let all = authority.drafting_count(round.now());
    room((own, all, 1), (DRAFTS_OF_HANDLER_LEAST, DRAFTS_OF_HANDLER_MAX))
}

/// Whether so many more may wait beside a handler's own and those in all names: no more than a
/// handler may have, and up to the least that they have however many others wait.
pub(crate) fn room(
    (own, all, more): (usize, usize, usize),
    (least, most): (usize, usize),
) -> Result<(), Code> {
    let has_room = own + more <= least || all + more <= DRAFTS_MAX;
    if own + more <= most && has_room { Ok(()) } else { Err(Code::DraftsTooMany) }
}

/// Whether one more letter may be made for somebody within this day.
pub(crate) fn allow_letter(round: &mut Round<'_>, person: &str) -> Result<(), Code> {
    let own = format!("letters-of:{person}");
    round.state.allow_within(&own, (LETTERS_OF_PERSON_MAX, DAY), 1)
}

/// Whether a handler may have one more made within this hour.
fn allow(round: &mut Round<'_>, (what, handler): (&str, &str), most: u32) -> Result<(), Code> {
    let own = format!("{what}:{handler}");
    round.state.allow(&own, most, 1)?;
    let all = round.state.allow("drafts", ALL_OF_HOUR_MAX, 1);
    if round.state.counted(&own) <= OF_HOUR_LEAST { Ok(()) } else { all }
}

/// What was typed is readable and of its form: each text is the one that the body commits to, and
/// nothing comes beside them. What opens the names of others is added when the order is made.
pub(crate) fn check_said(body: &PersonBody, disclosures: &[Disclosure]) -> Result<(), Code> {
    if disclosures.len() > 2 + usize::from(body.mail.is_some()) {
        return Err(Code::Malformed);
    }
    let told = |held: &Commitment, path: &str| {
        open_text(held, path, disclosures).map_err(|_| Code::OrderIncomplete)
    };
    let name = told(&body.name, NAME_PATH)?;
    // Nobody stays in office for what they are called.
    if body.action != PersonAction::Leave {
        PersonName::read(name).map_err(|_| Code::Malformed)?;
    }
    check_evidence(told(&body.evidence, EVIDENCE_PATH)?)?;
    if let Some(mail) = &body.mail {
        Mailbox::read(told(mail, MAIL_PATH)?).map_err(|_| Code::Malformed)?;
    }
    Ok(())
}
