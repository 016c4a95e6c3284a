//! What systems ask for by themselves.

use super::{Decided, Run, answer};
use crate::command::Command;
use crate::decide::machine;
use crate::round::Round;

impl Run<'_, '_> {
    /// Decides what a system asks for; what is none of theirs is answered to nobody.
    pub(super) fn of_machine(&mut self, command: &Command) -> Decided {
        match command {
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
            _ => Box::new(|_| {}),
        }
    }
}
