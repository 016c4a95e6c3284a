//! Who has a place, and who gives way.

use super::super::limits::Limits;
use super::super::places::{Fullness, PeerStanding, Places, Slot};
use super::super::source::Source;
use super::limits;
use std::sync::{Arc, Mutex};

fn from(address: impl Into<std::net::IpAddr>) -> Source {
    Source::from(address.into())
}

fn proven(number: u8) -> PeerStanding {
    PeerStanding::Proven { certificate: [number; 32], most: 4 }
}

fn stranger(places: &Places, source: Source) -> Option<Slot> {
    places.seat(places.enter(source)?, PeerStanding::Unproven, source)
}

/// A crowd in the handshake leaves a reserved place; whoever then proves something sits like
/// everybody else, and a stranger gets the place for brakes alone.
#[test]
fn a_crowd_in_the_handshake_keeps_no_holder_out() {
    let few = Limits { handshakes: 1, reserved: 2, reserved_per_source: 2, ..limits() };
    let places = Places::new(Arc::new(few), Box::new(|_| ()));
    let source = from([127, 0, 0, 1]);
    let crowd = places.enter(source).unwrap();
    let holder = places.enter(source).unwrap();
    let holder = places.seat(holder, proven(7), source).unwrap();
    assert!(!holder.is_reserved());
    let stranger = places.enter(source).unwrap();
    assert!(places.seat(stranger, PeerStanding::Unproven, source).unwrap().is_reserved());
    drop(crowd);
}

/// It is told when few places are left, when none is, and when there are enough again.
#[test]
fn a_listener_tells_how_full_it_is() {
    let told = Arc::new(Mutex::new(Vec::new()));
    let tell = told.clone();
    let many = Limits { unproven: 16, per_source: 16, handshakes: 32, ..limits() };
    let places =
        Places::new(Arc::new(many), Box::new(move |fullness| tell.lock().unwrap().push(fullness)));
    let source = from([127, 0, 0, 1]);
    let sit = || {
        let entry = places.enter(source).unwrap();
        let seated = places.seat(entry, PeerStanding::Unproven, source).unwrap();
        // Whoever asks for something is not asked to leave.
        (seated.activity().begin(), seated)
    };
    let mut seated: Vec<_> = (0..13).map(|_| sit()).collect();
    assert!(told.lock().unwrap().is_empty());
    seated.push(sit());
    assert_eq!(*told.lock().unwrap(), [Fullness::Nearly]);
    seated.extend([sit(), sit()]);
    assert_eq!(told.lock().unwrap()[1..], [Fullness::Full]);
    seated.clear();
    assert_eq!(told.lock().unwrap().last(), Some(&Fullness::Free));
}

/// Few sources hold all places of a kind with connections that ask for nothing: whoever has fewer
/// than they takes one of theirs, each time; those who ask for something keep theirs.
#[test]
fn whoever_holds_most_without_a_request_gives_way() {
    let few = Limits { unproven: 8, per_source: 4, handshakes: 64, ..limits() };
    let places = Places::new(Arc::new(few), Box::new(|_| ()));
    let crowd: Vec<_> = (0..8).map(|n| stranger(&places, from([192, 0, 2, n / 4]))).collect();
    let crowd: Vec<Slot> = crowd.into_iter().flatten().collect();
    assert_eq!(crowd.len(), 8);
    let asks = crowd[0].activity().begin();
    let seated = stranger(&places, from([198, 51, 100, 7])).unwrap();
    assert!(!seated.is_reserved());
    let ended = |slot: &Slot| slot.activity().end.is_cancelled();
    let gone: Vec<usize> = (0..8).filter(|n| ended(&crowd[*n])).collect();
    assert_eq!(gone, [1], "the oldest of those who hold most, of what asks for nothing");
    // They come back as often as they like: whoever has the fewest stays.
    for _ in 0..32 {
        let _ = stranger(&places, from([192, 0, 2, 0]));
    }
    assert!(!ended(&seated));
    let last = stranger(&places, from([192, 0, 2, 0])).unwrap();
    let requests: Vec<_> = crowd.iter().map(|one| one.activity().begin()).collect();
    let under_way = [&seated, &last].map(|one| one.activity().begin());
    assert!(stranger(&places, from([203, 0, 113, 1])).is_none(), "all of them ask for something");
    drop((asks, requests, under_way));
}

/// A body that never comes is no request: also in a place for brakes, it gives way.
#[test]
fn a_body_that_does_not_come_holds_no_place_of_brakes() {
    let few = Limits { unproven: 0, reserved: 2, reserved_per_source: 1, ..limits() };
    let places = Places::new(Arc::new(few), Box::new(|_| ()));
    let stalled = [from([192, 0, 2, 1]), from([192, 0, 3, 1])].map(|source| {
        let slot = stranger(&places, source).unwrap();
        assert!(slot.is_reserved());
        let activity = slot.activity();
        (activity.begin(), activity.awaits_body(), slot)
    });
    let report = stranger(&places, from([198, 51, 100, 7])).unwrap();
    assert!(report.is_reserved() && !report.activity().end.is_cancelled());
    assert!(stalled[0].2.activity().end.is_cancelled());
}

/// A client that takes nothing of an answer holds no place: it gives way, and who waits for us does
/// not.
#[test]
fn an_answer_that_is_not_taken_holds_no_place() {
    let few = Limits { unproven: 2, handshakes: 64, ..limits() };
    let places = Places::new(Arc::new(few), Box::new(|_| ()));
    let [slow, waits] = [from([192, 0, 2, 1]), from([192, 0, 3, 1])].map(|source| {
        let slot = stranger(&places, source).unwrap();
        (slot.activity().begin(), slot)
    });
    let other = from([198, 51, 100, 7]);
    let untaken = slow.1.activity().awaits_taking();
    drop(untaken);
    assert!(stranger(&places, other).is_none(), "it is taken again");
    let _untaken = slow.1.activity().awaits_taking();
    assert!(stranger(&places, other).is_some());
    let ended = |slot: &Slot| slot.activity().end.is_cancelled();
    assert!(ended(&slow.1) && !ended(&waits.1));
}

/// An address of IPv6 is one of 2^64 that its holder has; they have the places of one source.
#[test]
fn a_network_of_ipv6_has_the_places_of_one_source() {
    let few = Limits { unproven: 64, per_source: 2, handshakes: 64, ..limits() };
    let places = Places::new(Arc::new(few), Box::new(|_| ()));
    let address = |subnet: u16, host: u16| {
        from(std::net::Ipv6Addr::new(0x2001, 0xdb8, 1, subnet, 0, 0, 0, host))
    };
    let of_one: Vec<_> = (0..16).filter_map(|host| stranger(&places, address(1, host))).collect();
    assert_eq!(of_one.len(), 2, "a /64");
    let of_site: Vec<_> =
        (2..32).filter_map(|subnet| stranger(&places, address(subnet, 1))).collect();
    assert_eq!(of_one.len() + of_site.len(), 2 * 4, "a /48");
    let other = from(std::net::Ipv6Addr::new(0x2001, 0xdb8, 2, 1, 0, 0, 0, 1));
    assert!(stranger(&places, other).is_some());
}

/// What counts here is judged: a certificate that does not is a stranger's, and where strangers
/// bring no brakes it has no place for one.
#[test]
fn a_certificate_has_as_many_places_as_its_judge_says() {
    let few = Limits { unproven: 1, reserved: 2, reserved_per_source: 2, ..limits() };
    let places = Places::new(
        Arc::new(Limits { reserved_for_strangers: false, handshakes: 64, ..few }),
        Box::new(|_| ()),
    );
    let source = from([192, 0, 2, 1]);
    let sit = |standing| places.seat(places.enter(source)?, standing, source);
    let taken: Vec<_> = (0..6).filter_map(|_| sit(proven(1))).collect();
    assert_eq!(taken.iter().filter(|one| !one.is_reserved()).count(), 4);
    assert_eq!(taken.len(), 6, "a brake finds a place");
    assert!(sit(PeerStanding::Unproven).is_some_and(|one| !one.is_reserved()));
    drop(taken);
    let last = sit(PeerStanding::Unproven);
    let _held = last.as_ref().map(|one| one.activity().begin());
    assert!(sit(PeerStanding::Unproven).is_none(), "strangers bring no brakes here");
}
