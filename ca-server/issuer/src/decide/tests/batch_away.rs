//! Transfers, leavers and revocations of many: one signature drafts them, one each approves them,
//! and every row is judged as if it came alone. What only takes away is a brake.

use crate::command::Command;
use crate::decide::many::ROWS_OF_DAY_MAX;
use crate::sample::Sample;
use crate::sample::operate::{OFFICERS, SECURITY, person};
use crate::verify::VerifiedMany;
use authority::OrderDigest;
use pki::Certificate;
use records::decline::Outcome;
use records::draft::DraftingMany;
use records::export::RowExport;
use records::order::{PersonAction, RevokeBody};
use records::{Code, SignedOrder};

const NAMES: [&str; 3] = ["李丹", "王小红", "赵五"];

/// A handler of an office, and officials there with a certificate each.
fn office() -> (Sample, Vec<(String, Certificate)>) {
    let mut sample = Sample::with_handler();
    let official = |name: &&str| {
        let (letter, certificate) = sample.official(name);
        (letter.person, certificate)
    };
    let officials = NAMES.iter().map(official).collect();
    (sample, officials)
}

fn changes(
    sample: &Sample,
    action: PersonAction,
    people: &[(String, Certificate)],
    unit: &str,
) -> DraftingMany {
    let row = |((id, _), name): (&'_ (String, Certificate), &'static str)| (id.clone(), name);
    let people: Vec<(String, &str)> = people.iter().zip(NAMES).map(row).collect();
    let rows: Vec<_> = people.iter().map(|(id, name)| (action, id.as_str(), *name, unit)).collect();
    sample.drafting_changes("handler", &rows)
}

/// The batch that came of it, in the tree.
fn drafted(sample: &mut Sample, many: DraftingMany) -> OrderDigest {
    let made = sample.bring_many("handler", many).unwrap();
    assert_eq!(made.needed, 2);
    let batch = sample.newest_order();
    sample.sequence();
    assert!(sample.unsigned.is_empty(), "{:?}", sample.unsigned);
    batch
}

fn is_brake(sample: &Sample, many: DraftingMany) -> bool {
    let verified = VerifiedMany::verify(many, sample.authority().signatures()).unwrap();
    let (reply, _) = crate::command::Reply::open();
    let command =
        Command::DraftMany(sample.staff(), sample.officer("handler"), Box::new(verified), reply);
    command.is_brake(Some(sample.authority()))
}

#[test]
fn many_leave_by_one_order_under_a_clock_that_moved() {
    let (mut sample, officials) = office();
    sample.clock = Err(Code::ClockMoved);
    let many = changes(&sample, PersonAction::Leave, &officials, "sz-office");
    assert!(is_brake(&sample, many.clone()));
    let batch = drafted(&mut sample, many);
    assert_eq!(sample.approves_batch(batch, "officer-3"), Err(Code::ApproverScope));
    let before = sample.count("approval");
    sample.carry_out(batch, &OFFICERS);
    assert_eq!(sample.count("approval"), before + 2, "one each");
    for (person, certificate) in &officials {
        assert!(sample.authority().has_left(person), "{person}");
        assert!(sample.authority().is_revoked(&certificate.serial().to_string()), "{person}");
    }
    assert_eq!(sample.rows.order_states.get(&batch), Some(&"done"));
}

/// Whoever has to open an order of a batch reads what it takes away, as of a single one: within
/// their scope, and as long as it is open.
#[test]
fn what_follows_of_a_row_is_told_to_whoever_opens_it() {
    let (mut sample, officials) = office();
    let many = changes(&sample, PersonAction::Leave, &officials, "sz-office");
    let batch = drafted(&mut sample, many);
    let (_, body) = sample.authority().open(batch, sample.city.now).unwrap();
    let row = |digest: OrderDigest| {
        let (order, signature) = sample.authority().order_bytes(&digest.0).unwrap();
        let signed = SignedOrder { order, signature, disclosures: Vec::new() };
        RowExport { signed, previous: None, renewed: None, look: None, consequence: None }
    };
    let rows: Vec<RowExport> = sample.authority().rows_of(batch).map(row).collect();
    let told = |sample: &Sample, name: &str| -> Vec<Option<Vec<String>>> {
        let (mut rows, person) = (rows.clone(), sample.person(name));
        sample.tell_consequences(&person, (batch, &body), &mut rows);
        rows.into_iter().map(|row| Some(row.consequence?.certificates)).collect()
    };
    let serial = |(_, one): &(String, Certificate)| Some(vec![one.serial().to_string()]);
    let each: Vec<Option<Vec<String>>> = officials.iter().map(serial).collect();
    assert_eq!(told(&sample, "officer-1"), each);
    let nothing: Vec<Option<Vec<String>>> = vec![None; 3];
    assert_eq!(told(&sample, "officer-3"), nothing, "of another county");
    sample.carry_out(batch, &OFFICERS);
    assert_eq!(told(&sample, "officer-1"), nothing);
}

#[test]
fn many_are_transferred_by_one_order_and_rows_fail_singly() {
    let (mut sample, officials) = office();
    let many = changes(&sample, PersonAction::Move, &officials, "shangzhou");
    assert!(!is_brake(&sample, many.clone()));
    let batch = drafted(&mut sample, many);
    let rows: Vec<OrderDigest> = sample.authority().rows_of(batch).collect();
    correct(&mut sample, &officials[1].0);
    sample.carry_out(batch, &OFFICERS);
    let unit = |person: &str| sample.authority().person(person).unwrap().unit.clone();
    let units: Vec<String> = officials.iter().map(|(person, _)| unit(person)).collect();
    assert_eq!(units, ["shangzhou", "sz-office", "shangzhou"]);
    let failed = sample.order_id(rows[1]);
    assert!(sample.refusals().contains(&("execute", &failed, Code::PersonChanged)));
}

/// The record of one of them changes meanwhile.
fn correct(sample: &mut Sample, person: &str) {
    let version = |sample: &Sample| sample.authority().person(person).unwrap().version;
    let before = version(sample);
    sample.drafts("handler", (PersonAction::Move, person), ("王小虹", "sz-office")).unwrap();
    sample.sequence();
    let corrected = sample.newest_order();
    sample.approved_by(corrected, &OFFICERS);
    assert_eq!(sample.execute(), None);
    sample.sequence();
    assert_eq!(version(sample), before + 1);
}

/// One of many is transferred to another county between draft and approval: the others leave all
/// the same, by officers who answer for them alone, and by nobody else.
#[test]
fn a_transfer_in_between_keeps_none_of_the_others_in_office() {
    let (mut sample, officials) = office();
    let many = changes(&sample, PersonAction::Leave, &officials, "sz-office");
    let batch = drafted(&mut sample, many);
    let rows: Vec<OrderDigest> = sample.authority().rows_of(batch).collect();
    let moved = officials[1].0.clone();
    sample.done(person(PersonAction::Move, &moved, "", "ln-office"), &SECURITY);
    assert_eq!(sample.approves_batch(batch, "officer-3"), Err(Code::ApproverScope));
    assert_eq!(sample.approve(rows[1], OFFICERS[0]).map(drop), Err(Code::ApproverScope));
    sample.carry_out(batch, &OFFICERS);
    let left = officials.iter().map(|(one, _)| sample.authority().has_left(one));
    assert_eq!(left.collect::<Vec<_>>(), [true, false, true]);
    assert!(sample.authority().given(rows[1], sample.city.now).is_empty(), "of nobody's scope");
    assert!(sample.unsigned.is_empty(), "{:?}", sample.unsigned);
}

/// Who leaves with others does so however their record is corrected between draft and approval.
#[test]
fn a_correction_in_between_keeps_none_of_many_in_office() {
    let (mut sample, officials) = office();
    let many = changes(&sample, PersonAction::Leave, &officials, "sz-office");
    let batch = drafted(&mut sample, many);
    correct(&mut sample, &officials[1].0);
    sample.carry_out(batch, &OFFICERS);
    assert!(officials.iter().all(|(person, _)| sample.authority().has_left(person)));
}

/// A draft of many that one officer approved, before one of those people is transferred to another
/// county.
fn transferred(action: PersonAction, unit: &str) -> (Sample, OrderDigest, [String; 3]) {
    let (mut sample, officials) = office();
    let many = changes(&sample, action, &officials, unit);
    let batch = drafted(&mut sample, many);
    sample.approves_batch(batch, "officer-1").unwrap();
    sample.sequence();
    let people = [0, 1, 2].map(|one| officials[one].0.clone());
    sample.done(person(PersonAction::Move, &people[1], "", "ln-office"), &SECURITY);
    (sample, batch, people)
}

/// A transfer between two approvals holds up nobody who leaves beside whom it is about: that one
/// leaves by the word of those who answer for them there. What is no brake is approved whole or
/// not at all.
#[test]
fn who_is_transferred_holds_up_no_batch_of_brakes() {
    let (mut sample, batch, people) = transferred(PersonAction::Leave, "sz-office");
    assert_eq!(sample.approves_batch(batch, "officer-3"), Err(Code::ApproverScope), "of the rest");
    sample.carry_out(batch, &["officer-2"]);
    let left = people.each_ref().map(|person| sample.authority().has_left(person));
    assert_eq!(left, [true, false, true]);
    assert_eq!(sample.authority().person(&people[1]).unwrap().unit, "ln-office");
    let (mut sample, batch, _) = transferred(PersonAction::Move, "shangzhou");
    assert_eq!(sample.approves_batch(batch, "officer-2"), Err(Code::ApproverScope));
}

#[test]
fn certificates_of_many_are_revoked_by_one_order_that_nobody_ends_alone() {
    let (mut sample, officials) = office();
    let certificates: Vec<&Certificate> = officials.iter().map(|(_, one)| one).collect();
    let clock = std::mem::replace(&mut sample.clock, Err(Code::ClockMoved));
    let many = sample.drafting_revocations("handler", &certificates, |_| ());
    assert!(is_brake(&sample, many.clone()));
    let batch = drafted(&mut sample, many.clone());
    let row = sample.authority().rows_of(batch).next().unwrap();
    sample.clock = clock;
    for order in [batch, row] {
        assert_eq!(sample.decline(order, "officer-1", Outcome::Returned), Err(Code::StateConflict));
        assert_eq!(sample.withdraws("handler", order), Err(Code::StateConflict));
    }
    let again = sample.bring_many("handler", many).unwrap();
    assert_eq!(again.batch, sample.order_id(batch), "a form that is sent twice");
    sample.carry_out(batch, &OFFICERS);
    for certificate in certificates {
        assert!(sample.authority().is_revoked(&certificate.serial().to_string()));
    }
}

/// A row is refused for what a single one is refused for, and with it all of them.
#[test]
fn what_a_single_order_is_refused_for_many_are_refused_for() {
    let (mut sample, officials) = office();
    let certificates: Vec<&Certificate> = officials.iter().map(|(_, one)| one).collect();
    let bring = |sample: &mut Sample, name: &str, change: &dyn Fn(&mut RevokeBody)| {
        let many = sample.drafting_revocations(name, &certificates, change);
        sample.bring_many(name, many).map(drop)
    };
    let before = sample.count("order");
    let foreign = |body: &mut RevokeBody| body.serials = vec!["01".repeat(18)];
    assert_eq!(bring(&mut sample, "handler", &foreign), Err(Code::StateConflict));
    let none = |body: &mut RevokeBody| body.serials.clear();
    assert_eq!(bring(&mut sample, "handler", &none), Err(Code::Malformed));
    let reason = |body: &mut RevokeBody| body.reason = "because".into();
    assert_eq!(bring(&mut sample, "handler", &reason), Err(Code::Malformed));
    let unsaid = |_: &mut RevokeBody| ();
    assert_eq!(bring(&mut sample, "officer-3", &unsaid), Err(Code::ApproverScope));
    assert_eq!(bring(&mut sample, "auditor", &unsaid), Err(Code::NotYourRoute));
    // Of several kinds at once there is no batch.
    let (one, other) = (&officials[0].0, &officials[1].0);
    let mixed = [
        (PersonAction::Leave, one.as_str(), NAMES[0], "sz-office"),
        (PersonAction::Move, other.as_str(), NAMES[1], "shangzhou"),
    ];
    let mixed = sample.drafting_changes("handler", &mixed);
    assert!(!is_brake(&sample, mixed.clone()));
    assert_eq!(sample.bring_many("handler", mixed).map(drop), Err(Code::StateConflict));
    assert_eq!(sample.count("order"), before, "all of it or nothing");
    // What was used up by rosters keeps nobody from leaving; brakes have a bound of their own.
    spend(&mut sample, "roster");
    let moves = changes(&sample, PersonAction::Move, &officials, "shangzhou");
    assert_eq!(sample.bring_many("handler", moves).map(drop), Err(Code::TooManyTries));
    bring(&mut sample, "handler", &unsaid).unwrap();
    spend(&mut sample, "taken-away");
    let other = |body: &mut RevokeBody| body.reason = "affiliationChanged".into();
    assert_eq!(bring(&mut sample, "handler", &other), Err(Code::TooManyTries));
    bring(&mut sample, "handler", &unsaid).unwrap();
}

/// Everything of it that a handler may have made within a day.
fn spend(sample: &mut Sample, what: &str) {
    let what = format!("{what}:{}", sample.person("handler"));
    let left = ROWS_OF_DAY_MAX - sample.state.counted(&what);
    sample.state.allow_within(&what, (ROWS_OF_DAY_MAX, crate::expiring::DAY), left).unwrap();
}
