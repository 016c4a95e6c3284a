//! The checker: reads the database and the published files of a city, and says every way in which
//! design sections 2 and 7 do not hold. It replays the log itself and believes no row.

use crate::processes::database;
use crate::{Office, alike};
use authority::Authority;
use pki::crl::RevocationList;
use pki::{Certificate, SerialNumber};
use records::label;
use records::record::{Event, Record};
use records::trust::Trust;
use sqlx::AnyPool;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::{Duration, Instant};
use tlog::merkle::leaf_hash;
use tlog::tile::{TileId, entries_path, tile_path};
use tlog::{Checkpoint, Edge};

/// Longest time in which a city comes to rest.
const REST: Duration = crate::processes::WAIT;

struct Replayed {
    authority: Authority,
    /// Serial number → SHA-256 of the TBSCertificate, from intents and uses.
    intents: BTreeMap<String, Vec<u8>>,
    /// Serial number → SHA-256 of the certificate.
    issued: BTreeMap<String, Vec<u8>>,
    /// Serial numbers issued under the founding statement.
    first: BTreeSet<String>,
    /// Numbers of the issuing CA's lists with what was signed under each, in order.
    lists: Vec<(u64, Vec<u8>)>,
}

/// Waits until everything has come to rest; what is still violated then is wrong.
pub async fn hold(office: &Office) {
    let started = Instant::now();
    loop {
        let mut found = violations(&office.folder()).await;
        if found.is_empty() {
            found = alike::contradictions(office).await;
        }
        if found.is_empty() {
            return;
        }
        assert!(started.elapsed() < REST, "{found:#?}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Every violation; none means the invariants hold.
pub async fn violations(folder: &Path) -> Vec<String> {
    let checkpoint = |log: &str| {
        let path = folder.join(format!("ca/public/log/{log}/checkpoint"));
        std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))
    };
    let checkpoints = match (checkpoint("control"), checkpoint("access")) {
        (Ok(control), Ok(access)) => [control, access],
        // A log that was killed before its first publication makes it when it is started again.
        (Err(missing), _) | (_, Err(missing)) => return vec![missing],
    };
    let database = database(folder).await;
    // One connection, one transaction: all that follows reads one state.
    sqlx::query("begin").execute(&database).await.unwrap();
    let found = violations_of(folder, &database, &checkpoints).await;
    sqlx::query("rollback").execute(&database).await.unwrap();
    database.close().await;
    found
}

async fn violations_of(
    folder: &Path,
    database: &AnyPool,
    checkpoints: &[String; 2],
) -> Vec<String> {
    let mut found = Vec::new();
    let trust: Trust =
        serde_json::from_slice(&std::fs::read(folder.join("ca/trust.json")).unwrap()).unwrap();
    for (log, checkpoint) in ["control", "access"].into_iter().zip(checkpoints) {
        published(folder, &trust, (log, checkpoint), database, &mut found).await;
    }
    let replayed = replay(&trust, database, &mut found).await;
    systems(&replayed.authority, &mut found);
    certificates(folder, database, &replayed, &mut found).await;
    intents(database, &replayed, &mut found).await;
    lists(folder, database, &replayed, &mut found).await;
    found
}

/// The head is signed, and tiles, bundles and checkpoint as published lead to what the rows hold.
async fn published(
    folder: &Path,
    trust: &Trust,
    (log, file): (&str, &str),
    database: &AnyPool,
    found: &mut Vec<String>,
) {
    let key = trust.log_key(log).unwrap();
    let (size, root, note): (i64, Vec<u8>, String) =
        sqlx::query_as("select size, root, checkpoint from log_head where log_id = $1")
            .bind(log)
            .fetch_one(database)
            .await
            .unwrap();
    type Entry = (i64, Vec<u8>, Vec<u8>, Vec<u8>);
    let entries: Vec<Entry> = sqlx::query_as(
        "select idx, entry, record, salt from log_entry where log_id = $1 order by idx",
    )
    .bind(log)
    .fetch_all(database)
    .await
    .unwrap();
    if entries.len() as i64 != size {
        found.push(format!("{log}: {} entries under a head of {size}", entries.len()));
    }
    let mut edge = Edge::default();
    for (position, (index, entry, record, salt)) in entries.iter().enumerate() {
        let salt = salt.as_slice().try_into().unwrap();
        if *index != position as i64 || records::record::entry(salt, record).as_slice() != entry {
            found.push(format!("{log}: entry {position} does not commit to its record"));
        }
        edge.append(leaf_hash(entry));
    }
    match Checkpoint::open(&note, &key, label::verify_ed25519) {
        Ok(head) if head.size as i64 == size && head.root == edge.root() => {}
        _ => found.push(format!("{log}: the head is not a signed head of the entries")),
    }
    if root != edge.root() {
        found.push(format!("{log}: the head's root is not that of the entries"));
    }
    let at = folder.join("ca/public/log").join(log);
    let Ok(head) = Checkpoint::open(file, &key, label::verify_ed25519) else {
        found.push(format!("{log}: the published checkpoint is not signed"));
        return;
    };
    let mut tree = Edge::default();
    for (_, entry, _, _) in entries.iter().take(head.size as usize) {
        tree.append(leaf_hash(entry));
    }
    if head.size as i64 > size || head.root != tree.root() {
        found.push(format!("{log}: the published checkpoint is of another tree"));
    }
    let (index, width) = (head.size / 256, head.size % 256);
    if width > 0 {
        let hashes: Vec<u8> = entries[(index * 256) as usize..head.size as usize]
            .iter()
            .flat_map(|(_, entry, _, _)| leaf_hash(entry))
            .collect();
        let tile = at.join(tile_path(TileId { level: 0, index }, width));
        if std::fs::read(tile).ok() != Some(hashes) || !at.join(entries_path(index, width)).exists()
        {
            found.push(format!("{log}: the published tile is missing or another one"));
        }
    }
}

/// Replays `control` from leaf 0; a record without effect is a violation in an untouched city.
async fn replay(trust: &Trust, database: &AnyPool, found: &mut Vec<String>) -> Replayed {
    let rows: Vec<(Vec<u8>,)> =
        sqlx::query_as("select record from log_entry where log_id = 'control' order by idx")
            .fetch_all(database)
            .await
            .unwrap();
    let records: Vec<Record> = rows.iter().map(|(bytes,)| Record::read(bytes).unwrap()).collect();
    let digest = trust.founding.digest().unwrap();
    let mut replayed = Replayed {
        authority: Authority::found(&records[0], &digest).unwrap(),
        intents: BTreeMap::new(),
        issued: BTreeMap::new(),
        first: BTreeSet::new(),
        lists: Vec::new(),
    };
    for (index, record) in records.iter().enumerate().skip(1) {
        if let Err(unsigned) = replayed.authority.apply(record) {
            found.push(format!("record {index} has no effect: {unsigned}"));
        }
        match &record.event {
            Event::Intent { serial, tbs_sha256, .. }
            | Event::Used { serial, tbs_sha256, .. }
            | Event::Joined { serial, tbs_sha256, .. }
            | Event::MachineUse { serial, tbs_sha256, .. }
            | Event::MachineEnrolled { serial, tbs_sha256, .. }
                if replayed.intents.insert(serial.clone(), tbs_sha256.0.clone()).is_some() =>
            {
                found.push(format!("two intents of serial {serial}"));
            }
            Event::Issued { serial, sha256, under, .. } => {
                if under.0 == digest {
                    replayed.first.insert(serial.clone());
                }
                if replayed.issued.insert(serial.clone(), sha256.0.clone()).is_some() {
                    found.push(format!("serial {serial} was issued twice"));
                }
            }
            Event::Crl { issuer, number, sha256, .. } if issuer != "root" => {
                replayed.lists.push((*number, sha256.0.clone()));
            }
            _ => {}
        }
    }
    replayed
}

/// No system has more than its order says, and nothing twice for one request.
fn systems(authority: &Authority, found: &mut Vec<String>) {
    let now = crate::now();
    for (id, system) in authority.systems() {
        let (used, living) = (system.used, authority.living_count(id, now));
        if used > system.per_week || living > system.live {
            found.push(format!("system {id} got {used} in a week and has {living}"));
        }
    }
    let mut requests = BTreeSet::new();
    for (serial, own) in authority.system_certificates() {
        // What a crash cost a system is asked for again; nobody got the first.
        if own.is_issued && !requests.insert((own.system.clone(), own.request_sha256)) {
            found.push(format!("certificate {serial} is the second one of its request"));
        }
    }
}

/// No certificate without an intent and a result in the log, and each is exactly what was recorded.
async fn certificates(
    folder: &Path,
    database: &AnyPool,
    replayed: &Replayed,
    found: &mut Vec<String>,
) {
    let issuing = std::fs::read(folder.join("ca/public/ca/issuing-1.cer")).unwrap();
    let issuing = Certificate::read(&issuing).unwrap();
    let rows: Vec<(String, Vec<u8>)> =
        sqlx::query_as("select serial, certificate from certificate")
            .fetch_all(database)
            .await
            .unwrap();
    let waiting: BTreeSet<String> = pending_issued(database).await;
    for (serial, der) in rows {
        let certificate = Certificate::read(&der).unwrap();
        let logged = replayed.issued.get(&serial);
        if logged != Some(&certificate.sha256().to_vec()) && !waiting.contains(&serial) {
            found.push(format!("certificate {serial} has no result in the log"));
        }
        if replayed.first.contains(&serial) {
            continue;
        }
        let tbs = tbs_sha256(&certificate);
        if replayed.intents.get(&serial) != Some(&tbs) {
            found.push(format!("certificate {serial} is not what its intent recorded"));
        }
        if !certificate.is_signed_by(issuing.key()) {
            found.push(format!("certificate {serial} is not signed by the issuing CA"));
        }
    }
}

fn tbs_sha256(certificate: &Certificate) -> Vec<u8> {
    use sha2::{Digest, Sha256};
    Sha256::digest(certificate.tbs_der().unwrap()).to_vec()
}

/// Serial numbers whose results wait for the sequencer.
async fn pending_issued(database: &AnyPool) -> BTreeSet<String> {
    let rows: Vec<(Vec<u8>,)> =
        sqlx::query_as("select record from log_pending where log_id = 'control'")
            .fetch_all(database)
            .await
            .unwrap();
    let serial = |(bytes,): &(Vec<u8>,)| match Record::read(bytes).unwrap().event {
        Event::Issued { serial, .. } => Some(serial),
        _ => None,
    };
    rows.iter().filter_map(serial).collect()
}

/// Nothing is left half-done: an intent is done with its certificate, or abandoned and revoked.
async fn intents(database: &AnyPool, replayed: &Replayed, found: &mut Vec<String>) {
    let rows: Vec<(String, String, i64)> = sqlx::query_as(
        "select i.serial, i.state, count(c.serial) from intent as i \
         left join certificate as c on c.serial = i.serial group by i.serial, i.state",
    )
    .fetch_all(database)
    .await
    .unwrap();
    for (serial, state, certificates) in rows {
        match (state.as_str(), certificates) {
            ("done", 1) | ("recorded", 0) => {}
            ("abandoned", 0) if replayed.authority.is_revoked(&serial) => {}
            _ => found.push(format!("intent {serial} is {state} with {certificates} certificates")),
        }
    }
}

/// Lists are numbered without a step back, one list a number, and the published one holds every
/// revoked certificate. A list of which nobody said that it is recorded may be recorded twice.
async fn lists(folder: &Path, database: &AnyPool, replayed: &Replayed, found: &mut Vec<String>) {
    if !replayed.lists.is_sorted_by(|a, b| a.0 < b.0 || a == b) {
        let numbers: Vec<u64> = replayed.lists.iter().map(|(number, _)| *number).collect();
        found.push(format!("lists are numbered {numbers:?}"));
    }
    let der = std::fs::read(folder.join("ca/public/crl/issuing-1/0.crl")).unwrap();
    let published = RevocationList::read(&der).unwrap();
    let numbered = folder.join(format!("ca/public/crl/issuing-1/0/{}.crl", published.number()));
    if std::fs::read(numbered).ok() != Some(der) {
        found.push("the current list is not its numbered file".into());
    }
    let revoked: Vec<String> =
        replayed.authority.revoked().map(|(serial, _)| serial.to_string()).collect();
    for serial in &revoked {
        if !published.contains(&SerialNumber::from_hex(serial).unwrap()) {
            found.push(format!("the published list lacks {serial}"));
        }
    }
    let rows: Vec<(String,)> =
        sqlx::query_as("select serial from revocation").fetch_all(database).await.unwrap();
    let rows: BTreeSet<String> = rows.into_iter().map(|(serial,)| serial).collect();
    for serial in revoked.iter().filter(|serial| !rows.contains(*serial)) {
        found.push(format!("the rows lack the revocation of {serial}"));
    }
}
