//! Why a JWS is not taken.

use pki::algorithm::KeyError;

/// Why a JWS, a key or a binding is not taken.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JoseError {
    /// A part is larger than any that a client needs.
    #[error("JWS 过大 / the JWS is too large")]
    TooLarge,
    /// It is not of the form that RFC 8555 6.2 asks for; which part of it.
    #[error("JWS 格式不正确：{0} / the JWS is malformed: {0}")]
    Malformed(&'static str),
    /// `alg` is none that is taken here, or none that this key signs with. `none` and HMAC under a
    /// public key are among them.
    #[error("不接受这种签名算法 / this signature algorithm is not taken")]
    Algorithm,
    /// `crit` names an extension; none is known here (RFC 7515 4.1.11).
    #[error("JWS 要求不认识的扩展 / the JWS needs an extension that is not known here")]
    Critical,
    /// The key is no public key that is known here.
    #[error("不支持这种密钥 / this key is not supported")]
    KeyKind,
    /// The key is known by its kind and not strong enough, or not well formed.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The key did not sign this.
    #[error("签名不正确 / the signature does not verify")]
    Signature,
    /// There is no external account binding.
    #[error("缺少外部账户绑定 / there is no external account binding")]
    Unbound,
    /// The external account binding is about another key or another address, or not made with the
    /// secret.
    #[error("外部账户绑定不正确：{0} / the external account binding is not right: {0}")]
    Binding(&'static str),
}
