//! What the writer is asked to do: values that are read and whose signatures were checked as far as
//! that needs no state. Each carries where its answer goes.

use crate::error::IssuerError;
use crate::queue::{Bringer, Source};
use crate::verify::{
    VerifiedApproval, VerifiedCmp, VerifiedDecline, VerifiedDraft, VerifiedMachine, VerifiedMany,
    VerifiedNumbers, VerifiedRenewal, VerifiedSubmission, VerifiedWish, VerifiedWithdrawal,
};
use authority::{Authority, OrderDigest};
use ca_api::handler::{DraftMade, ManyMade};
use ca_api::{Batching, OrderCreated, OwnSuspension, Revocation};
use ca_host::operator::{OperatorAnswer, OperatorRequest};
use pki::crl::RevocationList;
use records::decline::Declined;
use records::enrolment::{SignedReceipt, Stage};
use records::est::{EnrolSystem, RenewSystem};
use records::export::Approved;
use records::join::{Join, Renew};
use records::machine::{
    ChangeKey, Deactivate, Finalize, MachineAccount, OpenAccount, RevokeMachine,
};
use records::number::NumberLines;
use records::order::CredentialBody;
use records::people::{PeopleSnapshot, SignedPeople};
use records::scep::{EnrolDevice, RenewDevice};
use records::withdrawal::{WithdrawalAnswer, WithdrawalStatement, WithdrawalTarget};
use records::{Approval, Bytes, Record};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::oneshot;

/// A process of a portal, by the key of its TLS certificate; judged again when the command is
/// decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Caller {
    /// SHA-256 of the key.
    pub(crate) key_sha256: [u8; 32],
    /// `portal-public`, `portal-staff` or `portal-machines`, as the route asks for; any of them
    /// where it is empty.
    pub(crate) process: &'static str,
}

/// An officer's certificate as a portal saw it; judged again when the command is decided.
#[derive(Clone, Debug)]
pub(crate) struct Officer(pub(crate) std::sync::Arc<pki::Certificate>);

/// A command and where its answer goes.
pub(crate) enum Command {
    Submit(Caller, Box<VerifiedSubmission>, Reply<Stage>),
    WrongKey(Caller, String, Reply<()>),
    Approve(Caller, Officer, Box<VerifiedApproval>, Reply<Approved>),
    Decline(Caller, Officer, Box<VerifiedDecline>, Reply<Declined>),
    Credential(Caller, Officer, Box<CredentialBody>, Reply<OrderCreated>),
    Revoke(Caller, Officer, Revocation, Reply<OrderCreated>),
    Wish(Caller, Officer, Box<VerifiedWish>, Reply<OrderCreated>),
    Draft(Caller, Officer, Box<VerifiedDraft>, Reply<DraftMade>),
    DraftMany(Caller, Officer, Box<VerifiedMany>, Reply<ManyMade>),
    Numbers(Caller, Officer, Box<VerifiedNumbers>, Reply<NumberLines>),
    Batch(Caller, Officer, Batching, Reply<OrderCreated>),
    Withdraw(Caller, Officer, Box<VerifiedWithdrawal>, Reply<WithdrawalAnswer>),
    Suspend(Caller, Officer, OwnSuspension, Reply<SignedReceipt>),
    Renew(Caller, Box<VerifiedMachine<Renew>>, Reply<String>),
    RenewCertificate(Caller, Box<VerifiedRenewal>, Reply<Stage>),
    Join(Caller, Box<VerifiedMachine<Join>>, Reply<String>),
    OpenAccount(Caller, Box<VerifiedMachine<OpenAccount>>, Reply<MachineAccount>),
    Finalize(Caller, Box<VerifiedMachine<Finalize>>, Reply<String>),
    EnrolSystem(Caller, Box<VerifiedMachine<EnrolSystem>>, Reply<String>),
    RenewSystem(Caller, Box<VerifiedMachine<RenewSystem>>, Reply<String>),
    EnrolDevice(Caller, Box<VerifiedMachine<EnrolDevice>>, Reply<String>),
    RenewDevice(Caller, Box<VerifiedMachine<RenewDevice>>, Reply<String>),
    EnrolByCmp(Caller, Box<VerifiedCmp>, Reply<String>),
    RevokeByCmp(Caller, Box<VerifiedCmp>, Reply<()>),
    RevokeMachine(Caller, Box<VerifiedMachine<RevokeMachine>>, Reply<()>),
    ChangeKey(Caller, Box<VerifiedMachine<ChangeKey>>, Reply<MachineAccount>),
    Deactivate(Caller, Box<VerifiedMachine<Deactivate>>, Reply<()>),
    Operator(Box<OperatorRequest>, String, Reply<OperatorAnswer>),
    /// Made by the publisher from a view.
    List(Box<RevocationList>, Reply<()>),
    /// The same for gates.
    People(Snapshots, Reply<()>),
    /// What `status` confirmed and the log does not have.
    Confirmed(Vec<Record>, Reply<()>),
    /// A question met a row that says what nobody signed: it is recorded, once.
    Alarm(String, Reply<()>),
}

/// What most messages are at most, in bytes.
const SMALL_BYTES: usize = 64 * 1024;

/// Numbers that are looked for in the time of one order.
const NUMBERS_A_ROW: usize = 20;

/// A people snapshot that is to be kept, with what it says besides number and times.
pub(crate) struct NewSnapshot {
    pub(crate) snapshot: PeopleSnapshot,
    pub(crate) signed: SignedPeople,
    pub(crate) said: Vec<u8>,
}

/// Snapshots that are kept by one commit.
pub(crate) struct Snapshots {
    pub(crate) new: Vec<Arc<NewSnapshot>>,
    /// Whether a brake was carried out since their gates were told last: it is felt there when they
    /// come, and no sooner. What was added meanwhile stands in them too, since a snapshot is whole;
    /// it comes earlier by that, and only behind a brake that had its own approvals.
    pub(crate) take_away: bool,
}

/// Where an answer goes. It is sent once, after the commit that keeps it; a round that fails sends
/// nothing.
pub(crate) struct Reply<T>(Arc<Mutex<Option<oneshot::Sender<Answered<T>>>>>);

/// What whoever waits gets.
pub(crate) type Answered<T> = Result<Outcome<T>, IssuerError>;

impl<T> Reply<T> {
    /// A reply, and where it arrives.
    pub(crate) fn open() -> (Self, oneshot::Receiver<Answered<T>>) {
        let (sender, receiver) = oneshot::channel();
        (Self(Arc::new(Mutex::new(Some(sender)))), receiver)
    }

    /// Whether nobody waits for it any more.
    fn is_left(&self) -> bool {
        let sender = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        sender.as_ref().is_none_or(oneshot::Sender::is_closed)
    }

    /// Answers; whoever waited may be gone.
    pub(crate) fn send(&self, answer: Answered<T>) {
        let sender = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(sender) = sender {
            let _ = sender.send(answer);
        }
    }
}

impl<T> Clone for Reply<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

/// What was done, and how far the tree has to grow until it holds it.
#[derive(Clone, Debug)]
pub(crate) struct Outcome<T> {
    pub(crate) value: T,
    /// Size of the tree that holds everything recorded by then.
    pub(crate) settled_at: u64,
}

impl Command {
    /// The name of the act, for counters and for tests that kill on either side of its commit.
    pub(crate) fn act(&self) -> &'static str {
        match self {
            Self::Submit(..) => "submit",
            Self::WrongKey(..) => "look-up",
            Self::Approve(..) => "approve",
            Self::Decline(..) => "decline",
            Self::Credential(..) => "certify-passkey",
            Self::Revoke(..) => "revoke",
            Self::Wish(..) => "wish",
            Self::Draft(..) => "draft",
            Self::DraftMany(..) => "draft-many",
            Self::Numbers(..) => "numbers",
            Self::Batch(..) => "batch",
            Self::Withdraw(..) => "withdraw",
            Self::Suspend(..) => "suspend",
            Self::Renew(..) => "renew",
            Self::RenewCertificate(..) => "renew-certificate",
            Self::Join(..) => "join",
            Self::OpenAccount(..) => "open-account",
            Self::Finalize(..) => "finalize",
            Self::EnrolSystem(..) => "enrol-system",
            Self::RenewSystem(..) => "renew-system",
            Self::EnrolDevice(..) => "enrol-device",
            Self::RenewDevice(..) => "renew-device",
            Self::EnrolByCmp(..) => "enrol-by-cmp",
            Self::RevokeByCmp(..) => "revoke-by-cmp",
            Self::RevokeMachine(..) => "revoke-machine",
            Self::ChangeKey(..) => "change-key",
            Self::Deactivate(..) => "deactivate",
            Self::Operator(..) => "operator",
            Self::List(..) => "crl",
            Self::People(..) => "people",
            Self::Confirmed(..) => "confirmed",
            Self::Alarm(..) => "alarm",
        }
    }

    /// Who brought it, and for whom or about what as far as they say: each has their turn.
    pub(crate) fn source(&self) -> Source {
        let by = |caller: &Caller, about: String| Source {
            bringer: Bringer::Portal(caller.key_sha256),
            about,
        };
        let shown = |officer: &Officer| officer.0.serial().to_string();
        match self {
            Self::Submit(caller, submission, _) => by(caller, submission.about().to_owned()),
            // A reference is no secret: who has no key takes none of the places of who has it.
            Self::WrongKey(caller, ..) => by(caller, "/look-up".to_owned()),
            Self::Approve(caller, officer, ..)
            | Self::Decline(caller, officer, ..)
            | Self::Credential(caller, officer, ..)
            | Self::Revoke(caller, officer, ..)
            | Self::Wish(caller, officer, ..)
            | Self::Draft(caller, officer, ..)
            | Self::DraftMany(caller, officer, ..)
            | Self::Numbers(caller, officer, ..)
            | Self::Batch(caller, officer, ..)
            | Self::Withdraw(caller, officer, ..)
            | Self::Suspend(caller, officer, ..) => by(caller, shown(officer)),
            Self::Renew(caller, asked, _) => by(caller, asked.about().to_owned()),
            Self::RenewCertificate(caller, asked, _) => by(caller, asked.serial().to_string()),
            Self::Join(caller, asked, _) => by(caller, asked.about().to_owned()),
            Self::OpenAccount(caller, asked, _) => by(caller, asked.about().to_owned()),
            Self::Finalize(caller, asked, _) => by(caller, asked.about().to_owned()),
            Self::EnrolSystem(caller, asked, _) => by(caller, asked.about().to_owned()),
            Self::RenewSystem(caller, asked, _) => by(caller, asked.about().to_owned()),
            Self::EnrolDevice(caller, asked, _) => by(caller, asked.about().to_owned()),
            Self::RenewDevice(caller, asked, _) => by(caller, asked.about().to_owned()),
            Self::EnrolByCmp(caller, asked, _) | Self::RevokeByCmp(caller, asked, _) => {
                by(caller, asked.system().to_owned())
            }
            Self::RevokeMachine(caller, asked, _) => by(caller, asked.about().to_owned()),
            Self::ChangeKey(caller, asked, _) => by(caller, asked.about().to_owned()),
            Self::Deactivate(caller, asked, _) => by(caller, asked.about().to_owned()),
            Self::Operator(_, drafter, _) => {
                Source { bringer: Bringer::Operator, about: drafter.clone() }
            }
            Self::List(..) | Self::People(..) | Self::Confirmed(..) | Self::Alarm(..) => {
                Source { bringer: Bringer::Ours, about: self.act().to_owned() }
            }
        }
    }

    /// How much work it is, in orders and rows that are looked at for it. Rounds are measured by
    /// it, so that nobody makes them long by bringing few commands.
    pub(crate) fn weight(&self, authority: Option<&Authority>) -> usize {
        let rows_of = |order: &Bytes| {
            let known = order.digest().map(OrderDigest).zip(authority);
            known.map_or(0, |(digest, authority)| authority.rows_of(digest).count())
        };
        let rows = match self {
            Self::Batch(_, _, wanted, _) => wanted.rows.len(),
            Self::DraftMany(_, _, verified, _) => verified.drafting().rows.len(),
            Self::Numbers(_, _, asked, _) => asked.digests().len() / NUMBERS_A_ROW,
            Self::Approve(_, _, verified, _) => rows_of(&verified.approval().order),
            Self::Decline(_, _, verified, _) => rows_of(&verified.statement().order),
            Self::Withdraw(_, _, verified, _) => match verified.withdrawal().read() {
                Ok(WithdrawalStatement { what: WithdrawalTarget::Order { order }, .. }) => {
                    rows_of(&order)
                }
                _ => 1,
            },
            Self::Operator(request, ..) => match &**request {
                OperatorRequest::Approval { approval } => rows_of(&approval.order),
                _ => 1,
            },
            Self::Confirmed(records, _) => records.len(),
            Self::People(snapshots, _) => snapshots.new.len(),
            _ => 1,
        };
        rows.max(1)
    }

    /// How many bytes it holds while it waits, at most: what a message may be, and of what may be
    /// larger what it is.
    pub(crate) fn bytes(&self) -> usize {
        match self {
            Self::DraftMany(_, _, verified, _) => verified.bytes().max(SMALL_BYTES),
            Self::Batch(..) => 2 * SMALL_BYTES,
            Self::Numbers(..) => 3 * SMALL_BYTES,
            _ => SMALL_BYTES,
        }
    }

    /// Whether whoever asked for it is gone and nothing else rests on it: a try with a wrong key is
    /// counted all the same, and what this process asks of itself is done. Snapshots that the
    /// publisher gave up are not: it makes others.
    pub(crate) fn is_left(&self) -> bool {
        match self {
            Self::Submit(.., reply) | Self::RenewCertificate(.., reply) => reply.is_left(),
            Self::Approve(.., reply) => reply.is_left(),
            Self::Decline(.., reply) => reply.is_left(),
            Self::Credential(.., reply)
            | Self::Revoke(.., reply)
            | Self::Wish(.., reply)
            | Self::Batch(.., reply) => reply.is_left(),
            Self::Draft(.., reply) => reply.is_left(),
            Self::DraftMany(.., reply) => reply.is_left(),
            Self::Numbers(.., reply) => reply.is_left(),
            Self::Withdraw(.., reply) => reply.is_left(),
            Self::Suspend(.., reply) => reply.is_left(),
            Self::Renew(.., reply) | Self::Join(.., reply) => reply.is_left(),
            Self::OpenAccount(.., reply) | Self::ChangeKey(.., reply) => reply.is_left(),
            Self::Finalize(.., reply)
            | Self::EnrolSystem(.., reply)
            | Self::RenewSystem(.., reply)
            | Self::EnrolDevice(.., reply)
            | Self::RenewDevice(.., reply)
            | Self::EnrolByCmp(.., reply) => reply.is_left(),
            Self::Operator(.., reply) => reply.is_left(),
            Self::People(_, reply) => reply.is_left(),
            Self::WrongKey(..)
            | Self::RevokeByCmp(..)
            | Self::RevokeMachine(..)
            | Self::Deactivate(..)
            | Self::List(..)
            | Self::Confirmed(..)
            | Self::Alarm(..) => false,
        }
    }

    /// Whether it is recorded however many records wait for the tree: brakes, and what lets gates
    /// and readers of lists feel them.
    pub(crate) fn is_kept_when_full(&self, authority: &Authority) -> bool {
        self.is_brake(Some(authority)) || matches!(self, Self::People(..))
    }

    /// Whether it brakes: it only takes away, or approves what does, or lets gates feel it, and has
    /// rounds of its own.
    pub(crate) fn is_brake(&self, authority: Option<&Authority>) -> bool {
        let ends = |order: &Bytes| {
            let digest = order.digest().map(OrderDigest);
            let open = digest.and_then(|digest| authority?.open(digest, 0).ok());
            open.is_some_and(|(_, body)| body.takes_away())
        };
        let approves = |approval: &Approval| ends(&approval.order);
        match self {
            Self::Revoke(..)
            | Self::Wish(..)
            | Self::Suspend(..)
            | Self::Withdraw(..)
            | Self::RevokeByCmp(..)
            | Self::RevokeMachine(..)
            | Self::Deactivate(..)
            | Self::Confirmed(..)
            | Self::List(..) => true,
            Self::Draft(_, _, verified, _) => verified.takes_away(),
            Self::DraftMany(_, _, verified, _) => verified.takes_away(),
            Self::Approve(_, _, verified, _) => approves(verified.approval()),
            Self::Operator(request, ..) => match &**request {
                OperatorRequest::Approval { approval } => approves(approval),
                other => other.takes_away(),
            },
            Self::Batch(_, _, wanted, _) => wanted.rows.first().is_some_and(ends),
            Self::People(snapshots, _) => snapshots.take_away,
            Self::Submit(..)
            | Self::WrongKey(..)
            | Self::Decline(..)
            | Self::Numbers(..)
            | Self::Credential(..)
            | Self::Renew(..)
            | Self::RenewCertificate(..)
            | Self::Join(..)
            | Self::OpenAccount(..)
            | Self::Finalize(..)
            | Self::EnrolSystem(..)
            | Self::RenewSystem(..)
            | Self::EnrolDevice(..)
            | Self::RenewDevice(..)
            | Self::EnrolByCmp(..)
            | Self::ChangeKey(..)
            | Self::Alarm(..) => false,
        }
    }
}
