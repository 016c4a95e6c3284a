//! Tells before the certificate ends by which others know a process. Once it is over nobody takes a
//! connection of the process any more, and it is let in nowhere: the renewal takes an old one that
//! still counts, or an operator.

use crate::{Clock, Metrics, Stop};
use mtls::tls::Identity;
use std::time::Duration;

/// How often it is looked.
const LOOK: Duration = Duration::from_secs(600);
/// It is told when no more than this is left, in days.
const DAYS_LEFT_MIN: u64 = 30;
const DAY_SECONDS: u64 = 86_400;
/// What the notice is called on `/readyz`.
const NOTICE: &str = "certificate";

/// The certificate of a process, as far as it is told of.
pub struct ShownCertificate {
    /// It counts until then, unix seconds (RFC 5280 4.1.2.5).
    until: u64,
    /// The command that renews it.
    next: &'static str,
}

impl ShownCertificate {
    /// The one that a process shows, and the command that renews it.
    pub fn of(identity: &Identity, next: &'static str) -> Self {
        Self { until: identity.not_after().unwrap_or_default(), next }
    }

    /// Looks how much of its life is left, until the stop.
    pub async fn watch(self, clock: Clock, metrics: Metrics, stop: Stop) {
        loop {
            metrics.notice(NOTICE, &self.told(clock.seconds()));
            if !stop.pause(LOOK).await {
                return;
            }
        }
    }

    /// What is told of it at a time; nothing while enough is left.
    fn told(&self, now: u64) -> String {
        let Self { until, next } = self;
        let end = records::time::seconds(*until);
        match until.checked_sub(now) {
            None => format!("ended {end}; next: {next}"),
            Some(left) if left < DAYS_LEFT_MIN * DAY_SECONDS => {
                format!("ends {end}; next: {next}")
            }
            Some(_) => String::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// For a month it is told that it ends, and afterwards that it did, with the command to type.
    #[test]
    fn a_certificate_is_told_a_month_before_it_ends() {
        let until = 1_900_000_000;
        let own = ShownCertificate { until, next: "ca-server renew log" };
        let month = DAYS_LEFT_MIN * DAY_SECONDS;
        assert_eq!(own.told(until - month), "");
        let soon = "ends 2030-03-17T17:46:40Z; next: ca-server renew log";
        assert_eq!((own.told(until - month + 1), own.told(until)), (soon.into(), soon.into()));
        let over = "ended 2030-03-17T17:46:40Z; next: ca-server renew log";
        assert_eq!((own.told(until + 1), own.told(u64::MAX)), (over.into(), over.into()));
    }
}
