//! What goes with a unit that moves, who gets a say over it or loses theirs; and the systems of
//! whoever leaves or is transferred.

use super::change::list;
use super::named::{person_named, unit_named};
use ::plain::bilingual::{Fact, fact, role};
use ::plain::value::{FactValue, NameAndId, words};
use records::export::ShownOrder;
use records::order::{LedSystem, MovedUnit, PersonBefore, ReachingRole};

/// Whose roles reach the unit from then on.
const GAINS: (&str, &str) = (
    "划转后对该单位及其下级行使的角色（新增）",
    "roles that reach it and what is below it from then on",
);
const MORE_GAINS: (&str, &str) =
    ("另有未列出的新增角色（个）", "how many more such roles, which are not listed");
/// Whose roles reach it no longer.
const LOSES: (&str, &str) =
    ("划转后不再及于该单位及其下级的角色", "roles that reach it and what is below it no longer");
const MORE_LOSES: (&str, &str) =
    ("另有未列出的失去角色（个）", "how many more roles that do no longer, which are not listed");
/// What somebody is in charge of, which the order leaves with them.
const LEADS: (&str, &str) = (
    "主管的系统（本办件不改变主管人，须另行登记）",
    "systems that they are in charge of, and stay so until each is registered anew",
);
const MORE_LEADS: (&str, &str) =
    ("另有未列出的主管系统（个）", "how many more systems that they are in charge of, not listed");

/// Everything that goes with a unit that moves, and everybody whose say over it changes.
pub(super) fn moving(opened: &ShownOrder, moved: &MovedUnit) -> Vec<Fact> {
    let count = |term, count: u32| fact(term, count.to_string());
    let more = |term, more: u32| (more > 0).then(|| count(term, more));
    let roles = |all: &[ReachingRole]| -> Vec<FactValue> {
        all.iter().map(|one| reaching(opened, one)).collect()
    };
    let applications = |all: &[String]| -> Vec<FactValue> {
        let named = |id: &String| -> FactValue { opened.order().basis.application(id).into() };
        all.iter().map(named).collect()
    };
    let mut facts = vec![
        count(("随迁的下级单位（个）", "units below it that go with it"), moved.units),
        count(
            ("随迁的在职人员（人，起草时）", "people who go with it, when drafted"),
            moved.people,
        ),
        count(
            ("其中与新归属不符的证书（张，起草时）", "their certificates that say other units"),
            moved.certificates,
        ),
        count(("随迁的系统（个，起草时）", "systems that go with it, when drafted"), moved.systems),
        list(GAINS, &[], &roles(&moved.gains)),
    ];
    facts.extend(more(MORE_GAINS, moved.more_gains));
    facts.push(list(LOSES, &roles(&moved.loses), &[]));
    facts.extend(more(MORE_LOSES, moved.more_loses));
    let (enters, leaves) = (applications(&moved.enters), applications(&moved.leaves));
    let enters_term =
        ("新增可识别其人员的应用系统", "applications whose gates know them from then on");
    let leaves_term = ("不再识别其人员的应用系统", "applications whose gates know them no longer");
    facts.push(list(enters_term, &[], &enters));
    facts.push(list(leaves_term, &leaves, &[]));
    facts
}

fn reaching(opened: &ShownOrder, one: &ReachingRole) -> FactValue {
    FactValue::Row(vec![
        person_named(opened, &one.person),
        words(": "),
        role(one.role.name()).into(),
        words(", "),
        unit_named(opened, &one.scope),
    ])
}

/// Systems of which somebody is in charge: an order about them names nobody else for these, which
/// whoever approves that they `go` reads as a matter to see to.
pub(super) fn led(before: &PersonBefore, go: bool) -> Vec<Fact> {
    let named = |one: &LedSystem| -> FactValue {
        NameAndId { name: Some(one.name.clone()), id: one.system.clone(), unit: None }.into()
    };
    let systems: Vec<FactValue> = before.leads.iter().map(named).collect();
    let told =
        (!systems.is_empty()).then(|| Fact { differs: go, ..list(LEADS, &systems, &systems) });
    let more = (before.more_leads > 0).then(|| fact(MORE_LEADS, before.more_leads.to_string()));
    told.into_iter().chain(more).collect()
}
