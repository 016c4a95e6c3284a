//! What is done outside of rows once a round is durable: letters, join files and policy files.
//! What fails here takes nothing back and keeps no answer of anybody else: the round is true.
//!
//! A policy file follows from the log; one that cannot be written is tried again, and made anew by
//! the next start. A letter or join file is a secret that nobody keeps: whoever asked for one that
//! could not be written hears that it was not done and asks again; the record of the first opens
//! nothing.

use crate::context::IssuanceContext;
use crate::round::Effect;
use anyhow::Context;
use ca_host::durable::{sync_folder, write_file, write_private};
use ca_host::{letter_print, message_codes};
use service::Metrics;
use std::collections::BTreeSet;
use std::path::Path;
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

    /// Only the newest text of a policy file is kept, and of a folder what lies in it now.
    fn keep(&mut self, effect: Effect) {
        match &effect {
            Effect::Policy(path, _) => self
                .policies
                .retain(|kept| !matches!(kept, Effect::Policy(other, _) if other == path)),
            Effect::Only(path, _) => self
                .policies
                .retain(|kept| !matches!(kept, Effect::Only(other, _) if other == path)),
            Effect::File(..) | Effect::Letter(..) | Effect::MessageCode(..) => return,
        }
        self.policies.push(effect);
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
        Effect::MessageCode(letter, code) => message_codes::keep(&context.config, letter, code),
        Effect::Policy(file, content) => write_file(&path(file), content.as_bytes()),
        Effect::Only(folder, names) => set_aside(&path(folder), names),
    };
    let error = done.err()?;
    tracing::error!(error = format!("{error:#}"), "a file is not written");
    Some(effect)
}

/// Hides what lies in a folder under another name than these: nobody reads it there, and whoever
/// wrote it loses nothing.
fn set_aside(folder: &Path, names: &BTreeSet<String>) -> anyhow::Result<()> {
    let mut is_changed = false;
    for entry in std::fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if name.starts_with('.') || names.contains(&name) {
            continue;
        }
        std::fs::rename(folder.join(&name), folder.join(format!(".{name}.unsigned")))?;
        is_changed = true;
    }
    if is_changed {
        sync_folder(folder)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_in_force_is_hidden_and_kept() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["exchange.toml", "more.toml", ".half.new"] {
            std::fs::write(folder.path().join(name), name).unwrap();
        }
        std::fs::create_dir(folder.path().join("folder")).unwrap();
        set_aside(folder.path(), &["exchange.toml".to_owned()].into()).unwrap();
        let entries = std::fs::read_dir(folder.path()).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        assert_eq!(
            names,
            [".folder.unsigned", ".half.new", ".more.toml.unsigned", "exchange.toml"]
        );
        let kept = std::fs::read_to_string(folder.path().join(".more.toml.unsigned")).unwrap();
        assert_eq!(kept, "more.toml");
    }
}
