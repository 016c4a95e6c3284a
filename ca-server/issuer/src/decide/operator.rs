//! What operators ask for: each request becomes an order, a letter or an approval, or is refused.

use super::emergency::{self, EmergencyRequest};
use super::order::{OrderParts, make};
use super::revoke::check_evidence;
use super::system::SystemPeople;
use super::{agent, approve, letter, list, renew, revoke, suspend, system, withdraw};
use crate::catch_up::policies;
use crate::error::IssuerError;
use crate::loaded::text;
use crate::round::Round;
use crate::rows::RowChange;
use authority::{Authority, Person};
use ca_host::operator::{OperatorAnswer, OperatorRequest};
use pki::CertificateProfile;
use pki::mail::Mailbox;
use pki::name::{PersonName, UnitName};
use records::commitment::EVIDENCE_PATH;
use records::order::{
    ApprovalRulesBody, Body, BundleBody, MAIL_PATH, NAME_PATH, PersonAction, PersonBody,
    PortalBody, ProfileBody, ProfileRef, REVOKED_MAX, RevokeBody, RoleBody, UnitAction, UnitBody,
    bundle_digest,
};
use records::record::File;
use records::rules::{ApprovalRules, check_approvers};
use records::{Bytes, Code, Disclosure};
use sha2::{Digest, Sha256};

const UNIT_ID_CHARS_MAX: usize = 32;
/// So far behind the version in force a later one may be, dates as numbers included (20261203): a
/// slip of a digit leaves versions for whatever follows it.
const VERSIONS_AHEAD_MAX: u32 = 100_000_000;

/// Does what an operator asks for.
pub(crate) fn operator(
    round: &mut Round<'_>,
    request: OperatorRequest,
    drafter: &str,
) -> Result<OperatorAnswer, IssuerError> {
    match request {
        OperatorRequest::Repair {} => Ok(repair(round)),
        OperatorRequest::RootList { list } => {
            list::root_list(round, &list.0).map(|()| OperatorAnswer::default())
        }
        OperatorRequest::Revoke { person, serials, reason, evidence } => {
            check_evidence(&evidence)?;
            if serials.len() > REVOKED_MAX {
                return Err(Code::Malformed.into());
            }
            let holder = revoke::named(round, person)?;
            let (evidence, opens) = round.commitment(EVIDENCE_PATH, evidence)?;
            let (person, system) = (holder.person.clone(), holder.system);
            let body = RevokeBody { person, system, serials, reason, evidence, wish: None };
            let made = revoke::order(round, drafter, body, revoke::seen(opens))?;
            let (order, approvals) = (made.order, (0, made.needed));
            Ok(OperatorAnswer { order, person: holder.person, approvals, ..Default::default() })
        }
        OperatorRequest::Release { serial, evidence } => {
            let (made, person) = suspend::release(round, drafter, &serial, evidence)?;
            let approvals = (0, made.needed);
            Ok(OperatorAnswer { order: made.order, person, approvals, ..Default::default() })
        }
        OperatorRequest::Renew { message } => {
            let serial = renew::renew(round, &message)?;
            Ok(OperatorAnswer { serial, ..Default::default() })
        }
        OperatorRequest::Letter { person, profile } => {
            letter::letter(round, (&person, &profile), None)
        }
        OperatorRequest::Withdraw { order } => {
            let withdrawn = withdraw::order_of(round, drafter, &order, None)?;
            Ok(OperatorAnswer { withdrawn: withdrawn.name, ..Default::default() })
        }
        OperatorRequest::VoidLetter { reference } => letter::void(round, drafter, &reference),
        OperatorRequest::ReplaceLetter { reference } => letter::replace(round, drafter, &reference),
        OperatorRequest::Approval { approval } => {
            let approved = approve::record_approval(round, &approval)?;
            let approvals = (approved.approvals, approved.needed);
            Ok(OperatorAnswer { order: approved.order, approvals, ..Default::default() })
        }
        OperatorRequest::Agent { body } => agent::order(round, drafter, *body),
        OperatorRequest::System { body, operator, contact } => {
            system::order(round, drafter, *body, SystemPeople { operator, contact })
        }
        order => {
            if !order.takes_away() {
                round.clock?;
            }
            let (body, parts) = order_of(round, order)?;
            check_version(round.authority(), &body)?;
            let person = body.person().map_or_else(String::new, str::to_owned);
            let made = make(round, drafter, &body, parts)?;
            let approvals = (0, made.needed);
            Ok(OperatorAnswer { order: made.order, person, approvals, ..Default::default() })
        }
    }
}

/// The order that a request asks for.
fn order_of(
    round: &mut Round<'_>,
    request: OperatorRequest,
) -> Result<(Body, OrderParts), IssuerError> {
    match request {
        OperatorRequest::Unit { action, unit, name, county, parent } => {
            let wanted = UnitBody { action, unit, county, name, parent };
            Ok((unit_order(round, wanted)?, OrderParts::default()))
        }
        OperatorRequest::Person { action, person, name, mail, unit, evidence } => {
            person_order(round, action, PersonRequest { person, name, mail, unit, evidence })
        }
        OperatorRequest::Role { action, person, role, scope } => {
            Ok((Body::Role(RoleBody { action, person, role, scope }), OrderParts::default()))
        }
        OperatorRequest::Delegate { body } => Ok((Body::Delegate(*body), OrderParts::default())),
        OperatorRequest::Profile { content } => Ok(profile_order(content)?),
        OperatorRequest::ApprovalRules { content } => Ok(rules_order(content)?),
        OperatorRequest::Portal { body } => Ok((portal_order(round, *body), OrderParts::default())),
        OperatorRequest::Mode { body } => {
            if !body.is_sound(round.now()) {
                return Err(Code::Malformed.into());
            }
            round.authority().mode_changes(&body)?;
            Ok((Body::Mode(body), OrderParts::default()))
        }
        OperatorRequest::Emergency { application, people, from, until, evidence } => {
            let wanted = EmergencyRequest { application, people, from, until, evidence };
            emergency::order_of(round, wanted)
        }
        OperatorRequest::EmergencyReview { order, evidence } => {
            emergency::review_of(round, order, evidence)
        }
        OperatorRequest::Bundle { version, files } => Ok(bundle_order(version, files)?),
        _ => Err(Code::UnknownKind.into()),
    }
}

struct PersonRequest {
    person: String,
    name: String,
    mail: String,
    unit: String,
    evidence: String,
}

fn person_order(
    round: &mut Round<'_>,
    action: PersonAction,
    wanted: PersonRequest,
) -> Result<(Body, OrderParts), IssuerError> {
    let (person, version, kept) = if action == PersonAction::Create {
        (round.id()?, 1, (String::new(), String::new(), String::new()))
    } else {
        let state = round.authority().person(&wanted.person).ok_or(Code::PersonUnknown)?;
        let known = round.loaded.person(&wanted.person, state);
        let known = match action {
            PersonAction::Leave => leaver(round, &wanted.person, state),
            _ => known?,
        };
        let told = |path| text(known.iter().copied(), path);
        // Who leaves and whose name no row opens is called by their id.
        let name = told(NAME_PATH).unwrap_or_else(|| wanted.person.clone());
        let kept = (state.unit.clone(), name, told(MAIL_PATH).unwrap_or_default());
        (wanted.person, state.version + 1, kept)
    };
    let chosen = |given: String, kept| if given.is_empty() { kept } else { given };
    // Who leaves does so where they are: in a unit that does not exist nobody could approve it.
    let unit = if action == PersonAction::Leave { String::new() } else { wanted.unit };
    let (unit, name, mail) =
        (chosen(unit, kept.0), chosen(wanted.name, kept.1), chosen(wanted.mail, kept.2));
    // Nobody stays in office for what they are called.
    if action != PersonAction::Leave {
        PersonName::read(&name).map_err(|_| Code::Malformed)?;
    }
    check_evidence(&wanted.evidence)?;
    let (name, name_opened) = round.commitment("/name", name)?;
    let (evidence, evidence_opened) = round.commitment(EVIDENCE_PATH, wanted.evidence)?;
    let mut disclosures = vec![name_opened, evidence_opened];
    let mail = if mail.is_empty() {
        None
    } else {
        Mailbox::read(&mail).map_err(|_| Code::Malformed)?;
        let (commitment, opened) = round.commitment("/mail", mail)?;
        disclosures.push(opened);
        Some(commitment)
    };
    let held = round.authority().person(&person).and_then(|state| state.number);
    let number = held.map(Bytes::from);
    let body = PersonBody { action, person, version, unit, name, mail, number, evidence };
    Ok((Body::Person(body), OrderParts { disclosures, ..OrderParts::default() }))
}

/// What opens the record of somebody who leaves, as far as rows do: one that is spoiled or gone
/// keeps nobody in office.
fn leaver<'l>(round: &Round<'l>, id: &str, state: &Person) -> Vec<&'l Disclosure> {
    let loaded = round.loaded;
    let name = loaded.opening(id, NAME_PATH, &state.name);
    let mail = state.mail.as_ref().and_then(|held| loaded.opening(id, MAIL_PATH, held));
    name.into_iter().chain(mail).collect()
}

fn unit_order(round: &Round<'_>, wanted: UnitBody) -> Result<Body, Code> {
    let UnitBody { action, unit, county, name, parent } = wanted;
    let id = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if unit.is_empty() || unit.len() > UNIT_ID_CHARS_MAX || !unit.chars().all(id) {
        return Err(Code::Malformed);
    }
    let known = round.authority().unit(&unit).cloned();
    let (name, county, parent) = match (action, known) {
        (UnitAction::Create, _) => (name, county, parent),
        (_, None) => return Err(Code::UnitUnknown),
        (UnitAction::Move, Some(known)) => (known.name, known.county, parent),
        (UnitAction::Close, Some(known)) => {
            (known.name, known.county, known.parent.unwrap_or_default())
        }
    };
    if action == UnitAction::Create {
        UnitName::read(&name).map_err(|_| Code::Malformed)?;
    }
    Ok(Body::Unit(UnitBody { action, unit, county, name, parent }))
}

/// Whoever closes a portal names it: the rest is what authority holds, which approvers read as what
/// ends, and no key or host comes with it.
fn portal_order(round: &Round<'_>, wanted: PortalBody) -> Body {
    let known = round.authority().portal(&wanted.portal);
    let Some(known) = known.filter(|_| wanted.action == "close") else {
        return Body::Portal(wanted);
    };
    Body::Portal(PortalBody {
        unit: known.unit.clone(),
        public_host: known.public_host.clone(),
        public_key: Bytes::default(),
        staff_host: known.staff_host.clone(),
        staff_key: Bytes::default(),
        machines_host: known.machines_host.clone(),
        machines_key: Bytes::default(),
        ..wanted
    })
}

fn sha256(content: &str) -> Bytes {
    Bytes::from(Sha256::digest(content.as_bytes()).as_slice())
}

fn profile_order(content: String) -> Result<(Body, OrderParts), Code> {
    let profile = CertificateProfile::read(&content).map_err(|_| Code::Malformed)?;
    check_approvers(&profile).map_err(|_| Code::Malformed)?;
    let (id, version) = (profile.id().to_owned(), profile.version());
    let name = format!("profiles/{id}.toml");
    let profile = ProfileRef { id, version, digest: sha256(&content) };
    let files = vec![File { name, content }];
    Ok((Body::Profile(ProfileBody { profile }), OrderParts { files, ..OrderParts::default() }))
}

fn rules_order(content: String) -> Result<(Body, OrderParts), Code> {
    let rules = ApprovalRules::read(&content).map_err(|_| Code::Malformed)?;
    rules.check_approvers().map_err(|_| Code::Malformed)?;
    let body = ApprovalRulesBody { digest: sha256(&content), version: rules.version };
    let files = vec![File { name: "approvals.toml".into(), content }];
    Ok((Body::ApprovalRules(body), OrderParts { files, ..OrderParts::default() }))
}

/// Refuses a version behind which none could come for long.
fn check_version(authority: &Authority, body: &Body) -> Result<(), Code> {
    let (version, in_force) = match body {
        Body::Profile(body) => {
            let known = authority.profile(&body.profile.id);
            (body.profile.version, known.map_or(0, |known| known.version))
        }
        Body::ApprovalRules(rules) => (rules.version, authority.approval_rules().0.version),
        Body::Bundle(bundle) => (bundle.version, authority.bundle().version),
        _ => return Ok(()),
    };
    if version.saturating_sub(in_force) > VERSIONS_AHEAD_MAX {
        tracing::info!(version, in_force, "a version is too far ahead");
        return Err(Code::Malformed);
    }
    Ok(())
}

fn bundle_order(version: u32, files: Vec<File>) -> Result<(Body, OrderParts), Code> {
    let content = |file: &File| (file.name.clone(), file.content.clone());
    let bundle = policy::Bundle::read(version, files.iter().map(content)).map_err(|error| {
        tracing::info!(%error, "a rule bundle is not accepted");
        Code::RulesMalformed
    })?;
    // What a replay found is about just these rules, or is shown to nobody.
    let rules = files.iter().filter(|file| !file.name.ends_with(".replay.toml"));
    let rules = bundle_digest(rules.map(|file| (file.name.as_str(), file.content.as_str())));
    if bundle.replays().iter().any(|replay| replay.rules != rules.to_string()) {
        return Err(Code::RulesMalformed);
    }
    let pairs = files.iter().map(|file| (file.name.as_str(), file.content.as_str()));
    let digest = bundle_digest(pairs);
    if digest.digest().is_none() {
        return Err(Code::RulesMalformed);
    }
    Ok((
        Body::Bundle(BundleBody { version, digest }),
        OrderParts { files, ..OrderParts::default() },
    ))
}

/// Writes cached rows and policy files again as the log says they are.
fn repair(round: &mut Round<'_>) -> OperatorAnswer {
    round.change(RowChange::Rewrite);
    for effect in policies(round.authority()) {
        round.after(effect);
    }
    OperatorAnswer { repaired: vec!["rows".into(), "policies".into()], ..Default::default() }
}
