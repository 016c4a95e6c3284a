//! How much of a file is taken.

/// Most rows of people in a file.
pub const ROWS_MAX: usize = 5_000;
/// Most columns in which something stands.
pub const COLUMNS_MAX: usize = 20;
/// A file has so many bytes at most.
pub const FILE_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Longest text of a cell, in bytes.
pub const CELL_BYTES_MAX: usize = 4_000;
/// Most bytes of all cells together: a workbook may name one long text again and again.
pub(crate) const TABLE_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Most texts that the cells of a workbook may name.
pub(crate) const TEXTS_MAX: usize = (ROWS_MAX + 1) * COLUMNS_MAX;
