//! What goes with a unit that moves, who gets a say over it or loses theirs, and which access rules
//! reach it from then on or no longer; and the systems of whoever leaves or is transferred.

use super::change::list;
use super::named::{person_named, unit_named};
use ::plain::bilingual::{Fact, fact, role, said};
use ::plain::value::{FactValue, NameAndId, words};
use records::export::ShownOrder;
use records::order::{
    FollowingRule, LedSystem, MovedUnit, NamingRule, PersonBefore, ReachingDeputy, ReachingRole,
};

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
/// Who acts for those.
const GAINS_LENT: (&str, &str) =
    ("代理上述新增角色的人员", "who acts for those whose roles reach it from then on");
const MORE_GAINS_LENT: (&str, &str) =
    ("另有未列出的此类代理（项）", "how many more who act for them, which are not listed");
const LOSES_LENT: (&str, &str) =
    ("代理上述失去角色的人员", "who acts for those whose roles reach it no longer");
const MORE_LOSES_LENT: (&str, &str) =
    ("另有未列出的失去角色的代理（项）", "how many more who act for those, which are not listed");
/// Which access rules in force speak of it, and where.
const BEGINS: (&str, &str) = (
    "点名其上级单位或其角色、划转后随之适用的现行访问规则",
    "access rules in force that name a unit above it, or a role over it, from then on",
);
const MORE_BEGINS: (&str, &str) =
    ("另有未列出的新适用规则（条）", "how many more rules from then on, which are not listed");
const ENDS: (&str, &str) = (
    "点名其原上级单位或其角色、划转后不再适用的现行访问规则",
    "access rules in force that name a unit above it, or a role over it, no longer",
);
const MORE_ENDS: (&str, &str) =
    ("另有未列出的不再适用规则（条）", "how many more rules no longer, which are not listed");
const FOLLOWS: (&str, &str) = (
    "不点名单位、按隶属关系判断的现行访问规则（划转后按新隶属判断）",
    "access rules in force that name no unit and follow it to its new place",
);
const MORE_FOLLOWS: (&str, &str) =
    ("另有未列出的此类规则（条）", "how many more that follow it, which are not listed");
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
    facts.extend(acting(opened, moved));
    facts.extend(ruling(opened, moved));
    facts
}

/// Who acts for those whose say changes, as long as they do.
fn acting(opened: &ShownOrder, moved: &MovedUnit) -> Vec<Fact> {
    let lent = |all: &[ReachingDeputy]| -> Vec<FactValue> {
        all.iter().map(|one| deputy(opened, one)).collect()
    };
    let (gains, loses) = (lent(&moved.gains_lent), lent(&moved.loses_lent));
    let more = |term, more: u32| (more > 0).then(|| fact(term, more.to_string()));
    let mut facts = Vec::new();
    facts.extend((!gains.is_empty()).then(|| list(GAINS_LENT, &[], &gains)));
    facts.extend(more(MORE_GAINS_LENT, moved.more_gains_lent));
    facts.extend((!loses.is_empty()).then(|| list(LOSES_LENT, &loses, &[])));
    facts.extend(more(MORE_LOSES_LENT, moved.more_loses_lent));
    facts
}

/// Which rules say from then on, or no longer, who may pass.
fn ruling(opened: &ShownOrder, moved: &MovedUnit) -> Vec<Fact> {
    let naming = |all: &[NamingRule]| -> Vec<FactValue> {
        let named = |one: &NamingRule| {
            let mut row = rule(opened, (&one.application, &one.rule));
            row.extend([said("，点名 ", ", names ").into(), unit_named(opened, &one.unit)]);
            FactValue::Row(row)
        };
        all.iter().map(named).collect()
    };
    let following = |one: &FollowingRule| -> FactValue {
        FactValue::Row(rule(opened, (&one.application, &one.rule)))
    };
    let follows: Vec<FactValue> = moved.follows.iter().map(following).collect();
    let more = |term, more: u32| (more > 0).then(|| fact(term, more.to_string()));
    let mut facts = vec![list(BEGINS, &[], &naming(&moved.begins))];
    facts.extend(more(MORE_BEGINS, moved.more_begins));
    facts.push(list(ENDS, &naming(&moved.ends), &[]));
    facts.extend(more(MORE_ENDS, moved.more_ends));
    // Whom they let pass becomes another, though they stay as they are.
    let differs = !follows.is_empty();
    facts.push(Fact { differs, ..list(FOLLOWS, &follows, &follows) });
    facts.extend(more(MORE_FOLLOWS, moved.more_follows));
    facts
}

fn rule(opened: &ShownOrder, (application, rule): (&str, &str)) -> Vec<FactValue> {
    let called = opened.order().basis.application(application);
    vec![called.into(), words(": "), rule.into()]
}

fn deputy(opened: &ShownOrder, one: &ReachingDeputy) -> FactValue {
    FactValue::Row(vec![
        person_named(opened, &one.person),
        said("，代 ", ", for ").into(),
        person_named(opened, &one.absent),
        words(": "),
        role(one.role.name()).into(),
        words(", "),
        unit_named(opened, &one.scope),
        words(", "),
        FactValue::time(&one.from),
        words(" – "),
        FactValue::time(&one.until),
    ])
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
