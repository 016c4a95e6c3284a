//! The people of an office: officers with their keys, officials with their letters, and clients
//! that can be made to misbehave.

use crate::processes::{Office, until};
use keys::SoftwareSigner;
use mtls::Client;
use mtls::tls::Identity;
use pki::{Certificate, CertificationRequest};
use portal_api::{PortalRefusal, Public, Staff};
use records::enrolment::{
    Collect, CollectedCertificate, LetterLookUp, LookUpAnswer, RequestSubmission, Stage,
};
use records::export::{Approved, OrderExport};
use records::letter::{EnrolmentCode, Letter, LetterKeys, bind};
use records::order::Body;
use records::{Approval, ApprovalClaim, Bytes, Problem};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Mutex;

/// Someone with a certificate and its key.
pub struct Officer {
    pub person: String,
    pub chain: Vec<Certificate>,
    pub signer: SoftwareSigner,
}

/// Someone with a letter.
pub struct Official {
    pub letter: Letter,
    pub keys: LetterKeys,
    pub signer: SoftwareSigner,
}

impl Officer {
    /// For TLS.
    pub fn identity(&self) -> Identity {
        let chain = self.chain.iter().map(|certificate| certificate.der().to_vec()).collect();
        Identity::from_der(chain, self.signer.pkcs8()).unwrap()
    }

    /// The own certificate.
    pub fn leaf(&self) -> &Certificate {
        &self.chain[0]
    }

    /// Signs an approval of an order.
    pub fn sign(&self, export: &OrderExport) -> Approval {
        let digest = export.signed.digest();
        let order = records::Order::read(&export.signed.order.0).unwrap();
        let rows: Vec<u8> = match order.body().unwrap() {
            Body::Batch(batch) => {
                let sample = batch.to_open(&digest, self.leaf().subject().person().unwrap());
                sample.into_iter().flat_map(|row| row.0.clone()).collect()
            }
            _ => Vec::new(),
        };
        let voices = export.standing.iter().flat_map(|standing| &standing.voices);
        let acting_for = voices.map(|voice| voice.acting_for.as_deref()).next().flatten();
        let spoken = ApprovalClaim { acting_for, opened: &rows };
        Approval::sign_spoken(digest, spoken, self.leaf(), &self.signer).unwrap()
    }
}

impl Official {
    /// Takes a letter up, with a fresh key.
    pub fn new(letter: Letter) -> Self {
        let code = EnrolmentCode::read(&letter.code).unwrap();
        let founding = letter.trust.founding.digest().unwrap();
        let keys = LetterKeys::derive(&founding, &letter.reference, &code);
        Self { letter, keys, signer: SoftwareSigner::generate_p256().unwrap() }
    }

    /// The message that opens the own record.
    pub fn look_up(&self) -> LetterLookUp {
        LetterLookUp {
            reference: self.letter.reference.clone(),
            key: self.keys.lookup().as_slice().into(),
        }
    }

    /// The message that submits a request under a label.
    pub fn submit(
        &self,
        challenge: &Bytes,
        request: &CertificationRequest,
        label: &str,
    ) -> RequestSubmission {
        let key = self.keys.bind_key(label).unwrap();
        RequestSubmission {
            reference: self.letter.reference.clone(),
            key: self.keys.lookup().as_slice().into(),
            challenge: challenge.clone(),
            request: request.der().into(),
            label: label.into(),
            bind: bind(key, &challenge.0, request.der()).into(),
        }
    }

    /// The own request.
    pub fn request(&self) -> CertificationRequest {
        keys::request(&self.signer).unwrap()
    }
}

/// The refusal's problem; anything else is a failed test.
pub fn refused<T: std::fmt::Debug>(answer: Result<T, PortalRefusal>) -> Problem {
    match answer {
        Err(PortalRefusal::Refused(problem)) => problem,
        other => panic!("not refused: {other:?}"),
    }
}

/// The refusal's code.
pub fn code<T: std::fmt::Debug>(answer: Result<T, PortalRefusal>) -> String {
    refused(answer).code
}

/// Opens a sealed key, each only once in a run: 600,000 rounds take longer than what tests do with
/// it.
fn opened(key: &Path, passphrase: &Path) -> SoftwareSigner {
    static OPENED: Mutex<BTreeMap<Vec<u8>, Vec<u8>>> = Mutex::new(BTreeMap::new());
    let sealed = std::fs::read(key).unwrap();
    if let Some(plain) = OPENED.lock().unwrap().get(&sealed) {
        return SoftwareSigner::from_pkcs8(plain).unwrap();
    }
    let passphrase = keys::passphrase_from_file(passphrase).unwrap();
    let signer = keys::open(key, &passphrase).unwrap();
    OPENED.lock().unwrap().insert(sealed, signer.pkcs8().to_vec());
    signer
}

impl Office {
    /// A first person by the file name of their key: `officer-1`, `security-2`, `auditor` …
    pub fn first(&self, file: &str) -> Officer {
        let path = |end: &str| self.path(&format!("people/{file}.{end}"));
        let text = std::fs::read_to_string(path("pem")).unwrap();
        let chain: Vec<Certificate> = pki::pem::read(text.as_bytes(), pki::pem::Kind::Certificate)
            .unwrap()
            .iter()
            .map(|der| Certificate::read(der).unwrap())
            .collect();
        let signer = opened(&path("key"), &path("passphrase"));
        Officer { person: chain[0].subject().person().unwrap().to_owned(), chain, signer }
    }

    /// A client of the public host.
    pub fn public(&self) -> Public {
        Public(self.client(&self.trust.portal_public, None))
    }

    /// A client of the staff host.
    pub fn staff(&self, officer: &Officer) -> Staff {
        Staff(self.client(&self.trust.portal_staff, Some(officer.identity())))
    }

    /// A client that believes the city's root.
    pub fn client(&self, address: &str, identity: Option<Identity>) -> Client {
        let root = self.trust.root_sha256.digest().unwrap();
        Client::new(address, Some(mtls::tls::client(root, identity).unwrap())).unwrap()
    }

    /// An officer fetches an order and approves it.
    pub async fn approve(&self, officer: &Officer, order: &str) -> Result<Approved, PortalRefusal> {
        let staff = self.staff(officer);
        let export = staff.fetch(order).await?;
        staff.approve(&officer.sign(&export)).await
    }

    /// Both registration officers approve, and the order is carried out.
    pub async fn approve_by_both(&self, order: &str) {
        for file in ["officer-1", "officer-2"] {
            self.approve(&self.first(file), order).await.unwrap();
        }
        self.carried_out(order).await;
    }

    /// Both security administrators approve, and the order is carried out.
    pub async fn approve_by_security(&self, order: &str) {
        for file in ["security-1", "security-2"] {
            self.approve(&self.first(file), order).await.unwrap();
        }
        self.carried_out(order).await;
    }

    /// Waits until an order is done.
    pub async fn carried_out(&self, order: &str) {
        let database = self.database().await;
        until(&format!("order {order} is done"), async || {
            let found: Option<(String,)> =
                sqlx::query_as("select state from ordered where order_id = $1")
                    .bind(order)
                    .fetch_optional(&database)
                    .await
                    .unwrap();
            found.is_some_and(|(state,)| state == "done")
        })
        .await;
    }

    /// Drafts an order; gives its id and the person id.
    pub fn draft(&self, words: &[&str]) -> (String, String) {
        let made = self.ca_json(words);
        let text = |key: &str| made[key].as_str().unwrap_or_default().to_owned();
        (text("order"), text("person"))
    }

    /// Registers an official.
    pub async fn register(&self, name: &str, unit: &str) -> String {
        let words =
            ["person", "create", "--name", name, "--unit", unit, "--evidence", "papers seen"];
        let (order, person) = self.draft(&words);
        self.approve_by_both(&order).await;
        person
    }

    /// Registers an officer of a county's registration office, with an open letter for a staff key.
    pub async fn register_officer(&self, name: &str, role: &str, scope: &str) -> Official {
        let person = self.register(name, "sz-office").await;
        let (order, _) = self.draft(&["role", "grant", &person, role, "--scope", scope]);
        self.approve_by_security(&order).await;
        self.letter(&person, "staff")
    }

    /// Makes a letter and takes it up.
    pub fn letter(&self, person: &str, profile: &str) -> Official {
        let made = self.ca_json(&["letter", person, "--profile", profile]);
        let text = std::fs::read(made["letter"].as_str().unwrap()).unwrap();
        Official::new(serde_json::from_slice(&text).unwrap())
    }

    /// Opens the own record.
    pub async fn look_up(&self, official: &Official) -> LookUpAnswer {
        self.public().look_up(&official.look_up()).await.unwrap()
    }

    /// Applies; gives the order's id.
    pub async fn apply(&self, official: &Official) -> String {
        let record = self.look_up(official).await;
        let submit = official.submit(&record.challenge, &official.request(), "cli");
        match self.public().submit(&submit).await.unwrap() {
            Stage::Awaiting { order, .. } => order,
            other => panic!("{other:?}"),
        }
    }

    /// Waits for the certificate.
    pub async fn collect(&self, official: &Official) -> CollectedCertificate {
        let LetterLookUp { reference, key } = official.look_up();
        let collect = Collect { reference, key };
        let public = self.public();
        let mut collected = None;
        until("a certificate to collect", async || match public.collect(&collect).await {
            Ok(found) => {
                collected = Some(found);
                true
            }
            Err(PortalRefusal::Refused(problem)) if problem.code == "not-ready" => false,
            Err(other) => panic!("{other}"),
        })
        .await;
        collected.unwrap()
    }

    /// An official with a certificate.
    pub async fn official(&self, name: &str, unit: &str) -> (Official, CollectedCertificate) {
        let person = self.register(name, unit).await;
        let official = self.letter(&person, "official");
        let order = self.apply(&official).await;
        self.approve_by_both(&order).await;
        let collected = self.collect(&official).await;
        (official, collected)
    }

    /// Turns an official with a certificate into someone who can approve with it.
    pub fn officer(&self, official: Official, collected: &CollectedCertificate) -> Officer {
        let read = |der: &Bytes| Certificate::read(&der.0).unwrap();
        let chain: Vec<Certificate> = collected.chain.iter().map(read).collect();
        Officer { person: official.letter.person.clone(), chain, signer: official.signer }
    }

    /// Reports the loss of a letter's certificates; gives the serial numbers of the receipt.
    pub async fn report_lost(&self, official: &Official) -> Vec<String> {
        self.report(&self.loss_of(official)).await
    }

    /// Waits until the published list holds a serial number.
    pub async fn listed(&self, serial: &str) {
        let serial = pki::SerialNumber::from_hex(serial).unwrap();
        let path = self.path("ca/public/crl/issuing-1/0.crl");
        until("the serial number is on the list", async || {
            let der = std::fs::read(&path);
            der.is_ok_and(|der| pki::crl::RevocationList::read(&der).unwrap().contains(&serial))
        })
        .await;
    }

    /// Codes of the refusals in the log, with what they were about, oldest first.
    pub async fn refusals(&self) -> Vec<(String, String)> {
        let refusal = |record: records::Record| match record.event {
            records::record::Event::Refusal { code, about, .. } => {
                Some((code.name().into(), about))
            }
            _ => None,
        };
        self.control().await.into_iter().filter_map(refusal).collect()
    }

    /// Records of the control log, oldest first, sequenced or not.
    pub async fn control(&self) -> Vec<records::Record> {
        self.of_log("control").await
    }

    /// Records of a log, oldest first, sequenced or not.
    pub async fn of_log(&self, log: &str) -> Vec<records::Record> {
        let database = self.database().await;
        let rows: Vec<(Vec<u8>,)> = sqlx::query_as(
            "select record from (select record, idx as place from log_entry where log_id = $1 \
             union all select record, position + 1000000000 as place from log_pending \
             where log_id = $1) as known order by place",
        )
        .bind(log)
        .fetch_all(&database)
        .await
        .unwrap();
        rows.iter().map(|(bytes,)| records::Record::read(bytes).unwrap()).collect()
    }

    /// How many records of a kind stand in the access log.
    pub async fn of_kind(&self, kind: &str) -> usize {
        let database = self.database().await;
        let rows: Vec<(Vec<u8>,)> =
            sqlx::query_as("select record from log_entry where log_id = 'access'")
                .fetch_all(&database)
                .await
                .unwrap();
        let records = rows.iter().map(|(bytes,)| records::Record::read(bytes).unwrap());
        records.filter(|record| record.event.kind() == kind).count()
    }
}
