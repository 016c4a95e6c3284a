//! Routes of the issuer for a portal's machines' process. What a client signed is handed on as it
//! was sent; the issuer verifies and judges it.

/// [`records::machine::OpenAccount`] → [`records::machine::MachineAccount`], once the tree has it.
pub const ACCOUNT: &str = "/v1/machines/account";
/// [`records::machine::AskAccount`] → [`records::machine::MachineAccount`].
pub const ACCOUNT_OF: &str = "/v1/machines/terms";
/// [`records::machine::Finalize`] → [`records::machine::Finalized`]. The same again is the same
/// certificate.
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
/// [`records::machine::CollectMachine`] → [`records::join::RenewedChain`], or `not-ready` until the
/// tree has it; `certificate-revoked` where it was given up and is to be asked for again.
pub const COLLECT: &str = "/v1/machines/collect";
/// [`records::machine::RevokeMachine`] → [`records::machine::MachineDone`]; `certificate-revoked`
/// where it was revoked before.
pub const REVOKE: &str = "/v1/machines/revoke";
/// [`records::machine::ChangeKey`] → [`records::machine::MachineAccount`], once the tree has it.
pub const KEY_CHANGE: &str = "/v1/machines/key-change";
/// [`records::machine::Deactivate`] → [`records::machine::MachineDone`].
pub const DEACTIVATE: &str = "/v1/machines/deactivate";
