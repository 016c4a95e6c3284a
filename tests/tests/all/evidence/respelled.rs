//! A bundle in which one signature is spelled the other way: whoever signed signed something else,
//! whatever part it stands in.

use super::bundle::{ALTERED, Files, bytes, with};
use super::cases::Case;
use super::relaid::{Laid, relaid};
use records::Bytes;
use records::evidence::{AccessPart, file};
use records::lineage::Lineage;
use records::people::SignedPeople;
use records::record::Event;
use records::run::RunPiece;
use tests::processes::Office;
use tests::spelling::{respelled, respelled_der, respelled_note};

fn flip(signature: &mut Bytes) {
    *signature = Bytes(respelled(&signature.0));
}

/// What becomes of a record and of what opens it.
type Respell = fn(&mut Laid);

/// Signatures in records of `control`, which the log's key holder laid anew.
fn of_control(office: &Office, files: &Files) -> Vec<Case> {
    let cases: [(&str, i32, Respell); 5] = [
        ("the founding", ALTERED, |one| {
            if let Event::Founding { signature, .. } = &mut one.record.event {
                flip(signature);
            }
        }),
        ("orders", ALTERED, |one| {
            if let Event::Order { signature, .. } = &mut one.record.event {
                flip(signature);
            }
        }),
        ("approvals", ALTERED, |one| {
            if let Event::Approval { approval, .. } = &mut one.record.event {
                flip(&mut approval.signature);
            }
        }),
        ("certificates of approvers", ALTERED, |one| {
            if let Event::Approval { approval, .. } = &mut one.record.event {
                approval.certificate = Bytes(respelled_der(&approval.certificate.0));
            }
        }),
        ("certificates that were issued", ALTERED, |one| {
            let Event::Issued { certificate, sha256, .. } = &mut one.record.event else { return };
            let opening = one.opening.as_mut().unwrap();
            let shown = &mut opening.disclosures[0];
            let der = Bytes::read(shown.value.as_str().unwrap()).unwrap();
            let der = respelled_der(&der.0);
            *sha256 = Bytes::from(pki::Certificate::read(&der).unwrap().sha256());
            shown.value = Bytes(der).to_string().into();
            *certificate = shown.commitment().unwrap();
        }),
    ];
    let case = |(name, wanted, change): (&str, i32, Respell)| {
        let files = relaid(office, files, |all| all.iter_mut().for_each(change));
        Case::new(format!("{name} spelled the other way"), wanted, files)
    };
    cases.into_iter().map(case).collect()
}

/// Every signature of a bundle that a key of the city, of the log or of an agent made.
pub(super) fn respelled_cases(office: &Office, files: &Files) -> Vec<Case> {
    let mut cases = of_control(office, files);
    let note = |note: &mut String| *note = respelled_note(note);
    let control = with(files, file::CONTROL, |all: &mut Lineage| note(&mut all.checkpoint));
    let access = with(files, file::ACCESS, |all: &mut AccessPart| note(&mut all.checkpoint));
    let run = with(files, file::RUN, |all: &mut Vec<RunPiece>| flip(&mut all[0].head.signature));
    let agent = with(files, file::RUN, |all: &mut Vec<RunPiece>| {
        all[0].certificate = Bytes(respelled_der(&all[0].certificate.0));
    });
    let people = with(files, file::PEOPLE, |all: &mut SignedPeople| flip(&mut all.signature));
    let der = |name: &str| bytes(files, name, respelled_der(&files[name]));
    for (name, changed) in [
        ("control checkpoint", control),
        ("access checkpoint", access),
        ("head of a run", run),
        ("certificate of an agent", agent),
        ("people", people),
        ("list", der(file::LIST)),
        ("root", der(file::ROOT)),
    ] {
        cases.push(Case::new(format!("{name} spelled the other way"), ALTERED, changed));
    }
    cases
}
