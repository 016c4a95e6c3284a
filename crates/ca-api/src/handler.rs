//! Routes of the issuer for what unit handlers do on the staff host: people of their unit, drafts,
//! and what became of them.

pub use records::handling::{
    BatchReceipt, DraftLine, DraftMade, Drafts, ManyMade, PeopleQuery, PeopleRecords, PersonFacts,
    PersonLine, PersonQuery, PersonRecord, Preview, PreviewRequest, ReceiptLine, RecordLine,
    SuspensionFacts, SuspensionQuery, UnitLine, UnitPeople,
};
pub use records::number::{AskedNumbers, NumberLine, NumberLines};

/// The path takes an [`crate::AsOfficer`] of [`crate::OfficerSearch`] and answers with a
/// [`UnitPeople`].
pub const PEOPLE: &str = "/v1/staff/people";
/// The path takes an [`crate::AsOfficer`] of [`PersonQuery`] and answers with a [`PersonFacts`].
pub const PERSON: &str = "/v1/staff/person";
/// The path takes an [`crate::AsOfficer`] of [`PeopleQuery`] and answers with a [`PeopleRecords`].
pub const RECORDS: &str = "/v1/staff/records";
/// The path takes an [`crate::AsOfficer`] of [`SuspensionQuery`] and answers with a
/// [`SuspensionFacts`].
pub const SUSPENSION: &str = "/v1/staff/suspension";
/// The path takes an [`crate::AsOfficer`] of [`AskedNumbers`] and answers with a [`NumberLines`].
pub const NUMBERS: &str = "/v1/staff/numbers";
/// The path takes an [`crate::AsOfficer`] of [`PreviewRequest`] and answers with a [`Preview`].
pub const PREVIEW: &str = "/v1/staff/preview";
/// [`crate::AsOfficer`] of a `Drafting` → [`DraftMade`].
pub const DRAFT: &str = "/v1/staff/draft";
/// [`crate::AsOfficer`] of a `DraftingMany` → [`ManyMade`].
pub const DRAFT_MANY: &str = "/v1/staff/drafts/many";
/// The path takes an [`crate::AsOfficer`] of [`crate::OrderQuery`] and answers with a
/// [`BatchReceipt`].
pub const RECEIPT: &str = "/v1/staff/batch/receipt";
/// The path takes an [`crate::AsOfficer`] of [`crate::Page`] and answers with a [`Drafts`].
pub const DRAFTS: &str = "/v1/staff/drafts";
/// [`crate::AsOfficer`] of a `Withdrawal` → `WithdrawalAnswer`.
pub const WITHDRAW: &str = "/v1/staff/withdraw";
