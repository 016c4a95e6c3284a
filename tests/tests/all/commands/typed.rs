//! What is typed for a printed command, what it leaves, and what is seen of it afterwards.

use super::printed::{FILLED, words};
use super::scene::{Done, Holder};
use std::collections::BTreeMap;
use std::path::PathBuf;
use tests::gate::Application;

/// What earlier commands left for later ones.
#[derive(Default)]
pub(super) struct Left {
    /// People with certificates.
    pub(super) holders: Vec<Holder>,
    /// Whose certificate an officer asks to be revoked or suspends, as often as it is printed.
    pub(super) cared_for: Option<Holder>,
    /// Join files by the gate, each approved.
    pub(super) join_files: Vec<(String, PathBuf)>,
    /// Folders of gates that joined, by the gate.
    pub(super) gates: BTreeMap<String, PathBuf>,
    /// What stands behind gates, once somebody looks at one.
    pub(super) application: Option<Application>,
    /// Who went through a gate, and the name of their request.
    pub(super) passed: Option<(String, String)>,
    /// Whether there is a handler with a context.
    pub(super) has_handler: bool,
    /// Batches of rosters that were drafted.
    pub(super) rosters: Vec<String>,
    /// Somebody who reported a loss, with its receipt.
    pub(super) reported: Option<Holder>,
    /// Serial number of a suspended certificate.
    pub(super) suspended: Option<String>,
    /// Digest of the order of an emergency that nobody looked at yet.
    pub(super) emergency: Option<String>,
    /// A folder with an evidence bundle.
    pub(super) evidence: Option<PathBuf>,
}

impl Left {
    /// Somebody with a certificate, the same each time.
    pub(super) fn cared_for(&mut self) -> Result<&Holder, String> {
        if self.cared_for.is_none() {
            self.cared_for = self.holders.pop();
        }
        self.cared_for.as_ref().ok_or_else(|| "nobody enrolled".into())
    }
}

/// A word that a text leaves to its reader: in capitals, or what a program fills in.
fn is_left_open(word: &str) -> bool {
    word.starts_with(FILLED) && !word.contains('.')
        || !word.is_empty() && word.chars().all(|c| c.is_ascii_uppercase())
}

/// The words of a command, with names for what it leaves open: by the word itself, or by the option
/// before it. Nothing stays open.
pub(super) fn filled(text: &str, names: &[(&str, &str)]) -> Vec<String> {
    let plain = words(text);
    let name = |at: usize| {
        let (word, before) = (&plain[at], at.checked_sub(1).map_or("", |before| &plain[before]));
        let fits = |(name, _): &&(&str, &str)| match name.starts_with("--") {
            true => *name == before && is_left_open(word),
            false => name == word,
        };
        let found = names.iter().find(fits);
        assert!(found.is_some() || !is_left_open(word), "{text}: nobody says what {word} is");
        found.map_or_else(|| word.clone(), |(_, value)| (*value).to_owned())
    };
    (0..plain.len()).map(name).collect()
}

pub(super) fn holds(is: bool, what: &str) -> Result<(), String> {
    if is { Ok(()) } else { Err(format!("this does not hold afterwards: {what}")) }
}

/// What a command said has this in it.
pub(super) fn says(done: Done, what: &str) -> Result<String, String> {
    let said = done?;
    if said.contains(what) { Ok(said) } else { Err(format!("it does not say {what:?}:\n{said}")) }
}

/// The rest of the line behind a mark.
pub(super) fn behind(said: &str, mark: &str) -> Result<String, String> {
    let (_, rest) = said.split_once(mark).ok_or_else(|| format!("no {mark:?} in:\n{said}"))?;
    Ok(rest.lines().next().unwrap_or_default().trim().to_owned())
}
