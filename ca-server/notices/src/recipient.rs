//! Whom a notice reaches: the name and address that authority holds for a person. Rows open them
//! and decide nothing: what does not open the commitment, or is no name or no address, is not used.

use authority::Authority;
use pki::mail::Mailbox;
use pki::name::{PersonName, UnitName};
use records::Disclosure;
use records::commitment::{Commitment, open};
use records::order::{CONTACT_PATH, MAIL_PATH, NAME_PATH};

/// A person as far as notices need them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Recipient {
    /// The notice goes to the person of this id.
    pub(crate) person: String,
    /// The person has this name, where a disclosure opens it.
    pub(crate) name: Option<String>,
    /// The person has this mail address, where a disclosure opens it.
    pub(crate) mail: Option<String>,
}

impl Recipient {
    /// What authority holds of a person, opened by rows.
    pub(crate) fn of(authority: &Authority, person: &str, opened: &[Disclosure]) -> Self {
        let held = authority.person(person);
        let text = |commitment, path| open(commitment, path, opened).ok()?.as_str();
        let name = held.and_then(|held| text(&held.name, NAME_PATH));
        let mail = held.and_then(|held| text(held.mail.as_ref()?, MAIL_PATH));
        Self {
            person: person.to_owned(),
            name: name.and_then(name_of_person),
            mail: mail.and_then(|mail| Mailbox::read(mail).ok()).map(|mail| mail.as_str().into()),
        }
    }
}

impl Recipient {
    /// The same at the address that stood when something happened, where a disclosure opens it; and
    /// whether the one in force is another, which hears of it as well.
    pub(crate) fn addressed_as_it_stood(
        self,
        (path, stood): (&str, Option<&Commitment>),
        opened: &[Disclosure],
    ) -> (Self, bool) {
        let former = stood.and_then(|held| open(held, path, opened).ok()?.as_str());
        let former = former.and_then(|mail| Mailbox::read(mail).ok());
        match former
            .map(|mail| mail.as_str().to_owned())
            .filter(|it| Some(it) != self.mail.as_ref())
        {
            Some(former) => {
                let has_another = self.mail.is_some();
                (Self { mail: Some(former), ..self }, has_another)
            }
            None => (self, false),
        }
    }

    /// The technical contact of a system, as its order in force names them; opened by rows of that.
    pub(crate) fn contact(
        authority: &Authority,
        (person, system): (&str, &str),
        opened: &[Disclosure],
    ) -> Self {
        let held = authority.system(system).and_then(|state| state.contact.as_ref());
        let mail = held.and_then(|held| open(held, CONTACT_PATH, opened).ok()?.as_str());
        Self {
            person: person.to_owned(),
            name: Some("技术联系人 (technical contact)".to_owned()),
            mail: mail.and_then(|mail| Mailbox::read(mail).ok()).map(|mail| mail.as_str().into()),
        }
    }
}

/// A name that stands in what people are sent; nothing that a mail program makes a link of.
pub(crate) fn name_of_person(name: &str) -> Option<String> {
    PersonName::read(name).ok().map(|name| name.as_str().into())
}

/// What a unit is called there, or its id.
pub(crate) fn name_of_unit<'a>(name: &'a str, id: &'a str) -> &'a str {
    if UnitName::read(name).is_ok() { name } else { id }
}
