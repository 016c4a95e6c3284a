//! The list of mutations, `tests/mutations/mutations.toml`: each takes one protection out of the
//! code and names the tests that must fail then. `cargo xtask mutate` runs it and includes this
//! file; a tidy test keeps it true.

use serde::Deserialize;
use std::path::PathBuf;

/// Where the list stands, below the workspace.
pub const LIST: &str = "tests/mutations/mutations.toml";

/// One protection, and how it is taken out.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mutation {
    /// What `--only` calls it.
    pub name: String,
    /// A text that stands in exactly one line of the tables of SECURITY.md: the promise.
    pub line: String,
    /// Tests of that line that must fail. A story of the same name as a unit test is named with
    /// its file, as in `declines::NAME`.
    pub tests: Vec<String>,
    /// Why the promise rests on this.
    pub why: String,
    /// The story calls this code in its own process, so that it is built anew as well.
    #[serde(default)]
    pub inside: bool,
    /// The protection is the database's own, and the story has to run there.
    #[serde(default)]
    pub postgres: bool,
    /// The programs in which the story needs it out; without a word all that hold it.
    #[serde(default)]
    pub programs: Vec<String>,
    /// What is exchanged; more than one where layers stand behind each other.
    pub edit: Vec<Edit>,
}

/// A text of one file, and what stands there instead.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Edit {
    /// The file, below the workspace.
    pub file: PathBuf,
    /// What is taken out; it stands there exactly once.
    pub take: String,
    /// What stands there instead.
    #[serde(default)]
    pub put: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct List {
    mutation: Vec<Mutation>,
}

/// Reads the list.
pub fn read(text: &str) -> Result<Vec<Mutation>, toml::de::Error> {
    toml::from_str::<List>(text).map(|list| list.mutation)
}

impl Edit {
    /// The text with the protection out, if what is taken out stands there exactly once.
    pub fn apply(&self, text: &str) -> Option<String> {
        let once = text.matches(&self.take).count() == 1 && self.take != self.put;
        once.then(|| text.replacen(&self.take, &self.put, 1))
    }
}
