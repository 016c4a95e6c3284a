//! How much a round takes on. One that took longer than the turn may be held was for nothing: the
//! next is half of it, so that however slow a disk is, something is done.

/// Most work of one round: commands by what they weigh, and as many orders.
const MOST: usize = 512;

/// How much work a round takes on now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pace(usize);

impl Pace {
    /// As much as there may be.
    pub(crate) fn full() -> Self {
        Self(MOST)
    }

    /// So much at most.
    pub(crate) fn most(self) -> usize {
        self.0
    }

    /// A round took too long.
    pub(crate) fn late(&mut self) {
        self.0 = (self.0 / 2).max(1);
    }

    /// A round came to its end in time.
    pub(crate) fn done(&mut self) {
        self.0 = (self.0 * 2).min(MOST);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_round_that_took_too_long_is_tried_by_half() {
        let mut pace = Pace::full();
        for _ in 0..20 {
            pace.late();
        }
        assert_eq!(pace, Pace(1), "one thing is always tried");
        pace.done();
        assert_eq!(pace.most(), 2);
        for _ in 0..20 {
            pace.done();
        }
        assert_eq!(pace, Pace::full());
    }
}
