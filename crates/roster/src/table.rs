//! What stood in a file: rows of cells under their own numbers, nothing else of it.

use crate::limits::{CELL_BYTES_MAX, COLUMNS_MAX, ROWS_MAX, TABLE_BYTES_MAX};
use crate::refusal::FileRefusal;
use std::ops::RangeInclusive;

/// What stands in a cell.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Cell {
    /// Nothing stands in the cell.
    #[default]
    Empty,
    /// A text, without space around it.
    Text(String),
    /// A number, as the file spells it: a long one has lost digits.
    Number(String),
}

impl Cell {
    /// Its text, whatever it is.
    pub fn text(&self) -> &str {
        match self {
            Self::Empty => "",
            Self::Text(text) | Self::Number(text) => text,
        }
    }
}

/// Signs with which a text begins that a spreadsheet runs as a formula wherever it is opened next,
/// also as they are typed among Chinese characters.
const RUNS: [char; 10] = ['=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠'];

impl Cell {
    /// Whether a spreadsheet would run it, or call a program by it. Lines alone say that there is
    /// nothing.
    pub(crate) fn runs(&self) -> bool {
        self.text().starts_with(RUNS) && self.text().contains(|c| !matches!(c, '-' | '－'))
    }
}

/// A row in which something stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableRow {
    /// Its number in the file, from 1.
    pub number: usize,
    /// Cells from the first column on.
    pub cells: Vec<Cell>,
    /// Whoever opens the file does not see the row.
    pub is_hidden: bool,
}

/// All rows, in their order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    /// The rows in which something stands, in the order of the file.
    pub rows: Vec<TableRow>,
    /// How many bytes were put into its cells.
    bytes: usize,
    /// Columns that nobody sees who opens the file.
    hidden: [bool; COLUMNS_MAX],
}

impl Table {
    /// Puts a cell into a row that is the last one, or comes behind it.
    pub(crate) fn put(
        &mut self,
        (row, column): (usize, usize),
        cell: Cell,
    ) -> Result<(), FileRefusal> {
        if cell == Cell::Empty {
            return Ok(());
        }
        if cell.text().len() > CELL_BYTES_MAX {
            return Err(FileRefusal::CellTooLong(row));
        }
        if column >= COLUMNS_MAX {
            return Err(FileRefusal::TooManyColumns);
        }
        self.bytes += cell.text().len();
        if self.bytes > TABLE_BYTES_MAX {
            return Err(FileRefusal::Bomb);
        }
        match self.rows.last() {
            Some(last) if last.number == row => {}
            Some(last) if last.number > row => return Err(FileRefusal::Malformed),
            // The header is a row, too.
            _ if self.rows.len() > ROWS_MAX => return Err(FileRefusal::TooManyRows),
            _ => self.rows.push(TableRow { number: row, cells: Vec::new(), is_hidden: false }),
        }
        let Some(last) = self.rows.last_mut() else { return Err(FileRefusal::Malformed) };
        if last.cells.len() <= column {
            last.cells.resize(column + 1, Cell::Empty);
        }
        if let Some(place) = last.cells.get_mut(column) {
            *place = cell;
        }
        Ok(())
    }

    /// Says that nobody sees the last row, if it has this number and anything stands in it.
    pub(crate) fn hide_row(&mut self, row: usize) {
        if let Some(last) = self.rows.last_mut().filter(|last| last.number == row) {
            last.is_hidden = true;
        }
    }

    /// Says that nobody sees these columns.
    pub(crate) fn hide_columns(&mut self, columns: RangeInclusive<usize>) {
        let hidden = self.hidden.iter_mut().enumerate();
        hidden.filter(|(at, _)| columns.contains(at)).for_each(|(_, hides)| *hides = true);
    }

    /// Whether nobody sees a column.
    pub(crate) fn is_column_hidden(&self, column: usize) -> bool {
        self.hidden.get(column).copied().unwrap_or(false)
    }
}

/// A text as a cell; space around it is nobody's.
pub(crate) fn text(text: &str) -> Cell {
    match text.trim() {
        "" => Cell::Empty,
        text => Cell::Text(text.to_owned()),
    }
}
