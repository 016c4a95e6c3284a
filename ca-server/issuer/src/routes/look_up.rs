//! Opens a person's own record, draws a challenge, says where the matter stands.

use super::{Message, may_call};
use crate::letters::OpenedLetter;
use crate::session::Session;
use crate::{Issuer, IssuerError};
use axum::extract::State;
use axum::{Extension, Json};
use ca_api::public::LOOK_UP;
use ca_host::random;
use ca_store::rows;
use mtls::Connection;
use pki::profile::Holder;
use records::decline::{Declining, Outcome};
use records::enrolment::{LookUp, LookedUp, Stage};
use records::letter::CHALLENGE_SECONDS;
use records::record::{Event, Record};
use records::{Bytes, Code, Disclosure};
use service::problem::Refused;
use sha2::{Digest, Sha256};
use std::sync::Arc;
use store::{execute, row};

pub(crate) async fn look_up(
    State(issuer): State<Arc<Issuer>>,
    Extension(connection): Extension<Connection>,
    Message(message): Message<LookUp>,
) -> Result<Json<LookedUp>, Refused> {
    let begun = issuer.begin().await;
    let mut session = begun.map_err(|error| Refused(issuer.unavailable("look-up", error)))?;
    let result = issuer.looked_up(&mut session, &connection, &message).await;
    let about = issuer.known_reference(&session, &message.reference);
    issuer.finish(session, "look-up", &about, result).await.map(Json).map_err(Refused)
}

impl Issuer {
    async fn looked_up(
        &self,
        session: &mut Session<'_>,
        connection: &Connection,
        message: &LookUp,
    ) -> Result<LookedUp, IssuerError> {
        may_call(session, connection, LOOK_UP)?;
        let letter = self.open_letter(session, &message.reference, &message.key.0).await?;
        let challenge = random::bytes::<16>()?;
        let now = session.unix();
        execute!(&mut session.tx, "delete from challenge where expires < $1", now)?;
        execute!(
            &mut session.tx,
            "insert into challenge (challenge_sha256, reference, expires) values ($1, $2, $3)",
            Sha256::digest(challenge).to_vec(),
            &letter.reference,
            now.saturating_add(i64::try_from(CHALLENGE_SECONDS).unwrap_or(0))
        )?;
        let stage = self.stage(session, &letter).await?;
        let profile = self.profile(session, &letter.state.profile)?;
        let authority = session.following.authority()?;
        let person = authority.person(&letter.state.person).ok_or(Code::PersonUnknown)?;
        let disclosed = rows::disclosures(&mut session.tx, &letter.state.person, person).await?;
        let disclosed = disclosed.ok_or(Code::UnsignedAuthority)?;
        let name = records::commitment::open(&person.name, "/name", &disclosed);
        let name = name.ok().and_then(|name| name.as_str()).ok_or(Code::UnsignedAuthority)?;
        let unit = |id: &&str| authority.unit(id).map(|unit| unit.name.clone());
        let label = if profile.holder() == Holder::Staff { "cli" } else { "page" };
        Ok(LookedUp {
            name: name.to_owned(),
            person: letter.state.person.to_string(),
            units: authority.above(&person.unit).iter().rev().filter_map(unit).collect(),
            profile: profile.id().to_owned(),
            keys: profile.keys().to_vec(),
            label: label.to_owned(),
            validity_days: profile.validity_days(),
            challenge: Bytes::from(challenge),
            stage,
        })
    }

    /// Where the matter of a letter stands.
    pub(crate) async fn stage(
        &self,
        session: &mut Session<'_>,
        letter: &OpenedLetter,
    ) -> Result<Stage, IssuerError> {
        let issued = row!(
            &mut session.tx,
            (String,),
            "select serial from certificate where reference = $1 order by not_after desc limit 1",
            &letter.reference
        )?;
        if let Some((serial,)) = issued {
            return Ok(Stage::Issued { serial });
        }
        let order = row!(
            &mut session.tx,
            (Vec<u8>, String, i64, String),
            "select order_digest, order_id, expires, state from ordered where reference = $1 \
             and state <> 'cancelled' order by made desc, order_id desc limit 1",
            &letter.reference
        )?;
        let until = records::time::seconds(letter.state.expires);
        let Some((digest, order, expires, state)) = order else {
            return Ok(Stage::Letter { expires: until, returned: None });
        };
        if let Some(outcome) = Outcome::from_name(&state) {
            let reason = why(session, &digest).await?;
            return Ok(match outcome {
                Outcome::Returned => Stage::Letter { expires: until, returned: Some(reason) },
                Outcome::Rejected => Stage::Rejected { reason },
            });
        }
        let unfinished = row!(
            &mut session.tx,
            (i64,),
            "select cast(1 as bigint) from intent where under = $1 and state <> 'abandoned'",
            &digest
        )?;
        let expires = u64::try_from(expires).unwrap_or(0);
        let open = state == "open" && session.now() <= expires;
        if !open && unfinished.is_none() {
            return Ok(Stage::Letter { expires: until, returned: None });
        }
        let approvals = self.approval_count(session, &Bytes(digest.clone())).await?;
        let needed = self.needed_by_row(session, &digest).await?;
        Ok(Stage::Awaiting { order, approvals, needed, expires: records::time::seconds(expires) })
    }

    /// How many approvals an order asks for, also when it is no longer open.
    async fn needed_by_row(
        &self,
        session: &mut Session<'_>,
        digest: &[u8],
    ) -> Result<u32, IssuerError> {
        let found = row!(
            &mut session.tx,
            (Vec<u8>,),
            "select order_bytes from ordered where order_digest = $1",
            digest
        )?;
        let (bytes,) = found.ok_or(Code::OrderUnknown)?;
        let order = records::Order::read(&bytes).map_err(|_| Code::UnsignedAuthority)?;
        let body = order.body().map_err(|_| Code::UnsignedAuthority)?;
        Ok(session.authority()?.needed(&body))
    }

    /// The reference as it may stand in a refusal: only one that exists.
    pub(crate) fn known_reference(&self, session: &Session<'_>, text: &str) -> String {
        records::letter::read_reference(text)
            .filter(|known| session.authority().is_ok_and(|a| a.letter(known).is_some()))
            .unwrap_or_default()
    }
}

/// Why an order was declined; empty once that was erased.
async fn why(session: &mut Session<'_>, digest: &[u8]) -> Result<String, IssuerError> {
    let found = row!(
        &mut session.tx,
        (Vec<u8>, Vec<u8>, String),
        "select o.record_id, o.salt, o.value from declined d \
         join disclosure o on o.record_id = d.record_id \
         where d.order_digest = $1 and o.path = '/reason'",
        digest
    )?;
    let Some((id, salt, value)) = found else { return Ok(String::new()) };
    let record = row!(
        &mut session.tx,
        (Vec<u8>,),
        "select record from log_entry where record_id = $1 union all \
         select record from log_pending where record_id = $1",
        id
    )?;
    let reason = record.and_then(|(record,)| opened(digest, &record, salt, &value));
    if reason.is_none() {
        session.following.alarms.insert(format!("reason of order {}", Bytes::from(digest)));
    }
    Ok(reason.unwrap_or_default())
}

/// The reason that opens what the officer signed.
fn opened(digest: &[u8], record: &[u8], salt: Vec<u8>, value: &str) -> Option<String> {
    let Event::Declined { decline, .. } = Record::read(record).ok()?.event else { return None };
    let signed = decline.read().ok()?.order.0 == digest;
    let value = serde_json::from_str(value).ok()?;
    let reason = Disclosure::new("/reason", salt.try_into().ok()?, value);
    Declining { decline, reason }.reason().ok().filter(|_| signed).map(str::to_owned)
}
