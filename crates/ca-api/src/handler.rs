//! Routes of the issuer for what unit handlers do on the staff host: people of their unit, drafts,
//! and what became of them.

pub use records::handling::{
    BatchReceipt, DraftLine, DraftMade, Drafts, ManyMade, PeopleRecords, PersonFacts, PersonLine,
    PersonRecord, Preview, Previewing, ReceiptLine, RecordLine, SuspensionFacts, UnitLine,
    UnitPeople, WantedPeople, WantedPerson, WantedSuspension,
};
pub use records::number::{AskedNumbers, NumberLine, NumberLines};

/// The path takes an [`crate::AsOfficer`] of [`crate::Sought`] and answers with a [`UnitPeople`].
pub const PEOPLE: &str = "/v1/staff/people";
/// The path takes an [`crate::AsOfficer`] of [`WantedPerson`] and answers with a [`PersonFacts`].
pub const PERSON: &str = "/v1/staff/person";
/// The path takes an [`crate::AsOfficer`] of [`WantedPeople`] and answers with a [`PeopleRecords`].
pub const RECORDS: &str = "/v1/staff/records";
/// The path takes an [`crate::AsOfficer`] of [`WantedSuspension`] and answers with a
/// [`SuspensionFacts`].
pub const SUSPENSION: &str = "/v1/staff/suspension";
/// The path takes an [`crate::AsOfficer`] of [`AskedNumbers`] and answers with a [`NumberLines`].
pub const NUMBERS: &str = "/v1/staff/numbers";
/// The path takes an [`crate::AsOfficer`] of [`Previewing`] and answers with a [`Preview`].
pub const PREVIEW: &str = "/v1/staff/preview";
/// [`crate::AsOfficer`] of a `Drafting` → [`DraftMade`].
pub const DRAFT: &str = "/v1/staff/draft";
/// [`crate::AsOfficer`] of a `DraftingMany` → [`ManyMade`].
pub const DRAFT_MANY: &str = "/v1/staff/drafts/many";
/// The path takes an [`crate::AsOfficer`] of [`crate::Wanted`] and answers with a [`BatchReceipt`].
pub const RECEIPT: &str = "/v1/staff/batch/receipt";
/// The path takes an [`crate::AsOfficer`] of [`crate::Page`] and answers with a [`Drafts`].
pub const DRAFTS: &str = "/v1/staff/drafts";
/// [`crate::AsOfficer`] of a `Withdrawal` → `Withdrawn`.
pub const WITHDRAW: &str = "/v1/staff/withdraw";
