//! What a client wants to know (RFC 9483 4.3): certificates of the CA, whether the root has a
//! successor, lists. What is not known here is left out.

use super::heard::{Answer, Heard, made};
use crate::error::IssuerError;
use crate::issuer::Issuer;
use authority::cmp_code;
use ca_host::ISSUER;
use pki::crl::RevocationList;
use pki::sequence;
use pkixcmp::body::{GeneralQuestion, known_since, questions};
use pkixcmp::{BodyDer, InfoType};
use records::Code;

/// Largest list that is told, in bytes: clients read 100 KiB. A larger one stands at its address.
const LIST_BYTES_MAX: usize = 90 * 1024;
/// What says nothing, in DER.
const NULL: &[u8] = &[5, 0];

pub(super) async fn tell(issuer: &Issuer, heard: &Heard<'_>) -> Result<Answer, IssuerError> {
    let asked = questions(heard.message.content()).map_err(|error| cmp_code(&error))?;
    if let Some(shown) = heard.verified.certificate() {
        issuer.view()?.authority().counts_now(shown, issuer.now())?;
    }
    let mut told = Vec::new();
    for question in &asked {
        told.extend(answer(issuer, question).await?);
    }
    Ok(Answer::of(made(BodyDer::told(&told))?))
}

/// What is told of one question.
async fn answer(
    issuer: &Issuer,
    question: &GeneralQuestion,
) -> Result<Option<(InfoType, Option<Vec<u8>>)>, IssuerError> {
    let context = &issuer.context;
    if says_too_much(question) {
        return Err(Code::Malformed.into());
    }
    Ok(match question.kind {
        Some(InfoType::CaCertificates) => {
            let issuers = [context.issuing_certificate.der(), context.root_certificate.der()];
            let all = made(sequence(&issuers.concat()))?;
            Some((InfoType::CaCertificates, Some(all)))
        }
        // A root has none: its successor comes with another trust file.
        Some(InfoType::RootCertificate) => Some((InfoType::RootUpdate, None)),
        Some(InfoType::RequestTemplate) => Some((InfoType::RequestTemplate, None)),
        Some(InfoType::CurrentList) => {
            list(issuer).await?.map(|list| (InfoType::CurrentList, Some(list.der().to_vec())))
        }
        Some(InfoType::KnownLists) => {
            let since = question.value.as_deref().map(known_since).transpose();
            let since = since.map_err(|error| cmp_code(&error))?.flatten();
            let list = list(issuer).await?;
            let newer = list.filter(|list| since.is_none_or(|since| list.this_update() > since));
            let newer = newer.map(|list| made(sequence(list.der()))).transpose()?;
            Some((InfoType::NewerLists, newer))
        }
        _ => None,
    })
}

/// Whether a question says something where nothing is to be said (RFC 9483 4.3.1, 4.3.3, 4.3.4).
fn says_too_much(question: &GeneralQuestion) -> bool {
    let is_bare = matches!(
        question.kind,
        Some(InfoType::CaCertificates | InfoType::RequestTemplate | InfoType::CurrentList)
    );
    is_bare && question.value.as_deref().is_some_and(|value| value != NULL)
}

/// The newest list that the issuing key signed, as rows have it.
async fn list(issuer: &Issuer) -> Result<Option<RevocationList>, IssuerError> {
    let mut tx = issuer.store.read().await?;
    let rows = ca_store::crl::newest(&mut tx, ISSUER).await?;
    let key = issuer.context.issuing_certificate.key();
    let read = rows.iter().filter_map(|der| RevocationList::read(der).ok());
    let ours = read.filter(|list| list.is_signed_by(key)).max_by_key(RevocationList::number);
    let newest = ours.ok_or(Code::NotReady)?;
    Ok(Some(newest).filter(|list| list.der().len() <= LIST_BYTES_MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_for_what_the_ca_has_says_nothing_more() {
        let asked = |kind, value: Option<&[u8]>| {
            says_too_much(&GeneralQuestion { kind: Some(kind), value: value.map(<[u8]>::to_vec) })
        };
        for kind in [InfoType::CaCertificates, InfoType::RequestTemplate, InfoType::CurrentList] {
            assert!(!asked(kind, None) && !asked(kind, Some(NULL)), "{kind:?}");
            assert!(asked(kind, Some(&[0x30, 0])), "{kind:?}");
        }
        for kind in [InfoType::RootCertificate, InfoType::KnownLists] {
            assert!(!asked(kind, Some(&[0x30, 0])), "{kind:?}");
        }
    }
}
