//! The clock may be believed if it goes on as it was believed last: neither back behind what the
//! log or this role proves, nor ahead of it by more than clocks drift. While it is not, the time
//! goes on from there with the machine, which sets no clock. Every role judges its clock alike;
//! what may be done by the time that it gives, [`ProvenTime`] says.

mod reading;

use crate::config::CaConfig;
use crate::proven_time::ProvenTime;
use reading::{Believed, Reading};
use records::Code;
use records::time::SKEW_SECONDS_MAX;
use records::wish::WISH_SECONDS;
use service::{Clock, Metrics};
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

/// A clock that is this much behind the newest record has moved, in seconds.
pub const BACK_SECONDS_MAX: u64 = 120;
/// A clock may be so much off what it was believed to be, beside what it drifts, in seconds.
const LEAP_SECONDS_MAX: u64 = 120;
/// And drifts by one second in so many: 100 ppm.
const DRIFT_PART: u64 = 10_000;
/// An operator's word counts for a day after another start of the machine.
const WORD_SECONDS: u64 = 86_400;
/// The time that is believed is kept again after so long, in seconds.
const KEEP_SECONDS: u64 = 600;

// What is dated under a clock that is believed is taken by every gate.
const _: () = assert!(LEAP_SECONDS_MAX + BACK_SECONDS_MAX <= SKEW_SECONDS_MAX);

/// Where a role keeps the time that it believed last, so that only it can write it.
pub trait KeptTime: Send {
    /// Replaces the text; it is durable when this returns.
    fn replace(&mut self, text: &str) -> anyhow::Result<()>;
}

/// What the clock is compared with.
pub struct ClockGuard {
    ahead_max: u64,
    /// Where an operator's word is written.
    word: PathBuf,
    belief: Mutex<Belief>,
}

/// What was believed.
#[derive(Default)]
struct Belief {
    base: Option<Base>,
    kept: Option<Box<dyn KeptTime>>,
    /// When it was kept last, by how long the machine had run.
    kept_at: Option<u64>,
    /// The latest time that somebody signed who was ahead of the clock, unix.
    signed_ahead: u64,
}

/// From where the time goes on.
#[derive(Clone, Copy)]
struct Base {
    unix: u64,
    uptime: u64,
    /// Whether it was the clock's at that moment; it is only not earlier otherwise, since the
    /// machine was off for nobody knows how long.
    is_exact: bool,
}

impl Base {
    /// What the clock has to say if nobody set it, and by how much it may be off.
    fn goes_on(&self, uptime: u64) -> (u64, u64) {
        let elapsed = uptime.saturating_sub(self.uptime);
        (self.unix.saturating_add(elapsed), LEAP_SECONDS_MAX + elapsed / DRIFT_PART)
    }
}

/// How a clock is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClockFault {
    /// It is behind what is proven by so many seconds.
    Back(u64),
    /// It is ahead by so many.
    Ahead(u64),
}

impl ClockGuard {
    /// A guard that keeps nothing.
    pub fn of(config: &CaConfig) -> Self {
        Self {
            ahead_max: u64::from(config.issuer.clock_days_max) * 86_400,
            word: config.path("issuer/clock-confirmed"),
            belief: Mutex::default(),
        }
    }

    /// The guard of a role that goes on from what a former process believed, and keeps what this
    /// one does.
    pub fn keeping(
        config: &CaConfig,
        clock: Clock,
        (kept, text): (Box<dyn KeptTime>, &str),
    ) -> anyhow::Result<Self> {
        let mut guard = Self::of(config);
        let base = guard.base_of(&Reading::of(clock), text)?;
        guard.belief = Mutex::new(Belief { base, kept: Some(kept), ..Belief::default() });
        Ok(guard)
    }

    /// How a clock is wrong by what a role kept, if it is; for whoever asks beside that role.
    pub fn moved(config: &CaConfig, clock: Clock, (last, text): (u64, &str)) -> Option<ClockFault> {
        let guard = Self::of(config);
        let reading = Reading::of(clock);
        let base = guard.base_of(&reading, text).ok().flatten();
        guard.belief.lock().unwrap_or_else(PoisonError::into_inner).base = base;
        guard.check(&reading, last).err().map(|(moved, _)| moved)
    }

    /// How far ahead of what is proven a clock may be after another start, in seconds.
    pub fn ahead_max(&self) -> u64 {
        self.ahead_max
    }

    /// What the operator says with `doctor --confirm-clock`: that the clock is right now.
    pub fn confirm(config: &CaConfig, clock: Clock) -> anyhow::Result<()> {
        let word = Reading::of(clock).write();
        crate::durable::write_file(&config.path("issuer/clock-confirmed"), word.as_bytes())
    }

    /// From where the time goes on after a start: from the very reading if the machine ran on, else
    /// from what was seen last, as the least.
    fn base_of(&self, now: &Reading, text: &str) -> anyhow::Result<Option<Base>> {
        let Some(believed) = Believed::read(text)? else { return Ok(None) };
        let Believed { base, seen } = believed;
        Ok(Some(match base.boot == now.boot && base.uptime <= now.uptime {
            true => Base { unix: base.unix, uptime: base.uptime, is_exact: true },
            false => Base { unix: seen, uptime: now.uptime, is_exact: false },
        }))
    }

    /// The time now; `last` is the time of the newest record that proves one, 0 before anything was
    /// followed.
    pub fn time(&self, clock: Clock, last: u64) -> ProvenTime {
        let (micros, reading) = (clock.micros(), Reading::of(clock));
        let judged = self.check(&reading, last);
        let proven = judged.unwrap_or_else(|(_, proven)| proven);
        let clock = judged.map(|_| ()).map_err(|_| Code::ClockMoved);
        ProvenTime::new((micros, clock), (proven, last), self.ahead_max)
    }

    /// The same, and tells what is wrong with the clock.
    pub fn time_told(&self, clock: Clock, last: u64, metrics: &Metrics) -> ProvenTime {
        let time = self.time(clock, last);
        let problem = match time.clock() {
            Ok(()) => "",
            Err(_) => {
                "the clock moved: set it, or if it is right: ca-server doctor --confirm-clock"
            }
        };
        metrics.condition("clock", problem);
        let said = self.belief.lock().unwrap_or_else(PoisonError::into_inner).signed_ahead;
        let is_ahead = said > clock.seconds() + WISH_SECONDS;
        let doubt = "somebody signed at a time ahead of this clock: look which clock is right";
        metrics.notice("clock", if is_ahead { doubt } else { "" });
        time
    }

    /// Notes that somebody whose signature was verified is ahead of the clock.
    pub fn heard(&self, said: u64) {
        let mut belief = self.belief.lock().unwrap_or_else(PoisonError::into_inner);
        belief.signed_ahead = belief.signed_ahead.max(said);
    }

    /// The time that is proven, whether the clock may be believed or not; an operator's word is
    /// looked for only where it makes a difference.
    fn check(&self, reading: &Reading, last: u64) -> Result<u64, (ClockFault, u64)> {
        let (now, uptime) = (reading.unix, reading.uptime);
        let mut belief = self.belief.lock().unwrap_or_else(PoisonError::into_inner);
        if belief.base.is_none() && last == 0 {
            return Ok(now);
        }
        let base = *belief.base.get_or_insert(Base { unix: last, uptime, is_exact: false });
        let (expected, slack) = base.goes_on(uptime);
        let (proven, is_behind) = (expected.max(last), now + BACK_SECONDS_MAX < last);
        let ahead_max = if base.is_exact { slack } else { self.ahead_max };
        let moved = match now > proven.saturating_add(ahead_max) {
            true => Some(ClockFault::Ahead(now - proven)),
            false if is_behind || now + slack < expected => Some(ClockFault::Back(proven - now)),
            false => None,
        };
        if let Some(moved) = moved
            && !self.is_confirmed(reading)
        {
            return Err((moved, proven));
        }
        // It stays where it was, so that many small steps are one large one.
        if !base.is_exact || now > expected + slack || now + slack < expected {
            belief.base = Some(Base { unix: now, uptime, is_exact: true });
            belief.kept_at = None;
        }
        belief.keep(reading);
        // What is recorded goes back behind no record, whatever an operator says.
        Ok(if is_behind { last } else { now })
    }

    fn is_confirmed(&self, now: &Reading) -> bool {
        let text = std::fs::read_to_string(&self.word).ok();
        let Some(word) = text.and_then(|text| Reading::read(text.trim())) else { return false };
        if word.boot == now.boot && word.uptime <= now.uptime {
            let base = Base { unix: word.unix, uptime: word.uptime, is_exact: true };
            let (expected, slack) = base.goes_on(now.uptime);
            return now.unix.abs_diff(expected) <= slack;
        }
        (word.unix..word.unix + WORD_SECONDS).contains(&now.unix)
    }
}

impl Belief {
    /// Keeps what is believed, now and then. A disk that fails stops nothing: the next start knows
    /// an older time.
    fn keep(&mut self, now: &Reading) {
        let is_due = self.kept_at.is_none_or(|at| now.uptime >= at + KEEP_SECONDS);
        let (Some(kept), Some(base), true) = (&mut self.kept, self.base, is_due) else { return };
        let base = Reading { unix: base.unix, uptime: base.uptime, boot: now.boot.clone() };
        if let Err(error) = kept.replace(&Believed { base, seen: now.unix }.write()) {
            tracing::warn!(error = format!("{error:#}"), "the time that is believed is not kept");
        }
        self.kept_at = Some(now.uptime);
    }
}

#[cfg(test)]
mod tests;
