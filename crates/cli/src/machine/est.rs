//! A client of EST: a request goes, a certificate for its key and its names comes back, which leads
//! to the root that the system believes; anything else is refused.

use crate::clock::now;
use crate::exit::Failure;
use crate::files;
use data_encoding::BASE64;
use mtls::Client;
use mtls::tls::Identity;
use pki::host::Host;
use pki::{Certificate, CertificationRequest};
use records::trust::Trust;
use records::{Code, Problem};
use std::collections::BTreeSet;
use std::time::Duration;

/// How often a certificate that is on its way is asked for, by the same request.
const ASK_AGAIN: Duration = Duration::from_secs(2);
/// So much of a refusal is read.
const REFUSAL_CHARS_MAX: usize = 1_000;

/// A server of EST, as this system sees it.
pub(super) struct EstClient {
    client: Client,
    root: [u8; 32],
    wait: u64,
}

impl EstClient {
    /// The server at this address, asked as whoever has this identity, for so many seconds.
    pub(super) fn new(
        url: &str,
        trust: &Trust,
        (identity, wait): (Option<Identity>, u64),
    ) -> Result<Self, Failure> {
        let root = trust.root_sha256.digest();
        let root =
            root.ok_or_else(|| Failure::usage("信任文件不正确。", "the trust file has no root"))?;
        Ok(Self { client: files::client(url, trust, identity)?, root, wait })
    }

    /// Asks for a certificate; gives it with its issuers, the root left out.
    pub(super) async fn ask(
        &self,
        path: &str,
        request: &CertificationRequest,
        fields: &[(&str, String)],
    ) -> Result<Vec<Certificate>, Failure> {
        let body = BASE64.encode(request.der()).into_bytes();
        let begun = now();
        let answer = loop {
            let answer = self.client.post_as(path, ("application/pkcs10", &body), fields).await?;
            match answer.status().as_u16() {
                200 => break answer,
                202 if now() < begun.saturating_add(self.wait) => {
                    tokio::time::sleep(ASK_AGAIN).await;
                }
                202 => return Err(Failure::not_ready()),
                status => return Err(refused(status, answer.body())),
            }
        };
        let told = certificates(answer.body())?;
        let known = self.client.get("/cacerts").await?;
        if !known.status().is_success() {
            return Err(refused(known.status().as_u16(), known.body()));
        }
        proven((told, certificates(known.body())?), request, &self.root)
    }
}

/// The certificates of an answer.
fn certificates(body: &[u8]) -> Result<Vec<Certificate>, Failure> {
    let read = || {
        let message = pki::est::decoded(body)?;
        let all = pki::est::certificates(&message)?;
        let read: Option<Vec<Certificate>> =
            all.iter().map(|der| Certificate::read(der).ok()).collect();
        read
    };
    read().ok_or_else(|| unproven("答复中没有证书。", "the answer holds no certificates"))
}

fn unproven(zh: &str, en: &str) -> Failure {
    Failure::unproven(zh, en).next("yinxin system --help")
}

/// The certificate that was asked for, and whom it leads to.
fn proven(
    (told, known): (Vec<Certificate>, Vec<Certificate>),
    request: &CertificationRequest,
    root: &[u8; 32],
) -> Result<Vec<Certificate>, Failure> {
    let all = [told, known].concat();
    let mut chain = pki::chain::of_key(&all, request.key());
    let Some(leaf) = chain.first() else {
        return Err(unproven("证书不是为本机的密钥签发的。", "the certificate is for another key"));
    };
    let wanted: BTreeSet<Host> = request.wanted().unwrap_or_default().into_iter().collect();
    let named: BTreeSet<Host> = leaf.hosts().into_iter().collect();
    if named != wanted {
        return Err(unproven(
            "证书的名称与所申请的不同。",
            "the certificate has other names than were asked for",
        ));
    }
    match chain.pop() {
        Some(last) if last.sha256() == *root && !chain.is_empty() => Ok(chain),
        _ => Err(unproven(
            "证书不是由信任文件所说的机构签发的。",
            "the certificate does not lead to the root of the trust file",
        )),
    }
}

/// What a server says in plain text: both languages, then its code and a reference in brackets.
fn refused(status: u16, body: &[u8]) -> Failure {
    let text: String = String::from_utf8_lossy(body).chars().take(REFUSAL_CHARS_MAX).collect();
    let (words, rest) = text.trim().rsplit_once('(').unwrap_or((text.trim(), ""));
    let (code, reference) = rest.trim_end_matches(')').split_once(' ').unwrap_or((rest, ""));
    let code = code.trim_end_matches(')');
    let (zh, en) = system::language::halves(words.trim());
    let code = if code.is_empty() { format!("http-{status}") } else { code.to_owned() };
    let problem = Problem { code, zh, en, reference: reference.trim_end_matches(')').to_owned() };
    let next = match problem.known() {
        Some(
            Code::CertificateExpired
            | Code::CertificateRevoked
            | Code::CertificateForeign
            | Code::SystemRenewal,
        ) => "yinxin system enroll --help",
        _ => "yinxin system --help",
    };
    Failure::from(problem).next(next)
}

#[cfg(test)]
mod tests {
    use super::*;
    use keys::SoftwareSigner;

    /// What a server says becomes what every refusal is: known codes in our words, others quoted.
    #[test]
    fn a_refusal_is_told_by_its_code() {
        let told = |status, text: &str| refused(status, text.as_bytes()).problem();
        let known = told(403, "此标识… / Names … (system-names ab12)\n");
        assert_eq!((known.code.as_str(), known.reference.as_str()), ("system-names", "ab12"));
        assert_eq!(known.zh, Code::SystemNames.zh());
        let bare = told(401, "… / … (system-secret)\n");
        assert_eq!((bare.code.as_str(), bare.reference.as_str()), ("system-secret", ""));
        let other = told(502, "Bad Gateway");
        assert_eq!(other.code, "http-502");
        assert!(other.en.contains("Bad Gateway") && other.en.contains("not checked"), "{other:?}");
        assert_eq!(told(500, "").code, "http-500");
    }

    #[test]
    fn an_answer_that_is_none_is_refused() {
        for body in ["", "AAAA", "no base64!", "MAA="] {
            assert!(certificates(body.as_bytes()).is_err(), "{body}");
        }
    }

    /// A root that issues, and what it issued for keys and names.
    struct Issuing {
        issuer: rcgen::Issuer<'static, rcgen::KeyPair>,
        root: Certificate,
    }

    impl Issuing {
        fn new(name: &str) -> Self {
            let key = rcgen::KeyPair::generate().unwrap();
            let mut content = rcgen::CertificateParams::default();
            content.distinguished_name.push(rcgen::DnType::CommonName, name);
            content.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
            let root = Certificate::read(content.self_signed(&key).unwrap().der()).unwrap();
            Self { issuer: rcgen::Issuer::new(content, key), root }
        }

        fn leaf(&self, signer: &SoftwareSigner, host: &str) -> Certificate {
            let key = rcgen::KeyPair::try_from(signer.pkcs8()).unwrap();
            // Ours have the smaller `s` of both that a signature can have; what is drawn has
            // either.
            loop {
                let content = rcgen::CertificateParams::new(vec![host.to_owned()]).unwrap();
                let made = content.signed_by(&key, &self.issuer).unwrap();
                let leaf = Certificate::read(made.der()).unwrap();
                if leaf.is_signed_by(self.root.key()) {
                    return leaf;
                }
            }
        }
    }

    #[test]
    fn a_certificate_is_believed_for_its_key_its_names_and_its_root() {
        let (city, other) = (Issuing::new("the city"), Issuing::new("somebody else"));
        let (signer, stranger) =
            (SoftwareSigner::generate_p256().unwrap(), SoftwareSigner::generate_p256().unwrap());
        let own = keys::request_for(&signer, &[Host::read("a.acme.test").unwrap()]).unwrap();
        let root = city.root.sha256();
        let judged = |leaf: Certificate, known: &Issuing| {
            proven((vec![leaf], vec![known.root.clone()]), &own, &root)
        };
        let leaf = city.leaf(&signer, "a.acme.test");
        let chain = judged(leaf.clone(), &city).unwrap();
        assert_eq!(chain.len(), 1, "the root is left out");
        assert_eq!(chain[0].sha256(), leaf.sha256());
        assert!(judged(city.leaf(&stranger, "a.acme.test"), &city).is_err(), "another key");
        assert!(judged(city.leaf(&signer, "b.acme.test"), &city).is_err(), "another name");
        assert!(judged(other.leaf(&signer, "a.acme.test"), &other).is_err(), "another root");
        assert!(judged(leaf, &other).is_err(), "nobody signed it who is known");
    }
}
