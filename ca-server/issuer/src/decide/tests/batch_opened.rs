//! What officers open of a batch before they approve it: what its digest draws, and what needed a
//! look.

use super::batch::{PEOPLE, applied, drafted, rows};
use crate::sample::operate::{OFFICERS, SECURITY, person, role, site};
use crate::sample::{Sample, SampleCity};
use authority::OrderDigest;
use ca_host::operator::OperatorRequest;
use records::order::{Body, PersonAction, RoleAction};
use records::record::Event;
use records::rules::Role;
use records::{Bytes, Code};

#[test]
fn a_row_approved_unopened_where_the_rules_ask_is_none() {
    let (mut sample, batch) = drafted();
    let wanted = sample.sample_of(batch, "officer-1");
    assert_eq!(wanted.len(), 3, "as many as the sample city asks for, here all");
    let bring = |sample: &mut Sample, opened: &[Bytes]| {
        let approval = sample.opened_approval(batch, "officer-1", opened);
        sample.bring(sample.staff(), "officer-1", approval)
    };
    assert_eq!(bring(&mut sample, &[]), Err(Code::RowUnopened));
    assert_eq!(bring(&mut sample, &wanted[..2]), Err(Code::RowUnopened));
    let other = [wanted[0].clone(), wanted[1].clone(), [9; 32].into()];
    assert_eq!(bring(&mut sample, &other), Err(Code::RowUnopened));
    // What is said to be opened is signed: nobody adds it.
    let mut added = sample.opened_approval(batch, "officer-1", &[]);
    added.opened = Some(Bytes(wanted.iter().flat_map(|row| row.0.clone()).collect()));
    let told = sample.bring(sample.staff(), "officer-1", added);
    assert_eq!(told, Err(Code::ApprovalSignature));
    bring(&mut sample, &wanted).unwrap();
    // Nobody opens rows of what is no batch.
    let row = rows(&sample, batch)[0];
    let approval = sample.opened_approval(row, "officer-2", &wanted);
    let told = sample.bring(sample.staff(), "officer-2", approval);
    assert_eq!(told, Err(Code::Malformed));
}

/// What an approval says was opened is what had to be: nothing more, twice, in another order,
/// foreign or cut, that evidence would count for something.
#[test]
fn what_is_said_to_be_opened_is_just_what_had_to_be() {
    let mut sample = Sample::found();
    let names = ["李丹", "王小红", "赵五", "陈一", "陈二", "陈三", "陈四"];
    let orders = applied(&mut sample, &names);
    sample.batches("officer-1", &orders).unwrap();
    let batch = sample.newest_order();
    sample.sequence();
    let wanted = sample.sample_of(batch, "officer-1");
    let all: Vec<Bytes> = orders.iter().map(|order| Bytes::from(*order)).collect();
    let other = all.iter().find(|row| !wanted.contains(row)).unwrap().clone();
    let with = |row: &Bytes| [wanted.clone(), vec![row.clone()]].concat();
    let turned: Vec<Bytes> = wanted.iter().rev().cloned().collect();
    let said = [all, with(&other), with(&wanted[0]), with(&[9; 32].into()), turned];
    let cut = with(&[9; 31].into());
    for opened in said.into_iter().chain([cut]) {
        let approval = sample.opened_approval(batch, "officer-1", &opened);
        let event = Event::Approval {
            approval: approval.clone(),
            person: sample.person("officer-1"),
            acting_for: None,
        };
        let told = sample.bring(sample.staff(), "officer-1", approval);
        assert_eq!(told, Err(Code::Malformed), "{}", opened.len());
        sample.notice(event);
        assert!(sample.authority().given(batch, sample.city.now).is_empty(), "by a hand too");
    }
    sample.approves_batch(batch, "officer-1").unwrap();
}

/// A row that needs a look is opened by everybody, in a batch of a roster as in one of an officer.
#[test]
fn a_flagged_row_is_opened_whatever_is_drawn() {
    let mut sample = Sample::with_handler();
    sample.register("李丹", "sz-office");
    let ids: Vec<String> = (0..20).map(|place| format!("{place:016}")).collect();
    let named = |place| if place == 7 { "李丹" } else { "陈一" };
    let people: Vec<_> =
        ids.iter().enumerate().map(|(at, id)| (id.as_str(), named(at), "sz-office")).collect();
    let many = sample.drafting_many("handler", &people);
    sample.bring_many("handler", many).unwrap();
    let of_roster = sample.newest_order();
    sample.sequence();
    let row = rows(&sample, of_roster)[7];
    let orders: Vec<OrderDigest> = ["赵一", "赵二", "赵三", "赵四", "赵五", "赵六", "李丹"]
        .map(|name| sample.order(person(PersonAction::Create, "", name, "sz-office")))
        .into();
    sample.batches("officer-1", &orders).unwrap();
    let of_officer = sample.newest_order();
    sample.sequence();
    for (batch, row, place) in [(of_roster, row, 7), (of_officer, orders[6], 6)] {
        let (_, body) = sample.authority().open(batch, sample.city.now).unwrap();
        let Body::Batch(body) = &*body else { panic!("no batch") };
        assert_eq!(body.flagged, [place]);
        for name in OFFICERS {
            let mut without = sample.sample_of(batch, name);
            without.retain(|one| *one != Bytes::from(row));
            let approval = sample.opened_approval(batch, name, &without);
            let told = sample.bring(sample.staff(), name, approval);
            assert_eq!(told, Err(Code::RowUnopened), "{name}");
            sample.approves_batch(batch, name).unwrap();
        }
    }
}

/// Places of a batch of an officer's that everybody opens.
fn flagged(sample: &mut Sample, orders: &[OrderDigest]) -> (OrderDigest, Vec<u16>) {
    sample.batches("officer-1", orders).unwrap();
    let batch = sample.newest_order();
    sample.sequence();
    let (_, body) = sample.authority().open(batch, sample.city.now).unwrap();
    let Body::Batch(body) = &*body else { panic!("no batch") };
    (batch, body.flagged.clone())
}

/// Whoever holds an office, or is in charge of a system, hides among no others who leave or are
/// transferred: everybody opens what is about them. What takes a role away waits for no look.
#[test]
fn rows_about_people_in_office_are_opened_by_everybody() {
    let mut sample = Sample::found();
    let ids: Vec<String> = ["李丹", "王小红", "赵五", "陈一", "陈二", "陈三", "陈四"]
        .map(|name| sample.register(name, "sz-office"))
        .into();
    sample.grant(&ids[1], Role::UnitHandler, "sz-office");
    sample.grant(&ids[3], Role::Official, "sz-office");
    let mut own = site("register", "site");
    own.leader = ids[5].clone();
    sample.registered_system(own);
    for action in [PersonAction::Leave, PersonAction::Move] {
        let unit = if action == PersonAction::Move { "shangzhou" } else { "" };
        let orders: Vec<OrderDigest> =
            ids.iter().map(|id| sample.order(person(action, id, "", unit))).collect();
        let (batch, opened) = flagged(&mut sample, &orders);
        assert_eq!(opened, [1, 5]);
        for name in OFFICERS {
            let mut without = sample.sample_of(batch, name);
            without.retain(|one| *one != Bytes::from(orders[1]));
            let approval = sample.opened_approval(batch, name, &without);
            let told = sample.bring(sample.staff(), name, approval);
            assert_eq!(told, Err(Code::RowUnopened), "{name}");
        }
        sample.approves_batch(batch, "officer-1").unwrap();
    }
    let ends = |what, id: &String| role(RoleAction::Withdraw, id, what, "sz-office");
    let requests = [ends(Role::UnitHandler, &ids[1]), ends(Role::Official, &ids[3])];
    let orders = requests.map(|request| sample.order(request));
    assert!(flagged(&mut sample, &orders).1.is_empty());
}

/// In a record that a hand made, an approval without the rows counts for none of them.
#[test]
fn the_tree_counts_no_approval_without_the_rows() {
    let (mut sample, batch) = drafted();
    for name in OFFICERS {
        let approval = sample.opened_approval(batch, name, &[]);
        let person = sample.person(name);
        sample.notice(Event::Approval { approval, person, acting_for: None });
    }
    sample.sequence();
    sample.go_on();
    assert!(PEOPLE.iter().all(|(id, _, _)| sample.authority().person(id).is_none()));
    // With them the same records carry.
    for name in OFFICERS {
        let approval = sample.opened_approval(batch, name, &sample.sample_of(batch, name));
        let person = sample.person(name);
        sample.notice(Event::Approval { approval, person, acting_for: None });
    }
    sample.sequence();
    sample.go_on();
    assert!(PEOPLE.iter().all(|(id, _, _)| sample.authority().person(id).is_some()));
}

/// Each officer opens other orders, which follow from who they are; of many more than of few.
#[test]
fn officers_open_others_and_more_of_many() {
    let mut sample = Sample::with_handler();
    let ids: Vec<String> = (0..120).map(|place| format!("{place:016}")).collect();
    let people: Vec<_> = ids.iter().map(|id| (id.as_str(), "陈一", "sz-office")).collect();
    let mut made = |people: &[(&str, &str, &str)]| {
        let many = sample.drafting_many("handler", people);
        sample.bring_many("handler", many).unwrap();
        let batch = sample.newest_order();
        sample.sequence();
        (batch, OFFICERS.map(|name| sample.sample_of(batch, name)))
    };
    let (_, [first, second]) = made(&people[..20]);
    assert_eq!((first.len(), second.len()), (5, 5));
    let (batch, [first, second]) = made(&people[20..]);
    assert_eq!((first.len(), second.len()), (5, 5), "one in twenty of a hundred");
    assert_ne!(first, second);
    let lent = sample.opened_approval(batch, "officer-1", &second);
    let told = sample.bring(sample.staff(), "officer-1", lent);
    assert_eq!(told, Err(Code::RowUnopened), "what another opened");
    sample.approves_batch(batch, "officer-1").unwrap();
    for (rows, wanted) in [(3, 3), (100, 5), (101, 6), (500, 25), (2_000, 100)] {
        assert_eq!(sample.authority().sample_size("person", rows), wanted, "of {rows}");
    }
    assert_eq!(sample.authority().sample_size("revoke", 2_000), 0, "brakes ask for none");
}

/// What was sealed under rules that asked for less is approved no more; a newer one is.
#[test]
fn rules_that_ask_for_more_end_an_older_sample() {
    let mut sample = Sample::found();
    let names = ["李丹", "王小红", "赵五", "陈一", "陈二", "陈三"];
    let orders = applied(&mut sample, &names);
    sample.batches("officer-1", &orders).unwrap();
    let older = sample.newest_order();
    sample.sequence();
    let content = SampleCity::changed_rules(2).content.replace("sample = 5\n", "sample = 6\n");
    sample.done(OperatorRequest::ApprovalRules { content }, &SECURITY);
    assert_eq!(sample.approves_batch(older, "officer-1"), Err(Code::StateConflict));
    sample.batches("officer-2", &orders).unwrap();
    let newer = sample.newest_order();
    sample.sequence();
    assert_eq!(sample.sample_of(newer, "officer-1").len(), 6);
    sample.approves_batch(newer, "officer-1").unwrap();
}
