//! Rounds that do not end in their time.

use std::time::Duration;
use tokio::time::timeout;

/// A round that takes longer is told.
pub(super) const TOLD_AFTER: Duration = Duration::from_secs(5);
/// What is told then.
pub(super) const TOLD: &str =
    "following takes long: the database does not answer, or has much to say";
/// A round that takes longer is given up: what it waits for does not come.
pub(super) const ROUND_MAX: Duration = Duration::from_secs(300);

/// What comes of something within `most`; once it takes longer than `told`, `late` hears of it.
pub(super) async fn in_time<T>(
    round: impl Future<Output = T>,
    (told, most): (Duration, Duration),
    late: impl FnOnce(),
) -> Option<T> {
    let mut round = std::pin::pin!(timeout(most, round));
    let ended = tokio::select! {
        ended = &mut round => ended,
        () = tokio::time::sleep(told) => {
            late();
            round.await
        }
    };
    ended.ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A database that was stopped in the middle of a question is told of, and asked again.
    #[tokio::test]
    async fn a_round_that_does_not_end_is_told_and_given_up() {
        let (soon, never) = (Duration::from_millis(20), Duration::from_secs(3_600));
        let mut told = false;
        let began = std::time::Instant::now();
        let given_up = in_time(std::future::pending::<()>(), (soon, 2 * soon), || told = true);
        assert_eq!(given_up.await, None);
        assert!(told);
        assert!(began.elapsed() < Duration::from_secs(5), "it is given up in its time");
        let slow = async {
            tokio::time::sleep(3 * soon).await;
            7
        };
        let mut told = false;
        assert_eq!(in_time(slow, (soon, never), || told = true).await, Some(7));
        assert!(told, "it is told while it lasts");
        let quick = in_time(async { 7 }, (never, never), || panic!("nothing is late"));
        assert_eq!(quick.await, Some(7));
    }
}
