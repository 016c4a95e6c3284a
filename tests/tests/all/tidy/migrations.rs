//! Migrations come in twins: the same names, and after each of them the same tables with the same
//! columns, however each database gets there. SQLite makes a table anew where PostgreSQL alters it.

use std::collections::{BTreeMap, BTreeSet};
use tests::workspace;

#[test]
fn migrations_are_twins() {
    for service in ["ca-server/store", "ra-portal"] {
        let folder = |kind: &str| workspace().join(service).join("migrations").join(kind);
        let names = |kind: &str| -> BTreeSet<String> {
            let entries = std::fs::read_dir(folder(kind)).unwrap();
            entries.map(|e| e.unwrap().file_name().to_string_lossy().into_owned()).collect()
        };
        assert!(!names("sqlite").is_empty(), "{service} has no migrations");
        assert_eq!(names("sqlite"), names("postgres"), "{service}");
        // One that no program names is there for nobody.
        let program = workspace().join(service).join("src/lib.rs");
        let program = std::fs::read_to_string(program).unwrap();
        for (kind, name) in names("sqlite").iter().flat_map(|n| [("sqlite", n), ("postgres", n)]) {
            assert!(program.contains(&format!("/{kind}/{name}\"")), "{service} applies no {name}");
        }
        let (mut sqlite, mut postgres) = (Schema::default(), Schema::default());
        for name in names("sqlite") {
            let read = |kind: &str| std::fs::read_to_string(folder(kind).join(&name)).unwrap();
            sqlite.migrate(&read("sqlite"));
            postgres.migrate(&read("postgres"));
            assert_eq!(sqlite, postgres, "{service} {name}");
            // Older columns were altered by this one.
            if service == "ca-server/store" && *name > *"0007_find.sql" {
                for line in read("postgres").lines().filter(|line| line.contains(" text")) {
                    assert!(line.contains(" collate \"C\""), "{name}: {line}");
                }
            }
        }
    }
}

#[test]
fn a_column_that_one_twin_lacks_is_found() {
    let schema = |sql: &str| {
        let mut schema = Schema::default();
        schema.migrate(sql);
        schema
    };
    let altered = schema("create table a (b text, c text); alter table a drop column c;");
    let anew = "create table d (b blob not null, primary key (b)); drop table if exists a; \
                alter table d rename to a; -- alter table a add column e text;";
    assert_eq!(altered, schema(anew));
    assert_ne!(altered, schema("create table a (b text); alter table a add column e text;"));
    assert_ne!(altered, schema("create table a (b text); create index f on a (b);"));
}

/// The tables that all migrations of a service leave.
pub(super) fn tables(service: &str) -> BTreeSet<String> {
    let folder = workspace().join(service).join("migrations/sqlite");
    let entries = std::fs::read_dir(folder).unwrap();
    let paths: BTreeSet<_> = entries.map(|entry| entry.unwrap().path()).collect();
    let mut schema = Schema::default();
    paths.iter().for_each(|path| schema.migrate(&std::fs::read_to_string(path).unwrap()));
    schema.tables.into_keys().collect()
}

/// What migrations made so far.
#[derive(Debug, Default, PartialEq, Eq)]
struct Schema {
    tables: BTreeMap<String, BTreeSet<String>>,
    /// Unique ones are left out: they are constraints, which may stand in the table itself.
    indexes: BTreeSet<String>,
}

impl Schema {
    fn migrate(&mut self, sql: &str) {
        let lines = sql.lines().map(|line| line.split("--").next().unwrap_or_default());
        let sql = lines.collect::<Vec<_>>().join("\n");
        // Functions and blocks stand between `$$`.
        let outside: String = sql.split("$$").step_by(2).collect();
        outside.split(';').for_each(|statement| self.take(statement));
    }

    fn take(&mut self, statement: &str) {
        let head = statement.split('(').next().unwrap_or_default();
        let words: Vec<&str> =
            head.split_whitespace().filter(|word| !["if", "exists"].contains(word)).collect();
        match words.as_slice() {
            ["create", "table", name] => {
                assert!(self.tables.insert((*name).to_owned(), columns(statement)).is_none());
            }
            ["drop", "table", name] => {
                self.tables.remove(*name);
            }
            ["alter", "table", name, "rename", "to", new] => {
                let columns = self.tables.remove(*name).unwrap();
                assert!(self.tables.insert((*new).to_owned(), columns).is_none());
            }
            ["alter", "table", name, "add", "column", column, ..] => {
                assert!(self.tables.get_mut(*name).unwrap().insert((*column).to_owned()));
            }
            ["alter", "table", name, "drop", "column", column] => {
                assert!(self.tables.get_mut(*name).unwrap().remove(*column));
            }
            ["create", "index", name, "on", table] => {
                self.indexes.insert(format!("{name} on {table}"));
            }
            ["drop", "index", name] => {
                self.indexes.retain(|index| !index.starts_with(&format!("{name} ")));
            }
            _ => {}
        }
    }
}

/// The names with which the parts of a table's body begin, constraints left out.
fn columns(statement: &str) -> BTreeSet<String> {
    let body = &statement[statement.find('(').unwrap() + 1..statement.rfind(')').unwrap()];
    let (mut found, mut depth, mut part) = (BTreeSet::new(), 0, String::new());
    for letter in body.chars().chain([',']) {
        match letter {
            '(' => depth += 1,
            ')' => depth -= 1,
            ',' if depth == 0 => {
                let first = part.split_whitespace().next().unwrap_or_default();
                if !["primary", "unique", "check", "foreign", "constraint", ""].contains(&first) {
                    found.insert(first.to_owned());
                }
                part.clear();
            }
            _ => part.push(letter),
        }
    }
    found
}
