//! Challenges: which there are for what, and what answers them (RFC 8555 8, RFC 8737, RFC 8738).

use crate::identifier::{AcmeIdentifier, IdentifierKind};
use data_encoding::BASE64URL_NOPAD;
use serde::Serialize;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// Bytes of a token, which is drawn: 144 random bits (RFC 8555 8 asks for 128).
pub const TOKEN_BYTES: usize = 18;

/// A type of challenge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChallengeKind {
    /// A file on the web server.
    Http01,
    /// A record in the name's zone.
    Dns01,
    /// A certificate in a handshake.
    TlsAlpn01,
}

/// The state of a challenge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ChallengeStatus {
    /// The client did not say yet that it can be looked at.
    Pending,
    /// It will be looked at.
    Processing,
    /// It was found answered.
    Valid,
    /// It was not.
    Invalid,
}

impl ChallengeKind {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Http01 => "http-01",
            Self::Dns01 => "dns-01",
            Self::TlsAlpn01 => "tls-alpn-01",
        }
    }

    /// The type of this name.
    pub fn by_name(name: &str) -> Option<Self> {
        [Self::Http01, Self::Dns01, Self::TlsAlpn01].into_iter().find(|kind| kind.name() == name)
    }

    /// Those that prove something about an identifier: what is below a name is proven in its zone
    /// alone, an address on the machine alone (RFC 8738 4).
    pub fn offered(identifier: &AcmeIdentifier) -> &'static [Self] {
        match (identifier.kind(), identifier.is_wildcard()) {
            (IdentifierKind::Ip, _) => &[Self::Http01, Self::TlsAlpn01],
            (IdentifierKind::Dns, true) => &[Self::Dns01],
            (IdentifierKind::Dns, false) => &[Self::Http01, Self::Dns01, Self::TlsAlpn01],
        }
    }
}

/// The token and who may answer it (8.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyAuthorization(String);

impl KeyAuthorization {
    /// Of a token and the thumbprint of the account's key.
    pub fn new(token: &str, thumbprint: &str) -> Self {
        Self(format!("{token}.{thumbprint}"))
    }

    /// Its SHA-256, which a certificate of tls-alpn-01 holds (RFC 8737 3).
    pub fn digest(&self) -> [u8; 32] {
        Sha256::digest(self.0.as_bytes()).into()
    }

    /// Whether a file says it; white space at its end does not matter (8.3).
    pub fn is_in_file(&self, body: &[u8]) -> bool {
        let said = body.trim_ascii_end();
        said.ct_eq(self.0.as_bytes()).into()
    }

    /// Whether one of the texts of `_acme-challenge` says its digest (8.4).
    pub fn is_in_texts(&self, texts: &[Vec<u8>]) -> bool {
        let wanted = BASE64URL_NOPAD.encode(&self.digest());
        texts.iter().any(|text| bool::from(text.as_slice().ct_eq(wanted.as_bytes())))
    }
}

/// Where the text of dns-01 stands.
pub fn dns_name(identifier: &AcmeIdentifier) -> String {
    format!("_acme-challenge.{}", identifier.base().value())
}

/// The path of the file of http-01.
pub fn http_path(token: &str) -> String {
    format!("/.well-known/acme-challenge/{token}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_proven_fits_what_is_asked_for() {
        let kinds = |text: &str| {
            let identifier = match text.parse() {
                Ok(address) => AcmeIdentifier::address(address),
                Err(_) => AcmeIdentifier::name(text).unwrap(),
            };
            ChallengeKind::offered(&identifier).iter().map(|k| k.name()).collect::<Vec<_>>()
        };
        assert_eq!(kinds("acme.test"), ["http-01", "dns-01", "tls-alpn-01"]);
        assert_eq!(kinds("*.acme.test"), ["dns-01"]);
        assert_eq!(kinds("127.0.0.1"), ["http-01", "tls-alpn-01"]);
        for name in ["http-01", "dns-01", "tls-alpn-01"] {
            assert_eq!(ChallengeKind::by_name(name).unwrap().name(), name);
        }
        assert_eq!(ChallengeKind::by_name("tls-sni-01"), None);
    }

    #[test]
    fn a_file_says_just_the_key_authorization() {
        let expected = KeyAuthorization::new("token", "thumb");
        assert!(expected.is_in_file(b"token.thumb"));
        assert!(expected.is_in_file(b"token.thumb\r\n"));
        for bad in ["", "token", "token.thumb.x", " token.thumb", "token.thumC", "token.thumb x"] {
            assert!(!expected.is_in_file(bad.as_bytes()), "{bad}");
        }
    }

    #[test]
    fn a_record_says_its_digest() {
        let expected = KeyAuthorization::new("token", "thumb");
        let right = BASE64URL_NOPAD.encode(&Sha256::digest(b"token.thumb")).into_bytes();
        assert!(expected.is_in_texts(&[b"old".to_vec(), right.clone()]));
        assert!(!expected.is_in_texts(&[b"token.thumb".to_vec()]));
        assert!(!expected.is_in_texts(&[]));
        assert!(!expected.is_in_texts(&[[right, b" ".to_vec()].concat()]));
        let wildcard = AcmeIdentifier::name("*.acme.test").unwrap();
        assert_eq!(dns_name(&wildcard), "_acme-challenge.acme.test");
        assert_eq!(http_path("t"), "/.well-known/acme-challenge/t");
    }
}
