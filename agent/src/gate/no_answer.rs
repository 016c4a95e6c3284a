//! Why an application gave no answer, or not the whole of one.

/// Why there is no answer, or not the whole of one.
#[derive(Debug, thiserror::Error)]
pub(super) enum NoAnswer {
    /// The HTTP library says why.
    #[error(transparent)]
    Library(#[from] hyper::Error),
    /// The connection broke.
    #[error("the connection: {0}")]
    Stream(#[from] std::io::Error),
    /// The connection ended before the answer did.
    #[error("the connection ended within it")]
    Ended,
    /// What came is no answer of HTTP/1, or can be read in two ways.
    #[error("its form")]
    Form,
    /// Its head exceeds the limits.
    #[error("its head is too large")]
    TooLarge,
}

impl NoAnswer {
    /// Whether what came is no answer.
    pub(super) fn is_none(&self) -> bool {
        match self {
            Self::Library(error) => error.is_parse(),
            Self::Form | Self::TooLarge => true,
            Self::Stream(_) | Self::Ended => false,
        }
    }

    /// Whether its head exceeds the limits.
    pub(super) fn is_too_large(&self) -> bool {
        match self {
            Self::Library(error) => error.is_parse_too_large(),
            Self::TooLarge => true,
            Self::Stream(_) | Self::Ended | Self::Form => false,
        }
    }

    /// Whether the connection ended before the answer did.
    pub(super) fn is_broken_off(&self) -> bool {
        match self {
            Self::Library(error) => error.is_incomplete_message(),
            Self::Ended => true,
            Self::Stream(_) | Self::Form | Self::TooLarge => false,
        }
    }
}
