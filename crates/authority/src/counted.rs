//! As what each approval counted: for whom, by which delegation, of the order itself or of a batch
//! in which it stands. Whoever tells who approved tells this; records only claim it.

use crate::approver::Capacity;
use crate::authority::Authority;
use crate::id::OrderDigest;
use crate::state::{Delegation, GivenApproval, OpenOrder};
use pki::Certificate;
use records::order::Body;

/// An approval that counts for an order.
#[derive(Clone, Debug)]
pub struct CountedApproval {
    /// The approval that counts, as it was recorded.
    pub given: GivenApproval,
    /// The approver counts in this capacity.
    pub capacity: Capacity,
    /// What was lent to whoever acts for somebody on leave.
    pub lent: Option<Delegation>,
    /// The batch that was approved, where it was not the order itself.
    pub batch: Option<InBatch>,
}

/// An order among those that were approved as one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InBatch {
    /// The batch is named by its order id.
    pub order: String,
    /// How many orders it is over.
    pub rows: usize,
    /// Whether the approver signed that they opened this one.
    pub opened: bool,
}

impl GivenApproval {
    /// The certificate whose holder gave it.
    pub fn certificate(&self) -> &Certificate {
        &self.certificate
    }
}

impl Authority {
    /// An approval with all that is told of it; `row` is the order for which it counts.
    pub(crate) fn as_counted(
        &self,
        (row, open): (OrderDigest, &OpenOrder),
        given: &GivenApproval,
        (capacity, now): (Capacity, u64),
    ) -> CountedApproval {
        let lent = self.lent_for(&capacity, &open.body, now).cloned();
        let of = given.approval.order.digest().map(OrderDigest).filter(|of| *of != row);
        let batch = of.and_then(|of| self.entry(of)).and_then(|batch| match &*batch.body {
            Body::Batch(body) => Some(InBatch {
                order: batch.read.order.clone(),
                rows: body.rows.len(),
                opened: given.approval.has_opened(&row.0),
            }),
            _ => None,
        });
        CountedApproval { given: given.clone(), capacity, lent, batch }
    }
}
