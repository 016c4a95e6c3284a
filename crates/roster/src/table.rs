//! What stood in a file: rows of cells under their own numbers, nothing else of it.

use crate::limits::{CELL_BYTES_MAX, COLUMNS_MAX, ROWS_MAX, TABLE_BYTES_MAX};
use crate::refusal::FileRefusal;

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

/// A row in which something stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableRow {
    /// Its number in the file, from 1.
    pub number: usize,
    /// Cells from the first column on.
    pub cells: Vec<Cell>,
}

/// All rows, in their order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    /// The rows in which something stands, in the order of the file.
    pub rows: Vec<TableRow>,
    /// How many bytes were put into its cells.
    bytes: usize,
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
            _ => self.rows.push(TableRow { number: row, cells: Vec::new() }),
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
}

/// A text as a cell; space around it is nobody's.
pub(crate) fn text(text: &str) -> Cell {
    match text.trim() {
        "" => Cell::Empty,
        text => Cell::Text(text.to_owned()),
    }
}
