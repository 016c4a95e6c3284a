//! What somebody typed of a draft, and what became of it.

use crate::pages::show;
use ca_api::handler::PersonFacts;
use pki::number::{CitizenNumber, Day};
use records::drafted::DraftContent;
use records::{Bytes, Disclosure};
use serde::Deserialize;

/// What the page sends.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Form {
    /// `create`, `correct`, `move`, `leave`, `letter`, `release`, `lend` or `unlend`.
    pub(super) what: String,
    pub(super) person: String,
    pub(super) name: String,
    pub(super) mail: String,
    /// National number, if one is typed.
    pub(super) number: String,
    pub(super) unit: String,
    pub(super) evidence: String,
    pub(super) profile: String,
    /// Serial number of the certificate that is released.
    pub(super) serial: String,
    /// Who acts for the person: their id, or a name to be looked for.
    pub(super) deputy: String,
    /// Another name, where none of those who were found is the right one.
    pub(super) sought: String,
    /// The role that is lent, with its scope behind an @.
    pub(super) role: String,
    pub(super) from: String,
    pub(super) until: String,
}

impl Form {
    /// What was typed, field by field, as a page sends it on beside what is signed. No page has a
    /// whole number: it is typed again.
    pub(super) fn fields(&self, today: Day) -> Vec<(&'static str, String)> {
        let number = match self.number.trim() {
            "" => String::new(),
            // What cannot be read is asked for again as well.
            typed => CitizenNumber::read(typed, today)
                .map_or_else(|_| "*".to_owned(), |number| number.to_string()),
        };
        let all = [
            ("what", &self.what),
            ("person", &self.person),
            ("name", &self.name),
            ("mail", &self.mail),
            ("number", &number),
            ("unit", &self.unit),
            ("evidence", &self.evidence),
            ("profile", &self.profile),
            ("serial", &self.serial),
            ("deputy", &self.deputy),
            ("role", &self.role),
            ("from", &self.from),
            ("until", &self.until),
        ];
        let typed = all.into_iter().filter(|(_, value)| !value.is_empty());
        typed.map(|(name, value)| (name, value.clone())).collect()
    }

    /// Where it was filled in.
    pub(super) fn back(&self) -> String {
        match (self.serial.as_str(), self.person.as_str()) {
            ("", "") => "/people/new".to_owned(),
            ("", person) => format!("/people/{}", show::escaped(person)),
            (serial, _) => format!("/certificates/{}", show::escaped(serial)),
        }
    }
}

/// A draft as it was typed, complete.
pub(super) struct Typed {
    pub(super) drafted: DraftContent,
    pub(super) disclosures: Vec<Disclosure>,
    /// Seal of the digest that the CA made of a number that was typed.
    pub(super) number_seal: Option<Bytes>,
    pub(super) command: String,
    /// Fields that nobody typed.
    pub(super) unsaid: Vec<&'static str>,
    /// Who it is, for a letter, of which there is no order.
    pub(super) known: Option<PersonFacts>,
}
