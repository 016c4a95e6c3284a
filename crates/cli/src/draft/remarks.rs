//! What is told beside a row of a draft of many, and is not signed: what the file has there, and
//! whom the portal says that it means.

use portal_api::changes::{ChangeEntry, ChangeKind, unsaid};
use portal_api::plain::{Fact, FactValue, field, joined_as};
use portal_api::roster::RosterEntry;
use records::handling::PersonRecord;

/// What is told beside a row, and is not signed.
pub(super) struct UnsignedRemarks {
    /// Fields of the row that its handler did not type.
    pub(super) unsaid: Vec<&'static str>,
    /// Where the row comes from.
    pub(super) source: Fact,
    /// Whom the row is about, as the portal says.
    pub(super) known: Option<Fact>,
}

impl UnsignedRemarks {
    /// A row of a file, with the unit as the file has it: a name means what the portal says.
    pub(super) fn of_entry(entry: &RosterEntry) -> Self {
        let is_typed = entry.unit == entry.unit_typed;
        let unit = (!is_typed).then_some(field::UNIT);
        let term = ("名册所写（不签署）", "as the roster has it, not signed");
        let row = entry.row.to_string();
        Self {
            unsaid: unit.into_iter().chain([field::NUMBER]).collect(),
            source: Fact::new(term, cells(&[&row, &entry.name, &entry.unit_typed])),
            known: None,
        }
    }

    /// Somebody of a batch that the CA signed: their number is nothing that the handler typed.
    pub(super) fn of_person(name: &str, order: &str) -> Self {
        let term = ("批次所写（签发机构已签名）", "as the CA signed it in the batch");
        Self { unsaid: Vec::new(), source: Fact::new(term, cells(&[name, order])), known: None }
    }

    /// A change of a file: it names people by their ids, and the portal says who they are.
    pub(super) fn of_change(kind: ChangeKind, entry: &ChangeEntry, record: &PersonRecord) -> Self {
        let term = ("表格所写（不签署）", "as the file has it, not signed");
        let row = entry.row.to_string();
        let written = cells(&[&row, &entry.person, &entry.name, &entry.unit_typed]);
        let known = ("登记的姓名和单位", "name and unit on record");
        let record_says = cells(&[&row, &record.person, &record.name, &record.place]);
        Self {
            unsaid: unsaid(kind, entry, record.number.as_ref()),
            source: Fact::new(term, written),
            known: Some(Fact::new(known, record_says)),
        }
    }
}

/// The cells of a row, each by itself: none passes for the one behind it.
fn cells(texts: &[&str]) -> FactValue {
    let filled = texts.iter().filter(|text| !text.is_empty());
    joined_as(filled.map(|text| FactValue::from(*text)), (" · ", " · "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(name: &str) -> ChangeEntry {
        ChangeEntry {
            row: 7,
            person: "0123456789ABCDEF".into(),
            name: name.into(),
            unit: String::new(),
            unit_typed: String::new(),
            reason: "superseded".into(),
            evidence: String::new(),
        }
    }

    /// A file may name people by their ids alone: who that is stands beside it, as the portal's
    /// word, and a name is one cell whatever it has in it.
    #[test]
    fn whom_a_change_is_about_is_told_by_name() {
        let record = |name: &str| PersonRecord {
            person: "0123456789ABCDEF".into(),
            name: name.into(),
            unit: "sz-office".into(),
            place: "商州区".into(),
            version: 1,
            mail: String::new(),
            number: None,
            serials: vec!["01".into()],
        };
        let of = |name: &str, typed: &str| {
            UnsignedRemarks::of_change(ChangeKind::Revoke, &entry(typed), &record(name))
        };
        let told = |one: &UnsignedRemarks| one.known.as_ref().unwrap().value.en();
        assert_eq!(told(&of("李丹", "")), "7 · 0123456789ABCDEF · 「李丹」 · 「商州区」");
        assert_eq!(of("李丹", "").source.value.en(), "7 · 0123456789ABCDEF");
        assert_eq!(of("李丹", "李 · 丹").source.value.en(), "7 · 0123456789ABCDEF · 「李 · 丹」");
        let turned = told(&of("ئابدۇ", ""));
        assert!(turned.contains("「ئابدۇ」 · "), "{turned}");
    }
}
