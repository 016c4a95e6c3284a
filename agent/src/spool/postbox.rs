//! Answers of the spool on their way to a lane. The thread that writes hands each lane all of its
//! answers of a commit together, and wakes it once; the lane wakes those who wait, which takes no
//! call of the system there. Without that each answer would take one.

use super::granted::Granted;
use super::recorded::NotRecorded;
use std::cell::OnceCell;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{Notify, oneshot};

/// What becomes of a record.
pub(super) type Outcome = Result<Granted, NotRecorded>;

/// Whom an outcome is told, and which.
type Told = (oneshot::Sender<Outcome>, Outcome);

/// Who waits for a record, and through what they are told.
pub(super) struct Asker {
    answer: oneshot::Sender<Outcome>,
    postbox: Option<Arc<Postbox>>,
}

/// Whoever waits for records on the thread of one lane is told through it.
#[derive(Default)]
pub struct Postbox {
    outcomes: Mutex<Vec<Told>>,
    news: Notify,
}

thread_local! {
    /// The one of this thread.
    static OWN: OnceCell<Arc<Postbox>> = const { OnceCell::new() };
}

impl Postbox {
    /// Gives this thread one. Its runtime has no other thread: whoever asks here waits here.
    pub fn open() {
        let postbox = Arc::new(Self::default());
        if OWN.with(|own| own.set(postbox.clone())).is_ok() {
            tokio::spawn(async move {
                loop {
                    postbox.news.notified().await;
                    postbox.empty();
                }
            });
        }
    }

    fn empty(&self) {
        let outcomes = std::mem::take(&mut *self.lock());
        for (answer, outcome) in outcomes {
            // Who does not wait any more: what was granted says so itself.
            let _ = answer.send(outcome);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Told>> {
        self.outcomes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Asker {
    /// Somebody on this thread.
    pub(super) fn here(answer: oneshot::Sender<Outcome>) -> Self {
        Self { answer, postbox: OWN.with(|own| own.get().cloned()) }
    }

    /// Tells them by themselves.
    pub(super) fn tell(self, outcome: Outcome) {
        let _ = self.answer.send(outcome);
    }
}

/// The outcomes of a commit, by lane.
#[derive(Default)]
pub(super) struct Post(Vec<(Arc<Postbox>, Vec<Told>)>);

impl Post {
    /// Takes one along; who waits on no lane is told at once.
    pub(super) fn add(&mut self, asker: Asker, outcome: Outcome) {
        let Asker { answer, postbox } = asker;
        let Some(postbox) = postbox else {
            let _ = answer.send(outcome);
            return;
        };
        match self.0.iter_mut().find(|(known, _)| Arc::ptr_eq(known, &postbox)) {
            Some((_, outcomes)) => outcomes.push((answer, outcome)),
            None => self.0.push((postbox, vec![(answer, outcome)])),
        }
    }

    /// Hands all of them over.
    pub(super) fn deliver(self) {
        for (postbox, mut outcomes) in self.0 {
            postbox.lock().append(&mut outcomes);
            postbox.news.notify_one();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An answer to somebody on this thread, and where it comes in.
    fn asked() -> (Asker, oneshot::Receiver<Outcome>) {
        let (answer, answered) = oneshot::channel();
        (Asker::here(answer), answered)
    }

    /// Each hears its own outcome, once the lane comes to it; who is on no lane hears it at once,
    /// and so does who is told alone.
    #[test]
    fn each_lane_is_told_what_is_its_own() {
        let told = |answered: &mut oneshot::Receiver<Outcome>| match answered.try_recv() {
            Ok(Err(why)) => Some(why),
            _ => None,
        };
        let (outside, mut outside_hears) = asked();
        let lanes: Vec<_> = (0..2)
            .map(|_| {
                let begin = || {
                    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
                    let asked = runtime.block_on(async {
                        Postbox::open();
                        (asked(), asked(), asked())
                    });
                    (runtime, asked)
                };
                // What a thread opens is its own.
                std::thread::spawn(begin).join().unwrap()
            })
            .collect();
        let (mut post, mut waiting) = (Post::default(), Vec::new());
        post.add(outside, Err(NotRecorded::Full));
        assert_eq!(told(&mut outside_hears), Some(NotRecorded::Full));
        for (runtime, ((one, hears_one), (two, hears_two), (alone, mut hears_alone))) in lanes {
            post.add(one, Err(NotRecorded::Full));
            post.add(two, Err(NotRecorded::Failed));
            alone.tell(Err(NotRecorded::Failed));
            assert_eq!(told(&mut hears_alone), Some(NotRecorded::Failed));
            waiting.push((runtime, hears_one, hears_two));
        }
        assert_eq!(post.0.len(), 2, "a parcel for each lane");
        post.deliver();
        for (runtime, mut one, mut two) in waiting {
            assert_eq!((told(&mut one), told(&mut two)), (None, None), "its lane sleeps");
            runtime.block_on(async {
                for _ in 0..4 {
                    tokio::task::yield_now().await;
                }
            });
            let heard = (told(&mut one), told(&mut two));
            assert_eq!(heard, (Some(NotRecorded::Full), Some(NotRecorded::Failed)));
        }
    }
}
