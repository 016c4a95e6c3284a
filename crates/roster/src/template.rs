//! The template that is sent out: a workbook whose columns are texts, so that no spreadsheet makes
//! numbers of identity numbers; and the same as comma-separated values.

use crate::check::COLUMNS;

const TYPES: &str = include_str!("../template/types.xml");
const RELATED: &str = include_str!("../template/related.xml");
const WORKBOOK: &str = include_str!("../template/workbook.xml");
const OF_WORKBOOK: &str = include_str!("../template/of-workbook.xml");
/// Its columns; rows follow.
const SHEET: &str = include_str!("../template/sheet.xml");
/// Format 49 is text.
const STYLES: &str = include_str!("../template/styles.xml");

/// The header alone, as comma-separated values with a mark by which Excel knows UTF-8.
pub fn csv() -> String {
    format!("\u{feff}{}\r\n", COLUMNS.join(","))
}

/// A workbook with the header.
pub fn workbook() -> Vec<u8> {
    workbook_with(&[])
}

/// A workbook with rows of texts below the header.
pub fn workbook_with(rows: &[[&str; COLUMNS.len()]]) -> Vec<u8> {
    let mut sheet = SHEET.to_owned();
    for (number, row) in std::iter::once(&COLUMNS).chain(rows).enumerate() {
        sheet.push_str(&format!(r#"<row r="{}">"#, number + 1));
        for (column, text) in ('A'..).zip(row) {
            let text = text.replace('&', "&amp;").replace('<', "&lt;");
            sheet.push_str(&format!(
                r#"<c r="{column}{}" s="1" t="inlineStr"><is><t>{text}</t></is></c>"#,
                number + 1
            ));
        }
        sheet.push_str("</row>");
    }
    sheet.push_str("</sheetData></worksheet>");
    packed(&[
        ("[Content_Types].xml", TYPES.as_bytes()),
        ("_rels/.rels", RELATED.as_bytes()),
        ("xl/workbook.xml", WORKBOOK.as_bytes()),
        ("xl/_rels/workbook.xml.rels", OF_WORKBOOK.as_bytes()),
        ("xl/styles.xml", STYLES.as_bytes()),
        ("xl/worksheets/sheet1.xml", sheet.as_bytes()),
    ])
}

/// A ZIP archive of files that stand in it as they are.
pub(crate) fn packed(files: &[(&str, &[u8])]) -> Vec<u8> {
    let (mut out, mut directory) = (Vec::new(), Vec::new());
    for (name, content) in files {
        let place = out.len() as u32;
        let head = head(name, content);
        out.extend(b"PK\x03\x04");
        out.extend(&head);
        out.extend(name.as_bytes());
        out.extend(*content);
        directory.extend(b"PK\x01\x02\x14\0");
        directory.extend(&head);
        directory.extend([0; 10]);
        directory.extend(place.to_le_bytes());
        directory.extend(name.as_bytes());
    }
    let place = out.len() as u32;
    let count = (files.len() as u16).to_le_bytes();
    out.extend(&directory);
    out.extend(b"PK\x05\x06\0\0\0\0");
    out.extend([count, count].concat());
    out.extend((directory.len() as u32).to_le_bytes());
    out.extend(place.to_le_bytes());
    out.extend([0, 0]);
    out
}

/// What the two headers of a file have in common: version, UTF-8 names, no packing, a fixed day.
fn head(name: &str, content: &[u8]) -> Vec<u8> {
    let mut head = vec![20, 0, 0, 8, 0, 0, 0, 0, 0x21, 0];
    head.extend(crc(content).to_le_bytes());
    let length = content.len() as u32;
    head.extend(length.to_le_bytes());
    head.extend(length.to_le_bytes());
    head.extend((name.len() as u16).to_le_bytes());
    head.extend([0, 0]);
    head
}

/// CRC-32 as ZIP has it.
fn crc(bytes: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            let low = crc & 1;
            crc = (crc >> 1) ^ (0xEDB8_8320 * low);
        }
    }
    !crc
}
