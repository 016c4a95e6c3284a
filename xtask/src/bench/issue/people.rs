//! Who takes part: people with a letter and a key, made beforehand, and two officers.

use crate::bench::grow::{grow, progress};
use crate::city::City;
use anyhow::{Context, ensure};
use ca_host::CaConfig;
use ca_host::operator::{OperatorRequest, ask};
use keys::SoftwareSigner;
use mtls::tls::Identity;
use pki::{Certificate, CertificationRequest};
use records::enrolment::{Collect, CollectedCertificate, LetterLookUp, RequestSubmission};
use records::export::OrderExport;
use records::letter::{EnrolmentCode, Letter, LetterKeys, bind};
use records::order::Body;
use records::record::Event;
use records::trust::Trust;
use records::{Approval, ApprovalClaim, Bytes};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use store::Store;
use tokio::task::JoinSet;

/// A letter that has to wait is asked for again after this long.
const AGAIN: std::time::Duration = std::time::Duration::from_millis(50);
/// Where people are.
pub(super) const UNITS: [&str; 2] = ["sz-office", "sz-finance"];
/// Letters that are made at once.
const LETTERS_AT_ONCE: usize = 64;

/// A person with a letter and a key of their own.
pub(crate) struct Applicant {
    letter: Letter,
    keys: LetterKeys,
    signer: SoftwareSigner,
    request: CertificationRequest,
}

impl Applicant {
    /// Takes a letter up with a fresh key.
    pub(crate) fn new(letter: Letter) -> anyhow::Result<Self> {
        let founding = letter.trust.founding.digest().context("trust")?;
        let code = EnrolmentCode::read(&letter.code)?;
        let keys = LetterKeys::derive(&founding, &letter.reference, &code);
        let signer = SoftwareSigner::generate_p256()?;
        let request = keys::request(&signer)?;
        Ok(Self { letter, keys, signer, request })
    }

    fn key(&self) -> Bytes {
        self.keys.lookup().as_slice().into()
    }

    /// Opens the own record.
    pub(crate) fn look_up(&self) -> LetterLookUp {
        LetterLookUp { reference: self.letter.reference.clone(), key: self.key() }
    }

    /// Applies.
    pub(crate) fn submit(&self, challenge: &Bytes) -> anyhow::Result<RequestSubmission> {
        let key = self.keys.bind_key("cli").context("bind key")?;
        Ok(RequestSubmission {
            reference: self.letter.reference.clone(),
            key: self.key(),
            challenge: challenge.clone(),
            request: self.request.der().into(),
            label: "cli".into(),
            bind: bind(key, &challenge.0, self.request.der()).into(),
        })
    }

    /// Asks for the certificate.
    pub(crate) fn collect(&self) -> Collect {
        Collect { reference: self.letter.reference.clone(), key: self.key() }
    }

    /// The certificate is for the own key, and the log's signed tree holds exactly it.
    pub(crate) fn check(&self, collected: &CollectedCertificate) -> anyhow::Result<()> {
        let leaf = Certificate::read(&collected.chain.first().context("no certificate")?.0)?;
        let record = collected.evidence.open(&self.letter.trust, "control")?;
        let Event::Issued { sha256, .. } = record.event else {
            anyhow::bail!("the proof is about something else")
        };
        let own = leaf.key().spki() == self.request.key().spki();
        ensure!(own && sha256.0 == leaf.sha256(), "the proof is of another certificate");
        Ok(())
    }
}

/// An officer at their own machine.
pub(crate) struct Officer {
    pub(crate) chain: Vec<Vec<u8>>,
    certificate: Certificate,
    signer: SoftwareSigner,
    registry: pki::PublicKey,
}

impl Officer {
    /// For TLS.
    pub(crate) fn identity(&self) -> anyhow::Result<Identity> {
        Ok(Identity::from_der(self.chain.clone(), self.signer.pkcs8())?)
    }

    /// Checks what the CA signed and every disclosure, of a batch of every order in it, then signs.
    pub(crate) fn approve(&self, export: &OrderExport) -> anyhow::Result<Approval> {
        let opened = export.open_under(&self.registry)?;
        let rows: Vec<u8> = match opened.body() {
            Body::Batch(batch) => {
                let person = self.certificate.subject().person().unwrap_or_default();
                let sample = batch.to_open(&opened.digest(), person);
                sample.into_iter().flat_map(|row| row.0.clone()).collect()
            }
            _ => Vec::new(),
        };
        let spoken = ApprovalClaim { acting_for: None, opened: &rows };
        Ok(Approval::sign_spoken(opened.digest(), spoken, &self.certificate, &self.signer)?)
    }

    /// Their certificate.
    pub(crate) fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// Their key.
    pub(crate) fn signer(&self) -> &SoftwareSigner {
        &self.signer
    }

    /// Somebody else of the same city, with what they collected.
    pub(crate) fn like(
        &self,
        applicant: Applicant,
        collected: &CollectedCertificate,
    ) -> anyhow::Result<Self> {
        let chain: Vec<Vec<u8>> = collected.chain.iter().map(|der| der.0.clone()).collect();
        let certificate = Certificate::read(chain.first().context("certificate")?)?;
        let registry = self.registry.clone();
        Ok(Self { chain, certificate, signer: applicant.signer, registry })
    }
}

/// The city's two registration officers.
pub(crate) fn officers(folder: &Path) -> anyhow::Result<[Officer; 2]> {
    let city = City::read(folder)?;
    let registry = Certificate::read(&std::fs::read(folder.join("ca/public/ca/registry.cer"))?)?;
    let mut officers = Vec::new();
    for person in city.holders("registration-officer") {
        let at = |place: &Option<String>| anyhow::Ok(folder.join(place.as_deref().context("?")?));
        let text = std::fs::read_to_string(at(&person.cert)?)?;
        let chain = pki::pem::read(text.as_bytes(), pki::pem::Kind::Certificate)?;
        let certificate = Certificate::read(chain.first().context("certificate")?)?;
        let passphrase = keys::passphrase_from_file(&at(&person.passphrase_file)?)?;
        let signer = keys::open(&at(&person.key)?, &passphrase)?;
        let registry = registry.key().clone();
        officers.push(Officer { chain, certificate, signer, registry });
    }
    officers.try_into().ok().context("two officers are expected")
}

/// The trust file of a city.
pub(crate) fn trust(folder: &Path) -> anyhow::Result<Trust> {
    Ok(serde_json::from_slice(&std::fs::read(folder.join("ca/trust.json"))?)?)
}

/// Makes so many people with a letter and a key each.
pub(crate) async fn applicants(
    folder: &Path,
    store: &Store,
    count: usize,
) -> anyhow::Result<Vec<Applicant>> {
    applicants_with(folder, store, (count, "official"), |_| async { Ok(()) }).await
}

/// The same under a profile, after something was done for each of them.
pub(crate) async fn applicants_with<F, R>(
    folder: &Path,
    store: &Store,
    (count, profile): (usize, &'static str),
    before: F,
) -> anyhow::Result<Vec<Applicant>>
where
    F: Fn(String) -> R,
    R: Future<Output = anyhow::Result<()>>,
{
    let grown = grow(folder, store, (count, &UNITS), None).await?;
    for one in &grown {
        before(one.person.clone()).await?;
    }
    let config = Arc::new(CaConfig::read(&folder.join("ca/ca.toml"))?);
    let state: PathBuf = folder.join("ca");
    let people: Vec<String> = grown.into_iter().map(|grown| grown.person).collect();
    for_all("letters made", people, LETTERS_AT_ONCE, move |person| {
        let (config, state) = (config.clone(), state.clone());
        async move {
            let wanted = OperatorRequest::Letter { person, profile: profile.into() };
            let mut made = ask(&config, &wanted).await?;
            // A role that was just granted is not in the tree yet.
            while made.refused.is_some() && profile == "staff" {
                tokio::time::sleep(AGAIN).await;
                made = ask(&config, &wanted).await?;
            }
            ensure!(made.refused.is_none(), "no letter: {:?}", made.refused);
            let text = tokio::fs::read(state.join(made.letter)).await?;
            Applicant::new(serde_json::from_slice(&text)?)
        }
    })
    .await
}

/// Does something for all, so many at once, each of these as soon as it is done with the one
/// before.
pub(crate) async fn for_all<I, T, F, R>(
    what: &'static str,
    items: Vec<I>,
    at_once: usize,
    act: F,
) -> anyhow::Result<Vec<T>>
where
    I: Send + 'static,
    T: Send + 'static,
    F: Fn(I) -> R + Clone + Send + 'static,
    R: Future<Output = anyhow::Result<T>> + Send + 'static,
{
    let count = items.len();
    let waiting = Arc::new(Mutex::new(items.into_iter()));
    let mut tasks = JoinSet::new();
    for _ in 0..at_once {
        let (waiting, act) = (waiting.clone(), act.clone());
        tasks.spawn(async move {
            let mut done = Vec::new();
            let next = || waiting.lock().unwrap_or_else(PoisonError::into_inner).next();
            while let Some(item) = next() {
                done.push(act(item).await?);
                let left = waiting.lock().unwrap_or_else(PoisonError::into_inner).len();
                if left.is_multiple_of(100) {
                    progress(what, count - left, count);
                }
            }
            anyhow::Ok(done)
        });
    }
    let mut done = Vec::with_capacity(count);
    while let Some(finished) = tasks.join_next().await {
        done.extend(finished??);
    }
    Ok(done)
}
