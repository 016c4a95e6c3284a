//! The guard: before anything is decided, clock, rows and policy files must agree with the log.

use super::following::Following;
use super::session::Session;
use super::{Issuer, IssuerError};
use authority::Authority;
use ca_host::{BACK_SECONDS_MAX, CaConfig};
use ca_store::{ledger, rows};
use records::Code;
use records::record::Event;
use sha2::{Digest, Sha256};
use store::Tx;

/// How remembered alarms begin among the things that were reported.
const ALARM: &str = "alarm ";

impl Issuer {
    /// The clock neither went back behind the newest record nor far ahead of it.
    pub(super) fn check_clock(&self, following: &Following) -> Result<(), Code> {
        let now = self.clock.seconds();
        let ahead = u64::from(self.config.issuer.clock_days_max) * 86_400;
        let last = following.last_time;
        let confirmed = || {
            let text = std::fs::read_to_string(self.config.path("issuer/clock-confirmed"));
            let at = text.ok().and_then(|text| records::time::read(text.trim()));
            at.is_some_and(|at| now.abs_diff(at) < 86_400)
        };
        if now + BACK_SECONDS_MAX < last || (now > last + ahead && !confirmed()) {
            self.metrics.condition("clock", "the clock moved; see `ca-server doctor`");
            return Err(Code::ClockMoved);
        }
        self.metrics.condition("clock", "");
        Ok(())
    }

    /// The time for revocation lists: brakes work under a clock that moved, but a wrong time in a list
    /// would lock out whoever reads it, so the last proven time stands in for it.
    pub(super) fn list_time(&self, following: &Following) -> u64 {
        match self.check_clock(following) {
            Ok(()) => self.clock.seconds(),
            Err(_) => following.last_time,
        }
    }

    /// Compares the rows and policy files that matter with the log. A difference is recorded and
    /// stops every decision until `ca-server doctor --repair` has mended it.
    pub(super) async fn compare(
        &self,
        following: &Following,
        tx: &mut Tx,
        people: &[String],
    ) -> Result<Vec<String>, IssuerError> {
        let mut found = self.compare_some(following, tx, people).await?;
        let authority = following.authority()?;
        found.extend(rows::differences(tx, authority).await?);
        found.extend(rows::revocation_differences(tx, authority).await?);
        Ok(found)
    }

    /// Compares the rows of some people, and the policy files: what a decision that was preceded by a
    /// whole comparison, with nothing touched since, still has to look at.
    async fn compare_some(
        &self,
        following: &Following,
        tx: &mut Tx,
        people: &[String],
    ) -> Result<Vec<String>, IssuerError> {
        let authority = following.authority()?;
        let mut found = rows::people_differences(tx, authority, people).await?;
        found.extend(files_that_differ(&self.config, authority));
        Ok(found)
    }

    /// Refuses while anything differs. The record of it is written in a transaction of its own by
    /// [`Issuer::write_alarms`], since this decision is given up.
    pub(super) async fn guard(
        &self,
        session: &mut Session<'_>,
        people: &[String],
    ) -> Result<(), IssuerError> {
        self.check_clock(&session.following)?;
        let found = if session.following.agreed {
            self.compare_some(&session.following, &mut session.tx, people).await?
        } else {
            self.compare(&session.following, &mut session.tx, people).await?
        };
        session.following.agreed = found.is_empty();
        if found.is_empty() {
            self.metrics.condition("authority", "");
            session.following.reported.retain(|about| !about.starts_with(ALARM));
            return Ok(());
        }
        self.metrics.condition(
            "authority",
            &format!(
                "{} rows or files say what nobody signed; see `ca-server doctor`",
                found.len()
            ),
        );
        session.following.alarms.extend(found);
        Err(Code::UnsignedAuthority.into())
    }

    /// Writes the remembered alarms, each once until it is mended.
    pub(super) async fn write_alarms(&self, session: &mut Session<'_>) -> Result<(), IssuerError> {
        session.following.stale |= !session.following.alarms.is_empty();
        for about in std::mem::take(&mut session.following.alarms) {
            if !session.following.reported.insert(format!("{ALARM}{about}")) {
                continue;
            }
            let event = Event::Refusal {
                code: Code::UnsignedAuthority,
                act: "decide".into(),
                about,
                reference: ca_host::random::id()?,
            };
            ledger::write(&mut session.tx, "issuer", session.micros, event, &[]).await?;
            self.metrics.count("guard", Code::UnsignedAuthority.name());
        }
        Ok(())
    }
}

/// Policy files in the state directory that say something else than the log.
fn files_that_differ(config: &CaConfig, authority: &Authority) -> Vec<String> {
    let mut found = Vec::new();
    for (id, profile) in authority.profiles() {
        let path = config.path(&format!("policies/profiles/{id}.toml"));
        if std::fs::read_to_string(path).ok().as_ref() != Some(&profile.content) {
            found.push(format!("file profiles/{id}.toml"));
        }
    }
    let (_, digest) = authority.approval_rules();
    let rules = std::fs::read(config.path("policies/approvals.toml")).unwrap_or_default();
    if Sha256::digest(&rules).as_slice() != digest.0 {
        found.push("file approvals.toml".into());
    }
    found
}
