//! Files of people: PEM as programs of others write it (RFC 7468 with the lax grammar of its
//! section 3), the base64 of one without its boundaries, or the DER itself. Text around blocks may
//! be in any encoding, white space in them is ignored; a block that cannot be decoded is an error
//! and never left out.

mod form;

pub use form::ForeignForm;

use data_encoding::BASE64;
use der::asn1::Any;
use der::{Decode, Tag, Tagged};

/// What is looked for in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Certificates, in their order.
    Certificate,
    /// The text is a PKCS#10 request.
    Request,
    /// The text is a private key of PKCS#8, in clear.
    Key,
    /// PKCS#8 under a passphrase.
    EncryptedKey,
}

/// Why a file does not give what is looked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PemError {
    /// Another file, or an empty one.
    #[error(
        "其中没有{}{} / no {} in it{}",
        .wanted.zh(),
        but("，只有 ", .found),
        .wanted.en(),
        but(", but ", .found)
    )]
    Nothing {
        /// What was looked for.
        wanted: Kind,
        /// What is there instead.
        found: String,
    },
    /// More than the one that was asked for.
    #[error("其中有不止一个{} / more than one {} in it", .0.zh(), .0.en())]
    Several(Kind),
    /// The text between the boundaries is not base64.
    #[error(
        "文件的第 {place} 个数据块（{label}）不是 base64 / \
         block {place} of the file ({label}) is not base64"
    )]
    Undecodable {
        /// Which block, counted from 1.
        place: usize,
        /// The text has this label.
        label: String,
    },
    /// A block that begins and does not end.
    #[error(
        "文件的第 {place} 个数据块（{label}）没有结尾 / \
         block {place} of the file ({label}) has no end"
    )]
    Open {
        /// Which block, counted from 1.
        place: usize,
        /// The text has this label.
        label: String,
    },
    /// Something else follows DER.
    #[error(
        "文件的第 {place} 个 DER 值之后还有别的内容 / \
         behind DER value {place} of the file is something else"
    )]
    Behind {
        /// Behind which one, counted from 1.
        place: usize,
    },
    /// Words of a boundary, and none: hyphens were lost or became dashes on the way.
    #[error(
        "BEGIN 和 END 前后不是各五个连字符“-”，可能在传送中被改动 / \
         BEGIN and END do not stand between five hyphens each, which were changed on the way"
    )]
    Dashes,
    /// A form that is known and not read here.
    #[error("{0}")]
    Unsupported(ForeignForm),
}

/// What is there instead of what was looked for, if anything is.
fn but(word: &str, found: &str) -> String {
    if found.is_empty() { String::new() } else { format!("{word}{found}") }
}

impl Kind {
    fn labels(self) -> &'static [&'static str] {
        match self {
            Self::Certificate => &["CERTIFICATE", "X509 CERTIFICATE"],
            Self::Request => &["CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST"],
            Self::Key => &["PRIVATE KEY"],
            Self::EncryptedKey => &["ENCRYPTED PRIVATE KEY"],
        }
    }

    fn zh(self) -> &'static str {
        match self {
            Self::Certificate => "证书",
            Self::Request => "证书请求",
            Self::Key => "未加密的 PKCS#8 私钥",
            Self::EncryptedKey => "加密的 PKCS#8 私钥",
        }
    }

    fn en(self) -> &'static str {
        match self {
            Self::Certificate => "certificate",
            Self::Request => "certificate request",
            Self::Key => "private key in PKCS#8 without a passphrase",
            Self::EncryptedKey => "private key in encrypted PKCS#8",
        }
    }

    /// What a label says that others use for the same thing in a form that is not read here.
    fn unsupported(self, label: &str) -> Option<ForeignForm> {
        let form = match label {
            "TRUSTED CERTIFICATE" => ForeignForm::Trusted,
            "PKCS7" | "PKCS #7 SIGNED DATA" | "CMS" => ForeignForm::Pkcs7,
            "PKCS12" => ForeignForm::ArmouredPkcs12 { of_key: self != Self::Certificate },
            "RSA PRIVATE KEY" | "EC PRIVATE KEY" | "DSA PRIVATE KEY" => {
                ForeignForm::OldKey(label.to_owned())
            }
            "OPENSSH PRIVATE KEY" => ForeignForm::OpenSsh,
            _ => return None,
        };
        self.may_stand_in(&form).then_some(form)
    }

    /// Whether what is looked for may stand in a form of others. No request stands in any of them.
    fn may_stand_in(self, form: &ForeignForm) -> bool {
        use ForeignForm as Form;
        match form {
            Form::Trusted | Form::Pkcs7 | Form::Pkcs7Der => self == Self::Certificate,
            Form::Pkcs12 | Form::ArmouredPkcs12 { .. } | Form::JavaStore => self != Self::Request,
            Form::OldKey(_) | Form::OpenSsh => matches!(self, Self::Key | Self::EncryptedKey),
            Form::Headers { .. } | Form::Ber => true,
        }
    }

    /// Why a file in a form of others is not read.
    fn refused(self, form: ForeignForm) -> PemError {
        match self.may_stand_in(&form) {
            true => PemError::Unsupported(form),
            false => nothing(self, &[form.name().to_owned()]),
        }
    }
}

const BEGIN: &[u8] = b"-----BEGIN ";
const END: &[u8] = b"-----END ";
const DASHES: &[u8] = b"-----";
/// Longest label; a line that only looks like a boundary has none.
const LABEL_BYTES_MAX: usize = 64;

/// Everything of a kind in a file, at least one.
pub fn read(file: &[u8], kind: Kind) -> Result<Vec<Vec<u8>>, PemError> {
    let text = narrowed(file);
    let mut rest = text.as_deref().unwrap_or(file);
    rest = rest.strip_prefix(b"\xef\xbb\xbf").unwrap_or(rest);
    if JAVA_STORES.iter().any(|magic| rest.starts_with(magic)) {
        return Err(kind.refused(ForeignForm::JavaStore));
    }
    if let Some(found) = whole_der(rest, kind)? {
        return Ok(found);
    }
    let (mut found, mut others, mut place) = (Vec::new(), Vec::new(), 0);
    while let Some((label, after)) = boundary(rest, BEGIN) {
        place += 1;
        let open = || PemError::Open { place, label: label.to_owned() };
        let (body, behind) = before(after, b"-----").ok_or_else(open)?;
        let (end, behind) =
            boundary(behind, END).filter(|_| behind.starts_with(END)).ok_or_else(open)?;
        if end != label {
            return Err(open());
        }
        if kind.labels().contains(&label) {
            let der = decoded(body, place, label)?;
            // Windows writes a whole chain below the label of one certificate.
            if kind == Kind::Certificate && is_pkcs7(&der) {
                return Err(PemError::Unsupported(ForeignForm::Pkcs7));
            }
            found.push(der);
        } else if let Some(form) = kind.unsupported(label) {
            // The same thing in another form is told beside good ones too: without it the next in a
            // chain would be taken for the first.
            return Err(PemError::Unsupported(form));
        } else {
            others.push(label.to_owned());
        }
        rest = behind;
    }
    if place == 0
        && let Some(der) = bare(rest)
        && let Some(found) = whole_der(&der, kind)?
    {
        return Ok(found);
    }
    match found.is_empty() {
        false => Ok(found),
        true if others.is_empty() && names_a_block(file, kind) => Err(PemError::Dashes),
        true => Err(nothing(kind, &others)),
    }
}

/// Whether the words of a boundary stand somewhere.
fn names_a_block(file: &[u8], kind: Kind) -> bool {
    let text = narrowed(file);
    let text = text.as_deref().unwrap_or(file);
    kind.labels().iter().any(|label| before(text, format!("BEGIN {label}").as_bytes()).is_some())
}

/// Whether DER or BER is PKCS#7.
fn is_pkcs7(der: &[u8]) -> bool {
    let contents = match der {
        [0x30, 0x80, contents @ ..] => Some(contents),
        _ => Any::from_der_partial(der).ok().and_then(|(any, behind)| {
            let whole = der.len().checked_sub(behind.len())?;
            der.get(whole.checked_sub(any.value().len())?..)
        }),
    };
    contents.and_then(form_of) == Some(ForeignForm::Pkcs7Der)
}

/// The one of a kind in a file.
pub fn read_one(file: &[u8], kind: Kind) -> Result<Vec<u8>, PemError> {
    let mut found = read(file, kind)?.into_iter();
    match (found.next(), found.next()) {
        (Some(one), None) => Ok(one),
        (None, _) => Err(nothing(kind, &[])),
        _ => Err(PemError::Several(kind)),
    }
}

fn nothing(kind: Kind, others: &[String]) -> PemError {
    PemError::Nothing { wanted: kind, found: others.join(", ") }
}

/// Text in UTF-16, as Windows' shells write files, with one byte a character.
fn narrowed(file: &[u8]) -> Option<Vec<u8>> {
    let (mark, behind) = file.split_at_checked(2)?;
    // Without a mark it begins with the first hyphen of a boundary.
    let unit = match mark {
        [0xff, 0xfe] | [b'-', 0] => u16::from_le_bytes as fn([u8; 2]) -> u16,
        [0xfe, 0xff] | [0, b'-'] => u16::from_be_bytes,
        _ => return None,
    };
    let units = if mark.contains(&b'-') { file } else { behind };
    let (pairs, _) = units.as_chunks::<2>();
    Some(pairs.iter().map(|pair| u8::try_from(unit(*pair)).unwrap_or(b'?')).collect())
}

/// The values that the file is, one after the other, if it is DER: as programs write a chain that
/// are asked for DER. White space behind the last one is none of it.
fn whole_der(file: &[u8], kind: Kind) -> Result<Option<Vec<Vec<u8>>>, PemError> {
    let mut rest = file;
    let mut found = Vec::new();
    while let [0x30, length, ..] = rest {
        if *length == 0x80 {
            let contents = rest.get(2..).unwrap_or_default();
            return Err(kind.refused(form_of(contents).unwrap_or(ForeignForm::Ber)));
        }
        let Ok((any, behind)) = Any::from_der_partial(rest) else { break };
        if let Some(form) = form_of(any.value()) {
            return Err(kind.refused(form));
        }
        if let Some(label) = label_of(any.value()).filter(|label| !kind.labels().contains(label)) {
            return Err(nothing(kind, &[label.to_owned()]));
        }
        let Some((one, _)) = rest.split_at_checked(rest.len() - behind.len()) else { break };
        found.push(one.to_vec());
        rest = behind;
    }
    match found.len() {
        0 => Ok(None),
        _ if rest.trim_ascii().is_empty() => Ok(Some(found)),
        // Text in front of a block may look like a value.
        _ if boundary(rest, BEGIN).is_some() => Ok(None),
        place => Err(PemError::Behind { place }),
    }
}

/// The form of a value, by how its contents begin.
fn form_of(contents: &[u8]) -> Option<ForeignForm> {
    match contents {
        [2, 1, 3, ..] => Some(ForeignForm::Pkcs12),
        // Version 1 and the number itself (RFC 5915 3); version 0 and a modulus (RFC 8017 A.1.2).
        [2, 1, 1, 4, ..] => Some(ForeignForm::OldKey("EC PRIVATE KEY".into())),
        [2, 1, 0, 2, ..] => Some(ForeignForm::OldKey("RSA PRIVATE KEY".into())),
        contents if contents.starts_with(&PKCS7_OID) => Some(ForeignForm::Pkcs7Der),
        _ => None,
    }
}

/// The label that a value of DER has in PEM, by what stands in it, where that is sure.
fn label_of(contents: &[u8]) -> Option<&'static str> {
    let (first, behind) = Any::from_der_partial(contents).ok()?;
    match (first.tag(), first.value(), behind) {
        // A version, then an algorithm (RFC 5958 2).
        (Tag::Integer, [0 | 1], [0x30, ..]) => Some("PRIVATE KEY"),
        // An algorithm, then octets or bits (RFC 5958 3, RFC 5280 4.1).
        (Tag::Sequence, [6, ..], [4, ..]) => Some("ENCRYPTED PRIVATE KEY"),
        (Tag::Sequence, [6, ..], [3, ..]) => Some("PUBLIC KEY"),
        // What says its version, but for the first (RFC 5280 4.1.2.1).
        (Tag::Sequence, [0xa0, 3, 2, 1, ..], _) => Some("CERTIFICATE"),
        // Version 1, subject and key, mostly with attributes (RFC 2986 4.1).
        (Tag::Sequence, [2, 1, 0, 0x30, ..], _) => {
            let parts = contents.get(..contents.len() - behind.len())?;
            let count = Vec::<Any>::from_der(parts).ok()?.len();
            matches!(count, 3 | 4).then_some("CERTIFICATE REQUEST")
        }
        _ => None,
    }
}

/// How Java's own stores begin: JKS, and JCEKS.
const JAVA_STORES: [[u8; 4]; 2] = [[0xfe, 0xed, 0xfe, 0xed], [0xce, 0xce, 0xce, 0xce]];

/// 1.2.840.113549.1.7, the arc of PKCS#7.
const PKCS7_OID: [u8; 10] = [0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07];

/// The label of the next boundary, and what is behind it. What only looks like one is text.
fn boundary<'a>(text: &'a [u8], mark: &[u8]) -> Option<(&'a str, &'a [u8])> {
    let mut rest = text;
    loop {
        let (_, from) = before(rest, mark)?;
        let from = from.get(mark.len()..)?;
        if let Some((label, behind)) = before(from, DASHES)
            && label.len() <= LABEL_BYTES_MAX
            && label.iter().all(|byte| byte.is_ascii_graphic() || *byte == b' ')
        {
            return Some((core::str::from_utf8(label).ok()?, behind.get(DASHES.len()..)?));
        }
        rest = from;
    }
}

/// The text before a mark, and the text from it on.
fn before<'a>(text: &'a [u8], mark: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let place = text.windows(mark.len()).position(|window| window == mark)?;
    text.split_at_checked(place)
}

fn decoded(body: &[u8], place: usize, label: &str) -> Result<Vec<u8>, PemError> {
    if body.contains(&b':') {
        let of_key = label.ends_with("KEY");
        return Err(PemError::Unsupported(ForeignForm::Headers { of_key }));
    }
    let decoded = of_base64(body).filter(|der| !der.is_empty());
    decoded.ok_or_else(|| PemError::Undecodable { place, label: label.to_owned() })
}

/// What base64 without boundaries says, as consoles and forms show a request or a certificate.
fn bare(text: &[u8]) -> Option<Vec<u8>> {
    of_base64(text).filter(|der| der.first() == Some(&0x30))
}

fn of_base64(text: &[u8]) -> Option<Vec<u8>> {
    let space = |byte: &u8| byte.is_ascii_whitespace() || *byte == 0x0b;
    let base64: Vec<u8> = text.iter().copied().filter(|byte| !space(byte)).collect();
    BASE64.decode(&base64).ok()
}

#[cfg(test)]
mod tests;
