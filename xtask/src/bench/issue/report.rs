//! What came out, as tables for people and as JSON for machines.

use super::cfssl::Cfssl;
use super::journey::Took;
use super::meter::{Difference, GENERATOR};
use crate::bench::goal;
use serde::Serialize;
use std::collections::BTreeMap;
use std::time::Duration;

/// Certificates a second that whole journeys are to reach, and the time that 99 of 100 people wait.
const JOURNEYS_GOAL: f64 = 400.0;
const LATE_GOAL_MS: f64 = 250.0;
/// From the look-up to the certificate, with nobody else there.
const ALONE_GOAL_MS: f64 = 30.0;
/// Certificates a second of the issuer alone.
const ISSUER_GOAL: f64 = 1_500.0;
/// Verifications a certificate in the issuer.
const VERIFICATIONS_GOAL: f64 = 5.0;
/// CPU of a certificate behind the most, by that behind the fewest.
const FLAT_GOAL: f64 = 1.2;

/// Everything of one run.
#[derive(Serialize)]
pub(super) struct Report {
    pub(super) floors: Floors,
    pub(super) databases: Vec<OnDatabase>,
}

/// What the machine gives at most, each by itself.
#[derive(Serialize)]
pub(super) struct Floors {
    pub(super) processors: usize,
    pub(super) signatures: f64,
    pub(super) verifications: f64,
    pub(super) durable_writes: f64,
    pub(super) commits: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) cfssl: Option<Cfssl>,
}

/// One database, behind so many certificates.
#[derive(Serialize)]
pub(super) struct OnDatabase {
    pub(super) database: &'static str,
    /// Certificates that the city had been grown to.
    pub(super) grown: usize,
    pub(super) alone: Load,
    pub(super) journeys: Load,
    pub(super) issuer: Load,
}

/// One measurement; times in milliseconds.
#[derive(Serialize)]
pub(super) struct Load {
    at_once: usize,
    certificates: usize,
    rate: f64,
    from_look_up: Times,
    from_submission: Times,
    /// In the issuer, each certificate.
    verifications: f64,
    profiles_parsed: u64,
    policies_opened: u64,
    /// Commits of the issuer, and of both logs, each certificate.
    rounds: f64,
    sequenced: f64,
    /// Microseconds of the processor, each certificate, by process.
    cpu_us: BTreeMap<String, f64>,
}

#[derive(Serialize)]
struct Times {
    p50: f64,
    p99: f64,
}

impl Times {
    fn of(times: impl Iterator<Item = Duration>) -> Self {
        let mut sorted: Vec<Duration> = times.collect();
        sorted.sort_unstable();
        let last = sorted.len().saturating_sub(1);
        let at = |part: usize| sorted.get(last * part / 100).copied().unwrap_or_default();
        Self { p50: at(50).as_secs_f64() * 1e3, p99: at(99).as_secs_f64() * 1e3 }
    }
}

impl Load {
    pub(super) fn new(
        (at_once, certificates): (usize, usize),
        elapsed: Duration,
        took: &[Took],
        used: &Difference,
    ) -> Self {
        let each = certificates as f64;
        let cpu = |(name, seconds): (&String, &f64)| (name.clone(), seconds / each * 1e6);
        Self {
            at_once,
            certificates,
            rate: each / elapsed.as_secs_f64(),
            from_look_up: Times::of(took.iter().map(|took| took.from_look_up)),
            from_submission: Times::of(took.iter().map(|took| took.from_submission)),
            verifications: used.verifications as f64 / each,
            profiles_parsed: used.profiles_parsed,
            policies_opened: used.policies_opened,
            rounds: used.rounds as f64 / each,
            sequenced: used.sequenced as f64 / each,
            cpu_us: used.cpu.iter().map(cpu).collect(),
        }
    }
}

impl Report {
    /// Takes a database's figures, and prints them unless everything is printed at the end.
    pub(super) fn add(&mut self, sizes: Vec<OnDatabase>, json: bool) {
        if !json {
            sizes.iter().for_each(|one| one.print(&self.floors));
            print_flat(&sizes);
        }
        self.databases.extend(sizes);
    }
}

impl Floors {
    pub(super) fn print(&self) {
        println!("{} processors", self.processors);
        println!("P-256 signatures, one processor     {:>9.0} /s", self.signatures);
        println!("P-256 verifications, one processor  {:>9.0} /s", self.verifications);
        println!("durable writes of the disk          {:>9.0} /s", self.durable_writes);
        println!("commits of one row, SQLite          {:>9.0} /s", self.commits);
        match &self.cfssl {
            Some(Cfssl { rate, cpu_us }) => println!(
                "cfssl serve, which only signs       {rate:>9.0} /s, {cpu_us:.0} µs of CPU each"
            ),
            None => println!("cfssl serve                         not here"),
        }
    }
}

impl OnDatabase {
    fn print(&self, floors: &Floors) {
        let Self { database, grown, alone, journeys, issuer } = self;
        println!("\n{database}, behind {grown} certificates");
        println!(
            "one person alone, from look-up to proven certificate, {} times",
            alone.certificates
        );
        let Times { p50, p99 } = alone.from_look_up;
        println!("  p50 {p50:.1} ms{}, p99 {p99:.1} ms", mark(p50 <= ALONE_GOAL_MS, ALONE_GOAL_MS));
        println!("{} people at once, whole journeys through the portal", journeys.at_once);
        journeys.print_rate(JOURNEYS_GOAL, floors);
        for (since, Times { p50, p99 }) in
            [("look-up", &journeys.from_look_up), ("submission", &journeys.from_submission)]
        {
            let late = mark(*p99 <= LATE_GOAL_MS, LATE_GOAL_MS);
            println!(
                "  from {since} to proven certificate: p50 {p50:.0} ms, p99 {p99:.0} ms{late}"
            );
        }
        journeys.print_work();
        println!("the issuer alone, {} in flight", issuer.at_once);
        issuer.print_rate(ISSUER_GOAL, floors);
        let Times { p50, p99 } = issuer.from_submission;
        println!("  from submission to proven certificate: p50 {p50:.0} ms, p99 {p99:.0} ms");
        issuer.print_work();
    }
}

/// Whether a certificate costs the same behind few others and behind many.
fn print_flat(sizes: &[OnDatabase]) {
    let (Some(first), Some(last)) = (sizes.first(), sizes.last()) else { return };
    if first.grown == last.grown {
        return;
    }
    println!("\nCPU each certificate, behind {} ÷ behind {}", last.grown, first.grown);
    for (what, few, many) in [
        ("whole journeys", &first.journeys, &last.journeys),
        ("the issuer alone", &first.issuer, &last.issuer),
    ] {
        let ratio = many.city_us() / few.city_us();
        let goal = goal::mark(ratio <= FLAT_GOAL, &format!("{FLAT_GOAL:.1}"));
        println!("  {what:<18} {ratio:>6.2}{goal}");
    }
}

impl Load {
    /// Microseconds of the processor that the city took for each certificate.
    fn city_us(&self) -> f64 {
        let of_city = self.cpu_us.iter().filter(|(name, _)| *name != GENERATOR);
        of_city.map(|(_, each)| each).sum()
    }

    fn print_rate(&self, goal: f64, floors: &Floors) {
        let rate = self.rate;
        let goal = mark(rate >= goal, goal);
        println!("  {rate:.0} certificates/s{goal}");
        let beside = |name: &str, of: f64| println!("    ÷ {name:<22} {:>8.4}", rate / of);
        beside("P-256 signing", floors.signatures);
        beside("P-256 verifying", floors.verifications);
        beside("the disk's writes", floors.durable_writes);
        beside("SQLite's commits", floors.commits);
        if let Some(cfssl) = &floors.cfssl {
            beside("cfssl serve", cfssl.rate);
        }
    }

    fn print_work(&self) {
        let Self { verifications, profiles_parsed, policies_opened, rounds, sequenced, .. } = self;
        let goal = mark(*verifications <= VERIFICATIONS_GOAL, VERIFICATIONS_GOAL);
        println!("  {verifications:.2} verifications a certificate in the issuer{goal}");
        println!("  {profiles_parsed} profiles parsed, {policies_opened} policy files opened");
        println!("  commits a certificate: {rounds:.2} of the issuer, {sequenced:.2} of the logs");
        let all: f64 = self.cpu_us.values().sum();
        println!("  CPU each certificate: {all:.0} µs");
        for (name, each) in &self.cpu_us {
            println!("    {name:<18} {each:>8.0} µs");
        }
    }
}

fn mark(holds: bool, goal: f64) -> String {
    goal::mark(holds, &format!("{goal:.0}"))
}
