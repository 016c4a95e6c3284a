//! The first sheet of a workbook (Office Open XML) that is seen by whoever opens it: its texts and
//! numbers, and which rows and columns are hidden. Programs, other files, entities and formulas are
//! refused.

use crate::limits::TEXTS_MAX;
use crate::refusal::FileRefusal;
use crate::table::{Cell, Table, text};
use crate::xml::{Piece, Pieces, attribute, named_values, resolved};
use crate::zip::Archive;

/// Rows that a spreadsheet has at most.
const ROW_MAX: usize = 1_048_576;
/// Nobody reads what stands in a row of so many points, or in a column of so many characters.
const UNSEEN_MAX: f64 = 1.0;
/// What no list of people holds: programs, files of other kinds, other workbooks.
const FOREIGN: [&str; 6] =
    ["vbaproject", "macrosheets/", "embeddings/", "externallinks/", "activex/", "ctrlprops/"];

/// Reads the first visible sheet of a workbook; an error says why it is not taken.
pub(crate) fn read(bytes: &[u8]) -> Result<Table, FileRefusal> {
    let archive = Archive::open(bytes)?;
    let foreign = |name: &str| FOREIGN.iter().any(|part| name.to_lowercase().contains(part));
    if archive.entries.iter().any(|entry| foreign(&entry.name)) {
        return Err(FileRefusal::Macros);
    }
    let workbook = related(&archive, "", "/officeDocument")?;
    let workbook = workbook.unwrap_or_else(|| "xl/workbook.xml".to_owned());
    let sheet = first_sheet(&archive, &workbook)?;
    let texts = match related(&archive, &workbook, "/sharedStrings")? {
        Some(path) => archive.file(&path)?.map(|bytes| shared(&bytes)).transpose()?,
        None => None,
    };
    let texts = texts.unwrap_or_default();
    let sheet = archive.file(&sheet)?.ok_or(FileRefusal::Malformed)?;
    let table = Table::default();
    Reader { texts: &texts, table, row: 0, column: 0, is_hidden: false }.read(&sheet)
}

/// Where the first sheet of the workbook is that is not hidden: a spreadsheet always has one.
fn first_sheet(archive: &Archive<'_>, path: &str) -> Result<String, FileRefusal> {
    // One of binary records ends otherwise, and is not read here.
    let workbook = if path.ends_with(".xml") { archive.file(path)? } else { None };
    let workbook = workbook.ok_or(FileRefusal::NotASheet)?;
    let mut pieces = Pieces::of(&workbook)?;
    // Texts and slides come in the same archives.
    let mut refusal = FileRefusal::NotASheet;
    while let Some(piece) = pieces.next()? {
        match piece {
            Piece::Begin("workbook", _) => refusal = FileRefusal::Malformed,
            Piece::Begin("sheet", attributes) => {
                if attribute(attributes, "state").is_some_and(|state| state != "visible") {
                    continue;
                }
                // Of `sheetId` and `r:id` the second is meant, and there is one of those.
                let mut ids = named_values(attributes).filter(|(name, _)| name.ends_with(":id"));
                let (Some((_, wanted)), None) = (ids.next(), ids.next()) else {
                    return Err(FileRefusal::Malformed);
                };
                let named = |said: &str| attribute(said, "Id") == Some(wanted);
                return find(archive, path, named)?.ok_or(FileRefusal::Malformed);
            }
            _ => {}
        }
    }
    Err(refusal)
}

/// The file of a kind that another one names, or the archive as a whole, which has no name:
/// spreadsheets find it by that, and by no name of its own.
fn related(archive: &Archive<'_>, of: &str, kind: &str) -> Result<Option<String>, FileRefusal> {
    find(archive, of, |said| attribute(said, "Type").is_some_and(|named| named.ends_with(kind)))
}

/// The first file that another one names in such words.
fn find(
    archive: &Archive<'_>,
    of: &str,
    is_meant: impl Fn(&str) -> bool,
) -> Result<Option<String>, FileRefusal> {
    let (folder, name) = match of.rsplit_once('/') {
        Some((folder, name)) => (format!("{folder}/"), name),
        None => (String::new(), of),
    };
    let list = archive.file(&format!("{folder}_rels/{name}.rels"))?;
    let list = list.unwrap_or_default();
    let mut pieces = Pieces::of(&list)?;
    while let Some(piece) = pieces.next()? {
        let Piece::Begin("Relationship", attributes) = piece else { continue };
        if is_meant(attributes) {
            let target = attribute(attributes, "Target").ok_or(FileRefusal::Malformed)?;
            return Ok(Some(match target.strip_prefix('/') {
                Some(whole) => whole.to_owned(),
                None => format!("{folder}{target}"),
            }));
        }
    }
    Ok(None)
}

/// The texts that cells name by number; how they are pronounced is left out.
fn shared(bytes: &[u8]) -> Result<Vec<String>, FileRefusal> {
    let mut pieces = Pieces::of(bytes)?;
    let (mut texts, mut open, mut spoken) = (Vec::<String>::new(), false, false);
    while let Some(piece) = pieces.next()? {
        match piece {
            Piece::Begin("si", _) if texts.len() == TEXTS_MAX => return Err(FileRefusal::Bomb),
            Piece::Begin("si", _) => texts.push(String::new()),
            Piece::Begin("", _) => return Err(FileRefusal::Malformed),
            Piece::Begin("rPh", _) => spoken = true,
            Piece::End("rPh") => spoken = false,
            Piece::Begin("t", _) => open = true,
            Piece::End("t") => open = false,
            Piece::Text(text) if open && !spoken => {
                let last = texts.last_mut().ok_or(FileRefusal::Malformed)?;
                last.push_str(&resolved(text)?);
            }
            _ => {}
        }
    }
    // Once for all cells that name it: many of them may name one that is long.
    for text in &mut texts {
        *text = text.trim().to_owned();
    }
    Ok(texts)
}

/// A cell's kind, as its `t` says.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Also what is seen otherwise than it is kept: a day, whether something is true, an error.
    Number,
    Shared,
    Text,
}

struct Reader<'a> {
    texts: &'a [String],
    table: Table,
    row: usize,
    column: usize,
    /// Whether the row is hidden.
    is_hidden: bool,
}

impl Reader<'_> {
    fn read(mut self, sheet: &[u8]) -> Result<Table, FileRefusal> {
        let mut pieces = Pieces::of(sheet)?;
        let (mut kind, mut value, mut open) = (Kind::Number, String::new(), false);
        let (mut within, mut begun, mut spoken) = (false, false, false);
        while let Some(piece) = pieces.next()? {
            match piece {
                Piece::Begin("sheetData", _) if begun => return Err(FileRefusal::Malformed),
                Piece::Begin("sheetData", _) => (within, begun) = (true, true),
                Piece::End("sheetData") => within = false,
                Piece::Begin("col", attributes) => self.columns(attributes)?,
                Piece::Begin("mergeCell", attributes) => return Err(merged(attributes)),
                // Lists to choose from and rules of colours have formulas, and no cell runs them.
                _ if !within => {}
                // What a program puts between them for itself no spreadsheet shows.
                Piece::Begin("", _) => return Err(FileRefusal::Malformed),
                Piece::Begin("row", attributes) => self.begin_row(attributes)?,
                Piece::Begin("c", attributes) => {
                    kind = kind_of(attributes);
                    self.begin_cell(attributes)?;
                    value.clear();
                }
                Piece::Begin("f", _) => return Err(FileRefusal::Formula(self.row)),
                Piece::Begin("rPh", _) => spoken = true,
                Piece::End("rPh") => spoken = false,
                Piece::Begin("v" | "t", _) => open = true,
                Piece::End("v" | "t") => open = false,
                Piece::Text(text) if open && !spoken => value.push_str(&resolved(text)?),
                Piece::End("c") => {
                    let cell = self.cell(kind, &value)?;
                    self.table.put((self.row, self.column), cell)?;
                    if self.is_hidden {
                        self.table.hide_row(self.row);
                    }
                    // The next cell has its own, also where its beginning is missing.
                    value.clear();
                    self.column += 1;
                }
                _ => {}
            }
        }
        Ok(self.table)
    }

    /// A row that does not say its number is the next one.
    fn begin_row(&mut self, attributes: &str) -> Result<(), FileRefusal> {
        let named = attribute(attributes, "r").map(str::parse::<usize>).transpose();
        let row = named.map_err(|_| FileRefusal::Malformed)?.unwrap_or(self.row + 1);
        if row <= self.row || row > ROW_MAX {
            return Err(FileRefusal::Malformed);
        }
        (self.row, self.column) = (row, 0);
        self.is_hidden = is_hidden(attributes, "ht");
        Ok(())
    }

    /// What is said of columns: which of them are hidden.
    fn columns(&mut self, attributes: &str) -> Result<(), FileRefusal> {
        let place = |name| {
            let place = attribute(attributes, name)?.parse::<usize>().ok()?;
            place.checked_sub(1)
        };
        if is_hidden(attributes, "width") {
            let (first, last) = (place("min"), place("max"));
            let (first, last) = first.zip(last).ok_or(FileRefusal::Malformed)?;
            self.table.hide_columns(first..=last);
        }
        Ok(())
    }

    fn begin_cell(&mut self, attributes: &str) -> Result<(), FileRefusal> {
        let Some(name) = attribute(attributes, "r") else { return Ok(()) };
        let letters = name.trim_end_matches(|c: char| c.is_ascii_digit());
        if letters.is_empty() || letters.len() > 3 {
            return Err(FileRefusal::Malformed);
        }
        let mut column = 0;
        for letter in letters.bytes() {
            if !letter.is_ascii_uppercase() {
                return Err(FileRefusal::Malformed);
            }
            column = column * 26 + usize::from(letter - b'A') + 1;
        }
        self.column = column - 1;
        Ok(())
    }

    fn cell(&self, kind: Kind, value: &str) -> Result<Cell, FileRefusal> {
        Ok(match kind {
            _ if value.trim().is_empty() => Cell::Empty,
            Kind::Number => Cell::Number(value.trim().to_owned()),
            Kind::Text => text(value),
            Kind::Shared => {
                let place: usize = value.trim().parse().map_err(|_| FileRefusal::Malformed)?;
                text(self.texts.get(place).ok_or(FileRefusal::Malformed)?)
            }
        })
    }
}

/// Whether a row or columns are hidden: as they say, in whichever spelling, or as having no size.
fn is_hidden(attributes: &str, size: &str) -> bool {
    let hides = attribute(attributes, "hidden").is_some_and(|said| !matches!(said, "0" | "false"));
    let shows = |size: &str| size.parse::<f64>().is_ok_and(|size| size > UNSEEN_MAX);
    hides || attribute(attributes, size).is_some_and(|size| !shows(size))
}

/// Cells that are merged: a spreadsheet shows the first of them alone, whatever the others hold.
fn merged(attributes: &str) -> FileRefusal {
    let range = attribute(attributes, "ref").unwrap_or_default();
    let first = range.split(':').next().unwrap_or_default();
    let row = first.trim_start_matches(|c: char| c.is_ascii_uppercase());
    row.parse().map_or(FileRefusal::Malformed, FileRefusal::Merged)
}

fn kind_of(attributes: &str) -> Kind {
    match attribute(attributes, "t") {
        Some("s") => Kind::Shared,
        Some("str" | "inlineStr") => Kind::Text,
        None | Some(_) => Kind::Number,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Many cells may name one text: none of them looks through the space around it.
    #[test]
    fn a_text_that_many_cells_name_is_trimmed_once() {
        let texts =
            b"<sst><si><t>  a </t><rPh><t>b</t></rPh><t> c  </t></si><si><t> </t></si></sst>";
        assert_eq!(shared(texts), Ok(vec!["a  c".to_owned(), String::new()]));
    }
}
