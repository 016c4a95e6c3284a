//! Rounds of crashes: under a load that never stops, one process after the other is killed at a
//! random moment or at a random point of its code, and started again; now and then everybody rests,
//! and the checker looks.
//!
//! `cargo xtask crash` runs more of them: `YINXIN_ROUNDS` says how many, `YINXIN_SEED` which.

use std::time::{Duration, Instant};
use tests::load::{Chance, Load};
use tests::processes::{ALL, moment};
use tests::{Office, invariants, random};

/// Rounds of a run that says nothing else.
const ROUNDS: usize = 10;
/// A process lives at most so long before it is killed, in milliseconds.
const LIFE_MS: u64 = 500;
/// A point that is not reached by then is not waited for any longer.
const POINT: Duration = Duration::from_millis(1_500);
/// How often the checker looks in a run of many rounds.
const LOOKS: usize = 20;

/// Where a process can be told to die.
const POINTS: [(&str, &str); 17] = [
    ("issuer", "submit-before-commit"),
    ("issuer", "submit-after-commit"),
    ("issuer", "approve-before-commit"),
    ("issuer", "approve-after-commit"),
    ("issuer", "execute-before-commit"),
    ("issuer", "execute-after-commit"),
    ("issuer", "certify-after-mark"),
    ("issuer", "certify-after-sign"),
    ("issuer", "certify-before-result"),
    ("issuer", "certify-after-result"),
    ("issuer", "collect-before-answer"),
    ("issuer", "crl-before-commit"),
    ("issuer", "crl-before-publish"),
    ("status", "loss-before-commit"),
    ("status", "loss-after-commit"),
    ("log", "sequencer-before-commit"),
    ("log", "sequencer-after-commit"),
];

/// Nobody's certificate is signed twice or lost, no revocation is forgotten, every application
/// comes to its end, and log, rows and published files agree, whatever is killed when.
#[tokio::test]
async fn whatever_is_killed_when_the_city_stays_whole() {
    let number = |name: &str| std::env::var(name).ok().map(|text| text.parse().unwrap());
    let rounds = number("YINXIN_ROUNDS").map_or(ROUNDS, |rounds: u64| rounds as usize);
    let seed = number("YINXIN_SEED").unwrap_or_else(|| u64::from_be_bytes(random()) >> 32);
    println!("{rounds} rounds with YINXIN_SEED={seed}");
    let mut office = Office::open().await;
    let mut load = Load::begin(&office, seed).await;
    let mut chance = Chance(seed);
    let began = Instant::now();
    for round in 1..=rounds {
        let what = kill(&mut office, &mut chance).await;
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
    load.end().await;
    invariants::hold(&office).await;
}

/// Kills something and starts it again; gives what it was.
async fn kill(office: &mut Office, chance: &mut Chance) -> String {
    let life = Duration::from_millis(chance.below(LIFE_MS));
    moment(life).await;
    match chance.below(8) {
        0 => {
            for name in ALL {
                office.kill(name);
            }
            office.start_all().await;
            "everything".into()
        }
        1..4 => {
            let name = *chance.one(&ALL);
            office.kill(name);
            office.start(name, &[]).await;
            format!("{name} after {life:?}")
        }
        _ => {
            let (name, point) = *chance.one(&POINTS);
            office.kill(name);
            office.spawn(name, &[("YINXIN_CRASH_AT", point)]);
            let reached = office.ended_within(name, POINT).await;
            if !reached {
                office.kill(name);
            }
            office.start(name, &[]).await;
            format!("{name} at {point}{}", if reached { "" } else { ", not reached" })
        }
    }
}
