//! `yinxin batch`: everything of one kind that waits for this officer becomes one batch, which is
//! then looked at and approved as one order.

use crate::exit::Failure;
use crate::files;
use crate::files::Own;
use crate::output::Output;
use clap::builder::PossibleValuesParser;
use portal_api::plain::{BilingualText, Fact};
use portal_api::{Batch, Pages};
use records::order::BATCH_ROWS_MAX;
use records::rules::{KINDS, LATER_KINDS};

/// Arguments of `yinxin batch`.
#[derive(clap::Args)]
#[command(after_help = "例 / example: yinxin batch person create")]
pub struct Arguments {
    /// The kind of order. 办件类别
    #[arg(value_parser = kinds())]
    kind: String,
    /// What they do, if the kind does several things: `create`, `move`, `leave`. 动作
    #[arg(default_value = "")]
    action: String,
    #[command(flatten)]
    own: Own,
}

/// The kinds that officers approve: another word is no kind of which nothing waits.
fn kinds() -> PossibleValuesParser {
    let later = LATER_KINDS.map(|(kind, _)| kind);
    PossibleValuesParser::new(KINDS.into_iter().chain(later))
}

pub(crate) async fn run(output: Output, arguments: &Arguments) -> Result<(), Failure> {
    let (trust, opened) = (arguments.own.trust()?, arguments.own.open()?);
    let client = files::client(&trust.portal_staff, &trust, Some(opened.identity()?))?;
    let portal = portal_api::Staff(client);
    let (mut rows, mut pages) = (Vec::new(), Pages::begin());
    // What waits behind a batch that is full is for the next one.
    while pages.next().is_some() && rows.len() < BATCH_ROWS_MAX {
        let page = portal.list(&mut pages).await?;
        let wanted = page.lines.iter().filter(|line| {
            let of = (&line.kind, &line.action);
            !line.given && of == (&arguments.kind, &arguments.action)
        });
        rows.extend(wanted.map(|line| line.digest.clone()));
    }
    let is_cut = rows.len() >= BATCH_ROWS_MAX;
    rows.truncate(BATCH_ROWS_MAX);
    if rows.is_empty() {
        output.said("没有待批办件", "nothing waits for you");
        output.next(&arguments.own.again("yinxin approve", &[]));
        return Ok(());
    }
    let count = rows.len();
    let made = portal.batch(&Batch { rows }).await?;
    let mut told = vec![
        Fact::new(("批次", "batch"), &made.order),
        Fact::new(("共", "orders in it"), count.to_string()),
        Fact::new(("需要的批准", "approvals needed"), made.needed.to_string()),
    ];
    told.extend(is_cut.then(cut));
    let answer = serde_json::json!({
        "order": made.order, "count": count, "needed": made.needed, "full": is_cut,
    });
    output.hearsay(&told, answer);
    output.next(&arguments.own.again("yinxin approve {}", &[&made.order]));
    Ok(())
}

/// A batch has as many orders as one can have: of what waits behind them nothing was looked at.
fn cut() -> Fact {
    let told = BilingualText {
        zh: format!("已满 {BATCH_ROWS_MAX} 件，其余未编入；再运行一次即编入下一批"),
        en: format!(
            "{BATCH_ROWS_MAX} are all that one has; others are left for the next: run it again"
        ),
    };
    Fact::new(("请留意", "take a look"), told)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(clap::Parser)]
    struct Typed {
        #[command(flatten)]
        batch: Arguments,
    }

    #[test]
    fn a_batch_is_of_a_kind_that_there_is() {
        let typed = |words: &[&str]| {
            let words = [&["batch"][..], words].concat();
            <Typed as clap::Parser>::try_parse_from(words).map(|typed| typed.batch.kind)
        };
        assert_eq!(typed(&["person", "create"]).ok().as_deref(), Some("person"));
        assert_eq!(typed(&["emergency-review"]).ok().as_deref(), Some("emergency-review"));
        assert!(typed(&["people"]).is_err());
    }
}
