//! Why a message is not taken, and what SCEP calls that.

/// Why a message is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ScepError {
    /// It is longer than any message that is read.
    #[error("消息过大 / the message is too large")]
    TooLarge,
    /// It is not DER of the structures that it should have, or says something twice.
    #[error("消息格式不正确 / the message is not in the expected form")]
    Malformed,
    /// A digest, a cipher or a key that is not taken.
    #[error("不支持所用的算法 / the algorithm is not taken here")]
    Algorithm,
    /// Its signature is not of the certificate in it, or it is not for this key, or what it hides
    /// is not what it should be: which of these, nobody is told.
    #[error("消息的签名或加密不正确 / signature or encryption of the message is not right")]
    Integrity,
    /// It says that it was signed long ago, or later than now.
    #[error("消息的签名时间与本站时钟相差过大 / the message was signed too far from this clock")]
    Time,
    /// Our own key could not do it.
    #[error("注册机构密钥不可用 / the key of the registration authority cannot be used")]
    Key,
}

impl From<der::Error> for ScepError {
    fn from(_: der::Error) -> Self {
        Self::Malformed
    }
}

/// Why a request has failed, as a number of the protocol (RFC 8894 3.2.1.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScepFailure {
    /// An algorithm is not taken.
    BadAlg,
    /// The message is not intact.
    BadMessageCheck,
    /// It is not permitted, or not known here.
    BadRequest,
    /// A time is too far off.
    BadTime,
    /// There is no certificate of that name.
    BadCertId,
}

impl ScepFailure {
    /// The number as it stands in an answer.
    pub fn number(self) -> &'static str {
        match self {
            Self::BadAlg => "0",
            Self::BadMessageCheck => "1",
            Self::BadRequest => "2",
            Self::BadTime => "3",
            Self::BadCertId => "4",
        }
    }
}

impl From<ScepError> for ScepFailure {
    fn from(error: ScepError) -> Self {
        match error {
            ScepError::Algorithm => Self::BadAlg,
            ScepError::Integrity => Self::BadMessageCheck,
            ScepError::Time => Self::BadTime,
            ScepError::TooLarge | ScepError::Malformed | ScepError::Key => Self::BadRequest,
        }
    }
}
