//! A table that was read, as text that can be mended on a page.

use portal_api::roster::Table;

/// The rows as comma-separated values, each where it stood.
pub(super) fn as_text(table: &Table) -> String {
    let mut text = String::new();
    let mut line = 1;
    for row in &table.rows {
        while line < row.number {
            text.push('\n');
            line += 1;
        }
        let quoted = |cell: &str| match cell.contains([',', '"', '\n']) {
            true => format!("\"{}\"", cell.replace('"', "\"\"").replace('\n', " ")),
            false => cell.to_owned(),
        };
        let cells: Vec<String> = row.cells.iter().map(|cell| quoted(cell.text())).collect();
        text.push_str(&cells.join(","));
        text.push('\n');
        line += 1;
    }
    text
}
