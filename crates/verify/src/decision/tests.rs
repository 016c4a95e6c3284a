//! What the rules give, as whoever has a bundle finds it out.

use super::*;
use policy::{Bundle, Circumstances};
use records::people::{SnapshotDelegation, SnapshotPerson, SnapshotUnit};
use records::rules::Role;

/// First and last second of what is lent.
const FROM: u64 = 1_800_000_600;
const UNTIL: u64 = FROM + 600;

/// The snapshot of a gate, in which somebody of an office acts for its handler.
fn lending() -> PeopleSnapshot {
    let unit = |unit: &str, parent: Option<&str>| SnapshotUnit {
        unit: unit.into(),
        name: unit.into(),
        parent: parent.map(str::to_owned),
        served: true,
    };
    let lent = SnapshotDelegation {
        role: Role::UnitHandler,
        scope: "office".into(),
        absent: "ABSENT".into(),
        from: records::time::seconds(FROM),
        until: records::time::seconds(UNTIL),
    };
    let person = SnapshotPerson {
        person: "DEPUTY".into(),
        unit: "office".into(),
        roles: Vec::new(),
        lent: vec![lent],
    };
    PeopleSnapshot {
        v: 1,
        founding: [7; 32].into(),
        agent: "gate-1".into(),
        order: Bytes::default(),
        application: "exchange".into(),
        hosts: Vec::new(),
        number: 1,
        bundle: 1,
        policy: Bytes::default(),
        mode: None,
        emergencies: Vec::new(),
        this_update: records::time::seconds(FROM - 3_600),
        next_update: records::time::seconds(UNTIL + 3_600),
        units: vec![unit("city", None), unit("office", Some("city"))],
        people: vec![person],
    }
}

/// The rules of the sample application, and that whoever acts for a handler sends.
fn rules_for_deputies() -> Bundle {
    let rules = "@id(\"deputies\") @zh(\"代理人\") @en(\"deputies\")\n\
                 permit (principal, action == Action::\"send\", resource)\n\
                 when { context.acting.contains(resource[\"unit-handler\"]) };\n";
    let rules = format!("{}{rules}", include_str!("../../../../policies/access/exchange.cedar"));
    let files = [
        ("access/exchange.cedar", rules.as_str()),
        ("access/exchange.toml", include_str!("../../../../policies/access/exchange.toml")),
        (
            "access/exchange.examples.toml",
            include_str!("../../../../policies/access/exchange.examples.toml"),
        ),
        (
            "access/schema.cedarschema",
            include_str!("../../../../policies/access/schema.cedarschema"),
        ),
    ];
    Bundle::read(1, files).unwrap()
}

/// What passed by a role that was lent is proven by the days that the snapshot says, and by no
/// others; nor is it proven to have been denied then.
#[test]
fn what_passed_by_a_role_that_was_lent_is_proven_in_its_days() {
    let (snapshot, bundle) = (lending(), rules_for_deputies());
    let path = CanonicalPath::read("/documents/office").unwrap();
    let given = |now| {
        let under = Circumstances::default();
        let asked = AccessRequest { person: "DEPUTY", method: "POST", path: &path, now, under };
        bundle.application("exchange").unwrap().decide(&People::of(&snapshot), &asked)
    };
    let answer = given(FROM);
    assert_eq!(answer.rule, "deputies");
    let decision = |outcome: &str, rule: &str| Decision {
        action: answer.action.clone(),
        application: "exchange".into(),
        connection: String::new(),
        exception: None,
        method: "POST".into(),
        outcome: outcome.into(),
        person: "DEPUTY".into(),
        reference: String::new(),
        resource: answer.resource.clone(),
        route: answer.route.clone(),
        rule: rule.into(),
        serial: String::new(),
        target: Bytes::default(),
        unit: "office".into(),
        world: Default::default(),
    };
    let permitted = decision("permitted", "deputies");
    for now in [FROM, UNTIL] {
        assert!(compare(&given(now), &permitted).is_ok(), "{now}");
        assert!(compare(&given(now), &decision("not-permitted", "")).is_err(), "{now}");
    }
    for now in [FROM - 1, UNTIL + 1] {
        let failed = compare(&given(now), &permitted).unwrap_err();
        assert_eq!(failed.item, "decision", "{now}");
    }
}
