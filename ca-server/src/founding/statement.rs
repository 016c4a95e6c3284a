//! The founding statement as `init` made it.

use records::founding::Founding;

/// The statement with its bytes, signature and what opens its commitments.
pub struct Statement {
    /// The statement.
    pub founding: Founding,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// The root key's signature.
    pub signature: Vec<u8>,
    /// Profiles and rule files.
    pub files: Vec<records::record::File>,
    /// Names of the first people by person id, with the salts of their commitments.
    pub names: Vec<(String, records::Disclosure)>,
}

impl Statement {
    /// The founding digest.
    pub fn digest(&self) -> [u8; 32] {
        records::founding::digest(&self.bytes)
    }
}
