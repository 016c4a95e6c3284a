//! What `status` confirmed and the log does not have is taken over once, by what is signed in it.

use crate::command::Command;
use crate::sample::Sample;
use records::Record;
use records::record::{Cause, Event};

fn take_over(sample: &mut Sample, record: &Record) -> usize {
    let before = sample.recorded.len();
    let records = vec![record.clone()];
    sample.decide(|reply| Command::Confirmed(records, reply)).unwrap();
    sample.recorded.len() - before
}

#[test]
fn what_status_confirmed_is_taken_over() {
    let (mut sample, letter, old, _) = Sample::with_holder();
    let value = letter.keys.loss_value(&letter.reference).into();
    let cause = Cause::Loss { reference: letter.reference.clone(), value };
    let event = sample.city.revoked_event(cause, Vec::new());
    let record = sample.city.record(event);
    let serial = old.serial().to_string();
    let changes: [fn(&mut Event); 3] = [
        |event| {
            if let Event::Revoked { cause: Cause::Loss { value, .. }, .. } = event {
                value.0.fill(7);
            }
        },
        |event| {
            if let Event::Revoked { signature, .. } = event {
                signature.0.fill(7);
            }
        },
        |event| {
            if let Event::Revoked { cause, .. } = event {
                *cause = Cause::Left { person: "0000000000000001".into() };
            }
        },
    ];
    for change in changes {
        let mut forged = record.clone();
        change(&mut forged.event);
        assert_eq!(take_over(&mut sample, &forged), 0);
        assert!(!sample.authority().is_revoked(&serial));
    }
    assert_eq!(take_over(&mut sample, &record), 1);
    assert!(sample.authority().is_revoked(&serial) && sample.state.list_due);
    assert_eq!(take_over(&mut sample, &record), 0, "once");
    for _ in 0..2 {
        sample.take_away(|event| matches!(event, Event::Revoked { .. }));
        assert!(sample.authority().is_revoked(&serial), "whoever takes its record away");
        assert_eq!(take_over(&mut sample, &record), 1, "it is on its way again");
    }
    sample.sequence();
    assert!(sample.state.told.is_empty());
    assert_eq!(take_over(&mut sample, &record), 0, "the log has it");
}
