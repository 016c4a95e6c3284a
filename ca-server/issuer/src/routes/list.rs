//! Lists open orders that an officer may approve, oldest first, keyset-paged by time and order id.

use super::{Message, may_call, officer};
use crate::session::Session;
use crate::{Issuer, IssuerError};
use axum::extract::State;
use axum::{Extension, Json};
use ca_api::staff::LIST;
use ca_api::{AsOfficer, Page};
use mtls::Connection;
use records::export::{Look, OrderLine};
use records::{Bytes, Code};
use service::problem::Refused;
use std::sync::Arc;
use store::rows;

/// Rows that are looked at for one chunk of a page.
const CHUNK: i64 = 200;

pub(crate) async fn list(
    State(issuer): State<Arc<Issuer>>,
    Extension(connection): Extension<Connection>,
    Message(message): Message<AsOfficer<Page>>,
) -> Result<Json<Vec<OrderLine>>, Refused> {
    let begun = issuer.begin().await;
    let mut session = begun.map_err(|error| Refused(issuer.unavailable("list", error)))?;
    let result = issuer.listed(&mut session, &connection, &message).await;
    issuer.finish(session, "list", "", result).await.map(Json).map_err(Refused)
}

impl Issuer {
    async fn listed(
        &self,
        session: &mut Session<'_>,
        connection: &Connection,
        message: &AsOfficer<Page>,
    ) -> Result<Vec<OrderLine>, IssuerError> {
        may_call(session, connection, LIST)?;
        let person = officer(session, &message.certificate.0)?;
        if !session.authority()?.is_approver(&person) {
            return Err(Code::NotYourRoute.into());
        }
        let (mut since, mut after) = cursor(&message.message.after)?;
        let mut page = Vec::new();
        while page.len() < OrderLine::PAGE {
            let now = session.unix();
            type Row = (String, Vec<u8>, String, String, String, i64, i64);
            let chunk = rows!(
                &mut session.tx,
                Row,
                "select order_id, order_digest, kind, about, look, made, expires from ordered \
                 where state = 'open' and (made, order_id) > ($1, $2) and expires >= $3 \
                 order by made, order_id limit $4",
                since,
                &after,
                now,
                CHUNK
            )?;
            let Some((last, _, _, _, _, made, _)) = chunk.last() else { break };
            (since, after) = (*made, last.clone());
            for (order, digest, kind, about, look, made, expires) in chunk {
                let digest = Bytes(digest).to_string();
                let authority = session.authority()?;
                let Ok((_, body)) = authority.open(&digest, session.now()) else {
                    continue;
                };
                if page.len() == OrderLine::PAGE || authority.may_approve(&person, &body).is_err() {
                    continue;
                }
                let given = authority.given(&digest, &body, session.now());
                let time = |unix: i64| records::time::seconds(u64::try_from(unix).unwrap_or(0));
                let (made, expires) = (time(made), time(expires));
                page.push(OrderLine {
                    order,
                    kind,
                    action: body.action().to_owned(),
                    about,
                    made,
                    expires,
                    approvals: u32::try_from(given.len()).unwrap_or(u32::MAX),
                    needed: authority.needed(&body),
                    given: given.contains_key(&person),
                    look: Look::from_name(&look),
                });
            }
        }
        Ok(page)
    }
}

/// Where a page begins: behind a time and the order id of then.
fn cursor(after: &str) -> Result<(i64, String), Code> {
    if after.is_empty() {
        return Ok((0, String::new()));
    }
    let (made, order) = after.split_once('.').ok_or(Code::Malformed)?;
    let order = records::letter::read_reference(order).ok_or(Code::Malformed)?;
    Ok((made.parse().map_err(|_| Code::Malformed)?, order))
}
