//! What happened: the kinds of records with what each says.

use super::cause::{Cause, File, RevokedSerial};
use crate::access::{
    ApplicationCall, Completion, Connection, CountedRejection, Decision, Heartbeat, RunStart,
};
use crate::approval::Approval;
use crate::bytes::Bytes;
use crate::code::Code;
use crate::commitment::Commitment;
use crate::decline::Decline;
use crate::suspension::SuspensionCause;
use jose::FlatJws;
use serde::{Deserialize, Serialize};

/// What happened, by kind. Field by field in `docs/formats.md`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "body", rename_all = "kebab-case")]
pub enum Event {
    /// The city was founded; leaf 0.
    Founding {
        /// The statement is its exact bytes, canonical JSON.
        statement: Bytes,
        /// The root key's signature.
        signature: Bytes,
        /// The profiles and rule files that it puts in force.
        files: Vec<File>,
    },
    /// A letter was made.
    Letter {
        /// The letter's statement, a [`super::LetterStatement`].
        statement: Bytes,
        /// The registry key's signature over it.
        signature: Bytes,
    },
    /// A letter was voided: nothing is issued under it any more.
    Voided {
        /// What it says, a [`super::VoidStatement`].
        statement: Bytes,
        /// The registry key's signature over it.
        signature: Bytes,
    },
    /// A request was submitted under a letter.
    Application {
        /// The letter is named by its reference, 16 Crockford base32 characters.
        reference: String,
        /// Digest of the order made from it.
        order: Bytes,
        /// The label is `cli` or `page`: whose bind key was used.
        label: String,
        /// SHA-256 of the challenge that was used up.
        challenge_sha256: Bytes,
        /// Commitment to the PKCS#10.
        request: Commitment,
    },
    /// The CA made an order.
    Order {
        /// The order is its exact bytes, canonical JSON.
        order: Bytes,
        /// The registry key's signature.
        signature: Bytes,
        /// Digests of open orders that this one replaces.
        cancels: Vec<Bytes>,
    },
    /// An approval was received and found valid.
    Approval {
        /// The approval as its officer signed it.
        approval: Approval,
        /// Who, as the CA found.
        person: String,
        /// For whom they acted, if for somebody on leave.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        acting_for: Option<String>,
    },
    /// An officer sent an order back, or ended it.
    Declined {
        /// The decline as its officer signed it.
        decline: Decline,
        /// Who, as the CA found.
        person: String,
    },
    /// Whoever drafted an order took it back.
    Withdrawn {
        /// What it says, a [`crate::withdrawal::WithdrawnStatement`].
        statement: Bytes,
        /// The registry key's signature over it.
        signature: Bytes,
    },
    /// An order was carried out that changes authority.
    Enacted {
        /// Digest of the order.
        order: Bytes,
        /// SHA-256 of each approval that counts.
        approvals: Vec<Bytes>,
        /// Files that come into force.
        files: Vec<File>,
    },
    /// A certificate is about to be signed.
    Intent {
        /// Digest of the order.
        order: Bytes,
        /// SHA-256 of each approval that counts.
        approvals: Vec<Bytes>,
        /// The certificate will have this serial number, lower-case hexadecimal.
        serial: String,
        /// The certificate will be valid until this second, RFC 3339.
        not_after: String,
        /// SHA-256 of the TBSCertificate.
        tbs_sha256: Bytes,
        /// Commitment to the TBSCertificate.
        tbs: Commitment,
        /// Version of the lint that found nothing.
        lint: u32,
    },
    /// A certificate was signed.
    Issued {
        /// What it was issued under: an order's digest, the founding digest or a use.
        under: Bytes,
        /// The certificate has this serial number, lower-case hexadecimal.
        serial: String,
        /// Person id or service id.
        subject: String,
        /// The certificate is of the profile of this id.
        profile: String,
        /// SHA-256 of the SubjectPublicKeyInfo.
        key_sha256: Bytes,
        /// The certificate is valid until this second, RFC 3339.
        not_after: String,
        /// SHA-256 of the certificate.
        sha256: Bytes,
        /// Commitment to the certificate's bytes.
        certificate: Commitment,
    },
    /// A standing authorization was used; the certificate is about to be signed.
    Used {
        /// The authorization is named by its id: lower-case letters, digits and hyphens.
        authorization: String,
        /// The challenge is 16 bytes, which are taken once.
        challenge: Bytes,
        /// The machine's PKCS#10, in clear: it names nobody, and its key may ask next.
        request: Bytes,
        /// DER SubjectPublicKeyInfo that asked.
        asked_by: Bytes,
        /// The old key made this signature over the request.
        signature: Bytes,
        /// The certificate will have this serial number, lower-case hexadecimal.
        serial: String,
        /// SHA-256 of the TBSCertificate.
        tbs_sha256: Bytes,
    },
    /// An agent joined under its order; the certificate is about to be signed.
    Joined {
        /// The agent is named by its id: lower-case letters, digits and hyphens.
        agent: String,
        /// Digest of its order.
        order: Bytes,
        /// The challenge is 16 bytes, which are taken once.
        challenge: Bytes,
        /// The agent's PKCS#10, in clear: it names nobody.
        request: Bytes,
        /// The token, spent with this use: its SHA-256 stands in the order.
        token: Bytes,
        /// HMAC under the token.
        value: Bytes,
        /// The certificate will have this serial number, lower-case hexadecimal.
        serial: String,
        /// SHA-256 of the TBSCertificate.
        tbs_sha256: Bytes,
    },
    /// An account of a system was opened with a secret of the system's order.
    MachineAccount {
        /// The request for it, signed by its key, which stands in it (RFC 8555 7.3).
        jws: FlatJws,
        /// What the issuer found, an [`crate::machine::AccountStatement`].
        statement: Bytes,
        /// The registry key's signature over it: the secret is no log's business.
        signature: Bytes,
    },
    /// An account of a system asked for a certificate, which is about to be signed.
    MachineUse {
        /// Id of the account.
        account: String,
        /// What its key signed (RFC 8555 7.4); the PKCS#10 stands in it.
        jws: FlatJws,
        /// Names for which the protocol front says that it saw a challenge answered; its claim.
        vouched: Vec<String>,
        /// Serial number.
        serial: String,
        /// SHA-256 of the TBSCertificate.
        tbs_sha256: Bytes,
    },
    /// A system asked for a certificate by EST or SCEP, which is about to be signed.
    MachineEnrolled {
        /// What the issuer found, an [`crate::est::EnrolledStatement`].
        statement: Bytes,
        /// The registry key's signature over it.
        signature: Bytes,
        /// Serial number.
        serial: String,
        /// SHA-256 of the TBSCertificate.
        tbs_sha256: Bytes,
    },
    /// An account of a system has another key.
    MachineKey {
        /// Id of the account.
        account: String,
        /// What the old key signed, around what the new one did (RFC 8555 7.3.5).
        jws: FlatJws,
    },
    /// An account of a system was closed by its own key.
    MachineClosed {
        /// Id of the account.
        account: String,
        /// What its key signed (RFC 8555 7.3.6).
        jws: FlatJws,
    },
    /// Certificates were revoked.
    Revoked {
        /// These certificates were revoked; which ones follows from the cause.
        certificates: Vec<RevokedSerial>,
        /// RFC 5280 name of the reason.
        reason: String,
        /// Why that is lawful.
        cause: Cause,
        /// SHA-256 of each approval that counts, if an order is the cause.
        approvals: Vec<Bytes>,
        /// Since when it counts: a [`crate::revocation::RevocationStatement`]; of a loss its
        /// receipt, a [`crate::letter::LossReceipt`].
        statement: Bytes,
        /// The registry key's signature over it; of a receipt the status key's.
        signature: Bytes,
    },
    /// Certificates were suspended.
    Suspended {
        /// These certificates were suspended.
        certificates: Vec<RevokedSerial>,
        /// RFC 5280 name of the reason for which they are revoked if nobody releases them.
        reason: String,
        /// Why that is lawful.
        cause: SuspensionCause,
    },
    /// A revocation list was published.
    Crl {
        /// `root` or the issuing CA's id.
        issuer: String,
        /// The list has this cRLNumber (RFC 5280 5.2.3).
        number: u64,
        /// SHA-256 of the list.
        sha256: Bytes,
        /// The list was made at its thisUpdate, RFC 3339.
        this_update: String,
        /// The list ends at its nextUpdate, RFC 3339.
        next_update: String,
        /// The list has so many entries.
        entries: u64,
    },
    /// A people snapshot was made for an agent.
    People {
        /// The snapshot is for the agent of this id.
        agent: String,
        /// The snapshot has this number.
        number: u64,
        /// SHA-256 of the snapshot's bytes.
        sha256: Bytes,
        /// When it was made.
        this_update: String,
        /// Last second of use.
        next_update: String,
        /// The snapshot has so many people.
        people: u64,
    },
    /// The CA or the log refused something.
    Refusal {
        /// The refusal has this code.
        code: Code,
        /// What was asked for: `submit`, `approve`, `issue` and so on.
        act: String,
        /// What it was about: an order, reference, person or serial number.
        about: String,
        /// Reference number told to the caller; of the newest where it stands for several.
        reference: String,
        /// How many it stands for: the first of a kind is recorded at once, those after it together
        /// each minute.
        count: u64,
    },
    /// A portal tells what it did; its claim, not proof.
    Portal {
        /// The process is `public` or `staff`.
        process: String,
        /// What happened: a route or a life event.
        act: String,
        /// `done` or a refusal's code.
        outcome: String,
        /// Who, if someone was known.
        person: String,
        /// How many it stands for, as in `Refusal`.
        count: u64,
    },
    /// An agent began a run of its spool.
    Started(RunStart),
    /// A connection to a gate was authenticated.
    Connection(Box<Connection>),
    /// A request was decided, before it went anywhere.
    Decision(Box<Decision>),
    /// What became of a request.
    Completion(Completion),
    /// An application asked its gate about somebody, and was told.
    Called(Box<ApplicationCall>),
    /// Something never became a request: a handshake, a malformed head, a foreign host.
    Turned(CountedRejection),
    /// An agent says that it runs, and how it is.
    Heartbeat(Heartbeat),
    /// Spooled records of an agent contradict each other or the log.
    Forked {
        /// The agent is named by its id: lower-case letters, digits and hyphens.
        agent: String,
        /// The epoch names the run, 16 bytes.
        epoch: Bytes,
        /// The record has this number in its run, from 0.
        aseq: u64,
        /// The entry that the log has.
        entry: Bytes,
        /// The entry that was handed in.
        other: Bytes,
    },
    /// The record's maker, which is the log, says that it does not hear of an agent of which it
    /// heard before. Nobody signed this: it proves nothing about the agent, and nothing follows
    /// from it.
    Silent {
        /// The agent is named by its id: lower-case letters, digits and hyphens.
        agent: String,
        /// When it was heard of last.
        since: String,
    },
    /// An auditor asked the log.
    Asked {
        /// The auditor is the person of this id.
        person: String,
        /// The request is its exact bytes, canonical JSON.
        request: Bytes,
        /// Their signature over it.
        signature: Bytes,
        /// DER of their certificate, as a commitment.
        certificate: Commitment,
        /// How many records were given.
        given: u64,
    },
    /// Something was read through a portal in an officer's name.
    Read {
        /// The portal's process, `PORTAL/portal-staff`.
        by: String,
        /// Person id of the officer whose certificate the portal showed.
        person: String,
        /// What: `find`, `certificate`, `list`, `fetch` or others; of `numbers` each counts.
        act: String,
        /// How many it stands for, as in `Refusal`.
        count: u64,
    },
    /// The record's maker, the role `notices`, says what became of a notice to a person. Nobody
    /// signed this: it does not prove that they were told, and nothing follows from it.
    Notified {
        /// The notice's name, 32 hexadecimal digits.
        notice: String,
        /// Of which kind it was.
        about: String,
        /// The officer is the person of this id, as the portal showed their certificate.
        person: String,
        /// `mail`, `webhook` or `spool`.
        channel: String,
        /// `done`, `no-address`, `refused` or `too-late`.
        outcome: String,
    },
    /// A portal searched on behalf of an auditor, as it claims.
    Searched {
        /// The portal's process, `PORTAL/portal-staff`.
        by: String,
        /// The notice went to the person of this id.
        person: String,
        /// The search, canonical JSON; of the newest where it stands for several.
        search: Bytes,
        /// How many records that one was given.
        given: u64,
        /// How many it stands for: ten a minute are recorded one by one, those after them together.
        count: u64,
    },
}
