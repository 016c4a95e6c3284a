//! Authority: who and what may decide, rebuilt by replaying the `control` log from the founding
//! statement. Database rows are a cache of this and decide nothing.
//!
//! [`Authority`] is a value: a copy shares everything with its original and costs nothing, and a
//! change copies a few nodes. What a record holds is parsed and verified when it is applied; a
//! question parses and verifies nothing of what was applied before.
//!
//! [`Authority::apply`] takes every record in the order of the log and gives effect only to what is
//! signed as the rules in force at that point ask. [`Authority::judge`] answers whether an order
//! may be carried out. A grant counts only once its record was applied; withdrawals bite earlier,
//! through [`Authority::notice_pending`].
//!
//! | question | file |
//! |---|---|
//! | may this order be carried out, who has approved it | [`judge`](Authority::judge) |
//! | as what an approval counted, for whom, in which batch | `counted.rs` |
//! | may this person approve it, and not for themselves | `approver.rs` |
//! | whose roles reach it at all | `officers.rs` |
//! | does the order still fit the state it was made for | `fits.rs` |
//! | which names and which state does it rest on | `basis.rs` |
//! | what is approved as one, and for whom that counts | `batch.rs` |
//! | whose wish to revoke is it | `wish.rs` |
//! | who may draft what, and who drafted it | `draft.rs` |
//! | who may take it back | `withdrawal.rs` |
//! | which keys may be certified, whose certificates are these | `certificate.rs` |
//! | what is a letter still good for | `letter.rs` |
//! | what may be renewed, by whose signature, until when both count | `renewal.rs` |
//! | what a system gets by ACME, within its authorization | `system.rs`, `machine_use.rs` |
//! | what it gets by EST, SCEP and CMP | `enrolled.rs`, `device.rs` |
//! | what it says by CMP, and who signed that | `cmp.rs` |
//! | who signs for a system's account | `machine.rs` |
//! | who acts for whom while they are on leave | `delegation.rs` |
//! | how gates take what their rules say | `mode.rs` |
//! | whom an order lets past rules, and is that looked at | `emergency.rs` |
//! | who may suspend what, and how that ends | `suspend.rs` |
//! | what became of an application | `application.rs` |
//! | is it a brake that was done, whoever brings its record | `brake.rs` |
//! | which orders end with what is taken away | `overtaken.rs` |
//! | what a transfer or leaving would take away | `consequence.rs` |
//! | what goes with a unit that moves, and who gets a say over it | `moved.rs` |
//! | who has names already that an order gives | `holders.rs` |

mod agent;
mod application;
mod approver;
mod authority;
mod basis;
mod batch;
mod brake;
mod certificate;
mod city;
mod cmp;
mod consequence;
mod counted;
mod credential;
mod decline;
mod delegation;
mod departure;
mod device;
mod draft;
mod emergency;
mod enact;
mod enrolled;
mod fits;
mod founding;
mod holders;
mod id;
mod judge;
mod letter;
pub mod lineage;
mod machine;
mod machine_use;
mod mode;
mod moved;
mod officers;
mod order;
mod overtaken;
mod parts;
mod passkey;
mod pending;
mod pool;
mod release;
mod renewal;
mod revoke;
mod signatures;
mod standing;
mod state;
mod suspend;
mod system;
mod wish;
mod withdrawal;

pub use agent::{JoinClaim, authorization_of, join_value};
pub use approver::Capacity;
pub use authority::Authority;
pub use brake::signed_digest;
pub use cmp::{RequestForm, cmp_code, request_of, use_of_transaction};
pub use consequence::Consequence;
pub use counted::{CountedApproval, InBatch};
pub use device::{DeviceRenewal, read_renewal, renewal_alone, scep_code};
pub use enrolled::EnrolWish;
pub use id::{NamesOrder, OrderDigest, PersonId, Reference, Serial, Sha256Value};
pub use judge::Judged;
pub use machine::{AccountWish, KeyWish, read_account};
pub use machine_use::{CoveredUse, MachineWish};
pub use officers::Officers;
pub use parts::{PartName, Parts, PartsError};
pub use renewal::RenewalClaim;
pub use signatures::Signatures;
pub use state::{
    AccountState, Agent, ApplicationOutcome, BundleState, CertifiedAs, Credential, Delegation,
    EmergencyState, GivenApproval, LetterState, ModeState, OpenIntent, OpenOrder, OrderEnd, Person,
    PersonCertificate, Portal, ProfileState, RenewalState, Revoked, ServiceCertificate, Standing,
    SuspendedCertificate, SuspensionSource, SystemCertificate, SystemState, Unit,
};

use records::code::Code;
use records::record::{Event, Record};

/// A record claims something that nobody entitled to it signed; it has no effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a record of kind {kind} has no effect: {code}")]
pub struct UnsignedClaim {
    /// The record is of this kind, as formats name it.
    pub kind: &'static str,
    /// The record has no effect for this reason.
    pub code: Code,
}

impl Authority {
    /// Starts from leaf 0; `digest` is known from outside.
    pub fn found(record: &Record, digest: &[u8; 32]) -> Result<Self, UnsignedClaim> {
        let unsigned = UnsignedClaim { kind: "founding", code: Code::UnsignedAuthority };
        let Event::Founding { statement, signature, files } = &record.event else {
            return Err(unsigned);
        };
        if records::founding::digest(&statement.0) != *digest {
            return Err(unsigned);
        }
        let founding = records::founding::Founding::open(&statement.0, &signature.0);
        founding::first_state(founding.ok_or(unsigned)?, *digest, files).ok_or(unsigned)
    }

    /// Verifies what of a record can be verified before it is its turn; see [`Signatures::warm`].
    pub fn warm(&self, record: &Record) {
        self.signatures.warm(record, &self.fixed.registry, &self.fixed.issuing);
    }

    /// Applies the next record of the `control` log.
    pub fn apply(&mut self, record: &Record) -> Result<(), UnsignedClaim> {
        self.apply_judged(record).map(|_| ())
    }

    /// The same, with how the order was judged that the record carries out.
    pub fn apply_judged(&mut self, record: &Record) -> Result<Option<Judged>, UnsignedClaim> {
        let kind = record.event.kind();
        let unsigned = |code| UnsignedClaim { kind, code };
        if record.log != "control" {
            return Err(unsigned(Code::UnsignedAuthority));
        }
        // A record's own time is only a claim; what the registry key signed later is not.
        let now = record.unix().max(self.signed_time);
        match &record.event {
            Event::Enacted { order, approvals, .. } | Event::Intent { order, approvals, .. } => {
                let judged = self.judge(order, Some(approvals), now).map_err(unsigned)?;
                self.carry_out(&judged, &record.event, now).map_err(unsigned)?;
                Ok(Some(judged))
            }
            _ => self.effect(record, now).map(|()| None).map_err(unsigned),
        }
    }

    /// Carries out an order that was judged.
    fn carry_out(&mut self, judged: &Judged, event: &Event, now: u64) -> Result<(), Code> {
        match event {
            Event::Enacted { order, files, .. } => self.enact(judged, (order, files), now)?,
            Event::Intent { serial, tbs_sha256, not_after, .. } => {
                self.intend(judged, (serial, not_after), tbs_sha256, now)?;
            }
            _ => return Err(Code::UnsignedAuthority),
        }
        self.close(judged.digest(), OrderEnd::Consumed);
        self.end_overtaken(judged.body());
        Ok(())
    }

    fn effect(&mut self, record: &Record, now: u64) -> Result<(), Code> {
        match &record.event {
            Event::Letter { statement, signature } => self.add_letter(statement, signature, now),
            Event::Voided { statement, signature } => self.add_void(statement, signature, now),
            Event::Withdrawn { statement, signature } => {
                self.add_withdrawn(statement, signature, now)
            }
            Event::Order { order, signature, cancels } => {
                self.add_order((order, signature), cancels, now)
            }
            Event::Approval { approval, person, acting_for } => {
                self.add_approval(approval, (person, acting_for.as_deref()), now)
            }
            Event::Declined { decline, person } => self.add_decline(decline, person, now),
            Event::Revoked { cause, approvals, statement, signature, .. } => {
                self.revoke(cause, approvals, (statement, signature))
            }
            Event::Suspended { cause, .. } => self.suspend(cause, now),
            Event::Used { .. } => self.add_use(record, now),
            Event::Joined { .. } => self.add_join(record, now),
            Event::MachineAccount { jws, statement, signature } => {
                self.add_account(jws, (statement, signature), now)
            }
            Event::MachineUse { .. } => self.add_machine_use(record, now),
            Event::MachineEnrolled { .. } => self.add_enrolled(record, now),
            Event::MachineKey { account, jws } => self.change_key(account, jws, now),
            Event::MachineClosed { account, jws } => self.close_account(account, jws),
            Event::Founding { .. } => Err(Code::UnsignedAuthority),
            Event::Issued { .. } => self.add_issued(&record.event),
            Event::Application { challenge_sha256, .. } => {
                self.use_challenge(challenge_sha256, now);
                Ok(())
            }
            Event::Crl { .. }
            | Event::People { .. }
            | Event::Refusal { .. }
            | Event::Forked { .. }
            | Event::Asked { .. }
            | Event::Searched { .. } => Ok(()),
            Event::Enacted { .. }
            | Event::Intent { .. }
            | Event::Portal { .. }
            | Event::Read { .. }
            | Event::Notified { .. }
            | Event::Silent { .. }
            | Event::Started(_)
            | Event::Connection(_)
            | Event::Decision(_)
            | Event::Completion(_)
            | Event::Called(_)
            | Event::Turned(_)
            | Event::Heartbeat(_) => Err(Code::UnsignedAuthority),
        }
    }
}
