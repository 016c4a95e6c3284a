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
        let quoted = |cell: &str| match cell.contains([',', '"', '\n', '\r']) {
            true => format!("\"{}\"", cell.replace('"', "\"\"").replace(['\n', '\r'], " ")),
            false => cell.to_owned(),
        };
        let cells: Vec<String> = row.cells.iter().map(|cell| quoted(cell.text())).collect();
        text.push_str(&cells.join(","));
        text.push('\n');
        line += 1;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use portal_api::roster::{read, template};

    /// However a line ends, one that stands in a cell is none: what is sent again is what was
    /// shown.
    #[test]
    fn a_cell_becomes_no_row_of_its_own() {
        let rows = [["王小明\r李丹", "1", "a\n\"b\",c", "", "d\r\n"]];
        let table = read(&template::workbook_with(&rows)).unwrap();
        let again = read(as_text(&table).as_bytes()).unwrap();
        assert_eq!(again.rows.len(), table.rows.len());
        let cells: Vec<&str> = again.rows[1].cells.iter().map(|cell| cell.text()).collect();
        assert_eq!(cells, ["王小明 李丹", "1", "a \"b\",c", "", "d"]);
    }
}
