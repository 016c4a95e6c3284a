//! Getting what is newer: a long poll at `status`, everything verified, kept in the state directory, then
//! swapped in. What was kept is verified again at a start.

use super::load::{Anchors, NotAccepted};
use super::marks::Marks;
use super::{Known, Revocations, Rules, World};
use crate::AgentConfig;
use arc_swap::ArcSwap;
use audit::Bytes;
use audit::lineage::Lineage;
use audit::people::SignedPeople;
use ca_api::{Status, Watch};
use service::{Clock, Metrics, Stop};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;

const AFTER_FAILURE: Duration = Duration::from_secs(2);
/// Pause after something that was not accepted; it comes again at once.
const AFTER_REFUSAL: Duration = Duration::from_millis(500);
/// Pause between two polls that bring nothing.
const PAUSE: Duration = Duration::from_millis(20);

/// Where the world comes from and where it is kept.
pub struct Source {
    config: AgentConfig,
    anchors: Mutex<Anchors>,
    /// Marks that never go back; shared with shipping.
    pub marks: Arc<Mutex<Marks>>,
    /// The present world.
    pub world: Arc<ArcSwap<World>>,
    /// Told after every swap.
    pub swapped: Arc<Notify>,
    clock: Clock,
    metrics: Metrics,
}

/// Parts that came, in the order in which they are verified.
#[derive(Default)]
struct Came {
    rules: Option<Lineage>,
    crl: Option<Bytes>,
    people: Option<SignedPeople>,
}

impl Source {
    /// Takes up what is kept in the state directory.
    pub fn open(
        config: &AgentConfig,
        anchors: Anchors,
        clock: Clock,
        metrics: Metrics,
    ) -> anyhow::Result<Self> {
        std::fs::create_dir_all(config.path("world"))?;
        let marks = Marks::read(&config.path("marks.json"))?;
        let source = Self {
            config: config.clone(),
            anchors: Mutex::new(anchors),
            marks: Arc::new(Mutex::new(marks)),
            world: Arc::new(ArcSwap::from_pointee(World::nothing())),
            swapped: Arc::new(Notify::new()),
            clock,
            metrics,
        };
        let came = Came {
            rules: source.kept("rules.json"),
            crl: std::fs::read(config.path("world/list.crl")).ok().map(Bytes),
            people: source.kept("people.json"),
        };
        source.install(came, false);
        Ok(source)
    }

    fn kept<T: serde::de::DeserializeOwned>(&self, name: &str) -> Option<T> {
        let bytes = std::fs::read(self.config.path(&format!("world/{name}"))).ok()?;
        serde_json::from_slice(&bytes).ok()
    }

    /// Verifies what came, keeps it, swaps it in. A part that is not accepted leaves the old one.
    fn install(&self, came: Came, keep: bool) {
        let now = self.clock.seconds();
        let mut anchors = self.anchors.lock().unwrap_or_else(PoisonError::into_inner);
        let mut marks = self.marks.lock().unwrap_or_else(PoisonError::into_inner);
        let rules: Option<Arc<Rules>> = came
            .rules
            .as_ref()
            .and_then(|lineage| self.accepted("rules", anchors.rules(lineage, &mut marks)));
        let list: Option<Arc<Revocations>> = came
            .crl
            .as_ref()
            .and_then(|der| self.accepted("list", anchors.list(&der.0, &mut marks, now)));
        let before = self.world.load();
        let version = rules.as_ref().or(before.rules.as_ref()).map_or(0, |rules| rules.version);
        let known: Option<Arc<Known>> = came.people.as_ref().and_then(|signed| {
            self.accepted("people", anchors.people(signed, version, &mut marks, now))
        });
        if rules.is_none() && list.is_none() && known.is_none() {
            return;
        }
        if keep {
            let lineage = came.rules.filter(|_| rules.is_some());
            let der = came.crl.filter(|_| list.is_some());
            let signed = came.people.filter(|_| known.is_some());
            if let Err(error) = self.keep(&marks, lineage, der, signed) {
                // Not kept means not in force: a restart must not know less than a decision did.
                self.metrics.condition("world", &format!("cannot be kept: {error:#}"));
                return;
            }
        }
        let next = self.world.load().next(list, known, rules);
        tracing::info!(generation = next.generation, in_force = ?next.in_force(), "world");
        self.world.store(Arc::new(next));
        self.swapped.notify_waiters();
    }

    fn accepted<T>(&self, what: &'static str, result: Result<T, NotAccepted>) -> Option<T> {
        match result {
            Ok(value) => {
                self.metrics.condition(what, "");
                self.metrics.count(what, "done");
                Some(value)
            }
            Err(error) => {
                self.metrics.condition(what, &error.to_string());
                self.metrics.count(what, "refused");
                tracing::error!(what, %error, "not accepted; the old one stays");
                None
            }
        }
    }

    fn keep(
        &self,
        marks: &Marks,
        rules: Option<Lineage>,
        list: Option<Bytes>,
        people: Option<SignedPeople>,
    ) -> anyhow::Result<()> {
        let write = |name: &str, bytes: &[u8]| {
            crate::write_file(&self.config.path(&format!("world/{name}")), bytes)
        };
        if let Some(rules) = rules {
            write("rules.json", &serde_json::to_vec(&rules)?)?;
        }
        if let Some(list) = list {
            write("list.crl", &list.0)?;
        }
        if let Some(people) = people {
            write("people.json", &serde_json::to_vec(&people)?)?;
        }
        marks.write()
    }

    fn has(&self) -> Watch {
        let world = self.world.load();
        let in_force = world.in_force();
        Watch { crl: in_force.crl, people: in_force.people, bundle: in_force.bundle }
    }
}

/// Polls until the stop. What cannot be had waits; the world goes on until its limit.
pub async fn watch(source: Arc<Source>, status: Status, stop: Stop) {
    loop {
        let has = source.has();
        let answer = tokio::select! {
            answer = status.world(&has) => answer,
            () = stop.wait() => return,
        };
        let pause = match answer {
            Ok(world) => {
                source.metrics.condition("status", "");
                let empty = world == ca_api::World::default();
                let came = Came { rules: world.rules, crl: world.crl, people: world.people };
                source.install(came, true);
                // Something that is not accepted comes again at once: do not turn in a circle.
                if !empty && source.has() == has { AFTER_REFUSAL } else { PAUSE }
            }
            Err(error) => {
                source.metrics.condition("status", &format!("nothing new comes: {error}"));
                AFTER_FAILURE
            }
        };
        if !stop.pause(pause).await {
            return;
        }
    }
}
