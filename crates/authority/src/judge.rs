//! Judging: may this order be carried out now, with these approvals?

use crate::approver::Capacity;
use crate::authority::Authority;
use crate::counted::CountedApproval;
use crate::id::{NamesOrder, OrderDigest, PersonId};
use crate::pool::Locals;
use crate::signatures::{ReadApproval, Signatures};
use crate::state::{GivenApproval, OpenOrder};
use records::approval::Approval;
use records::bytes::Bytes;
use records::code::Code;
use records::order::{Body, Order};
use records::rules::ApprovalRule;
use std::collections::BTreeMap;
use std::sync::Arc;

/// An order that may be carried out; only [`Authority::judge`] makes it.
///
/// ```compile_fail,E0451
/// let (digest, order, body) = todo!();
/// let overtaken = Vec::new();
/// let forged = authority::Judged { digest, order, body, counted: Vec::new(), overtaken };
/// ```
#[derive(Clone, Debug)]
pub struct Judged {
    digest: OrderDigest,
    order: Arc<Order>,
    body: Arc<Body>,
    counted: Vec<CountedApproval>,
    overtaken: Vec<OrderDigest>,
}

/// Approvals that one order keeps; no rule asks for as many.
const APPROVALS_MAX: usize = 32;

impl Judged {
    /// The order is named by this digest.
    pub fn digest(&self) -> OrderDigest {
        self.digest
    }

    /// The order as the registry key signed it, read.
    pub fn order(&self) -> &Arc<Order> {
        &self.order
    }

    /// What the order asks for, read.
    pub fn body(&self) -> &Arc<Body> {
        &self.body
    }

    /// The approvals that count, as records name them.
    pub fn approvals(&self) -> Vec<Bytes> {
        self.counted.iter().map(|one| Bytes::from(one.given.id)).collect()
    }

    /// The same, with as what each counts.
    pub fn counted(&self) -> &[CountedApproval] {
        &self.counted
    }

    /// Open orders that are over with it, since they give what it takes away.
    pub fn overtaken(&self) -> &[OrderDigest] {
        &self.overtaken
    }

    /// Who gave them, each once.
    pub fn approvers(&self) -> impl Iterator<Item = &PersonId> {
        self.counted.iter().map(|one| &one.capacity.person)
    }
}

impl Authority {
    /// Judges an open order at `now` (unix). With `approvals` only these count, and all of them
    /// must; without, every stored approval that still holds counts.
    pub fn judge(
        &self,
        digest: impl NamesOrder,
        approvals: Option<&[Bytes]>,
        now: u64,
    ) -> Result<Judged, Code> {
        let (digest, open) = self.waiting(digest, now)?;
        self.fits_with(&open.body, &open.contents)?;
        let rules = match self.carries_itself(&open.body) {
            true => Vec::new(),
            false => self.rules_for(&open.body)?,
        };
        let mut decided: Vec<Capacity> = Vec::new();
        let mut counted: Vec<&GivenApproval> = Vec::new();
        let own = open.approvals.iter().map(|given| (given, false));
        for (given, by_batch) in own.chain(self.given_by_batches(digest, now).map(|g| (g, true))) {
            if approvals.is_some_and(|named| named.iter().all(|id| id.0 != given.id)) {
                continue;
            }
            match self.counting_capacity(open, (given, by_batch), now) {
                Ok(capacity) if self.is_new_voice(&decided, &capacity) => {
                    decided.push(capacity);
                    counted.push(given);
                }
                Ok(_) if approvals.is_some() => return Err(Code::ApproverTwice),
                Err(code) if approvals.is_some() => return Err(code),
                _ => {}
            }
        }
        if approvals.is_some_and(|named| named.len() != counted.len()) {
            return Err(Code::ApprovalsMissing);
        }
        let of = (&*open.read, &*open.body);
        if !rules.is_empty() && self.lacks_local(&decided, of, &mut Locals::default()) {
            return Err(Code::PoolAlone);
        }
        let outside = counted.iter().filter(|given| given.approval.outside_browser()).count();
        for rule in &rules {
            let enough = counted.len() >= usize::from(rule.count);
            if !enough || outside < usize::from(rule.outside_browser) {
                return Err(Code::ApprovalsMissing);
            }
        }
        Ok(Judged {
            digest,
            order: open.read.clone(),
            body: open.body.clone(),
            overtaken: self.overtaken_by(&open.body),
            counted: counted
                .into_iter()
                .zip(decided)
                .map(|(given, one)| self.as_counted((digest, open), given, (one, now)))
                .collect(),
        })
    }

    /// Who gave an approval of an order, or of a batch in which it stands, if it counts for it now.
    fn counting_capacity(
        &self,
        open: &OpenOrder,
        (given, by_batch): (&GivenApproval, bool),
        now: u64,
    ) -> Result<Capacity, Code> {
        match by_batch {
            true => self.still_counts(open, given, now),
            false => self.still_counts(open, given, now),
        }
    }

    /// Whether nobody decided yet who is the same human, or spoke for the same; nor does anybody
    /// speak for somebody who decided as well, in whosever voice.
    pub(crate) fn is_new_voice(&self, decided: &[Capacity], one: &Capacity) -> bool {
        let has_part = |other: &Capacity, id: PersonId| other.person == id || other.voice() == id;
        let same = |other: &Capacity| has_part(other, one.person) || has_part(other, one.voice());
        !decided.iter().any(same)
    }

    /// The order and its body, if it can still be approved or carried out.
    pub fn open(&self, digest: impl NamesOrder, now: u64) -> Result<(Arc<Order>, Arc<Body>), Code> {
        let (_, open) = self.waiting(digest, now)?;
        Ok((open.read.clone(), open.body.clone()))
    }

    /// Of an order that is open whatever the time is: its last second, unix, and whether it only
    /// takes away. Nothing is parsed, since as many are asked for as wait.
    pub fn open_until(&self, digest: OrderDigest) -> Option<(u64, bool)> {
        let (_, open) = self.waiting(digest, 0).ok()?;
        Some((open.expires, open.body.takes_away()))
    }

    /// The order, if it can still be approved or carried out.
    pub(crate) fn waiting(
        &self,
        digest: impl NamesOrder,
        now: u64,
    ) -> Result<(OrderDigest, &OpenOrder), Code> {
        let digest = digest.order_digest().ok_or(Code::OrderUnknown)?;
        if let Some(ended) = self.pending.ended.get(&digest) {
            return Err(ended.code());
        }
        let Some(open) = self.entry(digest) else {
            let closed = self.closed_orders.get(&digest);
            return Err(closed.map_or(Code::OrderUnknown, |(_, ended)| ended.code()));
        };
        if now > open.expires {
            return Err(Code::OrderExpired);
        }
        Ok((digest, open))
    }

    /// An order that is open in the tree, or a brake that is only recorded.
    pub(crate) fn entry(&self, digest: OrderDigest) -> Option<&OpenOrder> {
        let pending = self.pending.open.get(&digest);
        pending.or_else(|| self.orders.get(&digest)).map(|open| &**open)
    }

    /// Checks one approval against its order: signature, credential, role, scope, not for oneself,
    /// not twice, and not for a pool before the unit's own. Gives who it is, and for whom.
    pub fn check_approval(&self, approval: &Approval, now: u64) -> Result<Capacity, Code> {
        let (digest, open) = self.waiting(&approval.order, now)?;
        let person = self.approver_of(approval, now)?;
        let acting_for = approval.acting_for.as_deref();
        let capacity = self.capacity((&person, acting_for), (&open.read, &open.body), now)?;
        self.fits_with(&open.body, &open.contents)?;
        self.has_opened((approval, &person), (digest, &open.body))?;
        self.fits_beside(&capacity, (digest, open), now)?;
        // What lapsed is given by signing again, and not by bringing it again.
        if let Some(known) = open.approvals.iter().find(|known| *known.approval == *approval) {
            self.still_counts(open, known, now)?;
        }
        let pending = self.pending.given.get(&digest).map_or(0, |given| given.len());
        if open.approvals.len() + pending >= APPROVALS_MAX {
            return Err(Code::Malformed);
        }
        let given = self.given(digest, now);
        if !approval.outside_browser() && !self.has_room(&open.body, &given)? {
            return Err(Code::OutsideNeeded);
        }
        self.counts_on(&approval.signed_statement())?;
        Ok(capacity)
    }

    /// Whether an approval of an open order by this person would count beside those that it has.
    pub fn may_join(&self, person: &str, order: impl NamesOrder, now: u64) -> Result<(), Code> {
        let (digest, open) = self.waiting(order, now)?;
        let all = self.capacities(person, (&open.read, &open.body), now)?;
        self.fits_with(&open.body, &open.contents)?;
        let mut fits = Err(Code::ApproverRole);
        for one in &all {
            fits = self.fits_beside(one, (digest, open), now);
            if fits.is_ok() {
                break;
            }
        }
        fits
    }

    /// As what somebody may approve an open order: what counts beside the approvals that it has, or
    /// everything where none does, so that whoever tries is told why.
    pub fn voices(&self, person: &str, order: impl NamesOrder, now: u64) -> Vec<Capacity> {
        let Ok((digest, open)) = self.waiting(order, now) else { return Vec::new() };
        let all = self.capacities(person, (&open.read, &open.body), now).unwrap_or_default();
        let fits = |one: &&Capacity| self.fits_beside(one, (digest, open), now).is_ok();
        let fitting: Vec<Capacity> = all.iter().filter(fits).cloned().collect();
        if fitting.is_empty() { all } else { fitting }
    }

    /// Nobody decides twice, and no pool before the unit's own officer, also for each row of a
    /// batch.
    fn fits_beside(
        &self,
        capacity: &Capacity,
        (digest, open): (OrderDigest, &OpenOrder),
        now: u64,
    ) -> Result<(), Code> {
        let mut decided: Vec<Capacity> =
            self.counting(digest, now).into_iter().map(|(one, _)| one).collect();
        if !self.is_new_voice(&decided, capacity) {
            return Err(Code::ApproverTwice);
        }
        decided.push(capacity.clone());
        let mut locals = Locals::default();
        let alone = match &*open.body {
            Body::Batch(batch) => self.row_lacks_local(batch, capacity, now),
            body => self.lacks_local(&decided, (&open.read, body), &mut locals),
        };
        if alone { Err(Code::PoolAlone) } else { Ok(()) }
    }

    /// Whose approvals of an open order hold, and whether each came from outside a browser.
    pub fn given(&self, digest: impl NamesOrder, now: u64) -> BTreeMap<String, bool> {
        let mut people = BTreeMap::new();
        for (capacity, outside) in self.counting(digest, now) {
            *people.entry(capacity.person.to_string()).or_default() |= outside;
        }
        people
    }

    /// As what people approved an open order, as far as that holds, and whether each did so outside
    /// a browser.
    pub fn counting(&self, digest: impl NamesOrder, now: u64) -> Vec<(Capacity, bool)> {
        let Some(digest) = digest.order_digest() else { return Vec::new() };
        let Some(open) = self.entry(digest) else { return Vec::new() };
        let pending = self.pending.given.get(&digest).into_iter().flat_map(|given| given.iter());
        let counts = |(given, by_batch): (&GivenApproval, bool)| {
            let capacity = self.counting_capacity(open, (given, by_batch), now).ok()?;
            Some((capacity, given.approval.outside_browser()))
        };
        let own = open.approvals.iter().chain(pending).map(|given| (given, false));
        let by_batch = self.given_by_batches(digest, now).map(|given| (given, true));
        own.chain(by_batch).filter_map(counts).collect()
    }

    /// Whether one more approval from a browser still leaves those that must come from outside it.
    pub fn has_room(&self, body: &Body, given: &BTreeMap<String, bool>) -> Result<bool, Code> {
        let browser = given.values().filter(|outside| !**outside).count();
        let most = |rule: &ApprovalRule| rule.count.saturating_sub(rule.outside_browser);
        Ok(self.rules_for(body)?.iter().all(|rule| browser < usize::from(most(rule))))
    }

    /// Approvals of an open order that count no longer, each with the reason.
    pub fn lapsed(&self, digest: impl NamesOrder, now: u64) -> Vec<(String, Code)> {
        let Ok((_, open)) = self.waiting(digest, now) else { return Vec::new() };
        let lapsed = |given: &GivenApproval| {
            let code = self.still_counts(open, given, now).err()?;
            Some((given.certificate.subject().person().unwrap_or_default().to_owned(), code))
        };
        open.approvals.iter().filter_map(lapsed).collect()
    }

    /// Whether an open order has as many approvals as it needs, whether or not each still counts:
    /// with fewer of them nothing carries it.
    pub fn has_enough(&self, digest: OrderDigest) -> bool {
        let Some(open) = self.entry(digest) else { return false };
        let given = open.approvals.len() + self.given_by_batches(digest, 0).count();
        u32::try_from(given).is_ok_and(|given| given >= self.needed(&open.body))
    }

    /// How many approvals an order needs.
    pub fn needed(&self, body: &Body) -> u32 {
        if self.carries_itself(body) {
            return 0;
        }
        let rules = self.rules_for(body).unwrap_or_default();
        rules.iter().map(|rule| u32::from(rule.count)).max().unwrap_or(u32::MAX)
    }

    pub(crate) fn add_approval(
        &mut self,
        approval: &Approval,
        claimed: (&str, Option<&str>),
        now: u64,
    ) -> Result<(), Code> {
        let given = self.taken(approval, claimed, now)?;
        let said = approval.signed_statement();
        self.counts_on(&said)?;
        self.count(&said);
        let digest = approval.order.order_digest().ok_or(Code::OrderUnknown)?;
        let open = self.orders.get_mut(&digest).ok_or(Code::OrderUnknown)?;
        if open.approvals.iter().all(|known| known.id != given.id) {
            if open.approvals.len() >= APPROVALS_MAX {
                return Err(Code::Malformed);
            }
            Arc::make_mut(open).approvals.push(given);
        }
        Ok(())
    }

    /// An approval, its signature verified, if it is as a record claims: given by this person, for
    /// this absent one or for none, as its signature says too.
    pub(crate) fn taken(
        &self,
        approval: &Approval,
        (person, acting_for): (&str, Option<&str>),
        now: u64,
    ) -> Result<GivenApproval, Code> {
        let signer = self.approver_of(approval, now)?;
        let digest = approval.order.order_digest().ok_or(Code::OrderUnknown)?;
        let open = self.entry(digest).ok_or(Code::OrderUnknown)?;
        let spoken = (signer.as_str(), approval.acting_for.as_deref());
        let capacity = self.capacity(spoken, (&open.read, &open.body), now)?;
        if !capacity.is_as(person, acting_for) {
            return Err(Code::UnsignedAuthority);
        }
        // Once: it follows from what is signed, and is asked again for no order of a batch.
        self.has_opened((approval, &signer), (digest, &open.body))?;
        GivenApproval::read(approval, &self.signatures, self.grants)
    }
}

impl GivenApproval {
    /// An approval whose signature was verified, given after so many grants of roles.
    pub(crate) fn read(
        approval: &Approval,
        signatures: &Signatures,
        grants: u64,
    ) -> Result<Self, Code> {
        let ReadApproval { id, approval, certificate, key_sha256 } =
            signatures.approval(approval)?;
        Ok(Self { id, approval, certificate, key_sha256, grants })
    }
}
