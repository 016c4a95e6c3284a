//! What a transfer or leaving would take away, told before it is signed or approved: the CA's
//! answer of this moment, beside what is signed. Pages, desk, terminal and machines are told the
//! same.

use super::decision::titled;
use ::plain::bilingual::{BilingualText, Fact, fact, role, said};
use ::plain::value::{FactValue, words};
use records::consequence::{Consequences, RoleLine, RuleLine};
use records::export::OpenedOrder;
use records::order::{Body, PersonAction};

/// The heading above it.
pub fn consequence_title() -> BilingualText {
    said("办结后的影响", "what follows once it is carried out")
}

/// What follows of an order about a person, as somebody tells it; nothing where nothing is told.
pub fn about_consequence(body: &Body, told: Option<&Consequences>) -> Vec<Fact> {
    match (body, told) {
        (Body::Person(person), Some(told)) => {
            consequences(person.action == PersonAction::Leave, told)
        }
        _ => Vec::new(),
    }
}

/// What follows of orders in a batch, behind the name of each of which something is told.
pub fn about_consequences(order: &OpenedOrder, told: &[Option<Consequences>]) -> Vec<Fact> {
    let one = |(row, told): (&OpenedOrder, &Option<Consequences>)| {
        let facts = about_consequence(row.body(), told.as_ref());
        let of = ("办结后的影响", "what follows of");
        let title = (!facts.is_empty()).then(|| fact(of, titled(row)));
        title.into_iter().chain(facts)
    };
    order.rows().iter().zip(told).flat_map(one).collect()
}

fn consequences(leaves: bool, told: &Consequences) -> Vec<Fact> {
    let certificates = match leaves {
        true => ("随即吊销的证书", "certificate that is revoked at once"),
        false => (
            "各应用系统不再接受的证书（须重新申领）",
            "certificate that is refused, to be issued anew",
        ),
    };
    let texts = |term, all: &[String]| -> Vec<Fact> {
        all.iter().map(|one| fact(term, FactValue::Row(vec![one.into()]))).collect()
    };
    let mut facts = texts(certificates, &told.certificates);
    facts.extend(told.roles.iter().map(|one| fact(("终止的角色", "role that ends"), held(one))));
    facts.extend(texts(("作废的密码信封", "letter that ends"), &told.letters));
    if told.orders > 0 {
        let term = ("只能退回的在办事项", "open orders that can only be declined");
        facts.push(fact(term, told.orders.to_string()));
    }
    let term = ("不能再进入的应用系统", "application that knows them no longer");
    facts.extend(told.applications.iter().map(|one| fact(term, one.clone())));
    let term = ("新增可识别其身份的应用系统", "application that knows them from then on");
    facts.extend(told.enters.iter().map(|one| fact(term, one.clone())));
    let begins =
        ("自此适用的访问规则（点名其单位）", "access rule that names their unit from then on");
    facts.extend(told.begins.iter().map(|one| fact(begins, ruled(one))));
    let ends =
        ("不再适用的访问规则（点名其原单位）", "access rule that names their unit no longer");
    facts.extend(told.ends.iter().map(|one| fact(ends, ruled(one))));
    if facts.is_empty() {
        let none = said(
            "没有证书、角色、密码信封或在办事项受影响",
            "no certificate, role, letter or open order is touched",
        );
        facts.push(fact(("影响", "consequence"), none));
    }
    facts
}

/// A role with where it counts, by name and id.
fn held(one: &RoleLine) -> FactValue {
    FactValue::Row(vec![
        role(&one.role).into(),
        words(" · "),
        one.place.as_str().into(),
        words(" ("),
        one.scope.as_str().into(),
        words(")"),
    ])
}

/// An access rule with the unit that it names, by name and id.
fn ruled(one: &RuleLine) -> FactValue {
    FactValue::Row(vec![
        one.application.clone().into(),
        words(": "),
        one.rule.as_str().into(),
        words(" · "),
        one.place.as_str().into(),
        words(" ("),
        one.unit.as_str().into(),
        words(")"),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each thing that is taken away is a fact of its own, for a leave and for a transfer.
    #[test]
    fn everything_that_follows_is_told() {
        let line = RoleLine {
            role: "unit-handler".into(),
            scope: "sz-office".into(),
            place: "商州区 › 政府办公室".into(),
        };
        let rule = |rule: &str| RuleLine {
            application: records::DisplayName::of_id("exchange"),
            rule: rule.into(),
            unit: "shangzhou".into(),
            place: "商州区".into(),
        };
        let told = Consequences {
            certificates: vec!["0101".into(), "0202".into()],
            roles: vec![line],
            letters: vec!["5GPJWBSG64S36D1N".into()],
            orders: 1,
            applications: vec![records::DisplayName::of_id("exchange")],
            enters: vec![records::DisplayName::of_id("archives")],
            begins: vec![rule("county")],
            ends: vec![rule("GET /seal")],
        };
        for leaves in [true, false] {
            assert_eq!(consequences(leaves, &told).len(), 9);
            assert_eq!(consequences(leaves, &Consequences::default()).len(), 1);
        }
        assert_ne!(consequences(true, &told), consequences(false, &told));
    }
}
