//! Routes of the issuer for what unit handlers do on the staff host: people of their unit, drafts,
//! and what became of them.

pub use records::handling::{
    BatchReceipt, DraftLine, DraftMade, Drafts, ManyMade, PeopleRecords, PersonFacts, PersonLine,
    PersonRecord, Preview, Previewing, ReceiptLine, RecordLine, SuspensionFacts, UnitLine,
    UnitPeople, WantedPeople, WantedPerson, WantedSuspension,
};
pub use records::number::{AskedNumbers, NumberLine, NumberLines};

/// [`crate::AsOfficer`] of [`crate::Sought`] → [`UnitPeople`].
pub const PEOPLE: &str = "/v1/staff/people";
/// [`crate::AsOfficer`] of [`WantedPerson`] → [`PersonFacts`].
pub const PERSON: &str = "/v1/staff/person";
/// [`crate::AsOfficer`] of [`WantedPeople`] → [`PeopleRecords`].
pub const RECORDS: &str = "/v1/staff/records";
/// [`crate::AsOfficer`] of [`WantedSuspension`] → [`SuspensionFacts`].
pub const SUSPENSION: &str = "/v1/staff/suspension";
/// [`crate::AsOfficer`] of [`AskedNumbers`] → [`NumberLines`].
pub const NUMBERS: &str = "/v1/staff/numbers";
/// [`crate::AsOfficer`] of [`Previewing`] → [`Preview`].
pub const PREVIEW: &str = "/v1/staff/preview";
/// [`crate::AsOfficer`] of a `Drafting` → [`DraftMade`].
pub const DRAFT: &str = "/v1/staff/draft";
/// [`crate::AsOfficer`] of a `DraftingMany` → [`ManyMade`].
pub const DRAFT_MANY: &str = "/v1/staff/drafts/many";
/// [`crate::AsOfficer`] of [`crate::Wanted`] → [`BatchReceipt`].
pub const RECEIPT: &str = "/v1/staff/batch/receipt";
/// [`crate::AsOfficer`] of [`crate::Page`] → [`Drafts`].
pub const DRAFTS: &str = "/v1/staff/drafts";
/// [`crate::AsOfficer`] of a `Withdrawal` → `Withdrawn`.
pub const WITHDRAW: &str = "/v1/staff/withdraw";
