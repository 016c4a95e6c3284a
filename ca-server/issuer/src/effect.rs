//! The effect of a record of the `control` log on authority, and the rows that cache it: they are written here
//! and nowhere else.

use super::following::Following;
use super::{Issuer, IssuerError};
use anyhow::Context;
use authority::Authority;
use ca_store::rows;
use records::decline::DeclineStatement;
use records::order::Body;
use records::record::{Cause, Event, File, Record};
use records::{Bytes, Code, Disclosure};
use store::{Tx, execute, row};

impl Issuer {
    /// Gives effect to one record and writes the rows that cache it.
    pub(super) async fn take(
        &self,
        following: &mut Following,
        tx: &mut Tx,
        record: &Record,
    ) -> Result<(), IssuerError> {
        if record.proves_time() {
            following.last_time = following.last_time.max(record.unix());
        }
        let Some(authority) = &mut following.authority else {
            let authority = Authority::found(record, &self.founding());
            following.authority = Some(authority.map_err(|_| Code::UnsignedAuthority)?);
            return Ok(());
        };
        let order = match &record.event {
            Event::Enacted { order, .. } => authority
                .open(&order.to_string(), record.unix())
                .ok()
                .map(|(_, body)| (order.clone(), body)),
            _ => None,
        };
        if let Err(unsigned) = authority.apply(record) {
            self.report(following, tx, &format!("record {}", record.id), unsigned.code).await?;
            return Ok(());
        }
        following.hurry(record);
        match &record.event {
            Event::Enacted { .. } => {
                following.withdrew = true;
                following.people_due = true;
                if let Some((digest, body)) = order {
                    self.write_rows(following, tx, &digest.0, &body).await?;
                    over(following, tx, &digest, "done").await?;
                }
            }
            Event::Intent { order, .. } => over(following, tx, order, "done").await?,
            Event::Declined { decline, .. } => {
                if let Ok(read) = decline.read() {
                    following.ready.remove(&read.order.to_string());
                    mark_declined(tx, &read, &record.id).await?;
                }
            }
            Event::Revoked { cause, .. } => {
                following.withdrew = true;
                if let Cause::Order { order } = cause {
                    over(following, tx, order, "done").await?;
                }
            }
            Event::Order { cancels, .. } => {
                for cancelled in cancels {
                    over(following, tx, cancelled, "cancelled").await?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    async fn write_rows(
        &self,
        following: &mut Following,
        tx: &mut Tx,
        digest: &[u8],
        body: &Body,
    ) -> Result<(), IssuerError> {
        let authority = following.authority()?;
        match body {
            Body::Unit(unit) => {
                let state = authority.unit(&unit.unit).context("unit")?;
                rows::write_unit(tx, &unit.unit, state).await?;
            }
            Body::Person(person) => {
                let state = authority.person(&person.person).context("person")?;
                let opened = disclosures_of(tx, digest).await?;
                rows::write_person(tx, &person.person, state, &opened).await?;
            }
            Body::Role(role) => {
                let state = authority.person(&role.person).context("person")?;
                rows::write_roles(tx, &role.person, state).await?;
            }
            Body::Profile(profile) => {
                let state = authority.profile(&profile.profile.id).context("profile")?;
                rows::write_profile(tx, &profile.profile.id, state).await?;
                let path =
                    self.config.path(&format!("policies/profiles/{}.toml", profile.profile.id));
                ca_host::durable::write_file(&path, state.content.as_bytes())?;
            }
            Body::ApprovalRules(rules) => {
                let content = files_of(tx, digest).await?;
                let file = content.first().context("file")?;
                debug_assert_eq!(rules.version, authority.approval_rules().0.version);
                ca_host::durable::write_file(
                    &self.config.path("policies/approvals.toml"),
                    file.content.as_bytes(),
                )?;
            }
            Body::Portal(portal) => {
                let state = authority.portal(&portal.portal).context("portal")?;
                rows::write_portal(tx, &portal.portal, state).await?;
            }
            Body::Agent(agent) => {
                let state = authority.agent(&agent.agent).context("agent")?;
                rows::write_agent(tx, &agent.agent, state).await?;
            }
            Body::Bundle(bundle) => {
                rows::write_bundle(tx, bundle.version, digest).await?;
                for file in &authority.bundle().files {
                    let path = self.config.path(&format!("policies/{}", file.name));
                    ca_host::durable::write_file(&path, file.content.as_bytes())?;
                }
            }
            Body::Issue(_) | Body::Revoke(_) | Body::Credential(_) => {}
        }
        Ok(())
    }
}

/// What opens the commitments of an order.
pub(super) async fn disclosures_of(
    tx: &mut Tx,
    digest: &[u8],
) -> Result<Vec<Disclosure>, IssuerError> {
    let found =
        row!(tx, (String,), "select disclosures from ordered where order_digest = $1", digest)?;
    let (json,) = found.ok_or(Code::OrderUnknown)?;
    Ok(serde_json::from_str(&json).context("disclosures")?)
}

/// The files that an order puts in force.
pub(super) async fn files_of(tx: &mut Tx, digest: &[u8]) -> Result<Vec<File>, IssuerError> {
    let found = row!(tx, (String,), "select files from ordered where order_digest = $1", digest)?;
    let (json,) = found.ok_or(Code::OrderUnknown)?;
    Ok(serde_json::from_str(&json).context("files")?)
}

/// An order of which the log says what became of it is looked at no more.
async fn over(
    following: &mut Following,
    tx: &mut Tx,
    order: &Bytes,
    state: &str,
) -> Result<(), IssuerError> {
    following.ready.remove(&order.to_string());
    mark_order(tx, &order.0, state).await
}

/// Marks an order in its row; the log decides what it is.
pub(super) async fn mark_order(tx: &mut Tx, digest: &[u8], state: &str) -> Result<(), IssuerError> {
    execute!(tx, "update ordered set state = $2 where order_digest = $1", digest, state)?;
    Ok(())
}

/// Marks an order as declined, with the record that says why.
pub(super) async fn mark_declined(
    tx: &mut Tx,
    read: &DeclineStatement,
    record: &Bytes,
) -> Result<(), IssuerError> {
    mark_order(tx, &read.order.0, read.outcome.name()).await?;
    execute!(
        tx,
        "insert into declined (order_digest, record_id) values ($1, $2) \
         on conflict (order_digest) do nothing",
        &read.order.0,
        &record.0
    )?;
    Ok(())
}
