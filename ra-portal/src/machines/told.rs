//! What a client was told when it was refused, beside its answer: for who is in charge of the
//! system.

use acme::AcmeProblem;
use records::Code;

/// A refusal as it was told; it stands among the extensions of the answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ToldRefusal {
    /// Its name.
    pub(crate) code: &'static str,
    /// Chinese and English.
    pub(crate) words: (String, String),
}

impl ToldRefusal {
    /// A problem of ACME.
    pub(crate) fn of(problem: &AcmeProblem) -> Self {
        let words = (problem.zh().to_owned(), problem.en().to_owned());
        Self { code: problem.kind().name(), words }
    }
}

impl From<Code> for ToldRefusal {
    fn from(code: Code) -> Self {
        Self { code: code.name(), words: (code.zh().to_owned(), code.en().to_owned()) }
    }
}
