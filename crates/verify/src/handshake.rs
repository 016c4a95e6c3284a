//! The handshake that opened a connection: what the person's key signed in it, and what that shows.

use crate::control::opens;
use crate::verdict::Failed;
use pki::Certificate;
use records::access::{Connection, messages_digest};
use records::{Bytes, Disclosure};

/// What a client signs in front of the transcript hash (RFC 8446 4.4.3).
const CONTEXT: &[u8] = b"TLS 1.3, client CertificateVerify\0";

/// Which handshake it was, as far as the signature shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HandshakeProof {
    /// TLS 1.3: the signature covers a hash of messages that nobody kept.
    Hashed,
    /// TLS 1.2: the signature covers messages that the bundle holds, and they name the host.
    Shown,
}

/// Checks that the key of `certificate` opened the connection.
pub fn check(
    item: &str,
    seen: &Connection,
    certificate: &Certificate,
    disclosures: &[Disclosure],
) -> Result<HandshakeProof, Failed> {
    let (key, signature) = (certificate.key(), &seen.signature.0);
    let (opened, handshake) = match (seen.tls.as_str(), &seen.handshake) {
        ("1.3", None) => {
            let message = &seen.message.0;
            let signed = key.verify_tls13(seen.scheme, message, signature);
            (has_form(message) && signed, HandshakeProof::Hashed)
        }
        ("1.2", Some(commitment)) => {
            let value = opens(item, commitment, "/handshake", disclosures)?;
            let messages = value.as_str().and_then(Bytes::read).unwrap_or_default().0;
            let named = messages_digest(&messages) == seen.message;
            let fits = fits(&messages, certificate.der(), &seen.host).is_some();
            let signed = key.verify_tls12(seen.scheme, &messages, signature);
            (named && fits && signed, HandshakeProof::Shown)
        }
        _ => return Err(Failed::altered(item, "it is of no version of TLS that a gate speaks")),
    };
    let refused = || Failed::altered(item, "the person's key did not open this connection");
    opened.then_some(handshake).ok_or_else(refused)
}

/// Whether a message is what a client of TLS 1.3 signs.
fn has_form(message: &[u8]) -> bool {
    let (padding, rest) = message.split_at_checked(64).unwrap_or_default();
    let hash = rest.strip_prefix(CONTEXT).map_or(0, <[u8]>::len);
    padding.len() == 64 && padding.iter().all(|b| *b == 0x20) && matches!(hash, 32 | 48)
}

/// ECDHE with AEAD, for keys of EC: all that a gate speaks in TLS 1.2.
const SUITES: [u16; 3] = [0xc02b, 0xc02c, 0xcca9];
const SERVER_NAME: u16 = 0;
const EXTENDED_MASTER_SECRET: u16 = 23;
/// The messages before a client's CertificateVerify (RFC 5246 7.3), by their types: both hellos,
/// the gate's certificate, key, request and end of hello, the person's certificate and key.
const TYPES: [u8; 8] = [1, 2, 11, 12, 13, 14, 11, 16];

/// `Some` if the messages of a handshake of TLS 1.2 are all there, and it was one in which the
/// holder of this certificate asked for this host.
fn fits(messages: &[u8], certificate: &[u8], host: &str) -> Option<()> {
    let mut rest = Reader(messages);
    let mut bodies = Vec::new();
    for kind in TYPES {
        (rest.number(1)? == usize::from(kind)).then_some(())?;
        bodies.push(rest.vector(3)?);
    }
    let [client_hello, server_hello, _, _, _, _, shown, _] = bodies.as_slice() else { return None };
    let mut list = Reader(Reader(shown).vector(3)?);
    let mut hello = Reader(server_hello);
    let version = hello.number(2)?;
    hello.take(32)?;
    hello.vector(1)?;
    let suite = u16::try_from(hello.number(2)?).ok()?;
    // Compression, and there is none.
    let plain = hello.number(1)? == 0;
    let extended = hello.extension(EXTENDED_MASTER_SECRET)?.is_some();
    let holds = rest.0.is_empty()
        && list.vector(3)? == certificate
        && version == 0x0303
        && SUITES.contains(&suite)
        && plain
        && extended
        && name(client_hello)?.eq_ignore_ascii_case(host.as_bytes());
    holds.then_some(())
}

/// The server name in a ClientHello (RFC 6066 3).
fn name(client_hello: &[u8]) -> Option<&[u8]> {
    let mut hello = Reader(client_hello);
    hello.take(34)?;
    hello.vector(1)?;
    hello.vector(2)?;
    hello.vector(1)?;
    let mut names = Reader(Reader(hello.extension(SERVER_NAME)??).vector(2)?);
    (names.number(1)? == 0).then_some(())?;
    names.vector(2)
}

/// Reads the presentation language of TLS (RFC 5246 4).
#[derive(Clone, Copy)]
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, bytes: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(bytes)?;
        self.0 = rest;
        Some(taken)
    }

    /// A number of so many bytes, three at most.
    fn number(&mut self, bytes: usize) -> Option<usize> {
        let taken = self.take(bytes)?;
        Some(taken.iter().fold(0, |value, byte| value << 8 | usize::from(*byte)))
    }

    /// A vector behind its length.
    fn vector(&mut self, length_bytes: usize) -> Option<&'a [u8]> {
        let length = self.number(length_bytes)?;
        self.take(length)
    }

    /// What stands in an extension, of those that follow here; the outer `None` is for what cannot
    /// be read.
    fn extension(&mut self, wanted: u16) -> Option<Option<&'a [u8]>> {
        let mut extensions = Reader(self.vector(2)?);
        while !extensions.0.is_empty() {
            let kind = extensions.number(2)?;
            let body = extensions.vector(2)?;
            if kind == usize::from(wanted) {
                return Some(Some(body));
            }
        }
        Some(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vector(length_bytes: usize, body: &[u8]) -> Vec<u8> {
        let length = u32::try_from(body.len()).unwrap().to_be_bytes();
        [&length[4 - length_bytes..], body].concat()
    }

    fn extension(kind: u16, body: &[u8]) -> Vec<u8> {
        [kind.to_be_bytes().as_slice(), &vector(2, body)].concat()
    }

    /// A handshake whose parts can be exchanged.
    struct Played {
        suite: u16,
        extensions: Vec<u8>,
        version: u16,
        compression: u8,
        types: [u8; 8],
    }

    impl Played {
        fn good() -> Self {
            Self {
                suite: 0xc02b,
                extensions: extension(EXTENDED_MASTER_SECRET, &[]),
                version: 0x0303,
                compression: 0,
                types: TYPES,
            }
        }

        fn messages(&self) -> Vec<u8> {
            let random = [7; 32];
            let name = vector(2, &[&[0][..], &vector(2, b"Door.example")].concat());
            let client = [
                &[3, 3],
                &random[..],
                &vector(1, &[]),
                &vector(2, &[0xc0, 0x2b]),
                &vector(1, &[0]),
                &vector(2, &[extension(10, &[0, 0]), extension(SERVER_NAME, &name)].concat()),
            ];
            let server = [
                &self.version.to_be_bytes(),
                &random[..],
                &vector(1, &[]),
                &self.suite.to_be_bytes(),
                &[self.compression],
                &vector(2, &self.extensions),
            ];
            let shown = vector(3, &[vector(3, b"mine"), vector(3, b"ours")].concat());
            let gate = vector(3, &vector(3, b"gate"));
            let bodies = [client.concat(), server.concat(), gate, vec![1], vec![2], vec![], shown];
            let bodies = bodies.into_iter().chain([vec![3]]);
            let framed = bodies.zip(self.types);
            framed.flat_map(|(body, kind)| [vec![kind], vector(3, &body)].concat()).collect()
        }

        fn fits(&self) -> bool {
            fits(&self.messages(), b"mine", "door.example").is_some()
        }
    }

    #[test]
    fn a_handshake_of_tls_1_2_is_whole_and_of_this_certificate_and_host() {
        let good = Played::good;
        assert!(good().fits());
        let messages = good().messages();
        assert!(fits(&messages, b"ours", "door.example").is_none(), "another certificate");
        assert!(fits(&messages, b"mine", "other.example").is_none(), "another host");
        assert!(fits(&[&messages[..], &[20, 0, 0, 0]].concat(), b"mine", "door.example").is_none());
        for end in 0..messages.len() {
            assert!(fits(&messages[..end], b"mine", "door.example").is_none(), "cut at {end}");
        }
        assert!(!Played { suite: 0xc009, ..good() }.fits(), "CBC");
        assert!(!Played { suite: 0x009c, ..good() }.fits(), "RSA key exchange");
        assert!(!Played { extensions: extension(65281, &[0]), ..good() }.fits(), "no EMS");
        assert!(!Played { version: 0x0302, ..good() }.fits(), "TLS 1.1");
        assert!(!Played { compression: 1, ..good() }.fits(), "compressed");
        assert!(!Played { types: [1, 2, 11, 12, 13, 14, 11, 15], ..good() }.fits());
    }

    #[test]
    fn what_a_client_of_tls_1_3_signs_has_one_form() {
        let message = |padding: usize, hash: usize| {
            [vec![0x20; padding], CONTEXT.to_vec(), vec![9; hash]].concat()
        };
        assert!(has_form(&message(64, 32)) && has_form(&message(64, 48)));
        for (padding, hash) in [(63, 32), (65, 32), (64, 31), (64, 0), (64, 64)] {
            assert!(!has_form(&message(padding, hash)), "{padding} {hash}");
        }
    }
}
