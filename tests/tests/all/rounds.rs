//! Rounds of crashes: under a load that never stops, one process after the other is killed at a
//! random moment or at a random point of its code, and started again; now and then everybody rests,
//! and the checker looks.
//!
//! `cargo xtask crash` runs more of them: `YINXIN_ROUNDS` says how many, `YINXIN_SEED` which.

pub(crate) mod points;

use crate::renewals::at_any_time;
use points::{COMMAND, points};
use std::collections::BTreeSet;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::time::{Duration, Instant};
use tests::load::{Chance, Load};
use tests::processes::{ALL, moment};
use tests::{Office, invariants, random};

/// Rounds of a run that says nothing else.
const ROUNDS: usize = 10;
/// From so many rounds on everything that people do is done at least once.
const MANY_ROUNDS: usize = 300;
/// A process lives at most so long before it is killed, in milliseconds.
const LIFE_MS: u64 = 500;
/// A point that is not reached by then is not waited for any longer.
const POINT: Duration = Duration::from_millis(1_500);
/// The same in a run of many rounds.
const POINT_OF_MANY: Duration = Duration::from_secs(4);
/// What `status` confirmed is handed over past the log so much later.
const HANDED_OVER: Duration = Duration::from_secs(5);
/// How often the checker looks in a run of many rounds.
const LOOKS: usize = 20;
/// What runs beside the roles of the CA and its portal.
const BESIDE: [&str; 3] = ["notices", "agent", "portal-machines"];
/// The signal of `abort`, by which a process dies at a point.
const ABORTED: i32 = 6;

/// Nobody's certificate is signed twice or lost, no revocation is forgotten, every application
/// comes to its end, and log, rows and published files agree, whatever is killed when.
#[tokio::test]
async fn whatever_is_killed_when_the_city_stays_whole() {
    let number = |name: &str| std::env::var(name).ok().map(|text| text.parse().unwrap());
    let rounds = number("YINXIN_ROUNDS").map_or(ROUNDS, |rounds: u64| rounds as usize);
    let seed = number("YINXIN_SEED").unwrap_or_else(|| u64::from_be_bytes(random()) >> 32);
    println!("{rounds} rounds with YINXIN_SEED={seed}");
    let mut office = Office::open().await;
    office.start("notices", &[]).await;
    office.start("portal-machines", &[]).await;
    at_any_time(&office).await;
    let gate = office.gate().await;
    let mut load = Load::begin(&office, gate, seed).await;
    let mut deaths = Deaths {
        chance: Chance(seed),
        left: Vec::new(),
        never: points().into_iter().map(|(_, point)| point).collect(),
        wait: if rounds > ROUNDS { POINT_OF_MANY } else { POINT },
    };
    let began = Instant::now();
    for round in 1..=rounds {
        let what = deaths.next(&mut office, &load).await;
        load.check();
        if round % rounds.div_ceil(LOOKS) == 0 || round == rounds {
            let resting = load.rest().await;
            invariants::hold(&office).await;
            load.kept_word(&office).await;
            drop(resting);
        }
        let ((certificates, revoked), took) = (load.told(), began.elapsed().as_secs());
        println!("{round}/{rounds} {took} s: {what}; {certificates} issued, {revoked} revoked");
    }
    println!("points where nothing died: {}", told(&deaths.never));
    let undone = load.never_done();
    assert!(rounds < MANY_ROUNDS || undone.is_empty(), "nobody did {undone:?}");
    load.end().await;
    invariants::hold(&office).await;
}

fn told(points: &BTreeSet<String>) -> String {
    let points: Vec<&str> = points.iter().map(String::as_str).collect();
    if points.is_empty() { "none".into() } else { points.join(" ") }
}

/// What dies next. Every point has its turn before one has another.
struct Deaths {
    chance: Chance,
    /// Points that had no turn yet since all of them had one.
    left: Vec<(&'static str, String)>,
    /// Points at which nothing died so far.
    never: BTreeSet<String>,
    /// How long a point is waited for.
    wait: Duration,
}

impl Deaths {
    /// Kills something and starts it again; gives what it was.
    async fn next(&mut self, office: &mut Office, load: &Load) -> String {
        let life = Duration::from_millis(self.chance.below(LIFE_MS));
        moment(life).await;
        match self.chance.below(8) {
            0 => {
                for name in ALL.iter().chain(&BESIDE) {
                    office.kill(name);
                }
                office.start_all().await;
                for name in BESIDE {
                    office.start(name, &[]).await;
                }
                "everything".into()
            }
            1..4 => {
                let all = [&ALL[..], &BESIDE].concat();
                let name = *self.chance.one(&all);
                office.kill(name);
                office.start(name, &[]).await;
                format!("{name} after {life:?}")
            }
            _ => {
                let (name, point) = self.draw();
                load.seek(Some(&point));
                let reached = self.died_at(office, name, &point).await;
                load.seek(None);
                if reached {
                    self.never.remove(&point);
                }
                format!("{name} at {point}{}", if reached { "" } else { ", not reached" })
            }
        }
    }

    fn draw(&mut self) -> (&'static str, String) {
        if self.left.is_empty() {
            self.left = points();
        }
        let at = self.chance.below(self.left.len() as u64) as usize;
        self.left.swap_remove(at)
    }

    /// Whether something came to a point and died there; it runs again.
    async fn died_at(&self, office: &mut Office, name: &str, point: &str) -> bool {
        let crash = [("YINXIN_CRASH_AT", point)];
        if name == COMMAND {
            let killed = office.ca_with(&["renew", "log"], &crash).status;
            office.kill("log");
            office.start("log", &[]).await;
            return is_aborted(killed);
        }
        // What was confirmed comes past the log only where the log has none of it.
        let past_the_log = point.starts_with("confirmed-");
        if past_the_log {
            office.kill("log");
        }
        office.kill(name);
        office.spawn(name, &crash);
        let more = if past_the_log { HANDED_OVER } else { Duration::ZERO };
        let ended = office.ended_within(name, self.wait + more).await;
        if ended.is_none() {
            office.kill(name);
        }
        if past_the_log {
            office.start("log", &[]).await;
        }
        office.start(name, &[]).await;
        if let Some(status) = ended {
            assert!(is_aborted(status), "{name} ended: {status}: {}", office.log(name));
        }
        ended.is_some()
    }
}

fn is_aborted(status: ExitStatus) -> bool {
    status.signal() == Some(ABORTED)
}
