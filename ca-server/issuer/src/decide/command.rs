//! Which verb decides which command, and what becomes of a refusal.

use super::{agent, approve, credential, decline, list, operator, renew, revoke, snapshot, submit};
use crate::command::{Command, Outcome, Reply};
use crate::error::IssuerError;
use crate::round::Round;
use crate::rows::RowChange;
use records::{Code, Problem};
use service::Metrics;

/// An answer that waits for the commit.
pub(crate) type Answer = Box<dyn FnOnce(u64) + Send>;

/// Decides a command; a refusal is recorded and stays, what it would have changed does not.
pub(crate) fn command(round: &mut Round<'_>, command: &Command, metrics: &Metrics) -> Answer {
    let mut run = Run { round, metrics };
    match command {
        Command::Submit(caller, submission, reply) => {
            let about = run.known_reference(submission.reference());
            let decided =
                run.decide("submit", &about, |round| submit::submit(round, caller, submission));
            if let Err(error) = &decided {
                submit::refused(run.round, submission, error.code());
            }
            answer(reply, decided)
        }
        Command::WrongKey(caller, reference, reply) => {
            let decided = run.decide("look-up", reference, |round| {
                round.admit(caller)?;
                Err(Code::WrongCode.into())
            });
            if decided.as_ref().is_err_and(|error| error.code() == Code::WrongCode) {
                run.round.change(RowChange::Try(reference.clone()));
            }
            answer(reply, decided)
        }
        Command::Approve(caller, officer, approval, reply) => {
            let about = approval.approval().order.to_string();
            answer(
                reply,
                run.decide("approve", &about, |round| {
                    approve::approve(round, caller, officer, approval)
                }),
            )
        }
        Command::Decline(caller, officer, decline, reply) => {
            let about = decline.statement().order.to_string();
            answer(
                reply,
                run.decide("decline", &about, |round| {
                    decline::decline(round, caller, officer, decline)
                }),
            )
        }
        Command::Credential(caller, officer, body, reply) => {
            let about = body.person.clone();
            answer(
                reply,
                run.decide("certify", &about, |round| {
                    credential::credential(round, caller, officer, body)
                }),
            )
        }
        Command::Revoke(caller, officer, wanted, reply) => {
            let about = wanted.serial.clone();
            answer(
                reply,
                run.decide("revoke", &about, |round| {
                    revoke::revoke(round, caller, officer, wanted)
                }),
            )
        }
        Command::Renew(caller, message, reply) => {
            let about = run.standing(&message.authorization);
            answer(
                reply,
                run.decide_machine("renew", &about, |round| {
                    round.admit(caller)?;
                    renew::renew(round, message)
                }),
            )
        }
        Command::Join(caller, message, reply) => {
            let about = run.agent(&message.agent);
            answer(
                reply,
                run.decide_machine("join", &about, |round| agent::join(round, caller, message)),
            )
        }
        Command::Operator(request, drafter, reply) => answer(
            reply,
            run.decide("operator", drafter, |round| {
                operator::operator(round, (**request).clone(), drafter)
            }),
        ),
        Command::Alarm(about, reply) => {
            let once = run.round.state.reported.insert(format!("row {about}")).is_none();
            let decided = run.decide("alarm", "", |round| {
                if once {
                    round.refusal("decide", about, Code::UnsignedAuthority)?;
                }
                Ok(())
            });
            answer(reply, decided)
        }
        Command::List(list, reply) => {
            answer(reply, run.decide("crl", "", |round| list::list(round, list)))
        }
        Command::People(made, as_of, reply) => answer(
            reply,
            run.decide("people", "", |round| snapshot::snapshots(round, made, *as_of)),
        ),
    }
}

/// One command on its round.
struct Run<'r, 'a> {
    round: &'r mut Round<'a>,
    metrics: &'r Metrics,
}

impl Run<'_, '_> {
    /// The reference as it may stand in a refusal: only one that exists.
    fn known_reference(&self, reference: &str) -> String {
        let known = self.round.authority().letter(reference).is_some();
        if known { reference.to_owned() } else { String::new() }
    }

    fn standing(&self, authorization: &str) -> String {
        let known = self.round.authority().standing(authorization).is_some();
        if known { authorization.to_owned() } else { String::new() }
    }

    fn agent(&self, agent: &str) -> String {
        let known = self.round.authority().agent(agent).is_some();
        if known { agent.to_owned() } else { String::new() }
    }

    /// Decides; what is refused goes back and is recorded.
    fn decide<T>(
        &mut self,
        act: &'static str,
        about: &str,
        verb: impl FnOnce(&mut Round<'_>) -> Result<T, IssuerError>,
    ) -> Result<T, IssuerError> {
        let before = self.round.savepoint();
        let decided = verb(self.round);
        match decided {
            Ok(value) => {
                self.metrics.count(act, "done");
                Ok(value)
            }
            Err(error) => {
                self.round.back(before);
                let code = error.code();
                self.metrics.count(act, code.name());
                Err(IssuerError::Recorded(self.refused(act, about, code)?))
            }
        }
    }

    /// The same for machines: anybody can reach these through the public portal, and who proves nothing is
    /// counted, but does not write to the log.
    fn decide_machine<T>(
        &mut self,
        act: &'static str,
        about: &str,
        verb: impl FnOnce(&mut Round<'_>) -> Result<T, IssuerError>,
    ) -> Result<T, IssuerError> {
        let mut proves_nothing = false;
        let before = self.round.savepoint();
        let decided = verb(self.round);
        if let Err(error) = &decided {
            proves_nothing = matches!(
                error.code(),
                Code::UseSignature
                    | Code::ChallengeUsed
                    | Code::KeyUnknown
                    | Code::RequestMalformed
                    | Code::Malformed
            );
        }
        let about = if proves_nothing { "" } else { about };
        match decided {
            Ok(value) => {
                self.metrics.count(act, "done");
                Ok(value)
            }
            Err(error) => {
                self.round.back(before);
                self.metrics.count(act, error.code().name());
                Err(IssuerError::Recorded(self.refused(act, about, error.code())?))
            }
        }
    }

    fn refused(&mut self, act: &str, about: &str, code: Code) -> Result<Problem, IssuerError> {
        self.round.refusal(act, about, code)
    }
}

/// The answer to a command, once the round is durable.
fn answer<T: Send + 'static>(reply: &Reply<T>, decided: Result<T, IssuerError>) -> Answer {
    let reply = reply.clone();
    Box::new(move |settled_at| reply.send(decided.map(|value| Outcome { value, settled_at })))
}
