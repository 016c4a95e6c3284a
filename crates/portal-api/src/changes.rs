//! Transfers, leavers and revocations of many that were checked, as a draft of many: one body for
//! each person of a file. Pages and the command line make the same.

pub use ::roster::{ChangeEntry, ChangeKind};

use crate::plain::{REASONS, field, reason};
use crate::roster::{NotTaken, RosterDraft, Table, unit_of};
use ::roster::{Meanings, RowProblem, RowRefusal, changes};
use records::commitment::EVIDENCE_PATH;
use records::drafted::{DraftContent, TypedPerson};
use records::handling::{PeopleQuery, PeopleRecords, PersonRecord, RecordLine, UnitLine};
use records::json::JsonError;
use records::letter::read_reference;
use records::order::{PersonAction, RevokeBody};
use records::{Bytes, Disclosure};
use serde_json::Value;

/// The kind of a statement about many changes.
pub fn statement_kind(kind: ChangeKind) -> &'static str {
    match kind {
        ChangeKind::Transfer | ChangeKind::Leave => "people",
        ChangeKind::Revoke => "revocations",
    }
}

/// Checks the rows of a file. `units` are those to which somebody may go.
pub fn check_changes(
    table: &Table,
    kind: ChangeKind,
    units: &[UnitLine],
) -> Result<Vec<ChangeEntry>, NotTaken> {
    let unit = |text: &str| unit_of(units, text);
    changes(table, kind, &Meanings { unit: &unit, person: &read_reference, reason: &reason_of })
}

/// Which reason a text means: by its name, or as people say it.
fn reason_of(text: &str) -> Option<String> {
    let said = |name: &&&str| {
        let words = reason(name);
        text == **name || text == words.zh || text == words.en
    };
    REASONS.iter().find(said).map(|name| (*name).to_owned())
}

/// What is asked of the CA about the people of a file, a batch at a time.
pub fn wanted(entries: &[ChangeEntry]) -> PeopleQuery {
    PeopleQuery { people: entries.iter().map(|entry| entry.person.clone()).collect() }
}

/// What the CA said of them: the record of each, or what is wrong with which row. Nothing, where it
/// said something of other people.
pub fn told(
    kind: ChangeKind,
    entries: &[ChangeEntry],
    told: PeopleRecords,
) -> Option<Result<Vec<PersonRecord>, Vec<RowRefusal>>> {
    if told.lines.len() != entries.len() {
        return None;
    }
    let (mut known, mut refused) = (Vec::with_capacity(entries.len()), Vec::new());
    for (entry, line) in entries.iter().zip(told.lines) {
        let problem = match line {
            RecordLine::Known(record) if record.person != entry.person => return None,
            RecordLine::Known(record) => match matter(kind, entry, &record) {
                None => {
                    known.push(*record);
                    continue;
                }
                Some(problem) => problem,
            },
            RecordLine::Refused(code) => RowProblem::Refused(code.zh().into(), code.en().into()),
        };
        refused.push(RowRefusal { row: entry.row, problem });
    }
    Some(if refused.is_empty() { Ok(known) } else { Err(refused) })
}

fn matter(kind: ChangeKind, entry: &ChangeEntry, record: &PersonRecord) -> Option<RowProblem> {
    if !entry.name.is_empty() && entry.name != record.name {
        return Some(RowProblem::NameDiffers(record.name.clone()));
    }
    let none = kind == ChangeKind::Revoke && record.serials.is_empty();
    none.then_some(RowProblem::NoCertificate)
}

/// The bodies under fresh salts, with the tree over them; `evidence` is what was looked at where a
/// row does not say it. Nothing, where no randomness can be drawn.
pub fn drafted(
    kind: ChangeKind,
    (entries, records): (&[ChangeEntry], &[PersonRecord]),
    evidence: &str,
    mut draw: impl FnMut() -> Option<[u8; 32]>,
) -> Option<RosterDraft> {
    let mut bodies = Vec::with_capacity(entries.len());
    for (entry, record) in entries.iter().zip(records) {
        let evidence = if entry.evidence.is_empty() { evidence } else { &entry.evidence };
        let salts = [draw()?, draw()?, draw()?];
        bodies.push(body(kind, (entry, record), evidence, salts).ok()?);
    }
    let draft = RosterDraft::over(bodies).ok()?;
    (draft.rows.len() == entries.len()).then_some(draft)
}

fn body(
    kind: ChangeKind,
    (entry, record): (&ChangeEntry, &PersonRecord),
    evidence: &str,
    salts: [[u8; 32]; 3],
) -> Result<(Value, Vec<Disclosure>), JsonError> {
    let (action, unit) = match kind {
        ChangeKind::Transfer => (PersonAction::Move, &entry.unit),
        ChangeKind::Leave => (PersonAction::Leave, &record.unit),
        ChangeKind::Revoke => return revocation((entry, record), evidence, salts),
    };
    let typed = TypedPerson {
        action,
        person: &record.person,
        version: record.version.saturating_add(1),
        unit,
        name: &record.name,
        mail: &record.mail,
        number: record.number.as_ref(),
        evidence,
    };
    let (body, opened) = typed.body(salts)?;
    Ok((DraftContent::Person(body).parts()?.1, opened))
}

fn revocation(
    (entry, record): (&ChangeEntry, &PersonRecord),
    evidence: &str,
    [salt, ..]: [[u8; 32]; 3],
) -> Result<(Value, Vec<Disclosure>), JsonError> {
    let seen = Disclosure::new(EVIDENCE_PATH, salt, evidence.into());
    let body = RevokeBody {
        person: record.person.clone(),
        system: None,
        serials: record.serials.clone(),
        reason: entry.reason.clone(),
        evidence: seen.commitment()?,
        wish: None,
    };
    Ok((DraftContent::Revoke(body).parts()?.1, vec![seen]))
}

/// What of a row's body nobody typed, by the terms of its facts.
pub fn unsaid(kind: ChangeKind, entry: &ChangeEntry, number: Option<&Bytes>) -> Vec<&'static str> {
    if kind == ChangeKind::Revoke {
        return vec![field::REVOKED];
    }
    let is_typed = kind == ChangeKind::Transfer && entry.unit == entry.unit_typed;
    let name = entry.name.is_empty().then_some(field::NAME);
    let unit = (!is_typed).then_some(field::UNIT);
    let number = number.map(|_| field::NUMBER);
    let kept = name.into_iter().chain(unit).chain(number);
    kept.chain([field::MAIL, field::VERSION]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::roster::read;
    use records::Code;

    fn record(person: &str, name: &str) -> PersonRecord {
        PersonRecord {
            person: person.into(),
            name: name.into(),
            unit: "sz-office".into(),
            place: "商州区 › 政府办公室".into(),
            version: 3,
            mail: "li@shangluo.example".into(),
            number: Some([8; 32].into()),
            serials: vec!["0101010101".into()],
        }
    }

    fn entries(kind: ChangeKind, text: &str) -> Vec<ChangeEntry> {
        let unit = |id: &str, name: &str| UnitLine { unit: id.into(), name: name.into() };
        let units = [unit("sz-office", "区政府办"), unit("sz-water", "区水务局")];
        check_changes(&read(text.as_bytes()).unwrap(), kind, &units).unwrap()
    }

    fn made(kind: ChangeKind, text: &str, records: &[PersonRecord]) -> RosterDraft {
        let mut drawn = 0;
        let draw = || {
            drawn += 1;
            Some([drawn; 32])
        };
        drafted(kind, (&entries(kind, text), records), "离职清单", draw).unwrap()
    }

    /// What a row does not say stays as it is held.
    #[test]
    fn a_change_of_many_keeps_what_it_does_not_say() {
        let two = [record("0123456789ABCDEF", "李丹"), record("0123456789ABCDEG", "王小红")];
        let text = "人员编号,姓名,调往单位\n0123-4567-89ab-cdef,李丹,区水务局\n\
            0123456789ABCDEG,,sz-water\n";
        let moved = made(ChangeKind::Transfer, text, &two);
        assert_eq!(moved.rows[0].body["unit"], "sz-water");
        assert_eq!(moved.rows[0].body["version"], 4);
        assert_eq!(moved.rows[0].body["action"], "move");
        assert_eq!(moved.rows[1].body["number"], serde_json::json!(two[1].number));
        let rows = entries(ChangeKind::Transfer, text);
        let number = two[0].number.as_ref();
        let first = unsaid(ChangeKind::Transfer, &rows[0], number);
        assert!(first.contains(&field::UNIT) && !first.contains(&field::NAME), "{first:?}");
        let second = unsaid(ChangeKind::Transfer, &rows[1], number);
        assert!(!second.contains(&field::UNIT) && second.contains(&field::NAME), "{second:?}");
        let text = "人员编号\n0123456789ABCDEF\n0123456789ABCDEG\n";
        let left = made(ChangeKind::Leave, text, &two);
        assert_eq!(left.rows[1].body["action"], "leave");
        assert_eq!(left.rows[1].body["unit"], "sz-office");
        let text = "人员编号,吊销原因\n0123456789ABCDEF,superseded\n";
        let revoked = made(ChangeKind::Revoke, text, &two[..1]);
        assert_eq!(revoked.rows[0].body["serials"][0], "0101010101");
        assert_eq!(revoked.rows[0].disclosures[0].value, "离职清单");
    }

    /// What the CA says of somebody is told with the row; an answer about others is none.
    #[test]
    fn what_the_ca_says_of_a_row_is_told_with_it() {
        let text = "人员编号,姓名,吊销原因\n0123456789ABCDEF,李丹,superseded\n\
            0123456789ABCDEG,王小虹,被取代\n0123456789ABCDEH,,superseded\n\
            0123456789ABCDEJ,,superseded\n";
        let words = reason("superseded").zh;
        let rows = entries(ChangeKind::Revoke, &text.replace("被取代", &words));
        assert_eq!(wanted(&rows).people.len(), 4);
        let known = |person: &str, name: &str| RecordLine::Known(Box::new(record(person, name)));
        let bare = PersonRecord { serials: Vec::new(), ..record("0123456789ABCDEJ", "赵五") };
        let lines = vec![
            known("0123456789ABCDEF", "李丹"),
            known("0123456789ABCDEG", "王小红"),
            RecordLine::Refused(Code::HandlerScope),
            RecordLine::Known(Box::new(bare)),
        ];
        let refused = told(ChangeKind::Revoke, &rows, PeopleRecords { lines: lines.clone() });
        let said: Vec<String> = refused.unwrap().unwrap_err().iter().map(RowRefusal::zh).collect();
        assert_eq!(said[0], "第 3 行：姓名与登记的“王小红”不符");
        assert_eq!(said[1], format!("第 4 行：{}", Code::HandlerScope.zh().trim_end_matches('。')));
        assert_eq!(said[2], "第 5 行：此人没有可吊销的证书");
        let mut other = lines.clone();
        other.swap(0, 1);
        assert!(told(ChangeKind::Revoke, &rows, PeopleRecords { lines: other }).is_none());
        assert!(told(ChangeKind::Revoke, &rows, PeopleRecords { lines: Vec::new() }).is_none());
        let first = PeopleRecords { lines: lines[..1].to_vec() };
        assert!(told(ChangeKind::Revoke, &rows[..1], first).unwrap().is_ok());
    }
}
