//! How much room a spool has left: told whenever it changes, and judged before each record.

use service::Metrics;

/// Room for records that begin nothing, when the spool is full; half of it is for what ends things.
const RESERVE: u64 = 64 * 1024 * 1024;

/// What one certificate has a minute is divided by the first of these once half of what beginnings
/// may take is taken, and by the second once three quarters are: whoever asks without a pause while
/// the log is away needs hours for the rest, in which others pass.
const PARTS: [u32; 2] = [100, 500];
/// So many a minute it keeps: one a second.
const LEAST: u32 = 60;

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
        let of_beginnings = of_beginnings(bytes_max);
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

/// What beginnings may take of `bytes_max`.
fn of_beginnings(bytes_max: u64) -> u64 {
    let reserve = RESERVE.min(bytes_max / 8);
    bytes_max.saturating_sub(reserve) / 20 * 19
}

/// In how many parts it is divided what one certificate has a minute, when segments take `bytes`.
pub(super) fn parts(bytes: u64, bytes_max: u64) -> u32 {
    let [after_half, after_three] = PARTS;
    let quarter = of_beginnings(bytes_max) / 4;
    match bytes {
        bytes if bytes > quarter * 3 => after_three,
        bytes if bytes > quarter * 2 => after_half,
        _ => 1,
    }
}

/// How many requests one certificate has a minute, of as many as are set.
pub(super) fn share_of_one(a_minute: u32, parts: u32) -> u32 {
    (a_minute / parts.max(1)).clamp(LEAST.min(a_minute), a_minute)
}

/// Says on `/readyz` why somebody is refused who asks no more often than usual.
pub(super) fn tell_share(parts: u32, metrics: &Metrics) {
    let what = match parts {
        1 => String::new(),
        parts => format!("the spool fills: one certificate has 1/{parts} of its requests a minute"),
    };
    metrics.notice("share", &what);
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

    /// While the log is away one certificate takes the second half of a spool no faster than in
    /// hours, however it asks; one that was set to few requests has them, or one a second.
    #[test]
    fn a_spool_that_fills_keeps_room_for_others() {
        let (max, a_minute) = (4 << 30, 600_000);
        let of = |bytes| share_of_one(a_minute, parts(bytes, max));
        let all = of_beginnings(max);
        let [half, three] = [2, 3].map(|quarters| all / 4 * quarters);
        let told = [0, half, half + 1, three, three + 1].map(of);
        assert_eq!(told, [600_000, 600_000, 6_000, 6_000, 1_200]);
        // A decision and its end, by what one record takes at most that counts as one request.
        let (of_request, mut bytes, mut minutes) = (2_048, half + 1, 0);
        while Room::of(bytes, max).takes(Place::Begins) {
            bytes += u64::from(of(bytes)) * of_request;
            minutes += 1;
        }
        assert!(minutes > 7 * 60, "{minutes}");
        assert_eq!([1, 100, 500].map(|parts| share_of_one(3, parts)), [3, 3, 3]);
        assert_eq!([1, 100, 500].map(|parts| share_of_one(6_000, parts)), [6_000, 60, 60]);
        let metrics = Metrics::default();
        tell_share(parts(all, max), &metrics);
        assert!(metrics.readiness().is_ready);
        let told = "share: the spool fills: one certificate has 1/500 of its requests a minute";
        assert_eq!(metrics.told(), [told]);
        tell_share(parts(0, max), &metrics);
        assert!(metrics.told().is_empty());
    }
}
