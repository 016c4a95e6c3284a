//! Questions to a resolver and its answers (RFC 1035 4, RFC 8659 4.1), of the four types that a
//! validation asks for. An answer is bytes of a stranger: every place in it is looked at within its
//! length, names are followed back so often, and what does not fit is no answer.

mod message;

use crate::caa::CaaRecord;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use message::{Message, NAME_BYTES_MAX};

/// Largest message over UDP that is asked for (RFC 6891 6.2.5, as DNS flag day 2020 has it).
pub const UDP_BYTES_MAX: usize = 1_232;
/// Most records of an answer that are read.
const RECORDS_MAX: usize = 128;
/// The type of aliases (RFC 1035 3.2.2).
const CNAME: u16 = 5;

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordKind {
    /// Addresses of IPv4.
    A,
    /// Addresses of IPv6.
    Aaaa,
    /// Texts.
    Txt,
    /// Who may issue.
    Caa,
}

impl RecordKind {
    fn number(self) -> u16 {
        match self {
            Self::A => 1,
            Self::Aaaa => 28,
            Self::Txt => 16,
            Self::Caa => 257,
        }
    }
}

/// What a record says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DnsRecord {
    /// An address.
    Address(IpAddr),
    /// A text, its strings one behind the other.
    Text(Vec<u8>),
    /// Who may issue.
    Caa(CaaRecord),
    /// The name is an alias of this one, and nothing else is said.
    Alias(String),
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DnsError {
    /// The name cannot be asked for.
    #[error("域名无法查询 / the name cannot be asked for")]
    Name,
    /// These bytes answer nothing, or another question.
    #[error("应答无法读取 / the answer cannot be read")]
    Malformed,
    /// The answer is longer than its way carries.
    #[error("应答过长 / the answer is too long")]
    Truncated,
    /// The resolver says that it failed: SERVFAIL, REFUSED and their kin.
    #[error("解析服务返回错误 / the resolver failed")]
    Failed,
}

/// A question under an id, for a recursive resolver, with EDNS for answers of some size.
pub fn question(id: u16, name: &str, kind: RecordKind) -> Result<Vec<u8>, DnsError> {
    let mut message = Vec::with_capacity(64);
    message.extend(id.to_be_bytes());
    // RD; one question, one additional record.
    message.extend([0x01, 0x00, 0, 1, 0, 0, 0, 0, 0, 1]);
    message.extend(labels(name)?);
    message.extend(kind.number().to_be_bytes());
    message.extend([0, 1]);
    // OPT (RFC 6891 6.1.2): root, type 41, size, nothing else.
    let size = u16::try_from(UDP_BYTES_MAX).unwrap_or(512);
    message.extend([0, 0, 41]);
    message.extend(size.to_be_bytes());
    message.extend([0; 6]);
    Ok(message)
}

fn labels(name: &str) -> Result<Vec<u8>, DnsError> {
    let mut bytes = Vec::with_capacity(name.len() + 2);
    for label in name.split('.') {
        let length = u8::try_from(label.len()).map_err(|_| DnsError::Name)?;
        if !(1..=63).contains(&length) || !label.is_ascii() {
            return Err(DnsError::Name);
        }
        bytes.push(length);
        bytes.extend(label.bytes());
    }
    bytes.push(0);
    if bytes.len() > NAME_BYTES_MAX { Err(DnsError::Name) } else { Ok(bytes) }
}

/// The records of an answer to this question: those of its name, and of the names that its aliases
/// lead to, which a recursive resolver has followed; of one that has not, where to ask on. What an
/// answer says of other names is passed by. A name that does not exist has none.
pub fn answer(
    message: &[u8],
    id: u16,
    name: &str,
    kind: RecordKind,
) -> Result<Vec<DnsRecord>, DnsError> {
    let mut reader = Message { whole: message, at: 0 };
    let told = reader.number()?;
    let flags = reader.number()?;
    let [questions, answers] = [reader.number()?, reader.number()?];
    reader.skip(4)?;
    let is_response = flags & 0x8000 != 0 && flags & 0x7800 == 0;
    if told != id || !is_response || questions != 1 {
        return Err(DnsError::Malformed);
    }
    let asked = reader.name()?;
    let number = reader.number()?;
    reader.skip(2)?;
    if !asked.eq_ignore_ascii_case(name.as_bytes()) || number != kind.number() {
        return Err(DnsError::Malformed);
    }
    if flags & 0x0200 != 0 {
        return Err(DnsError::Truncated);
    }
    match flags & 0x000f {
        0 => {}
        3 => return Ok(Vec::new()),
        _ => return Err(DnsError::Failed),
    }
    if usize::from(answers) > RECORDS_MAX {
        return Err(DnsError::Malformed);
    }
    let told = sections(&mut reader, answers)?;
    let names = aliases(&told, &asked);
    let own = told.iter().filter(|one| one.number == kind.number() && names.contains(&one.owner));
    let found: Result<Vec<DnsRecord>, DnsError> =
        own.map(|one| record(kind, one.content)).collect();
    let mut found = found?;
    if let ([], [_, .., last]) = (found.as_slice(), names.as_slice()) {
        let name = String::from_utf8(last.clone()).map_err(|_| DnsError::Malformed)?;
        found.push(DnsRecord::Alias(name));
    }
    Ok(found)
}

/// A record of an answer, of the class of the internet.
struct Told<'a> {
    /// Whose it is, in lower case.
    owner: Vec<u8>,
    number: u16,
    content: &'a [u8],
    /// The name that it leads to, in lower case, if it is an alias.
    target: Option<Vec<u8>>,
}

fn sections<'a>(reader: &mut Message<'a>, answers: u16) -> Result<Vec<Told<'a>>, DnsError> {
    let mut told = Vec::new();
    for _ in 0..answers {
        let owner = reader.name()?.to_ascii_lowercase();
        let (number, class) = (reader.number()?, reader.number()?);
        reader.skip(4)?;
        let length = usize::from(reader.number()?);
        let begin = reader.at;
        let content = reader.take(length)?;
        if class != 1 {
            continue;
        }
        let target = match number {
            CNAME => {
                let mut within = Message { whole: reader.whole, at: begin };
                Some(within.name()?.to_ascii_lowercase())
            }
            _ => None,
        };
        told.push(Told { owner, number, content, target });
    }
    Ok(told)
}

/// A name and where the aliases of an answer lead from it, each once.
fn aliases(told: &[Told<'_>], name: &[u8]) -> Vec<Vec<u8>> {
    let mut names = vec![name.to_ascii_lowercase()];
    while let Some(target) = names.last().and_then(|name| led(told, name)) {
        if names.contains(&target) {
            break;
        }
        names.push(target);
    }
    names
}

fn led(told: &[Told<'_>], name: &[u8]) -> Option<Vec<u8>> {
    let alias = told.iter().find(|one| one.owner == name && one.target.is_some());
    alias.and_then(|one| one.target.clone())
}

fn record(kind: RecordKind, content: &[u8]) -> Result<DnsRecord, DnsError> {
    let malformed = |_| DnsError::Malformed;
    Ok(match kind {
        RecordKind::A => {
            let octets = <[u8; 4]>::try_from(content).map_err(malformed)?;
            DnsRecord::Address(IpAddr::V4(Ipv4Addr::from(octets)))
        }
        RecordKind::Aaaa => {
            let octets = <[u8; 16]>::try_from(content).map_err(malformed)?;
            DnsRecord::Address(IpAddr::V6(Ipv6Addr::from(octets)))
        }
        RecordKind::Txt => {
            let (mut reader, mut text) = (Message { whole: content, at: 0 }, Vec::new());
            while reader.at < content.len() {
                let length = usize::from(reader.octet()?);
                text.extend_from_slice(reader.take(length)?);
            }
            DnsRecord::Text(text)
        }
        RecordKind::Caa => {
            let mut reader = Message { whole: content, at: 0 };
            let (flags, length) = (reader.octet()?, usize::from(reader.octet()?));
            let tag = core::str::from_utf8(reader.take(length)?);
            let tag = tag.map_err(|_| DnsError::Malformed)?.to_owned();
            let value = reader.take(content.len().saturating_sub(reader.at))?.to_vec();
            DnsRecord::Caa(CaaRecord { is_critical: flags & 0x80 != 0, tag, value })
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An answer to a question with these records, which name the question by a pointer.
    fn told(kind: RecordKind, flags: u16, records: &[(u16, Vec<u8>)]) -> Vec<u8> {
        let mut message = question(7, "www.acme.test", kind).unwrap();
        message.truncate(message.len() - 11);
        message[2..4].copy_from_slice(&flags.to_be_bytes());
        message[6..8].copy_from_slice(&u16::try_from(records.len()).unwrap().to_be_bytes());
        message[10..12].copy_from_slice(&[0, 0]);
        for (number, content) in records {
            message.extend([0xc0, 12]);
            message.extend(number.to_be_bytes());
            message.extend([0, 1, 0, 0, 0, 60]);
            message.extend(u16::try_from(content.len()).unwrap().to_be_bytes());
            message.extend(content);
        }
        message
    }

    fn read(message: &[u8], kind: RecordKind) -> Result<Vec<DnsRecord>, DnsError> {
        answer(message, 7, "www.acme.test", kind)
    }

    const FINE: u16 = 0x8180;

    #[test]
    fn records_of_each_kind_are_read() {
        let address = told(RecordKind::A, FINE, &[(5, vec![0xc0, 12]), (1, vec![127, 0, 0, 1])]);
        let loopback = DnsRecord::Address("127.0.0.1".parse().unwrap());
        assert_eq!(read(&address, RecordKind::A), Ok(vec![loopback]));
        let text = told(RecordKind::Txt, FINE, &[(16, b"\x02ab\x01c".to_vec())]);
        assert_eq!(read(&text, RecordKind::Txt), Ok(vec![DnsRecord::Text(b"abc".to_vec())]));
        let caa = told(RecordKind::Caa, FINE, &[(257, b"\x80\x05issueca.test".to_vec())]);
        let record =
            CaaRecord { is_critical: true, tag: "issue".into(), value: b"ca.test".to_vec() };
        assert_eq!(read(&caa, RecordKind::Caa), Ok(vec![DnsRecord::Caa(record)]));
        let six = told(RecordKind::Aaaa, FINE, &[(28, vec![0; 16])]);
        assert_eq!(read(&six, RecordKind::Aaaa).unwrap().len(), 1);
    }

    #[test]
    fn an_answer_is_to_this_question() {
        let good = told(RecordKind::A, FINE, &[(1, vec![127, 0, 0, 1])]);
        assert_eq!(answer(&good, 8, "www.acme.test", RecordKind::A), Err(DnsError::Malformed));
        assert_eq!(answer(&good, 7, "acme.test", RecordKind::A), Err(DnsError::Malformed));
        assert_eq!(read(&good, RecordKind::Txt), Err(DnsError::Malformed));
        let question = question(7, "www.acme.test", RecordKind::A).unwrap();
        assert_eq!(read(&question, RecordKind::A), Err(DnsError::Malformed), "a question is none");
    }

    /// Whoever may speak for one name says nothing of another.
    #[test]
    fn what_an_answer_says_of_other_names_is_passed_by() {
        let owned = |records: &[(&[u8], u16, &[u8])]| -> Result<usize, DnsError> {
            let mut message = told(RecordKind::A, FINE, &[]);
            message[7] = u8::try_from(records.len()).unwrap();
            for (owner, number, content) in records {
                message.extend(*owner);
                message.extend(number.to_be_bytes());
                message.extend([0, 1, 0, 0, 0, 60, 0, u8::try_from(content.len()).unwrap()]);
                message.extend(*content);
            }
            let found = read(&message, RecordKind::A)?;
            Ok(found.into_iter().filter(|one| matches!(one, DnsRecord::Address(_))).count())
        };
        let (own, other) = (&[0xc0, 12][..], &b"\x05Other\x04test\x00"[..]);
        let address = &[127, 0, 0, 1][..];
        assert_eq!(owned(&[(own, 1, address), (other, 1, address)]), Ok(1));
        assert_eq!(owned(&[(other, 1, address)]), Ok(0));
        assert_eq!(owned(&[(own, CNAME, other), (other, 1, address)]), Ok(1));
        assert_eq!(owned(&[(other, 1, address), (own, CNAME, other)]), Ok(1), "in any order");
        let circle = [(own, CNAME, other), (other, CNAME, own), (&b"\x01x\x00"[..], 1, address)];
        assert_eq!(owned(&circle), Ok(0));
        assert_eq!(owned(&[(own, CNAME, &b"\x3fx"[..])]), Err(DnsError::Malformed));
    }

    #[test]
    fn an_alias_that_nobody_followed_says_where_to_ask_on() {
        let of = |target: &[u8]| {
            read(&told(RecordKind::A, FINE, &[(CNAME, target.to_vec())]), RecordKind::A)
        };
        assert_eq!(of(b"\x05Other\x04test\x00"), Ok(vec![DnsRecord::Alias("other.test".into())]));
        assert_eq!(of(&[0xc0, 12]), Ok(vec![]), "of itself");
        assert_eq!(of(b"\x01\xff\x00"), Err(DnsError::Malformed), "no text");
    }

    #[test]
    fn a_failure_is_no_empty_answer() {
        let with = |flags| read(&told(RecordKind::Caa, flags, &[]), RecordKind::Caa);
        assert_eq!(with(FINE), Ok(vec![]));
        assert_eq!(with(FINE | 3), Ok(vec![]), "no such name");
        for code in [1, 2, 4, 5] {
            assert_eq!(with(FINE | code), Err(DnsError::Failed), "{code}");
        }
        assert_eq!(with(FINE | 0x0200), Err(DnsError::Truncated));
    }

    /// Whatever is cut off or points in circles ends as no answer, and at once.
    #[test]
    fn bytes_of_strangers_are_read_within_their_length() {
        let good = told(RecordKind::Txt, FINE, &[(16, b"\x02ab".to_vec()), (16, b"\x00".to_vec())]);
        for length in 0..good.len() {
            assert!(read(&good[..length], RecordKind::Txt).is_err(), "{length}");
        }
        let mut circle = good.clone();
        circle[12] = 0xc0;
        circle[13] = 12;
        assert_eq!(read(&circle, RecordKind::Txt), Err(DnsError::Malformed));
        let long = told(RecordKind::Txt, FINE, &[(16, b"\x09ab".to_vec())]);
        assert_eq!(read(&long, RecordKind::Txt), Err(DnsError::Malformed));
        let short = told(RecordKind::A, FINE, &[(1, vec![127])]);
        assert_eq!(read(&short, RecordKind::A), Err(DnsError::Malformed));
        let many = vec![(16, b"\x01a".to_vec()); 129];
        assert_eq!(
            read(&told(RecordKind::Txt, FINE, &many), RecordKind::Txt),
            Err(DnsError::Malformed)
        );
    }

    #[test]
    fn names_that_dns_does_not_carry_are_not_asked_for() {
        for name in ["", ".", "a..b", "证书.test"] {
            assert_eq!(question(1, name, RecordKind::A), Err(DnsError::Name), "{name}");
        }
        assert!(question(1, &"a".repeat(64), RecordKind::A).is_err());
        assert!(question(1, &["a"; 128].join("."), RecordKind::A).is_err());
        assert!(question(1, &["a"; 120].join("."), RecordKind::A).is_ok());
    }
}
