use super::*;
use crate::command::{Command, Officer};
use crate::sample::Sample;
use ca_api::OwnSuspension;
use records::record::Event;

/// A process that starts knows what a former one told.
#[test]
fn what_was_told_is_known_to_the_next_process() {
    let mut sample = Sample::found();
    let (_, certificate) = sample.official("李丹");
    let serial = certificate.serial().to_string();
    let folder = tempfile::tempdir().unwrap();
    let (path, secret) = (folder.path().join("told"), [7; 32]);
    Journal::found(&path, &mac_key(&secret)).unwrap();
    let (mut journal, none) = ToldJournal::open(&path, &secret).unwrap();
    assert!(none.is_empty());
    let wanted = OwnSuspension { serial: serial.clone(), reason: "keyCompromise".into() };
    let (portal, holder) = (sample.staff(), Officer(Arc::new(certificate)));
    sample.decide(|reply| Command::Suspend(portal, holder, wanted, reply)).unwrap();
    let told: Vec<NewRecord> = sample.state.told.all().map(|one| NewRecord::clone(one)).collect();
    assert!(matches!(told[0].record.event, Event::Suspended { .. }));
    journal.keep(&told, &sample.state.told).unwrap();
    drop(journal);
    let (_, again) = ToldJournal::open(&path, &secret).unwrap();
    assert_eq!(again.len(), told.len());
    sample.state.told = Told::of(again);
    sample.take_away(|_| true);
    assert!(sample.authority().is_revoked(&serial), "felt at once");
    sample.round((&[], &[]), |_| ());
    sample.sequence();
    assert!(sample.authority().is_revoked(&serial) && sample.state.told.is_empty());
}
