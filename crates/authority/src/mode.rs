//! How the gates of applications take what their rules say, by order. Without one they enforce it.

use crate::authority::Authority;
use crate::state::ModeState;
use records::bytes::Bytes;
use records::code::Code;
use records::display_name::DisplayName;
use records::order::{AccessMode, ModeBefore, ModeBody, is_id};
use records::people::OrderedMode;
use std::sync::Arc;

impl Authority {
    /// The mode of an application's gates, where an order says one other than `enforce`. A
    /// suspension counts from its record on.
    pub fn mode_of(&self, application: &str) -> Option<OrderedMode> {
        if let Some(order) = self.pending.suspended_applications.get(application) {
            let (mode, until) = (AccessMode::Suspended, String::new());
            return Some(OrderedMode { mode, until, order: order.clone() });
        }
        let state = self.modes.get(application)?;
        let until = match state.mode {
            AccessMode::Enforce => return None,
            AccessMode::Observe => records::time::seconds(state.until),
            AccessMode::Suspended => String::new(),
        };
        Some(OrderedMode { mode: state.mode, until, order: state.order.clone() })
    }

    /// Whether anything is known of an application: it has rules, or a gate that is open.
    pub(crate) fn knows_application(&self, application: &str) -> bool {
        DisplayName::of_application(&self.bundle.files, application).is_some()
            || self.agents().any(|(_, agent)| agent.open && agent.application == application)
    }

    /// Whether an order of this body would change anything of an application that is known. A
    /// lineage does not hold what else is known, so whoever carries it out does not ask.
    pub fn mode_changes(&self, body: &ModeBody) -> Result<(), Code> {
        let is_same = self.mode_before(&body.application).mode == body.mode;
        // What lifts a suspension may be on its way into the tree: whoever suspends anew meanwhile
        // is heard.
        let is_anew = body.mode == AccessMode::Suspended && self.is_changing();
        let is_said_again = is_same && body.mode != AccessMode::Observe && !is_anew;
        match self.knows_application(&body.application) && !is_said_again {
            true => Ok(()),
            false => Err(Code::StateConflict),
        }
    }

    pub(crate) fn mode_fits(&self, body: &ModeBody) -> Result<(), Code> {
        let until = body.until_unix().filter(|_| is_id(&body.application));
        let until = until.ok_or(Code::Malformed)?;
        match body.mode {
            AccessMode::Observe if until < self.signed_time => Err(Code::StateConflict),
            AccessMode::Observe | AccessMode::Enforce | AccessMode::Suspended => Ok(()),
        }
    }

    pub(crate) fn mode_before(&self, application: &str) -> ModeBefore {
        let state = self.modes.get(application);
        state.map_or_else(ModeBefore::default, |state| ModeBefore {
            mode: state.mode,
            until: match state.mode {
                AccessMode::Observe => records::time::seconds(state.until),
                AccessMode::Enforce | AccessMode::Suspended => String::new(),
            },
        })
    }

    pub(crate) fn enact_mode(&mut self, body: &ModeBody, order: &Bytes) -> Result<(), Code> {
        let until = body.until_unix().ok_or(Code::Malformed)?;
        let state = ModeState { mode: body.mode, until, order: order.clone() };
        self.modes.insert(body.application.as_str().into(), Arc::new(state));
        Ok(())
    }
}
