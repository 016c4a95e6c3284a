//! Why a body ends before its time.

use super::no_answer::NoAnswer;
use mtls::listen::BrokenBody;

/// Why a body ends before its time.
#[derive(Debug, thiserror::Error)]
pub(super) enum Ended {
    /// The request is no longer permitted, or nothing moved.
    #[error("cut")]
    Cut,
    /// More than the application takes.
    #[error("too large")]
    TooLarge,
    /// The application.
    #[error(transparent)]
    Application(#[from] NoAnswer),
    /// The client.
    #[error(transparent)]
    Client(#[from] BrokenBody),
}
