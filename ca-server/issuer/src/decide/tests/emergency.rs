//! Emergencies as operators ask for them, and what gates hear.

use crate::sample::Sample;
use crate::sample::operate::{SECURITY, agent, evidence, gate};
use ca_host::operator::OperatorRequest;
use records::{Bytes, Code};

fn wanted(sample: &Sample, person: &str, minutes: u64) -> OperatorRequest {
    let now = sample.city.now;
    OperatorRequest::Emergency {
        application: gate("register", "gate-1").application,
        people: vec![person.into(), person.into()],
        from: records::time::seconds(now),
        until: records::time::seconds(now + minutes * 60),
        evidence: evidence(),
    }
}

fn told(sample: &Sample) -> Vec<String> {
    let snapshot = sample.authority().snapshot("gate-1", 1, sample.city.now).unwrap();
    snapshot.emergencies.into_iter().flat_map(|one| one.people).collect()
}

#[test]
fn gates_hear_of_an_emergency_until_it_is_over_or_looked_at() {
    let mut sample = Sample::found();
    sample.done(agent(gate("register", "gate-1")), &SECURITY);
    let person = sample.register("李丹", "sz-office");
    let long = wanted(&sample, &person, 241);
    assert_eq!(sample.operator(long).unwrap_err(), Code::Malformed);
    let nobody = wanted(&sample, "0000000000000000", 60);
    assert_eq!(sample.operator(nobody).unwrap_err(), Code::PersonLeft);
    let fine = wanted(&sample, &person, 60);
    let order = sample.done(fine, &SECURITY);
    assert_eq!(told(&sample), std::slice::from_ref(&person));
    let another = wanted(&sample, &person, 60);
    assert_eq!(sample.operator(another).unwrap_err(), Code::EmergencyOpen);
    let review = |order: Bytes| OperatorRequest::EmergencyReview { order, evidence: evidence() };
    let unknown = sample.operator(review(Bytes::from([9; 32]))).unwrap_err();
    assert_eq!(unknown, Code::OrderUnknown);
    let closes = sample.order(review(order.into()));
    sample.approved_by(closes, &["officer-1"]);
    assert_eq!(sample.state.people_taken, 0, "nothing was taken away");
    assert_eq!(sample.execute(), None);
    assert!(told(&sample).is_empty(), "its window is closed with its case, recorded is enough");
    assert_eq!(sample.state.people_taken, sample.state.people_change, "and told as a brake");
    sample.sequence();
    assert!(told(&sample).is_empty() && sample.authority().emergencies().count() == 0);
}

#[test]
fn an_emergency_that_is_over_is_told_to_no_gate() {
    let mut sample = Sample::found();
    sample.done(agent(gate("register", "gate-1")), &SECURITY);
    let person = sample.register("李丹", "sz-office");
    let fine = wanted(&sample, &person, 60);
    sample.done(fine, &SECURITY);
    sample.pass(3_601);
    assert!(told(&sample).is_empty());
    assert_eq!(sample.authority().emergencies().count(), 1, "its case is open");
}
