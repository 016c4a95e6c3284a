use super::*;
use std::sync::mpsc::sync_channel;

/// However many wait at once, each is in one batch and none is lost; an end that nobody waits
/// for goes with what somebody waits for behind it.
#[test]
fn everything_that_waits_is_gathered_once() {
    let (sender, receiver) = sync_channel(4 * BATCH_MAX);
    let wanted = |number: usize, answer| Wanted {
        event: Event::Completion(Completion::without_answer(number.to_string(), "cut")),
        disclosures: Vec::new(),
        micros: number as u64,
        place: Place::Ends,
        answer,
    };
    let count = 2 * BATCH_MAX + 7;
    (0..count).for_each(|number| sender.send(wanted(number, None)).unwrap());
    let (answer, _answered) = tokio::sync::oneshot::channel();
    sender.send(wanted(count, Some(answer))).unwrap();
    let mut gathered_so_far = Vec::new();
    while let Ok(first) = receiver.try_recv() {
        let batch = gathered(first, &receiver);
        assert!(batch.len() <= BATCH_MAX);
        gathered_so_far.extend(batch.iter().map(|one| one.micros));
    }
    assert_eq!(gathered_so_far, (0..=count as u64).collect::<Vec<_>>());
}
