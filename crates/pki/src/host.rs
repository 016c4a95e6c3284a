//! Host names and addresses: one rule for orders, configurations, certificates and the lint (RFC
//! 1123 2.1, RFC 5280 4.2.1.6, RFC 5890). Names are written as certificates carry them: lower case,
//! international ones as A-labels; nothing is changed silently, what to write is said instead.

pub mod configured;
mod scope;

pub use scope::covers;

use core::net::{IpAddr, Ipv6Addr};
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
            return Ok(Self::Address(address));
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

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> HostError {
        Host::read(text).unwrap_err()
    }

    #[test]
    fn names_and_addresses_are_told_apart() {
        for name in [
            "localhost",
            "portal.p9.example",
            "a-b.cn",
            "xn--fiq228c.cn",
            "3com.cn",
            "1.a",
            "0xg.cn",
            "a.0xg",
        ] {
            assert_eq!(Host::read_name(name).as_deref(), Ok(name));
        }
        for address in ["10.0.0.1", "::1", "2001:db8::9"] {
            assert_eq!(Host::read(address), Ok(Host::Address(address.parse().unwrap())));
            assert_eq!(Host::read_name(address), Err(HostError::Address));
        }
        for none in ["1.2.3", "256.1.1.1", "10.0.0", "p9.1", "1.2.3.0x4", "p9.0x7f", "a.0x", "0x1"]
        {
            assert_eq!(refused(none), HostError::Numeric(none.into()));
        }
    }

    #[test]
    fn whoever_is_refused_is_told_what_to_write() {
        assert_eq!(refused("中文.cn"), HostError::International("xn--fiq228c.cn".into()));
        assert_eq!(refused("门户.cn:443"), HostError::NotAlone);
        assert_eq!(refused("https://a.cn"), HostError::NotAlone);
        assert_eq!(refused("Portal.cn"), HostError::UpperCase("portal.cn".into()));
        assert_eq!(refused("p_9.example"), HostError::Character('_'));
        assert_eq!(refused("a b.cn"), HostError::Character(' '));
        assert_eq!(refused("A_b.cn"), HostError::Character('_'));
        assert_eq!(refused("fe80::1%eth0"), HostError::Character('%'));
        for empty in ["", ".", "a..cn", ".cn", "a.cn."] {
            assert_eq!(refused(empty), HostError::Empty, "{empty}");
        }
        for label in ["-a.cn", "a-.cn", "ab--c.cn", "xn--.cn", "xn--zzzzzzzzzz99.cn", "xn--abc-.cn"]
        {
            assert!(matches!(refused(label), HostError::Label(_)), "{label}");
        }
        let long = "a".repeat(64);
        assert_eq!(refused(&format!("{long}.cn")), HostError::TooLong);
        assert_eq!(refused(&format!("{}cn", "abc.".repeat(64))), HostError::TooLong);
    }

    /// What is the matter with an international name is not its first letter.
    #[test]
    fn of_an_international_name_it_is_told_what_is_the_matter() {
        for (name, odd) in [
            ("李\u{202e}.cn", '\u{202e}'),
            ("门户_1.cn", '_'),
            ("门户＿1.cn", '＿'),
            ("门 户.cn", ' '),
            ("门\u{3000}户.cn", '\u{3000}'),
            ("门户.cn@x", '@'),
        ] {
            assert_eq!(refused(name), HostError::Character(odd), "{name}");
        }
        for empty in ["门户.cn.", "门户..cn", ".门户.cn", "门户。cn。"] {
            assert_eq!(refused(empty), HostError::Empty, "{empty}");
        }
        assert_eq!(refused("-门户.cn"), HostError::Label("-门户".into()));
        let long = "门".repeat(63);
        assert_eq!(refused(&format!("{long}.cn")), HostError::TooLong);
        assert_eq!(refused("门户。cn"), HostError::International("xn--zoup46i.cn".into()));
    }

    #[test]
    fn an_international_name_is_read_in_letters() {
        assert_eq!(in_letters("xn--fiq228c.cn").as_deref(), Some("中文.cn"));
        assert_eq!(in_letters("*.a.xn--fiq228c.cn").as_deref(), Some("*.a.中文.cn"));
        for plain in ["a.cn", "*.a.cn", "10.0.0.1", "xn--zzzzzzzzzz99.cn", ""] {
            assert_eq!(in_letters(plain), None, "{plain}");
        }
    }

    #[test]
    fn an_address_names_its_host_as_certificates_do() {
        for address in [
            "https://portal.example",
            "https://portal.example:8443",
            "http://localhost:9005/log",
            "https://10.0.0.1:1",
            "https://[::1]:8443",
        ] {
            assert_eq!(read_address(address).as_deref(), Ok(address));
        }
        for (none, why) in [
            ("portal.example", HostError::Scheme),
            ("ftp://portal.example", HostError::Scheme),
            ("https://portal.example:", HostError::Scheme),
            ("https://portal.example:99999", HostError::Scheme),
            ("https://portal.example:0", HostError::Scheme),
            ("https://[::1", HostError::Scheme),
            ("https://[a.cn]", HostError::Scheme),
            ("https://Portal.example", HostError::UpperCase("portal.example".into())),
            ("https://中文.cn:443", HostError::International("xn--fiq228c.cn".into())),
            ("https://a@b.cn", HostError::Character('@')),
            ("https://", HostError::Empty),
        ] {
            assert_eq!(read_address(none), Err(why), "{none}");
        }
    }

    #[test]
    fn a_wildcard_needs_a_profile_that_says_so() {
        assert_eq!(refused("*.p9.example"), HostError::Wildcard);
        assert!(Host::read_for("*.p9.example", true).is_ok());
        let told = Host::read_for("*.中文.CN", true);
        assert_eq!(told, Err(HostError::International("*.xn--fiq228c.cn".into())));
        for none in ["*.p9", "*", "a.*.cn", "**.p9.example", "*a.p9.example"] {
            assert!(Host::read_for(none, true).is_err(), "{none}");
        }
        let long = |last: usize| format!("*.{0}.{0}.{0}.{1}.cn", "a".repeat(61), "b".repeat(last));
        assert_eq!(long(62).len(), 253);
        assert!(Host::read_for(&long(62), true).is_ok());
        assert_eq!(Host::read_for(&long(63), true), Err(HostError::TooLong));
    }
}
