//! `yinxin batch`: everything of one kind that waits for this officer becomes one batch, which is
//! then looked at and approved as one order.

use crate::exit::Failure;
use crate::files;
use crate::files::Own;
use crate::output::Output;
use portal_api::Batch;
use records::order::BATCH_ROWS_MAX;

/// Arguments of `yinxin batch`.
#[derive(clap::Args)]
pub struct Arguments {
    /// The kind of order: `issue`, `person`, `revoke` or another. 办件类别
    kind: String,
    /// What they do, if the kind does several things: `create`, `move`, `leave`. 动作
    #[arg(default_value = "")]
    action: String,
    #[command(flatten)]
    own: Own,
}

pub(crate) async fn run(output: Output, arguments: &Arguments) -> Result<(), Failure> {
    let (trust, opened) = (arguments.own.trust()?, arguments.own.open()?);
    let client = files::client(&trust.portal_staff, &trust, Some(opened.identity()?))?;
    let portal = portal_api::Staff(client);
    let (mut rows, mut after) = (Vec::new(), String::new());
    loop {
        let page = portal.list(&after).await?;
        let Some(last) = page.last() else { break };
        after = last.cursor();
        let wanted = page.iter().filter(|line| {
            let of = (&line.kind, &line.action);
            !line.given && of == (&arguments.kind, &arguments.action)
        });
        rows.extend(wanted.map(|line| line.digest.clone()));
    }
    rows.truncate(BATCH_ROWS_MAX);
    if rows.is_empty() {
        output.said("没有待批办件", "nothing waits for you");
        return Ok(());
    }
    let count = rows.len();
    let made = portal.batch(&Batch { rows }).await?;
    output.fact(("批次", "batch"), &made.order);
    output.fact(("共", "orders in it"), count);
    output.next(&arguments.own.again("yinxin approve {}", &[&made.order]));
    output.json(&serde_json::json!({
        "order": made.order, "count": count, "needed": made.needed,
    }));
    Ok(())
}
