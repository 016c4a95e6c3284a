//! Carrying out orders that have their approvals: judged, written down, then done.
//!
//! An order that changes authority is recorded as enacted and has its effect when the record stands
//! in the tree. An order to issue becomes an intent (see [`super::certify`]). An order to revoke is a
//! brake and bites in this transaction.

use super::effect::{disclosures_of, files_of};
use super::session::Session;
use super::{Issuer, IssuerError};
use authority::Judged;
use ca_store::{ledger, rows};
use records::order::{Body, PersonAction};
use records::record::{Cause, Event, RevokedSerial};
use records::{Bytes, Code};
use service::fault;
use store::{execute, row};

/// Most orders that one transaction carries out.
const BATCH_MAX: usize = 256;

impl Issuer {
    /// Carries out every order that became ready. Each stands for itself: one that is refused is
    /// recorded and does not hold the others up, nor does one that we cannot carry out now: it stays, and
    /// what kept us is given back.
    pub(super) async fn execute_ready(
        &self,
        session: &mut Session<'_>,
    ) -> Result<Option<IssuerError>, IssuerError> {
        let ready: Vec<String> = session.following.ready.iter().take(BATCH_MAX).cloned().collect();
        let (mut any, mut failed) = (false, None);
        // Until the commit nothing is carried out, whatever is remembered from here on.
        session.following.stale |= !ready.is_empty();
        for digest in ready {
            session.mark().await?;
            let noticed = session.following.noticed;
            match self.execute(session, &digest).await {
                Ok(true) => {
                    any = true;
                    session.following.ready.remove(&digest);
                }
                Ok(false) => {}
                Err(error) => {
                    session.back().await?;
                    if session.following.noticed != noticed {
                        self.notice_again(&mut session.following, &mut session.tx).await?;
                    }
                    match error {
                        IssuerError::Refused(code) => {
                            self.not_executed(session, &digest, code).await?;
                        }
                        other => failed = Some(other),
                    }
                }
            }
        }
        if any {
            fault::point("execute-before-commit");
        }
        Ok(failed)
    }

    /// Judges one order and writes it down; false while something else has to come first.
    async fn execute(&self, session: &mut Session<'_>, digest: &str) -> Result<bool, IssuerError> {
        let authority = session.authority()?;
        let judged = authority.judge(digest, None, session.now())?;
        let brake = matches!(**judged.body(), Body::Revoke(_));
        if authority.is_changing() && !brake {
            return Ok(false);
        }
        let mut people: Vec<String> = judged.approvers().map(ToString::to_string).collect();
        people.extend(judged.body().person().map(str::to_owned));
        self.guard(session, &people).await?;
        let order = Bytes::read(digest).ok_or(Code::OrderUnknown)?;
        self.consume(session, &order, &judged).await?;
        match &**judged.body() {
            Body::Issue(issue) => self.intend(session, &order, &judged, issue).await?,
            Body::Revoke(_) => {
                let cause = Cause::Order { order: order.clone() };
                self.write_revoked(session, cause, judged.approvals()).await?;
            }
            _ => self.enact(session, &order, &judged).await?,
        }
        self.notice_pending(&mut session.following, &mut session.tx).await?;
        Ok(true)
    }

    /// Uses the approvals up: one person once an order, for ever.
    async fn consume(
        &self,
        session: &mut Session<'_>,
        order: &Bytes,
        judged: &Judged,
    ) -> Result<(), IssuerError> {
        for person in judged.approvers() {
            let used = execute!(
                &mut session.tx,
                "insert into consumed_approval (order_digest, person_id) values ($1, $2) \
                 on conflict (order_digest, person_id) do nothing",
                &order.0,
                person.as_str()
            )?;
            if used == 0 {
                return Err(Code::OrderConsumed.into());
            }
        }
        Ok(())
    }

    async fn enact(
        &self,
        session: &mut Session<'_>,
        order: &Bytes,
        judged: &Judged,
    ) -> Result<(), IssuerError> {
        let files = files_of(&mut session.tx, &order.0).await?;
        let event = Event::Enacted { order: order.clone(), approvals: judged.approvals(), files };
        ledger::write(&mut session.tx, "issuer", session.micros, event, &[]).await?;
        match &**judged.body() {
            Body::Person(body) if body.action == PersonAction::Leave => {
                self.revoke_leaver(session, &body.person).await
            }
            _ => Ok(()),
        }
    }

    /// Whoever leaves office loses every certificate.
    async fn revoke_leaver(
        &self,
        session: &mut Session<'_>,
        person: &str,
    ) -> Result<(), IssuerError> {
        self.notice_pending(&mut session.following, &mut session.tx).await?;
        let cause = Cause::Left { person: person.to_owned() };
        self.write_revoked(session, cause, Vec::new()).await
    }

    /// Writes a revocation, rows and record, in this transaction. What it revokes follows from its
    /// cause and the log; serial numbers that are revoked already stay as they are.
    pub(super) async fn write_revoked(
        &self,
        session: &mut Session<'_>,
        cause: Cause,
        approvals: Vec<Bytes>,
    ) -> Result<(), IssuerError> {
        let now = session.now();
        let revoked = session.authority()?.revocation(&cause, &approvals, now)?;
        let mut certificates = Vec::new();
        let mut reason = String::new();
        for (serial, revoked) in revoked {
            let serial = serial.to_string();
            reason.clone_from(&revoked.reason);
            if session.authority()?.is_revoked(&serial) {
                continue;
            }
            rows::write_revocation(
                &mut session.tx,
                &serial,
                now,
                &revoked.reason,
                revoked.not_after,
            )
            .await?;
            let not_after = records::time::seconds(revoked.not_after);
            certificates.push(RevokedSerial { serial, not_after });
        }
        if certificates.is_empty() && approvals.is_empty() {
            return Ok(());
        }
        let event = Event::Revoked { certificates, reason, cause, approvals };
        ledger::write(&mut session.tx, "issuer", session.micros, event, &[]).await?;
        session.following.crl_due = true;
        Ok(())
    }

    /// Why an order was not carried out: recorded once, and the order waits or is over.
    async fn not_executed(
        &self,
        session: &mut Session<'_>,
        digest: &str,
        code: Code,
    ) -> Result<(), IssuerError> {
        let about = self.order_about(session, digest).await?;
        if code == Code::ApprovalsMissing {
            session.following.ready.remove(digest);
            let lapsed = session.authority()?.lapsed(digest, session.now());
            for (person, code) in lapsed {
                let once = format!("{digest} {person} {}", code.name());
                if session.following.reported.insert(once) {
                    let about = format!("{about} {person}");
                    self.record_refusal(session, "execute", &about, code).await?;
                }
            }
            return Ok(());
        }
        let waits = matches!(code, Code::UnsignedAuthority | Code::ClockMoved | Code::LogBehind);
        if !waits {
            session.following.ready.remove(digest);
        }
        if session.following.reported.insert(format!("{digest} {}", code.name())) {
            self.metrics.count("execute", code.name());
            self.record_refusal(session, "execute", &about, code).await?;
        }
        Ok(())
    }

    /// The order's id for people; the digest if no row has it.
    async fn order_about(
        &self,
        session: &mut Session<'_>,
        digest: &str,
    ) -> Result<String, IssuerError> {
        let bytes = Bytes::read(digest).unwrap_or_default();
        let found = row!(
            &mut session.tx,
            (String,),
            "select order_id from ordered where order_digest = $1",
            &bytes.0
        )?;
        Ok(found.map_or_else(|| digest.to_owned(), |(id,)| id))
    }

    /// What opens the commitments of an order, checked against its body.
    pub(super) async fn opened(
        &self,
        session: &mut Session<'_>,
        order: &Bytes,
        body: &Body,
    ) -> Result<Vec<records::Disclosure>, IssuerError> {
        let disclosures = disclosures_of(&mut session.tx, &order.0).await?;
        body.check_disclosures(&disclosures).map_err(|_| Code::OrderIncomplete)?;
        Ok(disclosures)
    }
}
