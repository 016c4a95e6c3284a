use super::*;
use crate::command::NewSnapshot;
use authority::{OrderDigest, Revoked, Serial};
use ca_host::CaConfig;
use ca_host::lists::ListOf;
use records::people::{PeopleSnapshot, SignedPeople};
use sample_city::SampleCity;
use std::sync::Arc;

fn serial(number: u64) -> Serial {
    Serial::read(&format!("4{number:031x}")).unwrap()
}

fn revocation(number: u64) -> RowChange {
    let revoked = Revoked { at: 1, reason: "keyCompromise".into(), not_after: 2 };
    RowChange::Revocation(serial(number), revoked)
}

fn role(city: &SampleCity, id: &str) -> RowChange {
    RowChange::Roles(id.into(), city.authority.person(id).unwrap().clone())
}

/// What only copies the log is left for later where a table takes nothing, of a brake also what
/// it decided; nobody overtakes what waits already.
#[test]
fn copies_wait_and_what_was_decided_does_not() {
    let none = Uncopied::of(Vec::new(), false);
    let order = OrderDigest([7; 32]);
    let copied = || vec![revocation(1), revocation(2)];
    let decided = || vec![RowChange::OrderState(order, "done"), RowChange::Rewrite];
    let split = |own: &Uncopied, share: &Share<'_>| {
        let mut rows = decided();
        let later = own.split(share, (copied(), false), &mut rows);
        (rows.len(), later.rows.len())
    };
    let (mut brake, mut other) = (Share::order(order, true), Share::order(order, false));
    assert_eq!(split(&none, &brake), (4, 0));
    let some = Uncopied::of(vec![revocation(3)], false);
    assert_eq!(split(&some, &brake), (2, 2), "behind those that wait");
    (brake.copies_later, other.copies_later) = (true, true);
    assert_eq!(split(&none, &brake), (1, 3));
    assert_eq!(split(&none, &other), (2, 2), "what is no brake is kept whole or not at all");
}

/// As long as any wait that is said, also while they are tried: no authority is kept behind them,
/// from which a start would go on without them.
#[test]
fn nothing_is_kept_behind_copies_that_wait() {
    let mut own = Uncopied::of(Vec::new(), false);
    let waits = own.waits();
    let is_said = || waits.load(Ordering::Acquire);
    assert!(!is_said());
    own.take(Later { rows: vec![revocation(1)], is_lost: false, is_repaired: false });
    assert!(is_said());
    let kinds = own.take_due(own.due().unwrap());
    assert!(is_said(), "they are on their way");
    kinds.into_iter().for_each(|kind| own.give_back(kind));
    own.show();
    assert!(is_said(), "their table took none");
    assert_eq!(own.take_due(own.due().unwrap()).len(), 1);
    own.show();
    assert!(!is_said(), "their table took them");
    assert!(Uncopied::of(vec![revocation(2)], false).waits().load(Ordering::Acquire));
}

/// Behind a round that took too long, and while any wait, copies are left out from the beginning,
/// until there were none or they are tried by themselves.
#[test]
fn copies_are_left_out_behind_a_round_that_was_late() {
    let mut own = Uncopied::of(Vec::new(), false);
    let later = |rows| Later { rows, is_lost: false, is_repaired: false };
    assert!(!own.are_left_out());
    own.was_late();
    assert!(own.are_left_out() && own.due().is_none());
    own.take(later(Vec::new()));
    assert!(!own.are_left_out(), "nothing was left out, and it was in time");
    own.was_late();
    own.take(later(vec![revocation(1)]));
    let due = own.due().unwrap();
    let kind = own.take_due(due).pop().unwrap();
    assert!(!own.are_left_out(), "they were taken");
    own.give_back(kind);
    assert!(own.are_left_out());
}

/// Of many that wait the oldest are tried together, and stay the oldest where they are not taken.
#[test]
fn so_many_copies_are_tried_together_in_their_order() {
    let waiting = (0..TRIED_MAX as u64 + 2).map(revocation);
    let mut own = Uncopied::of(waiting.chain([RowChange::Rewrite]).collect(), false);
    let kinds = own.take_due(own.due().unwrap());
    assert_eq!(kinds.iter().map(Vec::len).collect::<Vec<_>>(), [TRIED_MAX, 1]);
    let is = |one: &RowChange, number| match one {
        RowChange::Revocation(is, _) => *is == serial(number),
        _ => false,
    };
    assert!(is(&own.rows[0], TRIED_MAX as u64) && own.rows.len() == 2);
    kinds.into_iter().for_each(|kind| own.give_back(kind));
    let again: Vec<_> = own.take_due(own.due().unwrap()).into_iter().flatten().collect();
    let oldest = again.iter().find(|one| matches!(one, RowChange::Revocation(..)));
    assert!(is(oldest.unwrap(), 0) && own.rows.len() == 2);
}

/// However long a table takes nothing, so many are remembered and no more; with every copy
/// written anew nothing is missing.
#[test]
fn so_many_copies_are_remembered() {
    let mut own = Uncopied::of(Vec::new(), false);
    assert_eq!((own.told(), own.due()), ("", None));
    let later = |rows, is_lost, is_repaired| Later { rows, is_lost, is_repaired };
    own.take(later((0..ROWS_MAX as u64).map(revocation).collect(), false, false));
    assert!(own.told().contains("tried again"));
    own.take(later(vec![revocation(7)], false, false));
    assert!(own.rows.len() == ROWS_MAX && own.told().contains("doctor --repair"));
    own.take(later(Vec::new(), false, true));
    assert_eq!((own.told(), own.due()), ("", None));
    own.take(later(Vec::new(), true, false));
    assert!(own.told().contains("doctor --repair"), "what no row told of");
}

fn list(city: &SampleCity, number: u64) -> RowChange {
    RowChange::List(ListOf::Issuing, Box::new(city.list(number)))
}

/// A list that its table does not take is recorded without its row, so that it can be published;
/// of those rows the newest wait. An operator's list for the root is kept whole or not at all.
#[test]
fn a_list_waits_for_its_table_and_holds_up_no_revocation() {
    let city = SampleCity::found();
    let order = OrderDigest([7; 32]);
    let mut brake = Share::order(order, true);
    brake.copies_later = true;
    let mut own = Uncopied::of(vec![revocation(1)], false);
    for number in 0..LISTS_MAX as u64 + 2 {
        let mut decided = vec![list(&city, number)];
        let later = own.split(&brake, (Vec::new(), false), &mut decided);
        assert!(decided.is_empty());
        own.take(later);
    }
    let numbers = own.rows.iter().filter_map(|one| match one {
        RowChange::List(_, list) => Some(list.number()),
        _ => None,
    });
    assert!(numbers.eq(2..LISTS_MAX as u64 + 2), "the newest");
    assert_eq!(own.rows.len(), LISTS_MAX + 1, "nothing else is forgotten");
    let kinds = own.take_due(own.due().unwrap());
    assert_eq!((kinds.len(), own.rows.len()), (2, LISTS_MAX - 1), "one of them at a time");
    let RowChange::List(_, of_root) = list(&city, 1) else { panic!("no list") };
    let mut decided = vec![RowChange::List(ListOf::Root, of_root)];
    own.split(&brake, (Vec::new(), false), &mut decided);
    assert_eq!(decided.len(), 1);
}

/// A table that is gone keeps back what belongs there and nothing else; once it is there again
/// everything is written, in its order.
#[tokio::test]
async fn a_table_that_is_gone_keeps_back_its_own_copies_only() {
    let folder = tempfile::tempdir().unwrap();
    let config = CaConfig::nowhere().in_folder(folder.path());
    let store = ca_store::open(&config).await.unwrap();
    let city = SampleCity::found();
    let id = city.authority.people().next().map(|(id, _)| id.to_string()).unwrap();
    let hand = async |sql: &'static str| {
        let mut tx = store.write().await.unwrap();
        store::execute!(&mut tx, sql).unwrap();
        tx.commit().await.unwrap();
    };
    let count = async |sql: &'static str| {
        let mut tx = store.read().await.unwrap();
        store::row!(&mut tx, (i64,), sql).unwrap().unwrap().0
    };
    hand("alter table role_grant rename to aside").await;
    let waiting = vec![role(&city, &id), revocation(1), role(&city, &id), revocation(2)];
    let mut own = Uncopied::of(waiting, false);
    assert!(own.take_due(Instant::now()).is_empty(), "not at once again");
    for is_there in [false, true] {
        let later = own.due().unwrap();
        for kind in own.take_due(later) {
            let tx = store.write().await.unwrap();
            if write(tx, kind.clone(), &city.authority).await.is_err() {
                own.give_back(kind);
            }
        }
        assert_eq!(count("select count(*) from revocation").await, 2);
        assert_eq!(own.rows.len(), if is_there { 0 } else { 2 });
        if !is_there {
            hand("alter table aside rename to role_grant").await;
        }
    }
    let roles = city.authority.person(&id).unwrap().roles.len() as i64;
    assert_eq!(count("select count(*) from role_grant").await, roles);
    assert_eq!(own.told(), "");
    store.close().await;
}

fn told(city: &SampleCity, number: u64) -> RowChange {
    let snapshot = PeopleSnapshot {
        v: 1,
        founding: city.founding.into(),
        agent: "gate-1".into(),
        order: [1; 32].into(),
        application: "documents".into(),
        hosts: Vec::new(),
        number,
        bundle: 1,
        policy: [2; 32].into(),
        mode: None,
        emergencies: Vec::new(),
        this_update: String::new(),
        next_update: String::new(),
        units: Vec::new(),
        people: Vec::new(),
    };
    let signed = SignedPeople::sign(&snapshot, &city.keys.registry).unwrap();
    RowChange::Snapshot(Arc::new(NewSnapshot { snapshot, signed, said: Vec::new() }))
}

/// Of a brake a snapshot that its table does not take is recorded without its row, since its gate
/// hears of it past the rows; of those rows the newest wait. One that only adds is kept whole or
/// not at all.
#[test]
fn a_snapshot_that_takes_away_waits_for_no_table() {
    let city = SampleCity::found();
    let order = OrderDigest([7; 32]);
    let mut own = Uncopied::of(vec![revocation(1)], false);
    for (is_braking, left) in [(true, 0), (false, 1)] {
        let mut share = Share::order(order, is_braking);
        share.copies_later = true;
        let mut decided = vec![told(&city, 1)];
        own.split(&share, (Vec::new(), false), &mut decided);
        assert_eq!(decided.len(), left, "{is_braking}");
    }
    let many = (0..SNAPSHOTS_MAX as u64 + 2).map(|number| told(&city, number));
    own.take(Later { rows: many.collect(), is_lost: false, is_repaired: false });
    let numbers = own.rows.iter().filter_map(|one| match one {
        RowChange::Snapshot(new) => Some(new.snapshot.number),
        _ => None,
    });
    assert!(numbers.eq(2..SNAPSHOTS_MAX as u64 + 2), "the newest");
    assert!(own.is_lost, "and that is told");
    let kinds = own.take_due(own.due().unwrap());
    assert_eq!(kinds.iter().map(Vec::len).collect::<Vec<_>>(), [1, SNAPSHOTS_TRIED_MAX]);
}
