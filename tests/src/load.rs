//! People who never stop: they enrol, lose their keys and are revoked while processes are killed
//! under them. Whoever gets no answer asks again; nobody gives up, and what somebody was told stays
//! true.

use crate::people::{Officer, Official};
use crate::processes::{Office, WAIT, moment};
use ca_host::CaConfig;
use ca_host::operator::{OperatorAnswer, OperatorRequest, ask};
use mtls::Client;
use pki::crl::RevocationList;
use pki::{Certificate, SerialNumber};
use portal_api::{Public, Staff};
use records::enrolment::{Collect, Collected, LookUp, ReportLoss, Stage};
use records::letter::LossReceipt;
use records::trust::Trust;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::sync::{RwLock, RwLockWriteGuard};

/// People at once.
const PEOPLE: usize = 4;
/// Between two attempts of somebody who got no answer.
const ASK_AGAIN: Duration = Duration::from_millis(20);
/// A person rests up to so many milliseconds before the next letter.
const REST_MS: u64 = 600;

/// Numbers that follow from a seed (splitmix64), so that what happened can happen again.
pub struct Chance(pub u64);

impl Chance {
    /// A number below another.
    pub fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % end
    }

    /// One of several.
    pub fn one<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len() as u64) as usize]
    }
}

/// The load, until it is ended.
pub struct Load {
    town: Arc<Town>,
    /// A thread each.
    people: Vec<JoinHandle<()>>,
}

struct Town {
    folder: PathBuf,
    config: CaConfig,
    trust: Trust,
    officers: Vec<(Officer, Staff)>,
    /// Held by whoever is on the way; whoever wants rest takes it whole.
    way: RwLock<()>,
    over: AtomicBool,
    certificates: AtomicUsize,
    /// Serial numbers that somebody was told are revoked.
    revoked: Mutex<BTreeSet<String>>,
    /// Serial numbers that somebody holds a proven certificate of.
    proven: Mutex<BTreeSet<String>>,
}

impl Load {
    /// Registers people and lets them go.
    pub async fn begin(office: &Office, seed: u64) -> Self {
        let officers = ["officer-1", "officer-2"].map(|file| {
            let officer = office.first(file);
            let staff = office.staff(&officer);
            (officer, staff)
        });
        let town = Arc::new(Town {
            folder: office.folder(),
            config: CaConfig::read(&office.path("ca/ca.toml")).unwrap(),
            trust: office.trust.clone(),
            officers: officers.into(),
            way: RwLock::new(()),
            over: AtomicBool::new(false),
            certificates: AtomicUsize::new(0),
            revoked: Mutex::new(BTreeSet::new()),
            proven: Mutex::new(BTreeSet::new()),
        });
        let mut people = Vec::new();
        for number in 0..PEOPLE {
            let person = office.register(&format!("测试{number}"), "sz-office").await;
            let chance = Chance(seed.wrapping_add(1 + number as u64));
            let town = town.clone();
            people.push(std::thread::spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
                runtime.unwrap().block_on(town.live(person, chance));
            }));
        }
        Self { town, people }
    }

    /// Waits until everybody who is on the way has arrived, and keeps the others from setting out.
    pub async fn rest(&self) -> RwLockWriteGuard<'_, ()> {
        self.town.way.write().await
    }

    /// Fails if somebody failed.
    pub fn check(&mut self) {
        if let Some(ended) = self.people.iter().position(JoinHandle::is_finished) {
            self.people.remove(ended).join().unwrap();
            panic!("somebody stopped");
        }
    }

    /// What somebody was told is true: revoked is on the list, proven is in the rows. While
    /// everybody rests.
    pub async fn kept_word(&self, office: &Office) {
        let told: Vec<String> = self.town.revoked.lock().unwrap().iter().cloned().collect();
        let der = std::fs::read(self.town.folder.join("ca/public/crl/issuing-1/0.crl")).unwrap();
        let list = RevocationList::read(&der).unwrap();
        for serial in told {
            assert!(list.contains(&SerialNumber::from_hex(&serial).unwrap()), "{serial} is good");
        }
        let rows: Vec<(String,)> = sqlx::query_as("select serial from certificate")
            .fetch_all(&office.database().await)
            .await
            .unwrap();
        let rows: BTreeSet<String> = rows.into_iter().map(|(serial,)| serial).collect();
        let proven = self.town.proven.lock().unwrap().clone();
        assert!(proven.is_subset(&rows), "a certificate that left is not there");
    }

    /// Certificates that were proven to somebody, and revocations that somebody was told of.
    pub fn told(&self) -> (usize, usize) {
        let town = &self.town;
        (town.certificates.load(Ordering::Relaxed), town.revoked.lock().unwrap().len())
    }

    /// Waits until everybody is at home.
    pub async fn end(self) {
        self.town.over.store(true, Ordering::Relaxed);
        while !self.people.iter().all(JoinHandle::is_finished) {
            moment(ASK_AGAIN).await;
        }
        for person in self.people {
            person.join().unwrap();
        }
    }
}

impl Town {
    async fn live(self: Arc<Self>, person: String, mut chance: Chance) {
        while !self.over.load(Ordering::Relaxed) {
            moment(Duration::from_millis(chance.below(REST_MS))).await;
            let _way = self.way.read().await;
            let official = self.letter(&person).await;
            let serial = self.enrol(&official).await;
            match chance.below(4) {
                0 => self.report_lost(&official, &serial).await,
                1 => self.revoke(&person, &serial).await,
                _ => {}
            }
        }
    }

    /// Does something until it is done.
    async fn insist<T>(&self, what: &str, mut act: impl AsyncFnMut() -> Option<T>) -> T {
        let started = Instant::now();
        loop {
            if let Some(done) = act().await {
                return done;
            }
            assert!(started.elapsed() < WAIT, "never happened: {what}");
            moment(ASK_AGAIN).await;
        }
    }

    async fn asked(&self, request: OperatorRequest) -> Option<OperatorAnswer> {
        let answer = ask(&self.config, &request).await.ok()?;
        answer.refused.is_none().then_some(answer)
    }

    async fn letter(&self, person: &str) -> Official {
        self.insist("a letter", async || {
            let profile = "official".to_owned();
            let wanted = OperatorRequest::Letter { person: person.to_owned(), profile };
            let made = self.asked(wanted).await?;
            let text = std::fs::read(self.folder.join("ca").join(made.letter)).unwrap();
            Some(Official::new(serde_json::from_slice(&text).unwrap()))
        })
        .await
    }

    /// From the look-up to the proven certificate, wherever it stands; gives the serial number.
    async fn enrol(&self, official: &Official) -> String {
        let public = Public(self.client(&self.trust.portal_public));
        let collected = self
            .insist("a certificate", async || {
                let record = public.look_up(&official.look_up()).await.ok()?;
                match record.stage {
                    Stage::Letter { .. } => {
                        let request = official.request();
                        let message = official.submit(&record.challenge, &request, "cli");
                        let _ = public.submit(&message).await;
                        None
                    }
                    Stage::Awaiting { order, approvals, needed, .. } if approvals < needed => {
                        self.approve(&order).await;
                        None
                    }
                    Stage::Awaiting { .. } => None,
                    Stage::Issued { .. } => {
                        let LookUp { reference, key } = official.look_up();
                        public.collect(&Collect { reference, key }).await.ok()
                    }
                    Stage::Rejected { reason } => panic!("rejected: {reason}"),
                }
            })
            .await;
        self.proven(&collected)
    }

    fn proven(&self, collected: &Collected) -> String {
        collected.evidence.open(&self.trust, "control").unwrap();
        let leaf = Certificate::read(&collected.chain[0].0).unwrap();
        let serial = leaf.serial().to_string();
        self.proven.lock().unwrap().insert(serial.clone());
        self.certificates.fetch_add(1, Ordering::Relaxed);
        serial
    }

    async fn approve(&self, order: &str) -> Option<()> {
        for (officer, staff) in &self.officers {
            let export = staff.fetch(order).await.ok()?;
            let given = export.standing.as_ref().is_some_and(|standing| standing.given);
            if !given {
                staff.approve(&officer.sign(&export)).await.ok()?;
            }
        }
        Some(())
    }

    async fn report_lost(&self, official: &Official, serial: &str) {
        let status = ca_api::Status(self.client(&self.trust.status));
        let reference = official.letter.reference.clone();
        let value = official.keys.loss_value(&reference).into();
        let report = ReportLoss { reference, value };
        let signed =
            self.insist("a receipt", async || status.report_loss(&report).await.ok()).await;
        let receipt: LossReceipt = records::json::read(&signed.receipt.0).unwrap();
        assert_eq!(receipt.serials, [serial]);
        self.revoked.lock().unwrap().extend(receipt.serials);
    }

    /// Two officers revoke; a revocation is felt when both have approved.
    async fn revoke(&self, person: &str, serial: &str) {
        let made = self
            .insist("an order to revoke", async || {
                let request = OperatorRequest::Revoke {
                    person: person.to_owned(),
                    serials: vec![serial.to_owned()],
                    reason: "superseded".into(),
                    evidence: "asked for".into(),
                };
                self.asked(request).await
            })
            .await;
        self.insist("approvals of a revocation", async || {
            let done = self.approve(&made.order).await;
            // The answer to the last approval may be lost: then the order is over.
            done.or_else(|| self.is_listed(serial).then_some(()))
        })
        .await;
        self.insist("a revoked certificate on the list", async || {
            self.is_listed(serial).then_some(())
        })
        .await;
        self.revoked.lock().unwrap().insert(serial.to_owned());
    }

    fn is_listed(&self, serial: &str) -> bool {
        let der = std::fs::read(self.folder.join("ca/public/crl/issuing-1/0.crl")).unwrap();
        RevocationList::read(&der).unwrap().contains(&SerialNumber::from_hex(serial).unwrap())
    }

    fn client(&self, address: &str) -> Client {
        let root = self.trust.root_sha256.digest().unwrap();
        Client::new(address, Some(mtls::tls::client(root, None).unwrap())).unwrap()
    }
}
