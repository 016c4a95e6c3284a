//! A bundle with one thing changed, left out or added, and the verdict that both verifiers give.

use super::bundle::{ALTERED, Files, MALFORMED, MISSING, VERIFIED, bytes, flip, part, with};
use records::Disclosure;
use records::evidence::{AccessPart, Opening, file};
use records::lineage::Lineage;
use records::run::RunPiece;

/// A bundle and its verdict.
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) wanted: i32,
    pub(crate) files: Files,
}

impl Case {
    pub(super) fn new(name: impl Into<String>, wanted: i32, files: Files) -> Self {
        Self { name: name.into(), wanted, files }
    }
}

/// Every record of `control` changed, left out, proven otherwise; every disclosure too.
pub(super) fn control_cases(files: &Files) -> Vec<Case> {
    let lineage: Lineage = part(files, file::CONTROL);
    let openings: Vec<Opening> = part(files, file::OPENINGS);
    let mut cases = Vec::new();
    for (at, one) in lineage.records.iter().enumerate() {
        let record = records::Record::read(&one.record.0).unwrap();
        let kind = record.event.kind();
        let name = |what: &str| format!("control {} ({kind}) {what}", one.index);
        let change = |change: fn(&mut records::lineage::Proven)| {
            with(files, file::CONTROL, |l: &mut Lineage| change(&mut l.records[at]))
        };
        cases.push(Case::new(name("byte"), ALTERED, change(|p| flip(&mut p.record.0))));
        let removed = with(files, file::CONTROL, |l: &mut Lineage| drop(l.records.remove(at)));
        // Letters of the founding can only report a loss: nothing here rests on them.
        let only_reports = kind == "letter" && record.maker == "init";
        let wanted = if only_reports { VERIFIED } else { MISSING };
        cases.push(Case::new(name("left out"), wanted, removed));
        if at % 4 == 1 {
            cases.push(Case::new(name("salt"), ALTERED, change(|p| flip(&mut p.salt.0))));
            cases.push(Case::new(name("proof"), ALTERED, change(|p| flip(&mut p.hashes[0].0))));
            cases.push(Case::new(name("place"), ALTERED, change(|p| p.index += 1)));
        }
    }
    let note = with(files, file::CONTROL, |l: &mut Lineage| {
        l.checkpoint = l.checkpoint.replacen("\n\n", "1\n\n", 1);
    });
    cases.push(Case::new("control checkpoint", ALTERED, note));
    for (at, opening) in openings.iter().enumerate() {
        for (inner, disclosure) in opening.disclosures.iter().enumerate() {
            let name = |what: &str| format!("opening {} {} {what}", opening.index, disclosure.path);
            let changed = with(files, file::OPENINGS, |list: &mut Vec<Opening>| {
                let text = list[at].disclosures[inner].value.as_str().unwrap().to_owned();
                list[at].disclosures[inner].value = format!("{text}x").into();
            });
            cases.push(Case::new(name("value"), ALTERED, changed));
            let gone = with(files, file::OPENINGS, |list: &mut Vec<Opening>| {
                list[at].disclosures.remove(inner);
            });
            cases.push(Case::new(name("left out"), MISSING, gone));
        }
    }
    cases.extend(opening_cases(files, &lineage));
    cases
}

/// What opens nothing: beside what opens something, of a record without commitments, of one that is
/// not there, and one record twice.
fn opening_cases(files: &Files, lineage: &Lineage) -> Vec<Case> {
    let openings: Vec<Opening> = part(files, file::OPENINGS);
    let more = Disclosure::new("/more", [7; 32], "x".into());
    let mut cases = Vec::new();
    for (at, opening) in openings.iter().enumerate() {
        let beside = with(files, file::OPENINGS, |list: &mut Vec<Opening>| {
            list[at].disclosures.push(more.clone());
        });
        let again = with(files, file::OPENINGS, |list: &mut Vec<Opening>| {
            let one = list[at].disclosures[0].clone();
            list[at].disclosures.push(one);
        });
        let name = |what: &str| format!("opening {} {what}", opening.index);
        cases.push(Case::new(name("more beside it"), ALTERED, beside));
        cases.push(Case::new(name("its first again"), ALTERED, again));
    }
    let added = |index: u64, disclosures: &[Disclosure]| {
        let opening = Opening { index, disclosures: disclosures.to_vec() };
        with(files, file::OPENINGS, |list: &mut Vec<Opening>| list.push(opening.clone()))
    };
    let more = [more];
    cases.push(Case::new("opening of the founding", ALTERED, added(0, &more)));
    let beyond = lineage.records.last().unwrap().index + 1;
    cases.push(Case::new("opening of no record", MISSING, added(beyond, &more)));
    let first = &openings[0];
    let twice = added(first.index, &first.disclosures);
    cases.push(Case::new("opening twice", ALTERED, twice));
    cases
}

/// The request's records, what opens them, the agent's run.
pub(crate) fn access_cases(files: &Files) -> Vec<Case> {
    let access: AccessPart = part(files, file::ACCESS);
    let run: Vec<RunPiece> = part(files, file::RUN);
    assert!(run.len() == 1 && run[0].entries.len() > 3, "they are under one head");
    let mut cases = Vec::new();
    for (at, shown) in access.records.iter().enumerate() {
        let kind = records::Record::read(&shown.proven.record.0).unwrap().event.kind();
        let name = |what: &str| format!("access {kind} {what}");
        let changed = with(files, file::ACCESS, |a: &mut AccessPart| {
            flip(&mut a.records[at].proven.record.0);
        });
        cases.push(Case::new(name("byte"), ALTERED, changed));
        let proof = with(files, file::ACCESS, |a: &mut AccessPart| {
            flip(&mut a.records[at].proven.hashes[0].0);
        });
        cases.push(Case::new(name("proof"), ALTERED, proof));
        let gone = with(files, file::ACCESS, |a: &mut AccessPart| drop(a.records.remove(at)));
        // That it was left out is told, as its end is then.
        let wanted = if kind == "completion" { VERIFIED } else { MISSING };
        cases.push(Case::new(name("left out"), wanted, gone));
        let beside = with(files, file::ACCESS, |a: &mut AccessPart| {
            a.records[at].disclosures.push(Disclosure::new("/more", [7; 32], "x".into()));
        });
        cases.push(Case::new(name("more disclosed beside it"), ALTERED, beside));
        for inner in 0..shown.disclosures.len() {
            let again = with(files, file::ACCESS, |a: &mut AccessPart| {
                let one = a.records[at].disclosures[inner].clone();
                a.records[at].disclosures.push(one);
            });
            cases.push(Case::new(name("disclosed again"), ALTERED, again));
            let changed = with(files, file::ACCESS, |a: &mut AccessPart| {
                flip(&mut a.records[at].disclosures[inner].salt.0);
            });
            cases.push(Case::new(name("disclosure"), ALTERED, changed));
            let gone = with(files, file::ACCESS, |a: &mut AccessPart| {
                a.records[at].disclosures.remove(inner);
            });
            cases.push(Case::new(name("undisclosed"), MISSING, gone));
        }
    }
    let note = with(files, file::ACCESS, |a: &mut AccessPart| {
        a.checkpoint = a.checkpoint.replacen('\u{2014}', "-", 1);
    });
    cases.push(Case::new("access checkpoint", ALTERED, note));
    let on_run = |change: fn(&mut RunPiece)| {
        with(files, file::RUN, |run: &mut Vec<RunPiece>| change(&mut run[0]))
    };
    cases.push(Case::new("run entry", ALTERED, on_run(|r| flip(&mut r.entries[0].0))));
    cases.push(Case::new("run entry left out", ALTERED, on_run(|r| drop(r.entries.remove(0)))));
    cases.push(Case::new("run end left out", ALTERED, on_run(|r| drop(r.entries.pop()))));
    cases.push(Case::new("run without entries", ALTERED, on_run(|r| r.entries.clear())));
    cases.push(Case::new("run beginning", ALTERED, on_run(|r| flip(&mut r.before.0))));
    cases.push(Case::new("run head", ALTERED, on_run(|r| flip(&mut r.head.head.0))));
    cases.push(Case::new("run signature", ALTERED, on_run(|r| flip(&mut r.head.signature.0))));
    let gone = with(files, file::RUN, |run: &mut Vec<RunPiece>| run.clear());
    cases.push(Case::new("run left out", MISSING, gone));
    let many = with(files, file::RUN, |run: &mut Vec<RunPiece>| {
        *run = vec![run[0].clone(); 17];
    });
    cases.push(Case::new("many pieces of runs", MALFORMED, many));
    cases
}

/// Whole files changed, left out, added.
pub(super) fn file_cases(files: &Files) -> Vec<Case> {
    let mut cases = Vec::new();
    for name in files.keys() {
        let mut gone = files.clone();
        gone.remove(name);
        let wanted = if name == file::README { VERIFIED } else { MISSING };
        cases.push(Case::new(format!("{name} left out"), wanted, gone));
    }
    for name in [file::LIST, file::ROOT] {
        let mut content = files[name].clone();
        flip(&mut content);
        cases.push(Case::new(format!("{name} byte"), ALTERED, bytes(files, name, content)));
    }
    let people = with(files, file::PEOPLE, |p: &mut records::people::SignedPeople| {
        flip(&mut p.snapshot.0);
    });
    cases.push(Case::new("people byte", ALTERED, people));
    let mut readme = files.clone();
    flip(readme.get_mut(file::README).unwrap());
    // No signature covers these, and nothing follows from them.
    cases.push(Case::new("readme byte", VERIFIED, readme));
    let mut more = files.clone();
    more.insert("more.txt".into(), b"more".to_vec());
    cases.push(Case::new("another file", VERIFIED, more));
    // The manifest asks, and says nothing about what there should be.
    let mut lists = files.clone();
    let manifest = String::from_utf8(lists[file::MANIFEST].clone()).unwrap();
    let manifest = format!("{{\"access\":[],{}", manifest.strip_prefix('{').unwrap());
    lists.insert(file::MANIFEST.into(), manifest.into_bytes());
    cases.push(Case::new("a manifest with a list", MALFORMED, lists));
    let mut broken = files.clone();
    broken.insert(file::MANIFEST.into(), b"{".to_vec());
    cases.push(Case::new("a manifest that is none", MALFORMED, broken));
    let mut unread = files.clone();
    unread.get_mut(file::ACCESS).unwrap().pop();
    cases.push(Case::new("a part that cannot be read any more", MALFORMED, unread));
    cases
}
