//! Getting what is newer: a long poll at `status`, everything verified, kept in the state
//! directory, then swapped in. What was kept is verified again at a start.

use super::generation::{KnownPeople, Revocations, Rules, World};
use super::heard_clock::HeardClock;
use super::kept_beside::{self, KeptBeside, ToKeep};
use super::load::{Anchors, Continuation, NotAccepted};
use super::marks::Marks;
use super::parts::{Unkept, Update};
use super::reserve::Reserve;
use super::unlisted::VerifiedUnlisted;
use crate::AgentConfig;
use crate::sessions::PresentSessions;
use arc_swap::ArcSwap;
use ca_api::WorldNumbers;
use records::Bytes;
use records::lineage::Lineage;
use service::{Clock, Metrics, Stop};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::sync::watch::Sender;
use tokio::time::timeout;

#[cfg(test)]
mod tests;

const AFTER_FAILURE: Duration = Duration::from_secs(2);
/// Pause after something that was not accepted; it comes again at once.
const AFTER_REFUSAL: Duration = Duration::from_millis(500);
/// Pause between two polls that bring nothing.
const PAUSE: Duration = Duration::from_millis(20);
/// A gate that begins waits for the first answer so long before it lets anybody in.
const FIRST_MAX: Duration = Duration::from_secs(3);

/// Where the world comes from and where it is kept.
pub struct Source {
    config: AgentConfig,
    judge: Mutex<Judge>,
    /// Marks that never go back; shared with shipping.
    pub marks: Arc<Mutex<Marks>>,
    /// The world that is in force now is swapped whole; who holds one keeps it for a request.
    pub world: Arc<ArcSwap<World>>,
    /// Whoever waits here is woken after every swap.
    pub swapped: Arc<Notify>,
    reserve: Reserve,
    heard: Arc<HeardClock>,
    /// Whether `status` was asked since the start, with or without an answer.
    asked: Sender<bool>,
    clock: Clock,
    metrics: Metrics,
}

/// What verifying needs to remember.
struct Judge {
    anchors: Anchors,
    /// Rules that no snapshot has named yet, with the marks that they will set.
    announced: Option<(Arc<Rules>, Lineage, Marks)>,
    /// The checkpoint that was kept last because it does not go on from what was seen.
    refused: String,
    /// In force, and not in the state directory yet.
    unkept: Unkept,
}

impl Source {
    /// Takes up what is kept in the state directory, and room there for what comes.
    pub fn open(
        config: &AgentConfig,
        anchors: Anchors,
        clock: Clock,
        metrics: Metrics,
    ) -> anyhow::Result<Self> {
        std::fs::create_dir_all(config.path("world"))?;
        let source = Self::take_up(config, anchors, (clock, true), metrics)?;
        source.reserve.take();
        Ok(source)
    }

    /// The same for whoever only reads what is in force, beside a gate that runs or does not:
    /// nothing is made there, whosever the directory is.
    pub fn read(
        config: &AgentConfig,
        anchors: Anchors,
        clock: Clock,
        metrics: Metrics,
    ) -> anyhow::Result<Self> {
        Self::take_up(config, anchors, (clock, false), metrics)
    }

    /// Whoever lets people in watches the clock; whoever only reads may ask about another time.
    fn take_up(
        config: &AgentConfig,
        anchors: Anchors,
        (clock, is_watched): (Clock, bool),
        metrics: Metrics,
    ) -> anyhow::Result<Self> {
        let marks = Marks::read(&config.path("marks.json"))?;
        let heard = Arc::new(HeardClock::at(clock.seconds()));
        let nothing = World::nothing();
        let nothing = if is_watched { nothing.under(heard.clone()) } else { nothing };
        let unkept = Unkept::default();
        let judge = Judge { anchors, announced: None, refused: String::new(), unkept };
        let source = Self {
            config: config.clone(),
            judge: Mutex::new(judge),
            marks: Arc::new(Mutex::new(marks)),
            world: Arc::new(ArcSwap::from_pointee(nothing)),
            swapped: Arc::new(Notify::new()),
            reserve: Reserve::of(config.path("world/reserve")),
            heard,
            asked: Sender::new(false),
            clock,
            metrics,
        };
        let (crl, KeptBeside { said: unlisted, gone }) = source.kept_list();
        let (rules, people) = (source.kept("rules.json"), source.kept("people.json"));
        let kept = Update { rules, crl, people, unlisted, gone, ..Update::default() };
        source.install(kept, false);
        Ok(source)
    }

    /// The kept list, with all that stood beside it or not at all: without what only that file
    /// told, a certificate that was lost would be let in again. Without a list nobody is, until
    /// `status` answers.
    fn kept_list(&self) -> (Option<Bytes>, KeptBeside) {
        let marked = self.marks.lock().unwrap_or_else(PoisonError::into_inner).unlisted.clone();
        match kept_beside::kept(&self.config.path("world"), &marked) {
            Some(beside) => {
                (std::fs::read(self.config.path("world/list.crl")).ok().map(Bytes), beside)
            }
            None => {
                let problem = "what was told beside it is missing or damaged; waits for status";
                self.metrics.condition("list", problem);
                (None, KeptBeside::default())
            }
        }
    }

    fn kept<T: serde::de::DeserializeOwned>(&self, name: &str) -> Option<T> {
        let bytes = std::fs::read(self.config.path(&format!("world/{name}"))).ok()?;
        serde_json::from_slice(&bytes).ok()
    }

    /// Verifies what came, swaps it in, keeps it. A part that is not accepted leaves the old one.
    fn install(&self, update: Update, keep: bool) {
        let now = self.clock.seconds();
        let mut judge = self.judge.lock().unwrap_or_else(PoisonError::into_inner);
        let mut marks = self.marks.lock().unwrap_or_else(PoisonError::into_inner);
        let before = self.world.load_full();
        if let Some(lineage) = update.rules {
            let by = (!keep).then_some(Continuation::Kept);
            let by = by.unwrap_or(Continuation::Proof(&update.continues));
            self.announce(&mut judge, &marks, lineage, by);
        }
        let anchors = &judge.anchors;
        let list: Option<Arc<Revocations>> = update
            .crl
            .as_ref()
            .and_then(|der| self.accepted("list", anchors.list(&der.0, &mut marks, now)));
        let said = update.unlisted.iter();
        let beside: Vec<Arc<VerifiedUnlisted>> =
            said.filter_map(|signed| self.accepted("unlisted", anchors.beside(signed))).collect();
        let announced = judge.announced.as_ref().map(|(rules, ..)| rules.clone());
        let candidates: Vec<Arc<Rules>> =
            announced.into_iter().chain(before.rules.clone()).collect();
        let known: Option<Arc<KnownPeople>> = update.people.as_ref().and_then(|signed| {
            self.accepted("people", anchors.people(signed, &candidates, &mut marks, now))
        });
        // Rules are in force from the snapshot on that names them.
        let named = known.as_ref().or(before.known.as_ref()).map(|known| &known.policy);
        let named =
            judge.announced.take_if(|(rules, ..)| named.is_some_and(|n| rules.are_named_by(n)));
        let (rules, lineage) = match named {
            Some((rules, lineage, ahead)) => {
                (marks.bundle, marks.control) = (ahead.bundle, ahead.control);
                (Some(rules), Some(lineage))
            }
            None => (None, None),
        };
        let mut accepted = Unkept {
            rules: lineage,
            crl: update.crl.filter(|_| list.is_some()),
            people: update.people.filter(|_| known.is_some()),
            unlisted: None,
        };
        if !accepted.is_empty() || !beside.is_empty() {
            let next = before.next(list, known, rules).with_gone(&update.gone);
            let next = next.with_beside(&beside);
            tracing::info!(generation = next.generation, in_force = ?next.in_force(), "world");
            self.metrics.notice("unsaid", &told_unsaid(next.beside.unsaid()));
            // What only adds is kept beside what it adds to: a restart knows all that was told.
            let unlisted = || next.beside.to_keep();
            accepted.unlisted = (!next.beside.is_kept_as(&before.beside)).then(unlisted);
            self.world.store(Arc::new(next));
            self.swapped.notify_waiters();
        }
        if keep {
            judge.unkept.renew(accepted);
            self.keep(&mut marks, &mut judge.unkept);
        }
    }

    /// Judges rules that came, which wait for the snapshot that names them.
    fn announce(&self, judge: &mut Judge, marks: &Marks, lineage: Lineage, by: Continuation<'_>) {
        let mut ahead = marks.clone();
        let read = judge.anchors.rules(&lineage, by, &mut ahead);
        if matches!((&read, by), (Err(NotAccepted::Log(_)), Continuation::Proof(_)))
            && judge.refused != lineage.checkpoint
        {
            self.keep_refused(&marks.control, &lineage.checkpoint);
            judge.refused.clone_from(&lineage.checkpoint);
        }
        if let Some(rules) = self.accepted("rules", read) {
            judge.announced = Some((rules, lineage, ahead));
        }
    }

    /// Keeps both checkpoints, which the log's key signed. Where they have one size and two roots
    /// they prove to anybody what it did; else an auditor asks the log for the proof that `status`
    /// did not bring, and so finds out which of the two is at fault.
    fn keep_refused(&self, seen: &str, came: &str) {
        let notes = serde_json::json!({ "v": 1, "log": "control", "checkpoints": [seen, came] });
        let path = self.config.path("world/log-not-followed.json");
        if let Err(error) = crate::write_file(&path, notes.to_string().as_bytes()) {
            tracing::warn!(%error, "checkpoints of a log that does not go on cannot be kept");
        }
    }

    /// Keeps what is in force for a restart. What cannot be kept is in force all the same: a
    /// revocation is felt with a full disk too, and is tried again until it is kept.
    fn keep(&self, marks: &mut Marks, unkept: &mut Unkept) {
        if unkept.is_empty() {
            return;
        }
        match self.write(marks, unkept) {
            Ok(()) => {
                *unkept = Unkept::default();
                self.metrics.condition("world", "");
            }
            Err(error) => self.metrics.condition("world", &format!("cannot be kept: {error:#}")),
        }
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

    /// Each part by itself: one that cannot be kept, as a large one on a disk that is nearly full,
    /// keeps no other back. Marks are a floor, and durable whatever else fails: with a mark that is
    /// ahead of its list nobody is let in after a restart, until `status` answers. They come right
    /// behind the list, which takes away, and once more behind what may as well be older.
    fn write(&self, marks: &mut Marks, parts: &Unkept) -> anyhow::Result<()> {
        let write = |name: &str, bytes: serde_json::Result<Vec<u8>>| -> anyhow::Result<()> {
            Ok(crate::write_file(&self.config.path(&format!("world/{name}")), &bytes?)?)
        };
        let list = parts.crl.as_ref().map(|list| write("list.crl", Ok(list.0.clone())));
        // What takes the place of what stood beside older lists rests on the list.
        let takes_away = parts.crl.is_some() || parts.unlisted.is_some();
        let marked = takes_away.then(|| self.mark_in_room(marks, parts.unlisted.as_ref()));
        let rules =
            parts.rules.as_ref().map(|rules| write("rules.json", serde_json::to_vec(rules)));
        let people = parts.people.as_ref();
        let people = people.map(|people| write("people.json", serde_json::to_vec(people)));
        let last = self.mark_in_room(marks, None);
        let all = [list, marked, rules, people, Some(last)].into_iter().flatten();
        all.collect::<anyhow::Result<()>>()?;
        self.reserve.take();
        Ok(())
    }

    /// The same with the room that was taken while there was some, if it needs that.
    fn mark_in_room(&self, marks: &mut Marks, beside: Option<&ToKeep>) -> anyhow::Result<()> {
        self.mark(marks, beside).or_else(|_| {
            self.reserve.release();
            self.mark(marks, beside)
        })
    }

    /// Makes the marks durable, with what they name of what stands beside the list.
    fn mark(&self, marks: &mut Marks, beside: Option<&ToKeep>) -> anyhow::Result<()> {
        let world = self.config.path("world");
        let kept = beside.map(|unlisted| unlisted.keep(&world)).transpose();
        marks.unlisted = match &kept {
            Ok(None) => marks.unlisted.clone(),
            Ok(Some(named)) => named.clone(),
            // What is told and not kept is known to be missing.
            Err(_) => kept_beside::unknown(),
        };
        marks.write()?;
        kept?;
        Ok(kept_beside::clear(&world, &marks.unlisted)?)
    }

    fn has(&self) -> WorldNumbers {
        let world = self.world.load();
        let in_force = world.in_force();
        let unlisted = world.beside.digest();
        let (crl, people, bundle) = (in_force.crl, in_force.people, in_force.bundle);
        let control = self.marks.lock().unwrap_or_else(PoisonError::into_inner).control_size();
        WorldNumbers { crl, people, bundle, unlisted, control }
    }

    /// What `status` is asked with first: whoever has a list asks anew what stands beside it, and
    /// is answered at once, also where there is nothing newer.
    fn has_at_start(&self) -> WorldNumbers {
        let has = self.has();
        match has.crl {
            0 => has,
            _ => WorldNumbers { unlisted: kept_beside::unknown(), ..has },
        }
    }

    /// Tells that `status` is away, and until when what is here counts. Until then the gate decides
    /// and is ready: whoever takes `status` away closes no gate before its limit.
    fn tell_alone(&self, why: &str) {
        self.metrics.notice("status", &self.world.load().alone(why));
    }

    /// Does something once `status` was asked, or some seconds are over. What is kept is of before
    /// the gate was off, or of before its folder was put back; where nobody answers it counts until
    /// its limit.
    pub async fn once_asked<T>(&self, next: impl Future<Output = T>) -> T {
        let mut asked = self.asked.subscribe();
        let _ = timeout(FIRST_MAX, asked.wait_for(|asked| *asked)).await;
        next.await
    }
}

/// What is told where `status` says less than it said.
fn told_unsaid(count: usize) -> String {
    match count {
        0 => String::new(),
        count => format!(
            "{count} certificates are turned away of which status said that they are lost or \
             suspended, and says so no more; no list holds them: unless they ended, rows or \
             directories of the CA were put back from before"
        ),
    }
}

/// Polls until the stop. What cannot be had waits; the world goes on until its limit.
pub async fn watch(source: Arc<Source>, sessions: PresentSessions, stop: Stop) {
    let mut has = source.has_at_start();
    loop {
        let present = sessions.load_full();
        let answer = tokio::select! {
            answer = present.status.world(&has) => answer,
            () = stop.wait() => return,
        };
        let pause = match answer {
            Ok(world) => {
                source.metrics.notice("status", "");
                source.heard.hear(source.clock.seconds());
                let empty = world == ca_api::WorldUpdate::default();
                let ca_api::WorldUpdate { crl, people, rules, continues, unlisted } = world;
                let unlisted = unlisted.into_iter().collect();
                let update = Update { rules, continues, crl, people, unlisted, gone: Vec::new() };
                source.install(update, true);
                // Something that is not accepted comes again at once: do not turn in a circle.
                if !empty && source.has() == has { AFTER_REFUSAL } else { PAUSE }
            }
            Err(error) => {
                source.tell_alone(&error.to_string());
                AFTER_FAILURE
            }
        };
        source.asked.send_replace(true);
        if !stop.pause(pause).await {
            return;
        }
        has = source.has();
    }
}
