//! What a gate reads of bytes of strangers, for whoever tries any: `fuzz`, and the tests that go
//! through the same functions. Nothing is asked, recorded or sent.

use super::message::Reader;
use super::upstream::read_answer;
use crate::config::GateLimits;

/// What the HTTP library is given of a connection of HTTP/1 on which these pieces come, and whether
/// it is refused to go on.
pub fn http1(pieces: &[&[u8]]) -> (Vec<u8>, bool) {
    let mut reader = Reader::new("word", GateLimits::default().of_head());
    let mut given = Vec::new();
    for piece in pieces {
        reader.take(piece, &mut given);
    }
    (given, reader.refused().is_some())
}

/// The status and the body of an answer of an application that comes in these pieces, and whether
/// it is over; nothing where it is none.
pub fn answer(pieces: &[&[u8]]) -> Option<(u16, Vec<u8>, bool)> {
    read_answer(pieces, &GateLimits::default())
}
