//! What differs from what is in force: values, lists and files.

use ::plain::bilingual::{BilingualText, Fact, FactLine, LineChange, LineText, fact, said, sha256};
use ::plain::value::FactValue;
use pki::name::is_look_alike;
use records::record::File;
use similar::{ChangeTag, TextDiff};

/// Lines that are shown around one that differs.
const CONTEXT_LINES: usize = 3;

/// A value beside the one in force.
pub(super) fn changed(
    term: (&str, &str),
    was: Option<impl Into<FactValue>>,
    is: impl Into<FactValue>,
) -> Fact {
    let (was, is) = (was.map(Into::into), is.into());
    let differs = was.as_ref().is_some_and(|was| *was != is);
    let value = match was {
        Some(was) if differs => FactValue::Change { was: Box::new(was), is: Box::new(is) },
        // A row of one, since a text by itself could be written like a change.
        _ => FactValue::Row(vec![is]),
    };
    Fact { differs, ..fact(term, value) }
}

/// A list beside the one in force.
pub(super) fn list(term: (&str, &str), was: &[FactValue], is: &[FactValue]) -> Fact {
    let mark = |line: &FactValue, other: &[FactValue], mark| match other.contains(line) {
        true => LineChange::Kept,
        false => mark,
    };
    let removed =
        was.iter().filter(|line| !is.contains(line)).map(|line| (LineChange::Removed, line));
    let stays = is.iter().map(|line| (mark(line, was, LineChange::Added), line));
    let line = |(mark, line): (LineChange, &FactValue)| FactLine {
        mark,
        line: LineText::Value(line.clone()),
    };
    let lines: Vec<FactLine> = removed.chain(stays).map(line).collect();
    let differs = lines.iter().any(|line| line.mark != LineChange::Kept);
    let value = match is.len() {
        0 => said("无", "none"),
        count => said(&format!("{count} 项"), &format!("{count}")),
    };
    Fact { differs, lines, ..fact(term, value) }
}

/// Every file that comes into force, each as a difference to the one of the same name, or whole;
/// and every file that ceases to be.
pub(super) fn files(was: &[File], is: &[File]) -> Vec<Fact> {
    let known = |name: &str, list: &[File]| list.iter().find(|file| file.name == name).cloned();
    let gone = was.iter().filter(|file| known(&file.name, is).is_none());
    let gone = gone.map(|file| of_file(&file.name, Some(&file.content), None));
    let stays = is.iter().map(|file| {
        let before = known(&file.name, was);
        of_file(&file.name, before.as_ref().map(|file| file.content.as_str()), Some(&file.content))
    });
    stays.chain(gone).collect()
}

fn of_file(name: &str, was: Option<&str>, is: Option<&str>) -> Fact {
    let differs = was != is;
    let digest = sha256(is.or(was).unwrap_or_default().as_bytes());
    let what = match (was, is) {
        (None, _) => said("新文件", "new file"),
        (_, None) => said("不再生效", "no longer in force"),
        _ if differs => said("有变化", "differs"),
        _ => said("没有变化", "unchanged"),
    };
    let (zh, en) = look_alikes(is.unwrap_or_default());
    let what = BilingualText {
        zh: format!("：{}，SHA-256 {digest}{zh}", what.zh),
        en: format!(": {}, SHA-256 {digest}{en}", what.en),
    };
    let value = FactValue::Row(vec![name.into(), what.into()]);
    let lines = match differs {
        true => lines(was.unwrap_or_default(), is.unwrap_or_default()),
        false => Vec::new(),
    };
    Fact { differs, lines, ..fact(("文件", "file"), value) }
}

/// How many characters of a file may be taken for others, if any: its lines have their numbers.
fn look_alikes(text: &str) -> (String, String) {
    match text.chars().filter(|c| is_look_alike(*c)).count() {
        0 => (String::new(), String::new()),
        count => (
            format!("，其中 {count} 个字符与别的字符形似，行中标有编号"),
            format!(
                ", with {count} that look like other characters, by their numbers in its lines"
            ),
        ),
    }
}

/// The lines of a text that differ, with some around them. A line without an end is another line
/// than the same with one.
fn lines(was: &str, is: &str) -> Vec<FactLine> {
    let diff = TextDiff::from_lines(was, is);
    let mut lines = Vec::new();
    for (place, group) in diff.grouped_ops(CONTEXT_LINES).iter().enumerate() {
        if place > 0 {
            lines.push(FactLine { mark: LineChange::LeftOut, line: LineText::File(String::new()) });
        }
        for change in group.iter().flat_map(|op| diff.iter_changes(op)) {
            let mark = match change.tag() {
                ChangeTag::Equal => LineChange::Kept,
                ChangeTag::Delete => LineChange::Removed,
                ChangeTag::Insert => LineChange::Added,
            };
            let text = change.value();
            let line = text.strip_suffix('\n');
            lines.push(FactLine { mark, line: LineText::File(line.unwrap_or(text).to_owned()) });
            lines.extend(line.is_none().then(no_line_feed));
        }
    }
    lines
}

/// Said by itself below a line: whatever stood in the line could stand in a file.
fn no_line_feed() -> FactLine {
    let told = said("上一行末尾没有换行", "no line feed at the end of the line above");
    FactLine { mark: LineChange::NoLineFeed, line: LineText::Value(told.into()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str, content: &str) -> File {
        File { name: name.into(), content: content.into() }
    }

    fn written(facts: &[Fact]) -> Vec<String> {
        let line = |one: &FactLine| match &one.line {
            LineText::File(text) => format!("{}{text}", one.mark.sign()),
            LineText::Value(value) => format!("{}{}", one.mark.sign(), value.en()),
        };
        facts
            .iter()
            .flat_map(|fact| std::iter::once(fact.value.en()).chain(fact.lines.iter().map(line)))
            .collect()
    }

    #[test]
    fn files_are_shown_as_what_changes() {
        let many: String = (0..40).map(|line| format!("line {line}\n")).collect();
        let changed = many.replace("line 20\n", "line twenty\n");
        let was = [file("a", "one\n"), file("b", &many), file("c", "same\n")];
        let is = [file("b", &changed), file("c", "same\n"), file("d", "new\nwhole")];
        let shown = written(&files(&was, &is));
        for line in ["-line 20", "+line twenty", " line 17", "+new", "+whole", "-one"] {
            assert!(shown.iter().any(|shown| shown == line), "{line}: {shown:?}");
        }
        assert!(!shown.iter().any(|line| line == " line 3"), "{shown:?}");
        let headings: Vec<&String> = shown.iter().filter(|line| line.contains("SHA-256")).collect();
        assert_eq!(headings.len(), 4, "{shown:?}");
    }

    /// A rule in which a letter is another one than it looks like says so in its heading.
    #[test]
    fn what_looks_like_another_character_is_told() {
        let heading = |text: &str| files(&[], &[file("a", text)])[0].value.clone();
        let told = "，其中 1 个字符与别的字符形似，行中标有编号";
        assert!(heading("\"re\u{430}d\" 读\n").zh().contains(told));
        assert!(heading("\"re\u{430}d\"\n").en().contains("with 1 that look like"));
        assert!(!heading("\"read\" 读\n").zh().contains("形似"));
    }

    #[test]
    fn a_line_feed_that_is_added_or_lost_is_seen() {
        let shown = written(&files(&[file("a", "x")], &[file("a", "x\n")]));
        let told = "\\no line feed at the end of the line above";
        assert_eq!(shown[1..], ["-x", told, "+x"]);
        // No file says so of itself.
        let is = written(&files(&[], &[file("a", "x")]));
        for forged in ["x ‹EOF›\n", "x\n\\no line feed at the end of the line above\n"] {
            assert_ne!(written(&files(&[], &[file("a", forged)]))[1..], is[1..], "{forged}");
        }
    }
}
