//! What was typed wrongly, in Chinese; clap says it in English.

use super::{SpokenLanguage, halves};
use crate::terminal::complaint;
use clap::Error;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use std::error::Error as _;
use std::process::exit;

/// Tells it in the language of whoever typed it, and ends the program as clap does. Help and
/// version, which are no mistake, are shown as they stand.
pub(super) fn refuse(spoken: SpokenLanguage, error: &Error) -> ! {
    let is_help = matches!(
        error.kind(),
        ErrorKind::DisplayHelp
            | ErrorKind::DisplayVersion
            | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
    );
    if is_help {
        error.exit();
    }
    if spoken != SpokenLanguage::English {
        complaint(&format!("✗ {}", chinese(error)));
    }
    match spoken {
        SpokenLanguage::Chinese => details(error).iter().for_each(|line| complaint(line)),
        _ => english(error).iter().for_each(|line| complaint(line)),
    }
    exit(error.exit_code());
}

/// What is the matter.
fn chinese(error: &Error) -> String {
    let of = |kind| value(error, kind).unwrap_or_default();
    let argument = || of(ContextKind::InvalidArg);
    match error.kind() {
        ErrorKind::UnknownArgument => format!("没有参数 {}", argument()),
        ErrorKind::InvalidSubcommand => format!("没有命令 {}", of(ContextKind::InvalidSubcommand)),
        ErrorKind::MissingSubcommand => "缺少命令".to_owned(),
        ErrorKind::MissingRequiredArgument => format!("缺少参数：{}", argument()),
        ErrorKind::ArgumentConflict => match value(error, ContextKind::PriorArg) {
            Some(prior) if prior == argument() => format!("参数 {prior} 不能重复"),
            Some(prior) => format!("参数 {} 不能与 {prior} 同时使用", argument()),
            None => format!("参数 {} 不能这样使用", argument()),
        },
        ErrorKind::InvalidValue if of(ContextKind::InvalidValue).is_empty() => {
            format!("参数 {} 缺少取值", argument())
        }
        ErrorKind::InvalidValue | ErrorKind::ValueValidation => {
            let why = why(error).map(|(zh, _)| format!("：{zh}")).unwrap_or_default();
            format!("参数 {} 的取值 {} 不正确{why}", argument(), of(ContextKind::InvalidValue))
        }
        ErrorKind::NoEquals => format!("参数 {} 要用 = 写取值", argument()),
        ErrorKind::TooManyValues | ErrorKind::TooFewValues | ErrorKind::WrongNumberOfValues => {
            format!("参数 {} 的取值个数不对", argument())
        }
        ErrorKind::InvalidUtf8 => "参数含有不是 UTF-8 的字符".to_owned(),
        _ => "命令写得不对".to_owned(),
    }
}

/// As clap says it, without its empty lines.
fn english(error: &Error) -> Vec<String> {
    let mut told = error.render().to_string();
    if let (Some((_, en)), Some(both)) = (why(error), error.source()) {
        told = told.replace(&both.to_string(), &en);
    }
    told.lines().filter(|line| !line.trim().is_empty()).map(str::to_owned).collect()
}

/// Why a value is not taken, in Chinese and in English: in the words of a library, if it says so.
fn why(error: &Error) -> Option<(String, String)> {
    let told = error.source()?.to_string();
    match told.contains(super::is_chinese) {
        true => Some(halves(&told)),
        false => Some((told.clone(), told)),
    }
}

/// What helps: what it could have been, how it is written.
fn details(error: &Error) -> Vec<String> {
    let suggested =
        [ContextKind::SuggestedArg, ContextKind::SuggestedSubcommand, ContextKind::SuggestedValue];
    let suggested = suggested.into_iter().filter_map(|kind| value(error, kind));
    let mut lines: Vec<String> = suggested.map(|one| format!("  您是否想输入 {one}")).collect();
    let valid = [ContextKind::ValidValue, ContextKind::ValidSubcommand];
    let valid = valid.into_iter().filter_map(|kind| value(error, kind));
    lines.extend(valid.map(|one| format!("  可用：{one}")));
    let usage = value(error, ContextKind::Usage).unwrap_or_default();
    let usage = usage.trim().trim_start_matches("Usage:").trim();
    if !usage.is_empty() {
        lines.push(format!("  用法: {usage}"));
    }
    lines.push("  下一步: 加上 --help 查看说明".to_owned());
    lines
}

fn value(error: &Error, kind: ContextKind) -> Option<String> {
    match error.get(kind)? {
        ContextValue::String(text) => Some(text.clone()),
        ContextValue::Strings(texts) => Some(texts.join("、")),
        ContextValue::StyledStr(text) => Some(text.to_string()),
        ContextValue::StyledStrs(texts) => {
            Some(texts.iter().map(ToString::to_string).collect::<Vec<_>>().join("、"))
        }
        ContextValue::Number(number) => Some(number.to_string()),
        _ => None,
    }
    .filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::{Arg, Command};

    fn said(words: &[&str]) -> String {
        let level = Arg::new("level").long("level").value_parser(["low", "high"]);
        let days = Arg::new("days").long("days").value_parser(clap::value_parser!(u8));
        let open = Command::new("open").arg(Arg::new("box").required(true)).arg(level).arg(days);
        let program = Command::new("boxes").subcommand_required(true).subcommand(open);
        let words = [&["boxes"], words].concat();
        let error = program.try_get_matches_from(words).unwrap_err();
        [vec![chinese(&error)], details(&error)].concat().join("\n")
    }

    #[test]
    fn what_was_typed_wrongly_is_told_in_chinese() {
        let told = [
            (&["opne"][..], "没有命令 opne"),
            (&["open"], "缺少参数：<box>"),
            (&["open", "red", "--levle", "low"], "没有参数 --levle"),
            (&["open", "red", "--level", "middle"], "可用：low、high"),
            (&["open", "red", "--days", "300"], "参数 --days <days> 的取值 300 不正确：300 is"),
            (&["open", "red", "--days"], "参数 --days <days> 缺少取值"),
            (&["open", "red", "--days", "1", "--days", "2"], "参数 --days <days> 不能重复"),
            (&[], "缺少命令"),
        ];
        for (words, text) in told {
            assert!(said(words).contains(text), "{words:?}: {}", said(words));
            assert!(said(words).contains("--help"), "{words:?}");
        }
        assert!(said(&["opne"]).contains("您是否想输入 open"));
        let closed = |_: &str| Err::<String, String>("没有开 / it is not open".into());
        let lid = Arg::new("lid").long("lid").value_parser(closed);
        let boxes = Command::new("boxes").arg(lid);
        let error = boxes.try_get_matches_from(["boxes", "--lid", "x"]).unwrap_err();
        assert!(chinese(&error).ends_with("不正确：没有开"), "{}", chinese(&error));
        let said = english(&error).join("\n");
        assert!(said.contains(": it is not open") && !said.contains('开'), "{said}");
        let error = Command::new("boxes").try_get_matches_from(["boxes", "red"]).unwrap_err();
        assert!(english(&error).iter().all(|line| !line.contains('\n')));
        assert!(english(&error).iter().any(|line| line.starts_with("Usage:")));
    }
}
