//! Files of people: PEM as programs of others write it (RFC 7468 with the lax grammar of its
//! section 3), or the DER itself. Text around blocks may be in any encoding, white space in them is
//! ignored; a block that cannot be decoded is an error and never left out.

use data_encoding::BASE64;
use der::Decode;
use der::asn1::Any;

/// What is looked for in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Certificates, in their order.
    Certificate,
    /// PKCS#10.
    Request,
    /// PKCS#8 in clear.
    Key,
    /// PKCS#8 under a passphrase.
    EncryptedKey,
}

/// Why a file does not give what is looked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PemError {
    /// Another file, or an empty one.
    #[error("no {wanted} in it{found}")]
    Nothing {
        /// What was looked for.
        wanted: &'static str,
        /// What is there instead.
        found: String,
    },
    /// More than the one that was asked for.
    #[error("more than one {0} in it")]
    Several(&'static str),
    /// The text between the boundaries is not base64.
    #[error("block {place} of the file ({label}) is not base64")]
    Undecodable {
        /// Which block, counted from 1.
        place: usize,
        /// Its label.
        label: String,
    },
    /// A block that begins and does not end.
    #[error("block {place} of the file ({label}) has no end")]
    Open {
        /// Which block, counted from 1.
        place: usize,
        /// Its label.
        label: String,
    },
    /// Something else follows DER.
    #[error("behind DER value {place} of the file is something else")]
    Behind {
        /// Behind which one, counted from 1.
        place: usize,
    },
    /// A form that is known and not read here.
    #[error("not supported: {0}")]
    Unsupported(String),
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

    fn wanted(self) -> &'static str {
        match self {
            Self::Certificate => "certificate",
            Self::Request => "certificate request",
            Self::Key => "private key in PKCS#8 without a passphrase",
            Self::EncryptedKey => "private key in encrypted PKCS#8",
        }
    }

    /// What a label says that others use for the same thing in a form that is not read here.
    fn unsupported(self, label: &str) -> Option<String> {
        match (self, label) {
            (Self::Certificate, "TRUSTED CERTIFICATE") => Some(TRUSTED.into()),
            (Self::Certificate, "PKCS7" | "PKCS #7 SIGNED DATA" | "CMS") => Some(PKCS7.into()),
            (
                Self::Key | Self::EncryptedKey,
                "RSA PRIVATE KEY" | "EC PRIVATE KEY" | "DSA PRIVATE KEY",
            ) => Some(format!("a key as {label}; convert it with `{PKCS8}`")),
            (Self::Key | Self::EncryptedKey, "OPENSSH PRIVATE KEY") => {
                Some("a key as OpenSSH writes it".into())
            }
            _ => None,
        }
    }
}

const TRUSTED: &str =
    "OpenSSL's trusted certificate; convert it with `openssl x509 -in OLD -out NEW`";
const PKCS7: &str =
    "PKCS#7; take certificates out with `openssl pkcs7 -print_certs -in OLD -out NEW`";
const PKCS12: &str = "PKCS#12; take its contents out with `openssl pkcs12 -in OLD -out NEW`";
const PKCS8: &str = "openssl pkcs8 -topk8 -v2 aes256 -in OLD -out NEW";
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
    if let Some(found) = whole_der(rest)? {
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
            found.push(decoded(body, place, label)?);
        } else if let Some(form) = kind.unsupported(label) {
            // The same thing in another form is told beside good ones too: without it the next in a
            // chain would be taken for the first.
            return Err(PemError::Unsupported(form));
        } else {
            others.push(label.to_owned());
        }
        rest = behind;
    }
    if found.is_empty() { Err(nothing(kind, &others)) } else { Ok(found) }
}

/// The one of a kind in a file.
pub fn read_one(file: &[u8], kind: Kind) -> Result<Vec<u8>, PemError> {
    let mut found = read(file, kind)?.into_iter();
    match (found.next(), found.next()) {
        (Some(one), None) => Ok(one),
        (None, _) => Err(nothing(kind, &[])),
        _ => Err(PemError::Several(kind.wanted())),
    }
}

fn nothing(kind: Kind, others: &[String]) -> PemError {
    let found = match others {
        [] => String::new(),
        others => format!(", but {}", others.join(", ")),
    };
    PemError::Nothing { wanted: kind.wanted(), found }
}

/// Text in UTF-16, as Windows' shells write files, with one byte a character.
fn narrowed(file: &[u8]) -> Option<Vec<u8>> {
    let (mark, units) = file.split_at_checked(2)?;
    let unit = match mark {
        [0xff, 0xfe] => u16::from_le_bytes,
        [0xfe, 0xff] => u16::from_be_bytes,
        _ => return None,
    };
    let (pairs, _) = units.as_chunks::<2>();
    Some(pairs.iter().map(|pair| u8::try_from(unit(*pair)).unwrap_or(b'?')).collect())
}

/// The values that the file is, one after the other, if it is DER: as programs write a chain that
/// are asked for DER. White space behind the last one is none of it.
fn whole_der(file: &[u8]) -> Result<Option<Vec<Vec<u8>>>, PemError> {
    let mut rest = file;
    let mut found = Vec::new();
    while let [0x30, length, ..] = rest {
        if *length == 0x80 {
            return Err(PemError::Unsupported("BER; convert it to DER".into()));
        }
        let Ok((any, behind)) = Any::from_der_partial(rest) else { break };
        if any.value().starts_with(&[2, 1, 3]) {
            return Err(PemError::Unsupported(PKCS12.into()));
        }
        if any.value().starts_with(&PKCS7_OID) {
            return Err(PemError::Unsupported(PKCS7.replace("-in OLD", "-inform DER -in OLD")));
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
        let what = "a block with headers, OpenSSL's old encryption; convert it with";
        return Err(PemError::Unsupported(format!("{what} `{PKCS8}`")));
    }
    let space = |byte: &u8| byte.is_ascii_whitespace() || *byte == 0x0b;
    let base64: Vec<u8> = body.iter().copied().filter(|byte| !space(byte)).collect();
    let decoded = BASE64.decode(&base64).ok().filter(|der| !der.is_empty());
    decoded.ok_or_else(|| PemError::Undecodable { place, label: label.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::certificate::pem;

    const DER: [u8; 5] = [0x30, 3, 2, 1, 5];

    fn certificates(text: &[u8]) -> Result<Vec<Vec<u8>>, PemError> {
        read(text, Kind::Certificate)
    }

    #[test]
    fn every_spelling_of_white_space_and_text_around_is_read() {
        let block = pem("CERTIFICATE", &DER);
        let body = BASE64.encode(&DER);
        let (begin, end) = ("-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----");
        let utf16: Vec<u8> = core::iter::once(0xfeff)
            .chain(block.encode_utf16())
            .flat_map(u16::to_le_bytes)
            .collect();
        let forms = [
            block.clone().into_bytes(),
            block.replace('\n', "\r\n").into_bytes(),
            block.replace('\n', " \t\n").into_bytes(),
            block.replace('\n', "\n\n").into_bytes(),
            format!("{begin}{body}{end}").into_bytes(),
            [b"\xef\xbb\xbf", block.as_bytes()].concat(),
            [b"friendlyName: \xcd\xf5\xd0\xa1\xc3\xf7\n", block.as_bytes()].concat(),
            format!("-----BEGIN of a story\n{block}").into_bytes(),
            format!("0 s:CN=a server of some organization in a city\n{block}").into_bytes(),
            utf16,
            DER.to_vec(),
        ];
        for form in forms {
            let read = certificates(&form);
            assert_eq!(read, Ok(vec![DER.to_vec()]), "{}", String::from_utf8_lossy(&form));
        }
        let two = format!("{block}text between\n{}", pem("X509 CERTIFICATE", &DER));
        assert_eq!(certificates(two.as_bytes()).unwrap().len(), 2);
        assert_eq!(
            read_one(two.as_bytes(), Kind::Certificate),
            Err(PemError::Several("certificate"))
        );
    }

    #[test]
    fn a_block_that_cannot_be_decoded_is_told_and_not_left_out() {
        let good = pem("CERTIFICATE", &DER);
        for broken in
            [good.replace('=', ""), good.replace("MA", "M*"), good.replace("MAMCAQU=", "")]
        {
            let text = format!("{broken}{good}");
            let told = certificates(text.as_bytes()).unwrap_err();
            assert_eq!(told.to_string(), "block 1 of the file (CERTIFICATE) is not base64");
        }
        let cut = good.replace("-----END CERTIFICATE-----", "");
        for text in [cut.clone(), format!("{cut}{good}"), good.replace("END C", "END X")] {
            assert!(matches!(certificates(text.as_bytes()), Err(PemError::Open { place: 1, .. })));
        }
    }

    /// A chain of DER values is read as one of PEM is; what else is behind one is told.
    #[test]
    fn values_of_der_stand_one_after_the_other() {
        let two = [DER, DER].concat();
        assert_eq!(certificates(&two), Ok(vec![DER.to_vec(), DER.to_vec()]));
        assert_eq!(certificates(&[&two, b"\r\n".as_slice()].concat()).unwrap().len(), 2);
        assert_eq!(read_one(&two, Kind::Key), Err(PemError::Several(Kind::Key.wanted())));
        for behind in [b"x".as_slice(), &[0x30, 3, 2, 1], &[0]] {
            let told = certificates(&[&two, behind].concat());
            assert_eq!(told, Err(PemError::Behind { place: 2 }));
        }
    }

    /// The same thing in a form that is not read is told wherever it stands: passed over, the
    /// issuer behind it would be taken for the certificate. What is something else is passed over.
    #[test]
    fn a_form_that_is_not_read_is_never_passed_over() {
        let good = pem("CERTIFICATE", &DER);
        for other in ["TRUSTED CERTIFICATE", "PKCS7"].map(|label| pem(label, &DER)) {
            for text in [format!("{other}{good}"), format!("{good}{other}")] {
                let told = certificates(text.as_bytes());
                assert!(matches!(told, Err(PemError::Unsupported(_))), "{told:?}");
            }
        }
        let beside = format!("{}{good}", pem("EC PRIVATE KEY", &DER));
        assert_eq!(certificates(beside.as_bytes()), Ok(vec![DER.to_vec()]));
    }

    #[test]
    fn another_file_is_told_as_what_it_is() {
        let told = |text: &str, kind| read(text.as_bytes(), kind).unwrap_err().to_string();
        let key = pem("PRIVATE KEY", &DER);
        assert_eq!(told(&key, Kind::Certificate), "no certificate in it, but PRIVATE KEY");
        assert_eq!(told("", Kind::Request), "no certificate request in it");
        let old = pem("RSA PRIVATE KEY", &DER);
        assert!(told(&old, Kind::EncryptedKey).starts_with("not supported: a key as RSA"));
        let chain = pem("PKCS7", &DER);
        assert!(told(&chain, Kind::Certificate).starts_with("not supported: PKCS#7"));
        let headers = key.replace("KEY-----\n", "KEY-----\nProc-Type: 4,ENCRYPTED\n\n");
        assert!(told(&headers, Kind::Key).starts_with("not supported: a block with headers"));
        let pfx = [0x30, 5, 2, 1, 3, 5, 0];
        let told = read(&pfx, Kind::Certificate).unwrap_err().to_string();
        assert!(told.starts_with("not supported: PKCS#12"));
    }
}
