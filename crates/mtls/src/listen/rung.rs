//! Futures that share a task and are polled only for what woke them: a connection is woken several
//! times for each request, and what ends it once.

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

/// A future that is polled at first, and then whenever something of its own rang for it.
pub(super) struct Rung<'a, F> {
    inner: Pin<&'a mut F>,
    bell: Arc<Bell>,
    /// What rings the bell.
    rope: Waker,
    /// Who was to be woken at the last poll.
    task: Option<Waker>,
}

/// Remembers that it was rung, and wakes the task.
struct Bell {
    was_rung: AtomicBool,
    task: Mutex<Option<Waker>>,
}

impl<'a, F> Rung<'a, F> {
    pub(super) fn new(inner: Pin<&'a mut F>) -> Self {
        let bell = Arc::new(Bell { was_rung: AtomicBool::new(true), task: Mutex::new(None) });
        Self { inner, rope: Waker::from(bell.clone()), bell, task: None }
    }
}

impl<F: Future> Future for Rung<'_, F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.get_mut();
        if this.task.as_ref().is_none_or(|task| !task.will_wake(context.waker())) {
            this.task = Some(context.waker().clone());
            *this.bell.task() = this.task.clone();
        }
        // Looked at behind that: who rings later wakes this task.
        if !this.bell.was_rung.swap(false, Ordering::AcqRel) {
            return Poll::Pending;
        }
        this.inner.as_mut().poll(&mut Context::from_waker(&this.rope))
    }
}

impl Bell {
    fn task(&self) -> MutexGuard<'_, Option<Waker>> {
        self.task.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.was_rung.store(true, Ordering::Release);
        let task = self.task().clone();
        if let Some(task) = task {
            task.wake();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::poll_fn;
    use std::pin::pin;
    use std::sync::atomic::AtomicUsize;

    /// Counts how often a task is woken.
    #[derive(Default)]
    struct Task(AtomicUsize);

    impl Wake for Task {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    impl Task {
        fn woken(&self) -> usize {
            self.0.load(Ordering::SeqCst)
        }
    }

    /// Whoever polls for something else does not reach it; whoever rings wakes the task that polled
    /// last, and is heard.
    #[test]
    fn it_is_polled_for_what_rang_and_for_nothing_else() {
        let mut polls = 0;
        let mut inner = pin!(poll_fn(|_: &mut Context<'_>| {
            polls += 1;
            if polls < 3 { Poll::Pending } else { Poll::Ready(polls) }
        }));
        let mut rung = Rung::new(inner.as_mut());
        let bell = rung.rope.clone();
        let (first, other) = (Arc::new(Task::default()), Arc::new(Task::default()));
        let mut poll = |task: &Arc<Task>| {
            let waker = Waker::from(task.clone());
            Pin::new(&mut rung).poll(&mut Context::from_waker(&waker))
        };
        assert!(poll(&first).is_pending());
        bell.wake_by_ref();
        assert_eq!((first.woken(), other.woken()), (1, 0));
        assert!(poll(&first).is_pending());
        for _ in 0..8 {
            assert!(poll(&first).is_pending());
        }
        assert!(poll(&other).is_pending());
        bell.wake_by_ref();
        assert_eq!((first.woken(), other.woken()), (1, 1));
        assert_eq!(poll(&other), Poll::Ready(3), "at first, and for each ring");
    }
}
