//! Orders that wait, batches of them, and what their bodies hold.

use crate::id::{OrderDigest, Sha256Value};
use pki::{Certificate, PublicKey};
use records::approval::Approval;
use records::bytes::Bytes;
use records::code::Code;
use records::order::{Body, Order};
use records::passkey::PasskeyStatement;
use std::sync::Arc;

/// An approval whose signature was verified when it was taken. Whether it still counts is asked
/// again each time: certificates end, roles are withdrawn.
#[derive(Clone, Debug)]
pub struct GivenApproval {
    /// SHA-256 of its canonical bytes; how records name it.
    pub id: Sha256Value,
    /// The approval as its officer signed it.
    pub approval: Arc<Approval>,
    pub(crate) certificate: Arc<Certificate>,
    /// SHA-256 of the certificate's key.
    pub(crate) key_sha256: Sha256Value,
    /// It was given after so many grants of roles: what is granted since, it does not rest on.
    pub(crate) grants: u64,
}

/// An order that waits for approvals.
#[derive(Clone, Debug)]
pub struct OpenOrder {
    /// The order is its exact bytes, canonical JSON.
    pub order: Bytes,
    /// The registry key made this signature over the order.
    pub signature: Bytes,
    /// The order can be approved until this second, unix.
    pub expires: u64,
    /// The order as it was read.
    pub read: Arc<Order>,
    /// Its body as it was read.
    pub body: Arc<Body>,
    /// These approvals were valid when they were recorded.
    pub approvals: Vec<GivenApproval>,
    pub(crate) contents: Contents,
}

/// Two states of one order differ by their approvals.
impl PartialEq for OpenOrder {
    fn eq(&self, other: &Self) -> bool {
        let ids = |open: &Self| open.approvals.iter().map(|given| given.id).collect::<Vec<_>>();
        self.order == other.order && ids(self) == ids(other)
    }
}

/// A batch that was made: its orders, and how many of them may still become something.
#[derive(Clone, Debug)]
pub(crate) struct BatchState {
    pub(crate) rows: Arc<[OrderDigest]>,
    pub(crate) left: usize,
}

/// What a body holds in an encoding of its own, read and verified once.
#[derive(Clone, Debug)]
pub(crate) enum Contents {
    /// Nothing of that kind.
    Plain,
    /// The key to be certified.
    Key(Option<Arc<PublicKey>>),
    /// A portal's keys.
    Keys(Option<PortalKeys>),
    /// A passkey with its officer's certificate.
    Passkey(Result<Box<PasskeyContents>, Code>),
}

/// The SHA-256 of a portal's keys.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PortalKeys {
    pub(crate) public: Sha256Value,
    pub(crate) staff: Sha256Value,
    /// None where it has no process for machines.
    pub(crate) machines: Option<Sha256Value>,
}

/// A new passkey as its officer's certificate key asked for it.
#[derive(Clone, Debug)]
pub(crate) struct PasskeyContents {
    pub(crate) certificate: Arc<Certificate>,
    pub(crate) statement: PasskeyStatement,
    /// Whether the certificate's key signed the statement and the issuing key the certificate.
    pub(crate) signed: bool,
    /// Whether its key is ES256.
    pub(crate) readable: bool,
}
