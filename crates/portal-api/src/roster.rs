//! A roster that was checked, as a draft of many: one body for each person, in the order of the
//! file, and the tree over them that its handler signs. Pages and the command line make the same.

pub use ::roster::RosterEntry;
use ::roster::{RowProblem, UnitFound};
use pki::name::PersonName;
use records::draft::{DraftingMany, ManyRow};
use records::drafted::{DraftContent, ManyDrafted, TypedPerson};
use records::json::JsonError;
use records::letter::reference;
use records::number::{AskedNumbers, NumberLine, NumberLines, SealedNumber};
use records::order::{BATCH_ROWS_MAX, PersonAction};
use records::{Bytes, Disclosure};

pub use ::roster::{
    FILE_BYTES_MAX, FileRefusal, NotTaken, ROWS_MAX, RowRefusal, Table, check, read, template,
};
pub use pki::number::{CitizenNumber, Day, NumberError};
pub use records::draft::{Draft, LETTERS_A_MESSAGE, PASSKEY_ROWS_MAX};
pub use records::time::day_in_beijing;

/// A roster with its bodies.
pub struct RosterDraft {
    /// The tree over the bodies.
    pub many: ManyDrafted,
    /// The bodies with what opens them.
    pub rows: Vec<ManyRow>,
}

impl RosterDraft {
    /// Makes bodies of people under fresh ids and salts, with what the CA said of their numbers;
    /// `evidence` is what was looked at where a row does not say it. Nothing, where no randomness
    /// can be drawn.
    pub fn of(
        (entries, numbers): (&[RosterEntry], &[SealedNumber]),
        evidence: &str,
        mut draw: impl FnMut() -> Option<[u8; 32]>,
    ) -> Option<Self> {
        let mut bodies: Vec<(serde_json::Value, Vec<Disclosure>)> =
            Vec::with_capacity(entries.len());
        for (entry, number) in entries.iter().zip(numbers) {
            let mut id = [0; 10];
            let drawn = draw()?;
            id.iter_mut().zip(drawn).for_each(|(to, from)| *to = from);
            let typed = TypedPerson {
                action: PersonAction::Create,
                person: &reference(id),
                version: 1,
                unit: &entry.unit,
                name: &entry.name,
                mail: &entry.mail,
                number: Some(&number.digest),
                evidence: if entry.evidence.is_empty() { evidence } else { &entry.evidence },
            };
            let (body, opened) = typed.body([draw()?, draw()?, draw()?]).ok()?;
            bodies.push((DraftContent::Person(body).parts().ok()?.1, opened));
        }
        let mut all = Self::over(bodies).ok()?;
        for (row, number) in all.rows.iter_mut().zip(numbers) {
            row.number_seal = Some(number.seal.clone());
        }
        (all.rows.len() == entries.len()).then_some(all)
    }

    /// Any bodies of one kind.
    pub fn over(bodies: Vec<(serde_json::Value, Vec<Disclosure>)>) -> Result<Self, JsonError> {
        let values: Vec<_> = bodies.iter().map(|(body, _)| body.clone()).collect();
        let many = ManyDrafted::of(&values)?;
        let row = |(place, (body, disclosures)): (&_, (serde_json::Value, Vec<Disclosure>))| {
            let place = records::draft::DraftPlace::clone(place);
            ManyRow { place, body, disclosures, number_seal: None }
        };
        let rows = many.places.iter().zip(bodies).map(row).collect();
        Ok(Self { many, rows })
    }

    /// What is handed in of it, a batch a message.
    pub fn messages(&self, draft: &Draft, most: usize) -> Vec<DraftingMany> {
        let most = most.min(BATCH_ROWS_MAX);
        let chunk = |rows: &[ManyRow]| DraftingMany { draft: draft.clone(), rows: rows.to_vec() };
        self.rows.chunks(most).map(chunk).collect()
    }
}

/// What is asked of the CA about the numbers of a roster.
pub fn asked_numbers(entries: &[RosterEntry]) -> AskedNumbers {
    let numbers = entries.iter().map(|entry| entry.number.whole().to_owned());
    AskedNumbers { numbers: numbers.collect() }
}

/// What the CA said of them: a digest for each entry, or whose numbers are registered already.
/// Nothing, where it said something of other numbers.
pub fn told_numbers(
    entries: &[RosterEntry],
    told: NumberLines,
) -> Option<Result<Vec<SealedNumber>, Vec<RowRefusal>>> {
    if told.lines.len() != entries.len() {
        return None;
    }
    let (mut free, mut taken) = (Vec::with_capacity(entries.len()), Vec::new());
    for (entry, line) in entries.iter().zip(told.lines) {
        let problem = match line {
            NumberLine::Free(number) => {
                free.push(number);
                continue;
            }
            NumberLine::Registered { person, name } => {
                RowProblem::Registered(named(&person, &name))
            }
            NumberLine::Elsewhere => RowProblem::RegisteredElsewhere,
        };
        taken.push(RowRefusal { row: entry.row, problem });
    }
    Some(if taken.is_empty() { Ok(free) } else { Err(taken) })
}

/// A name beside its id, if it is one; whatever else a portal says, nothing but the id.
pub fn named(person: &str, name: &str) -> String {
    match PersonName::read(name) {
        Ok(name) => format!("{} [{person}]", name.as_str()),
        Err(_) => person.to_owned(),
    }
}

/// Which unit a text means, by id or by name, of those that a handler handles.
pub fn unit_of(units: &[records::handling::UnitLine], text: &str) -> UnitFound {
    if let Some(unit) = units.iter().find(|unit| unit.unit == text) {
        return UnitFound::One(unit.unit.clone());
    }
    let mut named = units.iter().filter(|unit| unit.name == text);
    match (named.next(), named.next()) {
        (Some(unit), None) => UnitFound::One(unit.unit.clone()),
        (None, _) => UnitFound::Nothing,
        (Some(_), Some(_)) => UnitFound::Several,
    }
}

/// The bytes of a statement.
pub fn statement_bytes(said: &records::draft::DraftStatement) -> Result<Bytes, JsonError> {
    records::json::write(said).map(Bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ::roster::Cell;

    fn entries() -> Vec<RosterEntry> {
        let text = "姓名,证件号,单位\n陈一,11010519491231002X,sz\n\n陈二,611002199001010015,sz\n";
        let table = read(text.as_bytes()).unwrap();
        assert!(matches!(table.rows[1].cells[1], Cell::Text(_)));
        check(&table, |unit| UnitFound::One(unit.to_owned()), (2026, 12, 1)).unwrap()
    }

    fn free(digest: u8) -> NumberLine {
        NumberLine::Free(SealedNumber { digest: [digest; 32].into(), seal: [9; 32].into() })
    }

    /// Whoever is registered is told with the row, by name only where the CA says the name; and an
    /// answer about other numbers is none.
    #[test]
    fn whose_number_is_registered_is_told_with_the_row() {
        let entries = entries();
        assert_eq!(asked_numbers(&entries).numbers, ["11010519491231002X", "611002199001010015"]);
        let told = |lines| told_numbers(&entries, NumberLines { lines });
        let sealed = told(vec![free(1), free(2)]).unwrap().unwrap();
        let mut drawn = 0;
        let draw = || {
            drawn += 1;
            Some([drawn; 32])
        };
        let draft = RosterDraft::of((&entries, &sealed), "任免文件", draw).unwrap();
        assert_eq!(draft.rows[1].body["number"], serde_json::json!(sealed[1].digest));
        assert_eq!(draft.rows[1].number_seal.as_ref(), Some(&sealed[1].seal));
        let rows = serde_json::to_string(&draft.rows).unwrap();
        assert!(!rows.contains("611002199001010015"), "nothing of the number itself");
        let registered =
            NumberLine::Registered { person: "0123456789ABCDEF".into(), name: "王小明".into() };
        let refused = told(vec![registered, NumberLine::Elsewhere]).unwrap().unwrap_err();
        let said: Vec<String> = refused.iter().map(RowRefusal::zh).collect();
        let first = "第 2 行：证件号已登记：王小明 [0123456789ABCDEF]";
        assert_eq!(said, [first, "第 4 行：证件号已在其他单位登记"]);
        assert!(told(vec![free(1)]).is_none());
        assert_eq!(named("0123456789ABCDEF", "王小明\nok"), "0123456789ABCDEF");
    }
}
