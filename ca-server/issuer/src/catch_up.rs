//! Following the log into a new state: what the tree holds is applied, what waits is noticed, and
//! the rows that copy it are written by whoever commits.

use crate::error::IssuerError;
use crate::issuance::{IntentEntry, RecordedIntent};
use crate::loaded::opening;
use crate::round::Effect;
use crate::rows::RowChange;
use crate::state::{State, readied};
use authority::{Authority, Judged, OrderDigest, Serial, UnsignedClaim};
use ca_store::replay::{Applied, Floor, Replay};
use ca_store::{record, table};
use records::order::{Body, PersonAction, PersonBody};
use records::record::{Cause, Event, RevokedSerial};
use records::withdrawal::WithdrawnStatement;
use records::{Bytes, Code, Disclosure, Record};
use std::collections::{BTreeSet, HashMap};
use store::Tx;

#[cfg(test)]
mod tests;

/// Entries of one step.
const STEP: i64 = 2_000;
/// Pending records of one look: a long queue is noticed piece by piece, and to its end.
const PENDING_STEP: i64 = 10_000;

/// A state at the head, with what follows from getting there.
pub(crate) struct CaughtUp {
    pub(crate) state: State,
    pub(crate) rows: Vec<RowChange>,
    pub(crate) effects: Vec<Effect>,
    /// Intents that the tree holds now.
    pub(crate) confirmed: Vec<RecordedIntent>,
    /// Records without effect, and why.
    pub(crate) unsigned: Vec<(String, Code)>,
    /// Intents that the tree holds now and whose bytes nobody has.
    pub(crate) without_bytes: Vec<Serial>,
    /// Whether orders were carried out whose rows were not read: nothing copies them.
    pub(crate) is_uncopied: bool,
}

/// Follows the log to its head and notices all that waits: who decides by a part of it decides as
/// if the other part took nothing away. Rows of orders only bring what is copied: where they cannot
/// be read, it goes on without.
pub(crate) async fn catch_up(
    tx: &mut Tx,
    (replay, floor): (&Replay, &Floor),
    (state, reads): (Option<State>, bool),
) -> Result<CaughtUp, IssuerError> {
    let head = replay.head(tx, floor).await?;
    let mut caught = CaughtUp {
        state: match state {
            Some(state) => state,
            None => State::at(replay.step(tx, None, (&head, floor), 1).await?.0),
        },
        rows: Vec::new(),
        effects: Vec::new(),
        confirmed: Vec::new(),
        unsigned: Vec::new(),
        without_bytes: Vec::new(),
        is_uncopied: false,
    };
    let before = caught.state.followed.edge.size();
    if head.size < before || (head.size == before && head.root != caught.state.followed.edge.root())
    {
        return Err(Code::UnsignedAuthority.into());
    }
    if head.size > before {
        caught.state.forget_pending();
    }
    while caught.state.followed.edge.size() < head.size {
        let from = Some(&caught.state.followed);
        let (followed, applied) = replay.step(tx, from, (&head, floor), STEP).await?;
        caught.state.followed = followed;
        let openings = caught.openings(tx, &applied, reads).await?;
        for entry in &applied {
            caught.catch_up_entry(entry, &openings);
        }
    }
    let mut is_first = true;
    loop {
        let behind = (caught.state.pending_seen, PENDING_STEP);
        let (seen, waiting) = record::waiting(tx, behind, replay.known()).await?;
        // Where a hand took a position up or away, what came since may stand below it.
        if std::mem::take(&mut is_first) && seen != caught.state.rows_seen() {
            caught.state.forget_pending();
            continue;
        }
        for (position, record) in &waiting {
            caught.state.pending_seen = *position;
            match record {
                Some(record) => caught.state.notice_waiting(record),
                None => caught.state.pending_none += 1,
            }
        }
        if (waiting.len() as i64) < PENDING_STEP {
            caught.state.feel_told();
            return Ok(caught);
        }
    }
}

/// What opens the commitments of orders that a step carried out, as far as there are rows.
pub(crate) type Openings = HashMap<OrderDigest, Vec<Disclosure>>;

impl CaughtUp {
    async fn openings(
        &mut self,
        tx: &mut Tx,
        applied: &[Applied],
        reads: bool,
    ) -> Result<Openings, IssuerError> {
        let enacted = |entry: &&Applied| matches!(entry.record().event, Event::Enacted { .. });
        let judged = applied.iter().filter(enacted).filter_map(Applied::judged);
        let digests: Vec<OrderDigest> = judged.map(Judged::digest).collect();
        if !reads {
            self.is_uncopied |= !digests.is_empty();
            return Ok(Openings::new());
        }
        Ok(table::order::disclosures(tx, digests).await?)
    }

    fn catch_up_entry(&mut self, entry: &Applied, openings: &Openings) {
        let effect = entry.effect().map(|()| entry.judged());
        if self.apply_effects(entry.record(), effect, openings) {
            self.confirm(entry);
        }
    }

    /// What follows from a record that was applied, and from the order that it carries out as it
    /// was judged; false if it had no effect.
    pub(crate) fn apply_effects(
        &mut self,
        record: &Record,
        effect: Result<Option<&Judged>, UnsignedClaim>,
        openings: &Openings,
    ) -> bool {
        let was_told = self.state.told.sequenced(record, effect.is_ok());
        let judged = match effect {
            Ok(judged) => judged,
            Err(unsigned) => {
                self.state.note_undone(record, was_told);
                self.without_effect(record, unsigned);
                return false;
            }
        };
        match &record.event {
            Event::Approval { approval, .. } => {
                let approved = approval.order.digest().map(OrderDigest);
                let authority = self.state.authority();
                let ready = approved.map_or_else(Vec::new, |order| readied(authority, order));
                self.state.ready.extend(ready);
            }
            Event::Enacted { order, .. } => {
                let change = self.state.people_change + 1;
                (self.state.withdrew, self.state.people_change) = (true, change);
                self.over(order, "done");
                // What nobody can tell may have taken something away.
                if judged.is_none_or(|judged| judged.body().closes_at_gates()) {
                    self.state.people_taken = change;
                }
                let Some(judged) = judged else { return true };
                for overtaken in judged.overtaken() {
                    self.over(&Bytes::from(*overtaken), "cancelled");
                }
                let body = judged.body();
                self.released(body);
                self.copy(order, body, openings.get(&judged.digest()));
            }
            Event::Voided { .. } => self.state.withdrew = true,
            Event::Intent { order, .. } => self.over(order, "done"),
            Event::Declined { decline, .. } => {
                if let Ok(read) = decline.read() {
                    self.over(&read.order, read.outcome.name());
                    let rows = self.rows_over(&read.order, read.outcome.name());
                    let all = read.order.digest().map(OrderDigest).into_iter().chain(rows);
                    let declined = |one| RowChange::OrderDeclined(one, record.id.clone());
                    self.rows.extend(all.map(declined));
                }
            }
            Event::Withdrawn { statement, .. } => {
                let read: Result<WithdrawnStatement, _> = records::json::read(&statement.0);
                if let Ok(read) = read {
                    self.over(&read.order, "withdrawn");
                    self.rows_over(&read.order, "withdrawn");
                }
            }
            Event::Revoked { cause, certificates, .. } => {
                (self.state.withdrew, self.state.list_due) = (true, true);
                self.revoked(cause, certificates);
                if let Cause::Order { order } = cause {
                    self.over(order, "done");
                }
            }
            Event::Suspended { cause, certificates, .. } => {
                (self.state.withdrew, self.state.list_due) = (true, true);
                let letter = cause.reference();
                let letter = letter.and_then(|one| self.state.authority().letter(&one));
                let all = letter.map(|letter| letter.serials.clone());
                self.copy_revoked(certificates, all);
            }
            Event::Order { order, cancels, .. } => self.ordered(order, cancels),
            Event::Issued { serial, .. } => self.state.note_issued(serial),
            _ => {}
        }
        true
    }

    fn ordered(&mut self, order: &Bytes, cancels: &[Bytes]) {
        for cancelled in cancels {
            self.over(cancelled, "cancelled");
        }
        // A renewal that nobody has to look at waits for nobody.
        let (digest, authority) = (OrderDigest::of(&order.0), self.state.authority());
        let open = authority.open_order(&digest.0);
        if open.is_some_and(|open| authority.carries_itself(&open.body)) {
            self.state.ready.insert(digest);
        }
    }

    fn without_effect(&mut self, record: &Record, unsigned: UnsignedClaim) {
        self.brakes_again(record);
        self.unsigned.push((format!("record {}", record.id), unsigned.code));
    }

    /// A brake that was felt before the tree had it, and is not there after all since a change came
    /// between, is judged again: by what holds now it is carried out, or told what it lacks.
    fn brakes_again(&mut self, record: &Record) {
        let (Event::Enacted { order, .. } | Event::Revoked { cause: Cause::Order { order }, .. }) =
            &record.event
        else {
            return;
        };
        let open = self.state.authority().open(order, 0);
        if open.is_ok_and(|(_, body)| body.takes_away()) {
            self.state.ready.extend(order.digest().map(OrderDigest));
        }
    }

    /// A release wants its list, and the renewal that waited for it goes on.
    fn released(&mut self, body: &Body) {
        let Body::Release(release) = body else { return };
        self.state.list_due = true;
        let serial = Serial::read(&release.serial);
        let waits = serial.and_then(|serial| self.state.authority().open_renewal_of(&serial));
        let waits = waits.map(|(digest, _)| digest);
        self.state.ready.extend(waits);
    }

    /// An intent that the tree holds now and whose bytes this process has.
    fn confirm(&mut self, entry: &Applied) {
        let Some(entry) = IntentEntry::of(entry) else { return };
        let pending = self.state.issuances.get(&entry.serial());
        match pending.and_then(|pending| RecordedIntent::confirmed(&entry, pending)) {
            Some(intent) => self.confirmed.push(intent),
            None => self.without_bytes.push(entry.serial()),
        }
    }

    /// An order of which the log says what became of it is looked at no more.
    fn over(&mut self, order: &Bytes, state: &'static str) {
        let Some(digest) = order.digest().map(OrderDigest) else { return };
        self.state.ready.remove(&digest);
        self.rows.push(RowChange::OrderState(digest, state));
        let ended: Vec<OrderDigest> = self.state.authority().batches_over_with(digest).collect();
        self.rows.extend(ended.into_iter().map(|batch| RowChange::OrderState(batch, "done")));
    }

    /// The orders that ended with their batch.
    fn rows_over(&mut self, batch: &Bytes, state: &'static str) -> Vec<OrderDigest> {
        let Some(batch) = batch.digest().map(OrderDigest) else { return Vec::new() };
        let authority = self.state.authority();
        let so = |row: &OrderDigest| match authority.open(*row, 0).err() {
            Some(Code::OrderReturned) => state == "returned",
            Some(Code::OrderRejected) => state == "rejected",
            Some(Code::OrderWithdrawn) => state == "withdrawn",
            _ => false,
        };
        let rows: Vec<OrderDigest> = authority.rows_of(batch).filter(so).collect();
        for row in &rows {
            self.state.ready.remove(row);
            self.rows.push(RowChange::OrderState(*row, state));
        }
        rows
    }

    /// The rows that copy a revocation, whoever recorded it.
    fn revoked(&mut self, cause: &Cause, certificates: &[RevokedSerial]) {
        let authority = &self.state.followed.authority;
        // What a cause revokes follows from the log; a record need not name all of it.
        let all = match cause {
            Cause::Loss { reference, .. } => {
                authority.letter(reference).map(|letter| letter.serials.clone())
            }
            Cause::Left { person } => authority.person(person).map(|person| person.serials.clone()),
            _ => None,
        };
        self.copy_revoked(certificates, all);
    }

    fn copy_revoked(&mut self, certificates: &[RevokedSerial], all: Option<Vec<Serial>>) {
        let authority = &self.state.followed.authority;
        let named = certificates.iter().filter_map(|one| Serial::read(&one.serial));
        let serials: BTreeSet<Serial> = named.chain(all.into_iter().flatten()).collect();
        self.rows.extend(serials.into_iter().filter_map(|serial| {
            let revoked = authority.revoked_as(&serial.to_string())?;
            Some(RowChange::Revocation(serial, revoked.clone()))
        }));
    }

    /// The rows and policy files that copy what an order put in force.
    fn copy(&mut self, order: &Bytes, body: &Body, opened: Option<&Vec<Disclosure>>) {
        let authority = &self.state.followed.authority;
        let (rows, effects) = (&mut self.rows, &mut self.effects);
        match body {
            Body::Unit(unit) => {
                let held = authority.unit(&unit.unit);
                rows.extend(held.map(|one| RowChange::Unit(unit.unit.clone(), one.clone())));
            }
            Body::Person(body) => rows.extend(copy_of_person(authority, body, opened)),
            Body::Role(role) => {
                let held = authority.person(&role.person);
                rows.extend(held.map(|one| RowChange::Roles(role.person.clone(), one.clone())));
            }
            Body::Profile(body) => {
                let id = &body.profile.id;
                if let Some(state) = authority.profile(id) {
                    rows.push(RowChange::Profile(id.clone(), state.clone()));
                    let path = format!("policies/profiles/{id}.toml");
                    effects.push(Effect::Policy(path, state.content.clone()));
                }
            }
            Body::ApprovalRules(_) => {
                let content = authority.approval_rules_file().to_owned();
                effects.push(Effect::Policy("policies/approvals.toml".into(), content));
            }
            Body::Portal(portal) => {
                let held = authority.portal(&portal.portal);
                rows.extend(held.map(|one| RowChange::Portal(portal.portal.clone(), one.clone())));
            }
            Body::Agent(agent) => {
                let held = authority.agent(&agent.agent);
                rows.extend(held.map(|one| RowChange::Agent(agent.agent.clone(), one.clone())));
            }
            Body::Bundle(bundle) => {
                rows.push(RowChange::Bundle(bundle.version, order.clone()));
                for file in &authority.bundle().files {
                    let path = format!("policies/{}", file.name);
                    effects.push(Effect::Policy(path, file.content.clone()));
                }
                effects.push(only(authority, "access"));
            }
            Body::Release(body) => {
                rows.extend(Serial::read(&body.serial).map(RowChange::Released));
            }
            Body::Mode(_) | Body::Emergency(_) | Body::EmergencyReview(_) => {}
            Body::Delegate(_)
            | Body::System(_)
            | Body::Issue(_)
            | Body::Revoke(_)
            | Body::Credential(_)
            | Body::Batch(_) => {}
        }
    }
}

/// The row of a person. Of who leaves nothing of the record is their order's: what opened it before
/// stays. So it does where no row opens what another order says.
fn copy_of_person(
    authority: &Authority,
    body: &PersonBody,
    opened: Option<&Vec<Disclosure>>,
) -> Option<RowChange> {
    let state = authority.person(&body.person)?;
    let opened = match body.action {
        PersonAction::Leave => None,
        PersonAction::Create | PersonAction::Move => {
            let opened = opening(state, opened?).unwrap_or_default();
            Some(opened.into_iter().cloned().collect())
        }
    };
    Some(RowChange::Person(body.person.clone(), state.clone(), opened))
}

/// Policy files as authority says them, for writing all of them again, and nothing beside them.
pub(crate) fn policies(authority: &Authority) -> Vec<Effect> {
    let files = authority.policy_files().into_iter();
    let files =
        files.map(|(name, content)| Effect::Policy(format!("policies/{name}"), content.to_owned()));
    files.chain(["profiles", "access"].map(|folder| only(authority, folder))).collect()
}

/// Only files in force lie in a folder of policies.
fn only(authority: &Authority, folder: &str) -> Effect {
    let files = authority.policy_files().into_keys();
    let names = files.filter_map(|name| {
        let (below, name) = name.split_once('/')?;
        (below == folder).then(|| name.to_owned())
    });
    Effect::Only(format!("policies/{folder}"), names.collect())
}
