//! Where in JSON a reader stands, as a JSON pointer (RFC 6901).

/// Longest part of a pointer, in bytes: keys of others may have any length.
const KEY_BYTES_MAX: usize = 64;
/// Most parts of one.
const PARTS_MAX: usize = 16;

/// What is open at a place.
enum Open {
    /// An object, with the key whose value stands or comes there.
    Object(Option<String>),
    /// A list, with the number of the item.
    List(usize),
}

/// The pointer to what stands at a line and a column, both counted from 1; the column is the number
/// of bytes that were read of the line. Nothing where the line is 0.
pub(super) fn at(bytes: &[u8], line: usize, column: usize) -> String {
    let Some(above) = line.checked_sub(1) else { return String::new() };
    let ends = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at + 1);
    let begins = [0].into_iter().chain(ends).nth(above).unwrap_or(bytes.len());
    let read = bytes.get(..begins.saturating_add(column)).unwrap_or(bytes);
    pointer(read)
}

/// What is open behind these bytes.
fn pointer(bytes: &[u8]) -> String {
    let mut open: Vec<Open> = Vec::new();
    let (mut at, mut awaits_key) = (0, false);
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'{' => {
                open.push(Open::Object(None));
                awaits_key = true;
            }
            b'[' => open.push(Open::List(0)),
            b'}' | b']' => {
                // The reader judges a value once all of it is read.
                if at + 1 < bytes.len() {
                    open.pop();
                } else if let Some(Open::Object(key)) = open.last_mut() {
                    *key = None;
                }
                awaits_key = false;
            }
            b',' => match open.last_mut() {
                Some(Open::Object(key)) => {
                    *key = None;
                    awaits_key = true;
                }
                Some(Open::List(item)) => *item += 1,
                None => {}
            },
            b'"' => {
                let end = end_of_text(bytes, at + 1);
                if awaits_key && let Some(Open::Object(key)) = open.last_mut() {
                    let most = end.min(at + 1 + KEY_BYTES_MAX);
                    let text = String::from_utf8_lossy(bytes.get(at + 1..most).unwrap_or_default());
                    *key = Some(text.replace('~', "~0").replace('/', "~1"));
                    awaits_key = false;
                }
                at = end;
            }
            _ => {}
        }
        at += 1;
    }
    let part = |open: &Open| match open {
        Open::Object(key) => key.as_ref().map(|key| format!("/{key}")),
        Open::List(item) => Some(format!("/{item}")),
    };
    open.iter().filter_map(part).take(PARTS_MAX).collect()
}

/// Where the quotation mark stands that ends a text, or the end of all.
fn end_of_text(bytes: &[u8], begins: usize) -> usize {
    let mut at = begins;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => return at,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_where_the_reader_stands() {
        let text = "{\"a\":[1,{\"b/c\":\"x\\\"{[\",\n\"d\":2}],\"e\":3}";
        let whole = |line, column| at(text.as_bytes(), line, column);
        assert_eq!(whole(1, 1), "");
        assert_eq!(whole(1, 7), "/a/0");
        assert_eq!(whole(1, 9), "/a/1");
        assert_eq!(whole(1, 20), "/a/1/b~1c");
        assert_eq!(whole(2, 5), "/a/1/d");
        assert_eq!(whole(2, 6), "/a/1", "an object that is judged when it is whole");
        assert_eq!(whole(2, 11), "/e");
        assert_eq!(whole(0, 0), "");
        assert_eq!(whole(9, 9), "");
    }
}
