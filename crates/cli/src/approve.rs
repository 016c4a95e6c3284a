//! `yinxin approve`: an officer sees what the CA signed, not what a page says, and signs its
//! digest.

mod show;

pub(crate) use show::show;

use crate::clock::now;
use crate::exit::Failure;
use crate::files::{Opened, Own};
use crate::output::{Output, spoken};
use crate::{files, prompt};
use portal_api::plain;
use records::export::{Look, NotTrusted, OpenedOrder, OrderExport, OrderProgress};
use records::order::Body;
use records::trust::Trust;
use records::{Approval, Bytes};
use std::path::PathBuf;
use system::speech;

/// Arguments of `yinxin approve`.
#[derive(clap::Args)]
#[command(after_help = "Without an order: lists what waits for you. / 不带编号：列出待批指令。\n\
    Offline / 离线: yinxin approve --order FILE --out FILE,\n\
    随后 / then: ca-server order import-approval FILE")]
pub struct Arguments {
    /// Order id. 指令编号
    #[arg(conflicts_with = "order_file")]
    order: Option<String>,
    /// An exported order instead of the portal. 离线指令文件
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
        return match consent(output, arguments, &trust, &opened, &export)? {
            Some(approval) => offline(output, arguments, &approval),
            None => Ok(()),
        };
    }
    let client = files::client(&trust.portal_staff, &trust, Some(opened.identity()?))?;
    let portal = portal_api::Staff(client);
    let Some(order) = &arguments.order else { return list(output, arguments, &portal).await };
    let export = portal.fetch(order).await?;
    let Some(approval) = consent(output, arguments, &trust, &opened, &export)? else {
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
            "收到的不是所要的指令。",
            "this is not the order that was asked for",
        ));
    }
    Ok(shown)
}

/// Orders of a batch that are named as opened where nobody says how many the rules ask for.
const SAMPLE_OFFLINE: u16 = 20;

/// The approval: a signature over the order's digest, and of a batch over those orders in it that
/// had to be opened; all of them were shown.
pub(crate) fn signed(
    shown: &OpenedOrder,
    standing: Option<&OrderProgress>,
    opened: &Opened,
) -> Result<Approval, Failure> {
    if !shown.is_comparable() {
        return Err(Failure::not_trusted(&NotTrusted::Moved));
    }
    let rows = match shown.body() {
        Body::Batch(batch) => {
            let wanted = standing.map_or(SAMPLE_OFFLINE, |standing| standing.sample);
            let sample = batch.sample(&shown.digest(), wanted);
            (!sample.is_empty())
                .then(|| Bytes(sample.iter().flat_map(|row| row.0.clone()).collect()))
        }
        _ => None,
    };
    let approval = Approval::sign_opened(shown.digest(), rows, opened.leaf()?, &opened.signer);
    approval.map_err(|error| Failure::usage("无法签名。", error.to_string()))
}

/// Checks and shows the order, asks, and signs its digest.
fn consent(
    output: Output,
    arguments: &Arguments,
    trust: &Trust,
    opened: &Opened,
    export: &OrderExport,
) -> Result<Option<Approval>, Failure> {
    let order_opened = checked(export, arguments.order.as_deref(), trust)?;
    let order = order_opened.order();
    let leaf = opened.leaf()?;
    show(output, &order_opened, (leaf, export.standing.as_ref()));
    if arguments.show {
        return Ok(None);
    }
    if order_opened.has_moved(export.standing.as_ref()) {
        let moved = plain::look(Look::Moved);
        return Err(Failure::usage(&moved.zh, moved.en)
            .next(format!("yinxin return {} --reason TEXT", order.order)));
    }
    if !arguments.yes {
        let last = order.order.get(12..).unwrap_or_default();
        let zh = format!("输入指令编号末四位 {last} 以批准");
        prompt::confirm((&zh, &format!("type {last} to approve:")), last)?;
    }
    signed(&order_opened, export.standing.as_ref(), opened).map(Some)
}

fn offline(output: Output, arguments: &Arguments, approval: &Approval) -> Result<(), Failure> {
    let Some(out) = &arguments.out else { return Ok(()) };
    let bytes = serde_json::to_vec_pretty(approval)
        .map_err(|error| Failure::usage("无法写出审批。", error.to_string()))?;
    files::write_new(out, &bytes)?;
    output.fact(("审批已签署", "approval signed"), out.display());
    output.next(&format!("ca-server order import-approval {}", speech::quoted(out)));
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
                line.order, line.kind, line.about, line.approvals, line.needed, line.expires
            ));
            output.json(&serde_json::json!(line));
        }
    }
    match first {
        Some(order) => output.next(&format!("yinxin approve {order}{}", arguments.own.again())),
        None => output.said("没有待批指令", "nothing waits for you"),
    }
    Ok(())
}
