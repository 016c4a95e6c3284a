//! The cut of a request: whoever carries it on hears of it at once.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

/// Whether a request is cut, and whom that wakes: of each way one, whoever asked last.
#[derive(Debug, Default)]
pub(super) struct Cut {
    is_cut: AtomicBool,
    wakers: Mutex<Wakers>,
}

/// The way of a message that is carried on.
#[derive(Clone, Copy, Debug)]
pub(super) enum Direction {
    /// The request's, to the application.
    There,
    /// The answer's, or that of whoever waits for it.
    Back,
}

#[derive(Debug, Default)]
struct Wakers {
    there: Option<Waker>,
    back: Option<Waker>,
}

impl Cut {
    /// Cuts it, for good.
    pub(super) fn cut(&self) {
        self.is_cut.store(true, Ordering::Release);
        let Wakers { there, back } = std::mem::take(&mut *self.wakers());
        [there, back].into_iter().flatten().for_each(Waker::wake);
    }

    /// Whether it is cut.
    pub(super) fn is_cut(&self) -> bool {
        self.is_cut.load(Ordering::Acquire)
    }

    /// Ready once it is cut, which wakes whoever asks.
    pub(super) fn poll(&self, way: Direction, context: &Context<'_>) -> Poll<()> {
        let mut wakers = self.wakers();
        let waker = match way {
            Direction::There => &mut wakers.there,
            Direction::Back => &mut wakers.back,
        };
        match waker {
            Some(waker) => waker.clone_from(context.waker()),
            None => *waker = Some(context.waker().clone()),
        }
        // Looked at under the lock: a cut takes the wakers behind its mark.
        if self.is_cut() { Poll::Ready(()) } else { Poll::Pending }
    }

    fn wakers(&self) -> MutexGuard<'_, Wakers> {
        self.wakers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::AtomicUsize;
    use std::task::Wake;

    /// Counts how often somebody is woken.
    #[derive(Default)]
    struct Sleeper(AtomicUsize);

    impl Wake for Sleeper {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    /// A cut wakes both ways, each once and whoever asked last; who asks afterwards need not wait.
    #[test]
    fn a_cut_wakes_both_ways() {
        let sleepers: Vec<Arc<Sleeper>> = (0..3).map(|_| Arc::default()).collect();
        let wakers: Vec<Waker> = sleepers.iter().map(|one| Waker::from(one.clone())).collect();
        let cut = Cut::default();
        let poll = |way, who: usize| cut.poll(way, &Context::from_waker(&wakers[who]));
        assert!(poll(Direction::There, 0).is_pending());
        assert!(poll(Direction::Back, 1).is_pending());
        // The next one who carries the answer takes the place of the one before.
        assert!(poll(Direction::Back, 2).is_pending() && poll(Direction::Back, 2).is_pending());
        assert!(!cut.is_cut());
        cut.cut();
        cut.cut();
        let woken: Vec<usize> = sleepers.iter().map(|one| one.0.load(Ordering::SeqCst)).collect();
        assert_eq!(woken, [1, 0, 1]);
        assert!(
            cut.is_cut()
                && poll(Direction::There, 1).is_ready()
                && poll(Direction::Back, 1).is_ready()
        );
    }
}
