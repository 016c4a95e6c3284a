//! The founding statement as `init` made it.

use records::founding::Founding;

/// The statement with its bytes, signature and what opens its commitments.
pub(crate) struct Statement {
    /// The founding statement as it was built.
    pub(crate) founding: Founding,
    /// The statement is these exact bytes, canonical JSON.
    pub(crate) bytes: Vec<u8>,
    /// The root key's signature.
    pub(crate) signature: Vec<u8>,
    /// Profiles and rule files.
    pub(crate) files: Vec<records::record::File>,
    /// Names of the first people by person id, with the salts of their commitments.
    pub(crate) names: Vec<(String, records::Disclosure)>,
}

impl Statement {
    /// The founding digest, SHA-256 under `yinxin-founding-v1`.
    pub(crate) fn digest(&self) -> [u8; 32] {
        records::founding::digest(&self.bytes)
    }
}
