//! Judging: may this order be carried out now, with these approvals?

use crate::approver::Capacity;
use crate::authority::Authority;
use crate::id::{NamesOrder, OrderDigest, PersonId, Sha256Value};
use crate::signatures::Signatures;
use crate::state::{GivenApproval, OpenOrder};
use records::approval::Approval;
use records::bytes::Bytes;
use records::code::Code;
use records::order::{Body, Order};
use records::record::approval_id;
use records::rules::ApprovalRule;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// An order that may be carried out; only [`Authority::judge`] makes it.
///
/// ```compile_fail,E0451
/// let (digest, order, body) = todo!();
/// let (approvals, approvers) = (Vec::new(), Default::default());
/// let forged = authority::Judged { digest, order, body, approvals, approvers };
/// ```
#[derive(Clone, Debug)]
pub struct Judged {
    digest: OrderDigest,
    order: Arc<Order>,
    body: Arc<Body>,
    approvals: Vec<Sha256Value>,
    approvers: BTreeSet<PersonId>,
}

impl Judged {
    /// The order's digest.
    pub fn digest(&self) -> OrderDigest {
        self.digest
    }

    /// The order.
    pub fn order(&self) -> &Arc<Order> {
        &self.order
    }

    /// Its body.
    pub fn body(&self) -> &Arc<Body> {
        &self.body
    }

    /// The approvals that count, as records name them.
    pub fn approvals(&self) -> Vec<Bytes> {
        self.approvals.iter().copied().map(Bytes::from).collect()
    }

    /// Who gave them.
    pub fn approvers(&self) -> impl Iterator<Item = &PersonId> {
        self.approvers.iter()
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
            match self.counts(open, (given, by_batch), now) {
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
        if !rules.is_empty() && self.lacks_local(&decided, &open.read, &open.body) {
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
            approvals: counted.into_iter().map(|given| given.id).collect(),
            approvers: decided.iter().map(|one| one.person).collect(),
        })
    }

    /// Who gave an approval of an order, or of a batch in which it stands, if it counts for it now.
    fn counts(
        &self,
        open: &OpenOrder,
        (given, by_batch): (&GivenApproval, bool),
        now: u64,
    ) -> Result<Capacity, Code> {
        match by_batch {
            true => self.counts_for_row(open, given, now),
            false => self.still_counts(open, given, now),
        }
    }

    /// Whether nobody decided yet who is the same human, or spoke for the same.
    fn is_new_voice(&self, decided: &[Capacity], one: &Capacity) -> bool {
        let same = |other: &Capacity| other.person == one.person || other.voice() == one.voice();
        !decided.iter().any(same)
    }

    /// The order and its body, if it can still be approved or carried out.
    pub fn open(&self, digest: impl NamesOrder, now: u64) -> Result<(Arc<Order>, Arc<Body>), Code> {
        let (_, open) = self.waiting(digest, now)?;
        Ok((open.read.clone(), open.body.clone()))
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
        let capacity = self.may_decide(&person, &open.read, &open.body, now)?;
        self.fits_with(&open.body, &open.contents)?;
        self.has_opened(approval, digest, &open.body)?;
        let given = self.given(digest, now);
        let mut decided: Vec<Capacity> =
            self.counting(digest, now).into_iter().map(|(one, _)| one).collect();
        if !self.is_new_voice(&decided, &capacity) {
            return Err(Code::ApproverTwice);
        }
        if let Body::Batch(batch) = &*open.body
            && self.row_lacks_local(batch, &capacity, now)
        {
            return Err(Code::PoolAlone);
        }
        decided.push(capacity.clone());
        if self.lacks_local(&decided, &open.read, &open.body) {
            return Err(Code::PoolAlone);
        }
        if !approval.outside_browser() && !self.has_room(&open.body, &given)? {
            return Err(Code::OutsideNeeded);
        }
        self.counts_on(&approval.signed_statement())?;
        Ok(capacity)
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
            let capacity = self.counts(open, (given, by_batch), now).ok()?;
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

    /// How many approvals an order needs.
    pub fn needed(&self, body: &Body) -> u32 {
        if self.carries_itself(body) {
            return 0;
        }
        let rules = self.rules_for(body).unwrap_or_default();
        rules.iter().map(|rule| u32::from(rule.count)).max().unwrap_or(u32::MAX)
    }

    pub(crate) fn add_approval(&mut self, approval: &Approval, now: u64) -> Result<(), Code> {
        let (_, given) = self.taken(approval, now)?;
        let said = approval.signed_statement();
        self.counts_on(&said)?;
        self.count(&said);
        let digest = approval.order.order_digest().ok_or(Code::OrderUnknown)?;
        let open = self.orders.get_mut(&digest).ok_or(Code::OrderUnknown)?;
        if open.approvals.iter().all(|known| known.id != given.id) {
            Arc::make_mut(open).approvals.push(given);
        }
        Ok(())
    }

    /// An approval with who gave it, its signature verified.
    pub(crate) fn taken(
        &self,
        approval: &Approval,
        now: u64,
    ) -> Result<(String, GivenApproval), Code> {
        let person = self.approver_of(approval, now)?;
        Ok((person, GivenApproval::read(approval.clone(), &self.signatures)?))
    }
}

impl GivenApproval {
    /// An approval whose signature was verified.
    pub(crate) fn read(approval: Approval, signatures: &Signatures) -> Result<Self, Code> {
        let id = approval_id(&approval).map_err(|_| Code::Malformed)?;
        let certificate = signatures.certificate(&approval.certificate.0);
        let certificate = certificate.ok_or(Code::ApprovalSignature)?;
        Ok(Self {
            id: id.digest().ok_or(Code::Malformed)?,
            approval: Arc::new(approval),
            key_sha256: certificate.key().sha256(),
            certificate,
        })
    }
}
