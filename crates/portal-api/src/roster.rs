//! A roster that was checked, as a draft of many: one body for each person, in the order of the
//! file, and the tree over them that its handler signs. Pages and the command line make the same.

pub use ::roster::RosterEntry;
use ::roster::UnitFound;
use records::draft::{DraftingMany, ManyRow};
use records::drafted::{Drafted, ManyDrafted, TypedPerson};
use records::json::JsonError;
use records::letter::reference;
use records::order::{BATCH_ROWS_MAX, PersonAction};
use records::{Bytes, Disclosure};

pub use ::roster::number::{CitizenNumber, Day};
pub use ::roster::{
    FILE_BYTES_MAX, FileRefusal, NotTaken, ROWS_MAX, RowRefusal, Table, check, read, template,
};
pub use records::draft::Draft;

/// A roster with its bodies.
pub struct RosterDraft {
    /// The tree over the bodies.
    pub many: ManyDrafted,
    /// The bodies with what opens them.
    pub rows: Vec<ManyRow>,
}

impl RosterDraft {
    /// Makes bodies of people under fresh ids and salts; `evidence` is what was looked at where a
    /// row does not say it. Nothing, where no randomness can be drawn.
    pub fn of(
        entries: &[RosterEntry],
        evidence: &str,
        mut draw: impl FnMut() -> Option<[u8; 32]>,
    ) -> Option<Self> {
        let mut bodies: Vec<(serde_json::Value, Vec<Disclosure>)> =
            Vec::with_capacity(entries.len());
        for entry in entries {
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
                evidence: if entry.evidence.is_empty() { evidence } else { &entry.evidence },
            };
            let (body, opened) = typed.body([draw()?, draw()?, draw()?]).ok()?;
            bodies.push((Drafted::Person(body).parts().ok()?.1, opened));
        }
        Self::over(bodies).ok()
    }

    /// Any bodies of one kind.
    pub fn over(bodies: Vec<(serde_json::Value, Vec<Disclosure>)>) -> Result<Self, JsonError> {
        let values: Vec<_> = bodies.iter().map(|(body, _)| body.clone()).collect();
        let many = ManyDrafted::of(&values)?;
        let row = |(place, (body, disclosures)): (&_, (serde_json::Value, Vec<Disclosure>))| {
            let place = records::draft::DraftPlace::clone(place);
            ManyRow { place, body, disclosures }
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

/// Letters that one message asks for.
pub const LETTERS_A_MESSAGE: usize = 100;

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
