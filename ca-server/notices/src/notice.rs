//! What a notice says, before it is words: whom it tells, of which kind it is, and the few facts
//! that people need to know their own. No number of an identity card, no code of a letter, no
//! reason that somebody typed stands in one; of a serial number there is its end. What goes by
//! short message beside a letter is put into the message when it is handed over.

use records::commitment::Commitment;
use records::json::{self, JsonError};
use records::record::Record;
use records::rules::Role;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The channel that reaches telephones.
pub(crate) const WEBHOOK: &str = "webhook";
/// Characters of a serial number that a notice shows.
const TAIL_CHARS: usize = 8;

/// A notice. What it is about names it: made again after a crash, it is the same one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Notice {
    /// This is version 1 of the format.
    pub(crate) v: u8,
    /// What it is about, a text that nothing else has.
    pub(crate) about: String,
    /// Of which kind it is.
    pub(crate) kind: NoticeKind,
    /// Whom it tells, a person id.
    pub(crate) person: String,
    /// When that happened, RFC 3339 in seconds.
    pub(crate) time: String,
    /// What else is said.
    pub(crate) facts: Facts,
}

/// The event that the notice is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum NoticeKind {
    /// A letter lies ready for them.
    Letter,
    /// The code that goes by short message beside a letter.
    LetterCode,
    /// Somebody asked for a certificate in their name.
    Asked,
    /// A certificate was issued and can be collected.
    Issued,
    /// A certificate was renewed.
    Renewed,
    /// A certificate ends soon.
    Expiring,
    /// A certificate was revoked.
    Revoked,
    /// A certificate was suspended.
    Suspended,
    /// A suspended certificate counts again.
    Released,
    /// They have a role.
    RoleGranted,
    /// They have a role no longer.
    RoleWithdrawn,
    /// A role of theirs was lent to somebody, who decides in their place.
    Lends,
    /// They decide in place of somebody else.
    Acts,
    /// A delegation of theirs, by them or to them, ended before its time.
    DelegationEnded,
    /// A passkey was certified for them.
    Passkey,
    /// Somebody asks that their record be another one: name, unit or mail address.
    RecordAsked,
    /// What they asked for or drafted was sent back.
    Returned,
    /// What they asked for or drafted was rejected.
    Rejected,
    /// An account was opened for a system of theirs.
    SystemAccount,
    /// An account of a system of theirs got its first certificate.
    SystemIssued,
    /// A certificate of a system of theirs ends soon, and its client did not come.
    SystemLapsing,
    /// An emergency of theirs or of their unit was opened.
    EmergencyOpened,
    /// What waits for a handler or an officer today.
    Digest,
}

impl NoticeKind {
    /// The name in records and files.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Letter => "letter",
            Self::LetterCode => "letter-code",
            Self::Asked => "asked",
            Self::Issued => "issued",
            Self::Renewed => "renewed",
            Self::Expiring => "expiring",
            Self::Revoked => "revoked",
            Self::Suspended => "suspended",
            Self::Released => "released",
            Self::RoleGranted => "role-granted",
            Self::RoleWithdrawn => "role-withdrawn",
            Self::Lends => "lends",
            Self::Acts => "acts",
            Self::DelegationEnded => "delegation-ended",
            Self::Passkey => "passkey",
            Self::RecordAsked => "record-asked",
            Self::Returned => "returned",
            Self::Rejected => "rejected",
            Self::SystemAccount => "system-account",
            Self::SystemIssued => "system-issued",
            Self::SystemLapsing => "system-lapsing",
            Self::EmergencyOpened => "emergency-opened",
            Self::Digest => "digest",
        }
    }

    /// Whether it leaves by a channel: a message code is for the telephone, and nowhere else.
    pub(crate) fn goes_by(self, channel: &str) -> bool {
        self != Self::LetterCode || channel == WEBHOOK
    }
}

/// Facts beside the kind; which there are follows from it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Facts {
    /// End of a serial number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) serial_tail: Option<String>,
    /// Reference of the letter whose message code goes with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) letter: Option<String>,
    /// Until when a certificate or letter is good.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) until: Option<String>,
    /// Days that are left.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) days: Option<u32>,
    /// RFC 5280 name of a reason.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<String>,
    /// The notice is about this role, if it is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) role: Option<Role>,
    /// Id of the unit over which it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) unit: Option<String>,
    /// Id of the system that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) system: Option<String>,
    /// Whether it goes to the system's technical contact, in place of the person.
    #[serde(skip_serializing_if = "core::ops::Not::not")]
    pub(crate) contact: bool,
    /// Commitment to the mail address that its person had when that happened, or the technical
    /// contact.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) stood: Option<Commitment>,
    /// Whether it tells at the address in force what goes to an earlier one as well.
    #[serde(skip_serializing_if = "core::ops::Not::not")]
    pub(crate) again: bool,
    /// Id of an order.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) order: Option<String>,
    /// Orders that wait for an officer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) to_decide: Option<u32>,
    /// Drafts of a handler that wait for officers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) drafted: Option<u32>,
}

/// A notice's name: 16 bytes that follow from what it is about.
pub(crate) type NoticeId = [u8; 16];

impl Notice {
    /// What a record tells somebody.
    pub(crate) fn of(
        record: &Record,
        kind: NoticeKind,
        (person, about): (&str, &str),
        facts: Facts,
    ) -> Self {
        Self::at(record.unix(), kind, (person, about), facts)
    }

    /// What somebody is told for another reason than a record.
    pub(crate) fn at(
        unix: u64,
        kind: NoticeKind,
        (person, about): (&str, &str),
        facts: Facts,
    ) -> Self {
        let about = format!("{}/{about}/{person}", kind.name());
        let time = records::time::seconds(unix);
        Self { v: 1, about, kind, person: person.to_owned(), time, facts }
    }

    /// The same for somebody else.
    pub(crate) fn to(&self, person: &str) -> Self {
        let about = self.about.strip_suffix(self.person.as_str()).unwrap_or(&self.about);
        Self { about: format!("{about}{person}"), person: person.to_owned(), ..self.clone() }
    }

    /// The same for the mail address in force, where this one goes to an earlier one.
    pub(crate) fn again(&self) -> Self {
        let facts = Facts { stood: None, again: true, ..self.facts.clone() };
        Self { about: format!("{}/again", self.about), facts, ..self.clone() }
    }

    /// Whether it leaves by a channel: a technical contact has a mail address and no telephone, and
    /// a telephone rings once, however many addresses its owner had.
    pub(crate) fn goes_by(&self, channel: &str) -> bool {
        let is_for_mail = self.facts.contact || self.facts.again;
        self.kind.goes_by(channel) && !(is_for_mail && channel == WEBHOOK)
    }

    /// Its name in this city: the first half of a SHA-256.
    pub(crate) fn id(&self, founding: &[u8; 32]) -> NoticeId {
        let digest = Sha256::new()
            .chain_update(b"yinxin-notice-v1\0")
            .chain_update(founding)
            .chain_update(self.about.as_bytes())
            .finalize();
        let mut id = NoticeId::default();
        id.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
        id
    }

    /// Writes the notice as canonical JSON.
    pub(crate) fn write(&self) -> Result<Vec<u8>, JsonError> {
        json::write(self)
    }

    /// Reads a notice; an error says that its bytes are none.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, JsonError> {
        json::read(bytes)
    }
}

/// A notice's name as text.
pub(crate) fn spelled(id: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(id)
}

/// The end of a serial number, as people compare it.
pub(crate) fn tail(serial: &str) -> String {
    let begin = serial.len().saturating_sub(TAIL_CHARS);
    serial.get(begin..).unwrap_or(serial).to_ascii_uppercase()
}
