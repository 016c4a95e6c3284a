//! What an agent hands in is taken as it lies, or not at all.

use super::*;
use keys::SoftwareSigner;
use records::access::{CHAIN_START, Completion, Decision, InForce, Link};
use records::label::Label;
use records::spooled::RECORDS_MAX;
use sample_city::SampleCity;

const AGENT: &str = "gate-1";

/// A decision with what opens its target, as an agent may write that: spaces and all.
fn decided() -> (Event, Vec<u8>) {
    let target = Disclosure::new("/target", [8; 32], "/documents".into());
    let decision = Decision {
        application: "exchange".into(),
        connection: "gate-1/A/0".into(),
        person: "0123456789ABCDEF".into(),
        unit: "sz-office".into(),
        serial: "01".repeat(18),
        exception: None,
        method: "GET".into(),
        target: target.commitment().unwrap(),
        route: "/documents".into(),
        action: "read".into(),
        resource: "exchange".into(),
        outcome: "permitted".into(),
        rule: "own-unit".into(),
        world: InForce::default(),
        reference: String::new(),
    };
    let opened = serde_json::to_vec_pretty(&[target]).unwrap();
    (Event::Decision(Box::new(decision)), opened)
}

/// A frame of a run: its bytes, and the chain value behind it.
fn frame(aseq: u64, before: [u8; 32], (event, opened): (Event, Vec<u8>)) -> (Vec<u8>, [u8; 32]) {
    let record = Record {
        v: 1,
        id: [7; 16].into(),
        log: LOG.into(),
        maker: format!("{AGENT}/agent"),
        time: "2026-01-01T00:00:00.000000Z".into(),
        link: Some(Link { epoch: [1; 16].into(), aseq, prev: before.into() }),
        event,
    };
    let (record, salt) = (record.write().unwrap(), [9; 32]);
    let after = chain(&before, &entry(&salt, &record));
    let (record, disclosures) = (record.as_slice(), opened.as_slice());
    let mut bytes = Vec::new();
    SpoolFrame { salt, chain: after, record, disclosures }.write(&mut bytes).unwrap();
    (bytes, after)
}

/// A decision, and ends of requests behind it, each as a frame; and the chain value at the end.
fn run(count: usize) -> (Vec<Vec<u8>>, [u8; 32]) {
    let (mut frames, mut before) = (Vec::new(), CHAIN_START);
    for aseq in 0..count as u64 {
        let ended = Completion::without_answer(format!("{AGENT}/A/{aseq}"), "cut");
        let said = if aseq == 0 { decided() } else { (Event::Completion(ended), Vec::new()) };
        let (bytes, after) = frame(aseq, before, said);
        frames.push(bytes);
        before = after;
    }
    (frames, before)
}

/// Frames under a head for so many records.
fn headed(
    signer: &SoftwareSigner,
    frames: &[Vec<u8>],
    (count, chain): (usize, [u8; 32]),
) -> Spooled<'static> {
    let (agent, epoch) = (AGENT.to_owned(), [1; 16].into());
    let head = SpoolHead { v: 1, agent, epoch, count: count as u64, chain: chain.into() };
    let head = records::json::write(&head).unwrap();
    let signature = Label::Spool.sign(signer, &head).unwrap();
    let head = SignedHead { head: Bytes(head), signature: Bytes(signature) };
    Spooled { head, known: 0, bytes: frames.concat().into() }
}

#[test]
fn a_piece_is_taken_as_it_lies_and_no_other() {
    let city = SampleCity::found();
    let (own, foreign) = (city.officer("officer-1"), city.officer("officer-2"));
    let taken = |agent: &str, spooled: &Spooled<'_>| {
        let run = VerifiedRun::verify(agent, &own.certificate, spooled);
        run.map(|run| run.entries)
    };
    let refused = |spooled: &Spooled<'_>| taken(AGENT, spooled).map(|entries| entries.len());
    let (frames, end) = run(3);
    let whole = headed(&own.signer, &frames, (3, end));
    let entries = taken(AGENT, &whole).unwrap_or_else(|code| panic!("{code:?}"));
    let openings: Vec<&str> = entries.iter().map(|one| one.openings.as_str()).collect();
    assert_eq!(openings, [String::from_utf8(decided().1).unwrap().as_str(), "", ""]);
    // By whom it is, and whether it is all of it.
    assert_eq!(taken("gate-2", &whole).err(), Some(Code::NotYourRoute));
    let by_another = headed(&foreign.signer, &frames, (3, end));
    assert_eq!(refused(&by_another), Err(Code::UseSignature));
    for some in [&frames[..2], &frames[1..2], &[]] {
        assert_eq!(refused(&headed(&own.signer, some, (3, end))), Err(Code::SpoolGap));
    }
    assert_eq!(refused(&headed(&own.signer, &frames[1..], (3, end))), Ok(2), "from anywhere on");
    // Frames that are cut, lengthened, or say another chain than their records make.
    let changed = |change: fn(&mut Vec<u8>)| {
        let mut spooled = headed(&own.signer, &frames, (3, end));
        change(spooled.bytes.to_mut());
        refused(&spooled)
    };
    assert_eq!(changed(|frames| frames.truncate(frames.len() - 1)), Err(Code::Malformed));
    assert_eq!(changed(|frames| frames.extend([0; 80])), Err(Code::Malformed));
    assert_eq!(changed(|frames| frames[40] ^= 1), Err(Code::SpoolGap));
    assert_eq!(changed(|frames| frames[8] ^= 1), Err(Code::SpoolGap), "another salt");
    assert_eq!(changed(|frames| frames[72] ^= 1), Err(Code::Malformed), "no record");
    // What opens nothing of its record, and what is no list of disclosures.
    let other = Disclosure::new("/target", [8; 32], "/other".into());
    let other = serde_json::to_vec(&[other]).unwrap();
    for (opened, code) in [(other, Code::OrderIncomplete), (b"[".to_vec(), Code::Malformed)] {
        let (bytes, after) = frame(0, CHAIN_START, (decided().0, opened));
        assert_eq!(refused(&headed(&own.signer, &[bytes], (1, after))), Err(code));
    }
    // As many as are handed in together, and one more.
    let most = [(RECORDS_MAX, Ok(RECORDS_MAX)), (RECORDS_MAX + 1, Err(Code::TooLarge))];
    for (count, wanted) in most {
        let (frames, end) = run(count);
        assert_eq!(refused(&headed(&own.signer, &frames, (count, end))), wanted);
    }
}

/// A gate stands in front of one application: what it records of another one, in whatever record,
/// is told apart, and all that it says of its own is not.
#[test]
fn a_run_says_which_applications_it_names() {
    let city = SampleCity::found();
    let own = city.officer("officer-1");
    let verified = |said: Vec<(Event, Vec<u8>)>| {
        let (mut frames, mut before) = (Vec::new(), CHAIN_START);
        let count = said.len();
        for (aseq, said) in (0..).zip(said) {
            let (bytes, after) = frame(aseq, before, said);
            frames.push(bytes);
            before = after;
        }
        let spooled = headed(&own.signer, &frames, (count, before));
        VerifiedRun::verify(AGENT, &own.certificate, &spooled).unwrap_or_else(|e| panic!("{e:?}"))
    };
    let ended = || {
        let ended = Completion::without_answer(format!("{AGENT}/A/1"), "cut");
        (Event::Completion(ended), Vec::new())
    };
    let of_another = || {
        let (event, opened) = decided();
        let Event::Decision(mut decision) = event else { panic!("a decision") };
        decision.application = "another".into();
        (Event::Decision(decision), opened)
    };
    let whole = verified(vec![decided(), ended(), decided()]);
    assert!(whole.is_about("exchange") && !whole.is_about("another"));
    let mixed = verified(vec![decided(), of_another(), ended()]);
    assert!(!mixed.is_about("exchange") && !mixed.is_about("another"));
    assert!(verified(vec![ended()]).is_about("exchange"), "an end names none");
}
