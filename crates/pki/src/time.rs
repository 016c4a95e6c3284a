//! Times in certificates and lists: UTCTime up to 2049, GeneralizedTime from 2050 (RFC 5280
//! 4.1.2.5).

use core::time::Duration;
use der::Choice;
use der::asn1::{GeneralizedTime, UtcTime};

/// 2050-01-01T00:00:00Z in unix seconds.
const FIRST_GENERALIZED: u64 = 2_524_608_000;

/// A time as X.509 writes it, second precision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Choice)]
pub(crate) enum Time {
    #[asn1(type = "UTCTime")]
    Utc(UtcTime),
    #[asn1(type = "GeneralizedTime")]
    Generalized(GeneralizedTime),
}

impl Time {
    pub(crate) fn at(unix: u64) -> der::Result<Self> {
        let span = Duration::from_secs(unix);
        if unix < FIRST_GENERALIZED {
            UtcTime::from_unix_duration(span).map(Time::Utc)
        } else {
            GeneralizedTime::from_unix_duration(span).map(Time::Generalized)
        }
    }

    pub(crate) fn unix(self) -> u64 {
        match self {
            Time::Utc(t) => t.to_unix_duration().as_secs(),
            Time::Generalized(t) => t.to_unix_duration().as_secs(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_border_of_2050_changes_the_form() {
        assert!(matches!(Time::at(FIRST_GENERALIZED - 1), Ok(Time::Utc(_))));
        assert!(matches!(Time::at(FIRST_GENERALIZED), Ok(Time::Generalized(_))));
        assert_eq!(Time::at(FIRST_GENERALIZED).unwrap().unix(), FIRST_GENERALIZED);
    }
}
