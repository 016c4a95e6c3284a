//! What a page's script sends of a passkey that was touched. The CA checks all of it.

use records::Bytes;
use records::passkey::{Assertion, one_spelling};
use serde::Deserialize;

/// The fields of a form.
#[derive(Deserialize)]
pub(super) struct Touch {
    credential: String,
    authenticator_data: String,
    client_data: String,
    signature: String,
}

impl Touch {
    /// The signature in its one spelling, and what the authenticator said.
    pub(super) fn read(&self) -> Option<(Bytes, Assertion)> {
        let assertion = Assertion {
            credential: Bytes::read(&self.credential)?,
            authenticator_data: Bytes::read(&self.authenticator_data)?,
            client_data: Bytes::read(&self.client_data)?,
        };
        Some((one_spelling(Bytes::read(&self.signature)?), assertion))
    }
}
