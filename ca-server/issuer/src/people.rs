//! People snapshots for agents: made when something that they say may have changed, and when half of
//! their life is over. What they say follows from the log alone.

use super::session::Session;
use super::{Issuer, IssuerError};
use ca_store::ledger;
use records::Bytes;
use records::people::{PeopleSnapshot, SNAPSHOT_SECONDS, SignedPeople};
use records::record::Event;
use sha2::{Digest, Sha256};
use store::{execute, row, rows};

impl Issuer {
    /// Whether a snapshot may be due: somebody changed, or half of a life is over.
    pub(super) async fn people_due(&self) -> Result<bool, IssuerError> {
        let (due, now) = {
            let following = self.following.lock().await;
            (following.people_due, self.list_time(&following))
        };
        let half = i64::try_from(now + SNAPSHOT_SECONDS / 2).unwrap_or(i64::MAX);
        let mut tx = self.store.read().await?;
        let old = row!(
            &mut tx,
            (i64,),
            "select cast(1 as bigint) from people_current c \
             join agent a on a.agent_id = c.agent_id \
             where c.next_update < $1 and a.open = 1 limit 1",
            half
        )?;
        Ok(due || old.is_some())
    }

    /// Makes every snapshot that is due.
    pub(super) async fn make_people(&self) -> Result<(), IssuerError> {
        let mut session = self.begin().await?;
        let now = self.list_time(&session.following);
        let agents: Vec<String> =
            session.authority()?.agents().map(|(id, _)| id.to_owned()).collect();
        for agent in agents {
            self.make_snapshot(&mut session, &agent, now).await?;
        }
        session.following.people_due = false;
        let done = self.commit(session).await;
        if done.is_err() {
            // Nothing of it is durable: it is due again.
            self.following.lock().await.people_due = true;
        }
        done
    }

    async fn make_snapshot(
        &self,
        session: &mut Session<'_>,
        agent: &str,
        now: u64,
    ) -> Result<(), IssuerError> {
        let last = rows!(
            &mut session.tx,
            (i64, Vec<u8>, i64),
            "select number, said, next_update from people_current where agent_id = $1",
            agent
        )?;
        let made = row!(
            &mut session.tx,
            (Option<i64>,),
            "select max(number) from people_snapshot where agent_id = $1",
            agent
        )?;
        let last_number = made.and_then(|(number,)| number).unwrap_or(0);
        let number = u64::try_from(last_number).unwrap_or(0) + 1;
        let Some(snapshot) = session.authority()?.snapshot(agent, number, now) else {
            return Ok(());
        };
        let said = said(&snapshot)?;
        // One that is closed is told so once and never again.
        let open = session.authority()?.serves(agent);
        let fresh = last.first().is_some_and(|(_, known, next)| {
            let left = u64::try_from(*next).unwrap_or(0).saturating_sub(now);
            *known == said && (left > SNAPSHOT_SECONDS / 2 || !open)
        });
        if fresh {
            return Ok(());
        }
        let signed = SignedPeople::sign(&snapshot, &self.registry).map_err(anyhow::Error::from)?;
        let number = i64::try_from(number).unwrap_or(i64::MAX);
        execute!(
            &mut session.tx,
            "insert into people_snapshot (agent_id, number, snapshot, signature) \
             values ($1, $2, $3, $4)",
            agent,
            number,
            &signed.snapshot.0,
            &signed.signature.0
        )?;
        execute!(
            &mut session.tx,
            "insert into people_current (agent_id, number, said, next_update) \
             values ($1, $2, $3, $4) on conflict (agent_id) do update set \
             number = $2, said = $3, next_update = $4",
            agent,
            number,
            said,
            i64::try_from(snapshot.next_update_unix()).unwrap_or(i64::MAX)
        )?;
        let event = Event::People {
            agent: agent.to_owned(),
            number: snapshot.number,
            sha256: Bytes::from(Sha256::digest(&signed.snapshot.0).as_slice()),
            this_update: snapshot.this_update,
            next_update: snapshot.next_update,
            people: snapshot.people.len() as u64,
        };
        ledger::write(&mut session.tx, "issuer", session.micros, event, &[]).await?;
        self.metrics.count("people", "done");
        Ok(())
    }
}

/// SHA-256 of what a snapshot says, number and times left out.
fn said(snapshot: &PeopleSnapshot) -> Result<Vec<u8>, IssuerError> {
    let plain = PeopleSnapshot {
        number: 0,
        this_update: String::new(),
        next_update: String::new(),
        ..snapshot.clone()
    };
    Ok(Sha256::digest(records::json::write(&plain)?).to_vec())
}
