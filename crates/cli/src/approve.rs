//! `yinxin approve`: an officer sees what the CA signed, not what a page says, and signs its
//! digest.

use crate::clock::now;
use crate::consent::{Consent, Consentable, Signable, consent, show, unsigned};
use crate::exit::Failure;
use crate::files;
use crate::files::{Opened, Own};
use crate::output::{Output, spoken};
use pki::{Certificate, Signer};
use portal_api::plain::{self, Fact, Said};
use records::export::{Look, NotTrusted, OpenedOrder, OrderExport, OrderProgress};
use records::order::Body;
use records::trust::Trust;
use records::{Approval, Bytes};
use serde_json::{Map, Value, json};
use std::path::PathBuf;
use system::layout;
use system::speech;
use system::speech::Command;

/// Arguments of `yinxin approve`.
#[derive(clap::Args)]
#[command(after_help = "Without an order: lists what waits for you. / 不带编号：列出待批办件。\n\
    Offline / 离线: yinxin approve --order FILE --out FILE,\n\
    随后 / then: ca-server order import-approval FILE")]
pub struct Arguments {
    /// Order id. 办件编号
    #[arg(conflicts_with = "order_file")]
    order: Option<String>,
    /// An exported order instead of the portal. 离线办件文件
    #[arg(long = "order", value_name = "FILE", requires = "out")]
    order_file: Option<PathBuf>,
    /// Where the approval goes, with --order. 审批文件
    #[arg(long)]
    out: Option<PathBuf>,
    #[command(flatten)]
    own: Own,
    /// Do not ask for confirmation. 不再确认
    #[arg(long)]
    yes: bool,
    /// Show the order and stop. 只查看
    #[arg(long)]
    show: bool,
}

pub(crate) async fn run(output: Output, arguments: &Arguments) -> Result<(), Failure> {
    let trust = arguments.own.trust()?;
    let opened = arguments.own.open()?;
    if let Some(path) = &arguments.order_file {
        let export: OrderExport = files::document(path)?;
        return match consented(output, arguments, &trust, &opened, &export)? {
            Some(approval) => offline(output, arguments, &approval),
            None => Ok(()),
        };
    }
    let client = files::client(&trust.portal_staff, &trust, Some(opened.identity()?))?;
    let portal = portal_api::Staff(client);
    let Some(order) = &arguments.order else { return list(output, arguments, &portal).await };
    let export = portal.fetch(order).await?;
    let Some(approval) = consented(output, arguments, &trust, &opened, &export)? else {
        return Ok(());
    };
    let approved = portal.approve(&approval).await?;
    let standing = format!("{} ({} / {})", approved.order, approved.approvals, approved.needed);
    output.fact(("已批准", "approved"), &standing);
    output.json(&serde_json::json!({
        "order": approved.order, "approvals": approved.approvals, "needed": approved.needed,
    }));
    Ok(())
}

/// The order, if the CA signed it, every disclosure is what was committed to, and it is the one
/// that was asked for. Nothing is shown or signed that did not pass here.
pub(crate) fn checked(
    export: &OrderExport,
    wanted: Option<&str>,
    trust: &Trust,
) -> Result<OpenedOrder, Failure> {
    let shown = export.open(trust, now()).map_err(|e| Failure::not_trusted(&e))?;
    if wanted.is_some_and(|wanted| {
        records::letter::read_reference(wanted).as_ref() != Some(&shown.order().order)
    }) {
        return Err(Failure::usage(
            "收到的不是所要的办件。",
            "this is not the order that was asked for",
        ));
    }
    Ok(shown)
}

/// Orders of a batch that are named as opened where nobody says how many the rules ask for.
const SAMPLE_OFFLINE: u16 = 20;

/// An order that somebody is to approve: all of it is signed, by its digest. Of a batch every order
/// is shown, and those are named that had to be opened.
pub(crate) struct Approving {
    order: OpenedOrder,
    opened: Option<Bytes>,
}

impl Approving {
    /// An order as it was fetched, with how far it is where a portal said so.
    pub(crate) fn of(order: OpenedOrder, standing: Option<&OrderProgress>) -> Self {
        let rows: Vec<u8> = match order.body() {
            Body::Batch(batch) => {
                let wanted = standing.map_or(SAMPLE_OFFLINE, |standing| standing.sample);
                let sample = batch.sample(&order.digest(), wanted);
                sample.into_iter().flat_map(|row| row.0.clone()).collect()
            }
            _ => Vec::new(),
        };
        Self { order, opened: (!rows.is_empty()).then_some(Bytes(rows)) }
    }
}

impl Consentable for Approving {
    fn what(&self) -> Said {
        what(&self.order)
    }

    fn facts(&self) -> Vec<Fact> {
        facts(&self.order)
    }

    fn digest(&self) -> Option<[u8; 32]> {
        Some(self.order.digest())
    }

    fn machine(&self) -> Map<String, Value> {
        machine(&self.order)
    }
}

impl Signable for Approving {
    type Signed = Approval;

    fn sign(self, leaf: &Certificate, signer: &dyn Signer) -> Result<Approval, Failure> {
        if !self.order.is_comparable() {
            return Err(Failure::not_trusted(&NotTrusted::Moved));
        }
        let signed = Approval::sign_opened(self.order.digest(), self.opened, leaf, signer);
        signed.map_err(|error| unsigned(&error))
    }
}

/// Every fact of an order, and of a batch those of each order in it behind its number.
pub(crate) fn facts(opened: &OpenedOrder) -> Vec<Fact> {
    let of_row = |row: &OpenedOrder| {
        let id = &row.order().order;
        let which = Fact {
            term: plain::kind(row.body()),
            value: Said { zh: id.clone(), en: id.clone() },
            differs: false,
            lines: Vec::new(),
        };
        std::iter::once(which).chain(plain::facts(row)).collect::<Vec<Fact>>()
    };
    plain::facts(opened).into_iter().chain(opened.rows().iter().flat_map(of_row)).collect()
}

/// An order in a few words.
pub(crate) fn what(opened: &OpenedOrder) -> Said {
    let (kind, order) = (plain::kind(opened.body()), &opened.order().order);
    Said { zh: format!("办件 {order}：{}", kind.zh), en: format!("order {order}: {}", kind.en) }
}

/// What machines get of an order beside its facts.
pub(crate) fn machine(opened: &OpenedOrder) -> Map<String, Value> {
    let order = opened.order();
    let rows: Vec<&str> = opened.rows().iter().map(|row| row.order().order.as_str()).collect();
    let document = json!({
        "order": order.order, "kind": order.kind, "body": order.body, "basis": order.basis,
        "drafter": order.drafter, "expires": order.expires, "disclosures": opened.disclosures(),
        "rows": rows,
    });
    document.as_object().cloned().unwrap_or_default()
}

/// Checks and shows the order, asks, and signs its digest.
fn consented(
    output: Output,
    arguments: &Arguments,
    trust: &Trust,
    opened: &Opened,
    export: &OrderExport,
) -> Result<Option<Approval>, Failure> {
    let order = checked(export, arguments.order.as_deref(), trust)?;
    let id = order.order().order.clone();
    let has_moved = order.has_moved(export.standing.as_ref());
    let order = Approving::of(order, export.standing.as_ref());
    if arguments.show || has_moved {
        show(output, &order, &opened.name());
    }
    if arguments.show {
        return Ok(None);
    }
    if has_moved {
        let moved = plain::look(Look::Moved);
        let next = Command::new("yinxin return {} --reason TEXT", &[&id]);
        return Err(Failure::usage(&moved.zh, moved.en).next(next.as_str()));
    }
    let last = id.get(12..).unwrap_or_default();
    let zh = format!("输入办件编号末四位 {last} 以批准");
    let en = format!("type {last} to approve:");
    let how = Consent::new(arguments.yes, (&zh, &en), last);
    consent(output, (order, &opened.name()), &how)?.sign(opened).map(Some)
}

fn offline(output: Output, arguments: &Arguments, approval: &Approval) -> Result<(), Failure> {
    let Some(out) = &arguments.out else { return Ok(()) };
    let bytes = serde_json::to_vec_pretty(approval)
        .map_err(|error| Failure::usage("无法写出审批。", error.to_string()))?;
    files::write_new(out, &bytes)?;
    output.fact(("审批已签署", "approval signed"), out.display());
    let out_name = out.display().to_string();
    output.next(&Command::new("ca-server order import-approval {}", &[&out_name]));
    output.json(&serde_json::json!({ "approval": out, "order": approval.order.to_string() }));
    Ok(())
}

async fn list(
    output: Output,
    arguments: &Arguments,
    portal: &portal_api::Staff,
) -> Result<(), Failure> {
    let mut after = String::new();
    let mut first = None;
    loop {
        let page = portal.list(&after).await?;
        let Some(last) = page.last() else { break };
        after = last.cursor();
        if first.is_none() {
            output.said("门户所述，未经核对", "as the portal says, not checked");
        }
        first = first.or_else(|| page.first().map(|line| line.order.clone()));
        for line in &page {
            let look = line.look.map(portal_api::plain::look);
            let look = look.map_or_else(String::new, |s| format!("  ! {}", spoken(&s)));
            let given = match line.given {
                true => format!("  ✓ {}", speech::both("您已批准", "approved by you")),
                false => String::new(),
            };
            output.line(&format!(
                "{}  {:<14} {}  ({} / {}, ≤ {}){look}{given}",
                line.order,
                layout::value(&line.kind),
                layout::value(&line.about),
                line.approvals,
                line.needed,
                layout::value(&line.expires)
            ));
            output.json(&serde_json::json!(line));
        }
    }
    match first {
        Some(order) => output.next(&arguments.own.again("yinxin approve {}", &[&order])),
        None => output.said("没有待批办件", "nothing waits for you"),
    }
    Ok(())
}
