//! Limits that no setting changes, in one place: `docs/gate.md` names each of them, which a test
//! keeps.

use std::time::Duration;

/// Declares limits, and the rows of the page that tell them.
macro_rules! limits {
    ($($(#[$doc:meta])+ $name:ident: $kind:ty = $value:expr => $says:literal;)+) => {
        $($(#[$doc])+ pub(crate) const $name: $kind = $value;)+

        /// As they stand on the page.
        #[cfg(test)]
        pub(crate) fn rows() -> Vec<String> {
            vec![$(format!("| {} | {:?} |", $says, $name)),+]
        }
    };
}

limits! {
    /// Streams of a connection at once.
    STREAMS_MAX: u32 = 100 => "requests under way of one connection of HTTP/2";
    /// Streams that a client took back and that nobody looked at yet.
    PENDING_RESETS_MAX: usize = 20 => "streams that a client resets before they are looked at";
    /// Streams that were reset for an error of the client's.
    LOCAL_RESETS_MAX: usize = 100 => "streams of a connection that are reset for an error in them";
    /// A ping is sent this often, and answered within as much.
    PING: Duration = Duration::from_secs(20)
        => "between pings on a connection of HTTP/2, and for the answer to one";
    /// How much larger than a head may be one is still read, so that its sender hears which limit
    /// it exceeds.
    READ_BEYOND: usize = 4 => "heads of HTTP/2 are read up to so many times `head_bytes`";
    /// Most bytes of an answer that wait for a client of HTTP/2.
    SEND_BUFFER_BYTES_MAX: usize = 64 * 1024
        => "bytes of an answer that wait for a client of HTTP/2";
    /// Bytes that a stream may send ahead.
    STREAM_WINDOW_BYTES: u32 = 64 * 1024 => "bytes that a stream may send ahead";
    /// Bytes that a connection may send ahead.
    CONNECTION_WINDOW_BYTES: u32 = 1024 * 1024 => "bytes that all streams may send ahead";
    /// Largest trailer section, in bytes; it is dropped.
    TRAILER_BYTES_MAX: usize = 4 * 1024
        => "bytes of a trailer section, which is read and dropped";
    /// Longest line with a chunk's size.
    SIZE_BYTES_MAX: usize = 256 => "bytes of the line with a chunk's size, extensions too";
    /// Time for the answer to a head that was late.
    LATE_ANSWER_MAX: Duration = Duration::from_secs(2) => "for the answer to a head that was late";
    /// Most bytes that a client still gets to send of a request that is answered already.
    SWALLOWED_BYTES_MAX: usize = 64 * 1024 * 1024
        => "bytes that are still read of a request that is answered already";
    /// The longest time for these.
    SWALLOW_MAX: Duration = Duration::from_secs(10) => "for these";
    /// A body slower than this over a minute is cut, in bytes a second.
    SLOW: u64 = 1_024 => "bytes a second, over a minute: a body slower than that is late";
    /// Most certificates beside its own that are looked at of a client's chain; a handshake has no
    /// room for many more.
    SENT_MAX: usize = 64 => "certificates beside its own that are looked at of a client's chain";
    /// Most of them that a path is sought through.
    BETWEEN_MAX: usize = 4 => "of these, issuers that a path is sought through";
    /// Longest wait for a connection to the application.
    CONNECT_MAX: Duration = Duration::from_secs(5) => "to connect to the application";
    /// Most connections to the application that wait for the next request.
    IDLE_MAX: usize = 8
        => "connections to the application that wait, of each connection of a person";
    /// A connection that waited for longer is not used: an application that closes it at this
    /// moment would take a request along, and one record lets one request through, so that it is
    /// never sent twice.
    WAITED_MAX: Duration = Duration::from_millis(1_500)
        => "that one waits before it is not used again";
    /// Most bytes of one record, and of what opens it.
    RECORD_BYTES_MAX: usize = records::spooled::RECORD_BYTES_MAX
        => "bytes of one record, and of what opens it: what has more does not pass";
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn every_fixed_limit_is_on_the_page_of_the_gate() {
        let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/gate.md");
        let page = std::fs::read_to_string(page).unwrap();
        let table = page.split("\n## Fixed limits").nth(1).unwrap();
        let table = table.split("\n## ").next().unwrap();
        let told: Vec<&str> = table.lines().filter(|line| line.starts_with("| ")).skip(1).collect();
        assert_eq!(told, rows(), "in this order, with these numbers");
    }
}
