//! The founding statement as `init` made it.

use records::founding::Founding;

/// The statement with its bytes, signature and what opens its commitments.
pub(crate) struct Statement {
    /// The statement.
    pub(crate) founding: Founding,
    /// Its bytes.
    pub(crate) bytes: Vec<u8>,
    /// The root key's signature.
    pub(crate) signature: Vec<u8>,
    /// Profiles and rule files.
    pub(crate) files: Vec<records::record::File>,
    /// Names of the first people by person id, with the salts of their commitments.
    pub(crate) names: Vec<(String, records::Disclosure)>,
}

impl Statement {
    /// The founding digest.
    pub(crate) fn digest(&self) -> [u8; 32] {
        records::founding::digest(&self.bytes)
    }
}
