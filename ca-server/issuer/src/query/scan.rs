//! How far one question looks: so many rows and no more, and after each chunk of them others go on,
//! since what a database in a file is asked runs on the thread that asks.

/// Most rows that one question looks at; its page ends there and says where the next begins.
const LOOKED_MAX: usize = 5_000;

/// The rows that one question has looked at.
pub(super) struct Scan {
    looked: usize,
    has_begun: bool,
}

impl Scan {
    /// A scan that has looked at no row yet.
    pub(super) fn begin() -> Self {
        Self { looked: 0, has_begun: false }
    }

    /// Whether another chunk may be looked at; others have their turn before it.
    pub(super) async fn goes_on(&mut self) -> bool {
        if std::mem::replace(&mut self.has_begun, true) {
            tokio::task::yield_now().await;
        }
        !self.is_over()
    }

    /// Whether enough was looked at.
    pub(super) fn is_over(&self) -> bool {
        self.looked >= LOOKED_MAX
    }

    /// Counts rows that were looked at.
    pub(super) fn looked(&mut self, rows: usize) {
        self.looked += rows;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    /// On one thread, another question is answered while a long one goes on, and the long one ends.
    #[tokio::test]
    async fn a_long_question_ends_and_lets_others_go_on() {
        let others = AtomicUsize::new(0);
        let long = async {
            let mut scan = Scan::begin();
            let mut chunks = 0;
            while scan.goes_on().await {
                scan.looked(200);
                chunks += 1;
            }
            (chunks, others.load(Ordering::SeqCst))
        };
        let short = async {
            loop {
                others.fetch_add(1, Ordering::SeqCst);
                tokio::task::yield_now().await;
            }
        };
        let (chunks, others) = tokio::select! { ended = long => ended, () = short => (0, 0) };
        assert_eq!(chunks, LOOKED_MAX / 200);
        assert!(others >= chunks - 1, "{others}");
    }
}
