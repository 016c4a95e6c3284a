//! What a transfer or leaving would take away is told before it is approved.

use crate::key;
use authority::Consequence;
use records::code::Code;
use records::order::{
    AgentBody, Body, BundleBody, NamingRule, PersonAction, RoleAction, bundle_digest,
};
use records::record::File;
use records::rules::Role;
use sample_city::{SampleCity, sha256};

#[test]
fn a_transfer_and_a_leaving_are_told_apart() {
    let mut city = SampleCity::found();
    let agent = |agent: &str, application: &str, unit: &str| {
        Body::Agent(AgentBody {
            action: "register".into(),
            agent: agent.into(),
            unit: "city".into(),
            application: application.into(),
            hosts: vec![format!("{agent}.example")],
            units: vec![unit.into()],
            token_sha256: sha256(b"token"),
            renewals: 1,
        })
    };
    for body in [
        agent("gate-1", "exchange", "city"),
        agent("gate-2", "petitions", "shangzhou"),
        agent("gate-3", "archives", "luonan"),
    ] {
        city.done(&body, &["security-1", "security-2"]);
    }
    let person = city.register("sz-office");
    let grant = city.role_body(RoleAction::Grant, &person, Role::UnitHandler, "sz-office");
    city.done(&grant, &["security-1", "security-2"]);
    let used = city.letter(&person, "official");
    let serial = city.certify(&used, &key());
    let open = city.letter(&person, "official");
    let corrected = city.person_body(PersonAction::Move, &person, "sz-office");
    let order = city.order(&corrected);

    let told = |to: Option<&str>| city.authority.consequence(&person, to, city.now);
    let applications = ["petitions".to_owned()];
    let expected = Consequence {
        certificates: vec![serial],
        orders: vec![order],
        applications: applications.into(),
        enters: ["archives".to_owned()].into(),
        ..Consequence::default()
    };
    assert_eq!(told(Some("ln-office")), Ok(expected), "the roles stay until they are withdrawn");
    let left = told(None).unwrap();
    assert_eq!(left.roles, [(Role::UnitHandler, "sz-office".to_owned())]);
    assert_eq!(left.letters.iter().map(ToString::to_string).collect::<Vec<_>>(), [open]);
    assert_eq!(left.certificates, [serial]);
    assert!(left.applications.len() == 2 && left.enters.is_empty());
    // A correction takes nothing but what waits.
    let same = told(Some("sz-office")).unwrap();
    assert_eq!(same, Consequence { orders: vec![order], ..Consequence::default() });
    // Nor from an order that they leave, which a transfer ends.
    let mut going = city.clone();
    let leave = going.person_body(PersonAction::Leave, &person, "sz-office");
    let leave = going.order(&leave);
    let orders = |to| going.authority.consequence(&person, Some(to), going.now).unwrap().orders;
    assert!(!orders("sz-office").contains(&leave) && orders("ln-office").contains(&leave));
    assert_eq!(told(Some("nowhere")), Err(Code::UnitUnknown));
    let nobody = city.authority.consequence("0000000000000000", None, city.now);
    assert_eq!(nobody, Err(Code::PersonUnknown));
    // What is suspended goes with the others: nobody releases what a leaving revoked.
    city.suspend("officer-1", serial).unwrap();
    for to in [Some("ln-office"), None] {
        let told = city.authority.consequence(&person, to, city.now).unwrap();
        assert_eq!(told.certificates, [serial], "{to:?}");
    }
}

/// Whoever is transferred comes under rules in force that name a unit above them from then on, and
/// leaves those that name one no longer; a correction changes none of them.
#[test]
fn a_transfer_tells_which_rules_name_a_unit_above() {
    let mut city = SampleCity::found();
    let person = city.register("sz-office");
    let rule = |id: &str, unit: &str| {
        format!("@id(\"{id}\") permit (principal in Unit::\"{unit}\", action, resource);\n")
    };
    let content = [rule("ln", "luonan"), rule("sz", "shangzhou"), rule("all", "city")].concat();
    let file = File { name: "access/exchange.cedar".into(), content };
    let digest = bundle_digest([(&*file.name, &*file.content)]);
    let body = Body::Bundle(BundleBody { version: 2, digest });
    city.done_with(&body, &["security-1", "security-2"], &[file]);
    let told = |to: Option<&str>| city.authority.consequence(&person, to, city.now).unwrap();
    let named = |rules: &[NamingRule]| -> Vec<String> {
        rules.iter().map(|one| format!("{} {}", one.rule, one.unit)).collect()
    };
    let moved = told(Some("ln-office"));
    assert_eq!(named(&moved.begins), ["ln luonan"]);
    assert_eq!(named(&moved.ends), ["sz shangzhou"]);
    for to in [Some("sz-office"), None] {
        let none = told(to);
        assert!(none.begins.is_empty() && none.ends.is_empty(), "{to:?}");
    }
}
