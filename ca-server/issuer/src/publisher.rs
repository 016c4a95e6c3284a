//! The publisher: makes revocation lists, and beside them people snapshots, from a view, and hands
//! them to the writer; publishes a list once it is recorded. What it publishes it has made or
//! verified itself: the last list lies in the issuer's own directory, and no row says which one is
//! current.

pub(crate) mod people;

use crate::command::Command;
use crate::context::IssuanceContext;
use crate::decide::list;
use crate::error::IssuerError;
use crate::issuer::Issuer;
use crate::view::View;
use ca_host::ISSUER;
use ca_host::durable::replace_private;
use ca_host::lists::{self, ListOf, SHARD};
use ca_store::table;
use pki::crl::{ListContent, RevocationList};
use records::Code;
use service::{Stop, fault};
use std::sync::Arc;
use std::time::Duration;

/// Lists and snapshots that grow old are looked for this often.
const LOOK: Duration = Duration::from_secs(5);
/// Pause after a failure.
const AFTER_FAILURE: Duration = Duration::from_millis(500);

/// Makes and publishes lists until the stop.
pub(crate) async fn run(issuer: Arc<Issuer>, stop: Stop) {
    let mut moved = issuer.moved();
    let mut previous: Option<RevocationList> = None;
    loop {
        let fine = done(&issuer, "crl", lists(&issuer, &mut previous).await);
        tokio::select! {
            () = stop.wait() => return,
            _ = moved.changed() => {}
            () = tokio::time::sleep(if fine { LOOK } else { AFTER_FAILURE }) => {}
        }
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
async fn lists(issuer: &Issuer, kept: &mut Option<RevocationList>) -> Result<(), IssuerError> {
    let Some(view) = issuer.view_now() else { return Ok(()) };
    let context = &issuer.context;
    let previous = match kept.take() {
        Some(list) => list,
        None => {
            let last = last(issuer).await?;
            lists::publish(&context.config.path("public"), ListOf::Issuing, &last)?;
            last
        }
    };
    let now = issuer.now().max(previous.this_update());
    if !view.authority().lapsed_suspensions(now).is_empty() {
        // Nobody else may come for a long time.
        issuer.news.notify_one();
    }
    let (from, until) = (previous.this_update(), previous.next_update());
    issuer.metrics.set("crl_seconds_left", table::number(until) - table::number(now));
    if !view.state().list_due && now <= from + (until - from) / 2 {
        *kept = Some(previous);
        return Ok(());
    }
    let with = (context.clone(), view.clone());
    let (previous, made) = apart(move || {
        let made = make(&with.0, &with.1, &previous, now);
        (previous, made)
    })
    .await?;
    let list = match made {
        Ok(list) => list,
        Err(error) => {
            *kept = Some(previous);
            return Err(error);
        }
    };
    let recorded = issuer.ask(|reply| Command::List(Box::new(list.clone()), reply)).await;
    if let Err(error) = recorded {
        *kept = Some(previous);
        return Err(error);
    }
    replace_private(&context.config.path("issuer/list.crl"), list.der())?;
    fault::point("crl-before-publish");
    lists::publish(&context.config.path("public"), ListOf::Issuing, &list)?;
    issuer.metrics.count("crl", "done");
    *kept = Some(list);
    Ok(())
}

/// The last list that the issuing key signed: from the own directory, the published file or a row,
/// whichever is newest. Older ones are nobody's business here.
async fn last(issuer: &Issuer) -> Result<RevocationList, IssuerError> {
    let config = &issuer.context.config;
    let mut candidates = vec![
        std::fs::read(config.path("issuer/list.crl")).ok(),
        std::fs::read(config.path("public").join(ListOf::Issuing.current())).ok(),
    ];
    let mut tx = issuer.store.read().await?;
    candidates.push(ca_store::crl::newest(&mut tx, ISSUER).await?);
    let key = issuer.context.issuing_certificate.key();
    let own = |der: Vec<u8>| RevocationList::read(&der).ok().filter(|list| list.is_signed_by(key));
    let lists = candidates.into_iter().flatten().filter_map(own);
    lists.max_by_key(RevocationList::number).ok_or_else(|| Code::UnsignedAuthority.into())
}

fn make(
    context: &IssuanceContext,
    view: &View,
    previous: &RevocationList,
    now: u64,
) -> Result<RevocationList, IssuerError> {
    let revoked = list::entries(view.authority(), now)?;
    let url = context.config.crl_url(ISSUER, SHARD);
    let identifier = context.issuing_certificate.key_identifier();
    let content = ListContent {
        issuer: context.issuing_certificate.subject(),
        key_identifier: &identifier.ok_or(Code::UnsignedAuthority)?,
        number: previous.number() + 1,
        this_update: now,
        next_update: now + u64::from(context.config.issuer.crl_hours) * 3_600,
        shard_url: Some(&url),
        revoked: &revoked,
    };
    let made = RevocationList::issue(&content, &context.issuing).map_err(anyhow::Error::from)?;
    if list::continues(view.authority(), (previous, &made), now) {
        Ok(made)
    } else {
        Err(Code::UnsignedAuthority.into())
    }
}
