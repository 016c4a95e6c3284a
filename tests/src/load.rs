//! People who never stop: they enrol, lose their keys, are suspended, revoked, released and sent
//! back, renew, leave, draft, and pass a gate, and their systems and devices get certificates,
//! while processes are killed under them. Whoever gets no answer asks again; nobody gives up, and
//! what somebody was told stays true.

mod act;
mod card;
mod certificates;
mod devices;
mod gates;
mod orders;
mod systems;
mod town;

use crate::gate::Gate;
use crate::people::Officer;
use crate::processes::{Office, moment, until};
use act::{ACTS, Act};
use ca_host::CaConfig;
use card::Card;
use pki::SerialNumber;
use pki::crl::RevocationList;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;
use systems::MachinesAt;
use tokio::sync::{RwLock, RwLockWriteGuard};
use town::{ASK_AGAIN, OFFICE, Town};

/// People at once.
const PEOPLE: usize = 4;
/// A person rests up to so many milliseconds before they do the next thing.
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

impl Load {
    /// Registers people and lets them go; there is a gate, the portal's process for machines runs,
    /// and officials may renew at any time.
    pub async fn begin(office: &Office, gate: Gate, seed: u64) -> Self {
        let first = |file: &str| {
            let officer = office.first(file);
            let staff = office.staff(&officer);
            (officer, staff)
        };
        let handler = handler(office).await;
        let staff = office.staff(&handler);
        let town = Arc::new(Town {
            folder: office.folder(),
            config: CaConfig::read(&office.path("ca/ca.toml")).unwrap(),
            trust: office.trust.clone(),
            officers: ["officer-1", "officer-2"].map(first).into(),
            security: ["security-1", "security-2"].map(first).into(),
            handler: (handler, staff),
            issuer: office.issuer_for("staff"),
            gate,
            machines: MachinesAt::of(office),
            way: RwLock::new(()),
            over: AtomicBool::new(false),
            sought: Mutex::new(None),
            done: Mutex::new(BTreeMap::new()),
            revoked: Mutex::new(BTreeSet::new()),
            proven: Mutex::new(BTreeSet::new()),
            ended: Mutex::new(BTreeSet::new()),
        });
        let mut people = Vec::new();
        for number in 0..PEOPLE {
            let person = office.register(&format!("测试{number}"), OFFICE).await;
            let chance = Chance(seed.wrapping_add(1 + number as u64));
            let town = town.clone();
            people.push(std::thread::spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
                runtime.unwrap().block_on(town.live(person, chance));
            }));
        }
        Self { town, people }
    }

    /// From now on people do what leads to a point of the code, until they are told another.
    pub fn seek(&self, point: Option<&str>) {
        *self.town.sought.lock().unwrap() = point.and_then(act::towards);
    }

    /// What nobody came to do so far.
    pub fn never_done(&self) -> Vec<String> {
        let done = self.town.done.lock().unwrap();
        let missing = ACTS.iter().filter(|act| !done.contains_key(*act));
        missing.map(|act| format!("{act:?}")).collect()
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
        let serial = |text: &String| SerialNumber::from_hex(text).unwrap();
        let told: Vec<SerialNumber> = told.iter().map(serial).collect();
        // A receipt leaves before its list: `status` says so at once, the list in its time.
        until("what was told as revoked is on the list", async || {
            let der = std::fs::read(self.town.folder.join("ca/public/crl/issuing-1/0.crl"));
            let list = RevocationList::read(&der.unwrap()).unwrap();
            told.iter().all(|serial| list.contains(serial))
        })
        .await;
        let rows: Vec<(String,)> = sqlx::query_as("select serial from certificate")
            .fetch_all(&office.database().await)
            .await
            .unwrap();
        let rows: BTreeSet<String> = rows.into_iter().map(|(serial,)| serial).collect();
        let proven = self.town.proven.lock().unwrap().clone();
        assert!(proven.is_subset(&rows), "a certificate that left is not there");
        let sql = "select order_id from ordered where state = 'done'";
        let rows: Vec<(String,)> =
            sqlx::query_as(sql).fetch_all(&office.database().await).await.unwrap();
        let done: BTreeSet<String> = rows.into_iter().map(|(order,)| order).collect();
        let ended = self.town.ended.lock().unwrap().clone();
        assert!(ended.is_disjoint(&done), "an order that was declined was carried out");
    }

    /// Certificates that were proven to somebody, and revocations that somebody was told of.
    pub fn told(&self) -> (usize, usize) {
        let town = &self.town;
        (town.proven.lock().unwrap().len(), town.revoked.lock().unwrap().len())
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

/// Somebody who drafts for the people of an office.
async fn handler(office: &Office) -> Officer {
    let applied = office.register_officer("测试经办", "unit-handler", OFFICE).await;
    let order = office.apply(&applied).await;
    office.approve_by_both(&order).await;
    let collected = office.collect(&applied).await;
    office.officer(applied, &collected)
}

impl Town {
    async fn live(self: Arc<Self>, mut person: String, mut chance: Chance) {
        let mut held = None;
        while !self.over.load(Ordering::Relaxed) {
            moment(Duration::from_millis(chance.below(REST_MS))).await;
            let _way = self.way.read().await;
            let card = match held.take() {
                Some(card) => card,
                None => self.enrolled(&person).await,
            };
            held = self.act(self.next(&mut chance), card, &mut person).await;
        }
    }

    /// What is done next: every second time what a round waits for.
    fn next(&self, chance: &mut Chance) -> Act {
        let sought = *self.sought.lock().unwrap();
        match sought {
            Some(act) if chance.below(2) == 0 => act,
            _ => *chance.one(&ACTS),
        }
    }

    /// Does something; gives the certificate back if it still counts, or the one in its place.
    async fn act(&self, act: Act, card: Card, person: &mut String) -> Option<Card> {
        let (done, held) = match act {
            Act::Enrol => (true, None),
            Act::Lose => {
                self.report_lost(&card).await;
                (true, None)
            }
            Act::Revoke | Act::Wish | Act::RevokeByWord => {
                (self.revoke(act, person, &card).await, None)
            }
            Act::Leave => {
                self.leave(person, &card).await;
                *person = self.registered("测试继任").await;
                (true, None)
            }
            Act::Renew => (self.renew(&card).await, None),
            Act::Decline => (true, Some(self.sent_back(person).await)),
            Act::Suspend | Act::SuspendByWord => {
                let done = self.suspend(act, &card).await;
                (done, done.then_some(card))
            }
            Act::Batch => (self.batch().await, Some(card)),
            Act::Draft => (self.draft().await, Some(card)),
            Act::DraftMany => (self.draft_many().await, Some(card)),
            Act::Certify => (self.certify().await, Some(card)),
            Act::Join => (self.join().await, Some(card)),
            Act::System | Act::Device => (self.system(act).await, Some(card)),
            Act::Mistake => (self.mistake(&card).await, Some(card)),
            Act::Visit => (self.visit(&card).await, Some(card)),
        };
        if done {
            *self.done.lock().unwrap().entry(act).or_default() += 1;
        }
        held
    }
}
