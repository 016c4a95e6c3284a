use super::*;
use std::sync::Arc;

const LAST: u64 = 1_800_000_000;
const HOUR: u64 = 3_600;
const DAY: u64 = 86_400;

fn at(unix: u64, uptime: u64) -> Reading {
    Reading { unix, uptime, boot: "one".into() }
}

fn guard() -> (tempfile::TempDir, ClockGuard) {
    let folder = tempfile::tempdir().unwrap();
    let word = folder.path().join("word");
    (folder, ClockGuard { ahead_max: 10 * DAY, word, belief: Mutex::default() })
}

fn say(guard: &ClockGuard, reading: &Reading) {
    std::fs::write(&guard.word, reading.write()).unwrap();
}

fn ahead(seconds: u64, proven: u64) -> Result<u64, (ClockFault, u64)> {
    Err((ClockFault::Ahead(seconds), proven))
}

fn back(seconds: u64, proven: u64) -> Result<u64, (ClockFault, u64)> {
    Err((ClockFault::Back(seconds), proven))
}

/// What a role keeps, for tests: its text.
#[derive(Clone, Default)]
struct Text(Arc<Mutex<String>>);

impl KeptTime for Text {
    fn replace(&mut self, text: &str) -> anyhow::Result<()> {
        *self.0.lock().unwrap() = text.to_owned();
        Ok(())
    }
}

/// The guard of the next process of a role.
fn started(text: &Text, now: &Reading) -> (tempfile::TempDir, ClockGuard) {
    let (folder, guard) = guard();
    let base = guard.base_of(now, &text.0.lock().unwrap()).unwrap();
    let kept = Some(Box::new(text.clone()) as Box<dyn KeptTime>);
    *guard.belief.lock().unwrap() = Belief { base, kept, ..Belief::default() };
    (folder, guard)
}

#[test]
fn a_clock_that_moved_is_not_believed() {
    let fresh = |now| guard().1.check(&at(now, 0), LAST);
    assert_eq!(fresh(LAST), Ok(LAST));
    assert_eq!(fresh(LAST - BACK_SECONDS_MAX), Ok(LAST - BACK_SECONDS_MAX));
    assert_eq!(fresh(LAST - BACK_SECONDS_MAX - 1), back(BACK_SECONDS_MAX + 1, LAST));
    assert_eq!(fresh(LAST + 10 * DAY), Ok(LAST + 10 * DAY));
    assert_eq!(fresh(LAST + 10 * DAY + 1), ahead(10 * DAY + 1, LAST));
    let (_folder, guard) = guard();
    assert_eq!(guard.check(&at(LAST + 365 * DAY, 5), LAST), ahead(365 * DAY, LAST));
    // The time goes on all the same.
    assert_eq!(guard.check(&at(LAST + 366 * DAY, 65), LAST), ahead(366 * DAY - 60, LAST + 60));
}

/// Nothing proves a time on a quiet day: the machine that ran on does.
#[test]
fn a_leap_on_a_quiet_day_dates_nothing_back() {
    let (_folder, guard) = guard();
    assert_eq!(guard.check(&at(LAST, 50), LAST), Ok(LAST));
    let (quiet, uptime) = (LAST + 30 * HOUR, 50 + 30 * HOUR);
    assert_eq!(guard.check(&at(quiet, uptime), LAST), Ok(quiet));
    assert_eq!(guard.check(&at(quiet + 2 * HOUR, uptime), LAST), ahead(2 * HOUR, quiet));
    assert_eq!(guard.check(&at(quiet - HOUR, uptime), LAST), back(HOUR, quiet), "an hour back");
    let later = guard.check(&at(quiet + 8 * HOUR, uptime + 6 * HOUR), LAST);
    assert_eq!(later, ahead(2 * HOUR, quiet + 6 * HOUR), "the time goes on");
    assert_eq!(guard.check(&at(quiet + 7 * HOUR, uptime + 7 * HOUR), LAST), Ok(quiet + 7 * HOUR));
    // A machine that runs for long is idle for as long as it likes.
    let long = 300 * DAY;
    assert_eq!(guard.check(&at(LAST + long, 50 + long), LAST), Ok(LAST + long));
    let drifted = LAST + long + long / DRIFT_PART;
    assert_eq!(guard.check(&at(drifted, 50 + long), LAST), Ok(drifted), "by 100 ppm");
}

/// Whoever sets the clock by little, again and again, set it by much.
#[test]
fn ten_small_leaps_are_one_large_one() {
    let (_folder, guard) = guard();
    assert_eq!(guard.check(&at(LAST, 50), LAST), Ok(LAST));
    for step in 1..=10 {
        let by = step * 59 * 60;
        assert_eq!(guard.check(&at(LAST + by, 50), LAST), ahead(by, LAST), "{step}");
    }
    assert_eq!(guard.check(&at(LAST + 100, 50), LAST), Ok(LAST + 100));
    assert_eq!(guard.check(&at(LAST + 200, 50), LAST), ahead(200, LAST), "from where it was");
    assert_eq!(guard.check(&at(LAST - 100, 50), 0), Ok(LAST - 100));
    assert_eq!(guard.check(&at(LAST - 200, 50), 0), back(200, LAST));
}

/// A leap within what an idle city may be ahead is seen by whoever ran meanwhile, until an operator
/// says that the clock is right; that is said of this clock, and of no other.
#[test]
fn a_clock_that_leapt_is_not_believed_without_a_word() {
    let (_folder, guard) = guard();
    assert_eq!(guard.check(&at(LAST, 50), LAST), Ok(LAST));
    let three = LAST + 3 * DAY;
    assert_eq!(guard.check(&at(three, 60), LAST), ahead(3 * DAY - 10, LAST + 10));
    say(&guard, &at(three, 60));
    assert_eq!(guard.check(&at(three + 5, 65), LAST), Ok(three + 5), "an operator said so");
    assert_eq!(guard.check(&at(three + 10, 70), LAST), Ok(three + 10), "and it goes on");
    let more = three + 10 + HOUR;
    assert_eq!(guard.check(&at(more, 70), LAST), ahead(HOUR, three + 10), "it leapt again");
    assert_eq!(guard.check(&at(LAST + 20, 70), LAST), back(3 * DAY - 10, three + 10));
    // After the next start of the machine the word counts for a day, forward only.
    let other = |unix| Reading { boot: "two".into(), ..at(unix, 3) };
    assert!(
        guard.is_confirmed(&other(three + DAY - 1)) && !guard.is_confirmed(&other(three + DAY))
    );
    assert!(!guard.is_confirmed(&other(three - 1)));
}

/// A record of a time ahead stands in the log for ever: with an operator's word decisions go on by
/// the time that it proves, and none bears an earlier one.
#[test]
fn an_error_back_ends_by_a_word() {
    let (_folder, guard) = guard();
    let right = LAST - 8 * DAY;
    assert_eq!(guard.check(&at(right, 50), LAST), back(8 * DAY, LAST));
    say(&guard, &at(right, 55));
    assert_eq!(guard.check(&at(right + 10, 60), LAST), Ok(LAST));
    assert_eq!(guard.check(&at(LAST + 1, 51 + 8 * DAY), LAST), Ok(LAST + 1), "once it is over");
    // The same of what was believed and stands in no record.
    let (_folder, guard) = self::guard();
    assert_eq!(guard.check(&at(LAST + 8 * HOUR, 50), LAST), Ok(LAST + 8 * HOUR));
    assert_eq!(guard.check(&at(LAST, 50), LAST), back(8 * HOUR, LAST + 8 * HOUR));
    say(&guard, &at(LAST, 50));
    assert_eq!(guard.check(&at(LAST + 1, 51), LAST), Ok(LAST + 1));
    assert_eq!(guard.check(&at(LAST + 8 * HOUR, 51), LAST), ahead(8 * HOUR - 1, LAST + 1));
}

/// A start under a wrong clock is seen by what the process before believed.
#[test]
fn a_start_goes_on_from_what_was_believed() {
    let text = Text::default();
    let (_folder, first) = started(&text, &at(LAST, 50));
    assert_eq!(first.check(&at(LAST, 50), LAST - DAY), Ok(LAST));
    assert_eq!(first.check(&at(LAST + HOUR, 50 + HOUR), LAST - DAY), Ok(LAST + HOUR));
    // The machine ran on: the clock has to say what follows.
    let now = at(LAST + 5 * HOUR, 50 + 2 * HOUR);
    assert_eq!(started(&text, &now).1.check(&now, LAST), ahead(3 * HOUR, LAST + 2 * HOUR));
    let now = at(LAST, 50 + 2 * HOUR);
    assert_eq!(started(&text, &now).1.check(&now, LAST), back(2 * HOUR, LAST + 2 * HOUR));
    let now = at(LAST + 2 * HOUR, 50 + 2 * HOUR);
    assert_eq!(started(&text, &now).1.check(&now, LAST), Ok(LAST + 2 * HOUR));
    // It started anew: nobody knows for how long it was off, but it is no earlier than it was.
    let other = |unix| Reading { boot: "two".into(), ..at(unix, 3) };
    let now = other(LAST + HOUR);
    assert_eq!(started(&text, &now).1.check(&now, LAST), back(HOUR, LAST + 2 * HOUR));
    let now = other(LAST + 9 * DAY);
    let (_folder, next) = started(&text, &now);
    assert_eq!(next.check(&now, LAST), Ok(LAST + 9 * DAY));
    assert_eq!(next.check(&other(LAST + 9 * DAY + HOUR), LAST), ahead(HOUR, LAST + 9 * DAY));
    let now = other(LAST + 13 * DAY);
    let kept = LAST + 9 * DAY;
    let (_folder, same) = started(&text, &now);
    assert_eq!(same.check(&now, LAST), ahead(4 * DAY, kept), "kept at once");
    assert!(guard().1.base_of(&now, "something else").is_err());
}
