//! What becomes of what was taken: one round of all of it, or of each thing alone where all of it
//! cannot be kept.

use super::{AFTER_FAILURE, Writer};
use crate::error::IssuerError;
use crate::queue::Commands;
use crate::share::{Failure, Share};
use crate::state::State;
use records::Code;

impl Writer {
    /// One round, of brakes or of everything; where that cannot be kept, one thing after the other.
    /// Whoever asked for what cannot be kept hears nothing but that it was not done; what there was
    /// no time for waits for the next round. Says whether another round is wanted at once.
    pub(super) async fn work(&mut self, taken: Commands) -> Result<bool, IssuerError> {
        let is_braking = matches!(taken, Commands::Brakes(_));
        let share = match &taken {
            Commands::Brakes(commands) => Share::brakes((commands, self.paces.0.most())),
            Commands::Others(commands) => {
                let most = self.paces.1.most();
                let later = self.unkept.split_off(self.unkept.len().min(most));
                Share::everything((commands, most), std::mem::replace(&mut self.unkept, later))
            }
        };
        let done = self.round(&share).await;
        let all = share.commands.len();
        let decided = done.as_ref().map_or(all, |done| done.decided);
        let pace = if is_braking { &mut self.paces.0 } else { &mut self.paces.1 };
        match &done {
            Ok(_) if decided < all => pace.late(),
            Ok(_) => pace.done(),
            Err(Failure::Late) => pace.late(),
            Err(_) => {}
        }
        let done = match done {
            Err(Failure::Unkept(_)) if !share.is_empty(self.state.as_ref()) => {
                self.one_by_one(share).await
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

    async fn one_by_one(&mut self, share: Share<'_>) -> Result<bool, IssuerError> {
        for command in share.commands {
            match self.round(&Share::command(command)).await {
                Ok(_) | Err(Failure::Unkept(_)) => {}
                Err(failure) => {
                    self.unkept.extend(share.signed);
                    return Err(failure.error());
                }
            }
        }
        let ready = self.state.as_ref().map(|state| share.orders(state, &self.stuck));
        for order in ready.into_iter().flatten() {
            if self.round(&Share::order(order)).await.is_err() {
                self.stuck.order(order);
            }
        }
        for signed in share.signed {
            if self.round(&Share::signed(signed.clone())).await.is_err() {
                self.stuck.signed(signed);
            }
        }
        match share.rest {
            true => {
                let done = self.round(&Share::rest()).await.map_err(Failure::error);
                done.map(|done| done.more)
            }
            false => Ok(true),
        }
    }

    /// Tries what is stuck again, each alone.
    async fn try_stuck(&mut self) -> Result<(), IssuerError> {
        if !self.stuck.is_due(AFTER_FAILURE) {
            return Err(Code::Unavailable.into());
        }
        let mut failed = Ok(());
        for order in self.stuck.orders().clone() {
            match self.round(&Share::order(order)).await {
                Ok(_) => self.stuck.order_is_kept(&order),
                Err(failure) => failed = Err(failure.error()),
            }
        }
        for signed in self.stuck.take_signed() {
            if let Err(failure) = self.round(&Share::signed(signed.clone())).await {
                self.stuck.signed(signed);
                failed = Err(failure.error());
            }
        }
        failed
    }
}
