//! What becomes of what was taken: one round of all of it, or of each thing alone where all of it
//! cannot be kept.

use super::{AFTER_FAILURE, Done, Writer};
use crate::decide::execute;
use crate::error::IssuerError;
use crate::queue::Commands;
use crate::rows::RowChange;
use crate::share::{Failure, Share};
use crate::state::State;
use crate::uncopied;
use authority::OrderDigest;
use records::Code;
use std::time::{Duration, Instant};
use tokio::time::timeout;

/// Copies of one kind have so long.
const COPYING: Duration = Duration::from_secs(2);
/// Commands, orders and certificates are tried one after the other for so long each; brakes that
/// came meanwhile are next.
const ALONE: Duration = Duration::from_secs(3);

impl Writer {
    /// One round, of brakes or of everything; where that cannot be kept, one thing after the other.
    /// Whoever asked for what cannot be kept hears nothing but that it was not done; what there was
    /// no time for waits for the next round. Says whether another round is wanted at once.
    pub(super) async fn work(&mut self, taken: Commands) -> Result<bool, IssuerError> {
        let is_braking = matches!(taken, Commands::Brakes(_));
        let mut share = match &taken {
            Commands::Brakes(commands) => Share::brakes((commands, self.paces.0.most())),
            Commands::Others(commands) => {
                let most = self.paces.1.most();
                let later = self.unkept.split_off(self.unkept.len().min(most));
                Share::everything((commands, most), std::mem::replace(&mut self.unkept, later))
            }
        };
        let done = self.tried(&mut share).await;
        let all = share.commands.len();
        let mut decided = done.as_ref().map_or(all, |done| done.decided);
        let pace = if is_braking { &mut self.paces.0 } else { &mut self.paces.1 };
        match &done {
            Ok(_) if decided < all => pace.late(),
            Ok(_) => pace.done(),
            Err(Failure::Late) => pace.late(),
            Err(_) => {}
        }
        let done = match done {
            Err(Failure::Unkept(_) | Failure::Unread(_))
                if !share.is_empty(self.state.as_ref()) =>
            {
                let (tried, done) = self.one_by_one(share).await;
                decided = tried;
                done
            }
            Err(failure) => {
                self.unkept.extend(share.signed);
                Err(failure.error())
            }
            Ok(done) => Ok(done.more || decided < all),
        };
        let authority = self.state.as_ref().map(State::authority);
        self.commands.give_back(taken, decided, |command| command.weight(authority));
        match is_braking {
            // All else goes on in the next round, and is told there.
            true => done.map(|_| true),
            false if self.stuck.is_empty() => done,
            false => {
                let more = done?;
                self.try_stuck().await.map(|()| more)
            }
        }
    }

    /// One round. What of rows keeps it back, and nothing rests on, is left out of the next try: a
    /// table that is spoiled, or takes no row, holds up what needs it and nothing else.
    async fn tried(&mut self, share: &mut Share<'_>) -> Result<Done, Failure> {
        share.copies_later |= self.uncopied.are_left_out();
        loop {
            let done = self.round(share).await;
            if matches!(done, Err(Failure::Late)) {
                self.uncopied.was_late();
            }
            if !done.as_ref().is_err_and(|failure| share.leaves_out(failure)) {
                return done;
            }
        }
    }

    fn is_brake(&self, order: &OrderDigest) -> bool {
        self.state.as_ref().is_some_and(|state| execute::is_brake(state, order))
    }

    /// Tries one thing after the other, and says how many commands it came to. What there was no
    /// time for goes on in the next round: a table that somebody locked costs each of them seconds.
    async fn one_by_one(&mut self, share: Share<'_>) -> (usize, Result<bool, IssuerError>) {
        let all = share.commands.len();
        let (mut came_to, began) = (all, Instant::now());
        for (place, command) in share.commands.iter().enumerate() {
            if place > 0 && began.elapsed() >= ALONE {
                came_to = place;
                break;
            }
            let is_brake = command.is_brake(self.state.as_ref().map(State::authority));
            match self.tried(&mut Share::command(command, is_brake)).await {
                Ok(_) => {}
                // Whoever asked hears that it was not done; why, is told here.
                Err(Failure::Unkept(error) | Failure::Unread(error)) => {
                    tracing::warn!(act = command.act(), "what was asked for cannot be kept");
                    self.metrics.count("decide", error.code().name());
                }
                Err(failure) => {
                    self.unkept.extend(share.signed);
                    return (all, Err(failure.error()));
                }
            }
        }
        let ready = self.state.as_ref().map(|state| share.orders(state, &self.stuck));
        let began = Instant::now();
        for order in ready.into_iter().flatten().take_while(|_| began.elapsed() < ALONE) {
            let is_brake = self.is_brake(&order);
            if self.tried(&mut Share::order(order, is_brake)).await.is_err() {
                self.stuck.order(order);
            }
        }
        let began = Instant::now();
        for signed in share.signed {
            if began.elapsed() >= ALONE {
                self.unkept.push(signed);
            } else if self.tried(&mut Share::signed(signed.clone())).await.is_err() {
                self.stuck.signed(signed);
            }
        }
        if !share.rest {
            return (came_to, Ok(true));
        }
        let done = self.tried(&mut Share::rest()).await.map_err(Failure::error);
        (came_to, done.map(|done| done.more || came_to < all))
    }

    /// Tries what is stuck again, each alone, and for as long as brakes may wait.
    async fn try_stuck(&mut self) -> Result<(), IssuerError> {
        if !self.stuck.is_due(AFTER_FAILURE) {
            return Err(Code::Unavailable.into());
        }
        let (mut failed, began) = (Ok(()), Instant::now());
        for order in self.stuck.in_turn().into_iter().take_while(|_| began.elapsed() < ALONE) {
            let is_brake = self.is_brake(&order);
            self.stuck.was_tried(order);
            match self.tried(&mut Share::order(order, is_brake)).await {
                Ok(_) => self.stuck.order_is_kept(&order),
                Err(failure) => failed = Err(failure.error()),
            }
        }
        let (mut untried, mut again, began) = (Vec::new(), Vec::new(), Instant::now());
        for signed in self.stuck.take_signed() {
            if began.elapsed() >= ALONE {
                untried.push(signed);
            } else if let Err(failure) = self.tried(&mut Share::signed(signed.clone())).await {
                again.push(signed);
                failed = Err(failure.error());
            }
        }
        // What there was no time for is the first of the next time.
        untried.into_iter().chain(again).for_each(|signed| self.stuck.signed(signed));
        match failed {
            Ok(()) if !self.stuck.is_empty() => Err(Code::Unavailable.into()),
            failed => failed,
        }
    }

    /// Tries again to write the copies that a table did not take, each kind by itself. One that
    /// takes long ends it for now: brakes wait for the same turn.
    pub(super) async fn copy_again(&mut self) {
        let mut is_late = false;
        for kind in self.uncopied.take_due(Instant::now()) {
            let written = match is_late {
                true => None,
                false => timeout(COPYING, self.copy(kind.clone())).await.ok(),
            };
            is_late |= written.is_none();
            if !matches!(written, Some(Ok(()))) {
                self.uncopied.give_back(kind);
            }
        }
        self.uncopied.show();
        self.metrics.notice("rows", self.uncopied.told());
    }

    async fn copy(&mut self, kind: Vec<RowChange>) -> Result<(), IssuerError> {
        let Some(state) = &self.state else { return Err(Code::LogBehind.into()) };
        let authority = state.authority().clone();
        let tx = self.turn.take().await?;
        uncopied::write(tx, kind, &authority).await
    }
}
