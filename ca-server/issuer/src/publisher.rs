//! The publisher: makes revocation lists, and beside them people snapshots, from a view, and hands
//! them to the writer; publishes a list once it is recorded. What it publishes it has made or
//! verified itself: the last list lies in the issuer's own directory, and no row says which one is
//! current.

mod last;
pub(crate) mod people;
mod signed_lists;
mod trust_bundle;

use crate::command::Command;
use crate::context::IssuanceContext;
use crate::decide::list;
use crate::error::IssuerError;
use crate::issuer::Issuer;
use crate::view::View;
use ca_host::ISSUER;
use ca_host::lists::SHARD;
use ca_host::proven_time::Dates;
use ca_store::table;
use pki::crl::{ListContent, RevocationList};
use records::Code;
use service::Stop;
use signed_lists::{SignedLists, is_old};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use trust_bundle::LastBundle;

/// Lists and snapshots that grow old are looked for this often.
const LOOK: Duration = Duration::from_secs(5);
/// Pause after a failure.
const AFTER_FAILURE: Duration = Duration::from_millis(500);

/// Makes and publishes lists until the stop.
pub(crate) async fn run(issuer: Arc<Issuer>, stop: Stop) {
    let mut moved = issuer.moved();
    let (mut signed, mut bundle) = (SignedLists::default(), LastBundle::default());
    loop {
        let listed = done(&issuer, "crl", lists(&issuer, &mut signed).await);
        let told = done(&issuer, "trust-bundle", trust_bundle::publish(&issuer, &mut bundle));
        let fine = listed && told;
        tokio::select! {
            () = stop.wait() => return,
            () = pause(&mut moved, fine) => {}
        }
    }
}

/// Waits until there may be something to do. After a failure no round wakes whoever failed: it may
/// be the round that the failure itself made.
async fn pause(moved: &mut watch::Receiver<u64>, fine: bool) {
    if !fine {
        return tokio::time::sleep(AFTER_FAILURE).await;
    }
    tokio::select! {
        _ = moved.changed() => {}
        () = tokio::time::sleep(LOOK) => {}
    }
}

/// What takes long to compute is computed where nothing else waits for it.
async fn apart<T: Send + 'static>(
    compute: impl FnOnce() -> T + Send + 'static,
) -> Result<T, IssuerError> {
    tokio::task::spawn_blocking(compute).await.map_err(|error| IssuerError::Failed(error.into()))
}

/// Tells on `/readyz` what does not work.
fn done(issuer: &Issuer, part: &'static str, result: Result<(), IssuerError>) -> bool {
    let problem = match &result {
        Ok(()) => String::new(),
        Err(error) => {
            let code = error.code();
            issuer.metrics.count(part, code.name());
            format!("{code}: {}", code.en())
        }
    };
    issuer.metrics.condition(part, &problem);
    problem.is_empty()
}

/// The next list, if a revocation waits for it or half of the last one's life is over.
async fn lists(issuer: &Issuer, signed: &mut SignedLists) -> Result<(), IssuerError> {
    let Some(view) = issuer.view_now() else { return Ok(()) };
    if signed.last.is_none() {
        signed.begin_with(last::list(issuer).await?);
    }
    let (config, metrics) = (&issuer.context.config, &issuer.metrics);
    if let Err(error) = signed.bring_out(config, metrics) {
        tracing::warn!(error = %error, "the last list waits for its files");
    }
    let made = behind(issuer, &view, signed).await;
    made.and(signed.bring_out(config, metrics))
}

/// The list behind the last one, if it is time; also where that could not be written anywhere:
/// `status`, and so the gates, have each from its row.
async fn behind(
    issuer: &Issuer,
    view: &Arc<View>,
    signed: &mut SignedLists,
) -> Result<(), IssuerError> {
    let Some(previous) = signed.last.take() else { return Ok(()) };
    let dates = issuer.dates();
    if !view.authority().lapsed_suspensions(dates.proven).is_empty() {
        // Nobody else may come for a long time.
        issuer.news.notify_one();
    }
    let life = (previous.this_update(), previous.next_update());
    issuer.metrics.set("crl_seconds_left", table::number(life.1) - table::number(dates.this));
    let (previous, list) = match signed.again(dates) {
        Some(list) => (previous, list),
        None if !view.state().list_due && !is_old(life, dates) => {
            signed.last = Some(previous);
            return Ok(());
        }
        None => next(issuer, view, (&mut *signed, previous), dates).await?,
    };
    let recorded = issuer.ask(|reply| Command::List(Box::new(list.clone()), reply)).await;
    if let Err(error) = recorded {
        (signed.last, signed.tried) = (Some(previous), Some(list));
        return Err(error);
    }
    signed.recorded(list);
    Ok(())
}

/// Makes the list behind the previous one; gives both.
async fn next(
    issuer: &Issuer,
    view: &Arc<View>,
    (signed, previous): (&mut SignedLists, RevocationList),
    dates: Dates,
) -> Result<(RevocationList, RevocationList), IssuerError> {
    let number = signed.next_number(&previous);
    let with = (issuer.context.clone(), view.clone());
    let (previous, made) = apart(move || {
        let made = make(&with.0, &with.1, (&previous, number), dates);
        (previous, made)
    })
    .await?;
    match made {
        Ok((list, only_listed)) => {
            tell_kept(issuer, only_listed);
            Ok((previous, list))
        }
        Err(error) => {
            signed.last = Some(previous);
            Err(error)
        }
    }
}

/// Tells of entries that only the last list has: somebody took their records away.
fn tell_kept(issuer: &Issuer, count: usize) {
    let told = format!(
        "{count} entries stay that the log does not know: their records were taken away before it \
         had them; whoever should be revoked for good is revoked by an order"
    );
    issuer.metrics.condition("list", if count > 0 { &told } else { "" });
}

fn make(
    context: &IssuanceContext,
    view: &View,
    (previous, number): (&RevocationList, u64),
    dates: Dates,
) -> Result<(RevocationList, usize), IssuerError> {
    let now = dates.this;
    let revoked = list::entries(view.authority(), previous, now)?;
    let url = context.config.crl_url(ISSUER, SHARD);
    let identifier = context.issuing_certificate.key_identifier();
    let before = Some((previous.this_update(), previous.next_update()));
    let content = ListContent {
        issuer: context.issuing_certificate.subject(),
        key_identifier: &identifier.ok_or(Code::UnsignedAuthority)?,
        number,
        this_update: now,
        next_update: dates.until(u64::from(context.config.issuer.crl_hours) * 3_600, before),
        shard_url: Some(&url),
        revoked: &revoked.all,
    };
    let made = RevocationList::issue(&content, &context.issuing).map_err(anyhow::Error::from)?;
    if list::continues(view.authority(), (previous, &made), now) {
        Ok((made, revoked.kept))
    } else {
        Err(Code::UnsignedAuthority.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sample_city::SampleCity;

    /// A list that was made while the clock was two days ahead is followed at once by one that
    /// gates take.
    #[test]
    fn a_list_of_a_wrong_moment_dates_no_other() {
        let now = 1_800_000_000;
        let life = |from: u64| (from, from + 86_400);
        let dates = Dates { this: now, proven: now };
        assert!(!is_old(life(now), dates) && !is_old(life(now - 43_200), dates));
        assert!(is_old(life(now - 43_201), dates));
        assert!(is_old(life(now + 2 * 86_400), dates));
        let back = Dates { this: now, proven: now + 86_400 };
        assert!(is_old(life(now + 2 * 86_400), back));
    }

    /// A list of which nobody said that it is recorded is brought again as it is: who follows the
    /// log may have it, and would take no other of its number. Once it is too old the next one
    /// comes behind it.
    #[test]
    fn a_list_that_may_be_recorded_is_brought_again() {
        let city = SampleCity::found();
        let dates = |this: u64| Dates { this, proven: this };
        let (mut signed, last, tried) = (SignedLists::default(), city.list(4), city.list(5));
        assert!(signed.again(dates(city.now)).is_none());
        assert_eq!(signed.next_number(&last), 5);
        signed.tried = Some(tried.clone());
        let again = signed.again(dates(city.now + 43_200)).unwrap();
        assert_eq!(again.der(), tried.der());
        signed.tried = Some(again);
        assert!(signed.again(dates(city.now + 43_201)).is_none());
        assert_eq!(signed.next_number(&last), 6);
        assert_eq!(signed.next_number(&city.list(9)), 10);
    }

    async fn is_over(pause: impl Future<Output = ()>) -> bool {
        tokio::time::timeout(Duration::ZERO, pause).await.is_ok()
    }

    /// Whatever fails is tried a few times a second, however often the state moves meanwhile.
    #[tokio::test]
    async fn after_a_failure_no_round_wakes_who_failed() {
        let (sender, mut moved) = watch::channel(0);
        sender.send_replace(1);
        assert!(!is_over(pause(&mut moved, false)).await);
        assert!(is_over(pause(&mut moved, true)).await, "it is looked at afterwards");
        assert!(!is_over(pause(&mut moved, true)).await);
    }
}
