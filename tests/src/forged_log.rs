//! A log in other hands: whoever holds its key lays records into a tree as they like, and signs it.

use crate::Office;
use keys::SoftwareSigner;
use records::Bytes;
use records::lineage::Proven;
use records::record::entry;
use std::collections::HashMap;
use tlog::merkle::leaf_hash;
use tlog::{Checkpoint, Edge, VerifierKey};

const SALT: [u8; 32] = [9; 32];

/// The key of a log.
pub struct ForgedLog {
    key: SoftwareSigner,
    vkey: VerifierKey,
}

impl ForgedLog {
    /// The key of a log of this city.
    pub fn of(office: &Office, log: &str) -> Self {
        let vkey = office.trust.log_key(log).unwrap();
        let folder = office.path("ca");
        let (key, vkey) = ca_host::trust::checkpoint_key(&folder, log, vkey.name()).unwrap();
        Self { key, vkey }
    }

    /// These records at their places in a tree of this size, with nothing at all between them: the
    /// signed checkpoint, and each with its proof.
    pub fn lay(&self, size: u64, records: &[(u64, Vec<u8>)]) -> (String, Vec<Proven>) {
        let at: HashMap<u64, &Vec<u8>> = records.iter().map(|(at, bytes)| (*at, bytes)).collect();
        let (mut edge, mut tiles) = (Edge::default(), HashMap::new());
        for index in 0..size {
            let leaf = at.get(&index).map_or([0; 32], |bytes| leaf_hash(&entry(&SALT, bytes)));
            for full in edge.append(leaf) {
                tiles.insert(full.id, full.hashes);
            }
        }
        tiles.extend(edge.partial().map(|(id, hashes)| (id, hashes.to_vec())));
        let have = |id| tiles.get(&id).map(Vec::as_slice);
        let proven = |(index, bytes): &(u64, Vec<u8>)| Proven {
            record: Bytes(bytes.clone()),
            salt: SALT.into(),
            index: *index,
            hashes: tlog::proof::inclusion(*index, size, &have)
                .unwrap()
                .into_iter()
                .map(Bytes::from)
                .collect(),
        };
        let head = Checkpoint { origin: self.vkey.name().to_owned(), size, root: edge.root() };
        let sign = |text: &[u8]| pki::Signer::sign(&self.key, text);
        let checkpoint = tlog::note::sign(&head.text(), &self.vkey, sign).unwrap();
        (checkpoint, records.iter().map(proven).collect())
    }
}
