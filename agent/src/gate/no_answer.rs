//! Why an application gave no answer, or not the whole of one.

use h2::Reason;

/// Why there is no answer, or not the whole of one.
#[derive(Debug, thiserror::Error)]
pub(super) enum NoAnswer {
    /// The HTTP library says why.
    #[error(transparent)]
    Library(#[from] hyper::Error),
    /// A stream of HTTP/2, or its connection, says why.
    #[error(transparent)]
    Http2(#[from] h2::Error),
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
            Self::Http2(error) => error.is_library(),
            Self::Form | Self::TooLarge => true,
            Self::Stream(_) | Self::Ended => false,
        }
    }

    /// Whether its head exceeds the limits.
    pub(super) fn is_too_large(&self) -> bool {
        match self {
            Self::Library(error) => error.is_parse_too_large(),
            Self::TooLarge => true,
            Self::Http2(_) | Self::Stream(_) | Self::Ended | Self::Form => false,
        }
    }

    /// Whether the application, or its connection, ended before the answer did. One that says
    /// goodbye in order is well.
    pub(super) fn is_broken_off(&self) -> bool {
        match self {
            Self::Library(error) => error.is_incomplete_message(),
            Self::Http2(error) => {
                let in_order = error.is_go_away() && error.reason() == Some(Reason::NO_ERROR);
                error.is_io() || (error.is_remote() && !in_order)
            }
            Self::Ended => true,
            Self::Stream(_) | Self::Form | Self::TooLarge => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A connection that breaks is held against its application, and no word of the gate's own is.
    #[test]
    fn who_broke_a_stream_off_is_told_apart() {
        let own = NoAnswer::from(h2::Error::from(Reason::CANCEL));
        assert!(!own.is_none() && !own.is_too_large() && !own.is_broken_off());
        let stream = NoAnswer::from(std::io::Error::from(std::io::ErrorKind::TimedOut));
        assert!(!stream.is_none() && !stream.is_too_large() && !stream.is_broken_off());
        assert!(NoAnswer::Ended.is_broken_off() && NoAnswer::TooLarge.is_too_large());
    }
}
