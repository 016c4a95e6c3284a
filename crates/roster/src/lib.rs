//! Rosters: people of a unit in a spreadsheet, as registration offices send them around. A file is
//! read within bounds of time and memory that follow from its size, whatever is in it; each row is
//! checked, and what is wrong is said in words with the row's number.
//!
//! Pure: no file, clock or network. In reading order: [`read`] (bytes into cells), [`check`] (cells
//! into people), [`changes`] (cells into changes of people), [`template`] (what is sent out). A
//! workbook is read by ourselves: libraries make a table as large as the corners that a file names,
//! before anybody can refuse it.

pub mod changes;
pub mod check;
mod limits;
mod read;
mod refusal;
mod table;
pub mod template;
mod workbook;
mod xml;
mod zip;

#[cfg(test)]
mod tests;

pub use changes::{ChangeEntry, ChangeKind, Meanings, changes};
pub use check::{NotTaken, RosterEntry, UnitFound, check};
pub use limits::{CELL_BYTES_MAX, COLUMNS_MAX, FILE_BYTES_MAX, ROWS_MAX};
pub use read::read;
pub use refusal::{FileRefusal, RowProblem, RowRefusal};
pub use table::{Cell, Table, TableRow};
