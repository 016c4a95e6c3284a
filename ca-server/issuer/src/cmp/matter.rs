//! What is the matter with a request, in words, where its code does not say that: a subject that is
//! read nowhere, a name that is none, what no certificate has.

use authority::{RequestForm, request_of};
use pki::CertificationRequest;
use pki::name::both;
use pkixcmp::{CrmfRequest, PkiMessage};
use records::Code;

/// Longest matter that is told, in characters: programs lay all sentences out in one small buffer,
/// and show none where it is full.
const MATTER_CHARS_MAX: usize = 240;

/// The matter in Chinese and in English; nothing where the code says it all.
pub(super) fn matter_of(message: &PkiMessage, code: Code) -> Option<(String, String)> {
    if !matches!(code, Code::RequestMalformed | Code::RequestExceeds) {
        return None;
    }
    let (form, der) = request_of(message).ok()?;
    let told = match form {
        RequestForm::Pkcs10 => match CertificationRequest::read_with(&der, |_| true) {
            Ok(read) => read.wanted().err()?.to_string(),
            Err(error) => error.to_string(),
        },
        RequestForm::Crmf => match CrmfRequest::read_with(&der, |_| true) {
            Ok(read) => read.wanted().err()?.to_string(),
            Err(error) => error.to_string(),
        },
    };
    (told.chars().count() <= MATTER_CHARS_MAX).then(|| both(&told))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::cmp::{FIRST, keyed, named};
    use crate::sample::key;
    use keys::SoftwareSigner;
    use pki::extension::{Extension, ca_constraints};
    use pki::{Signer, sequence, wrap};
    use pkixcmp::client::{CertificateWish, ShownPossession, asking, asking_by_pkcs10};

    /// A subject with one common name, whose text has this tag.
    fn common(tag: u8, text: &[u8]) -> Vec<u8> {
        let text = wrap(tag, text).unwrap();
        let attribute = sequence(&[&[6, 3, 0x55, 4, 3][..], &text].concat()).unwrap();
        sequence(&wrap(0x31, &attribute).unwrap()).unwrap()
    }

    fn by_crmf(subject: &[u8], extensions: &[Extension]) -> PkiMessage {
        let (own, proof) = (key(), ShownPossession::Signed);
        let wish = CertificateWish { key: &own, subject, extensions, old: None, proof };
        keyed(1, &asking(FIRST, &[&wish.message().unwrap()]).unwrap(), "secret")
    }

    /// A PKCS#10 of this subject, whose signature is nobody's.
    fn by_pkcs10(own: &SoftwareSigner, subject: &[u8]) -> PkiMessage {
        let content = [&[2, 1, 0][..], subject, own.public_key().spki(), &[0xa0, 0]].concat();
        let algorithm = own.public_key().algorithm().signature_identifier().unwrap();
        let parts = [sequence(&content).unwrap(), algorithm, vec![3, 2, 0, 0]];
        let request = sequence(&parts.concat()).unwrap();
        keyed(1, &asking_by_pkcs10(&request).unwrap(), "secret")
    }

    /// Whoever asks by CMP hears the same as by ACME: which text, which extension, which name.
    #[test]
    fn what_is_the_matter_with_a_request_of_cmp_is_told() {
        let exceeds = |subject: &[u8], extensions: &[Extension]| {
            matter_of(&by_crmf(subject, extensions), Code::RequestExceeds)
        };
        let (unread, names) = (common(0x1c, b"\0\0\x73\x8b"), named(&["a.acme.test"]));
        let (zh, en) = exceeds(&unread, &names).unwrap();
        assert_eq!(zh, "名称无法读取：不支持 UniversalString");
        assert_eq!(en, "the name is not read: UniversalString is not supported");
        let (_, en) = exceeds(&[0x30, 0], &[ca_constraints(None).unwrap()]).unwrap();
        assert!(en.ends_with(" 2.5.29.19"), "{en}");
        let told = |subject: &[u8]| {
            matter_of(&by_pkcs10(&key(), subject), Code::RequestMalformed).unwrap().1
        };
        let said = "not a PKCS#10 request: UniversalString is not supported";
        assert_eq!(told(&unread), said);
        assert!(told(&common(0x0c, b"a_b.test")).contains("'_'"));
        assert!(told(&[0x30, 0]).contains("names nothing"));
    }

    /// Of a good request, and where the code says it all, nothing is told; nor what no program
    /// would show.
    #[test]
    fn what_a_code_says_is_told_once() {
        let (unread, names) = (common(0x1c, b"\0\0\x73\x8b"), named(&["a.acme.test"]));
        assert_eq!(matter_of(&by_crmf(&[0x30, 0], &names), Code::RequestExceeds), None);
        assert_eq!(matter_of(&by_crmf(&unread, &names), Code::SystemNames), None);
        let long = format!("{0}.{0}.1", "a".repeat(63));
        let told =
            matter_of(&by_crmf(&common(0x0c, long.as_bytes()), &names), Code::RequestExceeds);
        assert_eq!(told, None, "{long}");
    }
}
