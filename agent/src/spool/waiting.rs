//! What waits for the thread that writes, in the order in which it came.
//!
//! Whoever waits for a record wakes the thread. An end that nobody waits for does that only while
//! the thread rests: to be woken for each of them takes longer than to write it.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Most records of one commit.
const BATCH_MAX: usize = 1_024;
/// So long an end waits for a record to go with.
const UNAWAITED_MAX: Duration = Duration::from_millis(10);

/// The way in; once it is dropped the thread takes what is left, and ends.
pub(super) struct Entrance<T>(Arc<BoundedQueue<T>>);

/// The way out, of one thread.
pub(super) struct Exit<T>(Arc<BoundedQueue<T>>);

/// A row in which so many may wait; `is_awaited` says of one whether somebody waits for it.
pub(super) fn row<T>(most: usize, is_awaited: fn(&T) -> bool) -> (Entrance<T>, Exit<T>) {
    let state = State { waiting: Vec::new(), awaited: 0, thread: Thread::Writes, is_open: true };
    let (news, room) = (Condvar::new(), Condvar::new());
    let row = Arc::new(BoundedQueue { state: Mutex::new(state), news, room, most, is_awaited });
    (Entrance(row.clone()), Exit(row))
}

impl<T> Entrance<T> {
    /// Hands one over; false if there is no room, or nobody who takes it.
    pub(super) fn push(&self, one: T) -> bool {
        self.0.enter(self.0.state(), one)
    }

    /// Hands one over as soon as there is room; false if there is nobody who takes it.
    pub(super) fn push_when_there_is_room(&self, one: T) -> bool {
        let mut state = self.0.state();
        while state.is_open && state.waiting.len() >= self.0.most {
            state = self.0.room.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        self.0.enter(state, one)
    }
}

impl<T> Exit<T> {
    /// Takes what is committed together into a batch that is empty; false once nothing more comes.
    /// An end that nobody waits for goes with the next record that somebody waits for, or a moment
    /// later: by itself it would keep the disk busy when that one comes. Whoever is killed before
    /// that has it told as unknown, as if it had not come yet.
    pub(super) fn gather(&self, batch: &mut Vec<T>) -> bool {
        let row = &*self.0;
        let mut state = row.state();
        let mut until = Instant::now() + UNAWAITED_MAX;
        while state.is_open && !state.is_due() {
            let left = until.saturating_duration_since(Instant::now());
            if !left.is_zero() {
                state.thread = Thread::Gathers;
                let waited = row.news.wait_timeout(state, left);
                state = waited.unwrap_or_else(PoisonError::into_inner).0;
            } else if state.waiting.is_empty() {
                state.thread = Thread::Rests;
                state = row.news.wait(state).unwrap_or_else(PoisonError::into_inner);
                until = Instant::now() + UNAWAITED_MAX;
            } else {
                break;
            }
        }
        state.thread = Thread::Writes;
        if state.awaited > 0 && state.waiting.len() < BATCH_MAX {
            drop(state);
            // Whoever is about to ask on this core shares the commit; where nobody is, this takes
            // no time. To be woken by the first one alone would be a commit for each.
            std::thread::yield_now();
            state = row.state();
        }
        let was_full = state.waiting.len() >= row.most;
        std::mem::swap(&mut state.waiting, batch);
        // Nothing is taken out that has no place in this commit.
        let beyond = batch.len().min(BATCH_MAX)..;
        state.waiting.extend(batch.drain(beyond));
        state.awaited = state.waiting.iter().filter(|one| (row.is_awaited)(one)).count();
        drop(state);
        if was_full {
            row.room.notify_all();
        }
        !batch.is_empty()
    }
}

impl<T> Drop for Entrance<T> {
    fn drop(&mut self) {
        self.0.state().is_open = false;
        self.0.news.notify_one();
    }
}

impl<T> Drop for Exit<T> {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.is_open = false;
        let left = std::mem::take(&mut state.waiting);
        drop(state);
        self.0.room.notify_all();
        drop(left);
    }
}

struct BoundedQueue<T> {
    state: Mutex<State<T>>,
    /// Rung for the thread.
    news: Condvar,
    /// Rung for whoever waits for room.
    room: Condvar,
    most: usize,
    is_awaited: fn(&T) -> bool,
}

struct State<T> {
    waiting: Vec<T>,
    /// How many of these somebody waits for.
    awaited: usize,
    thread: Thread,
    is_open: bool,
}

/// What the thread does.
enum Thread {
    /// It comes back by itself.
    Writes,
    /// It waits a moment for a record that somebody waits for.
    Gathers,
    /// It waits for anything.
    Rests,
}

impl<T> State<T> {
    /// Whether what waits is taken now.
    fn is_due(&self) -> bool {
        self.awaited > 0 || self.waiting.len() >= BATCH_MAX
    }
}

impl<T> BoundedQueue<T> {
    fn state(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn enter(&self, mut state: MutexGuard<'_, State<T>>, one: T) -> bool {
        if !state.is_open || state.waiting.len() >= self.most {
            return false;
        }
        state.awaited += usize::from((self.is_awaited)(&one));
        state.waiting.push(one);
        let wakes = match state.thread {
            Thread::Writes => false,
            Thread::Gathers => state.is_due(),
            Thread::Rests => true,
        };
        if wakes {
            // It is on its way: nobody else has to wake it.
            state.thread = Thread::Writes;
            drop(state);
            self.news.notify_one();
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A number, and whether somebody waits for it.
    type One = (usize, bool);

    fn pair(most: usize) -> (Entrance<One>, Exit<One>) {
        row(most, |one: &One| one.1)
    }

    fn gathered(exit: &Exit<One>) -> Vec<usize> {
        let mut batch = Vec::new();
        exit.gather(&mut batch);
        batch.into_iter().map(|(number, _)| number).collect()
    }

    /// However many wait at once, each is in one batch and none is lost; an end that nobody waits
    /// for goes with what somebody waits for behind it.
    #[test]
    fn everything_that_waits_is_gathered_once() {
        let (entrance, exit) = pair(4 * BATCH_MAX);
        let count = 2 * BATCH_MAX + 7;
        assert!((0..count).all(|number| entrance.push((number, false))));
        assert!(entrance.push((count, true)));
        drop(entrance);
        let (mut batch, mut gathered_so_far) = (Vec::new(), Vec::new());
        while exit.gather(&mut batch) {
            assert!(batch.len() <= BATCH_MAX);
            gathered_so_far.extend(batch.drain(..).map(|(number, _)| number));
        }
        assert_eq!(gathered_so_far, (0..=count).collect::<Vec<_>>());
    }

    /// What somebody waits for is taken at once, with all that came before; ends alone are taken a
    /// moment later, whether the thread gathered or rested when they came.
    #[test]
    fn whoever_waits_wakes_the_thread_and_an_end_waits_a_moment() {
        let (entrance, exit) = pair(8);
        assert!(entrance.push((0, false)) && entrance.push((1, true)));
        assert_eq!(gathered(&exit), [0, 1]);
        let thread = std::thread::spawn(move || {
            let mut batches = Vec::new();
            loop {
                let batch = gathered(&exit);
                if batch.is_empty() {
                    return batches;
                }
                batches.extend(batch);
            }
        });
        let is = |state: fn(&Thread) -> bool| {
            while !state(&entrance.0.state().thread) {
                std::thread::yield_now();
            }
        };
        is(|thread| matches!(thread, Thread::Rests));
        assert!(entrance.push((2, false)));
        // It takes the end without anybody who waits for it, and rests again.
        is(|thread| matches!(thread, Thread::Rests));
        assert!(entrance.0.state().waiting.is_empty());
        assert!(entrance.push((3, true)));
        drop(entrance);
        assert_eq!(thread.join().unwrap(), [2, 3]);
    }

    /// What has no room is refused, or waits for it; when the thread is gone nothing is taken.
    #[test]
    fn what_has_no_room_is_refused_or_waits_for_it() {
        let (entrance, exit) = pair(2);
        assert!(entrance.push((0, true)) && entrance.push((1, true)));
        assert!(!entrance.push((2, true)), "the row is full");
        let patient = std::thread::spawn(move || {
            let was_taken = entrance.push_when_there_is_room((3, true));
            (entrance, was_taken)
        });
        let mut taken = Vec::new();
        while taken.len() < 3 {
            taken.extend(gathered(&exit));
        }
        assert_eq!(taken, [0, 1, 3]);
        let (entrance, was_taken) = patient.join().unwrap();
        assert!(was_taken);
        drop(exit);
        assert!(!entrance.push((4, true)) && !entrance.push_when_there_is_room((5, true)));
    }
}
