//! What operators ask for: each request becomes an order in their name, or is refused; none
//! decides.

use crate::round::Effect;
use crate::sample::Sample;
use crate::sample::key;
use crate::sample::operate::{
    OFFICERS, SECURITY, agent, evidence, gate, person, portal, profile, revoke, role, unit,
};
use ca_host::operator::OperatorRequest;
use records::Code;
use records::order::{Body, PersonAction, RoleAction, UnitAction};
use records::record::File;
use records::rules::Role;

const CEDAR: [(&str, &str); 4] = [
    ("access/exchange.cedar", include_str!("../../../../../policies/access/exchange.cedar")),
    ("access/exchange.toml", include_str!("../../../../../policies/access/exchange.toml")),
    (
        "access/schema.cedarschema",
        include_str!("../../../../../policies/access/schema.cedarschema"),
    ),
    (
        "access/exchange.examples.toml",
        include_str!("../../../../../policies/access/exchange.examples.toml"),
    ),
];

pub(super) fn bundle(version: u32) -> OperatorRequest {
    let file = |(name, content): (&str, &str)| File { name: name.into(), content: content.into() };
    OperatorRequest::Bundle { version, files: CEDAR.into_iter().map(file).collect() }
}

fn refused(sample: &mut Sample, request: OperatorRequest) -> Code {
    sample.operator(request).unwrap_err()
}

#[test]
fn every_request_becomes_an_order_of_who_asked() {
    let mut sample = Sample::found();
    let keys = (key(), key());
    let rules = OperatorRequest::ApprovalRules { content: authority_rules(2) };
    let id = sample.person("officer-3");
    let requests = [
        ("unit", unit(UnitAction::Create, "sz-archive", "档案局", "shangzhou")),
        ("person", person(PersonAction::Create, "", "李丹", "sz-office")),
        ("role", role(RoleAction::Grant, &id, Role::UnitHandler, "luonan")),
        ("profile", profile(2, "")),
        ("approval-rules", rules),
        ("portal", portal("register", "portal-2", (&keys.0, &keys.1))),
        ("agent", agent(gate("register", "gate-1"))),
        ("bundle", bundle(2)),
        ("revoke", revoke(&id, "superseded")),
    ];
    for (kind, request) in requests {
        let answer = sample.operator(request).unwrap();
        let order = sample.newest_order();
        let (read, body) = sample.authority().open(order, sample.city.now).unwrap();
        assert_eq!((read.order.as_str(), body.kind()), (answer.order.as_str(), kind));
        assert_eq!(read.drafter, "operator:0", "{kind}");
        assert_eq!(answer.approvals, (0, 2), "{kind}");
    }
    sample.sequence();
    assert!(sample.unsigned.is_empty(), "{:?}", sample.unsigned);
    assert!(sample.authority().unit("sz-archive").is_none(), "an order alone does nothing");
}

pub(super) fn authority_rules(version: u32) -> String {
    crate::sample::SampleCity::changed_rules(version).content
}

#[test]
fn units_fit_the_city() {
    let mut sample = Sample::found();
    sample.done(unit(UnitAction::Create, "sz-archive", "档案局", "shangzhou"), &OFFICERS);
    let create = |id: &str, name: &str, parent: &str| unit(UnitAction::Create, id, name, parent);
    let moves = |id: &str, parent: &str| unit(UnitAction::Move, id, "", parent);
    let close = |id: &str| unit(UnitAction::Close, id, "", "");
    let long = "x".repeat(33);
    for (request, code) in [
        (create("sz-archive", "档案局", "shangzhou"), Code::StateConflict),
        (create("sz-new", "新局", "nowhere"), Code::UnitUnknown),
        (create("SZ", "新局", "shangzhou"), Code::Malformed),
        (create("", "新局", "shangzhou"), Code::Malformed),
        (create(&long, "新局", "shangzhou"), Code::Malformed),
        (create("sz-new", "", "shangzhou"), Code::Malformed),
        (create("sz-new", "一\u{202e}二", "shangzhou"), Code::Malformed),
        (create("sz-new", "局@x", "shangzhou"), Code::Malformed),
        (create("sz-new", "https://x.cn", "shangzhou"), Code::Malformed),
        (create("sz-new", "www.x.cn", "shangzhou"), Code::Malformed),
        (moves("nowhere", "shangzhou"), Code::UnitUnknown),
        (moves("sz-archive", "nowhere"), Code::UnitUnknown),
        (moves("shangzhou", "sz-archive"), Code::StateConflict),
        (close("nowhere"), Code::UnitUnknown),
        (close("city"), Code::StateConflict),
    ] {
        assert_eq!(refused(&mut sample, request.clone()), code, "{request:?}");
    }
    // A move keeps the name, a close everything.
    sample.done(moves("sz-archive", "city"), &SECURITY);
    let moved = sample.authority().unit("sz-archive").unwrap();
    assert_eq!((moved.name.as_str(), moved.parent.as_deref()), ("档案局", Some("city")));
    sample.done(close("sz-archive"), &SECURITY);
    let late = person(PersonAction::Create, "", "李丹", "sz-archive");
    assert_eq!(refused(&mut sample, late), Code::UnitUnknown, "it takes no more people");
}

#[test]
fn people_are_registered_moved_and_let_go() {
    let mut sample = Sample::found();
    let create = |name: &str, unit: &str| person(PersonAction::Create, "", name, unit);
    let id = sample.register("李丹", "sz-office");
    for (request, code) in [
        (create("王小明", "nowhere"), Code::UnitUnknown),
        (create("", "sz-office"), Code::Malformed),
        (create("一\n二", "sz-office"), Code::Malformed),
        (create("王㈱", "sz-office"), Code::Malformed),
        (create("王\u{200b}明", "sz-office"), Code::Malformed),
        (create("王\u{3000}明", "sz-office"), Code::Malformed),
        (create("王（明", "sz-office"), Code::Malformed),
        (create("王/明", "sz-office"), Code::Malformed),
        (create("www.x.cn", "sz-office"), Code::Malformed),
        (person(PersonAction::Leave, "0000000000000000", "", ""), Code::PersonUnknown),
        (person(PersonAction::Move, &id, "", "nowhere"), Code::UnitUnknown),
    ] {
        assert_eq!(refused(&mut sample, request.clone()), code, "{request:?}");
    }
    // Of two changes that were made for one state, one comes into force.
    let first = sample.order(person(PersonAction::Move, &id, "", "shangzhou"));
    let second = sample.order(person(PersonAction::Leave, &id, "", ""));
    sample.approved_by(first, &OFFICERS);
    assert_eq!(sample.execute(), None);
    sample.sequence();
    assert_eq!(sample.authority().person(&id).unwrap().unit, "shangzhou");
    assert_eq!(sample.approve(second, "officer-1"), Err(Code::PersonChanged));
    // A unit that does not exist cannot keep anybody in office.
    sample.done(person(PersonAction::Leave, &id, "", "nowhere"), &OFFICERS);
    assert_eq!(sample.authority().person(&id).unwrap().unit, "shangzhou");
    let back = person(PersonAction::Move, &id, "", "sz-office");
    assert_eq!(refused(&mut sample, back), Code::PersonLeft);
}

#[test]
fn what_was_looked_at_is_said() {
    let mut sample = Sample::found();
    let wanted = |evidence: &str, mail: &str| OperatorRequest::Person {
        action: PersonAction::Create,
        person: String::new(),
        name: "李丹".into(),
        mail: mail.into(),
        unit: "sz-office".into(),
        evidence: evidence.into(),
    };
    for evidence in ["", "  ", &"长".repeat(2_001)] {
        assert_eq!(refused(&mut sample, wanted(evidence, "")), Code::Malformed);
    }
    let long = format!("{}@example.org", "a".repeat(250));
    for mail in [
        "nobody",
        "a@b@c",
        "a b@example.org",
        "a,b@example.org",
        "李@Example.org",
        "a@",
        "a@b..cn",
        &long,
    ] {
        assert_eq!(refused(&mut sample, wanted("证件", mail)), Code::Malformed, "{mail}");
    }
    sample.operator(wanted("证件", "lidan@example.org")).unwrap();
}

#[test]
fn a_namesake_needs_a_look() {
    let mut sample = Sample::found();
    sample.register("李丹", "sz-office");
    let same = sample.order(person(PersonAction::Create, "", "李丹", "sz-office"));
    assert_eq!(sample.rows.titles[&same], ("李丹 · sz-office".to_owned(), "same-name"));
    let elsewhere = sample.order(person(PersonAction::Create, "", "李丹", "ln-office"));
    assert_eq!(sample.rows.titles[&elsewhere].1, "");
}

#[test]
fn three_offices_are_three_people() {
    let mut sample = Sample::found();
    let (auditor, officer) = (sample.person("auditor"), sample.person("officer-1"));
    let grant = |id: &str, what, scope: &str| role(RoleAction::Grant, id, what, scope);
    for (id, what) in [
        (&auditor, Role::RegistrationOfficer),
        (&auditor, Role::SecurityAdministrator),
        (&auditor, Role::SystemAdministrator),
        (&officer, Role::Auditor),
        (&officer, Role::SystemAdministrator),
    ] {
        let told = refused(&mut sample, grant(id, what, "shangzhou"));
        assert_eq!(told, Code::RoleConflict, "{what:?}");
    }
    let held = grant(&officer, Role::RegistrationOfficer, "shangzhou");
    assert_eq!(refused(&mut sample, held), Code::StateConflict, "it is held already");
    let nowhere = grant(&officer, Role::RegistrationOfficer, "nowhere");
    assert_eq!(refused(&mut sample, nowhere), Code::UnitUnknown);
    let nobody = grant("0000000000000000", Role::Official, "city");
    assert_eq!(refused(&mut sample, nobody), Code::PersonUnknown);
    let not_held = role(RoleAction::Withdraw, &officer, Role::RegistrationOfficer, "luonan");
    assert_eq!(refused(&mut sample, not_held), Code::StateConflict);
    // Two orders that contradict each other only together: the later one is refused.
    let id = sample.register("孙核验", "sz-office");
    let one = sample.order(grant(&id, Role::RegistrationOfficer, "shangzhou"));
    let two = sample.order(grant(&id, Role::SystemAdministrator, "shangzhou"));
    for order in [one, two] {
        sample.approved_by(order, &SECURITY);
    }
    while !sample.state.ready.is_empty() {
        assert_eq!(sample.execute(), None);
        sample.sequence();
    }
    assert_eq!(sample.authority().person(&id).unwrap().roles.len(), 1);
    assert_eq!(sample.refusals().last().unwrap().2, Code::RoleConflict);
}

#[test]
fn rules_and_profiles_go_forward() {
    let mut sample = Sample::found();
    let rules = |content: String| OperatorRequest::ApprovalRules { content };
    assert_eq!(refused(&mut sample, rules(authority_rules(1))), Code::StateConflict);
    let nobody = authority_rules(2).replacen("outside_browser = 1", "outside_browser = 0", 1);
    assert_eq!(refused(&mut sample, rules(nobody)), Code::Malformed, "nobody outside a browser");
    let without = authority_rules(2).replacen("[kind.revoke]", "[kind.other]", 1);
    assert_eq!(refused(&mut sample, rules(without)), Code::Malformed, "a kind without a rule");
    let more = authority_rules(2).replacen("sample_percent = 5", "sample_percent = 101", 1);
    assert_eq!(refused(&mut sample, rules(more)), Code::Malformed, "more than all of a batch");
    assert_eq!(refused(&mut sample, profile(1, "")), Code::StateConflict);
    let broken = OperatorRequest::Profile { content: "id = \"official\"".into() };
    assert_eq!(refused(&mut sample, broken), Code::Malformed);
    sample.done(profile(3, ""), &SECURITY);
    assert_eq!(refused(&mut sample, profile(2, "")), Code::StateConflict, "never back");
    sample.done(rules(authority_rules(2)), &SECURITY);
    assert_eq!(sample.authority().approval_rules().0.version, 2);
    let written = |effect: &Effect| matches!(effect, Effect::Policy(..));
    assert_eq!(sample.effects.iter().filter(|effect| written(effect)).count(), 2);
}

#[test]
fn access_rules_are_whole_and_go_forward() {
    let mut sample = Sample::found();
    assert_eq!(refused(&mut sample, bundle(1)), Code::StateConflict);
    let OperatorRequest::Bundle { files, .. } = bundle(2) else { unreachable!() };
    let with = |files: Vec<File>| OperatorRequest::Bundle { version: 2, files };
    let mut elsewhere = files.clone();
    elsewhere[0].name = "profiles/staff.toml".into();
    assert_eq!(refused(&mut sample, with(elsewhere)), Code::RulesMalformed);
    let mut broken = files.clone();
    broken[0].content.push_str("permit (");
    assert_eq!(refused(&mut sample, with(broken)), Code::RulesMalformed);
    assert_eq!(refused(&mut sample, with(files[..3].to_vec())), Code::RulesMalformed, "untried");
    assert_eq!(refused(&mut sample, with(Vec::new())), Code::RulesMalformed);
    sample.done(bundle(2), &SECURITY);
    assert_eq!(sample.authority().bundle().version, 2);
}

#[test]
fn portals_are_registered_with_readable_keys_and_closed() {
    let mut sample = Sample::found();
    let keys = (key(), key());
    let of = |action: &str, id: &str| portal(action, id, (&keys.0, &keys.1));
    assert_eq!(refused(&mut sample, of("close", "portal-2")), Code::StateConflict);
    assert_eq!(refused(&mut sample, of("rename", "portal-1")), Code::StateConflict);
    let OperatorRequest::Portal { body } = of("register", "portal-2") else { unreachable!() };
    let mut unreadable = body.clone();
    unreadable.staff_key.0.truncate(40);
    let unreadable = OperatorRequest::Portal { body: unreadable };
    assert_eq!(refused(&mut sample, unreadable), Code::KeyUnknown);
    let mut nowhere = body.clone();
    nowhere.unit = "nowhere".into();
    let nowhere = OperatorRequest::Portal { body: nowhere };
    assert_eq!(refused(&mut sample, nowhere), Code::StateConflict);
    let officers = sample.city.officer("officer-1").signer.clone();
    let city = sample.city.keys.clone();
    for (public, staff) in [
        (&*officers, &keys.1),
        (&keys.0, &city.registry),
        (&city.portal, &keys.1),
        (&keys.0, &keys.0),
    ] {
        let foreign = portal("register", "portal-2", (public, staff));
        assert_eq!(refused(&mut sample, foreign), Code::KeyForeign);
    }
    sample.done(of("register", "portal-2"), &SECURITY);
    let again = portal("register", "portal-2", (&key(), &key()));
    assert_eq!(refused(&mut sample, again), Code::StateConflict);
    // Who closes it brings no host and no key: what is read is what ends.
    let OperatorRequest::Portal { mut body } = of("close", "portal-2") else { unreachable!() };
    (body.unit, body.public_host) = ("sz-office".into(), "other.example".into());
    let order = sample.order(OperatorRequest::Portal { body });
    let (_, made) = sample.authority().open(order, sample.city.now).unwrap();
    let Body::Portal(made) = &*made else { panic!("{made:?}") };
    assert_eq!((made.unit.as_str(), made.public_host.as_str()), ("city", "portal-2.example"));
    assert!(made.public_key.0.is_empty() && made.staff_key.0.is_empty());
    sample.done(of("close", "portal-2"), &SECURITY);
}

#[test]
fn a_revocation_names_what_the_person_holds() {
    let mut sample = Sample::found();
    let (letter, certificate) = sample.official("李丹");
    let wanted = |serials: &[&str], reason: &str, evidence: &str| OperatorRequest::Revoke {
        person: letter.person.clone(),
        serials: serials.iter().map(|serial| (*serial).to_owned()).collect(),
        reason: reason.into(),
        evidence: evidence.into(),
    };
    let own = certificate.serial().to_string();
    let theirs = sample.city.officer("officer-1").certificate.serial().to_string();
    for (request, code) in [
        (wanted(&[&theirs], "superseded", "证件"), Code::StateConflict),
        (wanted(&[&own, "00"], "superseded", "证件"), Code::StateConflict),
        (wanted(&[own.as_str(); 65], "superseded", "证件"), Code::Malformed),
        (wanted(&[], "because", "证件"), Code::Malformed),
        (wanted(&[], "superseded", " "), Code::Malformed),
        (revoke("0000000000000000", "superseded"), Code::PersonUnknown),
    ] {
        assert_eq!(refused(&mut sample, request.clone()), code, "{request:?}");
    }
    let answer = sample.operator(wanted(&[], "superseded", &evidence())).unwrap();
    assert_eq!(answer.person, letter.person);
    let order = sample.newest_order();
    let (_, body) = sample.authority().open(order, sample.city.now).unwrap();
    let Body::Revoke(body) = &*body else { panic!("{body:?}") };
    assert_eq!(body.serials, [own]);
    sample.approved_by(order, &OFFICERS);
    assert_eq!(sample.execute(), None);
    let again = wanted(&[], "superseded", "证件");
    assert_eq!(refused(&mut sample, again), Code::StateConflict, "it is revoked already");
}

#[test]
fn an_approval_that_comes_as_a_file_is_judged_like_any_other() {
    let (mut sample, _, order) = Sample::with_application();
    let of = |approval| OperatorRequest::Approval { approval: Box::new(approval) };
    let mut forged = sample.city.approval(order, "officer-1");
    forged.signature.0[10] ^= 1;
    assert_eq!(refused(&mut sample, of(forged)), Code::ApprovalSignature);
    let outside = sample.city.approval(order, "officer-3");
    assert_eq!(refused(&mut sample, of(outside)), Code::ApproverScope);
    let good = of(sample.city.approval(order, "officer-1"));
    let answer = sample.operator(good.clone()).unwrap();
    assert_eq!((answer.order, answer.approvals), (sample.order_id(order), (1, 2)));
    assert_eq!(refused(&mut sample, good), Code::ApproverTwice);
}

#[test]
fn rows_are_written_again_as_the_log_says() {
    let mut sample = Sample::found();
    sample.clock = Err(Code::ClockMoved);
    let before = sample.recorded.len();
    let answer = sample.operator(OperatorRequest::Repair {}).unwrap();
    assert_eq!(answer.repaired, ["rows", "policies"]);
    assert_eq!((sample.rows.rewritten, sample.recorded.len()), (1, before));
    let files = sample.authority().policy_files().len();
    assert!(files > 4, "profiles, roles, approval and access rules");
    assert_eq!(sample.effects.len(), files + 2, "and nothing else in two folders");
}

#[test]
fn an_operator_waits_for_a_clock_that_is_right_unless_it_brakes() {
    let mut sample = Sample::found();
    let id = sample.person("officer-3");
    sample.clock = Err(Code::ClockMoved);
    let (name, office) = ("李丹", "sz-office");
    let create = person(PersonAction::Create, "", name, office);
    let register = agent(gate("register", "gate-1"));
    let letter = OperatorRequest::Letter { person: id.clone(), profile: "staff".into() };
    for request in [create, register, letter] {
        assert_eq!(refused(&mut sample, request), Code::ClockMoved);
    }
    sample.operator(revoke(&id, "keyCompromise")).unwrap();
}

#[test]
fn a_refusal_names_who_asked() {
    let mut sample = Sample::found();
    let nowhere = person(PersonAction::Create, "", "李丹", "nowhere");
    assert_eq!(refused(&mut sample, nowhere), Code::UnitUnknown);
    assert_eq!(sample.refusals(), [("operator", "operator:0", Code::UnitUnknown)]);
    assert_eq!(sample.recorded.len(), 1, "nothing else is left of it");
}
