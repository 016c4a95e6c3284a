//! Which verb decides which command, and what becomes of a refusal.

use super::{
    approve, batch, confirmed, credential, decline, draft, list, many, number, operator, renewal,
    revoke, snapshot, submit, suspend, withdraw,
};
use crate::command::{Caller, Command, Officer, Outcome, Reply};
use crate::error::IssuerError;
use crate::officer::person_of;
use crate::round::Round;
use crate::verify::{
    VerifiedApproval, VerifiedDecline, VerifiedDraft, VerifiedMany, VerifiedNumbers,
    VerifiedSubmission, VerifiedWish, VerifiedWithdrawal,
};
use ca_api::handler::{DraftMade, ManyMade, NumberLines};
use ca_api::{Batching, OrderCreated, OwnSuspension};
use pki::crl::RevocationList;
use records::decline::Declined;
use records::enrolment::{SignedReceipt, Stage};
use records::export::Approved;
use records::order::CredentialBody;
use records::withdrawal::WithdrawalAnswer;
use records::{Code, Record};
use service::Metrics;
use std::collections::BTreeSet;
use std::ops::Range;

mod known_names;
mod machines;

/// What a command was decided to be answered.
pub(crate) type Decided = Box<dyn FnOnce(u64) + Send>;

/// An answer that waits for the commit, and for the command's own files.
pub(crate) struct Answer {
    decided: Decided,
    effects: Range<usize>,
}

impl Answer {
    /// Answers, unless a file of this command is among those that could not be written: whoever
    /// asked for it hears that it was not done.
    pub(crate) fn send(self, settled_at: u64, failed_effects: &BTreeSet<usize>) {
        if failed_effects.range(self.effects).next().is_none() {
            (self.decided)(settled_at);
        }
    }
}

/// Decides commands one after the other, the first and those behind it for as long as there is
/// time; gives an answer for each that was decided.
pub(crate) fn commands(
    round: &mut Round<'_>,
    commands: &[Command],
    metrics: &Metrics,
    mut is_time: impl FnMut() -> bool,
) -> Vec<Answer> {
    let decide = |one: &Command| {
        let before = round.effects();
        let decided = command(round, one, metrics);
        Answer { decided, effects: before..round.effects() }
    };
    let mut decided = 0;
    let in_time = commands.iter().take_while(|_| {
        decided += 1;
        decided == 1 || is_time()
    });
    in_time.map(decide).collect()
}

/// Decides a command; a refusal is recorded and stays, what it would have changed does not.
pub(crate) fn command(round: &mut Round<'_>, command: &Command, metrics: &Metrics) -> Decided {
    let is_full = round.state.is_full() && !command.is_kept_when_full(round.authority());
    let is_brake = command.is_brake(Some(round.authority()));
    let mut run = Run { round, metrics, is_full, is_brake };
    match command {
        Command::Submit(caller, submission, reply) => answer(reply, run.submit(caller, submission)),
        Command::WrongKey(caller, reference, reply) => {
            answer(reply, run.wrong_key(caller, reference))
        }
        Command::Approve(caller, officer, approval, reply) => {
            answer(reply, run.approve(caller, officer, approval))
        }
        Command::Decline(caller, officer, decline, reply) => {
            answer(reply, run.decline(caller, officer, decline))
        }
        Command::Credential(caller, officer, body, reply) => {
            answer(reply, run.certify(caller, officer, body))
        }
        Command::Revoke(caller, officer, wanted, reply) => {
            let verb = |round: &mut Round<'_>| revoke::revoke(round, caller, officer, wanted);
            let about = run.certificate(&wanted.serial);
            answer(reply, run.decide("revoke", &about, verb))
        }
        Command::Wish(caller, officer, wish, reply) => {
            answer(reply, run.wish(caller, officer, wish))
        }
        Command::Draft(caller, officer, wanted, reply) => {
            answer(reply, run.draft(caller, officer, wanted))
        }
        Command::DraftMany(caller, officer, wanted, reply) => {
            answer(reply, run.draft_many(caller, officer, wanted))
        }
        Command::Numbers(caller, officer, asked, reply) => {
            answer(reply, run.numbers(caller, officer, asked))
        }
        Command::Batch(caller, officer, wanted, reply) => {
            answer(reply, run.batch(caller, officer, wanted))
        }
        Command::Withdraw(caller, officer, wanted, reply) => {
            answer(reply, run.withdraw(caller, officer, wanted))
        }
        Command::Suspend(caller, holder, wanted, reply) => {
            answer(reply, run.suspend(caller, holder, wanted))
        }
        Command::RenewCertificate(caller, asked, reply) => {
            answer(reply, run.renewal(caller, asked))
        }
        Command::Renew(..)
        | Command::Join(..)
        | Command::OpenAccount(..)
        | Command::Finalize(..)
        | Command::EnrolSystem(..)
        | Command::RenewSystem(..)
        | Command::EnrolDevice(..)
        | Command::RenewDevice(..)
        | Command::EnrolByCmp(..)
        | Command::RevokeByCmp(..)
        | Command::RevokeMachine(..)
        | Command::ChangeKey(..)
        | Command::Deactivate(..) => run.of_machine(command),
        Command::Operator(request, drafter, reply) => {
            let verb = |round: &mut Round<'_>| operator::operator(round, *request.clone(), drafter);
            answer(reply, run.decide("operator", drafter, verb))
        }
        Command::Alarm(about, reply) => answer(reply, run.alarm(about)),
        Command::List(list, reply) => answer(reply, run.list(list)),
        Command::Confirmed(records, reply) => answer(reply, run.confirmed(records)),
        Command::People(told, reply) => {
            answer(reply, run.decide("people", "", |round| snapshot::snapshots(round, told)))
        }
    }
}

/// One command on its round.
struct Run<'r, 'a> {
    round: &'r mut Round<'a>,
    metrics: &'r Metrics,
    /// So many records wait for the tree that this command may not add to them.
    is_full: bool,
    is_brake: bool,
}

impl Run<'_, '_> {
    fn approve(
        &mut self,
        caller: &Caller,
        officer: &Officer,
        approval: &VerifiedApproval,
    ) -> Result<Approved, IssuerError> {
        let about = self.order(&approval.approval().order);
        let verb = |round: &mut Round<'_>| approve::approve(round, caller, officer, approval);
        self.decide("approve", &about, verb)
    }

    fn decline(
        &mut self,
        caller: &Caller,
        officer: &Officer,
        decline: &VerifiedDecline,
    ) -> Result<Declined, IssuerError> {
        let about = self.order(&decline.statement().order);
        let verb = |round: &mut Round<'_>| decline::decline(round, caller, officer, decline);
        self.decide("decline", &about, verb)
    }

    fn certify(
        &mut self,
        caller: &Caller,
        officer: &Officer,
        body: &CredentialBody,
    ) -> Result<OrderCreated, IssuerError> {
        let verb = |round: &mut Round<'_>| credential::credential(round, caller, officer, body);
        let about = self.person(&body.person);
        self.decide("certify", &about, verb)
    }

    fn wish(
        &mut self,
        caller: &Caller,
        officer: &Officer,
        wish: &VerifiedWish,
    ) -> Result<OrderCreated, IssuerError> {
        let verb = |round: &mut Round<'_>| revoke::wish(round, caller, officer, wish);
        let about = self.certificate(&wish.statement().serial);
        self.decide("wish", &about, verb)
    }

    fn suspend(
        &mut self,
        caller: &Caller,
        holder: &Officer,
        wanted: &OwnSuspension,
    ) -> Result<SignedReceipt, IssuerError> {
        let verb = |round: &mut Round<'_>| suspend::suspend(round, caller, holder, wanted);
        let about = self.certificate(&wanted.serial);
        self.decide("suspend", &about, verb)
    }

    fn renewal(
        &mut self,
        caller: &Caller,
        asked: &crate::verify::VerifiedRenewal,
    ) -> Result<Stage, IssuerError> {
        let about = self.certificate(&asked.serial().to_string());
        let verb = |round: &mut Round<'_>| renewal::renewal(round, caller, asked);
        self.decide("renew-certificate", &about, verb)
    }

    fn submit(
        &mut self,
        caller: &Caller,
        submission: &VerifiedSubmission,
    ) -> Result<Stage, IssuerError> {
        let about = self.known_reference(submission.reference());
        let verb = |round: &mut Round<'_>| submit::submit(round, caller, submission);
        let decided = self.decide("submit", &about, verb);
        if decided.is_err() && !self.is_full {
            submit::refused(self.round, submission);
        }
        decided
    }

    fn draft(
        &mut self,
        caller: &Caller,
        officer: &Officer,
        wanted: &VerifiedDraft,
    ) -> Result<DraftMade, IssuerError> {
        let about = self.drafted(wanted);
        self.decide("draft", &about, |round| draft::draft(round, caller, officer, wanted))
    }

    fn draft_many(
        &mut self,
        caller: &Caller,
        officer: &Officer,
        wanted: &VerifiedMany,
    ) -> Result<ManyMade, IssuerError> {
        let of = (caller, officer, wanted.drafting().rows.len());
        self.decide_many("draft-many", of, |round| many::many(round, caller, officer, wanted))
    }

    fn numbers(
        &mut self,
        caller: &Caller,
        officer: &Officer,
        asked: &VerifiedNumbers,
    ) -> Result<NumberLines, IssuerError> {
        let about = self.person(officer.0.subject().person().unwrap_or_default());
        self.decide("numbers", &about, |round| number::numbers(round, caller, officer, asked))
    }

    fn batch(
        &mut self,
        caller: &Caller,
        officer: &Officer,
        wanted: &Batching,
    ) -> Result<OrderCreated, IssuerError> {
        let of = (caller, officer, wanted.rows.len());
        self.decide_many("batch", of, |round| batch::batch(round, caller, officer, wanted))
    }

    fn withdraw(
        &mut self,
        caller: &Caller,
        officer: &Officer,
        wanted: &VerifiedWithdrawal,
    ) -> Result<WithdrawalAnswer, IssuerError> {
        let about = self.taken_back(wanted);
        self.decide("withdraw", &about, |round| withdraw::withdraw(round, caller, officer, wanted))
    }

    fn wrong_key(&mut self, caller: &Caller, reference: &str) -> Result<(), IssuerError> {
        let about = self.known_reference(reference);
        self.decide("look-up", &about, |round| {
            round.admit(caller)?;
            Err(Code::WrongCode.into())
        })
    }

    fn confirmed(&mut self, records: &[Record]) -> Result<(), IssuerError> {
        self.decide("confirmed", "", |round| confirmed::confirmed(round, records))
    }

    fn alarm(&mut self, about: &str) -> Result<(), IssuerError> {
        let once = self.round.state.reported.is_first(format!("row {about}"));
        self.decide("alarm", "", |round| {
            if once {
                round.refusal("decide", about, Code::UnsignedAuthority)?;
            }
            Ok(())
        })
    }

    fn list(&mut self, list: &RevocationList) -> Result<(), IssuerError> {
        self.decide("crl", "", |round| list::list(round, list))
    }

    /// Decides; what is refused goes back and is recorded.
    fn decide<T>(
        &mut self,
        act: &'static str,
        about: &str,
        verb: impl FnOnce(&mut Round<'_>) -> Result<T, IssuerError>,
    ) -> Result<T, IssuerError> {
        self.decide_about(act, |_| about, verb)
    }

    /// The same about many rows, which count for the hour of whoever asks through this portal
    /// before any of them is looked at: they cost as much if all of it is refused. Those of brakes
    /// count apart.
    fn decide_many<T>(
        &mut self,
        act: &'static str,
        (caller, officer, rows): (&Caller, &Officer, usize),
        verb: impl FnOnce(&mut Round<'_>) -> Result<T, IssuerError>,
    ) -> Result<T, IssuerError> {
        // Who is nobody here is refused before anything is looked at.
        let person = person_of(self.round.authority(), &officer.0, self.round.now()).ok();
        let what = if self.is_brake { "rows-taken-away" } else { "rows" };
        let state = &mut self.round.state;
        let who = |person: String| (what, caller, person);
        let counted = person.map_or(Ok(()), |person| state.allow_rows(&who(person), rows));
        self.decide(act, "", |round| {
            counted?;
            verb(round)
        })
    }

    /// The same for machines: anybody can reach these through the public portal, and who proves
    /// nothing is counted, but does not write to the log.
    fn decide_machine<T>(
        &mut self,
        act: &'static str,
        about: &str,
        verb: impl FnOnce(&mut Round<'_>) -> Result<T, IssuerError>,
    ) -> Result<T, IssuerError> {
        let named = |code| match code {
            Code::UseSignature
            | Code::ChallengeUsed
            | Code::KeyUnknown
            | Code::RequestMalformed
            | Code::JwsMalformed
            | Code::JwsSignature
            | Code::RenewalSignature
            | Code::AccountUnknown
            | Code::SystemSecret
            | Code::MessageProtection
            | Code::Malformed => "",
            _ => about,
        };
        self.decide_about(act, named, verb)
    }

    /// Does the verb, or takes back what it began and records the refusal.
    fn decide_about<'n, T>(
        &mut self,
        act: &'static str,
        about: impl FnOnce(Code) -> &'n str,
        verb: impl FnOnce(&mut Round<'_>) -> Result<T, IssuerError>,
    ) -> Result<T, IssuerError> {
        if self.is_full {
            self.metrics.count(act, Code::LogBehind.name());
            return Err(Code::LogBehind.into());
        }
        let before = self.round.savepoint();
        match verb(self.round) {
            Ok(value) => {
                self.metrics.count(act, "done");
                Ok(value)
            }
            Err(error) => {
                self.round.roll_back(before);
                let code = error.code();
                self.metrics.count(act, code.name());
                Err(IssuerError::Recorded(self.round.refusal(act, about(code), code)?))
            }
        }
    }
}

/// The answer to a command, once the round is durable.
fn answer<T: Send + 'static>(reply: &Reply<T>, decided: Result<T, IssuerError>) -> Decided {
    let reply = reply.clone();
    Box::new(move |settled_at| reply.send(decided.map(|value| Outcome { value, settled_at })))
}
