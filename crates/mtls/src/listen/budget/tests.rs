//! Shares of senders and networks, and what gives way.

use super::*;
use std::net::IpAddr;

#[test]
fn one_sender_holds_a_share_and_all_together_no_more_than_there_is() {
    let budget = Budget::of_requests(3_200);
    let source = |last: u8| Sender::Source(IpAddr::from([192, 0, 2, last]).into());
    let portions: Vec<_> = (0..10).map(|_| budget.portion(source(1))).collect();
    let taken = portions.iter().filter(|one| one.take(25)).count();
    assert_eq!(taken, 4, "a thirty-second, however many requests it is in");
    assert!(portions[9].was_refused() && !portions[0].was_refused());
    let proven = budget.portion(Sender::Certificate([1; 32]));
    assert!(proven.take(800) && !proven.take(1), "a quarter");
    let others: Vec<_> = (2..=5).map(|n| budget.portion(Sender::Certificate([n; 32]))).collect();
    assert_eq!(others.iter().filter(|one| one.take(700)).count(), 3, "all are {}", 3_200);
    drop(portions);
    drop(proven);
    assert!(others[3].take(700), "what ended is given back");
    drop(others);
    let answers = Budget::of_answers();
    let one = answers.portion(Sender::Certificate([1; 32]));
    let another = answers.portion(Sender::Certificate([2; 32]));
    assert!(one.take(ANSWERS_OF_PROVEN) && !one.take(1), "what nobody takes is bounded");
    assert!(another.take(ANSWERS_OF_PROVEN));
    let held = budget.held();
    assert_eq!((held.all, held.by.len()), (0, 0));
}

/// Counts how often it is woken.
#[derive(Default)]
struct Woken(AtomicUsize);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// However many halves a sender or a crowd sends, a smaller request has room: the largest that
/// waits for its client gives way, and nothing that is here, or is no larger.
#[test]
fn halves_that_hold_most_give_way() {
    let budget = Budget::of_requests(3_200);
    let source = |network: u8| Sender::Source(IpAddr::from([192, 0, network, 1]).into());
    let woken = Arc::new(Woken::default());
    let half = |last: u8, bytes: usize| {
        let one = budget.portion(source(last));
        assert!(one.take(bytes));
        one.wait(Some(&Waker::from(woken.clone())));
        one
    };
    let (large, small) = (half(1, 60), half(1, 40));
    let report = budget.portion(source(1));
    assert!(report.take(30), "what waits and has more gives way");
    assert!(large.gave_way() && large.was_refused() && !small.was_refused());
    assert_eq!(woken.0.load(Ordering::Relaxed), 1, "and hears of it");
    assert!(!large.take(1), "for good");
    let larger = budget.portion(source(1));
    assert!(!larger.take(50) && !small.was_refused(), "what has more gets nothing by that");
    small.wait(None);
    let another = budget.portion(source(1));
    assert!(!another.take(31) && !small.gave_way(), "what is here stays");
    drop((large, small, report, larger, another));

    let crowd: Vec<_> = (1..=32).map(|last| half(last, 100)).collect();
    let report = budget.portion(source(99));
    assert!(report.take(30), "of a crowd whoever holds most");
    assert_eq!(crowd.iter().filter(|one| one.gave_way()).count(), 1);
    assert!(report.take(70), "what gave way left so much");
    let equal = budget.portion(source(98));
    assert!(!equal.take(100), "nobody holds more than this would");
    drop((crowd, report, equal));
    let held = budget.held();
    assert_eq!((held.all, held.by.len(), held.networks.len()), (0, 0, 0));
}

/// Whoever has a network of addresses holds what four sources may, by however many it sends;
/// what waits there for its client gives way to what is smaller, and to nobody else's.
#[test]
fn a_network_holds_the_shares_of_few_sources() {
    let budget = Budget::of_requests(3_200);
    let in_one = |subnet: u16| {
        let address = IpAddr::from([0x2001, 0xdb8, 7, subnet, 0, 0, 0, 1]);
        budget.portion(Sender::Source(address.into()))
    };
    let crowd: Vec<_> = (0..32).map(in_one).collect();
    let taken = crowd.iter().filter(|one| one.take(100)).count();
    assert_eq!(taken, SOURCES_OF_NETWORK, "all here would be {}", 3_200);
    let other = budget.portion(Sender::Source(IpAddr::from([192, 0, 2, 1]).into()));
    assert!(other.take(100));
    let small = in_one(99);
    assert!(!small.take(30), "what is here stays");
    crowd[0].wait(Some(&Waker::from(Arc::new(Woken::default()))));
    let small = in_one(98);
    assert!(small.take(30) && crowd[0].gave_way() && !crowd[1].gave_way());
    drop((crowd, small, other));
    let held = budget.held();
    assert_eq!((held.all, held.networks.len()), (0, 0));
}

/// Who takes none of its answers has so many, and loses the connection on which most of them
/// wait once a smaller one is to leave; others keep theirs.
#[test]
fn answers_that_nobody_takes_have_a_bound() {
    let budget = Budget::with_shares(1_000, (0, 100));
    let source = |last: u8| Sender::Source(IpAddr::from([192, 0, 2, last]).into());
    let answer = |last: u8, bytes: usize| {
        let (one, connection) = (budget.portion(source(last)), Arc::<Activity>::default());
        one.wait(Some(&Waker::from(Arc::new(EndsConnection(connection.clone())))));
        (one.take(bytes), one, connection)
    };
    let (large, small, other) = (answer(1, 60), answer(1, 30), answer(2, 100));
    assert!(large.0 && small.0 && other.0);
    assert!(!answer(1, 70).0, "nothing is larger");
    let receipt = answer(1, 20);
    assert!(receipt.0 && large.2.end.is_cancelled());
    assert!([&small, &other, &receipt].iter().all(|one| !one.2.end.is_cancelled()));
    let shares = Budget::of_answers_to_strangers();
    assert!(shares.portion(source(1)).take(ANSWERS_OF_SOURCE));
    assert!(!shares.portion(source(1)).take(ANSWERS_OF_SOURCE + 1));
}
