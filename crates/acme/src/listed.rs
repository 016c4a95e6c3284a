//! Values of DER one behind the other, as a SEQUENCE OF and a SET OF have them.

use der::Decode;

/// All values of some content, or nothing where it is none.
pub(crate) fn many<T: for<'a> Decode<'a>>(mut content: &[u8]) -> Option<Vec<T>> {
    let mut found = Vec::new();
    while !content.is_empty() {
        let (one, rest) = T::from_der_partial(content).ok()?;
        found.push(one);
        content = rest;
    }
    Some(found)
}
