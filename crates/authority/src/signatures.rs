//! Every signature that authority asks about goes through here, so that one process verifies none
//! twice: not while it replays, not when a submission is checked and later applied.

use aws_lc_rs::digest::{Context, SHA256};
use jose::FlatJws;
use pki::possession::Possession;
use pki::{Certificate, CertificationRequest, PublicKey};
use quick_cache::sync::Cache;
use records::Record;
use records::approval::{Approval, SignedStatement};
use records::code::Code;
use records::label::Label;
use records::order::{Body, Order};
use records::record::{Cause, Event, approval_id};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// How many signatures are remembered; each costs about 80 bytes.
const VERIFIED_MAX: usize = 1 << 16;
/// How many officers' certificates are kept parsed.
const CERTIFICATES_MAX: usize = 1 << 12;
/// How many orders are kept parsed: those of some rounds, on their way into the tree and in it.
const ORDERS_MAX: usize = 1 << 12;
/// How many approvals, and how many keys that are to be certified, are kept read for as long.
const APPROVALS_MAX: usize = 1 << 10;
const KEYS_MAX: usize = 1 << 10;

/// An order with its body.
pub(crate) type ReadOrder = (Arc<Order>, Arc<Body>);

/// What follows from the bytes of an approval alone, whoever signed it.
#[derive(Clone)]
pub(crate) struct ReadApproval {
    /// SHA-256 of its canonical bytes.
    pub(crate) id: [u8; 32],
    /// The approval itself.
    pub(crate) approval: Arc<Approval>,
    /// The certificate that it shows.
    pub(crate) certificate: Arc<Certificate>,
    /// SHA-256 of the certificate's key.
    pub(crate) key_sha256: [u8; 32],
}

/// What was verified, shared by all copies of authority in a process.
#[derive(Clone)]
pub struct Signatures {
    shared: Arc<Shared>,
    trusting: bool,
}

struct Shared {
    /// SHA-256 of key, label, message and signature, each of which verified.
    verified: Cache<[u8; 32], ()>,
    /// Certificates by SHA-256 of their bytes; their own signature is a question of its own.
    certificates: Cache<[u8; 32], Arc<Certificate>>,
    /// Orders by SHA-256 of their bytes.
    orders: Cache<[u8; 32], ReadOrder>,
    /// Approvals by SHA-256 of all that they say.
    approvals: Cache<[u8; 32], ReadApproval>,
    /// Keys by SHA-256 of their bytes.
    keys: Cache<[u8; 32], Arc<PublicKey>>,
    verifications: AtomicU64,
}

impl Default for Signatures {
    fn default() -> Self {
        let shared = Shared {
            verified: Cache::new(VERIFIED_MAX),
            certificates: Cache::new(CERTIFICATES_MAX),
            orders: Cache::new(ORDERS_MAX),
            approvals: Cache::new(APPROVALS_MAX),
            keys: Cache::new(KEYS_MAX),
            verifications: AtomicU64::new(0),
        };
        Self { shared: Arc::new(shared), trusting: false }
    }
}

impl core::fmt::Debug for Signatures {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Signatures({} verified)", self.verifications())
    }
}

impl Signatures {
    /// A memory of verified signatures that holds none yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The mode for entries that this role verified before and that a root it kept authenticates:
    /// no signature is computed, everything else is checked as always. Never for what comes from
    /// outside.
    pub fn trusting() -> Self {
        Self { trusting: true, ..Self::default() }
    }

    /// How many signatures were really verified.
    pub fn verifications(&self) -> u64 {
        self.shared.verifications.load(Ordering::Relaxed)
    }

    /// Whether the key signed the bytes under the label.
    pub fn verify(&self, label: Label, key: &PublicKey, bytes: &[u8], signature: &[u8]) -> bool {
        self.known([key.spki(), label.text().as_bytes(), bytes, signature], || {
            label.verify(key, bytes, signature)
        })
    }

    /// Whether the key signed bytes that carry no label of ours: certificates, assertions.
    pub fn verify_plain(&self, key: &PublicKey, bytes: &[u8], signature: &[u8]) -> bool {
        self.known([key.spki(), b"", bytes, signature], || key.verify(bytes, signature))
    }

    /// Whether a key signed a JWS, as `verify` says of one that nobody verified yet.
    pub(crate) fn is_signed(
        &self,
        jws: &FlatJws,
        key: &[u8],
        verify: impl FnOnce() -> bool,
    ) -> bool {
        // No label begins like this.
        let protected = ["jws ", &jws.protected].concat();
        let parts = [key, protected.as_bytes(), jws.payload.as_bytes(), jws.signature.as_bytes()];
        self.known(parts, verify)
    }

    /// Whether a key signed the request for it, in either spelling.
    pub fn possesses(&self, claimed: &Possession<'_>) -> bool {
        let Possession { key, algorithm, message, signature, .. } = claimed;
        self.known([key.spki(), algorithm.as_bytes(), message, signature], || claimed.holds())
    }

    /// Whether the issuer's key signed the certificate.
    pub fn is_issued(&self, certificate: &Certificate, issuer: &PublicKey) -> bool {
        certificate.is_signed_with(issuer, |content, signature| {
            self.verify_plain(issuer, content, signature)
        })
    }

    /// The certificate of these bytes, parsed once.
    pub fn certificate(&self, der: &[u8]) -> Option<Arc<Certificate>> {
        let digest = digest(&[der]);
        if let Some(known) = self.shared.certificates.get(&digest) {
            return Some(known);
        }
        let read = Arc::new(Certificate::read(der).ok()?);
        self.shared.certificates.insert(digest, read.clone());
        Some(read)
    }

    /// The order of these bytes, parsed once; its signature is a question of its own.
    pub fn order(&self, bytes: &[u8]) -> Result<(Arc<Order>, Arc<Body>), Code> {
        let digest = digest(&[bytes]);
        if let Some(known) = self.shared.orders.get(&digest) {
            return Ok(known);
        }
        let order = Order::read(bytes).map_err(|_| Code::Malformed)?;
        let body = order.body().map_err(|_| Code::UnknownKind)?;
        let read = (Arc::new(order), Arc::new(body));
        self.shared.orders.insert(digest, read.clone());
        Ok(read)
    }

    /// What an approval says, read once while it is on its way; its signature is a question of its
    /// own.
    pub(crate) fn approval(&self, approval: &Approval) -> Result<ReadApproval, Code> {
        let name = name_of(approval);
        if let Some(known) = name.and_then(|name| self.shared.approvals.get(&name)) {
            return Ok(known);
        }
        let id = approval_id(approval).map_err(|_| Code::Malformed)?;
        let certificate = self.certificate(&approval.certificate.0);
        let certificate = certificate.ok_or(Code::ApprovalSignature)?;
        let read = ReadApproval {
            id: id.digest().ok_or(Code::Malformed)?,
            approval: Arc::new(approval.clone()),
            key_sha256: certificate.key().sha256(),
            certificate,
        };
        if let Some(name) = name {
            self.shared.approvals.insert(name, read.clone());
        }
        Ok(read)
    }

    /// The key of these bytes, a SubjectPublicKeyInfo, read once while an order is on its way.
    pub(crate) fn key(&self, spki: &[u8]) -> Option<Arc<PublicKey>> {
        let digest = digest(&[spki]);
        if let Some(known) = self.shared.keys.get(&digest) {
            return Some(known);
        }
        let read = Arc::new(PublicKey::read(spki).ok()?);
        self.shared.keys.insert(digest, read.clone());
        Some(read)
    }

    /// A request of these bytes that proves possession of its key.
    pub fn request(&self, der: &[u8]) -> Option<CertificationRequest> {
        CertificationRequest::read_with(der, |claimed| self.possesses(claimed)).ok()
    }

    /// The certificate of a statement, if its key made the signature.
    pub fn signer(&self, said: &SignedStatement<'_>) -> Option<Arc<Certificate>> {
        let known = said.v == 1 && said.method == "certificate" && said.assertion.is_none();
        let certificate = self.certificate(&said.certificate.0).filter(|_| known)?;
        let key = certificate.key();
        self.verify(said.label, key, &said.message(), &said.signature.0).then_some(certificate)
    }

    /// Verifies what of a record can be verified without authority, so that several threads can do
    /// that for a batch before it is applied in order. Says nothing: what does not verify is found
    /// again.
    pub fn warm(&self, record: &Record, registry: &PublicKey, issuing: &PublicKey) {
        match &record.event {
            Event::Letter { statement, signature } => {
                self.verify(Label::Letter, registry, &statement.0, &signature.0);
            }
            Event::Voided { statement, signature } => {
                self.verify(Label::Void, registry, &statement.0, &signature.0);
            }
            Event::Withdrawn { statement, signature } => {
                self.verify(Label::Withdrawn, registry, &statement.0, &signature.0);
            }
            Event::Order { order, signature, .. } => {
                self.verify(Label::Order, registry, &order.0, &signature.0);
            }
            Event::Approval { approval, .. } => {
                self.warm_statement(&approval.signed_statement(), issuing);
            }
            Event::Declined { decline, .. } => {
                self.warm_statement(&decline.signed_statement(), issuing);
            }
            // Of a loss another key signs.
            Event::Revoked { cause, statement, signature, .. }
                if !matches!(cause, Cause::Loss { .. }) =>
            {
                self.verify(Label::Revocation, registry, &statement.0, &signature.0);
            }
            Event::Used { request, .. } | Event::Joined { request, .. } => {
                self.request(&request.0);
            }
            Event::MachineAccount { jws, statement, signature } => {
                self.verify(Label::MachineAccount, registry, &statement.0, &signature.0);
                let _ = self.account_wish(jws);
            }
            Event::MachineEnrolled { statement, signature, .. } => {
                self.verify(Label::MachineEnrolled, registry, &statement.0, &signature.0);
            }
            _ => {}
        }
    }

    fn warm_statement(&self, said: &SignedStatement<'_>, issuing: &PublicKey) {
        self.signer(said);
        if let Some(certificate) = self.certificate(&said.certificate.0) {
            self.is_issued(&certificate, issuing);
        }
    }

    fn known(&self, parts: [&[u8]; 4], verify: impl FnOnce() -> bool) -> bool {
        if self.trusting {
            return true;
        }
        let digest = digest(&parts);
        if self.shared.verified.get(&digest).is_some() {
            return true;
        }
        self.shared.verifications.fetch_add(1, Ordering::Relaxed);
        let verified = verify();
        if verified {
            self.shared.verified.insert(digest, ());
        }
        verified
    }
}

/// Names an approval by all that it says; none has a name that may be long: what a passkey
/// answered, or what was opened of a batch.
fn name_of(approval: &Approval) -> Option<[u8; 32]> {
    let Approval {
        v,
        method,
        order,
        certificate,
        signature,
        assertion: None,
        acting_for,
        opened: None,
    } = approval
    else {
        return None;
    };
    let version = [*v];
    let absent = acting_for.as_deref().map(str::as_bytes);
    let bytes = [order, certificate, signature].map(|one| one.0.as_slice());
    let said = [version.as_slice(), method.as_bytes()].into_iter();
    let parts: Vec<&[u8]> = said.chain(bytes).chain(absent).collect();
    Some(digest(&parts))
}

/// SHA-256 over each part behind its length, so that no two lists of parts are one.
fn digest(parts: &[&[u8]]) -> [u8; 32] {
    let mut context = Context::new(&SHA256);
    for part in parts {
        context.update(&(part.len() as u64).to_be_bytes());
        context.update(part);
    }
    let mut digest = [0; 32];
    digest.copy_from_slice(context.finish().as_ref());
    digest
}
