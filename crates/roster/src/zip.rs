//! A ZIP archive within bounds: its directory is read and judged before anything is inflated, and
//! nothing inflates to more than the directory says.

use crate::refusal::FileRefusal;

/// Most files in a workbook.
const FILES_MAX: usize = 200;
/// Most bytes that all of them inflate to.
const INFLATED_MAX: usize = 24 * 1024 * 1024;
const END: &[u8] = b"PK\x05\x06";
const ENTRY: &[u8] = b"PK\x01\x02";
const LOCAL: &[u8] = b"PK\x03\x04";
const END_BYTES: usize = 22;
const COMMENT_MAX: usize = 65_535;

/// A file in the archive, as the directory names it.
pub(crate) struct Entry {
    pub(crate) name: String,
    method: u16,
    packed: usize,
    inflated: usize,
    local: usize,
}

impl Entry {
    /// Whether it is the file of a name: parts of a workbook have none that differs in case alone.
    fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }
}

/// A ZIP archive in memory, of which only the directory was read.
pub(crate) struct Archive<'a> {
    bytes: &'a [u8],
    pub(crate) entries: Vec<Entry>,
}

impl<'a> Archive<'a> {
    /// Reads the directory of an archive; an error says why it is not taken.
    pub(crate) fn open(bytes: &'a [u8]) -> Result<Self, FileRefusal> {
        let end = end(bytes)?;
        let (count, start) = (u16_at(end, 10)?, u32_at(end, 16)?);
        if usize::from(count) > FILES_MAX {
            return Err(FileRefusal::Bomb);
        }
        let mut rest = bytes.get(start..).ok_or(FileRefusal::Malformed)?;
        let (mut entries, mut inflated) = (Vec::new(), 0);
        for _ in 0..count {
            let (entry, length) = entry(rest)?;
            inflated += entry.inflated;
            if inflated > INFLATED_MAX {
                return Err(FileRefusal::Bomb);
            }
            // Of two files of one name each program reads another one.
            if entries.iter().any(|known: &Entry| known.is(&entry.name)) {
                return Err(FileRefusal::Malformed);
            }
            entries.push(entry);
            rest = rest.get(length..).ok_or(FileRefusal::Malformed)?;
        }
        Ok(Self { bytes, entries })
    }

    /// Inflates a file, if it is there.
    pub(crate) fn file(&self, name: &str) -> Result<Option<Vec<u8>>, FileRefusal> {
        let Some(entry) = self.entries.iter().find(|entry| entry.is(name)) else {
            return Ok(None);
        };
        let local = self.bytes.get(entry.local..).ok_or(FileRefusal::Malformed)?;
        if !local.starts_with(LOCAL) {
            return Err(FileRefusal::Malformed);
        }
        // Its own header says the same name: no file lies within another one.
        let name_bytes = usize::from(u16_at(local, 26)?);
        if local.get(30..30 + name_bytes) != Some(entry.name.as_bytes()) {
            return Err(FileRefusal::Malformed);
        }
        let begin = 30 + name_bytes + usize::from(u16_at(local, 28)?);
        let packed = begin..begin.saturating_add(entry.packed);
        let packed = local.get(packed).ok_or(FileRefusal::Malformed)?;
        let content = match entry.method {
            0 => packed.to_vec(),
            8 => miniz_oxide::inflate::decompress_to_vec_with_limit(packed, entry.inflated)
                .map_err(|error| match error.status {
                    miniz_oxide::inflate::TINFLStatus::HasMoreOutput => FileRefusal::Bomb,
                    _ => FileRefusal::Malformed,
                })?,
            _ => return Err(FileRefusal::Malformed),
        };
        if content.len() == entry.inflated {
            Ok(Some(content))
        } else {
            Err(FileRefusal::Malformed)
        }
    }
}

/// The end of the directory, which a comment may follow.
fn end(bytes: &[u8]) -> Result<&[u8], FileRefusal> {
    let from = bytes.len().saturating_sub(END_BYTES + COMMENT_MAX);
    let tail = bytes.get(from..).unwrap_or_default();
    let place = tail.windows(END.len()).rposition(|window| window == END);
    place.and_then(|place| tail.get(place..)).ok_or(FileRefusal::Malformed)
}

fn entry(rest: &[u8]) -> Result<(Entry, usize), FileRefusal> {
    if !rest.starts_with(ENTRY) {
        return Err(FileRefusal::Malformed);
    }
    if u16_at(rest, 8)? & 1 == 1 {
        return Err(FileRefusal::Encrypted);
    }
    let (name, extra, comment) = (u16_at(rest, 28)?, u16_at(rest, 30)?, u16_at(rest, 32)?);
    let [name, extra, comment] = [name, extra, comment].map(usize::from);
    let text = rest.get(46..46 + name).ok_or(FileRefusal::Malformed)?;
    let entry = Entry {
        name: String::from_utf8(text.to_vec()).map_err(|_| FileRefusal::Malformed)?,
        method: u16_at(rest, 10)?,
        packed: u32_at(rest, 20)?,
        inflated: u32_at(rest, 24)?,
        local: u32_at(rest, 42)?,
    };
    Ok((entry, 46 + name + extra + comment))
}

fn u16_at(bytes: &[u8], at: usize) -> Result<u16, FileRefusal> {
    match bytes.get(at..at + 2) {
        Some([low, high]) => Ok(u16::from_le_bytes([*low, *high])),
        _ => Err(FileRefusal::Malformed),
    }
}

fn u32_at(bytes: &[u8], at: usize) -> Result<usize, FileRefusal> {
    match bytes.get(at..at + 4) {
        Some([a, b, c, d]) => Ok(u32::from_le_bytes([*a, *b, *c, *d]) as usize),
        _ => Err(FileRefusal::Malformed),
    }
}
