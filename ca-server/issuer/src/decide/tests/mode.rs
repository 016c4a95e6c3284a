//! Modes of gates: who asks for one that changes nothing, or of nobody's application, is refused;
//! gates hear of it with their next snapshot, and of a suspension as of a brake.

use crate::sample::Sample;
use crate::sample::operate::{SECURITY, agent, gate};
use ca_host::operator::OperatorRequest;
use records::Code;
use records::order::{AccessMode, ModeBody, OBSERVE_SECONDS_MAX};

fn mode(application: &str, mode: AccessMode, until: String) -> OperatorRequest {
    let body = ModeBody { application: application.into(), mode, until };
    OperatorRequest::Mode { body }
}

fn plain(what: AccessMode) -> OperatorRequest {
    mode(&gate("register", "gate-1").application, what, String::new())
}

fn observed(sample: &Sample, seconds: u64) -> OperatorRequest {
    let until = records::time::seconds(sample.city.now + seconds);
    mode(&gate("register", "gate-1").application, AccessMode::Observe, until)
}

fn with_gate() -> Sample {
    let mut sample = Sample::found();
    sample.done(agent(gate("register", "gate-1")), &SECURITY);
    sample
}

fn told(sample: &Sample) -> Option<AccessMode> {
    let snapshot = sample.authority().snapshot("gate-1", 1, sample.city.now).unwrap();
    snapshot.mode.map(|ordered| ordered.mode)
}

#[test]
fn a_mode_that_changes_nothing_or_is_nobodys_is_refused() {
    let mut sample = with_gate();
    let refused = |sample: &mut Sample, request| sample.operator(request).unwrap_err();
    assert_eq!(refused(&mut sample, plain(AccessMode::Enforce)), Code::StateConflict);
    let unknown = mode("nothing", AccessMode::Suspended, String::new());
    assert_eq!(refused(&mut sample, unknown), Code::StateConflict);
    assert_eq!(refused(&mut sample, plain(AccessMode::Observe)), Code::Malformed);
    let long = observed(&sample, OBSERVE_SECONDS_MAX + 86_400);
    assert_eq!(refused(&mut sample, long), Code::Malformed);
    let wanted = observed(&sample, 86_400);
    sample.operator(wanted).unwrap();
}

/// The tree stands still behind what lifts a suspension: it is suspended anew meanwhile, and stays
/// so whenever the tree goes on.
#[test]
fn who_suspends_anew_is_heard_while_what_lifts_it_is_on_its_way() {
    let mut sample = with_gate();
    sample.done(plain(AccessMode::Suspended), &SECURITY);
    let again = sample.operator(plain(AccessMode::Suspended)).unwrap_err();
    assert_eq!(again, Code::StateConflict, "it is");
    let lift = sample.order(plain(AccessMode::Enforce));
    sample.approved_by(lift, &SECURITY);
    assert_eq!(sample.execute(), None);
    assert!(sample.authority().is_changing());
    sample.operator(plain(AccessMode::Suspended)).unwrap();
    let anew = sample.newest_order();
    for name in SECURITY {
        sample.approve(anew, name).unwrap();
    }
    assert_eq!(sample.execute(), None);
    assert_eq!(sample.became_of(anew), Err(Code::OrderConsumed));
    assert_eq!(told(&sample), Some(AccessMode::Suspended));
    sample.sequence();
    assert!(sample.unsigned.is_empty(), "{:?}", sample.unsigned);
    assert_eq!(told(&sample), Some(AccessMode::Suspended));
}

#[test]
fn gates_hear_of_a_mode_and_of_a_suspension_as_of_a_brake() {
    let mut sample = with_gate();
    assert_eq!(told(&sample), None);
    let wanted = observed(&sample, 86_400);
    sample.done(wanted, &SECURITY);
    assert_eq!(told(&sample), Some(AccessMode::Observe));
    assert_eq!(sample.state.people_taken, 0, "nothing was taken away");
    let order = sample.order(plain(AccessMode::Suspended));
    sample.approved_by(order, &SECURITY);
    assert_eq!(sample.execute(), None);
    assert_eq!(told(&sample), Some(AccessMode::Suspended), "recorded is enough");
    assert_eq!(sample.state.people_taken, sample.state.people_change);
    sample.sequence();
    sample.done(plain(AccessMode::Enforce), &SECURITY);
    assert_eq!(told(&sample), None);
}
