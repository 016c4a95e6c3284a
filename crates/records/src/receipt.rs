//! Receipts of losses and suspensions: what one says, who must have signed it, and the form in
//! which it stands on paper. Whoever is shown the sheet scans its code and has it checked, instead
//! of believing what is printed there.

use crate::bytes::Bytes;
use crate::enrolment::SignedReceipt;
use crate::export::{NotTrusted, certified_key};
use crate::label::Label;
use crate::letter::LossReceipt;
use crate::suspension::SuspensionNotice;
use crate::trust::Trust;
use crate::{json, time};
use pki::oid::Arc;

/// Most characters of a receipt as it is handed in for a check: on paper or as a document.
pub const RECEIPT_MAX: usize = 16 * 1024;

/// A receipt of either kind, as its bytes say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Receipt {
    /// A letter, and what came of it, was reported lost.
    Loss(LossReceipt),
    /// The receipt is of a suspension.
    Suspension(SuspensionNotice),
}

impl Receipt {
    /// A receipt of this city, signed by its status key, which is certified at `at`, Unix seconds.
    pub fn open(signed: &SignedReceipt, trust: &Trust, at: u64) -> Result<Self, NotTrusted> {
        Self::signed_for(signed, trust, at, Arc::status_signing)
    }

    /// The same long afterwards, and also by the registry key, which signs what a holder suspends
    /// on pages: the key must have been certified when the receipt says that it was made.
    pub fn check(signed: &SignedReceipt, trust: &Trust) -> Result<Self, NotTrusted> {
        let at = Self::read(signed).map_err(|_| NotTrusted::Purpose)?.unix();
        Self::signed_for(signed, trust, at, Arc::status_signing).or_else(|not| {
            let by_registry = Self::signed_for(signed, trust, at, Arc::registry_signing);
            by_registry.ok().filter(|read| matches!(read, Self::Suspension(_))).ok_or(not)
        })
    }

    fn signed_for(
        signed: &SignedReceipt,
        trust: &Trust,
        at: u64,
        purpose: impl Fn(&Arc) -> Option<pki::extension::Purpose>,
    ) -> Result<Self, NotTrusted> {
        let key = certified_key(&signed.chain, trust, purpose, at)?;
        let read = Self::read(signed).map_err(|_| NotTrusted::Purpose)?;
        let (bytes, signature) = (&signed.receipt.0, &signed.signature.0);
        let (is_signed, founding) = match &read {
            Self::Loss(read) => (Label::Receipt.verify(&key, bytes, signature), &read.founding),
            Self::Suspension(read) => {
                let opened = SuspensionNotice::open(bytes, signature, &key);
                (opened.is_some(), &read.founding)
            }
        };
        if is_signed && *founding == trust.founding { Ok(read) } else { Err(NotTrusted::Purpose) }
    }

    /// Each kind has fields of its own and refuses all others, so that one document is one kind.
    fn read(signed: &SignedReceipt) -> Result<Self, json::JsonError> {
        match json::read(&signed.receipt.0) {
            Ok(loss) => Ok(Self::Loss(loss)),
            Err(_) => json::read(&signed.receipt.0).map(Self::Suspension),
        }
    }

    /// Unix seconds of its time; 0 if unreadable, when no certificate of ours is in time.
    fn unix(&self) -> u64 {
        match self {
            Self::Loss(loss) => time::read(&loss.time).unwrap_or(0),
            Self::Suspension(notice) => notice.unix(),
        }
    }
}

impl SignedReceipt {
    /// As it stands in a code on paper: the receipt, its signature and the signer's certificate,
    /// each base64url, with full stops between them. The root is known to whoever checks.
    pub fn printed(&self) -> Option<String> {
        let [signer, _root] = self.chain.as_slice() else { return None };
        Some(format!("{}.{}.{signer}", self.receipt, self.signature))
    }

    /// Reads what was printed, or the document itself; `root` is the city's root certificate, DER.
    pub fn handed_in(text: &str, root: &[u8]) -> Option<Self> {
        let text = text.trim();
        if text.len() > RECEIPT_MAX {
            return None;
        }
        if text.starts_with('{') {
            return serde_json::from_str(text).ok();
        }
        let parts: Vec<Bytes> = text.split('.').map(Bytes::read).collect::<Option<_>>()?;
        let [receipt, signature, signer] = parts.try_into().ok()?;
        Some(Self { receipt, signature, chain: vec![signer, Bytes(root.to_vec())] })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_printed_is_read_again_and_nothing_else() {
        let bytes = |byte: u8, many: usize| Bytes(vec![byte; many]);
        let chain = vec![bytes(3, 500), bytes(4, 600)];
        let signed = SignedReceipt { receipt: bytes(1, 200), signature: bytes(2, 70), chain };
        let printed = signed.printed().unwrap();
        assert!(printed.len() < 1_100, "fits a code: {}", printed.len());
        let root = &signed.chain[1].0;
        let document = serde_json::to_string(&signed).unwrap();
        for text in [printed.clone(), format!("  {printed}\n"), document] {
            let read = SignedReceipt::handed_in(&text, root).unwrap();
            assert_eq!(read.receipt, signed.receipt);
            assert_eq!(
                (read.signature, read.chain),
                (signed.signature.clone(), signed.chain.clone())
            );
        }
        let long = "A".repeat(RECEIPT_MAX + 1);
        for text in ["", "AQ.Ag", "AQ.Ag.Aw.BA", "AQ.Ag.%", "{}", long.as_str()] {
            assert!(SignedReceipt::handed_in(text, root).is_none(), "{text:.20}");
        }
    }
}
