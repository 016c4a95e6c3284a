//! Why something was not done.

use ca_host::random::NoRandomness;
use ca_store::intake::LedgerError;
use ca_store::replay::ReplayError;
use records::json::JsonError;
use records::{Code, Problem};
use store::StoreError;

/// Why something was not done.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum IssuerError {
    /// It is refused; the caller learns the code.
    #[error("refused: {0}")]
    Refused(#[from] Code),
    /// It was refused and recorded; the caller learns code and reference number.
    #[error("refused: {0:?}")]
    Recorded(Problem),
    /// We cannot; the caller learns `unavailable`, the diagnostic log why.
    #[error("{0:#}")]
    Failed(#[from] anyhow::Error),
}

macro_rules! failed {
    ($($error:ty)*) => {$(
        impl From<$error> for IssuerError {
            fn from(error: $error) -> Self {
                Self::Failed(error.into())
            }
        }
    )*};
}

failed! { StoreError LedgerError NoRandomness JsonError }

impl From<ReplayError> for IssuerError {
    fn from(error: ReplayError) -> Self {
        match error {
            ReplayError::Empty => Self::Refused(Code::LogBehind),
            ReplayError::Unsigned(why) => {
                tracing::error!(why, "the log is not followed");
                Self::Refused(Code::UnsignedAuthority)
            }
            error @ ReplayError::WentBack { .. } => {
                tracing::error!(%error, "the log is not followed");
                Self::Refused(Code::UnsignedAuthority)
            }
            other => Self::Failed(other.into()),
        }
    }
}

impl IssuerError {
    /// Whether a table, or a value in it, cannot be read while the database answers.
    pub(crate) fn is_about_rows(&self) -> bool {
        let Self::Failed(error) = self else { return false };
        error.downcast_ref::<StoreError>().is_some_and(StoreError::is_about_rows)
    }

    /// The code that the caller learns.
    pub(crate) fn code(&self) -> Code {
        match self {
            Self::Refused(code) => *code,
            Self::Recorded(problem) => problem.known().unwrap_or(Code::Unavailable),
            Self::Failed(error) => {
                tracing::error!(error = format!("{error:#}"), "failed");
                Code::Unavailable
            }
        }
    }

    /// What the caller is told, under a reference number.
    pub(crate) fn problem(self) -> Problem {
        match self {
            Self::Recorded(problem) => problem,
            other => {
                let reference = ca_host::random::id().unwrap_or_else(|_| String::new());
                Problem::new(other.code(), reference)
            }
        }
    }
}

/// The code of a key that is well-formed and not certified.
pub(crate) fn weakness_code(weakness: pki::weak_key::KeyWeakness) -> Code {
    use pki::weak_key::KeyWeakness;
    match weakness {
        KeyWeakness::Published => Code::KeyPublished,
        _ => Code::KeyWeak,
    }
}

/// The code of a request that is not accepted.
pub(crate) fn request_code(error: pki::request::RequestError) -> Code {
    use pki::algorithm::KeyError;
    use pki::request::RequestError;
    match error {
        RequestError::TooLarge => Code::TooLarge,
        RequestError::Key(KeyError::Weak(_)) => Code::KeyWeak,
        RequestError::Key(KeyError::UnknownAlgorithm(_)) | RequestError::Unsupported(_) => {
            Code::KeyUnknown
        }
        RequestError::Possession => Code::RequestSignature,
        _ => Code::RequestMalformed,
    }
}
