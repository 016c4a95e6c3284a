//! Decisions: pure functions of a round, one file a verb. Each judges by authority alone, records
//! what it decides and says which rows copy it. None of them waits, reads a clock, a file or a row.

pub(crate) mod abandon;
pub(crate) mod agent;
pub(crate) mod application;
pub(crate) mod approve;
pub(crate) mod batch;
pub(crate) mod cmp;
pub(crate) mod command;
pub(crate) mod confirmed;
pub(crate) mod credential;
pub(crate) mod decline;
pub(crate) mod draft;
pub(crate) mod emergency;
pub(crate) mod est;
pub(crate) mod execute;
pub(crate) mod issue;
pub(crate) mod leave;
pub(crate) mod letter;
pub(crate) mod list;
pub(crate) mod machine;
pub(crate) mod many;
pub(crate) mod number;
pub(crate) mod operator;
pub(crate) mod order;
pub(crate) mod renew;
pub(crate) mod renewal;
pub(crate) mod result;
pub(crate) mod review_flag;
pub(crate) mod revoke;
pub(crate) mod scep;
pub(crate) mod snapshot;
pub(crate) mod submit;
pub(crate) mod supersede;
pub(crate) mod suspend;
pub(crate) mod system;
#[cfg(test)]
mod tests;
pub(crate) mod withdraw;

use crate::command::{Caller, Officer};
use crate::round::Round;
use records::Code;

impl Round<'_> {
    /// The caller is the process of a registered portal that its route is for.
    pub(crate) fn admit(&self, caller: &Caller) -> Result<(), Code> {
        let (_, process) =
            self.authority().portal_of(&caller.key_sha256).ok_or(Code::PortalUnknown)?;
        let fits = caller.process.is_empty() || caller.process == process;
        if fits { Ok(()) } else { Err(Code::NotYourRoute) }
    }

    /// The officer to whom a certificate belongs, if they may approve anything.
    pub(crate) fn approver(&self, officer: &Officer) -> Result<String, Code> {
        let person = crate::officer::person_of(self.authority(), &officer.0, self.now())?;
        match self.authority().is_approver(&person) {
            true => Ok(person),
            false => Err(Code::NotYourRoute),
        }
    }
}
