//! Taking an approval: checked against its order, kept once a person, recorded. It counts when its
//! record stands in the tree.

use super::session::Session;
use super::{Issuer, IssuerError};
use ca_store::ledger;
use records::export::Approved;
use records::record::Event;
use records::{Approval, Bytes, Code};
use store::{execute, row};

impl Issuer {
    /// Takes an approval, whoever brought it.
    pub(super) async fn take_approval(
        &self,
        session: &mut Session<'_>,
        approval: &Approval,
    ) -> Result<Approved, IssuerError> {
        let person = session.authority()?.check_approval(approval, session.now())?;
        let digest = approval.order.to_string();
        let (order, body) = session.authority()?.open(&digest, session.now())?;
        let mut people = vec![person.clone()];
        people.extend(body.person().map(str::to_owned));
        self.guard(session, &people).await?;
        let json = serde_json::to_string(approval).map_err(anyhow::Error::from)?;
        self.not_twice(session, approval, &person).await?;
        let received = session.unix();
        execute!(
            &mut session.tx,
            "insert into approval (order_digest, person_id, approval, received) \
             values ($1, $2, $3, $4) on conflict (order_digest, person_id) do update set \
             approval = $3, received = $4",
            &approval.order.0,
            &person,
            json,
            received
        )?;
        let event = Event::Approval { approval: approval.clone(), person };
        ledger::write(&mut session.tx, "issuer", session.micros, event, &[]).await?;
        let approvals = self.approval_count(session, &approval.order).await?;
        let needed = session.authority()?.needed(&body);
        Ok(Approved { order: order.order.clone(), approvals, needed })
    }

    /// An approval of the same person that still holds counts already; one that lapsed, because its
    /// certificate is over or revoked, may be given again.
    async fn not_twice(
        &self,
        session: &mut Session<'_>,
        approval: &Approval,
        person: &str,
    ) -> Result<(), IssuerError> {
        let found = row!(
            &mut session.tx,
            (String,),
            "select approval from approval where order_digest = $1 and person_id = $2",
            &approval.order.0,
            person
        )?;
        let Some((json,)) = found else { return Ok(()) };
        let earlier: Option<Approval> = serde_json::from_str(&json).ok();
        let holds = earlier.is_some_and(|earlier| {
            let now = session.now();
            session.authority().is_ok_and(|a| a.approver_of(&earlier, now).is_ok())
        });
        if holds { Err(Code::ApproverTwice.into()) } else { Ok(()) }
    }

    /// How many persons approved an order so far.
    pub(super) async fn approval_count(
        &self,
        session: &mut Session<'_>,
        digest: &Bytes,
    ) -> Result<u32, IssuerError> {
        let found = row!(
            &mut session.tx,
            (i64,),
            "select count(*) from approval where order_digest = $1",
            &digest.0
        )?;
        Ok(found.map_or(0, |(count,)| u32::try_from(count).unwrap_or(u32::MAX)))
    }
}
