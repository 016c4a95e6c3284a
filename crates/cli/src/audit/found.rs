//! What the log finds, checked against the trust file, and the words for what of it is proven.

use super::ask::ask;
use crate::exit::Failure;
use crate::files::SigningIdentity;
use crate::floors::{Floors, Given, Standing};
use portal_api::plain::{FactValue, NameAndId, joined_as, phrase};
use records::evidence::{AuditQuestion, LogAnswer, Search};
use records::found::{CheckedSearch, Unproven};
use records::trust::Trust;

/// What was found in a log that goes on from what was seen of it before.
pub(crate) struct Finding {
    /// The records that were found, each proven or refused.
    pub(crate) checked: CheckedSearch,
    /// Where the log stands.
    pub(crate) standings: Vec<Standing>,
}

/// What the log finds: each record proven to stand in it, or refused.
pub(crate) async fn find(
    trust: &Trust,
    opened: &SigningIdentity,
    search: Search,
) -> Result<Finding, Failure> {
    let key = trust.log_key(&search.log).ok_or_else(|| {
        Failure::usage("信任文件中没有此日志的密钥。", "the trust file names no key of this log")
    })?;
    let floors = Floors::take(trust).await?;
    let asked = AuditQuestion::Search(Box::new(search.clone()));
    let answer = ask(trust, opened, (asked, floors.known())).await?;
    let LogAnswer::Search(answer) = answer else {
        return Err(Failure::usage("日志的应答不对。", "the log answered something else"));
    };
    let (checkpoint, consistency) = (answer.checkpoint.clone(), answer.consistency.clone());
    let checked = answer.open(&search, &key).map_err(|_| {
        Failure::unproven(
            "日志的应答没有其密钥签名的检查点，全部不予采信。",
            "the answer has no checkpoint that the log's key signed: nothing of it is believed",
        )
    })?;
    let given = Given { log: &search.log, checkpoint: &checkpoint, consistency: &consistency };
    Ok(Finding { checked, standings: floors.keep(&[given])? })
}

/// How a search ends of which something was refused.
pub(super) fn refused(count: usize) -> Failure {
    Failure::unproven(
        format!("日志所给的 {count} 条未经证明，不予采信。"),
        format!("{count} of what the log gave are not proven, and not believed"),
    )
}

/// Why what the log gave at an index is not shown.
pub(crate) fn unproven(why: Unproven) -> FactValue {
    let (zh, en) = match why {
        Unproven::Elsewhere => (
            "拒绝：日志在此处的并非所给的内容，不予显示。",
            "Refused: what the log gave is not what it holds there; it is not shown.",
        ),
        Unproven::Unasked => (
            "拒绝：此条在日志中，但不符合所查条件，不予显示。",
            "Refused: it stands in the log and is not what was asked for; it is not shown.",
        ),
        Unproven::OutOfOrder => (
            "拒绝：此条重复，或不在从新到旧的次序中，不予显示。",
            "Refused: it is given twice, or not newest first; it is not shown.",
        ),
    };
    phrase(zh, en, Vec::new())
}

/// What of a page is proven, where the log stands, and what the log says of it.
pub(crate) fn page(checked: &CheckedSearch, standings: &[Standing]) -> Vec<FactValue> {
    let refused = checked.refused();
    let number = |count: usize| FactValue::from(count.to_string());
    let size = FactValue::from(checked.tree_size.to_string());
    let mut said = vec![phrase(
        "{0} 条经证明在日志中：日志密钥签名的检查点之下共 {1} 条记录。",
        "{0} records are proven to stand in the log, under a checkpoint over {1} records that its \
         key signed.",
        vec![number(checked.records.len() - refused), size],
    )];
    said.extend(standings.iter().filter_map(Standing::told));
    if refused > 0 {
        said.push(phrase(
            "{0} 条未经证明，已拒绝。",
            "{0} are not proven, and refused.",
            vec![number(refused)],
        ));
    }
    said.push(phrase(
        "日志服务称已检索至第 {0} 条记录；是否略去了符合条件的记录，不能由此证明。",
        "The log says that it looked up to record {0}; that it left out nothing that fits is not \
         proven by this.",
        vec![checked.complete_to.to_string().into()],
    ));
    said.extend(names(checked));
    said.push(as_written());
    said
}

/// What of a record that stands in the log is not proven by that: whoever writes into the database
/// has a record numbered, and a signature in it is judged where authority is replayed.
pub(crate) fn as_written() -> FactValue {
    phrase(
        "各条所述为写入者的话：无人签名、没有生效的记录也会在日志中。谁批准了什么、签发了什么，\
         须导出证据证明。",
        "What each of them says is the word of whoever wrote it: records that nobody signed, and \
         that have no effect, stand in the log as well. Who approved what, and what was issued, is \
         proven by evidence that is exported.",
        Vec::new(),
    )
}

/// Who the people are, by name.
fn names(checked: &CheckedSearch) -> Option<FactValue> {
    let named = checked.names.iter().map(|(id, name)| {
        let named = NameAndId { name: Some(name.clone()), id: id.clone(), unit: None };
        FactValue::from(named)
    });
    let named = joined_as(named, ("、", ", "));
    let is_some = !checked.names.is_empty();
    is_some.then(|| {
        phrase(
            "姓名为日志服务所述，未经证明：{0}。",
            "Names are as the log says, not proven: {0}.",
            vec![named],
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use records::found::UnprovenRecord;
    use std::collections::BTreeMap;

    /// Of what a log answers, its records alone are proven: how far it looked, and who bears an id,
    /// is told as what it says, and that it left nothing out is told as not proven.
    #[test]
    fn what_a_search_does_not_prove_is_told_as_the_logs_word() {
        let gone = UnprovenRecord { index: 9, why: Unproven::Elsewhere };
        let checked = CheckedSearch {
            tree_size: 180,
            root: [7; 32].into(),
            records: vec![Err(gone)],
            names: BTreeMap::from([("0123456789ABCDEF".to_owned(), "王小明".to_owned())]),
            before: None,
            complete_to: 173,
        };
        let said = page(&checked, &[]);
        let zh: String = said.iter().map(FactValue::zh).collect();
        let en: String = said.iter().map(FactValue::en).collect();
        for words in ["0 条经证明", "180", "1 条未经证明，已拒绝", "称已检索至第 173", "略去"]
        {
            assert!(zh.contains(words), "{words}: {zh}");
        }
        assert!(zh.contains("姓名为日志服务所述，未经证明：「王小明」"), "{zh}");
        assert!(zh.contains("没有生效的记录也会在日志中"), "{zh}");
        assert!(en.contains("the word of whoever wrote it"), "{en}");
        for words in ["the log says", "left out nothing that fits is not proven", "not proven: "] {
            assert!(en.contains(words), "{words}: {en}");
        }
        for why in [Unproven::Elsewhere, Unproven::Unasked, Unproven::OutOfOrder] {
            assert!(unproven(why).zh().starts_with("拒绝："), "{why:?}");
        }
    }
}
