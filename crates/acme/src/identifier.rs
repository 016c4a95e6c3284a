//! What a certificate is asked for: names and addresses (RFC 8555 9.7.7, RFC 8738).

use core::net::IpAddr;
use pki::host::{Host, HostError};
use serde::{Deserialize, Serialize};

/// An identifier as clients and server write it, in its one spelling: names in lower case without a
/// dot at the end, addresses as RFC 5952 writes them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AcmeIdentifier {
    /// `dns` or `ip`.
    #[serde(rename = "type")]
    kind: IdentifierKind,
    value: String,
}

/// The kinds of identifiers that are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum IdentifierKind {
    /// A host name, perhaps with a wildcard in front.
    Dns,
    /// An address.
    Ip,
}

/// An identifier as somebody sent it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SentIdentifier {
    /// Whatever kind.
    #[serde(rename = "type")]
    pub kind: String,
    /// Whatever text.
    pub value: String,
}

/// Why an identifier is none that a certificate is given for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IdentifierError {
    /// Neither a name nor an address is asked for.
    #[error("不支持这种标识 / this kind of identifier is not supported")]
    Kind,
    /// It is no name.
    #[error(transparent)]
    Name(#[from] HostError),
    /// It is no address.
    #[error("不是地址 / not an address")]
    Address,
    /// It is an address in another spelling than its one (RFC 8738 3).
    #[error("地址应写作 {0} / this address is written {0}")]
    Spelling(String),
    /// It says that it is a name, and is an address.
    #[error("地址的类型应为 ip / an address is of the type ip")]
    AddressAsName,
}

/// A host as a certificate has it.
impl From<Host> for AcmeIdentifier {
    fn from(host: Host) -> Self {
        match host {
            Host::Name(value) => Self { kind: IdentifierKind::Dns, value },
            Host::Address(address) => Self::address(address),
        }
    }
}

/// An identifier as it is told to others.
impl From<&AcmeIdentifier> for SentIdentifier {
    fn from(identifier: &AcmeIdentifier) -> Self {
        let kind = match identifier.kind {
            IdentifierKind::Dns => "dns",
            IdentifierKind::Ip => "ip",
        };
        Self { kind: kind.to_owned(), value: identifier.value.clone() }
    }
}

impl AcmeIdentifier {
    /// Reads what somebody sent.
    pub fn read(sent: &SentIdentifier) -> Result<Self, IdentifierError> {
        match sent.kind.as_str() {
            "dns" => Self::name(&sent.value),
            "ip" => Self::address_text(&sent.value),
            _ => Err(IdentifierError::Kind),
        }
    }

    /// A name, with or without a wildcard.
    pub fn name(text: &str) -> Result<Self, IdentifierError> {
        match Host::read_for(&text.to_ascii_lowercase(), true)? {
            Host::Name(value) => Ok(Self { kind: IdentifierKind::Dns, value }),
            Host::Address(_) => Err(IdentifierError::AddressAsName),
        }
    }

    /// An address.
    pub fn address(address: IpAddr) -> Self {
        Self { kind: IdentifierKind::Ip, value: address.to_string() }
    }

    fn address_text(text: &str) -> Result<Self, IdentifierError> {
        let address: IpAddr = text.parse().map_err(|_| IdentifierError::Address)?;
        // One address has one name: the mapped form of IPv6 would be a second one.
        let read = Self::from(Host::at(address)?);
        match read.value == text {
            true => Ok(read),
            false => Err(IdentifierError::Spelling(read.value)),
        }
    }

    /// Its kind.
    pub fn kind(&self) -> IdentifierKind {
        self.kind
    }

    /// The text, with a wildcard if there is one.
    pub fn value(&self) -> &str {
        &self.value
    }

    /// Whether it is a name with a wildcard.
    pub fn is_wildcard(&self) -> bool {
        self.kind == IdentifierKind::Dns && self.value.starts_with("*.")
    }

    /// The name without its wildcard, or the address: what an authorization is about (RFC 8555
    /// 7.1.4).
    pub fn base(&self) -> Self {
        let value = self.value.strip_prefix("*.").unwrap_or(&self.value).to_owned();
        Self { kind: self.kind, value }
    }

    /// The host as a certificate has it; nothing where a stored text is no address.
    pub fn to_host(&self) -> Option<Host> {
        match self.kind {
            IdentifierKind::Dns => Some(Host::Name(self.value.clone())),
            IdentifierKind::Ip => self.to_address().map(Host::Address),
        }
    }

    /// The address, if it is one.
    pub fn to_address(&self) -> Option<IpAddr> {
        match self.kind {
            IdentifierKind::Ip => self.value.parse().ok(),
            IdentifierKind::Dns => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(kind: &str, value: &str) -> Result<AcmeIdentifier, IdentifierError> {
        AcmeIdentifier::read(&SentIdentifier { kind: kind.into(), value: value.into() })
    }

    #[test]
    fn an_identifier_has_one_spelling() {
        for (kind, sent, value) in [
            ("dns", "WWW.Acme.Test", "www.acme.test"),
            ("dns", "*.acme.test", "*.acme.test"),
            ("dns", "xn--fiqs8s.acme.test", "xn--fiqs8s.acme.test"),
            ("ip", "127.0.0.1", "127.0.0.1"),
            ("ip", "2001:db8::1", "2001:db8::1"),
        ] {
            assert_eq!(read(kind, sent).unwrap().value(), value, "{sent}");
        }
        // RFC 8738 3: an address in another spelling is told which one it has.
        for sent in ["2001:DB8::1", "2001:db8:0:0:0:0:0:1", "2001:0db8::1", "2001:db8::0.0.0.1"] {
            let spelling = IdentifierError::Spelling("2001:db8::1".into());
            assert_eq!(read("ip", sent), Err(spelling), "{sent}");
        }
    }

    #[test]
    fn what_no_certificate_names_is_refused() {
        let long = format!("{}.test", "a".repeat(64));
        for (kind, value) in [
            ("dns", ""),
            ("dns", "acme.test."),
            ("dns", "-acme.test"),
            ("dns", "a..test"),
            ("dns", "*"),
            ("dns", "*.test"),
            ("dns", "*.*.acme.test"),
            ("dns", "a.*.test"),
            ("dns", "a_b.test"),
            ("dns", "acme.test:443"),
            ("dns", "证书.test"),
            ("dns", "acme.test\u{0}"),
            ("dns", " acme.test"),
            ("dns", long.as_str()),
            ("dns", "127.0.0.1"),
            ("dns", "::1"),
            ("ip", "acme.test"),
            ("ip", "127.0.0.1/8"),
            ("ip", "127.1"),
            ("ip", "::ffff:127.0.0.1"),
            ("ip", "*.127.0.0.1"),
            ("ip", "0.0.0.0"),
            ("ip", "ff02::1"),
            ("email", "a@acme.test"),
            ("DNS", "acme.test"),
        ] {
            assert!(read(kind, value).is_err(), "{kind} {value}");
        }
        assert_eq!(read("dns", "10.0.0.1"), Err(IdentifierError::AddressAsName));
        let mapped = IdentifierError::Name(HostError::Mapped([127, 0, 0, 1].into()));
        assert_eq!(read("ip", "::ffff:127.0.0.1"), Err(mapped));
    }

    #[test]
    fn an_authorization_is_about_the_name_without_its_wildcard() {
        let wildcard = read("dns", "*.acme.test").unwrap();
        assert!(wildcard.is_wildcard());
        assert_eq!(wildcard.base(), read("dns", "acme.test").unwrap());
        assert!(!wildcard.base().is_wildcard());
        assert_eq!(read("ip", "::1").unwrap().to_address(), Some("::1".parse().unwrap()));
    }
}
