//! What is done outside of rows once a round is durable: letters, join files and policy files.
//! What fails here takes nothing back and keeps no answer of anybody else: the round is true.
//!
//! A policy file follows from the log; one that cannot be written is tried again, and made anew by
//! the next start. A letter or join file is a secret that nobody keeps: whoever asked for one that
//! could not be written hears that it was not done and asks again; the record of the first opens
//! nothing.

use crate::context::IssuanceContext;
use crate::round::Effect;
use ca_host::durable::{write_file, write_private};
use ca_host::letter_print;
use service::Metrics;
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

/// Policy files that could not be written are tried again after this long.
const AGAIN: Duration = Duration::from_secs(1);

/// The policy files that could not be written yet, in their order.
#[derive(Default)]
pub(crate) struct Unwritten {
    policies: Vec<Effect>,
    tried: Option<Instant>,
}

impl Unwritten {
    /// Carries out what a round left; gives the places of what could not be done. Whether anything
    /// could not is told on `/readyz`, until something could.
    pub(crate) fn carry_out(
        &mut self,
        (context, metrics): (&IssuanceContext, &Metrics),
        effects: Vec<Effect>,
    ) -> BTreeSet<usize> {
        let mut failed = BTreeSet::new();
        if effects.is_empty() {
            return failed;
        }
        self.try_again(context);
        for (place, effect) in effects.into_iter().enumerate() {
            if let Some(effect) = carried_out(context, effect) {
                failed.insert(place);
                self.keep(effect);
            }
        }
        self.tell(metrics, failed.is_empty());
        failed
    }

    /// Tries again what could not be written, if it is time.
    pub(crate) fn carry_on(&mut self, context: &IssuanceContext, metrics: &Metrics) {
        if self.due().is_some_and(|due| due <= Instant::now()) {
            self.try_again(context);
            self.tell(metrics, true);
        }
    }

    /// When it is time to try again.
    pub(crate) fn due(&self) -> Option<Instant> {
        self.tried.map(|tried| tried + AGAIN)
    }

    fn try_again(&mut self, context: &IssuanceContext) {
        for effect in std::mem::take(&mut self.policies) {
            if let Some(effect) = carried_out(context, effect) {
                self.keep(effect);
            }
        }
    }

    /// Only the newest text of a policy file is kept.
    fn keep(&mut self, effect: Effect) {
        if let Effect::Policy(path, _) = &effect {
            self.policies.retain(|kept| !matches!(kept, Effect::Policy(other, _) if other == path));
            self.policies.push(effect);
        }
    }

    fn tell(&mut self, metrics: &Metrics, done: bool) {
        self.tried = (!self.policies.is_empty()).then(Instant::now);
        let problem = match done && self.policies.is_empty() {
            true => "",
            false => "letters or policy files could not be written; next: ca-server doctor",
        };
        metrics.condition("files", problem);
    }
}

/// Carries one out; gives it back if that fails.
fn carried_out(context: &IssuanceContext, effect: Effect) -> Option<Effect> {
    let path = |path: &str| context.config.path(path);
    let done = match &effect {
        Effect::File(file, bytes) => write_private(&path(file), bytes),
        Effect::Letter(file, letter) => letter_print::write(letter, &path(file)),
        Effect::Policy(file, content) => write_file(&path(file), content.as_bytes()),
    };
    let error = done.err()?;
    tracing::error!(error = format!("{error:#}"), "a file is not written");
    Some(effect)
}
