//! What machines ask for by themselves: services, gates and systems.

use super::{Decided, Run, answer};
use crate::command::{Caller, Command};
use crate::decide::{agent, cmp, est, machine, renew, scep};
use crate::error::IssuerError;
use crate::round::Round;

impl Run<'_, '_> {
    /// Decides what a machine asks for; what is none of theirs is answered to nobody.
    pub(super) fn of_machine(&mut self, command: &Command) -> Decided {
        match command {
            Command::Renew(caller, asked, reply) => {
                let about = self.standing(&asked.message().authorization);
                let verb = |round: &mut Round<'_>| admitted_renew(round, caller, asked.message());
                answer(reply, self.decide_machine("renew", &about, verb))
            }
            Command::Join(caller, asked, reply) => {
                let about = self.agent(&asked.message().agent);
                let verb = |round: &mut Round<'_>| agent::join(round, caller, asked.message());
                answer(reply, self.decide_machine("join", &about, verb))
            }
            Command::OpenAccount(caller, asked, reply) => {
                let verb = |round: &mut Round<'_>| machine::open(round, caller, asked.message());
                answer(reply, self.decide_machine("open-account", "", verb))
            }
            Command::Finalize(caller, asked, reply) => {
                let about = self.system_of(&asked.message().account);
                let verb =
                    |round: &mut Round<'_>| machine::finalize(round, caller, asked.message());
                answer(reply, self.decide_machine("finalize", &about, verb))
            }
            Command::RevokeMachine(caller, asked, reply) => {
                let verb = |round: &mut Round<'_>| machine::revoke(round, caller, asked.message());
                answer(reply, self.decide_machine("revoke-machine", "", verb))
            }
            Command::ChangeKey(caller, asked, reply) => {
                let about = self.system_of(&asked.message().account);
                let verb =
                    |round: &mut Round<'_>| machine::change_key(round, caller, asked.message());
                answer(reply, self.decide_machine("change-key", &about, verb))
            }
            Command::Deactivate(caller, asked, reply) => {
                let about = self.system_of(&asked.message().account);
                let verb =
                    |round: &mut Round<'_>| machine::deactivate(round, caller, asked.message());
                answer(reply, self.decide_machine("deactivate", &about, verb))
            }
            _ => self.of_enrolment(command),
        }
    }

    /// The same by EST, SCEP and CMP.
    fn of_enrolment(&mut self, command: &Command) -> Decided {
        match command {
            Command::EnrolSystem(caller, asked, reply) => {
                let about = self.system_of_secret(&asked.message().user);
                let verb = |round: &mut Round<'_>| est::enrol(round, caller, asked.message());
                answer(reply, self.decide_machine("enrol-system", &about, verb))
            }
            Command::RenewSystem(caller, asked, reply) => {
                let about = self.system_of_shown(&asked.message().certificate);
                let verb = |round: &mut Round<'_>| est::renew(round, caller, asked.message());
                answer(reply, self.decide_machine("renew-system", &about, verb))
            }
            Command::EnrolDevice(caller, asked, reply) => {
                let about = self.system_of_challenge(&asked.message().request);
                let verb = |round: &mut Round<'_>| scep::enrol(round, caller, asked.message());
                answer(reply, self.decide_machine("enrol-device", &about, verb))
            }
            Command::RenewDevice(caller, asked, reply) => {
                let about = self.system_of_signed(&asked.message().signed);
                let verb = |round: &mut Round<'_>| scep::renew(round, caller, asked.message());
                answer(reply, self.decide_machine("renew-device", &about, verb))
            }
            Command::EnrolByCmp(caller, asked, reply) => {
                let verb = |round: &mut Round<'_>| cmp::enrol(round, caller, asked);
                answer(reply, self.decide_machine("enrol-by-cmp", asked.system(), verb))
            }
            Command::RevokeByCmp(caller, asked, reply) => {
                let verb = |round: &mut Round<'_>| cmp::revoke(round, caller, asked);
                answer(reply, self.decide_machine("revoke-by-cmp", asked.system(), verb))
            }
            _ => Box::new(|_| {}),
        }
    }
}

/// Renews a machine's certificate for a portal that may ask.
fn admitted_renew(
    round: &mut Round<'_>,
    caller: &Caller,
    message: &records::join::Renew,
) -> Result<String, IssuerError> {
    round.admit(caller)?;
    renew::renew(round, message)
}
