//! Why JSON is not the document that it was read as, in Chinese and in English: what of it is wrong
//! and where. What the library says of it is read here, and is shown to nobody.

use super::place;
use core::fmt;
use serde_json::error::Category;

/// What is wrong with a document, and where in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misfit {
    matter: Matter,
    /// A JSON pointer (RFC 6901); empty for the whole document, or where nobody knows.
    at: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Matter {
    Syntax,
    Cut,
    Deep,
    Missing(String),
    Unknown(String),
    Twice(String),
    /// One of several by its name, and none of them.
    Variant(String),
    Kind {
        wanted: JsonKind,
        found: JsonKind,
    },
    /// Of the right kind, and not one that may stand there.
    Value,
    /// A part of ours that does not fit what it belongs to.
    Part(String),
    Other,
}

/// What a value of JSON is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum JsonKind {
    Text,
    Base64url,
    Integer,
    Number,
    Truth,
    List,
    Object,
    Null,
    Other,
}

/// Longest name of others that is told, in characters.
const NAME_CHARS_MAX: usize = 64;

impl Misfit {
    /// What the library finds wrong with these bytes; with none where it read a value.
    pub fn of(error: &serde_json::Error, bytes: &[u8]) -> Self {
        let matter = match error.classify() {
            Category::Eof => Matter::Cut,
            Category::Syntax if error.to_string().starts_with("recursion limit") => Matter::Deep,
            Category::Syntax => Matter::Syntax,
            Category::Data => matter(&error.to_string()),
            Category::Io => Matter::Other,
        };
        Self { matter, at: named(&place::at(bytes, error.line(), error.column())) }
    }

    /// A part by its name that does not fit what it belongs to.
    pub(crate) fn part(name: &str) -> Self {
        Self { matter: Matter::Part(named(name)), at: String::new() }
    }

    /// A null, which stands in no document of ours.
    pub(super) fn null() -> Self {
        let matter = Matter::Kind { wanted: JsonKind::Other, found: JsonKind::Null };
        Self { matter, at: String::new() }
    }

    /// A key that the document's kind does not have.
    pub(super) fn unknown_key() -> Self {
        Self { matter: Matter::Unknown(String::new()), at: String::new() }
    }

    /// The same in Chinese.
    pub fn zh(&self) -> String {
        let what = match &self.matter {
            Matter::Syntax => "不是 JSON".to_owned(),
            Matter::Cut => "不完整".to_owned(),
            Matter::Deep => "嵌套过深".to_owned(),
            Matter::Missing(name) => format!("缺少 `{name}`"),
            Matter::Unknown(name) if name.is_empty() => "有不认识的键".to_owned(),
            Matter::Unknown(name) => format!("不认识的键 `{name}`"),
            Matter::Twice(name) => format!("`{name}` 重复出现"),
            Matter::Variant(name) => format!("不认识的种类 `{name}`"),
            Matter::Kind { wanted: JsonKind::Other, found } => format!("不应是{}", found.zh()),
            Matter::Kind { wanted, found: JsonKind::Other } => format!("应为{}", wanted.zh()),
            Matter::Kind { wanted, found } => format!("应为{}，实为{}", wanted.zh(), found.zh()),
            Matter::Value => "值不合要求".to_owned(),
            Matter::Part(name) => format!("`{name}` 不成形"),
            Matter::Other => "不是所要的文件".to_owned(),
        };
        if self.at.is_empty() { what } else { format!("{} 处{what}", self.at) }
    }

    /// The same in English.
    pub fn en(&self) -> String {
        let what = match &self.matter {
            Matter::Syntax => "it is no JSON".to_owned(),
            Matter::Cut => "it is cut off".to_owned(),
            Matter::Deep => "it is nested too deeply".to_owned(),
            Matter::Missing(name) => format!("`{name}` is missing"),
            Matter::Unknown(name) if name.is_empty() => "a key is unknown".to_owned(),
            Matter::Unknown(name) => format!("the key `{name}` is unknown"),
            Matter::Twice(name) => format!("`{name}` is there twice"),
            Matter::Variant(name) => format!("the kind `{name}` is unknown"),
            Matter::Kind { wanted: JsonKind::Other, found } => {
                format!("{} stands where none may", found.en())
            }
            Matter::Kind { wanted, found: JsonKind::Other } => {
                format!("{} has to stand there", wanted.en())
            }
            Matter::Kind { wanted, found } => {
                format!("{} stands in place of {}", found.en(), wanted.en())
            }
            Matter::Value => "its value may not stand there".to_owned(),
            Matter::Part(name) => format!("`{name}` has no valid form"),
            Matter::Other => "it is another document".to_owned(),
        };
        if self.at.is_empty() { what } else { format!("at {}: {what}", self.at) }
    }
}

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} / {}", self.zh(), self.en())
    }
}

impl JsonKind {
    fn zh(self) -> &'static str {
        match self {
            Self::Text => "文字",
            Self::Base64url => "不带填充的 base64url 文字",
            Self::Integer => "整数",
            Self::Number => "带小数的数",
            Self::Truth => " true 或 false",
            Self::List => "列表",
            Self::Object => "对象",
            Self::Null => " null",
            Self::Other => "别的内容",
        }
    }

    fn en(self) -> &'static str {
        match self {
            Self::Text => "a text",
            Self::Base64url => "a text in base64url without padding",
            Self::Integer => "an integer",
            Self::Number => "a number with a fraction",
            Self::Truth => "true or false",
            Self::List => "a list",
            Self::Object => "an object",
            Self::Null => "null",
            Self::Other => "something else",
        }
    }

    /// What the library found.
    fn found(text: &str) -> Self {
        let kinds = [
            ("string", Self::Text),
            ("character", Self::Text),
            ("integer", Self::Integer),
            ("floating point", Self::Number),
            ("boolean", Self::Truth),
            ("sequence", Self::List),
            ("map", Self::Object),
            ("null", Self::Null),
            ("unit", Self::Null),
        ];
        let kind = kinds.into_iter().find(|(begins, _)| text.starts_with(begins));
        kind.map_or(Self::Other, |(_, kind)| kind)
    }

    /// What the library wanted.
    fn wanted(text: &str) -> Self {
        match text {
            "base64url without padding" => Self::Base64url,
            "a string" | "a borrowed string" | "a character" | "string or map" => Self::Text,
            "a boolean" => Self::Truth,
            "a sequence" => Self::List,
            "a map" => Self::Object,
            "u8" | "u16" | "u32" | "u64" | "usize" | "i8" | "i16" | "i32" | "i64" => Self::Integer,
            _ if text.starts_with("struct ") || text.starts_with("internally tagged") => {
                Self::Object
            }
            _ if text.starts_with("an array") || text.starts_with("a tuple") => Self::List,
            _ => Self::Other,
        }
    }
}

/// What the library says of a document of another shape.
fn matter(told: &str) -> Matter {
    let quoted = |begins: &str| {
        let rest = told.strip_prefix(begins)?;
        // A key of others may have any character; what follows it is the library's.
        let name = rest.rsplit_once("`, ").map_or(rest, |(name, _)| name);
        let name = name.rsplit_once("` at line ").map_or(name, |(name, _)| name);
        Some(named(name.trim_end_matches('`')))
    };
    if let Some(name) = quoted("missing field `") {
        return Matter::Missing(name);
    }
    if let Some(name) = quoted("duplicate field `") {
        return Matter::Twice(name);
    }
    let unknown = |begins: &str| {
        let rest = told.strip_prefix(begins)?;
        let ends = ["`, expected ", "`, there are no "];
        let end = ends.iter().filter_map(|end| rest.find(end)).min()?;
        Some(named(rest.get(..end)?))
    };
    if let Some(name) = unknown("unknown field `") {
        return Matter::Unknown(name);
    }
    if let Some(name) = unknown("unknown variant `") {
        return Matter::Variant(name);
    }
    if let Some((found, wanted)) =
        told.strip_prefix("invalid type: ").and_then(|rest| rest.rsplit_once(", expected "))
    {
        let wanted = wanted.split_once(" at line ").map_or(wanted, |(wanted, _)| wanted);
        return Matter::Kind { wanted: JsonKind::wanted(wanted), found: JsonKind::found(found) };
    }
    if told.starts_with("not base64url without padding") {
        return Matter::Kind { wanted: JsonKind::Base64url, found: JsonKind::Other };
    }
    match told.starts_with("invalid value: ") || told.starts_with("invalid length ") {
        true => Matter::Value,
        false => Matter::Other,
    }
}

/// A name of others: short, and without what stands between the languages of a message.
fn named(name: &str) -> String {
    let mut short: String = name.chars().take(NAME_CHARS_MAX).collect();
    if short.len() < name.len() {
        short.push('…');
    }
    short.replace(" / ", "/")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bytes::Bytes;
    use serde::Deserialize;
    use std::collections::BTreeMap;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only read")]
    struct Whole {
        list: Vec<Part>,
        #[serde(default)]
        kinds: BTreeMap<String, Kinds>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only read")]
    struct Part {
        number: u8,
        #[serde(default)]
        bytes: Bytes,
        #[serde(default)]
        truth: bool,
    }

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "kebab-case")]
    enum Kinds {
        One,
    }

    /// Each thing that the library finds wrong is told in both languages, with its place; a library
    /// that says it otherwise fails here.
    #[test]
    fn what_is_wrong_with_json_is_told_in_both_languages_with_its_place() {
        let told = |text: &str| {
            let error = serde_json::from_str::<Whole>(text).unwrap_err();
            let misfit = Misfit::of(&error, text.as_bytes());
            (misfit.zh(), misfit.en())
        };
        for (text, zh, en) in [
            ("x", "不是 JSON", "it is no JSON"),
            (r#"{"list":["#, "/list/0 处不完整", "at /list/0: it is cut off"),
            ("{}", "缺少 `list`", "`list` is missing"),
            (
                r#"{"list":[{"number":1},{}]}"#,
                "/list/1 处缺少 `number`",
                "at /list/1: `number` is missing",
            ),
            (r#"{"list":[],"x":1}"#, "/x 处不认识的键 `x`", "at /x: the key `x` is unknown"),
            (
                r#"{"list":[],"list":[]}"#,
                "/list 处`list` 重复出现",
                "at /list: `list` is there twice",
            ),
            (
                r#"{"list":[{"number":"七"}]}"#,
                "/list/0/number 处应为整数，实为文字",
                "at /list/0/number: a text stands in place of an integer",
            ),
            (
                r#"{"list":[{"number":300}]}"#,
                "/list/0/number 处值不合要求",
                "at /list/0/number: its value may not stand there",
            ),
            (
                r#"{"list":[{"number":3,"bytes":"="}]}"#,
                "/list/0/bytes 处应为不带填充的 base64url 文字",
                "at /list/0/bytes: a text in base64url without padding has to stand there",
            ),
            (
                r#"{"list":[{"number":3,"truth":null}]}"#,
                "/list/0/truth 处应为 true 或 false，实为 null",
                "at /list/0/truth: null stands in place of true or false",
            ),
            (
                r#"{"list":{}}"#,
                "/list 处应为列表，实为对象",
                "at /list: an object stands in place of a list",
            ),
            (
                "{\"list\":[],\n \"kinds\":{\"a\":\"two\"}}",
                "/kinds/a 处不认识的种类 `two`",
                "at /kinds/a: the kind `two` is unknown",
            ),
        ] {
            assert_eq!(told(text), (zh.to_owned(), en.to_owned()), "{text}");
        }
        let deep = format!("{{\"list\":{}", "[".repeat(200));
        let error = serde_json::from_str::<serde_json::Value>(&deep).unwrap_err();
        assert!(Misfit::of(&error, deep.as_bytes()).zh().ends_with("嵌套过深"));
    }

    /// Whatever a key of others is, a message stays one of two halves, and short.
    #[test]
    fn a_name_of_others_ends_no_half_of_a_message() {
        let key = format!("中 / x`, expected `y{}", "z".repeat(5_000));
        let text = serde_json::json!({ "list": [], key: 1 }).to_string();
        let error = serde_json::from_str::<Whole>(&text).unwrap_err();
        let misfit = Misfit::of(&error, text.as_bytes());
        assert!(misfit.to_string().chars().count() < 400, "{misfit}");
        assert_eq!(misfit.to_string().matches(" / ").count(), 1, "{misfit}");
    }
}
