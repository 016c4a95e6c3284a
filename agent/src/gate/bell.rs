//! What rings for a connection to the application: its bytes, and what is handed to it. The task
//! that moves the connection is woken by that, but not while it looks after the connection anyway:
//! it would be polled once more for what it knows.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Wake, Waker};

/// Remembers that it was rung, and wakes a task unless that attends to it.
#[derive(Debug)]
pub(super) struct Bell {
    was_rung: AtomicBool,
    is_attended: AtomicBool,
    task: Mutex<Option<Waker>>,
}

impl Bell {
    /// One that was rung: nobody looked yet.
    pub(super) fn new() -> Arc<Self> {
        let (was_rung, is_attended) = (AtomicBool::new(true), AtomicBool::new(false));
        Arc::new(Self { was_rung, is_attended, task: Mutex::new(None) })
    }

    /// Names the task that is woken from now on.
    pub(super) fn wakes(&self, task: &Waker) {
        let mut known = self.task.lock().unwrap_or_else(PoisonError::into_inner);
        match &mut *known {
            Some(known) => known.clone_from(task),
            None => *known = Some(task.clone()),
        }
    }

    /// Wakes nobody until [`Self::leave`].
    pub(super) fn attend(&self) {
        self.is_attended.store(true, Ordering::SeqCst);
    }

    /// Wakes the task again; says whether it was rung and nobody heard it.
    pub(super) fn leave(&self) -> bool {
        // Whoever rings looks at the two in the other order: one of both sees the other.
        self.is_attended.store(false, Ordering::SeqCst);
        self.was_rung.load(Ordering::SeqCst)
    }

    /// Whether it was rung, which is heard by that.
    pub(super) fn hear(&self) -> bool {
        self.was_rung.swap(false, Ordering::SeqCst)
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.was_rung.store(true, Ordering::SeqCst);
        if self.is_attended.load(Ordering::SeqCst) {
            return;
        }
        let task = self.task.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(task) = task {
            task.wake();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicUsize;

    /// Counts how often it is woken.
    #[derive(Default)]
    struct Sleeper(AtomicUsize);

    impl Wake for Sleeper {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    /// A ring wakes the task that was named last, and nobody while it is attended to; none is lost.
    #[test]
    fn a_ring_is_heard_or_wakes_somebody() {
        let bell = Bell::new();
        let [first, second]: [Arc<Sleeper>; 2] = Default::default();
        let rope = Waker::from(bell.clone());
        let woken = |sleeper: &Arc<Sleeper>| sleeper.0.load(Ordering::SeqCst);
        assert!(bell.hear() && !bell.hear(), "at first it was rung, and once");
        rope.wake_by_ref();
        bell.wakes(&Waker::from(first.clone()));
        assert!(bell.hear(), "nobody was there");
        rope.wake_by_ref();
        assert_eq!(woken(&first), 1);
        bell.wakes(&Waker::from(second.clone()));
        rope.wake_by_ref();
        assert_eq!((woken(&first), woken(&second)), (1, 1));
        assert!(bell.hear());
        bell.attend();
        rope.wake_by_ref();
        assert_eq!(woken(&second), 1, "whoever attends to it is awake");
        assert!(bell.leave(), "and has not heard it");
        assert!(bell.hear() && !bell.leave());
        rope.wake();
        assert_eq!(woken(&second), 2);
    }
}
