//! What an order rests on: names beside ids are those that authority holds, and what was shown as a
//! change is the change that comes about.

use super::operator::{authority_rules, bundle};
use crate::sample::operate::{OFFICERS, SECURITY, agent, gate, person, revoke, role};
use crate::sample::{Sample, key};
use ca_host::operator::OperatorRequest;
use records::order::{PersonAction, PriorState, RoleAction, UNSIGNED_SECONDS, title};
use records::rules::Role;
use records::{Code, decline::Outcome};

fn grant(id: &str) -> OperatorRequest {
    role(RoleAction::Grant, id, Role::UnitHandler, "sz-office")
}

#[test]
fn a_name_beside_an_id_is_the_one_that_authority_holds() {
    let mut sample = Sample::found();
    let (li, wang) = (sample.register("李丹", "sz-office"), sample.register("王小明", "sz-office"));
    let order = sample.order(grant(&li));
    let read = sample.authority().open(order, sample.city.now).unwrap().0;
    let opened = sample.rows.orders[&order].disclosures.clone();
    read.check_disclosures(&opened).unwrap();
    assert!(title(&read, &opened).starts_with("李丹 · "), "{}", title(&read, &opened));
    let held = sample.authority().person(&li).unwrap();
    assert_eq!(read.basis.person(&li).unwrap().name, held.name);
    assert!(read.basis.units.iter().any(|unit| unit.unit == "sz-office"));
    // A hand in the rows puts another name beside the id: another's, or one of its own.
    for hand in [sample.rows.people[&wang].clone(), {
        let mut own = sample.rows.people[&li].clone();
        own.iter_mut().for_each(|one| one.value = "王小明".into());
        own
    }] {
        let before = sample.rows.people.insert(li.clone(), hand).unwrap();
        assert_eq!(sample.operator(grant(&li)).unwrap_err(), Code::UnsignedAuthority);
        sample.rows.people.insert(li.clone(), before);
    }
}

/// An application is called what the rules in force call it, and a profile what its file does: in
/// the order that officers consent to. A name that comes later ends nothing, another one does.
#[test]
fn what_has_an_id_is_called_by_what_is_in_force() {
    let mut sample = Sample::found();
    let unnamed = sample.order(agent(gate("register", "gate-1")));
    sample.done(bundle(2), &SECURITY);
    let named = sample.order(agent(gate("register", "gate-2")));
    let basis = |sample: &Sample, order| {
        let read = sample.authority().open(order, sample.city.now).unwrap().0;
        (title(&read, &[]), read.basis.clone())
    };
    let (told, shown) = basis(&sample, named);
    assert_eq!(shown.application("exchange").zh, "公文交换");
    assert_eq!(told, "公文交换 · gate-2");
    assert_eq!(basis(&sample, unnamed).0, "exchange · gate-1");
    sample.approve(unnamed, "security-1").unwrap();
    let OperatorRequest::Bundle { mut files, .. } = bundle(3) else { panic!("no bundle") };
    for file in &mut files {
        file.content = file.content.replace("公文交换", "公文往来");
    }
    sample.done(OperatorRequest::Bundle { version: 3, files }, &SECURITY);
    assert_eq!(sample.approve(named, "security-1"), Err(Code::StateConflict));
    sample.approve(unnamed, "security-2").unwrap();
    sample.sequence();
    assert_eq!(sample.execute(), None);
    sample.sequence();

    let id = sample.register("李丹", "sz-office");
    let letter = sample.letter(&id, "official");
    let order = sample.applied(&letter, &key());
    assert_eq!(basis(&sample, order).1.profile("official").zh, "公职人员证书");
}

/// Whoever gives somebody a certificate reads which offices they hold; one that came meanwhile they
/// did not read of, and one that is gone hides nothing.
#[test]
fn whoever_gives_a_certificate_reads_which_offices_its_holder_has() {
    let mut sample = Sample::found();
    let (li, wang) = (sample.register("李丹", "sz-office"), sample.register("王小明", "sz-office"));
    sample.done(grant(&li), &SECURITY);
    let [letter, other] = [&li, &wang].map(|id| sample.letter(id, "official"));
    let before = |sample: &Sample, order| {
        let (read, _) = sample.authority().open(order, sample.city.now).unwrap();
        read.check_disclosures(&sample.rows.orders[&order].disclosures).unwrap();
        read.parts().unwrap().1
    };
    let plain = sample.applied(&other, &key());
    assert!(before(&sample, plain).is_none(), "nobody in office");
    let order = sample.applied(&letter, &key());
    let Some(PriorState::Person(held)) = before(&sample, order) else { panic!("no office") };
    let roles: Vec<_> = held.roles.iter().map(|one| (one.role, one.scope.as_str())).collect();
    assert_eq!(roles, [(Role::UnitHandler, "sz-office")]);
    assert!(held.certificates.is_empty() && held.lent.is_empty() && held.mail.is_none());
    let luonan = |action| role(action, &li, Role::UnitHandler, "luonan");
    sample.done(luonan(RoleAction::Grant), &SECURITY);
    assert_eq!(sample.approve(order, OFFICERS[0]).map(drop), Err(Code::StateConflict));
    assert_eq!(sample.approve(plain, OFFICERS[0]).map(drop), Ok(()), "nobody else's waits for it");
    sample.decline(order, "security-1", Outcome::Returned).unwrap();
    sample.sequence();
    let again = sample.applied(&letter, &key());
    sample.done(luonan(RoleAction::Withdraw), &SECURITY);
    assert_eq!(sample.approve(again, OFFICERS[0]).map(drop), Ok(()));
}

#[test]
fn what_was_looked_at_is_what_was_committed_to() {
    let mut sample = Sample::found();
    let id = sample.register("李丹", "sz-office");
    let letter = sample.letter(&id, "official");
    let known = sample.rows.people.get_mut(&id).unwrap();
    let place = known.iter().position(|one| one.path == "/evidence").unwrap();
    known[place].value = "身份证原件".into();
    let asked = sample.submission(&letter, &key());
    assert_eq!(sample.submit(asked), Err(Code::UnsignedAuthority));
}

#[test]
fn what_was_shown_as_a_change_is_the_change() {
    let mut sample = Sample::found();
    let (second, third) = (sample.order(bundle(2)), sample.order(bundle(3)));
    sample.approve(third, "security-1").unwrap();
    sample.approved_by(second, &SECURITY);
    assert_eq!(sample.execute(), None);
    sample.sequence();
    assert_eq!(sample.authority().bundle().version, 2);
    // Whoever approved version 3 saw it beside version 1.
    assert_eq!(sample.approve(third, "security-2"), Err(Code::StateConflict));
    // It can only be declined.
    sample.decline(third, "security-2", Outcome::Returned).unwrap();
    assert_eq!(sample.approve(third, "security-2"), Err(Code::OrderReturned));
    let rules = |version| OperatorRequest::ApprovalRules { content: authority_rules(version) };
    let third = sample.order(bundle(3));
    let read = sample.authority().open(third, sample.city.now).unwrap().0;
    let Some(PriorState::Files(before)) = read.parts().unwrap().1 else { panic!("no files") };
    assert_eq!((before.version, &before.digest), (2, &sample.authority().bundle().digest));
    sample.approved_by(third, &SECURITY);
    assert_eq!(sample.execute(), None);
    sample.sequence();
    assert_eq!(sample.authority().bundle().version, 3);
    sample.done(rules(2), &SECURITY);
}

/// Two letters for one person: once a certificate came from one of them, what was shown as the
/// first of its profile, or beside an older one, is neither approved nor carried out.
#[test]
fn what_was_shown_as_the_first_certificate_is_the_first() {
    let mut sample = Sample::found();
    let id = sample.register("李丹", "sz-office");
    let letters = [(); 3].map(|()| sample.letter(&id, "official"));
    let [first, second, third] = letters.each_ref().map(|one| sample.applied(one, &key()));
    sample.approved_by(second, &OFFICERS);
    sample.state.ready.remove(&second);
    sample.approved_by(first, &OFFICERS);
    sample.issue();
    assert_eq!(sample.approve(third, "officer-1"), Err(Code::StateConflict));
    sample.state.ready.insert(second);
    assert_eq!(sample.execute(), None);
    assert_eq!(sample.count("intent"), 1);
    // It can be declined; under the same letter it is asked for anew, beside the first one.
    sample.decline(second, "security-1", Outcome::Returned).unwrap();
    sample.sequence();
    sample.certify(&letters[1], &key());
    sample.certify(&letters[2], &key());
}

/// Two orders about the first certificate of one person that have their approvals before either is
/// carried out: the second waits while that of the first is on its way, and is judged beside it.
/// Nobody else waits.
#[test]
fn what_is_on_its_way_is_waited_for() {
    let mut sample = Sample::found();
    let (li, wang) = (sample.register("李丹", "sz-office"), sample.register("王小明", "sz-office"));
    for id in [&li, &li, &wang] {
        let letter = sample.letter(id, "official");
        let order = sample.applied(&letter, &key());
        sample.approved_by(order, &OFFICERS);
    }
    for step in ["recorded", "in the tree", "signed"] {
        assert_eq!(sample.execute(), None);
        assert_eq!(sample.count("intent"), 2, "one of each: {step}");
        assert_eq!(sample.state.ready.len(), 1, "the other waits: {step}");
        match step {
            "recorded" => sample.sequence(),
            _ => drop(sample.sign()),
        }
    }
    assert!(sample.refusals().is_empty());
    sample.sequence();
    assert_eq!(sample.execute(), None);
    assert_eq!((sample.count("intent"), sample.state.ready.len()), (2, 0));
    let codes: Vec<Code> = sample.refusals().iter().map(|refusal| refusal.2).collect();
    assert_eq!(codes, [Code::StateConflict]);
}

/// What was on its way and came to nothing is waited for no longer.
#[test]
fn what_came_to_nothing_is_not_waited_for() {
    let mut sample = Sample::found();
    let id = sample.register("李丹", "sz-office");
    for _ in 0..2 {
        let letter = sample.letter(&id, "official");
        let order = sample.applied(&letter, &key());
        sample.approved_by(order, &OFFICERS);
    }
    assert_eq!(sample.execute(), None);
    sample.sequence();
    let serial = sample.authority().unfinished_intents().next().map(|(serial, _)| *serial);
    sample.settle_left_behind(serial.unwrap());
    sample.sequence();
    assert_eq!(sample.execute(), None);
    assert_eq!((sample.count("intent"), sample.state.ready.len()), (2, 0));
}

#[test]
fn a_new_name_ends_what_was_asked_under_the_old_one() {
    let mut sample = Sample::found();
    let id = sample.register("李丹", "sz-office");
    let order = sample.order(grant(&id));
    sample.approve(order, "security-1").unwrap();
    sample.done(person(PersonAction::Move, &id, "李晓丹", ""), &OFFICERS);
    assert_eq!(sample.approve(order, "security-2"), Err(Code::PersonChanged));
    sample.grant(&id, Role::UnitHandler, "sz-office");
}

#[test]
fn brakes_are_not_held_up_by_a_new_name() {
    let mut sample = Sample::found();
    let (letter, certificate) = sample.official("李丹");
    let order = sample.order(revoke(&letter.person, "superseded"));
    sample.done(person(PersonAction::Move, &letter.person, "李晓丹", ""), &OFFICERS);
    sample.approved_by(order, &OFFICERS);
    assert_eq!(sample.execute(), None);
    assert!(sample.authority().is_revoked(&certificate.serial().to_string()));
}

#[test]
fn no_row_keeps_a_brake_back() {
    let mut sample = Sample::found();
    let (letter, certificate) = sample.official("李丹");
    let serial = certificate.serial().to_string();
    // A hand spoils what opens every name: the officers read ids, and the brake goes on.
    sample.rows.people.clear();
    assert_eq!(sample.operator(grant(&letter.person)).unwrap_err(), Code::UnsignedAuthority);
    sample.revoke("officer-1", &serial, "superseded").unwrap();
    let order = sample.order(revoke(&letter.person, "keyCompromise"));
    let (read, _) = sample.authority().open(order, sample.city.now).unwrap();
    assert!(read.basis.people.is_empty(), "nothing is shown that nothing opens");
    sample.approved_by(order, &OFFICERS);
    assert_eq!(sample.execute(), None);
    assert!(sample.authority().is_revoked(&serial));
    // An operator's leave, too, as a handler's; whatever it calls them, their record stays.
    let name = sample.authority().person(&letter.person).unwrap().name.clone();
    let leave = sample.order(person(PersonAction::Leave, &letter.person, "", ""));
    sample.approved_by(leave, &OFFICERS);
    assert_eq!(sample.execute(), None);
    assert!(sample.authority().has_left(&letter.person));
    sample.sequence();
    assert_eq!(sample.authority().person(&letter.person).unwrap().name, name);
}

#[test]
fn a_wish_that_nobody_signed_lapses_and_can_be_declined() {
    let mut sample = Sample::found();
    let (letter, certificate) = sample.official("李丹");
    let serial = certificate.serial().to_string();
    sample.revoke("officer-1", &serial, "superseded").unwrap();
    sample.sequence();
    let order = sample.newest_order();
    assert_eq!(sample.decline(order, "officer-3", Outcome::Returned), Err(Code::ApproverScope));
    // Also by whom it names: perhaps they never asked for it.
    sample.decline(order, "officer-1", Outcome::Returned).unwrap();
    assert_eq!(sample.approve(order, "officer-2"), Err(Code::OrderReturned), "felt at once");
    sample.sequence();
    sample.revoke("officer-1", &serial, "superseded").unwrap();
    sample.sequence();
    let order = sample.newest_order();
    sample.pass(UNSIGNED_SECONDS + 1);
    assert_eq!(sample.approve(order, "officer-2"), Err(Code::OrderExpired));
    let brake = sample.order(revoke(&letter.person, "superseded"));
    sample.pass(UNSIGNED_SECONDS + 1);
    let declined = sample.decline(brake, "officer-1", Outcome::Returned);
    assert_eq!(declined, Err(Code::StateConflict), "an operator's brake");
    sample.approved_by(brake, &OFFICERS);
    assert_eq!(sample.execute(), None);
    assert!(sample.authority().is_revoked(&serial));
}
