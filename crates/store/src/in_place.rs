//! What waits for the disk, on the thread of whoever does it: to hand it to another thread and to
//! be woken by that costs as much as many a disk takes.

use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::task::block_in_place;

/// Does something that waits for the disk here and now. What else this thread has to do goes on
/// elsewhere meanwhile, but for what the same task does beside it; where one thread does all, it
/// waits. For tasks that nobody gives up: what is done in place ends in its own time.
pub fn in_place<T>(act: impl FnOnce() -> T) -> T {
    let flavor = Handle::try_current().map(|handle| handle.runtime_flavor());
    match flavor {
        Ok(RuntimeFlavor::MultiThread) => block_in_place(act),
        _ => act(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;
    use std::time::Duration;

    /// The one worker waits, and the task that it waits for goes on all the same.
    #[tokio::test(flavor = "multi_thread", worker_threads = 1)]
    async fn what_waits_in_place_keeps_no_other_task_waiting() {
        let (tell, told) = mpsc::channel();
        let wait = move || in_place(move || told.recv_timeout(Duration::from_secs(20)));
        let waits = tokio::spawn(async move { wait() });
        let tells = tokio::spawn(async move { tell.send(7) });
        assert_eq!(waits.await.unwrap(), Ok(7));
        tells.await.unwrap().unwrap();
    }

    #[tokio::test]
    async fn where_one_thread_does_all_it_does_this_too() {
        assert_eq!(in_place(|| 7), 7);
    }

    #[test]
    fn a_thread_without_tasks_does_it_as_well() {
        assert_eq!(in_place(|| 7), 7);
    }
}
