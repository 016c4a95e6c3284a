//! Orders as operators see them in a line: what the registry key signed, and what became of it as
//! authority says. Rows only say where to look, and what became of an order that authority has
//! forgotten.

use super::super::host::Host;
use authority::{Authority, OrderDigest};
use ca_store::known::KnownRecords;
use ca_store::record;
use ca_store::table::approval;
use ca_store::table::order::{self, SignedRow, operators};
use records::{Approval, Bytes, Code, Order, SignedOrder};
use std::collections::BTreeSet;
use store::Tx;

/// Most orders of one list.
const LINES_MAX: usize = 200;
/// Records that wait of one look.
const WAITING_STEP: i64 = 10_000;

/// An order in a line.
pub(super) struct OrderSummary {
    digest: OrderDigest,
    read: Order,
    title: String,
    state: &'static str,
    approvals: BTreeSet<String>,
}

/// Authority, with what is recorded and only takes away, and the database as of then.
pub(super) async fn authority(host: &Host) -> anyhow::Result<(Authority, Tx)> {
    let (mut authority, mut tx) = host.authority().await?;
    let (known, mut after) = (KnownRecords::default(), 0);
    loop {
        let (_, found) = record::waiting(&mut tx, (after, WAITING_STEP), &known).await?;
        let Some((last, _)) = found.last() else { return Ok((authority, tx)) };
        after = *last;
        authority.notice_withdrawals(found.iter().filter_map(|(_, one)| one.as_deref()));
    }
}

/// Orders in a state, or in every one if it is `all`, behind an order id; and where there are more
/// than one list has, the id up to which these go.
pub(super) async fn list(
    (authority, tx): (&Authority, &mut Tx),
    (state, after): (&str, &str),
    now: u64,
) -> anyhow::Result<(Vec<OrderSummary>, Option<String>)> {
    let found = operators::places(tx, (state, after), (now, LINES_MAX + 1)).await?;
    let mut places: BTreeSet<(String, OrderDigest)> = found.into_iter().collect();
    if matches!(state, "open" | "all") {
        // No row hides one that is open.
        let open = authority.open_orders().filter(|(one, _)| authority.open(*one, now).is_ok());
        let open = open.map(|(digest, open)| (open.read.order.clone(), digest));
        places.extend(open.filter(|(order, _)| order.as_str() > after));
    }
    let is_cut = places.len() > LINES_MAX;
    let looked: Vec<(String, OrderDigest)> = places.into_iter().take(LINES_MAX).collect();
    let last = looked.last().filter(|_| is_cut).map(|(order, _)| order.clone());
    let digests: Vec<OrderDigest> = looked.into_iter().map(|(_, digest)| digest).collect();
    let rows = order::signed(tx, digests.clone()).await?;
    let mut lines = Vec::with_capacity(digests.len());
    for digest in digests {
        let Some(line) = line(authority, (digest, rows.get(&digest)), now) else { continue };
        if state == "all" || line.state == state {
            lines.push(line.with_approvals((authority, tx), now).await?);
        }
    }
    lines.sort_by(|a, b| a.read.order.cmp(&b.read.order));
    lines.dedup_by_key(|line| line.digest);
    Ok((lines, last))
}

/// The order of an id.
pub(super) async fn one(
    (authority, tx): (&Authority, &mut Tx),
    order: &str,
    now: u64,
) -> anyhow::Result<Option<OrderSummary>> {
    let open = authority.open_orders().find(|(_, open)| open.read.order == order);
    let digest = match open {
        Some((digest, _)) => digest,
        None => match order::digest_of(tx, order).await? {
            Some(digest) => digest,
            None => return Ok(None),
        },
    };
    let rows = order::signed(tx, vec![digest]).await?;
    match line(authority, (digest, rows.get(&digest)), now) {
        Some(line) => Ok(Some(line.with_approvals((authority, tx), now).await?)),
        None => Ok(None),
    }
}

/// An order, if the registry key signed it.
fn line(
    authority: &Authority,
    (digest, row): (OrderDigest, Option<&SignedRow>),
    now: u64,
) -> Option<OrderSummary> {
    let known = authority.order_bytes(&digest.0);
    let opened = row.map(|row| row.signed.disclosures.clone()).unwrap_or_default();
    let signed = match (known, row) {
        (Some((order, signature)), _) => SignedOrder { order, signature, disclosures: opened },
        (None, row) => row?.signed.clone(),
    };
    let read = Order::read(&signed.order.0).ok();
    let read = read.filter(|_| signed.is_signed_by(authority.registry_key()))?;
    Some(OrderSummary {
        digest,
        title: records::order::title(&read, &signed.disclosures),
        state: state(authority, (digest, &read), (row, now)),
        approvals: BTreeSet::new(),
        read,
    })
}

/// What became of an order.
fn state(
    authority: &Authority,
    (digest, read): (OrderDigest, &Order),
    (row, now): (Option<&SignedRow>, u64),
) -> &'static str {
    let told = ["done", "returned", "rejected", "withdrawn", "cancelled"];
    match authority.open(digest, now).err() {
        None => "open",
        Some(Code::OrderConsumed) => "done",
        Some(Code::OrderReturned) => "returned",
        Some(Code::OrderRejected) => "rejected",
        Some(Code::OrderWithdrawn) => "withdrawn",
        Some(Code::OrderCancelled) => "cancelled",
        Some(Code::OrderExpired) => "expired",
        // It waits for the tree, or was forgotten since.
        Some(_) if now <= read.expires_unix() => "open",
        Some(_) => {
            let row = row.map(|row| row.state.as_str());
            told.into_iter().find(|state| row == Some(*state)).unwrap_or("expired")
        }
    }
}

impl OrderSummary {
    async fn with_approvals(
        self,
        (authority, tx): (&Authority, &mut Tx),
        now: u64,
    ) -> anyhow::Result<Self> {
        if self.state == "open" {
            let given = authority.given(self.digest, now);
            return Ok(Self { approvals: given.into_keys().collect(), ..self });
        }
        let given = approval::given(tx, &self.digest).await?;
        let own = given.iter().filter(|one| one.order.digest() == Some(self.digest.0));
        let approvals = own.filter_map(|one| signer(authority, one, now)).collect();
        Ok(Self { approvals, ..self })
    }

    /// Shows it, to people or to machines.
    pub(super) fn print(&self, json: bool) {
        let Order { order, kind, expires, .. } = &self.read;
        if json {
            let line = serde_json::json!({
                "order": order, "kind": kind, "about": self.title, "state": self.state,
                "expires": expires, "approvals": self.approvals,
                "digest": Bytes::from(self.digest).to_string(),
            });
            system::terminal::json(&line.to_string());
        } else {
            let given = format!("{} ✓", self.approvals.len());
            let until = records::time::beijing(expires);
            let until = until.map_or_else(|| expires.clone(), |there| there.en());
            system::terminal::columns(&[order, self.state, kind, &self.title, &given, &until]);
        }
    }
}

/// Who gave an approval, if they signed it.
fn signer(authority: &Authority, approval: &Approval, now: u64) -> Option<String> {
    let ours = approval.signer().filter(|signer| authority.is_issued_by_us(signer));
    let person = ours.and_then(|signer| signer.subject().person().map(str::to_owned));
    person.or_else(|| authority.approver_of(approval, now).ok())
}
