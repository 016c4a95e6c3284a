//! Why a permitted request has no answer of the application.

use super::fields;
use super::no_answer::NoAnswer;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failed {
    /// The request was cut.
    #[error("cut")]
    Cut,
    /// The application had everything and did not begin.
    #[error("no answer in time")]
    Late,
    /// It cannot be reached.
    #[error("no connection: {0}")]
    Unreachable(#[from] std::io::Error),
    /// What came is no answer.
    #[error("no answer: {0:?}")]
    Http(#[from] NoAnswer),
    /// Its body cannot be read.
    #[error(transparent)]
    Coding(#[from] fields::UnknownCoding),
    /// Another protocol that nobody asked for.
    #[error("an upgrade that nobody asked for")]
    Upgrade,
    /// The head for the application could not be made.
    #[error(transparent)]
    Head(anyhow::Error),
}
