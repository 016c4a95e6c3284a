use super::*;
use crate::command::{Command, Officer};
use crate::sample::Sample;
use ca_api::OwnSuspension;

/// A process that starts knows what a former one told.
#[test]
fn what_was_told_is_known_to_the_next_process() {
    let mut sample = Sample::found();
    let (_, certificate) = sample.official("李丹");
    let serial = certificate.serial().to_string();
    let folder = tempfile::tempdir().unwrap();
    let (path, secret) = (folder.path().join("told"), [7; 32]);
    Journal::found(&path, &mac_key(&secret)).unwrap();
    let (mut journal, none) = AnswerJournal::open(&path, &secret).unwrap();
    assert!(none.is_empty());
    let wanted = OwnSuspension { serial: serial.clone(), reason: "keyCompromise".into() };
    let (portal, holder) = (sample.staff(), Officer(Arc::new(certificate)));
    sample.decide(|reply| Command::Suspend(portal, holder, wanted, reply)).unwrap();
    let told: Vec<NewRecord> = sample.state.told.all().map(|one| NewRecord::clone(one)).collect();
    assert!(matches!(told[0].record.event, Event::Suspended { .. }));
    journal.keep(&told, &sample.state.told).unwrap();
    drop(journal);
    let (_, again) = AnswerJournal::open(&path, &secret).unwrap();
    assert_eq!(again.all().count(), told.len());
    sample.state.told = again;
    sample.take_away(|_| true);
    assert!(sample.authority().is_revoked(&serial), "felt at once");
    sample.round((&[], &[]), |_| ());
    sample.sequence();
    assert!(sample.authority().is_revoked(&serial) && sample.state.told.is_empty());
}

/// What stands in a journal twice, since a round that kept it came to nothing, is one.
#[test]
fn what_is_kept_twice_is_one() {
    let mut sample = Sample::found();
    let (_, certificate) = sample.official("李丹");
    let serial = certificate.serial().to_string();
    let wanted = OwnSuspension { serial, reason: "keyCompromise".into() };
    let (portal, holder) = (sample.staff(), Officer(Arc::new(certificate)));
    sample.decide(|reply| Command::Suspend(portal, holder, wanted, reply)).unwrap();
    let one = sample.state.told.all().next().map(|one| NewRecord::clone(one)).unwrap();
    let mut told = AnsweredBrakes::of(vec![one.clone(), one.clone()]);
    assert_eq!(told.all().count(), 1);
    told.sequenced(&one.record, true);
    assert!(told.is_empty() && told.gone().is_empty());
}

/// A hand puts another record under the id of one that was told, while it waits or in the tree: it
/// is felt all the same, and comes into the tree as itself, under another id where its own is
/// taken.
#[test]
fn another_record_under_its_id_is_not_what_was_told() {
    for in_tree in [false, true] {
        let mut sample = Sample::found();
        let (_, certificate) = sample.official("李丹");
        let serial = certificate.serial().to_string();
        let wanted = OwnSuspension { serial: serial.clone(), reason: "keyCompromise".into() };
        let (portal, holder) = (sample.staff(), Officer(Arc::new(certificate)));
        sample.decide(|reply| Command::Suspend(portal, holder, wanted, reply)).unwrap();
        let id = sample.state.told.all().next().unwrap().record.id.clone();
        sample.exchange(&id);
        if in_tree {
            sample.sequence();
        }
        sample.take_away(|_| false);
        assert!(sample.authority().is_revoked(&serial), "felt at once, {in_tree}");
        sample.round((&[], &[]), |_| ());
        assert_eq!(sample.state.told.has(&id), !in_tree, "it has another id where it must");
        sample.sequence();
        assert!(sample.authority().is_revoked(&serial) && sample.state.told.is_empty());
        let again =
            sample.recorded.iter().filter(|one| matches!(one.event, Event::Suspended { .. }));
        assert_eq!(again.count(), 1, "{in_tree}");
    }
}

/// A journal that grew long is written anew without what the tree has, whatever else is open; that
/// it cannot be holds nobody up.
#[test]
fn a_long_journal_keeps_what_is_open() {
    let mut sample = Sample::found();
    let folder = tempfile::tempdir().unwrap();
    let (path, secret) = (folder.path().join("told"), [7; 32]);
    Journal::found(&path, &mac_key(&secret)).unwrap();
    let (mut journal, _) = AnswerJournal::open(&path, &secret).unwrap();
    let (_, certificate) = sample.official("李丹");
    let serial = certificate.serial().to_string();
    let wanted = OwnSuspension { serial, reason: "keyCompromise".into() };
    let (portal, holder) = (sample.staff(), Officer(Arc::new(certificate)));
    sample.decide(|reply| Command::Suspend(portal, holder, wanted, reply)).unwrap();
    let one = sample.state.told.all().next().map(|one| NewRecord::clone(one)).unwrap();
    let mut told = AnsweredBrakes::default();
    // Each is in the tree when the next one comes, but the first, which stays.
    let made = |number: u32| {
        let mut made = one.clone();
        made.record.id = Bytes::from(u128::from(number).to_be_bytes());
        made.bytes = made.record.write().unwrap();
        made
    };
    let first = made(0);
    told.tell(&first);
    journal.keep(&[first], &told).unwrap();
    let each = one.bytes.len() as u64 + 100;
    let count = u32::try_from(2 * JOURNAL_BYTES_MAX / each).unwrap();
    let numbers: Vec<u32> = (1..=count).collect();
    for some in numbers.chunks(200) {
        let next: Vec<NewRecord> = some.iter().map(|number| made(*number)).collect();
        next.iter().for_each(|one| told.tell(one));
        journal.keep(&next, &told).unwrap();
        for one in &next {
            told.sequenced(&one.record, true);
        }
    }
    drop(journal);
    assert!(std::fs::metadata(&path).unwrap().len() < JOURNAL_BYTES_MAX + 1_000_000);
    let (_, again) = AnswerJournal::open(&path, &secret).unwrap();
    assert!(again.has(&Bytes::from(0u128.to_be_bytes())), "the one that is open");
}
