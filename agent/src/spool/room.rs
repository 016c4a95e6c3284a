//! How much room a spool has left: told whenever it changes, and judged before each record.

use service::Metrics;

/// Room for records that begin nothing, when the spool is full; half of it is for what ends things.
const RESERVE: u64 = 64 * 1024 * 1024;

/// Whether a record begins something, and may be refused when room gets short.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// A request or connection: refused at 95 %.
    Begins,
    /// A denial: may use half of the reserve. Who is denied without a pause leaves the other half.
    Denies,
    /// A completion or heartbeat, or what was turned away and counted: may use the reserve.
    Ends,
}

/// How much room is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Room {
    /// There is room enough for everything.
    Enough,
    /// An eighth of what beginnings may take, or less.
    Little,
    /// Only for what begins nothing.
    ForDenials,
    /// Only for what ends things.
    ForEnds,
    /// There is no room for anything that begins.
    None,
}

impl Room {
    /// What is left of `bytes_max` when segments take `bytes`.
    pub(super) fn of(bytes: u64, bytes_max: u64) -> Self {
        let reserve = RESERVE.min(bytes_max / 8);
        let of_beginnings = bytes_max.saturating_sub(reserve) / 20 * 19;
        match bytes {
            bytes if bytes > bytes_max => Self::None,
            bytes if bytes > bytes_max.saturating_sub(reserve / 2) => Self::ForEnds,
            bytes if bytes > of_beginnings => Self::ForDenials,
            bytes if bytes > of_beginnings / 8 * 7 => Self::Little,
            _ => Self::Enough,
        }
    }

    /// Whether a record has room here.
    pub(super) fn takes(self, place: Place) -> bool {
        match place {
            Place::Begins => matches!(self, Self::Enough | Self::Little),
            Place::Denies => matches!(self, Self::Enough | Self::Little | Self::ForDenials),
            Place::Ends => self != Self::None,
        }
    }

    /// Says on `/readyz` what is left.
    pub(super) fn tell(self, metrics: &Metrics) {
        let (condition, notice) = match self {
            Self::Enough => ("", ""),
            Self::Little => ("", "nearly full"),
            Self::ForDenials | Self::ForEnds | Self::None => ("the spool is full", ""),
        };
        metrics.condition("spool", condition);
        metrics.notice("spool", notice);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spool_is_nearly_full_before_it_is_full() {
        for max in [2 << 20, 4 << 30] {
            let of = |bytes| Room::of(bytes, max);
            assert_eq!((of(0), of(max / 2)), (Room::Enough, Room::Enough));
            let least =
                |room| (0..=4_096).map(|n| max / 4_096 * n).find(|&bytes| of(bytes) == room);
            let (little, ends) = (least(Room::Little).unwrap(), least(Room::ForDenials).unwrap());
            assert!(little < ends && of(max) == Room::ForEnds && of(max + 1) == Room::None);
            assert!((ends - little).abs_diff(ends / 8) <= max / 2_048, "an eighth of it");
        }
        assert!(Room::Little.takes(Place::Begins) && !Room::ForDenials.takes(Place::Begins));
        assert!(Room::ForEnds.takes(Place::Ends) && !Room::None.takes(Place::Ends));
        let metrics = Metrics::default();
        Room::Little.tell(&metrics);
        assert_eq!(metrics.told(), ["spool: nearly full"]);
        Room::ForEnds.tell(&metrics);
        assert_eq!(metrics.told(), ["spool: the spool is full"]);
        Room::Enough.tell(&metrics);
        assert!(metrics.told().is_empty());
    }

    /// However many are denied while the log is away, what was permitted can still be told to have
    /// ended: denials have half of what is left for what begins nothing.
    #[test]
    fn denials_leave_room_for_what_ends() {
        for max in [2 << 20, 4 << 30] {
            let reserve = RESERVE.min(max / 8);
            let takes = |bytes, place| Room::of(bytes, max).takes(place);
            let half = max - reserve / 2;
            assert!(takes(half, Place::Denies) && !takes(half, Place::Begins));
            assert!(!takes(half + 1, Place::Denies) && takes(half + 1, Place::Ends));
            assert!(takes(max, Place::Ends) && !takes(max + 1, Place::Ends));
        }
    }
}
