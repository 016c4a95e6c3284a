//! Requests that wait for a place behind their route, as whoever answers them says: where all
//! places of a listener are taken, their connections give way as those do whose client keeps us
//! waiting. However many strangers wait for something, somebody else is let in.

use super::activity::{Activity, QueuedRequest};
use std::sync::Arc;

tokio::task_local! {
    /// The connection of the request that is answered here.
    static CONNECTION: Arc<Activity>;
}

/// Answers a request of a connection.
pub(super) async fn within<T>(activity: Arc<Activity>, answer: impl Future<Output = T>) -> T {
    CONNECTION.scope(activity, answer).await
}

/// The request that is answered here waits for a place, until what is given is dropped; nothing
/// where none is answered.
pub fn queued() -> Option<QueuedRequest> {
    CONNECTION.try_with(Activity::awaits_place).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What waits for a place behind its route keeps no place of the listener from others, and does
    /// again once it has one.
    #[tokio::test]
    async fn who_waits_for_a_place_keeps_none_of_the_listener() {
        let activity = Arc::<Activity>::default();
        assert!(queued().is_none(), "nothing is answered here");
        let _request = activity.begin();
        assert!(activity.has_whole_request());
        let answer = async {
            let waits = queued();
            assert!(waits.is_some() && !activity.has_whole_request());
            drop(waits);
            assert!(activity.has_whole_request());
        };
        within(activity.clone(), answer).await;
    }
}
