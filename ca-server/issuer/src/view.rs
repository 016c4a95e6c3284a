//! What queries read: the state as the last round left it, and rows beside it.

use crate::state::State;
use authority::Authority;

/// A state that is durable.
pub(crate) struct View {
    state: State,
}

impl View {
    /// A state that was committed.
    pub(crate) fn new(state: State) -> Self {
        Self { state }
    }

    /// Who and what may decide.
    pub(crate) fn authority(&self) -> &Authority {
        self.state.authority()
    }

    /// The state as the last round left it.
    pub(crate) fn state(&self) -> &State {
        &self.state
    }
}
