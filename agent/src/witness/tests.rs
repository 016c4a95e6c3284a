use super::*;
use keys::SoftwareSigner;
use pki::Signer;
use records::export::InclusionEvidence;
use records::record::{Event, Record, entry};
use records::trust::TrustedLog;
use records::{Bytes, Disclosure};
use std::collections::VecDeque;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use tlog::merkle::{leaf_hash, node_hash};
use tlog::{Checkpoint, VerifierKey};

const SERIAL: &str = "01020304";

/// A log whose key we hold: it signs what we like.
struct OwnLog {
    signer: SoftwareSigner,
    vkey: VerifierKey,
}

impl OwnLog {
    fn new() -> Self {
        let ed25519 = pki::algorithm::by_name("ed25519").unwrap();
        let signer = SoftwareSigner::generate(ed25519).unwrap();
        let public = signer.public_key().raw().try_into().unwrap();
        Self { signer, vkey: VerifierKey::new("city/control", public).unwrap() }
    }

    /// Who believes this log.
    fn trust(&self) -> Trust {
        let log = TrustedLog {
            log: "control".into(),
            vkey: self.vkey.to_string(),
            url: String::new(),
            from: "2026-11-24T08:00:00Z".into(),
            until: None,
        };
        Trust {
            v: 1,
            city: "印信".into(),
            sample: true,
            root_sha256: [1; 32].into(),
            founding: [2; 32].into(),
            arc: String::new(),
            logs: vec![log],
            portal_public: String::new(),
            portal_staff: String::new(),
            status: String::new(),
            log: String::new(),
        }
    }

    /// The proof that a certificate was issued, in a tree of two entries.
    fn proof(&self, shown: &ShownCertificate) -> InclusionEvidence {
        let disclosure = Disclosure::new("/certificate", [7; 32], "der".into());
        let event = Event::Issued {
            under: [3; 32].into(),
            serial: shown.serial.clone(),
            subject: "0000000000000001".into(),
            profile: "official".into(),
            key_sha256: [4; 32].into(),
            not_after: "2027-11-24T08:00:00Z".into(),
            sha256: shown.sha256.into(),
            certificate: disclosure.commitment().unwrap(),
        };
        self.proof_of(event)
    }

    /// A checkpoint that its key signed.
    fn note(&self, size: u64, root: [u8; 32]) -> String {
        let head = Checkpoint { origin: self.vkey.name().to_owned(), size, root };
        tlog::note::sign(&head.text(), &self.vkey, |text: &[u8]| self.signer.sign(text)).unwrap()
    }

    fn proof_of(&self, event: Event) -> InclusionEvidence {
        let record = Record {
            v: 1,
            id: Bytes(vec![7; 16]),
            log: "control".into(),
            maker: "issuer".into(),
            time: "2026-11-24T08:00:00.000000Z".into(),
            link: None,
            event,
        };
        let (record, salt) = (record.write().unwrap(), [9; 32]);
        let other = leaf_hash(b"another entry");
        let root = node_hash(&leaf_hash(&entry(&salt, &record)), &other);
        InclusionEvidence {
            record: Bytes(record),
            salt: salt.into(),
            index: 0,
            hashes: vec![other.into()],
            checkpoint: self.note(2, root),
        }
    }
}

/// Somebody's certificate.
fn shown(number: u16) -> ShownCertificate {
    let mut sha256 = [0; 32];
    sha256[30..].copy_from_slice(&number.to_be_bytes());
    ShownCertificate { sha256, serial: SERIAL.into() }
}

fn logged(proof: InclusionEvidence) -> Option<IssuedAnswer> {
    continued(proof, Vec::new())
}

/// The same with what is said to prove that the log goes on.
fn continued(evidence: InclusionEvidence, continues: Vec<Bytes>) -> Option<IssuedAnswer> {
    Some(IssuedAnswer::Logged(Box::new(IssuedProof { evidence, continues })))
}

/// A witness whose log gives these answers, and then none; and how often it is asked.
fn witness(
    log: &OwnLog,
    folder: &Path,
    answers: Vec<Option<IssuedAnswer>>,
) -> (Arc<Witness>, Arc<AtomicUsize>) {
    let (answers, asked) = (Mutex::new(VecDeque::from(answers)), Arc::new(AtomicUsize::new(0)));
    let counted = asked.clone();
    let ask: AskLog = Box::new(move |_| -> Asking {
        counted.fetch_add(1, Ordering::SeqCst);
        let answer = answers.lock().unwrap().pop_front().flatten();
        Box::pin(std::future::ready(answer))
    });
    let kept = folder.join("witness");
    let witness = Witness::new(log.trust(), kept, (ask, Duration::ZERO), Metrics::default());
    (Arc::new(witness), asked)
}

/// Waits until nothing is asked or kept any more.
async fn is_over(witness: &Witness) {
    while witness.questions.available_permits() < QUESTIONS_MAX {
        tokio::task::yield_now().await;
    }
}

/// A certificate is let in by the record of its own issue, under a checkpoint that this city's log
/// signed, and by nothing else that anybody answers.
#[tokio::test]
async fn a_certificate_is_proven_by_its_own_record_in_this_log_alone() {
    let (log, foreign) = (OwnLog::new(), OwnLog::new());
    let (own, other) = (shown(1), shown(2));
    let stands = async |answer: Option<IssuedAnswer>| {
        let folder = tempfile::tempdir().unwrap();
        let answers = vec![answer.clone(), answer.clone(), answer];
        let (witness, _) = witness(&log, folder.path(), answers);
        let stands = witness.stands(own.clone()).await;
        is_over(&witness).await;
        stands
    };
    assert_eq!(stands(logged(log.proof(&own))).await, Ok(()));
    let unproven = Err(Code::CertificateUnproven);
    assert_eq!(stands(logged(log.proof(&other))).await, unproven, "another one of its number");
    let renumbered = ShownCertificate { serial: "05".into(), ..own.clone() };
    assert_eq!(stands(logged(log.proof(&renumbered))).await, unproven, "another number");
    assert_eq!(stands(logged(foreign.proof(&own))).await, unproven, "another log");
    let (approvals, files) = (Vec::new(), Vec::new());
    let enacted = Event::Enacted { order: own.sha256.into(), approvals, files };
    assert_eq!(stands(logged(log.proof_of(enacted))).await, unproven, "another event");
    let good = log.proof(&own);
    let mut altered = log.proof(&other);
    altered.record = good.record.clone();
    for tampered in [
        InclusionEvidence { index: 1, ..good.clone() },
        InclusionEvidence { hashes: Vec::new(), ..good.clone() },
        InclusionEvidence { salt: [8; 32].into(), ..good.clone() },
        altered,
    ] {
        assert_eq!(stands(logged(tampered)).await, unproven);
    }
    assert_eq!(stands(None).await, unproven, "nobody answers");
    let absent = Some(IssuedAnswer::Absent(7));
    assert_eq!(stands(absent).await, Err(Code::CertificateUnlogged));
}

/// A log of which a gate saw more, or something else, proves nothing there, though its key signed
/// it: it has to go on from the checkpoint of the gate's rules, and from the newest one by which a
/// certificate was proven.
#[tokio::test]
async fn a_certificate_is_proven_in_a_log_that_goes_on() {
    let log = OwnLog::new();
    let (own, two) = (log.proof(&shown(1)), log.proof(&shown(2)));
    let of_first = |proof: &InclusionEvidence| {
        let salt = proof.salt.digest().unwrap();
        leaf_hash(&entry(&salt, &proof.record.0))
    };
    let root =
        |proof: &InclusionEvidence| node_hash(&of_first(proof), &proof.hashes[0].digest().unwrap());
    let above = |mark: String, answers: Vec<Option<IssuedAnswer>>| {
        let folder = tempfile::tempdir().unwrap();
        let (witness, _) = witness(&log, folder.path(), answers);
        let marks = Arc::<Mutex<Marks>>::default();
        marks.lock().unwrap().control = mark;
        (Arc::new(Arc::into_inner(witness).unwrap().above(marks)), folder)
    };
    let goes_on = continued(own.clone(), own.hashes.clone());
    let first = log.note(1, of_first(&own));
    for (mark, answer, wanted) in [
        (first.clone(), goes_on.clone(), Ok(())),
        (log.note(2, root(&own)), logged(own.clone()), Ok(())),
        (first, logged(own.clone()), Err("does not prove")),
        (log.note(1, of_first(&two)), goes_on.clone(), Err("does not prove")),
        (log.note(2, root(&two)), logged(own.clone()), Err("two roots of one size")),
        (log.note(3, root(&own)), logged(own.clone()), Err("fewer records")),
        ("no checkpoint".into(), goes_on, Err("")),
    ] {
        let (witness, _folder) = above(mark, vec![answer.clone(), answer.clone(), answer]);
        let stands = witness.stands(shown(1)).await;
        assert_eq!(stands, wanted.map_err(|_| Code::CertificateUnproven), "{wanted:?}");
        let told = witness.metrics.told().join("\n");
        assert!(wanted.is_ok_and(|()| told.is_empty()) || told.contains(wanted.unwrap_err()));
        is_over(&witness).await;
    }
    // What a certificate was proven by is a floor as well.
    let other = logged(two.clone());
    let answers = vec![logged(own), other.clone(), other.clone(), other];
    let (witness, _folder) = above(String::new(), answers);
    assert_eq!(witness.stands(shown(1)).await, Ok(()));
    assert_eq!(witness.stands(shown(2)).await, Err(Code::CertificateUnproven), "of another log");
    is_over(&witness).await;
}

/// The record of what was issued a moment ago may be on its way: it is asked for again. That one is
/// missing is told, and remembered by nobody.
#[tokio::test]
async fn what_is_missing_is_asked_for_again_and_remembered_by_nobody() {
    let (log, folder) = (OwnLog::new(), tempfile::tempdir().unwrap());
    let absent = || Some(IssuedAnswer::Absent(7));
    let answers = vec![absent(), absent(), absent(), absent(), logged(log.proof(&shown(1)))];
    let (witness, asked) = witness(&log, folder.path(), answers);
    assert_eq!(witness.stands(shown(1)).await, Err(Code::CertificateUnlogged));
    assert_eq!(asked.load(Ordering::SeqCst), TIMES);
    let told = witness.metrics.told();
    assert!(told.iter().any(|line| line.starts_with("witness: ") && line.contains(SERIAL)));
    for _ in 0..2 {
        assert_eq!(witness.stands(shown(1)).await, Ok(()));
        assert_eq!(asked.load(Ordering::SeqCst), TIMES + 2, "what is proven is known");
    }
    is_over(&witness).await;
}

/// However many connections show one certificate at once, one question is asked for it.
#[tokio::test]
async fn whoever_shows_a_certificate_that_is_asked_for_waits_for_that_answer() {
    let (log, folder) = (OwnLog::new(), tempfile::tempdir().unwrap());
    let (asked, may_answer) = (Arc::new(AtomicUsize::new(0)), Arc::new(Semaphore::new(0)));
    let (counted, waits, proof) = (asked.clone(), may_answer.clone(), log.proof(&shown(1)));
    let ask: AskLog = Box::new(move |_| -> Asking {
        counted.fetch_add(1, Ordering::SeqCst);
        let (waits, answer) = (waits.clone(), logged(proof.clone()));
        Box::pin(async move {
            let _now = waits.acquire().await.ok()?;
            answer
        })
    });
    let kept = folder.path().join("witness");
    let settings = (ask, Duration::ZERO);
    let witness = Arc::new(Witness::new(log.trust(), kept, settings, Metrics::default()));
    let release = async { may_answer.add_permits(1) };
    let (one, two, ()) = tokio::join!(witness.stands(shown(1)), witness.stands(shown(1)), release);
    assert_eq!((one, two), (Ok(()), Ok(())));
    assert_eq!(asked.load(Ordering::SeqCst), 1);
    is_over(&witness).await;
}

/// Who signs certificates without end has so many of them asked for at once: whoever is known
/// passes meanwhile, and all others are told to come again.
#[tokio::test]
async fn so_many_certificates_are_asked_for_at_once_and_the_known_pass() {
    let (log, folder) = (OwnLog::new(), tempfile::tempdir().unwrap());
    let ask: AskLog = Box::new(|_| -> Asking { Box::pin(std::future::pending()) });
    let kept = folder.path().join("witness");
    let settings = (ask, Duration::ZERO);
    let witness = Arc::new(Witness::new(log.trust(), kept, settings, Metrics::default()));
    let known = shown(0);
    witness.known.insert(known.sha256, ());
    let mut waiting = Vec::new();
    for number in 1..=QUESTIONS_MAX {
        let one = shown(u16::try_from(number).unwrap());
        assert!(witness.may_wait(&one.sha256));
        waiting.push(witness.question(one).unwrap());
    }
    let more = shown(u16::MAX);
    assert!(!witness.may_wait(&more.sha256) && witness.may_wait(&known.sha256));
    assert!(witness.question(more.clone()).is_none());
    assert_eq!(witness.stands(more).await, Err(Code::CertificateUnproven));
    assert_eq!(witness.stands(known).await, Ok(()));
    assert!(witness.question(shown(1)).is_some(), "who shows one of them listens");
}

/// What was proven lets in after a restart while the log is away; whatever else lies in its place
/// is no proof.
#[tokio::test]
async fn what_is_proven_is_kept_and_no_file_proves_anything_by_itself() {
    let (log, folder) = (OwnLog::new(), tempfile::tempdir().unwrap());
    let again = async |shown: ShownCertificate| {
        witness(&log, folder.path(), Vec::new()).0.stands(shown).await
    };
    let kept = KeptProofs::in_folder(folder.path().join("witness"));
    let keep = |shown: &ShownCertificate| {
        let proven = LoggedCertificate::read(&log.trust(), shown, log.proof(shown)).unwrap();
        kept.keep(&proven).unwrap();
    };
    assert_eq!(again(shown(1)).await, Err(Code::CertificateUnproven));
    keep(&shown(1));
    assert_eq!(again(shown(1)).await, Ok(()));
    assert_eq!(again(shown(2)).await, Err(Code::CertificateUnproven));

    let file = std::fs::read_dir(folder.path().join("witness")).unwrap().next().unwrap();
    let file = file.unwrap().path();
    let good = std::fs::read_to_string(&file).unwrap();
    let named = |shown: &ShownCertificate| Bytes::from(shown.sha256).to_string();
    let foreign = serde_json::to_string(&[serde_json::json!({
        "sha256": named(&shown(1)), "evidence": OwnLog::new().proof(&shown(1)),
    })]);
    let renamed = good.replacen(&named(&shown(1)), &named(&shown(2)), 1);
    let cut = good[..good.len() - 1].to_owned();
    for (whose, text) in [(1, foreign.unwrap()), (2, renamed), (1, cut), (1, "[]".into())] {
        std::fs::write(&file, text).unwrap();
        assert_eq!(again(shown(whose)).await, Err(Code::CertificateUnproven), "{whose}");
    }

    // A file has so many, the newest.
    (1..=20).for_each(|number| keep(&shown(number)));
    let outcomes = [again(shown(4)).await, again(shown(5)).await, again(shown(20)).await];
    assert_eq!(outcomes, [Err(Code::CertificateUnproven), Ok(()), Ok(())]);
}
