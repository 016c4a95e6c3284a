//! Labelled signatures: LABEL ‖ 0x00 ‖ bytes, so that no signature can be read as another kind's.

use pki::algorithm::SignError;
use pki::{PublicKey, Signer};
use sha2::{Digest, Sha256};

/// The kinds of statement that are signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Label {
    /// The founding statement, by the root key.
    Founding,
    /// An order, by the registry key.
    Order,
    /// An approval, over the digest of an order.
    Approval,
    /// That a letter was made, by the registry key.
    Letter,
    /// That a letter counts no more, by the registry key.
    Void,
    /// A loss receipt, by the status key.
    Receipt,
    /// A use of a standing authorization, by the key that may ask.
    Use,
    /// A people snapshot, by the registry key.
    People,
    /// A head of an agent's spool, by the agent's key.
    Spool,
    /// A request to the log, by the auditor's certificate key.
    LogRequest,
    /// A new passkey, by its officer's certificate key.
    Passkey,
    /// That an order is declined, by an officer.
    Decline,
    /// That a certificate be revoked, by an officer.
    Wish,
    /// That an order or a letter be made, by a handler.
    Draft,
    /// That an order or a letter be taken back, by the person who drafted it.
    Withdrawal,
    /// That an order was taken back, by the registry key.
    Withdrawn,
    /// That a certificate is suspended, by its holder or whoever cares for it.
    Suspension,
    /// That something is suspended, by the status key or the registry key.
    Suspended,
    /// That nobody released a suspension in its time, by the registry key.
    Lapse,
    /// That something is revoked, and since when, by the registry key.
    Revocation,
    /// What is revoked or suspended and stands in no list yet, by the status key.
    Unlisted,
    /// That a system's account was opened with a secret of its order, by the registry key.
    MachineAccount,
    /// That a system asked for a certificate by EST or CMP, by the registry key.
    MachineEnrolled,
    /// The authorities of the city and what they are for, by the registry key.
    TrustBundle,
    /// Which rows of a batch have to be opened; a digest that nobody signs.
    Sample,
    /// A national number, under the issuer's key for them; nobody signs it.
    Number,
    /// That the issuer made such a digest for a handler, under the same key.
    NumberSeal,
}

impl Label {
    /// Every label, in this order.
    pub const ALL: [Self; 27] = [
        Self::Founding,
        Self::Order,
        Self::Approval,
        Self::Letter,
        Self::Void,
        Self::Receipt,
        Self::Use,
        Self::People,
        Self::Spool,
        Self::LogRequest,
        Self::Passkey,
        Self::Decline,
        Self::Wish,
        Self::Draft,
        Self::Withdrawal,
        Self::Withdrawn,
        Self::Suspension,
        Self::Suspended,
        Self::Lapse,
        Self::Revocation,
        Self::Unlisted,
        Self::MachineAccount,
        Self::MachineEnrolled,
        Self::TrustBundle,
        Self::Sample,
        Self::Number,
        Self::NumberSeal,
    ];

    /// The ASCII text in front of the bytes.
    pub fn text(self) -> &'static str {
        match self {
            Self::Founding => "yinxin-founding-v1",
            Self::Order => "yinxin-order-v1",
            Self::Approval => "yinxin-approval-v1",
            Self::Letter => "yinxin-letter-v1",
            Self::Void => "yinxin-void-v1",
            Self::Receipt => "yinxin-receipt-v1",
            Self::Use => "yinxin-use-v1",
            Self::People => "yinxin-people-v1",
            Self::Spool => "yinxin-spool-v1",
            Self::LogRequest => "yinxin-log-request-v1",
            Self::Passkey => "yinxin-passkey-v1",
            Self::Decline => "yinxin-decline-v1",
            Self::Wish => "yinxin-wish-v1",
            Self::Draft => "yinxin-draft-v1",
            Self::Withdrawal => "yinxin-withdrawal-v1",
            Self::Withdrawn => "yinxin-withdrawn-v1",
            Self::Suspension => "yinxin-suspension-v1",
            Self::Suspended => "yinxin-suspended-v1",
            Self::Lapse => "yinxin-lapse-v1",
            Self::Revocation => "yinxin-revocation-v1",
            Self::Unlisted => "yinxin-unlisted-v1",
            Self::MachineAccount => "yinxin-machine-account-v1",
            Self::MachineEnrolled => "yinxin-machine-enrolled-v1",
            Self::TrustBundle => "yinxin-trust-bundle-v1",
            Self::Sample => "yinxin-sample-v1",
            Self::Number => "yinxin-number-v1",
            Self::NumberSeal => "yinxin-number-seal-v1",
        }
    }

    /// LABEL ‖ 0x00 ‖ bytes.
    pub fn message(self, bytes: &[u8]) -> Vec<u8> {
        [self.text().as_bytes(), &[0], bytes].concat()
    }

    /// The SHA-256 of the label, a zero byte and the bytes (`docs/formats.md` 2).
    pub fn digest(self, bytes: &[u8]) -> [u8; 32] {
        let begun = Sha256::new().chain_update(self.text()).chain_update([0]);
        begun.chain_update(bytes).finalize().into()
    }

    /// Signs the bytes behind this label and a zero byte (`docs/formats.md` 2).
    pub fn sign(self, signer: &dyn Signer, bytes: &[u8]) -> Result<Vec<u8>, SignError> {
        signer.sign(&self.message(bytes))
    }

    /// Whether `key` signed the message.
    pub fn verify(self, key: &PublicKey, bytes: &[u8], signature: &[u8]) -> bool {
        key.verify(&self.message(bytes), signature)
    }
}

/// Verifies an Ed25519 signature of a checkpoint; the parameter that `tlog` asks for.
pub fn verify_ed25519(public: &[u8; 32], message: &[u8], signature: &[u8]) -> bool {
    use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
    UnparsedPublicKey::new(&ED25519, public).verify(message, signature).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A label that is added has its arm here, and its place in the list.
    fn next(label: Label) -> Option<Label> {
        Some(match label {
            Label::Founding => Label::Order,
            Label::Order => Label::Approval,
            Label::Approval => Label::Letter,
            Label::Letter => Label::Void,
            Label::Void => Label::Receipt,
            Label::Receipt => Label::Use,
            Label::Use => Label::People,
            Label::People => Label::Spool,
            Label::Spool => Label::LogRequest,
            Label::LogRequest => Label::Passkey,
            Label::Passkey => Label::Decline,
            Label::Decline => Label::Wish,
            Label::Wish => Label::Draft,
            Label::Draft => Label::Withdrawal,
            Label::Withdrawal => Label::Withdrawn,
            Label::Withdrawn => Label::Suspension,
            Label::Suspension => Label::Suspended,
            Label::Suspended => Label::Lapse,
            Label::Lapse => Label::Revocation,
            Label::Revocation => Label::Unlisted,
            Label::Unlisted => Label::MachineAccount,
            Label::MachineAccount => Label::MachineEnrolled,
            Label::MachineEnrolled => Label::TrustBundle,
            Label::TrustBundle => Label::Sample,
            Label::Sample => Label::Number,
            Label::Number => Label::NumberSeal,
            Label::NumberSeal => return None,
        })
    }

    #[test]
    fn every_label_is_in_the_list_and_has_a_text_of_its_own() {
        let all = std::iter::successors(Some(Label::Founding), |label| next(*label));
        assert_eq!(all.collect::<Vec<_>>(), Label::ALL);
        let texts: std::collections::BTreeSet<_> = Label::ALL.map(Label::text).into();
        assert_eq!(texts.len(), Label::ALL.len());
    }
}
