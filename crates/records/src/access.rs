//! What a gate records in the `access` log. Each record has its place in the run of its agent:
//! epoch, sequence number, and the chain value of everything before it.
//!
//! What gates record by the thousand has its fields in the order of their keys in canonical form
//! (RFC 8785): it is written as it stands there, and needs no sorting to be compared.

use crate::access_mode::AccessMode;
use crate::bytes::Bytes;
use crate::commitment::Commitment;
use crate::label::Label;
use pki::PublicKey;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// A record's place among its agent's records.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Link {
    /// 16 random bytes, drawn when the agent began this run.
    pub epoch: Bytes,
    /// The record has this number in its run, from 0 and without holes.
    pub aseq: u64,
    /// Chain value before this record, see [`chain`].
    pub prev: Bytes,
}

/// Chain value of an epoch before its first record: 32 zero bytes.
pub const CHAIN_START: [u8; 32] = [0; 32];

/// The chain value after an entry: SHA-256(`yinxin-spool-v1` ‖ 0x00 ‖ chain before ‖ entry). Made
/// of entries, so that a chain is checked without reading what others did.
pub fn chain(before: &[u8; 32], entry: &[u8; 32]) -> [u8; 32] {
    Label::Spool.digest([*before, *entry].as_flattened())
}

/// A head of an agent's run, signed by the agent's key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SpoolHead {
    /// This is version 1 of the format; a reader refuses another.
    pub v: u8,
    /// The agent is named by its id: lower-case letters, digits and hyphens.
    pub agent: String,
    /// The epoch names the run: 16 random bytes, drawn at its start.
    pub epoch: Bytes,
    /// How many records the run has so far.
    pub count: u64,
    /// Chain value after the last of them.
    pub chain: Bytes,
}

/// A head with its signature.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignedHead {
    /// The head is its exact bytes, canonical JSON.
    pub head: Bytes,
    /// The agent's key signed the head under `yinxin-spool-v1`.
    pub signature: Bytes,
}

impl SignedHead {
    /// The head, if this key signed it.
    pub fn open(&self, key: &PublicKey) -> Option<SpoolHead> {
        if !Label::Spool.verify(key, &self.head.0, &self.signature.0) {
            return None;
        }
        crate::json::read(&self.head.0).ok().filter(|head: &SpoolHead| head.v == 1)
    }
}

/// A request's name: `AGENT/EPOCH/ASEQ`, also the `jti` of its identity token.
pub fn request_id(agent: &str, epoch: &Bytes, aseq: u64) -> String {
    format!("{agent}/{epoch}/{aseq}")
}

/// What stands in a record for the messages of a TLS 1.2 handshake: their SHA-256, so that one
/// handshake is found under one name.
pub fn messages_digest(messages: &[u8]) -> Bytes {
    Bytes(Sha256::digest(messages).to_vec())
}

/// The record of kind `started` says that an agent began a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunStart {
    /// The agent is named by its id: lower-case letters, digits and hyphens.
    pub agent: String,
    /// The agent stands in front of the application of this id.
    pub application: String,
    /// The program has this version.
    pub version: String,
    /// The agent's key is named by its SHA-256.
    pub key_sha256: Bytes,
    /// Why a new run began: `start`, or `spool` after an error of the disk.
    pub cause: String,
}

/// Kind `connection`. The CertificateVerify proves that the person's key opened *a* connection, not
/// which request was made on it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Connection {
    /// The connection speaks `h2` or `http/1.1` (ALPN, RFC 7301), or `yinxin-tunnel` at the port of
    /// a tunnel.
    pub alpn: String,
    /// The certificate's bytes are committed to.
    pub certificate: Commitment,
    /// With TLS 1.2, commitment to the handshake messages that the client signed (RFC 5246 7.4.8):
    /// they show its certificate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handshake: Option<Commitment>,
    /// The client asked for this server name in its handshake (SNI).
    pub host: String,
    /// What the client signed (RFC 8446 4.4.3); with TLS 1.2 the [`messages_digest`] of it.
    pub message: Bytes,
    /// Person id, or the service's name.
    pub person: String,
    /// The scheme is the number that TLS gives it (RFC 8446 4.2.3).
    pub scheme: u16,
    /// The client's certificate has this serial number, lower-case hexadecimal.
    pub serial: String,
    /// The client's certificate is named by its SHA-256.
    pub sha256: Bytes,
    /// The client's key made this signature in the handshake.
    pub signature: Bytes,
    /// The client's address is committed to.
    pub source: Commitment,
    /// Version of TLS: `1.3`, or `1.2` where the gate allows it.
    pub tls: String,
}

/// What was in force when a request was decided.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InForce {
    /// The bundle of rules has this version.
    pub bundle: u32,
    /// The revocation list has this number.
    pub crl: u64,
    /// The snapshot of people has this number.
    pub people: u64,
    /// The bundle is named by its digest, 32 bytes (`docs/formats.md` 6).
    pub policy: Bytes,
}

/// By what something passes that the rules deny.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ExceptionKind {
    /// An order of kind `mode`: the gate observes.
    Observe,
    /// An order of kind `emergency`.
    Emergency,
}

impl ExceptionKind {
    /// Its name, here and in counts.
    pub fn name(self) -> &'static str {
        match self {
            Self::Observe => "observe",
            Self::Emergency => "emergency",
        }
    }
}

/// Why a request passed that the rules deny.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exception {
    /// By what it passed.
    pub by: ExceptionKind,
    /// The code of the denial that did not bite.
    pub denied: String,
    /// The order that let it pass is named by its digest, 32 bytes.
    pub order: Bytes,
}

/// The record of kind `decision` says what a request wanted and how the rules answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Decision {
    /// The request fits a route of this action.
    pub action: String,
    /// The decision is about the application of this id.
    pub application: String,
    /// Id of the connection's record, see [`request_id`].
    pub connection: String,
    /// Why it passed although the rules deny it; else nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exception: Option<Exception>,
    /// The request had this HTTP method; `CONNECT` is a tunnel, whose name is its target.
    pub method: String,
    /// `permitted`, or the code of the denial.
    pub outcome: String,
    /// The request was by the person of this id.
    pub person: String,
    /// Reference told to a person who was denied; else empty.
    pub reference: String,
    /// The record that the request names.
    pub resource: String,
    /// Template of the route; empty if none fits.
    pub route: String,
    /// Id of the rule that decided, also of one that forbids what passed by an exception; empty if
    /// none did.
    pub rule: String,
    /// The certificate has this serial number, lower-case hexadecimal.
    pub serial: String,
    /// Commitment to the canonical path and query.
    pub target: Commitment,
    /// The person belonged to the unit of this id.
    pub unit: String,
    /// The decision was made under these rules, people and revocations.
    pub world: InForce,
}

/// The record of kind `called` says what an application asked its gate, and what it was told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApplicationCall {
    /// A permission was asked for a route of this action; else empty.
    pub action: String,
    /// The application of this id asked.
    pub application: String,
    /// It asked about a `certificate`, a `signature` or a `permission`.
    pub ask: String,
    /// Commitment to the rest of the question (`docs/formats.md` 7).
    pub asked: Commitment,
    /// `yes`, or the code of why not.
    pub outcome: String,
    /// The question was about the person of this id; empty if nobody is known by what was asked.
    pub person: String,
    /// The record that a permission was asked for; else empty.
    pub resource: String,
    /// Id of the rule that decided; empty if none did.
    pub rule: String,
    /// The certificate has this serial number, lower-case hexadecimal; empty if none of ours was
    /// named.
    pub serial: String,
    /// The answer was given under these rules, people and revocations.
    pub world: InForce,
}

impl ApplicationCall {
    /// The outcome of what is as it was asked.
    pub const YES: &str = "yes";
}

/// The record of kind `completion` says how a request ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Completion {
    /// The answer's body had so many bytes.
    pub down: u64,
    /// Microseconds from the decision to the end.
    pub micros: u64,
    /// `done`, `client-gone`, `too-large`, `upstream-error`, `cut`, or `unknown` after a crash.
    pub outcome: String,
    /// Reference told in place of an answer that could not be had; else empty.
    pub reference: String,
    /// Id of the request, see [`request_id`].
    pub request: String,
    /// Status code of the answer; 0 if there was none, and of a tunnel.
    pub status: u16,
    /// The request's body had so many bytes.
    pub up: u64,
}

impl Completion {
    /// How a request ended that a crash cut short, as the agent's next run says.
    pub const UNKNOWN: &str = "unknown";

    /// The end of a request that got no answer.
    pub fn without_answer(request: String, outcome: &str) -> Self {
        let (outcome, reference) = (outcome.into(), String::new());
        Self { request, outcome, status: 0, reference, up: 0, down: 0, micros: 0 }
    }
}

/// Kind `turned`: counted together while many come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CountedRejection {
    /// The requests were refused with this code.
    pub code: String,
    /// Where: `handshake`, `head` or `certificate`.
    pub stage: String,
    /// Commitment to the source address of the first.
    pub source: Commitment,
    /// Serial number, if a certificate was shown.
    pub serial: String,
    /// Reference told to the first; empty if nobody could be told.
    pub reference: String,
    /// The record stands for so many refusals.
    pub count: u64,
    /// The first of them came at this time, RFC 3339 with microseconds.
    pub first: String,
}

/// A heartbeat is recorded after this many seconds at the latest; in between the log hears pulses,
/// and records a silence itself.
pub const HEARTBEAT_SECONDS_MAX: u64 = 6 * 3_600;

/// Kind `heartbeat`: when an agent starts or comes back, when what is in force with it or what is
/// full changes, and after [`HEARTBEAT_SECONDS_MAX`] at the latest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Heartbeat {
    /// The agent stands in front of the application of this id.
    pub application: String,
    /// So many requests were permitted in this run.
    pub permitted: u64,
    /// So many requests were denied in this run.
    pub denied: u64,
    /// So many of those that were permitted passed by an exception: the rules deny them.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub excepted: u64,
    /// In which mode the gate is; left out where rules are enforced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<AccessMode>,
    /// So many connections are open now.
    pub connections: u64,
    /// These rules, people and revocations are in force.
    pub world: InForce,
    /// Size of the newest checkpoint of `access` that the agent holds.
    pub checkpoint: u64,
    /// Bytes in the spool that the log has not acknowledged.
    pub spooled: u64,
    /// The gate is `ready`, or this is what is the matter: the code of why nobody passes,
    /// `policy-error` where a rule in force could not be evaluated, or `stopped`.
    pub state: String,
    /// These are full, so that something is refused for it.
    pub full: Vec<GateResource>,
    /// These are nearly full, so that somebody can act before they are.
    pub nearly_full: Vec<GateResource>,
}

/// What of a gate may be full.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum GateResource {
    /// The disk that it writes to.
    Disk,
    /// Places of its listener.
    Listener,
    /// The gate's spool can be full.
    Spool,
}

fn is_zero(count: &u64) -> bool {
    *count == 0
}

impl GateResource {
    /// All resources of a gate that can be full.
    pub const ALL: [Self; 3] = [Self::Disk, Self::Listener, Self::Spool];

    /// Its name, here and on `/readyz`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Disk => "disk",
            Self::Listener => "listener",
            Self::Spool => "spool",
        }
    }
}

/// SHA-256 of bytes, as records name certificates.
pub fn sha256(bytes: &[u8]) -> Bytes {
    Bytes::from(Sha256::digest(bytes).as_slice())
}
