//! How gates take what their rules say: by an order of two, observed for so long at most, and
//! suspended as soon as that is recorded.

use records::Bytes;
use records::code::Code;
use records::order::{AccessMode, Body, ModeBody, OBSERVE_SECONDS_MAX, PriorState};
use sample_city::SampleCity;

const BOTH: [&str; 2] = ["security-1", "security-2"];
const DAY: u64 = 86_400;

fn body(mode: AccessMode, until: String) -> ModeBody {
    ModeBody { application: "exchange".into(), mode, until }
}

fn observed(city: &SampleCity, seconds: u64) -> Body {
    Body::Mode(body(AccessMode::Observe, records::time::seconds(city.now + seconds)))
}

fn plain(mode: AccessMode) -> Body {
    Body::Mode(body(mode, String::new()))
}

#[test]
fn an_order_of_two_changes_how_gates_take_their_rules() {
    let mut city = SampleCity::found();
    assert_eq!(city.authority.mode_of("exchange"), None, "rules are enforced without any order");
    let order = city.order(&observed(&city, DAY));
    city.approve(order, "security-1").unwrap();
    assert_eq!(city.enact(order, &[]), Err(Code::ApprovalsMissing));
    assert_eq!(city.approve(order, "officer-1"), Err(Code::ApproverRole));
    city.approve(order, "security-2").unwrap();
    assert_eq!(
        city.authority.mode_of("exchange"),
        None,
        "it grants nothing before the tree has it"
    );
    city.enact(order, &[]).unwrap();
    let ordered = city.authority.mode_of("exchange").unwrap();
    assert_eq!(ordered.mode, AccessMode::Observe);
    assert_eq!(ordered.order, Bytes::from(order));
    assert_eq!(records::time::read(&ordered.until), Some(city.now + DAY));
    assert_eq!(city.authority.mode_of("petitions"), None, "of its application alone");
    // The next order is shown beside what is in force.
    let next = city.authority.basis(&plain(AccessMode::Enforce), "operator:0").unwrap();
    let was = serde_json::json!({ "mode": "observe", "until": ordered.until });
    assert_eq!(next.before, Some(was));
    city.done(&plain(AccessMode::Enforce), &BOTH);
    assert_eq!(city.authority.mode_of("exchange"), None);
}

#[test]
fn a_gate_observes_for_so_long_at_most_and_only_that_has_an_end() {
    let city = SampleCity::found();
    let fits = |body: Body| city.authority.fits(&body);
    let now = city.now;
    let until = |seconds: u64| records::time::seconds(seconds);
    assert_eq!(fits(observed(&city, DAY)), Ok(()));
    let late = body(AccessMode::Observe, until(now + OBSERVE_SECONDS_MAX + 1));
    assert!(!late.is_sound(now) && late.is_sound(now + 1));
    assert_eq!(fits(plain(AccessMode::Observe)), Err(Code::Malformed));
    let ended = Body::Mode(body(AccessMode::Suspended, until(now + DAY)));
    assert_eq!(fits(ended), Err(Code::Malformed));
    let named =
        ModeBody { application: "Exchange".into(), ..body(AccessMode::Enforce, String::new()) };
    assert_eq!(fits(Body::Mode(named)), Err(Code::Malformed));
}

/// What only takes away counts from its record on; that it is lifted waits for the tree.
#[test]
fn a_suspension_is_a_brake_and_what_lifts_it_is_none() {
    let mut city = SampleCity::found();
    let suspended = plain(AccessMode::Suspended);
    assert!(suspended.takes_away());
    for other in [observed(&city, DAY), plain(AccessMode::Enforce)] {
        assert!(!other.takes_away());
    }
    let order = city.order(&suspended);
    BOTH.iter().for_each(|officer| city.approve(order, officer).unwrap());
    let event = city.enacted_event(order, &[]).unwrap();
    city.pending(event);
    let felt = city.authority.mode_of("exchange").unwrap();
    assert_eq!((felt.mode, felt.order), (AccessMode::Suspended, Bytes::from(order)));
}

/// What a city has in force says nothing of kinds that came later: the rule of another holds.
#[test]
fn the_rule_of_a_later_kind_is_that_of_another_where_a_file_has_none() {
    let rules = include_str!("../../../../policies/approvals.toml");
    let whole = records::rules::ApprovalRules::read(rules).unwrap();
    let (before, rest) = rules.split_once("[kind.mode]").unwrap();
    let (_, after) = rest.split_once("[kind.").unwrap();
    let older = format!("{before}[kind.{after}");
    let older = records::rules::ApprovalRules::read(&older).unwrap();
    assert!(!older.kind.contains_key("mode") && whole.kind.contains_key("mode"));
    assert_eq!(older.rule("mode"), older.rule("bundle"));
    assert_eq!(older.rule("another"), None);
}

#[test]
fn the_kept_form_has_the_modes() {
    let mut city = SampleCity::found();
    city.done(&observed(&city, DAY), &BOTH);
    let parts = city.authority.parts();
    let again = authority::Authority::from_parts(&city.founding, &parts).unwrap();
    assert_eq!(again.mode_of("exchange"), city.authority.mode_of("exchange"));
    assert_eq!(again.parts(), parts);
}

#[test]
fn what_is_in_force_before_is_read_as_it_is_written() {
    let order = sample_city::orders::all();
    let modes: Vec<_> = order.iter().filter(|one| one.order["kind"] == "mode").collect();
    assert_eq!(modes.len(), 2);
    for one in modes {
        let (_, before) = one
            .open(&one.order)
            .map(|opened| (opened.body().clone(), opened.before().cloned()))
            .unwrap();
        assert!(matches!(before, Some(PriorState::Mode(_))));
    }
}
