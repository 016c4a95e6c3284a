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
    /// Whether all of it only takes away.
    is_braking: bool,
    /// Whether what rows bring is read.
    pub(crate) reads: bool,
    /// Whether copies of what the log says are written later.
    pub(crate) copies_later: bool,
}

enum Orders {
    Ready(usize),
    Brakes(usize),
    One(OrderDigest),
    None,
}

impl<'a> Share<'a> {
    fn of(commands: &'a [Command], orders: Orders) -> Self {
        Self {
            commands,
            orders,
            signed: Vec::new(),
            rest: false,
            again: false,
            is_braking: false,
            reads: true,
            copies_later: false,
        }
    }

    /// Everything that there is, but what is stuck; so many orders at most, and so many brakes.
    pub(crate) fn everything(
        (commands, orders_max): (&'a [Command], usize),
        signed: Vec<Signed>,
    ) -> Self {
        Self { signed, rest: true, again: true, ..Self::of(commands, Orders::Ready(orders_max)) }
    }

    /// Brakes: commands and so many orders at most, and nothing else.
    pub(crate) fn brakes((commands, orders_max): (&'a [Command], usize)) -> Self {
        Self { again: true, is_braking: true, ..Self::of(commands, Orders::Brakes(orders_max)) }
    }

    /// One command, which may be a brake.
    pub(crate) fn command(command: &'a Command, is_braking: bool) -> Self {
        Self { is_braking, ..Self::of(std::slice::from_ref(command), Orders::None) }
    }

    /// One order that has its approvals, and may be a brake.
    pub(crate) fn order(order: OrderDigest, is_braking: bool) -> Self {
        Self { is_braking, ..Self::of(&[], Orders::One(order)) }
    }

    /// A share of one certificate that was signed.
    pub(crate) fn signed(signed: Signed) -> Self {
        Self { signed: vec![signed], ..Self::of(&[], Orders::None) }
    }

    /// What nobody asks for.
    pub(crate) fn rest() -> Self {
        Self { rest: true, again: true, ..Self::of(&[], Orders::None) }
    }

    /// Leaves out of the next try what kept this one back, as far as nothing rests on it; false
    /// where there is nothing to leave out.
    pub(crate) fn leaves_out(&mut self, failure: &Failure) -> bool {
        match failure {
            Failure::Unread(_) if self.reads => self.reads = false,
            Failure::Unkept(_) if !self.copies_later => self.copies_later = true,
            _ => return false,
        }
        true
    }

    /// Whether it needs what rows bring for its commands and orders. A brake that is tried by
    /// itself goes on without, if they cannot be read.
    pub(crate) fn loads(&self) -> bool {
        self.reads || !self.is_braking || matches!(self.orders, Orders::Brakes(_))
    }

    /// Whether what it decides is written later, as far as that copies the log.
    pub(crate) fn decides_copies_later(&self) -> bool {
        self.copies_later && self.is_braking
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
    /// The order that was tried last.
    last: Option<OrderDigest>,
}

impl Stuck {
    /// A memory of rows that the database did not keep, empty yet.
    pub(crate) fn none() -> Self {
        Self { orders: BTreeSet::new(), signed: Vec::new(), tried: Instant::now(), last: None }
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

    /// The same, those first that had no turn since the others.
    pub(crate) fn in_turn(&self) -> Vec<OrderDigest> {
        let had = |one: &OrderDigest| self.last.is_some_and(|last| *one <= last);
        let (had, others): (Vec<_>, Vec<_>) = self.orders.iter().copied().partition(had);
        others.into_iter().chain(had).collect()
    }

    /// An order has its turn.
    pub(crate) fn was_tried(&mut self, order: OrderDigest) {
        self.last = Some(order);
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
    /// What rows bring could not be read.
    Unread(IssuerError),
    /// What was decided could not be kept.
    Unkept(IssuerError),
}

impl<E: Into<IssuerError>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::Whole(error.into())
    }
}

impl Failure {
    /// What came of reading what rows bring: a table that is spoiled is no database that is away.
    pub(crate) fn unread(error: IssuerError) -> Self {
        match error.is_about_rows() {
            true => Self::Unread(error),
            false => Self::Whole(error),
        }
    }

    /// The error that the failure is, without what it says of the round.
    pub(crate) fn error(self) -> IssuerError {
        match self {
            Self::Whole(error) | Self::Unread(error) | Self::Unkept(error) => error,
            Self::Late => anyhow::anyhow!("a round took longer than the turn may be held").into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::Reply;
    use records::Code;
    use store::StoreError;

    fn spoiled() -> IssuerError {
        StoreError::Inconsistent("a table is gone").into()
    }

    /// Of many that are stuck each has its turn, however few a try has time for.
    #[test]
    fn what_is_stuck_has_its_turn() {
        let mut stuck = Stuck::none();
        assert!(stuck.in_turn().is_empty());
        let all = [1, 2, 3].map(|one| OrderDigest([one; 32]));
        all.iter().for_each(|one| stuck.order(*one));
        assert_eq!(stuck.in_turn(), all);
        stuck.was_tried(all[0]);
        assert_eq!(stuck.in_turn(), [all[1], all[2], all[0]]);
        stuck.was_tried(all[2]);
        stuck.order_is_kept(&all[1]);
        assert_eq!(stuck.in_turn(), [all[0], all[2]]);
    }

    /// A table that cannot be read, or takes no row, is left out of the next try once: of a brake
    /// that is tried by itself wholly, of all else as far as it copies what the log says.
    #[test]
    fn what_a_table_keeps_back_is_left_out() {
        let (reply, _) = Reply::open();
        let command = Command::Alarm("row".into(), reply);
        let order = OrderDigest([7; 32]);
        let all = std::slice::from_ref(&command);
        for (mut share, loads, decides) in [
            (Share::command(&command, true), false, true),
            (Share::order(order, true), false, true),
            (Share::brakes((all, 9)), true, true),
            (Share::command(&command, false), true, false),
            (Share::order(order, false), true, false),
            (Share::everything((all, 9), Vec::new()), true, false),
            (Share::rest(), true, false),
        ] {
            assert!(share.loads() && share.reads && !share.decides_copies_later());
            assert!(share.leaves_out(&Failure::unread(spoiled())));
            assert!(!share.leaves_out(&Failure::unread(spoiled())), "once");
            assert_eq!((share.loads(), share.reads), (loads, false));
            assert!(share.leaves_out(&Failure::Unkept(spoiled())));
            assert!(!share.leaves_out(&Failure::Unkept(spoiled())), "once");
            assert_eq!(share.decides_copies_later(), decides);
        }
        let mut share = Share::rest();
        for failure in [
            Failure::Late,
            Failure::Whole(spoiled()),
            Failure::unread(StoreError::Silent.into()),
            Failure::unread(Code::LogBehind.into()),
        ] {
            assert!(!share.leaves_out(&failure), "a database that is away is asked again");
        }
        assert!(share.reads && !share.copies_later);
    }
}
