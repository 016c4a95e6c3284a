//! Emergencies: two open one, for others, once; nobody opens the next before somebody looked at it.

use records::Bytes;
use records::code::Code;
use records::order::{
    Body, DelegateBody, EMERGENCY_SECONDS_MAX, EmergencyBody, EmergencyReviewBody, RoleAction,
};
use records::rules::{ApprovalRules, Role};
use sample_city::SampleCity;

const BOTH: [&str; 2] = ["security-1", "security-2"];

fn emergency(city: &SampleCity, people: &[&str]) -> Body {
    let mut people: Vec<String> = people.iter().map(|&person| person.to_owned()).collect();
    people.sort();
    Body::Emergency(EmergencyBody {
        application: "exchange".into(),
        people,
        from: records::time::seconds(city.now),
        until: records::time::seconds(city.now + EMERGENCY_SECONDS_MAX),
        evidence: Bytes::from([7; 32]),
    })
}

fn review(order: authority::OrderDigest, about: &[String]) -> Body {
    Body::EmergencyReview(EmergencyReviewBody {
        order: order.into(),
        application: "exchange".into(),
        about: about.to_vec(),
        evidence: Bytes::from([8; 32]),
    })
}

#[test]
fn two_others_open_an_emergency_and_none_of_its_people() {
    let mut city = SampleCity::found();
    let person = city.register("sz-office");
    let own = city.officer("security-1").person.clone();
    let about_one = emergency(&city, &[&person, &own]);
    let order = city.order(&about_one);
    assert_eq!(city.approve(order, "security-1"), Err(Code::ApproverSelf));
    let body = emergency(&city, &[&person]);
    let order = city.order(&body);
    city.approve(order, "security-1").unwrap();
    assert_eq!(city.enact(order, &[]), Err(Code::ApprovalsMissing), "one is not enough");
    city.approve(order, "security-2").unwrap();
    assert_eq!(city.authority.emergencies().count(), 0);
    city.enact(order, &[]).unwrap();
    let open: Vec<_> = city.authority.emergencies().collect();
    assert_eq!(open.len(), 1);
    assert_eq!((open[0].0, open[0].1.people.as_slice()), (order, &[person][..]));
}

/// The order is used up, and there is no other one of the application until somebody else looked.
#[test]
fn an_emergency_is_used_once_and_waits_for_somebody_who_looks() {
    let mut city = SampleCity::found();
    let person = city.register("sz-office");
    let body = emergency(&city, &[&person]);
    let order = city.done(&body, &BOTH);
    assert_eq!(city.enact(order, &[]), Err(Code::OrderConsumed), "one order, one window");
    city.now += EMERGENCY_SECONDS_MAX + 60;
    let again = emergency(&city, &[&person]);
    assert_eq!(city.authority.fits(&again), Err(Code::EmergencyOpen), "over, and not looked at");
    let about = city.authority.emergencies().next().unwrap().1.about.clone();
    assert_eq!(about.len(), 3, "its person and who approved it: {about:?}");
    let fewer = review(order, &about[..1]);
    assert_eq!(city.authority.fits(&fewer), Err(Code::StateConflict), "it leaves nobody out");
    let closes = city.order(&review(order, &about));
    assert_eq!(city.approve(closes, "security-1"), Err(Code::ApproverSelf), "they opened it");
    assert_eq!(city.approve(closes, "officer-3"), Err(Code::ApproverScope), "of another county");
    city.approve(closes, "officer-1").unwrap();
    city.enact(closes, &[]).unwrap();
    assert_eq!(city.authority.emergencies().count(), 0);
    assert_eq!(
        city.authority.fits(&review(order, &about)),
        Err(Code::StateConflict),
        "closed already"
    );
    assert_eq!(city.authority.fits(&again), Ok(()));
}

/// Nobody closes the case of what was opened in their voice, whoever spoke for them.
#[test]
fn whose_voice_opened_an_emergency_does_not_close_it() {
    let mut city = SampleCity::found();
    let person = city.register("sz-office");
    let deputy = city.appoint("deputy", Role::ApplicationOwner, "city");
    let absent = city.officer("security-1").person.clone();
    city.appoint("security-3", Role::SecurityAdministrator, "city");
    let lent = DelegateBody {
        action: RoleAction::Grant,
        person: deputy.clone(),
        absent: absent.clone(),
        role: Role::SecurityAdministrator,
        scope: "city".into(),
        from: records::time::seconds(city.now),
        until: records::time::seconds(city.now + 86_400),
    };
    city.done(&Body::Delegate(lent), &["security-2", "security-3"]);
    let body = emergency(&city, &[&person]);
    let order = city.done(&body, &["deputy", "security-2"]);
    let about = city.authority.emergencies().next().unwrap().1.about.clone();
    assert!([&deputy, &absent].iter().all(|id| about.contains(id)), "{about:?}");
    let closes = city.order(&review(order, &about));
    for name in ["security-1", "deputy", "security-2"] {
        assert_eq!(city.approve(closes, name), Err(Code::ApproverSelf), "{name}");
    }
    assert_eq!(city.approve(closes, "security-3"), Ok(()));
}

/// Whatever the rules of a city say, nobody opens one alone.
#[test]
fn no_rule_lets_one_alone_open_an_emergency() {
    let rules = include_str!("../../../../policies/approvals.toml");
    let (before, behind) = rules.split_once("[kind.emergency]").unwrap();
    let alone = behind.replacen("count = 2", "count = 1", 1);
    let read = ApprovalRules::read(&format!("{before}[kind.emergency]{alone}"));
    assert!(read.unwrap_err().to_string().contains("one alone"));
    assert!(ApprovalRules::read(rules).unwrap().rule("emergency").unwrap().count >= 2);
}

#[test]
fn the_kept_form_has_open_emergencies() {
    let mut city = SampleCity::found();
    let person = city.register("sz-office");
    let body = emergency(&city, &[&person]);
    city.done(&body, &BOTH);
    let parts = city.authority.parts();
    let again = authority::Authority::from_parts(&city.founding, &parts).unwrap();
    assert_eq!(again.emergencies().count(), 1);
    assert_eq!(again.parts(), parts);
}

/// Its people hear of it, whoever is in office over their unit, and who looks at it afterwards.
#[test]
fn the_unit_hears_of_an_emergency() {
    let mut city = SampleCity::found();
    let person = city.register("sz-office");
    let Body::Emergency(body) = emergency(&city, &[&person]) else { panic!("an emergency") };
    let hear = city.authority.hears_of(&body);
    let id = |name: &str| city.officer(name).person.clone();
    for heard in [person, id("officer-1"), id("auditor"), id("security-1")] {
        assert!(hear.contains(&heard), "{heard}: {hear:?}");
    }
}
