//! What people who never stop have in common: where they ask, how often, what they were told, and
//! what each of them does before anything else.

use super::act::Act;
use super::card::{Card, leaf};
use super::systems::MachinesAt;
use crate::gate::Gate;
use crate::people::{Officer, Official};
use crate::processes::{WAIT, moment};
use ca_host::CaConfig;
use ca_host::operator::{OperatorAnswer, OperatorRequest, ask};
use mtls::Client;
use pki::SerialNumber;
use pki::crl::RevocationList;
use portal_api::{PortalRefusal, Public, Staff};
use records::enrolment::{Collect, CollectedCertificate, LetterLookUp, Stage};
use records::trust::Trust;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};
use tokio::sync::RwLock;

/// The office of everybody here.
pub(super) const OFFICE: &str = "sz-office";
/// Between two attempts of somebody who got no answer.
pub(super) const ASK_AGAIN: Duration = Duration::from_millis(20);
/// What may also be refused for good, since there is much of it already, is tried for so long.
const TRIED: Duration = Duration::from_secs(5);
/// Between two attempts of it.
const TRY_AGAIN: Duration = Duration::from_millis(100);
/// What is told of an order that nobody approves any more.
const OVER: [&str; 4] = ["order-consumed", "order-returned", "order-rejected", "order-withdrawn"];

/// What everybody here knows and shares.
pub(super) struct Town {
    pub(super) folder: PathBuf,
    pub(super) config: CaConfig,
    pub(super) trust: Trust,
    pub(super) officers: Vec<(Officer, Staff)>,
    pub(super) security: Vec<(Officer, Staff)>,
    /// Drafts for the people of an office.
    pub(super) handler: (Officer, Staff),
    /// The issuer, as the staff's portal speaks to it.
    pub(super) issuer: ca_api::Issuer,
    pub(super) gate: Gate,
    pub(super) machines: MachinesAt,
    /// Held by whoever is on the way; whoever wants rest takes it whole.
    pub(super) way: RwLock<()>,
    pub(super) over: AtomicBool,
    /// What a round waits for: people do it more often than anything else.
    pub(super) sought: Mutex<Option<Act>>,
    /// How often something was done.
    pub(super) done: Mutex<BTreeMap<Act, usize>>,
    /// Serial numbers that somebody was told are revoked.
    pub(super) revoked: Mutex<BTreeSet<String>>,
    /// Serial numbers that somebody holds a proven certificate of.
    pub(super) proven: Mutex<BTreeSet<String>>,
    /// Orders of which somebody was told that they are sent back or taken back.
    pub(super) ended: Mutex<BTreeSet<String>>,
}

impl Town {
    /// Does something until it is done.
    pub(super) async fn insist<T>(&self, what: &str, mut act: impl AsyncFnMut() -> Option<T>) -> T {
        let started = Instant::now();
        loop {
            if let Some(done) = act().await {
                return done;
            }
            assert!(started.elapsed() < WAIT, "never happened: {what}");
            moment(ASK_AGAIN).await;
        }
    }

    /// Does something until it is done; if it never is, says what was heard last.
    pub(super) async fn insist_on<T, H: Debug>(
        &self,
        what: &str,
        mut act: impl AsyncFnMut() -> Result<T, Option<H>>,
    ) -> T {
        let (started, mut last) = (Instant::now(), None);
        loop {
            match act().await {
                Ok(done) => return done,
                Err(heard) => last = heard.or(last),
            }
            assert!(started.elapsed() < WAIT, "never happened: {what}; heard: {last:?}");
            moment(ASK_AGAIN).await;
        }
    }

    /// Tries something that may also be refused for good.
    pub(super) async fn attempt<T>(&self, mut act: impl AsyncFnMut() -> Option<T>) -> Option<T> {
        let started = Instant::now();
        while started.elapsed() < TRIED {
            if let Some(done) = act().await {
                return Some(done);
            }
            moment(TRY_AGAIN).await;
        }
        None
    }

    pub(super) async fn asked(&self, request: OperatorRequest) -> Option<OperatorAnswer> {
        let answer = ask(&self.config, &request).await.ok()?;
        answer.refused.is_none().then_some(answer)
    }

    pub(super) async fn letter(&self, person: &str) -> Official {
        self.insist_on("a letter", async || {
            let profile = "official".to_owned();
            let wanted = OperatorRequest::Letter { person: person.to_owned(), profile };
            let made = ask(&self.config, &wanted).await.map_err(|error| Some(error.to_string()))?;
            if let Some(refused) = made.refused {
                return Err(Some(format!("{refused:?}")));
            }
            let text = std::fs::read(self.folder.join("ca").join(made.letter)).unwrap();
            Ok(Official::new(serde_json::from_slice(&text).unwrap()))
        })
        .await
    }

    /// From a new letter to the proven certificate.
    pub(super) async fn enrolled(&self, person: &str) -> Card {
        let official = self.letter(person).await;
        self.enrol(official).await
    }

    /// From the look-up to the proven certificate, wherever it stands.
    pub(super) async fn enrol(&self, official: Official) -> Card {
        let public = self.public();
        let collected = self
            .insist_on("a certificate", async || {
                let told = |error: &dyn Debug| Some(format!("{error:?}"));
                let asked = public.look_up(&official.look_up()).await;
                let record = asked.map_err(|error| told(&error))?;
                let stage = format!("{:?}", record.stage);
                match record.stage {
                    Stage::Letter { .. } => {
                        let request = official.request();
                        let message = official.submit(&record.challenge, &request, "cli");
                        let sent = public.submit(&message).await.map(|_| ());
                        Err(told(&(stage, sent)))
                    }
                    Stage::Awaiting { order, approvals, needed, .. } if approvals < needed => {
                        let approved = self.approve(&self.officers, &order).await;
                        Err(told(&(stage, approved)))
                    }
                    Stage::Awaiting { .. } => Err(Some(stage)),
                    Stage::Issued { .. } => {
                        let LetterLookUp { reference, key } = official.look_up();
                        let asked = public.collect(&Collect { reference, key }).await;
                        asked.map_err(|error| told(&(stage, error)))
                    }
                    Stage::Rejected { reason } => panic!("rejected: {reason}"),
                }
            })
            .await;
        self.proven(&collected);
        Card::new(official, &collected)
    }

    pub(super) fn proven(&self, collected: &CollectedCertificate) {
        collected.evidence.open(&self.trust, "control").unwrap();
        let serial = leaf(collected).serial().to_string();
        self.proven.lock().unwrap().insert(serial);
    }

    pub(super) async fn approve(
        &self,
        by: &[(Officer, Staff)],
        order: &str,
    ) -> Result<(), PortalRefusal> {
        for (officer, staff) in by {
            let export = staff.fetch(order).await?;
            let given = export.standing.as_ref().is_some_and(|standing| standing.given);
            if !given {
                staff.approve(&officer.sign(&export)).await?;
            }
        }
        Ok(())
    }

    /// Has an order approved, whoever's answer is lost.
    pub(super) async fn carried(&self, by: &[(Officer, Staff)], order: &str) {
        self.insist("approvals of an order", async || self.is_carried(by, order).await).await;
    }

    /// The same of an order that may also be refused for good.
    pub(super) async fn is_approved(&self, by: &[(Officer, Staff)], order: &str) -> bool {
        self.attempt(async || self.is_carried(by, order).await).await.is_some()
    }

    async fn is_carried(&self, by: &[(Officer, Staff)], order: &str) -> Option<()> {
        let approved = self.approve(by, order).await.is_ok();
        (approved || is_over(&by[0].1, order).await).then_some(())
    }

    pub(super) fn is_listed(&self, serial: &str) -> bool {
        let der = std::fs::read(self.folder.join("ca/public/crl/issuing-1/0.crl")).unwrap();
        RevocationList::read(&der).unwrap().contains(&SerialNumber::from_hex(serial).unwrap())
    }

    pub(super) fn public(&self) -> Public {
        Public(self.client(&self.trust.portal_public))
    }

    pub(super) fn status(&self) -> ca_api::Status {
        ca_api::Status(self.client(&self.trust.status))
    }

    pub(super) fn client(&self, address: &str) -> Client {
        let root = self.trust.root_sha256.digest().unwrap();
        Client::new(address, Some(mtls::tls::client(root, None).unwrap())).unwrap()
    }
}

/// Whether an order has come to its end, and nobody approves it any more.
pub(super) async fn is_over(staff: &Staff, order: &str) -> bool {
    match staff.fetch(order).await {
        Err(PortalRefusal::Refused(problem)) => OVER.contains(&problem.code.as_str()),
        _ => false,
    }
}
