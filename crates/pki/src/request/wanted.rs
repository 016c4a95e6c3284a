//! The names that a request of a system asks for. Whatever else it asks for has to be something
//! that a certificate of a system has anyway; nothing else of a request ever stands in one.

use super::{CertificationRequest, Info};
use crate::alternative_name::{ADDRESS, DNS};
use crate::extension::Extension;
use crate::host::{Host, HostError};
use crate::name::{DistinguishedName, text_of};
use crate::oid;
use crate::raw::{Signed, sequence};
use core::net::IpAddr;
use der::asn1::{Any, BitString, ObjectIdentifier};
use der::{Decode, Sequence, Tag, Tagged};

/// Most names of one request.
pub const WANTED_NAMES_MAX: usize = 100;

/// Longest challengePassword (RFC 2985 5.4.1).
const CHALLENGE_BYTES_MAX: usize = 255;

/// keyCertSign and cRLSign in the first octet of keyUsage (RFC 5280 4.2.1.3).
const SIGNS_FOR_OTHERS: u8 = 0x04 | 0x02;

/// Why the names of a request are not taken.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WantedError {
    /// Its extensions are not DER, or stand there twice.
    #[error("请求中的扩展不正确 / the extensions of the request are not well formed")]
    Malformed,
    /// It asks for what no certificate of a system has.
    #[error("请求中的扩展 {0} 不予签发 / no certificate is issued with the extension {0}")]
    Extension(String),
    /// A mail address, an address of a page or another kind of name.
    #[error("只签发主机名和地址 / only host names and addresses are certified")]
    Kind,
    /// A name that no certificate has.
    #[error(transparent)]
    Host(#[from] HostError),
    /// None at all.
    #[error("请求中没有名称 / the request names nothing")]
    Nothing,
    /// More than [`WANTED_NAMES_MAX`].
    #[error("请求中的名称至多 100 个 / a request has 100 names at most")]
    TooMany,
}

#[derive(Sequence)]
struct RequestAttribute {
    kind: ObjectIdentifier,
    /// SET OF
    values: Any,
}

/// The hosts that a subject and extensions name, each once: those of subjectAltName in their order,
/// then those of common names (RFC 8555 7.4). Names are read in lower case, as DNS compares them.
pub fn wanted_hosts(
    subject: &DistinguishedName,
    extensions: &[Extension],
) -> Result<Vec<Host>, WantedError> {
    let mut hosts = Vec::new();
    let mut has_names = false;
    for extension in extensions {
        if extension.id != oid::SUBJECT_ALT_NAME {
            judge(extension)?;
            continue;
        }
        if std::mem::replace(&mut has_names, true) {
            return Err(WantedError::Malformed);
        }
        let names = Vec::<Any>::from_der(extension.value.as_bytes()).map_err(malformed)?;
        if names.len() > WANTED_NAMES_MAX {
            return Err(WantedError::TooMany);
        }
        for name in names {
            hosts.push(host(&name)?);
        }
    }
    for text in subject.values(oid::COMMON_NAME) {
        hosts.push(Host::read_for(&text.to_ascii_lowercase(), true)?);
    }
    let mut once: Vec<Host> = Vec::new();
    for host in hosts {
        if !once.contains(&host) {
            once.push(host);
        }
    }
    match once.len() {
        0 => Err(WantedError::Nothing),
        1..=WANTED_NAMES_MAX => Ok(once),
        _ => Err(WantedError::TooMany),
    }
}

impl CertificationRequest {
    /// The hosts that it names, as [`wanted_hosts`] reads them.
    pub fn wanted(&self) -> Result<Vec<Host>, WantedError> {
        wanted_hosts(&self.subject, &self.wanted_extensions()?)
    }

    /// What its challengePassword says (RFC 2985 5.4.1), if it has one.
    pub fn challenge(&self) -> Result<Option<String>, WantedError> {
        challenge_of(&self.der)
    }

    /// What its extensionRequest holds (RFC 2985 5.4.2), or the same as Windows wrote it before;
    /// other attributes ask for nothing here.
    fn wanted_extensions(&self) -> Result<Vec<Extension>, WantedError> {
        let standard = attribute(&self.der, oid::EXTENSION_REQUEST)?;
        match (standard, attribute(&self.der, oid::EXTENSION_REQUEST_OF_WINDOWS)?) {
            // Its set has one value.
            (Some(values), None) | (None, Some(values)) => {
                Vec::<Extension>::from_der(values.value()).map_err(malformed)
            }
            (None, None) => Ok(Vec::new()),
            (Some(_), Some(_)) => Err(WantedError::Malformed),
        }
    }
}

/// What the challengePassword of a PKCS#10 says, whoever signed that.
pub fn challenge_of(der: &[u8]) -> Result<Option<String>, WantedError> {
    let Some(values) = attribute(der, oid::CHALLENGE_PASSWORD)? else { return Ok(None) };
    let text = Any::from_der(values.value()).map_err(malformed)?;
    let is_text = matches!(
        text.tag(),
        Tag::PrintableString
            | Tag::Utf8String
            | Tag::Ia5String
            | Tag::TeletexString
            | Tag::BmpString
    );
    let read = text_of(&text).filter(|_| is_text);
    let read = read.filter(|text| (1..=CHALLENGE_BYTES_MAX).contains(&text.len()));
    read.map(Some).ok_or(WantedError::Malformed)
}

/// The values of an attribute of a PKCS#10, which stands there once if at all.
fn attribute(der: &[u8], kind: ObjectIdentifier) -> Result<Option<Any>, WantedError> {
    let content = Signed::read(der).and_then(|signed| signed.content());
    let info = Info::from_der(&content.map_err(malformed)?).map_err(malformed)?;
    let Some(set) = info.attributes else { return Ok(None) };
    let listed = sequence(set.value()).map_err(malformed)?;
    let attributes = Vec::<RequestAttribute>::from_der(&listed).map_err(malformed)?;
    let mut wanted = attributes.into_iter().filter(|one| one.kind == kind);
    let Some(one) = wanted.next() else { return Ok(None) };
    match wanted.next() {
        None if one.values.tag() == Tag::Set => Ok(Some(one.values)),
        _ => Err(WantedError::Malformed),
    }
}

fn malformed(_: der::Error) -> WantedError {
    WantedError::Malformed
}

/// A name of subjectAltName.
fn host(name: &Any) -> Result<Host, WantedError> {
    let bytes = name.value();
    match name.tag() {
        DNS => {
            let text = core::str::from_utf8(bytes).map_err(|_| WantedError::Kind)?;
            match Host::read_for(&text.to_ascii_lowercase(), true)? {
                Host::Name(name) => Ok(Host::Name(name)),
                // An address stands there as what it is.
                Host::Address(_) => Err(WantedError::Kind),
            }
        }
        ADDRESS => {
            let four = <[u8; 4]>::try_from(bytes).map(IpAddr::from);
            let sixteen = || <[u8; 16]>::try_from(bytes).map(IpAddr::from);
            let address = four.or_else(|_| sixteen()).map_err(|_| WantedError::Malformed)?;
            Host::at(address).map_err(WantedError::Host)
        }
        _ => Err(WantedError::Kind),
    }
}

/// Whether a certificate of a system has what is asked for, or it says nothing that we would not
/// say: no CA, no purpose but those of TLS.
pub(crate) fn judge(extension: &Extension) -> Result<(), WantedError> {
    let (id, value) = (extension.id, extension.value.as_bytes());
    let is_ours = if id == oid::BASIC_CONSTRAINTS {
        // cA is FALSE by default; some write it out.
        matches!(value, [0x30, 0x00] | [0x30, 0x03, 0x01, 0x01, 0x00])
    } else if id == oid::KEY_USAGE {
        let bits = BitString::from_der(value).map_err(malformed)?;
        bits.raw_bytes().first().is_none_or(|first| first & SIGNS_FOR_OTHERS == 0)
    } else if id == oid::EXTENDED_KEY_USAGE {
        let purposes = Vec::<ObjectIdentifier>::from_der(value).map_err(malformed)?;
        purposes.iter().all(|one| [oid::SERVER_AUTH, oid::CLIENT_AUTH].contains(one))
    } else {
        id == oid::SUBJECT_KEY_IDENTIFIER
    };
    if is_ours { Ok(()) } else { Err(WantedError::Extension(id.to_string())) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::extension::{self, extended_key_usage, key_usage, subject_alt_name};
    use crate::possession::Possession;
    use crate::raw::{assemble, wrap};
    use der::Encode;

    /// The base point of P-256 as a SubjectPublicKeyInfo.
    const KEY: &str = concat!(
        "3059301306072a8648ce3d020106082a8648ce3d030107034200046b17d1f2e12c4247f8bce6e563a440f2",
        "77037d812deb33a0f4a13945d898c2964fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb640",
        "6837bf51f5",
    );

    /// A request with these extensions and this subject; its signature is nobody's.
    fn request(subject: &[u8], extensions: Vec<Extension>) -> CertificationRequest {
        request_by(&[oid::EXTENSION_REQUEST], subject, extensions)
    }

    /// The same with the extensions in each of these attributes.
    fn request_by(
        kinds: &[ObjectIdentifier],
        subject: &[u8],
        extensions: Vec<Extension>,
    ) -> CertificationRequest {
        let key = data_encoding::HEXLOWER.decode(KEY.as_bytes()).unwrap();
        let mut content = 0u8.to_der().unwrap();
        content.extend(subject);
        content.extend(key);
        let list = extensions.to_der().unwrap();
        let attributes = kinds.iter().flat_map(|kind| {
            let values = wrap(0x31, &list).unwrap();
            sequence(&[kind.to_der().unwrap(), values].concat()).unwrap()
        });
        content.extend(wrap(0xa0, &attributes.collect::<Vec<u8>>()).unwrap());
        let algorithm = crate::algorithm::by_name("p256").unwrap().signature_identifier().unwrap();
        let der = assemble(&sequence(&content).unwrap(), &algorithm, &[0]).unwrap();
        CertificationRequest::read_with(&der, |_: &Possession<'_>| true).unwrap()
    }

    fn named(names: &[&str]) -> Extension {
        let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
        subject_alt_name(&names, &[]).unwrap()
    }

    const NOBODY: &[u8] = &[0x30, 0x00];

    fn common(name: &str) -> Vec<u8> {
        let text = der::asn1::Utf8StringRef::new(name).unwrap().to_der().unwrap();
        let attribute = [oid::COMMON_NAME.to_der().unwrap(), text].concat();
        sequence(&wrap(0x31, &sequence(&attribute).unwrap()).unwrap()).unwrap()
    }

    fn texts(request: &CertificationRequest) -> Vec<String> {
        request.wanted().unwrap().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn names_come_from_the_extension_and_from_the_common_name_each_once() {
        let all = ["b.acme.test", "*.acme.test", "127.0.0.1", "::1"];
        assert_eq!(texts(&request(NOBODY, vec![named(&all)])), all);
        let both = request(&common("B.acme.test"), vec![named(&all)]);
        assert_eq!(texts(&both), all);
        let other = request(&common("a.acme.test"), vec![named(&["b.acme.test"])]);
        assert_eq!(texts(&other), ["b.acme.test", "a.acme.test"]);
        assert_eq!(texts(&request(&common("a.acme.test"), Vec::new())), ["a.acme.test"]);
        assert_eq!(request(NOBODY, Vec::new()).wanted(), Err(WantedError::Nothing));
    }

    /// Where older programs of Windows write what they ask for is read as well: a name that stands
    /// there is not passed over. In both places at once it stands twice.
    #[test]
    fn a_request_of_older_programs_of_windows_is_read() {
        let own = oid::EXTENSION_REQUEST_OF_WINDOWS;
        let read = request_by(&[own], &common("a.acme.test"), vec![named(&["b.acme.test"])]);
        assert_eq!(texts(&read), ["b.acme.test", "a.acme.test"]);
        let more = vec![named(&["a.test"]), extension::ca_constraints(None).unwrap()];
        let refused = request_by(&[own], NOBODY, more).wanted();
        assert!(matches!(refused, Err(WantedError::Extension(_))));
        for kinds in [[own, own], [own, oid::EXTENSION_REQUEST]] {
            let twice = request_by(&kinds, NOBODY, vec![named(&["a.test"])]);
            assert_eq!(twice.wanted(), Err(WantedError::Malformed));
        }
    }

    /// The challenge is a text, and stands there once.
    #[test]
    fn a_challenge_is_read_as_it_stands() {
        let challenge = |values: &[u8]| {
            let attribute = [oid::CHALLENGE_PASSWORD.to_der().unwrap(), values.to_vec()].concat();
            sequence(&attribute).unwrap()
        };
        let read = |attributes: &[Vec<u8>]| {
            let key = data_encoding::HEXLOWER.decode(KEY.as_bytes()).unwrap();
            let set = wrap(0xa0, &attributes.concat()).unwrap();
            let content = [0u8.to_der().unwrap(), NOBODY.to_vec(), key, set].concat();
            let algorithm = crate::algorithm::by_name("p256").unwrap().signature_identifier();
            let content = sequence(&content).unwrap();
            challenge_of(&assemble(&content, &algorithm.unwrap(), &[0]).unwrap())
        };
        let values = |tag: u8, text: &[u8]| wrap(0x31, &wrap(tag, text).unwrap()).unwrap();
        assert_eq!(read(&[]), Ok(None));
        for tag in [0x0c, 0x13, 0x14, 0x16] {
            let told = read(&[challenge(&values(tag, b"inner.00.secret"))]);
            assert_eq!(told, Ok(Some("inner.00.secret".to_owned())));
        }
        let wide = read(&[challenge(&values(0x1e, b"\0a\0.\0b"))]);
        assert_eq!(wide, Ok(Some("a.b".to_owned())));
        let good = challenge(&values(0x13, b"secret"));
        let two = wrap(0x31, &[wrap(0x13, b"a").unwrap(), wrap(0x13, b"b").unwrap()].concat());
        for wrong in [
            vec![good.clone(), good.clone()],
            vec![challenge(&two.unwrap())],
            vec![challenge(&values(0x04, b"secret"))],
            vec![challenge(&values(0x13, b""))],
            vec![challenge(&values(0x13, &[b'a'; CHALLENGE_BYTES_MAX + 1]))],
            vec![challenge(&values(0x0c, &[0xff]))],
        ] {
            assert_eq!(read(&wrong), Err(WantedError::Malformed));
        }
        assert_eq!(challenge_of(b"noise"), Err(WantedError::Malformed));
    }

    #[test]
    fn what_is_no_host_is_refused() {
        let mail = subject_alt_name(&[], &["a@acme.test".to_owned()]).unwrap();
        assert_eq!(request(NOBODY, vec![mail]).wanted(), Err(WantedError::Kind));
        let written = wrap(0x82, b"127.0.0.1").unwrap();
        let mut as_name = named(&["a.test"]);
        as_name.value = der::asn1::OctetString::new(sequence(&written).unwrap()).unwrap();
        assert_eq!(request(NOBODY, vec![as_name]).wanted(), Err(WantedError::Kind));
        let twice = vec![named(&["a.test"]), named(&["b.test"])];
        assert_eq!(request(NOBODY, twice).wanted(), Err(WantedError::Malformed));
        for (address, why) in [
            ("::ffff:10.0.0.1", HostError::Mapped([10, 0, 0, 1].into())),
            ("0.0.0.0", HostError::OfNoHost([0, 0, 0, 0].into())),
        ] {
            let told = request(NOBODY, vec![named(&[address])]).wanted();
            assert_eq!(told, Err(WantedError::Host(why)));
        }
        let odd = request(&common("王小明"), vec![named(&["a.test"])]);
        assert!(matches!(odd.wanted(), Err(WantedError::Host(_))));
        let many: Vec<String> = (0..=WANTED_NAMES_MAX).map(|one| format!("a{one}.test")).collect();
        let many = subject_alt_name(&many, &[]).unwrap();
        assert_eq!(request(NOBODY, vec![many]).wanted(), Err(WantedError::TooMany));
    }

    #[test]
    fn nobody_asks_for_more_than_names() {
        let names = || named(&["a.test"]);
        let usages = |names: &[&str]| {
            let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
            key_usage(&names).unwrap()
        };
        let fine = vec![
            names(),
            usages(&["digitalSignature", "keyEncipherment"]),
            extended_key_usage(&[oid::SERVER_AUTH, oid::CLIENT_AUTH], false).unwrap(),
            extension::subject_key_identifier(&[1; 20]).unwrap(),
        ];
        assert_eq!(texts(&request(NOBODY, fine)), ["a.test"]);
        let policy = extension::policy(oid::ANY_POLICY).unwrap();
        for more in [
            extension::ca_constraints(None).unwrap(),
            usages(&["digitalSignature", "keyCertSign"]),
            usages(&["cRLSign"]),
            extended_key_usage(&[oid::SERVER_AUTH, oid::OCSP_SIGNING], false).unwrap(),
            policy,
            extension::ocsp_nocheck().unwrap(),
        ] {
            let id = more.id.to_string();
            let refused = request(NOBODY, vec![names(), more]).wanted();
            assert_eq!(refused, Err(WantedError::Extension(id.clone())), "{id}");
        }
    }
}
