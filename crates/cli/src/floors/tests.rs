use super::*;
use keys::SoftwareSigner;
use pki::Signer;
use records::trust::TrustedLog;
use std::collections::HashMap;
use std::os::unix::fs::PermissionsExt;
use tlog::merkle::{Hash, leaf_hash};
use tlog::tile::TileId;
use tlog::{Checkpoint, Edge, VerifierKey};

/// A log whose key we hold: it signs what we like.
struct OwnLog {
    signer: SoftwareSigner,
    vkey: VerifierKey,
}

fn grown(leaves: &[u64]) -> (Edge, HashMap<TileId, Vec<Hash>>) {
    let (mut edge, mut tiles) = (Edge::default(), HashMap::new());
    for leaf in leaves {
        for full in edge.append(leaf_hash(&leaf.to_be_bytes())) {
            tiles.insert(full.id, full.hashes);
        }
    }
    tiles.extend(edge.partial().map(|(id, hashes)| (id, hashes.to_vec())));
    (edge, tiles)
}

/// The proof that these leaves continue so many of them.
fn proof(known: u64, leaves: &[u64]) -> Vec<Bytes> {
    let (edge, tiles) = grown(leaves);
    let have = |id| tiles.get(&id).map(Vec::as_slice);
    let hashes = tlog::proof::consistency(known, edge.size(), &have).unwrap();
    hashes.into_iter().map(Bytes::from).collect()
}

impl OwnLog {
    fn new() -> Self {
        let ed25519 = pki::algorithm::by_name("ed25519").unwrap();
        let signer = SoftwareSigner::generate(ed25519).unwrap();
        let public = signer.public_key().raw().try_into().unwrap();
        Self { signer, vkey: VerifierKey::new("city/access", public).unwrap() }
    }

    fn note(&self, leaves: &[u64]) -> String {
        let (edge, _) = grown(leaves);
        let (size, root) = (edge.size(), edge.root());
        let head = Checkpoint { origin: self.vkey.name().to_owned(), size, root };
        tlog::note::sign(&head.text(), &self.vkey, |text| self.signer.sign(text)).unwrap()
    }

    fn trust(&self) -> Trust {
        let log = TrustedLog {
            log: "access".into(),
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

    /// What becomes of an answer with this head and proof.
    fn answers(
        &self,
        folder: &Path,
        leaves: &[u64],
        consistency: &[Bytes],
    ) -> Result<Standing, Failure> {
        let floors = Floors::open(folder, &self.trust())?;
        let checkpoint = &self.note(leaves);
        let kept = floors.keep(&[Given { log: "access", checkpoint, consistency }])?;
        Ok(kept.into_iter().next().unwrap())
    }

    fn known(&self, folder: &Path) -> u64 {
        let floors = Floors::open(folder, &self.trust()).unwrap();
        floors.known().get("access").copied().unwrap_or_default()
    }
}

fn numbers(count: u64) -> Vec<u64> {
    (0..count).collect()
}

/// The same leaves, of which one is another.
fn forked(count: u64) -> Vec<u64> {
    let mut leaves = numbers(count);
    leaves[3] = 77;
    leaves
}

fn file_in(folder: &Path) -> PathBuf {
    folder.join(format!("logs-{}.json", HEXLOWER.encode(&[2; 32])))
}

#[test]
fn what_was_seen_of_a_log_is_kept_for_its_reader_alone() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("state/yinxin");
    let log = OwnLog::new();
    assert_eq!(log.known(&folder), 0);
    let first = log.answers(&folder, &numbers(30), &[]).unwrap();
    assert!(first.before.is_none());
    assert!(first.told().unwrap().en().contains("first seen here"));
    assert_eq!(facts(&[first])["access"]["first_seen"], true);
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&folder), mode(&file_in(&folder))), (0o700, 0o600));

    let same = log.answers(&folder, &numbers(30), &[]).unwrap();
    assert!(same.told().is_none(), "a log that is as it was");
    assert_eq!(facts(&[same])["access"]["before"]["tree_size"], 30);
    let more = numbers(77);
    let longer = log.answers(&folder, &more, &proof(30, &more)).unwrap();
    assert!(longer.told().unwrap().zh().contains("经证明接续"));
    assert_eq!(log.known(&folder), 77);
}

/// The floor stays where it was, and the two signed notes are there to be shown.
#[test]
fn a_log_that_does_not_go_on_is_refused_and_its_notes_are_kept() {
    let home = tempfile::tempdir().unwrap();
    let log = OwnLog::new();
    log.answers(home.path(), &numbers(30), &[]).unwrap();
    let (fork, longer) = (forked(30), forked(77));
    let other = proof(30, &longer);
    for (what, leaves, consistency, code) in [
        ("shorter", &numbers(29), &[][..], "log-went-back"),
        ("another of the same size", &fork, &[][..], "log-forked"),
        ("longer without a proof", &numbers(77), &[][..], "log-not-continued"),
        ("longer, of another history", &longer, &other[..], "log-not-continued"),
    ] {
        let refused = log.answers(home.path(), leaves, consistency).err();
        let told = refused.unwrap_or_else(|| panic!("{what} was believed")).problem();
        assert_eq!(told.code, code, "{what}");
        let (_, place) = told.en.split_once(" are in ").unwrap();
        let (place, _) = place.split_once(": show").unwrap();
        assert!(told.zh.contains(place), "{}", told.zh);
        let kept: Value = serde_json::from_slice(&std::fs::read(place).unwrap()).unwrap();
        let notes = [log.note(&numbers(30)), log.note(leaves)];
        assert_eq!(kept["checkpoints"], json!(notes), "{what}");
        assert_eq!(kept["vkey"], json!(log.vkey.to_string()));
        assert_eq!(log.known(home.path()), 30, "{what}");
    }
    log.answers(home.path(), &numbers(31), &proof(30, &numbers(31))).unwrap();
}

#[test]
fn a_floor_that_cannot_be_read_is_no_missing_one() {
    let home = tempfile::tempdir().unwrap();
    let (log, path) = (OwnLog::new(), file_in(home.path()));
    log.answers(home.path(), &numbers(30), &[]).unwrap();
    let good = std::fs::read(&path).unwrap();
    let code = || {
        let refused = log.answers(home.path(), &numbers(30), &[]).err();
        refused.map(|failure| failure.problem().code).unwrap_or_default()
    };
    for mode in [0o640, 0o604, 0o660] {
        std::fs::set_permissions(&path, PermissionsExt::from_mode(mode)).unwrap();
        assert_eq!(code(), "file-exposed", "{mode:o}");
    }
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o600)).unwrap();
    assert_eq!(code(), "");
    let text = String::from_utf8(good.clone()).unwrap();
    let unsigned = text.replace("\\n30\\n", "\\n29\\n");
    assert_ne!(unsigned, text);
    let newer = text.replace("\"v\":1", "\"v\":2");
    for wrong in ["", "{}", newer.as_str(), unsigned.as_str(), &text[..90]] {
        std::fs::write(&path, wrong).unwrap();
        assert_eq!(code(), "floor-unreadable", "{wrong}");
    }
    std::fs::write(&path, &good).unwrap();
    assert_eq!(code(), "");
    let beside = home.path().join("beside");
    std::fs::rename(&path, &beside).unwrap();
    std::os::unix::fs::symlink(&beside, &path).unwrap();
    assert_eq!(code(), "floor-unreadable", "a link");
    std::fs::remove_file(&path).unwrap();
    std::fs::create_dir(&path).unwrap();
    assert_eq!(code(), "floor-unreadable", "a folder");
}
