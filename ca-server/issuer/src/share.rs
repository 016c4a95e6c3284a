//! What one round of the writer takes on: everything as a rule, one thing alone after something
//! could not be kept, and what is stuck until the database takes it.

use crate::command::Command;
use crate::decide::execute;
use crate::error::IssuerError;
use crate::issuance::Signed;
use crate::state::State;
use authority::OrderDigest;
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

/// What a round takes on.
pub(crate) struct Share<'a> {
    pub(crate) commands: &'a [Command],
    orders: Orders,
    /// What the signer gave back.
    pub(crate) signed: Vec<Signed>,
    /// Whether what waits besides is settled: confirmed intents, what a crash left.
    pub(crate) rest: bool,
    /// Whether what was told and vanished is put on its way again.
    pub(crate) again: bool,
}

enum Orders {
    Ready(usize),
    Brakes(usize),
    One(OrderDigest),
    None,
}

impl<'a> Share<'a> {
    /// Everything that there is, but what is stuck; so many orders at most, and so many brakes.
    pub(crate) fn everything(
        (commands, orders_max): (&'a [Command], usize),
        signed: Vec<Signed>,
    ) -> Self {
        Self { commands, orders: Orders::Ready(orders_max), signed, rest: true, again: true }
    }

    /// Brakes: commands and so many orders at most, and nothing else.
    pub(crate) fn brakes((commands, orders_max): (&'a [Command], usize)) -> Self {
        Self {
            commands,
            orders: Orders::Brakes(orders_max),
            signed: Vec::new(),
            rest: false,
            again: true,
        }
    }

    /// One command.
    pub(crate) fn command(command: &'a Command) -> Self {
        let commands = std::slice::from_ref(command);
        Self { commands, orders: Orders::None, signed: Vec::new(), rest: false, again: false }
    }

    /// One order that has its approvals.
    pub(crate) fn order(order: OrderDigest) -> Self {
        Self {
            commands: &[],
            orders: Orders::One(order),
            signed: Vec::new(),
            rest: false,
            again: false,
        }
    }

    /// One certificate.
    pub(crate) fn signed(signed: Signed) -> Self {
        Self {
            commands: &[],
            orders: Orders::None,
            signed: vec![signed],
            rest: false,
            again: false,
        }
    }

    /// What nobody asks for.
    pub(crate) fn rest() -> Self {
        Self { commands: &[], orders: Orders::None, signed: Vec::new(), rest: true, again: true }
    }

    /// The orders to carry out.
    pub(crate) fn orders(&self, state: &State, stuck: &Stuck) -> Vec<OrderDigest> {
        match self.orders {
            Orders::Ready(most) => execute::chosen(state, &stuck.orders, most),
            Orders::Brakes(most) => execute::brakes(state, &stuck.orders, most),
            Orders::One(order) => vec![order],
            Orders::None => Vec::new(),
        }
    }

    /// Whether there is nothing to try alone.
    pub(crate) fn is_empty(&self, state: Option<&State>) -> bool {
        let ready = state.map_or(0, |state| state.ready.len());
        self.commands.len() + self.signed.len() + ready == 0
    }
}

/// What the database did not keep, each alone, and when it was last tried.
pub(crate) struct Stuck {
    orders: BTreeSet<OrderDigest>,
    signed: Vec<Signed>,
    tried: Instant,
}

impl Stuck {
    /// Nothing yet.
    pub(crate) fn none() -> Self {
        Self { orders: BTreeSet::new(), signed: Vec::new(), tried: Instant::now() }
    }

    /// Whether nothing is stuck.
    pub(crate) fn is_empty(&self) -> bool {
        self.orders.is_empty() && self.signed.is_empty()
    }

    /// Whether it is time to try again; if so, it counts as tried.
    pub(crate) fn is_due(&mut self, pause: Duration) -> bool {
        let due = self.tried.elapsed() >= pause;
        if due {
            self.tried = Instant::now();
        }
        due
    }

    /// Orders that are not carried out with the others.
    pub(crate) fn orders(&self) -> &BTreeSet<OrderDigest> {
        &self.orders
    }

    /// An order that was not kept.
    pub(crate) fn order(&mut self, order: OrderDigest) {
        self.orders.insert(order);
    }

    /// An order that was kept after all.
    pub(crate) fn order_is_kept(&mut self, order: &OrderDigest) {
        self.orders.remove(order);
    }

    /// A certificate that was not kept. It stays here, so that it is signed once.
    pub(crate) fn signed(&mut self, signed: Signed) {
        self.signed.push(signed);
    }

    /// The certificates, to be tried again.
    pub(crate) fn take_signed(&mut self) -> Vec<Signed> {
        std::mem::take(&mut self.signed)
    }
}

/// Why a round came to nothing.
pub(crate) enum Failure {
    /// Whatever is tried next would fail as well: no turn, no log, no floor.
    Whole(IssuerError),
    /// It took longer than the turn may be held.
    Late,
    /// What was decided could not be kept.
    Unkept(IssuerError),
}

impl<E: Into<IssuerError>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::Whole(error.into())
    }
}

impl Failure {
    /// The error itself.
    pub(crate) fn error(self) -> IssuerError {
        match self {
            Self::Whole(error) | Self::Unkept(error) => error,
            Self::Late => anyhow::anyhow!("a round took longer than the turn may be held").into(),
        }
    }
}
