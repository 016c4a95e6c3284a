//! Why a message is not taken.

use pki::algorithm::KeyError;
use pki::name::NameError;

/// Why a message, or what it asks for, is not taken.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CmpError {
    /// Larger than is read at all.
    #[error("消息过大 / the message is too large")]
    TooLarge,
    /// No PKIMessage in DER, or not what its body should hold.
    #[error("不是 DER 形式的 CMP 消息 / not a message of CMP in DER")]
    Malformed,
    /// More than one request, or none, in one message.
    #[error("每条消息只接受一项请求 / one request a message is taken")]
    Count,
    /// The protection is by an algorithm, or with parameters, that are not taken.
    #[error("不支持消息保护所用的算法 / the protection's algorithm is not supported")]
    Algorithm,
    /// There is no protection, or it does not verify.
    #[error("消息的保护不正确 / the protection of the message does not verify")]
    Protection,
    /// The request does not show that whoever asks has the key.
    #[error("请求没有证明持有私钥 / the request does not prove possession of its key")]
    Possession,
    /// The template names what the CA alone says, or asks that a private key be archived.
    #[error("请求的模板中有不予接受的内容 / the template asks for what is not taken")]
    Template,
    /// The subject in the template is not read.
    #[error(transparent)]
    Subject(#[from] NameError),
    /// The key is unknown or weak.
    #[error(transparent)]
    Key(#[from] KeyError),
}
