//! As much of XML as spreadsheets write: elements, attributes, texts. What defines entities is
//! refused; nothing is looked up and nothing nests in memory.

use crate::refusal::FileRefusal;

/// A piece of a document. An element that is of another kind than the first one has no name here:
/// it is a program's own, and others pass it over with all that stands in it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Piece<'a> {
    /// An element begins: its name without prefix, and its attributes as they stand there.
    Begin(&'a str, &'a str),
    /// An element ends, also one that just began.
    End(&'a str),
    /// A text, with its references.
    Text(&'a str),
}

/// The pieces of a document.
pub(crate) struct Pieces<'a> {
    rest: &'a str,
    /// The element that began and ended in one tag.
    closing: Option<&'a str>,
    /// What stands before the name of the first element, and of all of its kind.
    prefix: Option<&'a str>,
}

impl<'a> Pieces<'a> {
    pub(crate) fn of(bytes: &'a [u8]) -> Result<Self, FileRefusal> {
        let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
        let rest = std::str::from_utf8(bytes).map_err(|_| FileRefusal::Malformed)?;
        Ok(Self { rest, closing: None, prefix: None })
    }

    /// Gives the next piece of the document, or nothing at its end.
    pub(crate) fn next(&mut self) -> Result<Option<Piece<'a>>, FileRefusal> {
        if let Some(name) = self.closing.take() {
            return Ok(Some(Piece::End(name)));
        }
        loop {
            let Some(tag) = self.rest.strip_prefix('<') else {
                if self.rest.is_empty() {
                    return Ok(None);
                }
                let length = self.rest.find('<').unwrap_or(self.rest.len());
                let (text, rest) = self.rest.split_at(length);
                self.rest = rest;
                return Ok(Some(Piece::Text(text)));
            };
            if let Some(comment) = tag.strip_prefix("!--") {
                self.rest = comment.split_once("-->").ok_or(FileRefusal::Malformed)?.1;
            } else if tag.starts_with('!') {
                return Err(FileRefusal::Entities);
            } else if tag.starts_with('?') {
                self.rest = tag.split_once("?>").ok_or(FileRefusal::Malformed)?.1;
            } else {
                return self.tag(tag).map(Some);
            }
        }
    }

    fn tag(&mut self, tag: &'a str) -> Result<Piece<'a>, FileRefusal> {
        let length = end_of(tag).ok_or(FileRefusal::Malformed)?;
        let (inside, rest) = tag.split_at(length);
        self.rest = rest.get(1..).unwrap_or_default();
        if let Some(name) = inside.strip_prefix('/') {
            return Ok(Piece::End(self.own(name.trim(), "")));
        }
        let (inside, closes) = match inside.strip_suffix('/') {
            Some(inside) => (inside, true),
            None => (inside, false),
        };
        let (name, attributes) = inside.split_once(char::is_whitespace).unwrap_or((inside, ""));
        let name = self.own(name, attributes);
        self.closing = closes.then_some(name);
        Ok(Piece::Begin(name, attributes))
    }

    /// The name of an element, if it is of the first one's kind and does not say that it is not.
    fn own(&mut self, name: &'a str, attributes: &str) -> &'a str {
        let (prefix, local) = name.split_once(':').unwrap_or(("", name));
        let Some(own) = self.prefix else {
            self.prefix = Some(prefix);
            return local;
        };
        let is_own = |said: &str| {
            said.strip_prefix("xmlns").is_some_and(|of| of.trim_start_matches(':') == own)
        };
        let is_other = named_values(attributes).any(|(said, _)| is_own(said));
        if prefix == own && !is_other { local } else { "" }
    }
}

/// Where a tag ends: at the first `>` outside of quotation marks.
fn end_of(tag: &str) -> Option<usize> {
    let mut quote = None;
    for (place, c) in tag.char_indices() {
        match (quote, c) {
            (None, '>') => return Some(place),
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), c) if open == c => quote = None,
            _ => {}
        }
    }
    None
}

/// The attributes of a tag, names and values as they stand there.
pub(crate) fn named_values(attributes: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut rest = attributes;
    std::iter::from_fn(move || {
        let (name, behind) = rest.split_once('=')?;
        let behind = behind.trim_start();
        let quote = behind.chars().next().filter(|c| matches!(c, '"' | '\''))?;
        let (value, after) = behind.get(1..)?.split_once(quote)?;
        rest = after;
        Some((name.trim(), value))
    })
}

/// The value of an attribute of this very name: what stands under a prefix is a program's own.
pub(crate) fn attribute<'a>(attributes: &'a str, wanted: &str) -> Option<&'a str> {
    named_values(attributes).find(|(name, _)| *name == wanted).map(|(_, value)| value)
}

/// A text with its references resolved: the five that XML knows, and characters by number.
pub(crate) fn resolved(text: &str) -> Result<String, FileRefusal> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once('&') {
        out.push_str(before);
        let (name, after) = behind.split_once(';').ok_or(FileRefusal::Malformed)?;
        out.push(character(name)?);
        rest = after;
    }
    out.push_str(rest);
    Ok(out)
}

fn character(name: &str) -> Result<char, FileRefusal> {
    let number = match name {
        "lt" => return Ok('<'),
        "gt" => return Ok('>'),
        "amp" => return Ok('&'),
        "quot" => return Ok('"'),
        "apos" => return Ok('\''),
        _ => match (name.strip_prefix("#x"), name.strip_prefix('#')) {
            (Some(hex), _) => u32::from_str_radix(hex, 16),
            (None, Some(decimal)) => decimal.parse(),
            (None, None) => return Err(FileRefusal::Entities),
        },
    };
    number.ok().and_then(char::from_u32).ok_or(FileRefusal::Malformed)
}
