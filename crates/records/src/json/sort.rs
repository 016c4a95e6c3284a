//! Puts the keys of a written document into the order of RFC 8785 section 3.2.3, where they stand:
//! nothing of it is built.

use core::cmp::Ordering;
use core::ops::Range;
use std::borrow::Cow;

/// An object that is still open.
struct Open {
    /// The object's members begin here, behind its brace.
    begins: usize,
    /// Its entries that ended: key with value, and the key alone, without quotation marks.
    entries: Vec<(Range<usize>, Range<usize>)>,
    /// The key of the entry that has not ended.
    key: Option<Range<usize>>,
}

/// Sorts the entries of each object; says whether each has every key once. The bytes are JSON
/// without white space, as serde_json writes it.
pub(super) fn keys(bytes: &mut [u8]) -> bool {
    let mut each_once = true;
    let mut open: Vec<Option<Open>> = Vec::new();
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => {
                let ends = end_of_text(bytes, at);
                if let Some(Some(object)) = open.last_mut()
                    && object.key.is_none()
                {
                    object.key = Some(at + 1..ends);
                }
                at = ends;
            }
            b'{' => open.push(Some(Open { begins: at + 1, entries: Vec::new(), key: None })),
            b'[' => open.push(None),
            b',' => {
                if let Some(Some(object)) = open.last_mut() {
                    object.ends_entry(at);
                }
            }
            b']' => drop(open.pop()),
            b'}' => {
                if let Some(Some(mut object)) = open.pop() {
                    object.ends_entry(at);
                    each_once &= object.sort(bytes, at);
                }
            }
            _ => {}
        }
        at += 1;
    }
    each_once
}

/// Where the quotation mark stands that ends the text which begins here.
fn end_of_text(bytes: &[u8], begins: usize) -> usize {
    let mut at = begins + 1;
    while let Some(ahead) = bytes.get(at..).and_then(odd) {
        at += ahead;
        match bytes.get(at) {
            Some(b'\\') => at += 2,
            _ => return at,
        }
    }
    bytes.len()
}

/// Where the next quotation mark or backslash stands. A text may be as large as its document: bytes
/// are looked at many at a time, which a processor does at once.
fn odd(rest: &[u8]) -> Option<usize> {
    const MANY: usize = 64;
    let is_odd = |byte: &u8| matches!(byte, b'\\' | b'"');
    let (groups, _) = rest.as_chunks::<MANY>();
    let none = |group: &&[u8; MANY]| !group.iter().fold(false, |any, byte| any | is_odd(byte));
    let passed = MANY * groups.iter().take_while(none).count();
    rest.get(passed..)?.iter().position(is_odd).map(|at| passed + at)
}

impl Open {
    fn ends_entry(&mut self, at: usize) {
        let begins = self.entries.last().map_or(self.begins, |(before, _)| before.end + 1);
        self.entries.extend(self.key.take().map(|key| (begins..at, key)));
    }

    /// Whether it has each key once.
    fn sort(&self, bytes: &mut [u8], end: usize) -> bool {
        let of = |(_, key): &(Range<usize>, Range<usize>)| bytes.get(key.clone()).unwrap_or(&[]);
        if self.entries.is_sorted_by(|one, next| order(of(one), of(next)).is_lt()) {
            return true;
        }
        let mut sorted: Vec<&(Range<usize>, Range<usize>)> = self.entries.iter().collect();
        sorted.sort_by(|one, next| order(of(one), of(next)));
        let each_once = sorted.is_sorted_by(|one, next| order(of(one), of(next)).is_lt());
        let mut entries = Vec::with_capacity(end - self.begins);
        for (entry, _) in sorted {
            if !entries.is_empty() {
                entries.push(b',');
            }
            entries.extend_from_slice(bytes.get(entry.clone()).unwrap_or(&[]));
        }
        if let Some(place) = bytes.get_mut(self.begins..end)
            && place.len() == entries.len()
        {
            place.copy_from_slice(&entries);
        }
        each_once
    }
}

/// Keys by UTF-16; where all is ASCII without escapes that is by bytes.
fn order(one: &[u8], next: &[u8]) -> Ordering {
    let is_plain = |key: &[u8]| key.is_ascii() && !key.contains(&b'\\');
    if is_plain(one) && is_plain(next) {
        return one.cmp(next);
    }
    read(one).encode_utf16().cmp(read(next).encode_utf16())
}

/// A key without its escapes.
fn read(key: &[u8]) -> Cow<'_, str> {
    let text = String::from_utf8_lossy(key);
    match key.contains(&b'\\') {
        true => serde_json::from_str(&format!("\"{text}\"")).map_or(text, Cow::Owned),
        false => text,
    }
}
