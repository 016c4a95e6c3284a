//! `yinxin approve`: an officer sees what the CA signed, not what a page says, and signs its
//! digest.

use crate::approving::Approving;
use crate::consent::{Consent, consent, show};
use crate::exit::Failure;
use crate::facts::{meant, row};
use crate::files;
use crate::files::{Own, SigningIdentity};
use crate::order::{checked, moved};
use crate::output::Output;
use crate::voice;
use portal_api::Pages;
use portal_api::plain::{self, BilingualText, Fact, FactValue};
use records::Approval;
use records::export::{OrderExport, OrderLine};
use records::trust::Trust;
use std::path::PathBuf;
use system::speech::Command;

/// Arguments of `yinxin approve`.
#[derive(clap::Args)]
#[command(after_help = "例 / example: yinxin approve ORDER\n\
    Without an order: lists what waits for you. / 不带编号：列出待批办件。\n\
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
    /// With --yes: an order of the batch that you opened, each that is to be. 已查看的抽查件
    #[arg(long, value_name = "ORDER", requires = "yes")]
    opened: Vec<String>,
    /// For whom: somebody on leave, or yourself. 代谁审批
    #[arg(long = "for", value_name = "PERSON")]
    acting_for: Option<String>,
    /// Show the order and stop. 只查看
    #[arg(long)]
    show: bool,
}

pub(crate) async fn run(output: Output, arguments: &Arguments) -> Result<(), Failure> {
    if let Some(out) = arguments.out.as_deref().filter(|_| !arguments.show) {
        files::check_vacant(out)?;
    }
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
    let answer = serde_json::json!({
        "order": approved.order, "approvals": approved.approvals, "needed": approved.needed,
    });
    output.hearsay(&[Fact::new(("已批准", "approved"), standing)], answer);
    Ok(())
}

/// Checks and shows the order, asks, and signs its digest.
fn consented(
    output: Output,
    arguments: &Arguments,
    trust: &Trust,
    opened: &SigningIdentity,
    export: &OrderExport,
) -> Result<Option<Approval>, Failure> {
    let order = checked(export, arguments.order.as_deref(), trust)?;
    let id = order.order().order.clone();
    let has_moved = order.has_moved(export.standing.as_ref());
    let (officer, standing) = (opened.person(), export.standing.as_ref());
    let only_shown = arguments.show || has_moved;
    let named = (officer.as_str(), arguments.acting_for.as_deref());
    let acting_for = match voice::chosen(standing, named, arguments.yes) {
        Err(_) if only_shown => None,
        chosen => chosen?,
    };
    let order = Approving::of(order, (&officer, acting_for), export.beside());
    if only_shown {
        show(output, &order, &opened.name());
    }
    if arguments.show {
        return Ok(None);
    }
    if has_moved {
        let next = arguments.own.again("yinxin return {} --reason TEXT", &[&id]);
        return Err(moved().next(next.as_str()));
    }
    let last = id.get(12..).unwrap_or_default();
    let zh = format!("输入办件编号末四位 {last} 以批准");
    let en = format!("type {last} to approve:");
    let read = |typed: &String| records::letter::read_reference(typed).unwrap_or(typed.clone());
    let named: Vec<String> = arguments.opened.iter().map(read).collect();
    let how = Consent::new(arguments.yes, (&zh, &en), last).naming(&named);
    consent(output, (order, &opened.name()), &how)?.sign(opened).map(Some)
}

fn offline(output: Output, arguments: &Arguments, approval: &Approval) -> Result<(), Failure> {
    let Some(out) = &arguments.out else { return Ok(()) };
    let bytes = serde_json::to_vec_pretty(approval)
        .map_err(|error| Failure::because("无法写出审批", &error))?;
    files::write_new(out, &bytes)?;
    output.fact(("审批已签署", "approval signed"), out.display());
    let out_name = out.display().to_string();
    output.next(&Command::new("ca-server order import-approval {}", &[&out_name]));
    output.json(&serde_json::json!({ "approval": out, "order": approval.order.to_string() }));
    Ok(())
}

/// What waits, as a portal says.
fn listed(line: &OrderLine) -> Fact {
    let look = line.look.map(|look| plain::look_in_list(&line.kind, look));
    let given = BilingualText { zh: "您已批准".into(), en: "approved by you".into() };
    let approvals = format!("{} / {}", line.approvals, line.needed);
    let facts = [
        FactValue::from(&line.order),
        meant(plain::kind_of(&line.kind, &line.action)),
        plain::told_about(&line.about),
        approvals.into(),
        FactValue::time(&line.expires),
    ];
    let beside = look.into_iter().chain(line.given.then_some(given)).map(FactValue::Words);
    Fact::new(("待批", "waits"), row(facts.into_iter().chain(beside)))
}

async fn list(
    output: Output,
    arguments: &Arguments,
    portal: &portal_api::Staff,
) -> Result<(), Failure> {
    let (mut pages, mut first) = (Pages::begin(), None);
    while pages.next().is_some() {
        let page = portal.list(&mut pages).await?;
        first = first.or_else(|| page.lines.first().map(|line| line.order.clone()));
        for line in &page.lines {
            output.hearsay(&[listed(line)], serde_json::json!(line));
        }
    }
    match first {
        Some(order) => output.next(&arguments.own.again("yinxin approve {}", &[&order])),
        None => output.said("没有待批办件", "nothing waits for you"),
    }
    Ok(())
}
