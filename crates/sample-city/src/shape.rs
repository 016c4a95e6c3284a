//! How an answer is made, without what it says: the forms that the values of each field have, so
//! that a sample can be held against what a running city answered. A name with its unit behind it
//! has another form than a name alone, and a number of ten digits another than one of forty.

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// The forms of each field by its path; the places of a list have one.
pub type Shape = BTreeMap<String, BTreeSet<String>>;

/// A run of so many letters and digits is a digest, a key or a serial number.
const LONG_CHARS: usize = 32;
/// What a text has that is hostile to whoever shows it.
pub const HOSTILE: &str = "hostile";

/// The shape of a value.
pub fn shape(value: &Value) -> Shape {
    let mut shape = Shape::new();
    add(value, String::new(), &mut shape);
    shape
}

fn add(value: &Value, path: String, to: &mut Shape) {
    let form = match value {
        Value::Object(fields) => {
            return fields
                .iter()
                .for_each(|(name, inner)| add(inner, format!("{path}/{name}"), to));
        }
        Value::Array(items) => {
            return items.iter().for_each(|inner| add(inner, format!("{path}/*"), to));
        }
        Value::String(text) => form(text),
        Value::Null => "null".to_owned(),
        Value::Bool(_) => "flag".to_owned(),
        Value::Number(_) => "number".to_owned(),
    };
    to.entry(path).or_default().insert(form);
}

/// The form of a text: runs of letters and digits become what they are, all else stands.
fn form(text: &str) -> String {
    if records::time::read(text).is_some() {
        return "time".to_owned();
    }
    if text.contains('<') || text.chars().any(pki::name::is_hidden) {
        return HOSTILE.to_owned();
    }
    let (mut form, mut run) = (String::new(), String::new());
    for character in text.chars().chain(['\0']) {
        let belongs = character.is_alphanumeric() || "-_".contains(character);
        let alike = run.chars().next().is_none_or(|first| first.is_ascii() == character.is_ascii());
        if belongs && alike {
            run.push(character);
            continue;
        }
        form.push_str(kind(&run));
        run.clear();
        match (belongs, character) {
            (true, other) => run.push(other),
            (false, '\0') => {}
            (false, other) => form.push(other),
        }
    }
    // A unit stands below any number of others.
    while form.contains("名 › 名 › 名") {
        form = form.replace("名 › 名 › 名", "名 › 名");
    }
    form
}

fn kind(run: &str) -> &'static str {
    let crockford = |byte: u8| byte.is_ascii_digit() || byte.is_ascii_uppercase();
    match run {
        "" => "",
        run if !run.is_ascii() => "名",
        run if run.len() >= LONG_CHARS => "long",
        run if run.len() == 16 && run.bytes().all(crockford) => "ID",
        _ => "w",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_form_says_how_a_text_is_made_and_not_what_it_says() {
        for (text, wanted) in [
            ("", ""),
            ("sz-office", "w"),
            ("0123456789ABCDEF", "ID"),
            ("2026-12-01T08:00:00Z", "time"),
            ("王小明", "名"),
            ("李丹 · 区政府办公室", "名 · 名"),
            ("商洛市 › 商州区 › 区政府办公室 (sz-office)", "名 › 名 (w)"),
            ("shangzhou › sz-office", "w › w"),
            ("Certificate of officials", "w w w"),
            ("王a", "名w"),
            ("<b>", HOSTILE),
            ("王\u{202e}", HOSTILE),
        ] {
            assert_eq!(form(text), wanted, "{text}");
        }
        assert_eq!(form(&"01".repeat(18)), "long");
        let shape = shape(&json!({ "lines": [{ "name": "王" }, { "name": null }], "more": "" }));
        let names: Vec<&str> = shape["/lines/*/name"].iter().map(String::as_str).collect();
        assert_eq!((names, shape.len()), (vec!["null", "名"], 2));
    }
}
