//! How much a schema comes to. Whoever reads Cedar puts in the place of a type's name what it
//! stands for, and looks at each rule once for each action, kind of people and kind of records: a
//! short text in which types name types, or that has many of all three, would take all memory.

use crate::nesting::is_of_word;
use std::collections::BTreeSet;

/// Words, texts and colons of a schema; the city's has some hundred.
const TOKENS_MAX: usize = 1_024;
/// So many ways to combine actions with who acts and what they act on.
const REQUESTS_MAX: usize = 16_384;

/// Whether a schema has more than that, or a type in which another one is named.
pub(crate) fn is_too_large(schema: &str) -> bool {
    let all = statements(schema);
    let types: BTreeSet<&str> = all.iter().flat_map(|one| declared(one)).collect();
    let names_type = |one: &Vec<&str>| {
        let named = one.iter().filter(|word| types.contains(*word)).count();
        declared(one).next().is_some() && named > 1
    };
    // Each of the three takes a part of the statement.
    let requests = |one: &Vec<&str>| match one.contains(&"appliesTo") {
        true => (one.len() / 3).pow(3),
        false => 0,
    };
    all.iter().map(Vec::len).sum::<usize>() > TOKENS_MAX
        || all.iter().any(names_type)
        || all.iter().map(requests).sum::<usize>() > REQUESTS_MAX
}

/// The type that a statement declares, and what else stands behind that word: an annotation or a
/// namespace may be called so as well.
fn declared<'a>(statement: &[&'a str]) -> impl Iterator<Item = &'a str> {
    statement.windows(2).filter_map(|pair| match pair {
        ["type", name] if name.starts_with(is_of_word) => Some(*name),
        _ => None,
    })
}

/// What stands in each statement of a schema: its words, its texts and its colons.
fn statements(schema: &str) -> Vec<Vec<&str>> {
    let (mut all, mut own, mut rest) = (Vec::new(), Vec::new(), schema);
    while let Some(first) = rest.chars().next() {
        let (length, is_told) = match first {
            '/' if rest.starts_with("//") => (rest.find(['\n', '\r']).unwrap_or(rest.len()), false),
            '"' => (text_bytes(rest), true),
            one if is_of_word(one) => {
                (rest.find(|one: char| !is_of_word(one)).unwrap_or(rest.len()), true)
            }
            one => (one.len_utf8(), one == ':'),
        };
        let (token, behind) = rest.split_at(length);
        rest = behind;
        if is_told {
            own.push(token);
        }
        if first == ';' {
            all.push(std::mem::take(&mut own));
        }
    }
    all.push(own);
    all
}

/// How long the text is that begins here, with its quotation marks.
fn text_bytes(rest: &str) -> usize {
    let mut escaped = false;
    for (at, one) in rest.char_indices().skip(1) {
        match one {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCHEMA: &str = include_str!("../../../policies/access/schema.cedarschema");

    #[test]
    fn a_schema_comes_to_so_much_and_no_more() {
        let is_large = |more: &str| is_too_large(&format!("{SCHEMA}{more}"));
        assert!(!is_large("") && !is_large(&"entity Other;\n".repeat(100)));
        assert!(is_large(&"entity Other;\n".repeat(600)));
        let actions = |count: usize| {
            let list = |one: &str| vec![one; count].join(", ");
            let [names, people, records] = ["\"a\"", "Person", "Record"].map(list);
            format!("action {names} appliesTo {{ principal: [{people}], resource: [{records}] }};")
        };
        assert!(!is_large(&actions(10)) && is_large(&actions(30)));
        let twice = "type Twice = { a: Moment, b: Moment };";
        assert!(is_large(twice) && is_large(&format!("// a\r{twice}")));
        for odd in ["@type type", "namespace type { type", "namespace a::type { type"] {
            let twice =
                format!("{odd} Once = {{ a: Long }};\n{odd} Twice = {{ a: Once, b: Once }};");
            assert!(is_too_large(&twice), "{odd}");
        }
        assert!(!is_large("@doc type Once = { type: Long };"));
        let uses = "entity Other = { type: String, \"type Twice = Moment;\": Moment };";
        assert!(!is_large(uses), "a type may be named where none is declared");
        assert!(!is_large(&format!("// {twice}\n")), "a comment");
        assert!(!is_large("entity Other = { \"\\\"; type Twice = Moment;\": Bool };"), "a text");
    }
}
