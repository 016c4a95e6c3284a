//! Evidence doctored by whoever holds the log's key, an agent's key or the database: a record is an
//! agent's word where that agent signed it, and nothing follows from what is not there.

use super::bundle::{
    ALTERED, Files, MISSING, OWN, VERIFIED, auditor, exported, judged, part, search, tar, untar,
    with,
};
use keys::SoftwareSigner;
use records::access::{CHAIN_START, Completion, Link, SignedHead, SpoolHead, chain};
use records::evidence::{AccessPart, DisclosedRecord, file};
use records::label::Label;
use records::lineage::Proven;
use records::record::{Event, Record, entry};
use records::run::RunPiece;
use records::{Bytes, Disclosure};
use sqlx::AnyPool;
use tests::Officer;
use tests::gate::{Gate, get};
use tests::processes::{Office, until};
use tests::spelling::respelled_der;
use tlog::merkle::{Hash, leaf_hash, node_hash};
use tlog::{Checkpoint, VerifierKey};

const OTHERS: &str = "/documents/sz-finance/2026-001";

/// A record as it is laid into a log, with what opens it, and whether its agent signs it.
#[derive(Clone)]
pub(crate) struct Laid {
    pub(crate) record: Record,
    pub(crate) disclosures: Vec<Disclosure>,
    pub(crate) signed: bool,
}

/// Who holds the key of the access log and that of an agent.
pub(crate) struct Forger {
    log: SoftwareSigner,
    vkey: VerifierKey,
    agent: SoftwareSigner,
    certificate: Bytes,
}

impl Forger {
    pub(crate) fn at(office: &Office) -> Self {
        let vkey = office.trust.log_key("access").unwrap();
        let folder = office.path("ca");
        let (log, vkey) = ca_host::trust::checkpoint_key(&folder, "access", vkey.name()).unwrap();
        let agent = keys::open_plain(&office.path("gate/tls.key")).unwrap();
        let pem = std::fs::read(office.path("gate/tls.pem")).unwrap();
        let mut chain = pki::pem::read(&pem, pki::pem::Kind::Certificate).unwrap();
        Self { log, vkey, agent, certificate: Bytes(chain.swap_remove(0)) }
    }

    /// The bundle with these records in place of its own, in a log of just these.
    pub(crate) fn bundle(&self, files: &Files, laid: &[Laid]) -> Files {
        let salt = [9; 32];
        let bytes: Vec<Vec<u8>> = laid.iter().map(|one| written(&one.record)).collect();
        let entries: Vec<[u8; 32]> = bytes.iter().map(|bytes| entry(&salt, bytes)).collect();
        let leaves: Vec<Hash> = entries.iter().map(|entry| leaf_hash(entry)).collect();
        let head = Checkpoint {
            origin: self.vkey.name().to_owned(),
            size: leaves.len() as u64,
            root: root(&leaves),
        };
        let sign = |text: &[u8]| pki::Signer::sign(&self.log, text);
        let checkpoint = tlog::note::sign(&head.text(), &self.vkey, sign).unwrap();
        let shown =
            laid.iter().zip(&bytes).enumerate().map(|(index, (one, bytes))| DisclosedRecord {
                proven: Proven {
                    record: Bytes(bytes.clone()),
                    salt: salt.into(),
                    index: index as u64,
                    hashes: path(index, &leaves).into_iter().map(Bytes::from).collect(),
                },
                disclosures: one.disclosures.clone(),
            });
        let access = AccessPart { checkpoint, records: shown.collect() };
        let signed = laid.iter().zip(&entries).filter(|(one, _)| one.signed);
        let run: Vec<RunPiece> =
            signed.map(|(one, entry)| self.piece(&one.record, entry)).collect();
        let files = with(files, file::ACCESS, |part: &mut AccessPart| *part = access);
        with(&files, file::RUN, |part: &mut Vec<RunPiece>| *part = run)
    }

    /// The agent signs that this record stands where it says.
    fn piece(&self, record: &Record, entry: &[u8; 32]) -> RunPiece {
        let link = record.link.clone().unwrap();
        let head = SpoolHead {
            v: 1,
            agent: "gate-1".into(),
            epoch: link.epoch,
            count: link.aseq + 1,
            chain: chain(&link.prev.digest().unwrap(), entry).into(),
        };
        let head = records::json::write(&head).unwrap();
        let signature = Label::Spool.sign(&self.agent, &head).unwrap();
        RunPiece {
            head: SignedHead { head: head.into(), signature: signature.into() },
            certificate: self.certificate.clone(),
            before: link.prev,
            entries: vec![Bytes::from(*entry)],
        }
    }
}

/// The bytes of a record, also of one that no reader takes.
fn written(record: &Record) -> Vec<u8> {
    record.write().unwrap()
}

fn split(count: usize) -> usize {
    count.next_power_of_two() / 2
}

pub(super) fn root(leaves: &[Hash]) -> Hash {
    match leaves {
        [one] => *one,
        _ => {
            let (left, right) = leaves.split_at(split(leaves.len()));
            node_hash(&root(left), &root(right))
        }
    }
}

/// The audit path of a leaf (RFC 6962 2.1.1).
pub(super) fn path(at: usize, leaves: &[Hash]) -> Vec<Hash> {
    if leaves.len() == 1 {
        return Vec::new();
    }
    let (left, right) = leaves.split_at(split(leaves.len()));
    let (mut below, beside) = match at.checked_sub(left.len()) {
        None => (path(at, left), root(right)),
        Some(at) => (path(at, right), root(left)),
    };
    below.push(beside);
    below
}

/// The records of a bundle, signed as they were.
pub(crate) fn laid(files: &Files) -> Vec<Laid> {
    let access: AccessPart = part(files, file::ACCESS);
    let one = |shown: DisclosedRecord| Laid {
        record: Record::read(&shown.proven.record.0).unwrap(),
        disclosures: shown.disclosures,
        signed: true,
    };
    access.records.into_iter().map(one).collect()
}

fn of_kind<'a>(laid: &'a mut [Laid], kind: &str) -> &'a mut Laid {
    laid.iter_mut().find(|one| one.record.event.kind() == kind).unwrap()
}

fn link(record: &mut Record) -> &mut Link {
    record.link.as_mut().unwrap()
}

/// A city with a gate, and the evidence of a request that was permitted and of one that was denied.
async fn used() -> (Office, Gate, Officer, [Files; 2]) {
    let mut office = Office::open().await;
    let gate = office.gate().await;
    let person = office.gate_official("王小明", "sz-office").await;
    let mut one = gate.h1(&office, &person).await;
    assert_eq!(get(&mut one, OWN).await.0, 200);
    assert_eq!(get(&mut one, OTHERS).await.0, 403);
    drop(one);
    let mut named = [String::new(), String::new()];
    until("the log has both requests, and the end of one", async || {
        for (name, outcome) in named.iter_mut().zip(["permitted", "not-permitted"]) {
            let found = search(&office, &["--person", &person.person, "--outcome", outcome]);
            *name = found[0]["request"].as_str().unwrap_or_default().to_owned();
        }
        named.iter().all(|name| !name.is_empty())
            && search(&office, &["--request", &named[0]]).len() > 2
    })
    .await;
    let files = [("permitted.tar", &named[0]), ("denied.tar", &named[1])];
    let files = files.map(|(out, name)| exported(&office, &["--request", name], out));
    (office, gate, person, files)
}

/// The end of a request as nobody's agent recorded it.
fn false_end(like: &Laid, request: &str) -> Laid {
    let ended = Completion { status: 599, ..Completion::without_answer(request.into(), "done") };
    let mut record = Record { event: Event::Completion(ended), ..like.record.clone() };
    record.id = Bytes(vec![8; 16]);
    link(&mut record).aseq += 7;
    Laid { record, disclosures: Vec::new(), signed: false }
}

/// What is changed in the records of a bundle of this name.
type Change = fn(&mut Vec<Laid>, &str);
/// What it is, the verdict, a word that is said, of which bundle.
type Case<'a> = (&'a str, i32, &'a str, &'a Files, Change);

fn cases<'a>(permitted: &'a Files, denied: &'a Files) -> Vec<Case<'a>> {
    vec![
        ("as they are", VERIFIED, "status 200", permitted, |_, _| ()),
        ("a false end beside the real one", VERIFIED, "left out", permitted, |all, name| {
            all.push(false_end(&all[1], name));
        }),
        ("a false end in place of the real one", VERIFIED, "shows none", permitted, |all, _| {
            of_kind(all, "completion").signed = false;
        }),
        ("a false end behind a denial", VERIFIED, "left out", denied, |all, name| {
            all.push(false_end(&all[1], name));
        }),
        ("the connection again, unsigned", VERIFIED, "left out", permitted, |all, _| {
            let mut again = all[0].clone();
            (again.signed, link(&mut again.record).aseq) = (false, 40);
            all.push(again);
        }),
        ("the connection again, signed", ALTERED, "the same signature", permitted, |all, _| {
            let mut again = all[0].clone();
            link(&mut again.record).aseq = 40;
            all.push(again);
        }),
        ("another connection, signed", ALTERED, "does not belong", permitted, |all, _| {
            let mut again = all[0].clone();
            link(&mut again.record).aseq = 40;
            if let Event::Connection(seen) = &mut again.record.event {
                seen.message.0[70] ^= 1;
            }
            all.push(again);
        }),
        ("the connection unsigned", MISSING, "holds the connection", permitted, |all, _| {
            of_kind(all, "connection").signed = false;
        }),
        ("the decision unsigned", MISSING, "holds the decision", permitted, |all, _| {
            of_kind(all, "decision").signed = false;
        }),
        ("a certificate spelled the other way", ALTERED, "belong together", permitted, |all, _| {
            let one = of_kind(all, "connection");
            let shown = one.disclosures.iter_mut().find(|shown| shown.path == "/certificate");
            let shown = shown.unwrap();
            let der = Bytes::read(shown.value.as_str().unwrap()).unwrap();
            shown.value = Bytes(respelled_der(&der.0)).to_string().into();
            if let Event::Connection(seen) = &mut one.record.event {
                seen.certificate = shown.commitment().unwrap();
            }
        }),
        ("an end without a place", ALTERED, "what the log holds", permitted, |all, _| {
            let end = of_kind(all, "completion");
            (end.signed, end.record.link) = (false, None);
        }),
        ("an end before the decision", ALTERED, "before it was decided", permitted, |all, _| {
            link(&mut of_kind(all, "completion").record).aseq = 0;
        }),
        ("its end by the next run", VERIFIED, "status 0", permitted, |all, name| {
            ended_elsewhere(all, name, Completion::UNKNOWN);
        }),
        ("another end by the next run", ALTERED, "another run tells", permitted, |all, name| {
            ended_elsewhere(all, name, "done");
        }),
        ("two ends", ALTERED, "says it twice", permitted, |all, name| {
            all.push(Laid { signed: true, ..false_end(&all[1], name) });
        }),
        ("an end of what was denied", ALTERED, "was denied", denied, |all, name| {
            all.push(Laid { signed: true, ..false_end(&all[1], name) });
        }),
        ("permitted later than anything is good", ALTERED, "not good then", permitted, late),
        ("denied later than anything is good", ALTERED, "not good then", denied, late),
        ("denied as it was", VERIFIED, "good until", denied, |_, _| ()),
    ]
}

/// Whoever holds the log's key lays records into it that claim to be an agent's: the agent did not
/// sign them, and they are left out by both verifiers. What the agent signed against itself is
/// altered.
#[tokio::test]
async fn a_record_is_an_agents_word_where_the_agent_signed_it() {
    let (office, _gate, person, [permitted, denied]) = used().await;
    let forger = Forger::at(&office);
    let name = |files: &Files| {
        let decided = of_kind(&mut laid(files), "decision").record.clone();
        let link = decided.link.unwrap();
        records::access::request_id("gate-1", &link.epoch, link.aseq)
    };
    let cases = cases(&permitted, &denied);
    let mut wrong = Vec::new();
    for (what, wanted, word, files, change) in cases {
        let mut all = laid(files);
        change(&mut all, &name(files));
        let at = office.path("case.tar");
        tar(&at, &forger.bundle(files, &all));
        let (ours, second, said) = judged(&office, &at, true);
        let right = (ours, second) == (wanted, wanted) && said.contains(word);
        if !right || said.contains("599") || said.contains("in force then") {
            wrong.push(format!("{what}: wanted {wanted}, {ours} and {second}\n{said}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    // A key of this city that did not join as the agent is no agent's.
    let certificate = Bytes(person.leaf().der().to_vec());
    let forger = Forger { agent: person.signer, certificate, ..forger };
    let at = office.path("case.tar");
    tar(&at, &forger.bundle(&permitted, &laid(&permitted)));
    let (ours, second, said) = judged(&office, &at, true);
    assert_eq!((ours, second), (MISSING, MISSING), "{said}");
    assert!(said.contains("did not join"), "{said}");
}

/// Another run of the same agent says how the request ended: a crash cut its own run short.
fn ended_elsewhere(all: &mut [Laid], request: &str, outcome: &str) {
    let end = &mut of_kind(all, "completion").record;
    end.event = Event::Completion(Completion::without_answer(request.into(), outcome));
    let (epoch, prev) = (Bytes(vec![5; 16]), CHAIN_START.into());
    end.link = Some(Link { epoch, aseq: 0, prev });
}

/// The decision a month later.
#[expect(clippy::ptr_arg, reason = "one change of the table")]
fn late(all: &mut Vec<Laid>, _: &str) {
    let decided = &mut of_kind(all, "decision").record;
    decided.time = records::time::micros((decided.unix() + 30 * 86_400) * 1_000_000);
}

/// Hands in the database lay an end and a connection onto the way into the log, as an agent's: they
/// get no number, and evidence is what it was.
#[tokio::test]
async fn what_agents_record_waits_in_no_queue() {
    let (office, _gate, person, [permitted, _]) = used().await;
    let before = office.access().await.len();
    let all = laid(&permitted);
    let decided = all.iter().find(|one| one.record.event.kind() == "decision").unwrap();
    let link = decided.record.link.clone().unwrap();
    let name = records::access::request_id("gate-1", &link.epoch, link.aseq);
    let end = false_end(decided, &name).record;
    let again = Record { id: Bytes(vec![7; 16]), ..all[0].record.clone() };
    let other_run = Link { epoch: Bytes(vec![5; 16]), aseq: 0, prev: CHAIN_START.into() };
    let elsewhere =
        Record { id: Bytes(vec![6; 16]), link: Some(other_run), ..all[0].record.clone() };
    let bare = Record { id: Bytes(vec![5; 16]), link: None, ..end.clone() };
    let database = office.database().await;
    for record in [&end, &again, &elsewhere, &bare] {
        forge(&database, record).await;
    }
    until("nothing waits any more", async || {
        let (count,): (i64,) =
            sqlx::query_as("select count(*) from log_pending where log_id = 'access'")
                .fetch_one(&database)
                .await
                .unwrap();
        count == 0
    })
    .await;
    let found = office.access().await;
    assert!(!found.iter().any(|one| [&end, &again, &elsewhere].contains(&one)), "{before}");
    let files = exported(&office, &["--request", &name], "again.tar");
    assert_eq!(laid(&files).len(), all.len());
    let (ours, second, said) = judged(&office, &office.path("again.tar"), true);
    assert_eq!((ours, second), (VERIFIED, VERIFIED), "{said}");
    assert!(said.contains("status 200") && !said.contains("599"), "{said}");
    assert!(said.contains(&person.person), "{said}");
    // Machines are told the whole of it too.
    let out = office.path("for-machines.tar");
    let said = auditor(&office, &["export", "--request", &name])
        .arg("--out")
        .arg(&out)
        .arg("--json")
        .output()
        .unwrap();
    let told: serde_json::Value = serde_json::from_slice(&said.stdout).unwrap();
    for key in ["sentences", "not_proven", "weightless", "checked"] {
        assert!(!told[key].as_array().unwrap().is_empty(), "{key}: {told}");
    }
    assert_eq!((&told["verdict"], &told["out"]), (&"verified".into(), &out.to_str().into()));
    assert_eq!(untar(&out).len(), files.len());
}

/// Puts a record on its way as hands in the database can.
async fn forge(database: &AnyPool, record: &Record) {
    let (bytes, salt) = (written(record), tests::random::<32>());
    sqlx::query(
        "insert into log_pending (position, log_id, record_id, record, salt, entry) \
         values ((select coalesce(max(position), 0) + 1 from log_pending), \
         'access', $1, $2, $3, $4)",
    )
    .bind(record.id.0.clone())
    .bind(&bytes)
    .bind(salt.to_vec())
    .bind(entry(&salt, &bytes).to_vec())
    .execute(database)
    .await
    .unwrap();
}
