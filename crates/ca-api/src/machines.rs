//! Routes of the issuer for a portal's machines' process. What a client signed is handed on as it
//! was sent; the issuer verifies and judges it.

/// [`records::machine::OpenAccount`] → [`records::machine::MachineAccount`], once the tree has it.
pub const ACCOUNT: &str = "/v1/machines/account";
/// [`records::machine::AskAccount`] → [`records::machine::MachineAccount`].
pub const ACCOUNT_OF: &str = "/v1/machines/terms";
/// [`records::machine::Finalize`] → [`records::machine::Finalized`], with the certificate where
/// that is there within a moment. The same again is the same certificate.
pub const FINALIZE: &str = "/v1/machines/finalize";
/// [`records::est::EnrolSystem`] → [`records::machine::Finalized`]. The same again is the same
/// certificate.
pub const ENROL: &str = "/v1/machines/enrol";
/// [`records::est::RenewSystem`] → [`records::machine::Finalized`]. The same again is the same
/// certificate.
pub const RENEW: &str = "/v1/machines/renew";
/// [`records::scep::EnrolDevice`] → [`records::machine::Finalized`]. The same again is the same
/// certificate.
pub const ENROL_DEVICE: &str = "/v1/machines/enrol-device";
/// [`records::scep::RenewDevice`] → [`records::machine::Finalized`]. The same again is the same
/// certificate.
pub const RENEW_DEVICE: &str = "/v1/machines/renew-device";
/// [`records::cmp::CmpMessage`] → [`records::cmp::CmpReply`]: a message of CMP with its answer. The
/// same request again in its transaction is the same certificate.
pub const CMP: &str = "/v1/machines/cmp";
/// The same of a message that may revoke something.
pub const CMP_END: &str = "/v1/machines/cmp-end";
/// [`records::machine::CollectMachine`] → [`records::join::RenewedChain`], or `not-ready` until the
/// tree has it; `certificate-revoked` where it was given up and is to be asked for again.
pub const COLLECT: &str = "/v1/machines/collect";
/// [`records::machine::RenewalQuery`] → [`records::machine::RenewalHint`].
pub const RENEWAL_HINT: &str = "/v1/machines/renewal-hint";
/// [`records::machine::RevokeMachine`] → [`records::machine::MachineDone`]; `certificate-revoked`
/// where it was revoked before.
pub const REVOKE: &str = "/v1/machines/revoke";
/// [`records::machine::ChangeKey`] → [`records::machine::MachineAccount`], once the tree has it.
pub const KEY_CHANGE: &str = "/v1/machines/key-change";
/// [`records::machine::Deactivate`] → [`records::machine::MachineDone`].
pub const DEACTIVATE: &str = "/v1/machines/deactivate";
