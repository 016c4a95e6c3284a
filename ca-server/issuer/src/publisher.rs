//! The publisher: makes revocation lists and people snapshots from a view, beside the writer, and
//! hands them to it; publishes a list once it is recorded. What it publishes it has made or
//! verified itself: the last list lies in the issuer's own directory, and no row says which one is
//! current.

use crate::command::{Command, NewSnapshot};
use crate::context::IssuanceContext;
use crate::decide::{list, snapshot};
use crate::error::IssuerError;
use crate::issuer::Issuer;
use crate::view::View;
use ca_host::ISSUER;
use ca_host::durable::replace_private;
use ca_host::lists::{self, ListOf, SHARD};
use ca_store::table;
use pki::crl::{ListContent, RevocationList};
use records::Code;
use records::people::{SNAPSHOT_SECONDS, SignedPeople};
use service::{Stop, fault};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

/// Lists and snapshots that grow old are looked for this often.
const LOOK: Duration = Duration::from_secs(5);
/// Pause after a failure.
const AFTER_FAILURE: Duration = Duration::from_millis(500);

/// What an agent's newest snapshot said, as this process made it.
struct Told {
    said: Vec<u8>,
    next_update: u64,
}

/// Makes and publishes until the stop.
pub(crate) async fn run(issuer: Arc<Issuer>, stop: Stop) {
    let mut moved = issuer.moved();
    let mut previous: Option<RevocationList> = None;
    let mut told: HashMap<String, Told> = HashMap::new();
    loop {
        let lists = lists(&issuer, &mut previous).await;
        let fine =
            done(&issuer, "crl", lists) & done(&issuer, "people", people(&issuer, &mut told).await);
        tokio::select! {
            () = stop.wait() => return,
            _ = moved.changed() => {}
            () = tokio::time::sleep(if fine { LOOK } else { AFTER_FAILURE }) => {}
        }
    }
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
    let made = make(context, &view, &previous, now);
    let list = match made {
        Ok(list) => list,
        Err(error) => {
            *kept = Some(previous);
            return Err(error);
        }
    };
    let recorded = issuer.brake(|reply| Command::List(Box::new(list.clone()), reply)).await;
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

/// Snapshots that are due: somebody changed, or half of a life is over.
async fn people(issuer: &Issuer, told: &mut HashMap<String, Told>) -> Result<(), IssuerError> {
    let Some(view) = issuer.view_now() else { return Ok(()) };
    let now = issuer.now();
    let old = told.values().any(|told| told.next_update < now + SNAPSHOT_SECONDS / 2);
    let unknown = view.authority().agents().any(|(id, _)| !told.contains_key(id));
    if !(view.state().people_due || old || unknown) {
        return Ok(());
    }
    let agents: Vec<String> = view.authority().agents().map(|(id, _)| id.to_owned()).collect();
    let (mut made, mut failed) = (Vec::new(), None);
    for agent in agents {
        // One that cannot be made holds up no other gate.
        match next(issuer, &view, (&agent, told.get(&agent)), now) {
            Ok(new) => made.extend(new.map(Arc::new)),
            Err(error) => failed = Some(error),
        }
    }
    let given = made.iter().map(|new| (&*new.snapshot.agent, new.snapshot.number));
    issuer.numbers().give(given)?;
    let telling: Vec<(String, Told)> = made
        .iter()
        .map(|new| {
            let next_update = new.snapshot.next_update_unix();
            (new.snapshot.agent.clone(), Told { said: new.said.clone(), next_update })
        })
        .collect();
    let as_of = view.state().followed.edge.size();
    issuer.brake(|reply| Command::People(made, as_of, reply)).await?;
    told.extend(telling);
    failed.map_or(Ok(()), Err)
}

/// The next snapshot of an agent, if it says something new or half of a life is over. Its number
/// follows the last one that this issuer gave, and no row.
fn next(
    issuer: &Issuer,
    view: &View,
    (agent, told): (&str, Option<&Told>),
    now: u64,
) -> Result<Option<NewSnapshot>, IssuerError> {
    let number = issuer.numbers().last(agent) + 1;
    let Some(snapshot) = view.authority().snapshot(agent, number, now) else { return Ok(None) };
    let said = snapshot::said(&snapshot)?;
    // One that is closed is told so once and never again.
    let open = view.authority().serves(agent);
    let is_fresh = told.is_some_and(|known| {
        let left = known.next_update.saturating_sub(now);
        known.said == said && (left > SNAPSHOT_SECONDS / 2 || !open)
    });
    if is_fresh {
        return Ok(None);
    }
    let signed = SignedPeople::sign(&snapshot, &issuer.context.registry);
    let signed = signed.map_err(anyhow::Error::from)?;
    Ok(Some(NewSnapshot { snapshot, signed, said }))
}
