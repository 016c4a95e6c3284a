//! Signed notes (C2SP signed-note): a text, a blank line, signature lines.

use data_encoding::BASE64;
use sha2::{Digest, Sha256};

/// The algorithm byte of Ed25519 in a verifier key.
const ED25519: u8 = 1;

/// Longest note that is read, in bytes.
pub const NOTE_BYTES_MAX: usize = 64 * 1024;

/// Why a note or key is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// Not the form of a signed note.
    #[error("not a signed note")]
    Malformed,
    /// Not the form of a verifier key.
    #[error("not a verifier key")]
    Key,
    /// No signature by the expected key.
    #[error("the note is not signed by the expected key")]
    Unsigned,
}

/// An Ed25519 verifier key: `name+hash+base64(0x01 ‖ key)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifierKey {
    name: String,
    public: [u8; 32],
}

impl VerifierKey {
    /// A key under a name; a name has no spaces and no plus sign.
    pub fn new(name: &str, public: [u8; 32]) -> Result<Self, NoteError> {
        if name.is_empty() || name.contains(|c: char| c.is_whitespace() || c == '+') {
            return Err(NoteError::Key);
        }
        Ok(Self { name: name.to_owned(), public })
    }

    /// Reads the text form and checks its hash.
    pub fn read(text: &str) -> Result<Self, NoteError> {
        let mut parts = text.splitn(3, '+');
        let (name, id, key) = (parts.next(), parts.next(), parts.next());
        let (Some(name), Some(id), Some(key)) = (name, id, key) else { return Err(NoteError::Key) };
        let key = decoded(key).ok_or(NoteError::Key)?;
        let [ED25519, public @ ..] = key.as_slice() else { return Err(NoteError::Key) };
        let public = <[u8; 32]>::try_from(public).map_err(|_| NoteError::Key)?;
        let read = Self::new(name, public)?;
        if format!("{:08x}", u32::from_be_bytes(read.id())) != id {
            Err(NoteError::Key)
        } else {
            Ok(read)
        }
    }

    /// The key's name, which a note's signature line repeats (C2SP signed-note).
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The public key of Ed25519, 32 bytes.
    pub fn public(&self) -> &[u8; 32] {
        &self.public
    }

    /// First four bytes of SHA-256(name ‖ newline ‖ 0x01 ‖ key).
    fn id(&self) -> [u8; 4] {
        let digest = Sha256::new()
            .chain_update(self.name.as_bytes())
            .chain_update([b'\n', ED25519])
            .chain_update(self.public)
            .finalize();
        let mut id = [0; 4];
        id.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
        id
    }
}

impl core::fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let key = BASE64.encode(&[&[ED25519], self.public.as_slice()].concat());
        write!(f, "{}+{:08x}+{key}", self.name, u32::from_be_bytes(self.id()))
    }
}

/// Puts the signature over `text` (which ends with a newline) below it.
pub fn sign<E>(
    text: &str,
    key: &VerifierKey,
    signer: impl FnOnce(&[u8]) -> Result<Vec<u8>, E>,
) -> Result<String, E> {
    let signature = signer(text.as_bytes())?;
    let line = BASE64.encode(&[key.id().as_slice(), &signature].concat());
    Ok(format!("{text}\n\u{2014} {} {line}\n", key.name))
}

/// The note's text, if `key` signed it; other signatures are passed over. Each line of a signature
/// is spelled in one way, so that nobody makes another of it.
pub fn open<'a>(
    note: &'a str,
    key: &VerifierKey,
    verify: impl Fn(&[u8; 32], &[u8], &[u8]) -> bool,
) -> Result<&'a str, NoteError> {
    if note.len() > NOTE_BYTES_MAX {
        return Err(NoteError::Malformed);
    }
    let (text, signatures) = note.rsplit_once("\n\n").ok_or(NoteError::Malformed)?;
    let text = note.get(..text.len() + 1).ok_or(NoteError::Malformed)?;
    let signatures = signatures.strip_suffix('\n').ok_or(NoteError::Malformed)?;
    for line in signatures.split('\n') {
        let rest = line.strip_prefix("\u{2014} ").ok_or(NoteError::Malformed)?;
        let (name, value) = rest.split_once(' ').ok_or(NoteError::Malformed)?;
        let value = decoded(value).ok_or(NoteError::Malformed)?;
        let (id, signature) = value.split_at_checked(4).ok_or(NoteError::Malformed)?;
        if name != key.name || id != key.id() {
            continue;
        }
        if verify(&key.public, text.as_bytes(), signature) {
            return Ok(text);
        }
        return Err(NoteError::Unsigned);
    }
    Err(NoteError::Unsigned)
}

/// The bytes of base64 in its one spelling: a decoder takes padding within a text as well.
pub(crate) fn decoded(text: &str) -> Option<Vec<u8>> {
    let bytes = BASE64.decode(text.as_bytes()).ok()?;
    (BASE64.encode(&bytes) == text).then_some(bytes)
}
