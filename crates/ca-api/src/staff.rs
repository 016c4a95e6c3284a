//! Routes of the issuer for a portal's staff process.

use crate::organisation::RoleLine;
use records::handling::ApprovedBy;
use records::{Bytes, DisplayName};
use serde::{Deserialize, Serialize};

/// The path takes an [`AsOfficer`] of nothing and answers with an [`Officer`].
pub const WHO: &str = "/v1/staff/who";
/// [`AsOfficer`] of nothing → [`Officer`], for everybody with a certificate of
/// ours.
pub const HOLDER: &str = "/v1/staff/holder";
/// [`AsOfficer`] of nothing → `PersonHoldings`, for everybody with a certificate of ours.
pub const MINE: &str = "/v1/staff/mine";
/// The path takes an [`AsOfficer`] of [`Page`] and answers with an `OrderLines`.
pub const LIST: &str = "/v1/staff/orders";
/// The path takes an [`AsOfficer`] of [`OrderQuery`] and answers with an `OrderExport`.
pub const FETCH: &str = "/v1/staff/order";
/// [`AsOfficer`] of an approval → `Approved`.
pub const APPROVE: &str = "/v1/staff/approve";
/// [`AsOfficer`] of a `DeclineSubmission` → `Declined`.
pub const DECLINE: &str = "/v1/staff/decline";
/// [`AsOfficer`] of a [`Batching`] → [`OrderCreated`]: open orders that are to be approved as one.
pub const BATCH: &str = "/v1/staff/batch";
/// [`AsOfficer`] of a `CredentialBody` → [`OrderCreated`].
pub const CERTIFY: &str = "/v1/staff/certify";
/// The path takes an [`AsOfficer`] of [`OfficerSearch`] and answers with a [`Certificates`].
pub const FIND: &str = "/v1/staff/find";
/// The path takes an [`AsOfficer`] of [`CertificateQuery`] and answers with a [`CertificateFacts`].
pub const CERTIFICATE: &str = "/v1/staff/certificate";
/// [`AsOfficer`] of [`Revocation`] → [`OrderCreated`]: the order that
/// revokes.
pub const REVOKE: &str = "/v1/staff/revoke";
/// [`AsOfficer`] of a `WishSubmission` → [`OrderCreated`]: the same, as the officer signed it.
pub const WISH: &str = "/v1/staff/wish";
/// [`AsOfficer`] of an [`OwnSuspension`] → `SignedReceipt`: the portal says that the holder of the
/// certificate asks for it.
pub const SUSPEND: &str = "/v1/staff/suspend";
/// The path takes an [`AsOfficer`] of nothing and answers with a [`crate::CityState`].
pub const STATE: &str = "/v1/staff/state";
/// [`AsOfficer`] of nothing → list of [`OwnPasskey`].
pub const PASSKEYS: &str = "/v1/staff/passkeys";

/// A staff message together with the client certificate that the portal saw. The CA judges that
/// certificate at every request.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AsOfficer<T> {
    /// DER.
    pub certificate: Bytes,
    /// The message.
    pub message: T,
}

/// Who a staff certificate belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Officer {
    /// Person id.
    pub person: String,
    /// Name.
    pub name: String,
    /// The officer holds these roles.
    pub roles: Vec<RoleLine>,
    /// Whether the certificate is an officer's, not an official's.
    pub staff: bool,
    /// Whether some order could be approved with it.
    pub approves: bool,
    /// What the profiles of people are called, where their files say so.
    pub profiles: Vec<DisplayName>,
    /// What applications are called by the access rules in force; told to staff.
    pub applications: Vec<DisplayName>,
}

/// What an officer looks for: the beginning of a name, a person id, unit id or serial number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OfficerSearch {
    /// The text.
    pub text: String,
    /// Where the page before said that the list goes on, or empty.
    pub after: String,
}

/// A serial number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CertificateQuery {
    /// Lower-case hexadecimal.
    pub serial: String,
}

/// A certificate of a person or a system in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CertificateLine {
    /// Serial number.
    pub serial: String,
    /// Person id: who holds it, or is in charge of the system.
    pub person: String,
    /// Name of the person or the system.
    pub name: String,
    /// Id of the system that has it; none of a person's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system: Option<String>,
    /// Unit id.
    pub unit: String,
    /// Names of that unit and those above it.
    pub place: String,
    /// Profile id.
    pub profile: String,
    /// Last second of validity, RFC 3339.
    pub not_after: String,
    /// Since when it is revoked, RFC 3339, and why (RFC 5280 name).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked: Option<(String, String)>,
}

/// What was found within an officer's scope.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Certificates {
    /// In the order of names, about fifty.
    pub lines: Vec<CertificateLine>,
    /// How many of those that were looked at fit besides, outside their scope.
    pub elsewhere: u32,
    /// Behind which person the list goes on; empty at its end.
    pub more: String,
}

/// One certificate with where it comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CertificateFacts {
    /// The certificate is told as in lists.
    pub line: CertificateLine,
    /// DER.
    pub certificate: Bytes,
    /// Who approved its order, and as what, as far as the issuer can tell.
    pub approvers: Vec<ApprovedBy>,
    /// Whether it is one of the founding, which nobody approved.
    pub founding: bool,
    /// Of a revoked certificate: every agent that serves, and whether the list that it last said to
    /// have holds the certificate.
    pub agents: Vec<(String, bool)>,
    /// Applications that it opened lately, with the last time.
    pub opened: Vec<(String, String)>,
    /// Whether the reader could approve its revocation.
    pub revokes: bool,
}

/// Wishes that a person's certificate be revoked, on the portal's word.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Revocation {
    /// Serial number.
    pub serial: String,
    /// RFC 5280 name.
    pub reason: String,
    /// The officer looked at this before they asked.
    pub evidence: String,
}

/// Wishes that an own certificate be suspended, on the portal's word.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OwnSuspension {
    /// Serial number.
    pub serial: String,
    /// RFC 5280 name of the reason for which it is revoked if nobody releases it.
    pub reason: String,
}

/// Open orders that an officer wants to approve as one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Batching {
    /// Their digests, in the order in which they are to be shown.
    pub rows: Vec<Bytes>,
}

/// An order that was made, once others approve it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OrderCreated {
    /// Order id.
    pub order: String,
    /// The order needs so many approvals.
    pub needed: u32,
}

/// A certified passkey of the one who asks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OwnPasskey {
    /// Credential id.
    pub credential: Bytes,
    /// It says whether the key lives in software.
    pub software: bool,
    /// Whether it is bound to the certificate that asks; others are dead.
    pub usable: bool,
}

/// Keyset paging: what comes after.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Page {
    /// The cursor of the last line that was seen, or empty.
    pub after: String,
}

/// Which order.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OrderQuery {
    /// Order id.
    pub order: String,
}
