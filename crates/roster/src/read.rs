//! Bytes into a table: a workbook, or a text of values that commas part, in UTF-8 or GB18030.

use crate::limits::FILE_BYTES_MAX;
use crate::refusal::FileRefusal;
use crate::table::{Table, text};
use crate::workbook;
use encoding_rs::GB18030;
use std::borrow::Cow;

const BOM: &[u8] = b"\xEF\xBB\xBF";
/// The same mark, as texts in GB18030 may begin with it, too.
const MARK: char = '\u{feff}';
/// What old workbooks, and encrypted ones, begin with.
const COMPOUND: &[u8] = b"\xD0\xCF\x11\xE0";

/// Reads a file by what it is, not by its name.
pub fn read(bytes: &[u8]) -> Result<Table, FileRefusal> {
    match bytes {
        _ if bytes.len() > FILE_BYTES_MAX => Err(FileRefusal::FileTooLarge),
        _ if bytes.starts_with(b"PK") => workbook::read(bytes),
        _ if bytes.starts_with(COMPOUND) => match contains(bytes, ENCRYPTED) {
            true => Err(FileRefusal::Encrypted),
            false => Err(FileRefusal::NotASheet),
        },
        _ => {
            let text = decoded(bytes)?;
            values(text.strip_prefix(MARK).unwrap_or(&text))
        }
    }
}

/// `EncryptedPackage` in UTF-16, the stream of a workbook with a passphrase.
const ENCRYPTED: &[u8] = b"E\0n\0c\0r\0y\0p\0t\0e\0d\0P\0a\0c\0k\0a\0g\0e\0";

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

/// The text; what is no UTF-8 is GB18030 as Chinese spreadsheets write it, whole or not at all.
fn decoded(bytes: &[u8]) -> Result<Cow<'_, str>, FileRefusal> {
    let bytes = bytes.strip_prefix(BOM).unwrap_or(bytes);
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => GB18030
            .decode_without_bom_handling_and_without_replacement(bytes)
            .ok_or(FileRefusal::Encoding)?,
    };
    let control = |c: char| c.is_control() && !matches!(c, '\r' | '\n' | '\t');
    if text.contains(control) { Err(FileRefusal::NotASheet) } else { Ok(text) }
}

/// RFC 4180, with rows that end as any system ends them, and no cell that goes on in the next one:
/// a quotation mark that somebody forgot would take whole people into a cell that nobody reads.
fn values(all: &str) -> Result<Table, FileRefusal> {
    let mut table = Table::default();
    let (mut row, mut column) = (1, 0);
    let mut field = String::new();
    let mut rest = all.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '"' if field.is_empty() => {
                field = quoted(&mut rest).ok_or(FileRefusal::Quotation(row))?;
                if field.contains(['\r', '\n']) {
                    return Err(FileRefusal::LineInCell(row));
                }
            }
            ',' => {
                table.put((row, column), text(&std::mem::take(&mut field)))?;
                column += 1;
            }
            '\r' if rest.peek() == Some(&'\n') => {}
            '\r' | '\n' => {
                table.put((row, column), text(&std::mem::take(&mut field)))?;
                (row, column) = (row + 1, 0);
            }
            // Space before a text is nobody's, and is looked through once, however much there is.
            space if field.is_empty() && space.is_whitespace() => {}
            other => field.push(other),
        }
    }
    table.put((row, column), text(&field))?;
    Ok(table)
}

/// What stands between quotation marks; nothing if they do not close.
fn quoted(rest: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Option<String> {
    let mut field = String::new();
    loop {
        match rest.next()? {
            '"' if rest.peek() == Some(&'"') => {
                rest.next();
                field.push('"');
            }
            '"' => return Some(field),
            other => field.push(other),
        }
    }
}
