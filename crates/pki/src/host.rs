//! Host names and addresses: one rule for orders, configurations, certificates and the lint (RFC
//! 1123 2.1, RFC 5280 4.2.1.6, RFC 5890). Names are written as certificates carry them: lower case,
//! international ones as A-labels; nothing is changed silently, what to write is said instead.

pub mod configured;
mod scope;
#[cfg(test)]
mod tests;

pub use scope::covers;

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use idna::uts46::{AsciiDenyList, DnsLength, Hyphens, Uts46};

/// Longest name and longest label in bytes (RFC 1035 2.3.4).
const NAME_BYTES_MAX: usize = 253;
const LABEL_BYTES_MAX: usize = 63;

/// Why a text is no host.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HostError {
    /// Nothing, or nothing between two dots, before the first or behind the last.
    #[error("主机名有空的一段 / the host name has an empty label")]
    Empty,
    /// Longer than DNS carries.
    #[error("主机名或其中一段过长 / the host name or a label of it is too long")]
    TooLong,
    /// A port, a scheme or a path stands with it.
    #[error("只写主机名，不带端口、协议和路径 / the name alone, without port, scheme and path")]
    NotAlone,
    /// No address of a web server.
    #[error("地址应为 https://主机名:端口 / an address is https://HOST:PORT")]
    Scheme,
    /// The name has upper case.
    #[error("主机名用小写：{0} / host names are written in lower case: {0}")]
    UpperCase(String),
    /// Letters outside of ASCII.
    #[error("中文域名写成 {0} / write an international name as {0}")]
    International(String),
    /// A character that no host name has.
    #[error("主机名不能含有 {0:?} / a host name cannot have {0:?}")]
    Character(char),
    /// A label that begins or ends with a hyphen, or that DNS keeps for itself.
    #[error("这一段不是域名：{0} / this is no label of a host name: {0}")]
    Label(String),
    /// A number at its end, as addresses have one, and no address.
    #[error("{0} 既不是主机名也不是地址 / {0} is neither a name nor an address")]
    Numeric(String),
    /// An address, where only a name serves.
    #[error("此处需要主机名，不能用地址 / a host name is needed here, not an address")]
    Address,
    /// A name or anything else, where only an address serves.
    #[error("此处需要地址，不能用主机名 / an address is needed here, not a host name")]
    NoAddress,
    /// An address of IPv4 as IPv6 maps it (RFC 4291 2.5.5.2): no client asks for it so.
    #[error("地址写成 {0} / write this address as {0}")]
    Mapped(Ipv4Addr),
    /// An address that no host has: of any, of many or of all.
    #[error("{0} 不是一台主机的地址 / {0} is no address of one host")]
    OfNoHost(IpAddr),
    /// A wildcard, where the profile allows none.
    #[error("证书模板不允许通配符 / the profile allows no wildcard")]
    Wildcard,
}

/// A host as certificates name it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Host {
    /// The host is a dNSName (RFC 5280 4.2.1.6).
    Name(String),
    /// The host is an iPAddress (RFC 5280 4.2.1.6).
    Address(IpAddr),
}

impl Host {
    /// Reads a name or an address; no wildcard.
    pub fn read(text: &str) -> Result<Self, HostError> {
        Self::read_for(text, false)
    }

    /// Reads a name or an address for a profile: its first label may be `*` where that is allowed.
    pub fn read_for(text: &str, wildcards: bool) -> Result<Self, HostError> {
        if let Ok(address) = text.parse() {
            return Self::at(address);
        }
        match text.strip_prefix("*.") {
            Some(_) if !wildcards => Err(HostError::Wildcard),
            // A wildcard stands for one label below a name of at least two.
            Some(under) if !under.contains('.') => Err(HostError::Label(text.to_owned())),
            // It counts as a label: what it stands for has to fit as well.
            Some(_) if text.len() > NAME_BYTES_MAX => Err(HostError::TooLong),
            Some(under) => match check(under) {
                Ok(()) => Ok(Self::Name(text.to_owned())),
                Err(HostError::International(to)) => {
                    Err(HostError::International(format!("*.{to}")))
                }
                Err(HostError::UpperCase(to)) => Err(HostError::UpperCase(format!("*.{to}"))),
                Err(other) => Err(other),
            },
            None => check(text).map(|()| Self::Name(text.to_owned())),
        }
    }

    /// The host at an address, which is one that clients reach and ask for.
    pub fn at(address: IpAddr) -> Result<Self, HostError> {
        if let IpAddr::V6(six) = address
            && let Some(four) = six.to_ipv4_mapped()
        {
            return Err(HostError::Mapped(four));
        }
        let is_of_all = address == IpAddr::V4(Ipv4Addr::BROADCAST);
        if address.is_unspecified() || address.is_multicast() || is_of_all {
            return Err(HostError::OfNoHost(address));
        }
        Ok(Self::Address(address))
    }

    /// Reads an address, where a name does not serve.
    pub fn read_ip(text: &str) -> Result<IpAddr, HostError> {
        let address: IpAddr = text.parse().map_err(|_| HostError::NoAddress)?;
        Self::at(address).map(|_| address)
    }

    /// Reads a name, where an address does not serve: what browsers and gates compare.
    pub fn read_name(text: &str) -> Result<String, HostError> {
        match Self::read(text)? {
            Self::Name(name) => Ok(name),
            Self::Address(_) => Err(HostError::Address),
        }
    }
}

impl core::fmt::Display for Host {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::Address(address) => write!(f, "{address}"),
        }
    }
}

/// Reads the address of a server, as files give it: `http` or `https`, a host, a port where it is
/// another than usual, and whatever path. The address is taken as it stands.
pub fn read_address(text: &str) -> Result<String, HostError> {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let rest = rest.ok_or(HostError::Scheme)?;
    let authority = rest.split('/').next().unwrap_or_default();
    // Those of IPv6 stand in brackets, so that their colons begin no port.
    let (host, port) = match authority.strip_prefix('[').map(|within| within.split_once(']')) {
        Some(Some((within, behind))) => {
            within.parse::<Ipv6Addr>().map_err(|_| HostError::Scheme)?;
            (None, behind)
        }
        Some(None) => return Err(HostError::Scheme),
        None => {
            let at = authority.find(':').unwrap_or(authority.len());
            let (host, port) = authority.split_at(at);
            (Some(host), port)
        }
    };
    let is_port = |port: &str| port.parse::<u16>().is_ok_and(|port| port > 0);
    if !port.is_empty() && !port.strip_prefix(':').is_some_and(is_port) {
        return Err(HostError::Scheme);
    }
    host.map(Host::read).transpose()?;
    Ok(text.to_owned())
}

/// What an international name reads as, where one of its labels is an A-label that stands for
/// letters (RFC 5890 2.3.2.1); a wildcard in front of it stays.
pub fn in_letters(name: &str) -> Option<String> {
    let (before, rest) = name.strip_prefix("*.").map_or(("", name), |rest| ("*.", rest));
    if !rest.split('.').any(|label| label.starts_with("xn--")) {
        return None;
    }
    let (text, told) = idna::domain_to_unicode(rest);
    (told.is_ok() && text != rest).then(|| format!("{before}{text}"))
}

fn check(name: &str) -> Result<(), HostError> {
    if name.is_empty() {
        return Err(HostError::Empty);
    }
    // An address of one interface, which nobody else reaches by it.
    if name.split_once('%').is_some_and(|(address, _)| address.parse::<Ipv6Addr>().is_ok()) {
        return Err(HostError::Character('%'));
    }
    if name.contains([':', '/', '[', ']']) {
        return Err(HostError::NotAlone);
    }
    if !name.is_ascii() {
        return Err(international(name));
    }
    if let Some(odd) = name.chars().find(|c| is_odd(*c)) {
        return Err(HostError::Character(odd));
    }
    if name.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Err(HostError::UpperCase(name.to_ascii_lowercase()));
    }
    if name.len() > NAME_BYTES_MAX {
        return Err(HostError::TooLong);
    }
    name.split('.').try_for_each(label)?;
    // What ends in a number is read as an address by many, and as another one than is meant;
    // browsers read hexadecimal ones as well ("ends in a number", URL Standard 3.5).
    let last = name.rsplit('.').next().unwrap_or_default();
    let hexadecimal =
        last.strip_prefix("0x").is_some_and(|rest| rest.bytes().all(|b| b.is_ascii_hexdigit()));
    if hexadecimal || last.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(HostError::Numeric(name.to_owned()));
    }
    Ok(())
}

/// Whether a character of ASCII stands in no host name.
fn is_odd(c: char) -> bool {
    c.is_ascii() && !(c.is_ascii_alphanumeric() || matches!(c, '-' | '.'))
}

/// What to write for a name with letters outside of ASCII, or what is the matter with it: the first
/// character that no name has, else an empty label, else the label that is none.
fn international(name: &str) -> HostError {
    if let Ok(ascii) = idna::domain_to_ascii_strict(name) {
        return HostError::International(ascii);
    }
    if let Some(odd) = name.chars().find(|c| is_odd(*c) || is_in_no_name(*c)) {
        return HostError::Character(odd);
    }
    // Dots of other scripts are read as ours (RFC 3490 3.1).
    let labels = || name.split(['.', '\u{3002}', '\u{ff0e}', '\u{ff61}']);
    if labels().any(str::is_empty) {
        return HostError::Empty;
    }
    match labels().find(|label| idna::domain_to_ascii_strict(label).is_err()) {
        Some(label) if !is_label_of_any_length(label) => HostError::Label(label.to_owned()),
        _ => HostError::TooLong,
    }
}

/// Whether a character outside of ASCII stands in no name: neither alone nor between letters that
/// are written from left to right, or from right to left.
fn is_in_no_name(c: char) -> bool {
    let beside = [String::from(c), format!("a{c}a"), format!("\u{5d0}{c}\u{5d0}")];
    !c.is_ascii() && beside.iter().all(|name| idna::domain_to_ascii_strict(name).is_err())
}

fn is_label_of_any_length(label: &str) -> bool {
    let (denied, hyphens) = (AsciiDenyList::STD3, Hyphens::Check);
    Uts46::new().to_ascii(label.as_bytes(), denied, hyphens, DnsLength::Ignore).is_ok()
}

fn label(label: &str) -> Result<(), HostError> {
    if label.is_empty() {
        return Err(HostError::Empty);
    }
    if label.len() > LABEL_BYTES_MAX {
        return Err(HostError::TooLong);
    }
    let international = label.starts_with("xn--");
    let reserved = label.get(2..4) == Some("--") && !international;
    // An A-label is the one that its own text gives.
    let own = || {
        let (text, told) = idna::domain_to_unicode(label);
        let ascii = idna::domain_to_ascii_strict(&text);
        told.is_ok() && !text.is_ascii() && ascii.is_ok_and(|ascii| ascii == label)
    };
    if label.starts_with('-') || label.ends_with('-') || reserved || (international && !own()) {
        return Err(HostError::Label(label.to_owned()));
    }
    Ok(())
}
