//! Records of `control` laid anew by whoever holds that log's key: what they say beside what is
//! signed counts for nothing, and both verifiers say so.

use super::bundle::{Files, MISSING, VERIFIED, part, with};
use super::cases::Case;
use super::doctored::{path, root};
use records::Bytes;
use records::evidence::{Opening, file};
use records::lineage::{Lineage, Proven};
use records::record::{Event, Record, entry};
use tests::processes::Office;
use tlog::Checkpoint;
use tlog::merkle::{Hash, leaf_hash};

/// A record with what opens it.
#[derive(Clone)]
pub(super) struct Laid {
    pub(super) record: Record,
    pub(super) opening: Option<Opening>,
}

/// What is changed in the records of a bundle.
type Change = fn(&mut Vec<Laid>);

/// A bundle whose records of `control` were changed and numbered anew, under a checkpoint of its
/// own that the log's key signed.
pub(super) fn relaid(office: &Office, files: &Files, change: impl FnOnce(&mut Vec<Laid>)) -> Files {
    let lineage: Lineage = part(files, file::CONTROL);
    let openings: Vec<Opening> = part(files, file::OPENINGS);
    let mut laid: Vec<Laid> = lineage
        .records
        .iter()
        .map(|one| Laid {
            record: Record::read(&one.record.0).unwrap(),
            opening: openings.iter().find(|opening| opening.index == one.index).cloned(),
        })
        .collect();
    change(&mut laid);
    let salt = [9; 32];
    let bytes: Vec<Vec<u8>> = laid.iter().map(|one| one.record.write().unwrap()).collect();
    let leaves: Vec<Hash> = bytes.iter().map(|bytes| leaf_hash(&entry(&salt, bytes))).collect();
    let vkey = office.trust.log_key("control").unwrap();
    let folder = office.path("ca");
    let (key, vkey) = ca_host::trust::checkpoint_key(&folder, "control", vkey.name()).unwrap();
    let head = Checkpoint {
        origin: vkey.name().to_owned(),
        size: leaves.len() as u64,
        root: root(&leaves),
    };
    let sign = |text: &[u8]| pki::Signer::sign(&key, text);
    let checkpoint = tlog::note::sign(&head.text(), &vkey, sign).unwrap();
    let proven = |(index, record): (usize, Vec<u8>)| Proven {
        record: Bytes(record),
        salt: salt.into(),
        index: index as u64,
        hashes: path(index, &leaves).into_iter().map(Bytes::from).collect(),
    };
    let records = bytes.into_iter().enumerate().map(proven).collect();
    let files = with(files, file::CONTROL, |all: &mut Lineage| {
        *all = Lineage { checkpoint, records };
    });
    let opened = (0..).zip(laid).filter_map(|(index, one)| Some(Opening { index, ..one.opening? }));
    with(&files, file::OPENINGS, |all: &mut Vec<Opening>| *all = opened.collect())
}

/// The newest approval once more, behind itself.
fn again(laid: &mut Vec<Laid>, change: impl Fn(&mut String, &mut Option<String>)) {
    let is_approval = |one: &Laid| matches!(one.record.event, Event::Approval { .. });
    let at = laid.iter().rposition(is_approval).unwrap();
    let mut copy = laid[at].clone();
    copy.record.id = Bytes(vec![7; 16]);
    if let Event::Approval { person, acting_for, .. } = &mut copy.record.event {
        change(person, acting_for);
    }
    laid.insert(at + 1, copy);
}

/// The id of somebody else of this city.
const NOBODY: &str = "0000000000000001";

/// Every way of saying something beside what is signed.
pub(super) fn relaid_cases(office: &Office, files: &Files) -> Vec<Case> {
    let cases: [(&str, i32, Change); 5] = [
        ("control as it is, numbered anew", VERIFIED, |_| ()),
        ("an approval again", VERIFIED, |laid| again(laid, |_, _| ())),
        ("an approval again, as given for another", MISSING, |laid| {
            again(laid, |_, acting_for| *acting_for = Some(NOBODY.into()));
        }),
        ("an approval again, as another's", MISSING, |laid| {
            again(laid, |person, _| *person = NOBODY.into());
        }),
        ("a certificate as another's kind", MISSING, |laid| {
            let of_official = |one: &&mut Laid| match &one.record.event {
                Event::Issued { profile, .. } => profile == "official",
                _ => false,
            };
            let one = laid.iter_mut().find(of_official).unwrap();
            if let Event::Issued { profile, .. } = &mut one.record.event {
                *profile = "staff".into();
            }
        }),
    ];
    let case = |(name, wanted, change)| Case::new(name, wanted, relaid(office, files, change));
    cases.into_iter().map(case).collect()
}
