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

/// Levels of a document that is looked at as it stands; of a deeper one nothing is said.
const LEVELS: usize = 16;

/// What is open at a level. Of an object: where the key stands that came last, and whether the next
/// text is one.
#[derive(Clone, Copy)]
enum Level {
    List,
    Object { last: Option<(usize, usize)>, awaits_key: bool },
}

/// Whether each object has its entries in this order already, and every key once: sorting would
/// change nothing. The bytes are JSON without white space.
pub(super) fn is_in_order(bytes: &[u8]) -> bool {
    passed(bytes).is_some()
}

/// Goes through a document as long as it is in order.
fn passed(bytes: &[u8]) -> Option<()> {
    let mut levels = [Level::List; LEVELS];
    let (mut depth, mut at) = (0_usize, 0);
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => {
                let ends = end_of_text(bytes, at);
                if let Some(Level::Object { last, awaits_key }) = top(&mut levels, depth)
                    && *awaits_key
                {
                    let key = bytes.get(at + 1..ends)?;
                    let before = last.and_then(|(begins, ends)| bytes.get(begins..ends));
                    if before.is_some_and(|before| order(before, key).is_ge()) {
                        return None;
                    }
                    (*last, *awaits_key) = (Some((at + 1, ends)), false);
                }
                at = ends;
            }
            b'{' => {
                *levels.get_mut(depth)? = Level::Object { last: None, awaits_key: true };
                depth += 1;
            }
            b'[' => {
                *levels.get_mut(depth)? = Level::List;
                depth += 1;
            }
            b'}' | b']' => depth = depth.checked_sub(1)?,
            b',' => {
                if let Some(Level::Object { awaits_key, .. }) = top(&mut levels, depth) {
                    *awaits_key = true;
                }
            }
            _ => {}
        }
        at += 1;
    }
    Some(())
}

/// The innermost level that is open.
fn top(levels: &mut [Level], depth: usize) -> Option<&mut Level> {
    levels.get_mut(depth.checked_sub(1)?)
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

#[cfg(test)]
mod tests {
    use super::*;

    /// What is said to be in order is what sorting leaves as it is, and has each key once.
    #[test]
    fn what_is_in_order_is_what_sorting_leaves_alone() {
        let deep =
            |levels: usize| format!("{}{}", "{\"a\":".repeat(levels), "{}") + &"}".repeat(levels);
        let (most, beyond) = (deep(LEVELS - 1), deep(LEVELS));
        let texts = [
            "{}",
            "[]",
            "7",
            r#"{"a":1,"b":2}"#,
            r#"{"b":1,"a":2}"#,
            r#"{"a":1,"a":2}"#,
            r#"{"a":1,"ab":2,"b":{"c":[{"b":1},{"a":2}],"d":3}}"#,
            r#"{"a":{"c":1,"b":2},"b":3}"#,
            r#"{"a":[{"b":1,"a":2}],"b":3}"#,
            r#"{"a":{"x":1},"b":{"a":1}}"#,
            r#"{"b":{"a":1},"a":{"x":1}}"#,
            r#"["b","a",{"a":"b"},"{",",","}"]"#,
            r#"{"a":",\"b\":{","b":"}","c":["]"]}"#,
            r#"{"a\\":1,"b":"\\"}"#,
            r#"{"\n":1,"a":2,"中":3}"#,
            r#"{"a":1,"\n":2}"#,
            "{\"\u{20AC}\":3,\"\u{1F600}\":2,\"\u{FF21}\":1}",
            "{\"\u{20AC}\":3,\"\u{FF21}\":1,\"\u{1F600}\":2}",
            most.as_str(),
        ];
        let (mut in_order, mut not) = (0, 0);
        for text in texts {
            let mut sorted = text.as_bytes().to_vec();
            let is_left = keys(&mut sorted) && sorted == text.as_bytes();
            assert_eq!(is_in_order(text.as_bytes()), is_left, "{text}");
            if is_left { in_order += 1 } else { not += 1 }
        }
        assert_eq!((in_order, not), (12, 7));
        assert!(!is_in_order(beyond.as_bytes()), "nothing is said of what is deeper");
    }
}
