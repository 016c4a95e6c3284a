//! The facts of an order: each kind of body field by field, beside what is in force.

use super::batch::{about_batch, without_lists};
use super::change::files;
use super::emergency::{about_emergency, about_review};
use super::issued::issued;
use super::mode::about_mode;
use super::named::person_named;
use super::office::{about_delegation, about_holder, about_person, about_role, about_unit};
use super::passkey::about_passkey;
use super::revoke::{released, revoked};
use super::service::{about_agent, about_portal, in_force, profile};
use super::system::about_system;
use super::wish::{about_draft, about_place, asked_by, batched_by, drafted_by, signed_by};
use ::plain::bilingual::{Fact, fact, said};
use ::plain::value::{FactValue, words};
use records::export::{OpenedOrder, ShownOrder};
use records::order::{Body, PriorState};

/// Everything that is shown before somebody consents, who drafted it included.
pub fn facts(opened: &OpenedOrder) -> Vec<Fact> {
    let mut facts = facts_unsigned(opened);
    let order = opened.order();
    let version = words(&format!(", v{}", order.version));
    let named = FactValue::Row(vec![(&order.order).into(), version]);
    facts.push(fact(("办件编号", "order"), named));
    facts.push(fact(("签发机构", "issuing CA"), order.issuer.clone()));
    facts
}

/// The same where the orders of a batch stand below, one by one.
pub fn facts_above_rows(opened: &OpenedOrder) -> Vec<Fact> {
    match opened.body() {
        Body::Batch(_) => without_lists(facts(opened)),
        _ => facts(opened),
    }
}

/// What an order would say that nobody signed: of a draft, before its handler signs.
pub fn facts_unsigned(opened: &ShownOrder) -> Vec<Fact> {
    let before = opened.before();
    let person = match before {
        Some(PriorState::Person(before)) => Some(before),
        _ => None,
    };
    let mut facts: Vec<Fact> = match (opened.body(), before) {
        (Body::Issue(issue), _) => {
            let holder = person.map(|held| about_holder(opened, held));
            issued(opened, issue).into_iter().chain(holder).collect()
        }
        (Body::Person(body), _) => about_person(opened, body, person),
        (Body::Role(body), _) => about_role(opened, body, person),
        (Body::Delegate(body), _) => about_delegation(opened, body, person),
        (Body::Revoke(body), _) => revoked(opened, body, person),
        (Body::Release(body), _) => released(opened, body, person),
        (Body::Credential(body), _) => {
            let who = fact(("证书持有人", "for whom"), person_named(opened, &body.person));
            std::iter::once(who).chain(about_passkey(body)).collect()
        }
        (Body::Unit(body), Some(PriorState::Unit(before))) => {
            about_unit(opened, body, Some(before))
        }
        (Body::Unit(body), _) => about_unit(opened, body, None),
        (Body::Batch(body), _) => about_batch(opened, body),
        (Body::Profile(body), _) => profile(opened, &body.profile),
        (Body::ApprovalRules(body), _) => in_force(
            opened,
            ("审批规则生效", "approval rules in force"),
            body.version,
            &body.digest,
        ),
        (Body::Bundle(body), _) => {
            in_force(opened, ("访问规则生效", "access rules in force"), body.version, &body.digest)
        }
        (Body::Portal(body), Some(PriorState::Portal(was))) => {
            about_portal(opened, body, Some(was))
        }
        (Body::Portal(body), _) => about_portal(opened, body, None),
        (Body::Agent(body), Some(PriorState::Agent(was))) => about_agent(opened, body, Some(was)),
        (Body::Agent(body), _) => about_agent(opened, body, None),
        (Body::System(body), Some(PriorState::System(was))) => {
            about_system(opened, body, Some(was))
        }
        (Body::System(body), _) => about_system(opened, body, None),
        (Body::Mode(body), Some(PriorState::Mode(was))) => about_mode(opened, body, Some(was)),
        (Body::Mode(body), _) => about_mode(opened, body, None),
        (Body::Emergency(body), _) => about_emergency(opened, body),
        (Body::EmergencyReview(body), Some(PriorState::Emergency(was))) => {
            about_review(opened, body, Some(was))
        }
        (Body::EmergencyReview(body), _) => about_review(opened, body, None),
    };
    facts.extend(files(opened.files_before(), opened.files()));
    if !opened.is_comparable() {
        let moved =
            said("没有附上，无法比较；只能退回", "it did not come; this can only be declined");
        facts.push(fact(("现行文件", "what is in force now"), moved));
    }
    facts.push(drafted(opened));
    let draft = opened.order().draft.as_deref().into_iter();
    facts.extend(draft.flat_map(about_draft));
    facts.extend(opened.order().place.iter().flat_map(about_place));
    let expires = FactValue::time(&opened.order().expires);
    facts.push(fact(("办件截止时间", "order expires"), expires));
    facts
}

/// Who drafted it: a user of the CA host as its kernel told, an officer, or whoever applied.
fn drafted(opened: &ShownOrder) -> Fact {
    let drafter = &opened.order().drafter;
    let value = match drafter.split_once(':') {
        Some(("operator", user)) => FactValue::Row(vec![
            said("签发主机的操作员，系统用户号 ", "operator of the CA host, user ").into(),
            user.into(),
            said("（由主机内核确认）", " (told by its kernel)").into(),
        ]),
        Some(("person", person)) => match opened.body() {
            Body::Revoke(body) if opened.order().draft.is_none() => {
                asked_by(person_named(opened, person), body.wish.as_deref())
            }
            Body::Batch(_) => batched_by(person_named(opened, person), has_drafted_all(opened)),
            Body::Release(_) | Body::Delegate(_) | Body::Revoke(_) => {
                signed_by(person_named(opened, person), opened.order().draft.as_deref())
            }
            _ => drafted_by(person_named(opened, person), opened.order().draft.as_deref()),
        },
        Some(("letter", reference)) => FactValue::Row(vec![
            said("密码信封 ", "whoever applied under letter ").into(),
            reference.into(),
            said(" 的申请人", "").into(),
        ]),
        _ => FactValue::Row(vec![drafter.into()]),
    };
    fact(("起草人", "drafted by"), value)
}

/// Whether the drafter of a batch signed the draft of each order in it.
fn has_drafted_all(opened: &ShownOrder) -> bool {
    let drafter = &opened.order().drafter;
    let own = |row: &ShownOrder| row.order().draft.is_some() && row.order().drafter == *drafter;
    !opened.rows().is_empty() && opened.rows().iter().all(|row| own(row))
}
