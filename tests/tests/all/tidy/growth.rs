//! `docs/growth.md` names everything that can grow: each table, each kind of record, each folder;
//! and of each what bounds it, with the value that the code has.

use super::migrations::tables;
use super::sources::{crates, shown};
use std::collections::BTreeSet;
use tests::workspace;

/// What stands in backticks in a page.
pub(super) fn named(text: &str) -> BTreeSet<String> {
    text.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

pub(super) fn page(path: &str) -> String {
    std::fs::read_to_string(workspace().join(path)).unwrap()
}

fn section<'a>(text: &'a str, title: &str) -> &'a str {
    let begin = text.find(&format!("\n## {title}\n")).expect(title) + 4;
    text[begin..].split("\n## ").next().unwrap()
}

#[test]
fn everything_that_grows_is_named() {
    let growth = page("docs/growth.md");
    let named_tables = named(section(&growth, "Tables"));
    for service in ["ca-server/store", "ra-portal"] {
        for table in tables(service) {
            assert!(named_tables.contains(&table), "docs/growth.md does not name `{table}`");
        }
    }
    let kinds = named(section(&growth, "Logs, by kind of record"));
    let vectors: serde_json::Value = serde_json::from_str(&page("docs/vectors.json")).unwrap();
    for record in vectors["records"].as_array().unwrap() {
        let kind = record["kind"].as_str().unwrap();
        assert!(kinds.contains(kind), "docs/growth.md does not name records `{kind}`");
    }
    let folders = named(section(&growth, "Folders"));
    let architecture = page("ARCHITECTURE.md");
    for folder in named(section(&architecture, "State")).iter().filter(|one| one.ends_with('/')) {
        assert!(folders.contains(folder), "docs/growth.md does not name `{folder}`");
    }
}

/// Cells of the rows of a section's table.
pub(super) fn rows(section: &str) -> Vec<Vec<&str>> {
    let rows = section.lines().filter(|line| line.starts_with('|')).skip(2);
    rows.map(|row| row.trim_matches('|').split('|').map(str::trim).collect()).collect()
}

/// Of everything that grows it is said what bounds it: a constant that the page lists, something
/// else in the same table that is bounded, or that nothing does, and why.
#[test]
fn of_everything_that_grows_a_bound_is_said() {
    let growth = page("docs/growth.md");
    let bounds = rows(section(&growth, "Where bounds are set"));
    let listed: BTreeSet<String> = bounds.iter().flat_map(|row| named(row[0])).collect();
    let mut used = BTreeSet::new();
    for title in ["Logs, by kind of record", "Tables", "Folders"] {
        let rows = rows(section(&growth, title));
        let here: BTreeSet<String> = rows.iter().flat_map(|row| named(row[0])).collect();
        for row in &rows {
            let set_by = *row.last().unwrap();
            let names = named(set_by);
            let (constants, others): (BTreeSet<_>, BTreeSet<_>) =
                names.into_iter().partition(|name| name.contains("::"));
            assert!(constants.is_subset(&listed), "{row:?}: {constants:?} is not listed");
            assert!(others.is_subset(&here), "{row:?}: {others:?} is not in the table");
            let none = set_by.strip_prefix("none: ").is_some_and(|why| why.len() > 20);
            let said = none || set_by == "once" || set_by.starts_with("one a");
            assert!(said || !constants.is_empty(), "{row:?}: what bounds it?");
            used.extend(constants);
        }
    }
    let rules = named(section(&growth, "Rules"));
    let memory = bounds.iter().filter(|row| row[3].starts_with("*in memory*"));
    used.extend(memory.flat_map(|row| named(row[0])));
    used.extend(rules);
    // What bounds no row by itself: who looks at rows, and who follows a list.
    for other in ["state::ROWS_OF_HOUR_MAX", "pages::PAGES_MAX", "pages::CONTINUATION_BYTES_MAX"] {
        used.insert(other.to_owned());
    }
    let idle: Vec<&String> = listed.difference(&used).collect();
    assert!(idle.is_empty(), "they bound nothing that stands here: {idle:?}");
}

/// Each bound has the value in the code that the page says.
#[test]
fn each_bound_has_the_value_that_is_said() {
    let growth = page("docs/growth.md");
    let bounds = rows(section(&growth, "Where bounds are set"));
    assert!(bounds.len() > 60, "{}", bounds.len());
    let mut wrong = Vec::new();
    for row in &bounds {
        let (key, path) = (row[0].trim_matches('`'), row[2].trim_matches('`'));
        let (module, name) = key.split_once("::").unwrap();
        assert!(path.ends_with(&format!("/{module}.rs")), "{key} is not set in {path}");
        let (said, set) = (quantity(row[1]), value(&page(path), name));
        if said.is_none() || said != set {
            wrong.push(format!("{key}: {} is said, {set:?} is set", row[1]));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Whatever is kept, waits or is known up to a number in the code has a row.
#[test]
fn each_map_with_a_bound_is_listed() {
    const KINDS: [&str; 14] = [
        "KEPT",
        "WAITING",
        "PENDING",
        "HANDED",
        "REACHED",
        "REMEMBERED",
        "LATE",
        "UNLISTED",
        "ISSUED",
        "VERIFIED",
        "CERTIFICATES",
        "ORDERS",
        "PEOPLE",
        "CHAINS",
    ];
    let growth = page("docs/growth.md");
    let listed = named(section(&growth, "Where bounds are set"));
    let shipped = crates().into_iter().filter(|one| one.is_shipped());
    for file in shipped.flat_map(|one| one.files()) {
        let (path, text) = (shown(&file), std::fs::read_to_string(&file).unwrap());
        if path.contains("/tests") || path.contains("/examples/") {
            continue;
        }
        let module = file.file_stem().unwrap().to_str().unwrap().to_owned();
        for kind in KINDS {
            let declared = text.contains(&format!("const {kind}_MAX: "));
            // One name for a constant of another module is no second bound.
            let is_other = text.contains(&format!("::{kind}_MAX;"));
            let key = format!("{module}::{kind}_MAX");
            assert!(!declared || is_other || listed.contains(&key), "{path}: {key} has no row");
        }
    }
}

/// A number with its unit, in the smallest one: bytes, milliseconds.
pub(super) fn quantity(said: &str) -> Option<u128> {
    let (number, unit) = said.split_once(' ').unwrap_or((said, ""));
    let number: u128 = number.replace(',', "").parse().ok()?;
    let unit = match unit {
        "" | "ms" => 1,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        "s" => 1_000,
        "h" => 3_600_000,
        "day" | "days" => 86_400_000,
        _ => return None,
    };
    Some(number * unit)
}

/// The value of a constant, or of a field with a default, in the same units.
pub(super) fn value(source: &str, name: &str) -> Option<u128> {
    let text = match source.split_once(&format!("const {name}: ")) {
        Some((_, declared)) => declared.split_once('=')?.1.split(';').next()?,
        None => {
            let field = format!(" {name}: ");
            let fields = source.split(&field).skip(1);
            let mut values = fields.filter_map(|field| field.split([',', '}']).next());
            values.find(|value| value.trim().starts_with(|c: char| c.is_ascii_digit()))?
        }
    };
    let seconds = name.ends_with("_SECONDS") || name.ends_with("_SECONDS_MAX");
    let mut result = if seconds { 1_000 } else { 1 };
    let text = text.replace(['_', '\n', ')'], "").replace("<<", "* 2^").replace('(', " * ");
    for factor in text.split('*').map(str::trim) {
        result *= match factor.split_once('^') {
            Some((_, power)) => 1 << power.trim().parse::<u32>().ok()?,
            None => match factor {
                "MEBIBYTE" => 1 << 20,
                "Duration::fromsecs" => 1_000,
                "Duration::frommillis" => 1,
                number => number.parse().ok()?,
            },
        };
    }
    Some(result)
}

#[test]
fn values_are_read_as_they_stand() {
    let of = |text: &str| value(&format!("pub const A_MAX: u64 = {text};"), "A_MAX");
    assert_eq!(of("1_024"), Some(1_024));
    assert_eq!(of("8 * 1024"), quantity("8 KiB"));
    assert_eq!(of("1 << 20"), quantity("1 MiB"));
    assert_eq!(of("Duration::from_secs(60)"), quantity("60 s"));
    assert_eq!(of("Duration::from_millis(500)"), quantity("500 ms"));
    assert_eq!(of("somewhere::ELSE"), None);
    assert_eq!(value("const LIFE_SECONDS: u64 = 7 * 86_400;", "LIFE_SECONDS"), quantity("7 days"));
    let field = "pub bytes: u64,\n Self { bytes: 4 * 1024 * MEBIBYTE, other: 1 }";
    assert_eq!(value(field, "bytes"), quantity("4 GiB"));
    assert_eq!(value(field, "bits"), None);
}

#[test]
fn a_page_names_what_stands_in_backticks() {
    let names = named("| `one`, `two/` | three |\n`four`");
    assert_eq!(names, ["four", "one", "two/"].map(str::to_owned).into());
}
