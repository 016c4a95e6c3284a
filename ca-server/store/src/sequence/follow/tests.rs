//! Hands in the rows of runs: what an honest agent hands in may be refused by them, and is never
//! told as a fork.

use super::*;
use crate::sequence::Sequencer;
use crate::sequence::sample::SampleRun;
use ca_host::CaConfig;
use keys::SoftwareSigner;
use pki::Signer;
use pki::algorithm::by_name;
use records::Code;
use records::access::{CHAIN_START, SignedHead};
use sample_city::{SampleCity, SampleOfficer};
use service::Clock;
use store::Store;
use tempfile::TempDir;
use tlog::VerifierKey;

/// A run of twenty records; those from `other` on are not what such a run has.
fn run(agent: &SampleOfficer, other: u8) -> SampleRun<'_> {
    SampleRun::of(agent, 7, (20, other), CHAIN_START)
}

/// A log of runs.
struct Access {
    store: Store,
    sequencer: Sequencer,
    _folder: TempDir,
}

impl Access {
    async fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = CaConfig::nowhere().in_folder(folder.path());
        let store = crate::open(&config).await.unwrap();
        let signer = SoftwareSigner::generate(by_name("ed25519").unwrap()).unwrap();
        let public = signer.public_key().raw().try_into().unwrap();
        let key = VerifierKey::new("city/access", public).unwrap();
        let sequencer = Sequencer::new(LOG, store.clone(), signer, key, Clock::system()).unwrap();
        Self { store, sequencer, _folder: folder }
    }

    /// A log with the first ten records of a run, in two pieces.
    async fn with(run: &SampleRun<'_>) -> Self {
        let mut access = Self::open().await;
        for (first, end) in [(0, 5), (5, 10)] {
            let round = access.sequencer.round(vec![run.piece(first, end)]).await.unwrap();
            assert!(matches!(round.outcomes[..], [RunOutcome::Stands(_)]));
        }
        access
    }

    /// What a process that begins now makes of a piece.
    async fn judge(&self, piece: &VerifiedRun) -> RunOutcome {
        let mut tx = self.store.read().await.unwrap();
        let reached = runs::reached(&mut tx, &piece.agent, piece.epoch()).await.unwrap();
        let follows = follow(&mut tx, reached, piece, &self.sequencer.tree.edge).await.unwrap();
        match follows {
            Follows::New(_, places) => RunOutcome::Stands(places),
            Follows::Refused(outcome) => outcome,
        }
    }

    async fn says(&self, piece: &VerifiedRun) -> &'static str {
        match self.judge(piece).await {
            RunOutcome::Stands(_) => "stands",
            RunOutcome::Gap => "gap",
            RunOutcome::Forked { .. } => "forked",
            RunOutcome::Damaged => "damaged",
        }
    }

    async fn hand(&self, sql: &'static str) {
        let mut tx = self.store.write().await.unwrap();
        assert!(store::execute!(&mut tx, sql).unwrap() > 0, "{sql}");
        tx.commit().await.unwrap();
    }

    async fn run(&self, sql: &'static str) {
        let mut tx = self.store.write().await.unwrap();
        store::execute!(&mut tx, sql).unwrap();
        tx.commit().await.unwrap();
    }

    /// Lays a head that somebody signed for himself in the place of the agent's.
    async fn lay(&self, head: &SignedHead, certificate: &[u8]) {
        let mut tx = self.store.write().await.unwrap();
        let laid = store::execute!(
            &mut tx,
            "update agent_head set head = $1, signature = $2, certificate = $3 where count = 10",
            head.head.0.clone(),
            head.signature.0.clone(),
            certificate.to_vec()
        );
        assert_eq!(laid.unwrap(), 1);
        tx.commit().await.unwrap();
    }
}

#[tokio::test]
async fn no_row_accuses_an_agent() {
    let city = SampleCity::found();
    let run = run(city.officer("officer-1"), 20);
    let access = Access::with(&run).await;
    let (again, last, next) = (run.piece(3, 8), run.piece(5, 10), run.piece(10, 12));
    let says =
        async || [access.says(&again).await, access.says(&last).await, access.says(&next).await];
    assert_eq!(says().await, ["stands"; 3]);
    let hands = [
        // How far the run is said to be: what no signature says counts for nothing.
        ("update agent_head set count = count + 3", ["damaged"; 3]),
        ("update agent_head set signature = head", ["damaged"; 3]),
        ("update agent_head set epoch = epoch, agent_id = 'gate-2'", ["gap"; 3]),
        ("delete from agent_head", ["gap"; 3]),
        ("delete from agent_head where count = 10", ["stands", "stands", "gap"]),
        (
            "insert into agent_head select agent_id, epoch, 4000, head, signature, certificate, \
             0, 0 from agent_head where count = 10",
            ["stands"; 3],
        ),
        // Where its records are said to be, and what stands there.
        ("update agent_head set idx = idx + 1", ["damaged", "damaged", "stands"]),
        ("update agent_head set idx = 0", ["damaged", "damaged", "stands"]),
        ("update agent_head set idx = 9223372036854775807", ["damaged", "damaged", "stands"]),
        ("update agent_head set first = -1, idx = -1", ["damaged", "damaged", "stands"]),
        ("update log_entry set record = salt", ["damaged", "damaged", "stands"]),
        ("update log_entry set salt = zeroblob(32)", ["damaged", "damaged", "stands"]),
        ("delete from log_entry where idx > 3", ["damaged", "damaged", "stands"]),
    ];
    access.run("create table heads as select * from agent_head").await;
    access.run("create table entries as select * from log_entry").await;
    for (hand, told) in hands {
        access.hand(hand).await;
        assert_eq!(says().await, told, "{hand}");
        access.run("delete from agent_head").await;
        access.hand("insert into agent_head select * from heads").await;
        access.run("delete from log_entry").await;
        access.hand("insert into log_entry select * from entries").await;
    }
    assert_eq!(says().await, ["stands"; 3], "it goes on where the rows are as they were");
}

/// A hand signs a head for itself: what is told names the hand's key, which no agent ever had.
#[tokio::test]
async fn what_another_key_signed_bears_its_name() {
    let city = SampleCity::found();
    let (agent, hand) = (city.officer("officer-1"), city.officer("officer-2"));
    let (run, forged) = (run(agent, 20), run(hand, 4));
    let access = Access::with(&run).await;
    access.lay(&forged.head(10), hand.certificate.der()).await;
    match access.judge(&run.piece(10, 12)).await {
        RunOutcome::Forked { signer, .. } => {
            assert_eq!(signer, Bytes::from(hand.certificate.key().sha256()));
            assert_ne!(signer, Bytes::from(agent.certificate.key().sha256()));
        }
        _ => panic!("the head is signed"),
    }
    // Under the agent's certificate it is no head.
    access.lay(&forged.head(10), agent.certificate.der()).await;
    assert_eq!(access.says(&run.piece(10, 12)).await, "gap");
}

/// An agent that signed two records under one number, or two chains behind as many records.
#[tokio::test]
async fn a_fork_is_what_an_agent_signed_twice() {
    let city = SampleCity::found();
    let agent = city.officer("officer-1");
    let (run, forked) = (run(agent, 20), run(agent, 4));
    let access = Access::with(&run).await;
    let own = Bytes::from(agent.certificate.key().sha256());
    let (entry, chain) = (run.entries[4], run.chains[10]);
    for (first, number, had) in [(3, 4, entry), (4, 4, entry), (10, 10, chain)] {
        match access.judge(&forked.piece(first, 12)).await {
            RunOutcome::Forked { aseq, other, known, signer } => {
                assert_eq!((aseq, other), (number as u64, forked.entries[number]), "{first}");
                assert_eq!((known.as_slice(), &signer), (&had[..], &own), "{first}");
            }
            _ => panic!("from {first} on it is another run"),
        }
    }
    assert_eq!(access.says(&forked.piece(0, 4)).await, "stands", "so far they are one");
    // A run begins with nothing before it.
    let begun = SampleRun::of(agent, 7, (20, 20), [9; 32]);
    assert_eq!(begun.handed(0, 3).err(), Some(Code::Malformed));
}
