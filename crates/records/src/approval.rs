//! Approvals: a person's signature over the digest of an order.

use crate::bytes::Bytes;
use crate::label::Label;
use crate::passkey::Assertion;
use pki::algorithm::SignError;
use pki::{Certificate, Signer};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// An approval by a certificate key, or by a passkey that was certified for its holder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Approval {
    /// This is version 1 of the format; a reader refuses another.
    pub v: u8,
    /// The method of the signature is `certificate` or `passkey`.
    pub method: String,
    /// The order is named by its digest, 32 bytes.
    pub order: Bytes,
    /// The approver's certificate, DER.
    pub certificate: Bytes,
    /// Signature over `yinxin-approval-v1` ‖ 0x00 ‖ [`approval_message`]; of a passkey, the
    /// assertion's.
    pub signature: Bytes,
    /// The authenticator said this, where the method is `passkey`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assertion: Option<Assertion>,
    /// Person id of whoever is on leave, for whom it is given; without, it is the signer's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acting_for: Option<String>,
    /// Of a batch: digests of the orders in it that the approver opened, one behind the other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opened: Option<Bytes>,
}

/// For whom an approval is given, and what its signer says that they opened.
#[derive(Clone, Copy, Default)]
pub struct ApprovalClaim<'a> {
    /// Person id of whoever is on leave, if it is for somebody.
    pub acting_for: Option<&'a str>,
    /// Digests of orders of a batch, one behind the other.
    pub opened: &'a [u8],
}

/// Whether a text has the form of a person id, all of which have one length.
pub(crate) fn is_id(id: &str) -> bool {
    id.len() == 16 && id.bytes().all(|b| b.is_ascii_alphanumeric())
}

/// What an approval signs: the digest of the order, for whom it is given, and what was opened.
pub fn approval_message(digest: &[u8], spoken: ApprovalClaim<'_>) -> Vec<u8> {
    // Ids have one length, so that none of them is read as a part of what was opened.
    let (tag, absent) = spoken.acting_for.map_or((0, ""), |absent| (1, absent));
    [digest, &[tag], absent.as_bytes(), spoken.opened].concat()
}

/// The challenge under which a passkey approves the order with this digest.
pub fn approval_challenge(digest: &[u8], spoken: ApprovalClaim<'_>) -> [u8; 32] {
    Label::Approval.digest(&approval_message(digest, spoken))
}

/// What a person said: labelled bytes, signed by their certificate key or answered for by a
/// passkey.
#[derive(Clone, Copy)]
pub struct SignedStatement<'a> {
    /// This is version 1 of the format.
    pub v: u8,
    /// The label of the signature.
    pub label: Label,
    /// What is signed behind the label.
    pub bytes: &'a [u8],
    /// What an approval says behind that.
    pub spoken: Option<ApprovalClaim<'a>>,
    /// The method of the signature is `certificate` or `passkey`.
    pub method: &'a str,
    /// The signer's certificate, DER.
    pub certificate: &'a Bytes,
    /// The signature is by the certificate's key, or by the authenticator.
    pub signature: &'a Bytes,
    /// The authenticator said this, where the method is `passkey`.
    pub assertion: Option<&'a Assertion>,
}

impl SignedStatement<'_> {
    /// Everything that is signed behind the label.
    pub fn message(&self) -> Cow<'_, [u8]> {
        match self.spoken {
            None => Cow::Borrowed(self.bytes),
            Some(spoken) => Cow::Owned(approval_message(self.bytes, spoken)),
        }
    }

    /// The certificate, if its key made the signature.
    pub fn signer(&self) -> Option<Certificate> {
        let known = self.v == 1 && self.method == "certificate" && self.assertion.is_none();
        let certificate = Certificate::read(&self.certificate.0).ok().filter(|_| known)?;
        let signed = self.label.verify(certificate.key(), &self.message(), &self.signature.0);
        signed.then_some(certificate)
    }

    /// What a passkey has to answer.
    pub fn challenge(&self) -> [u8; 32] {
        self.label.digest(&self.message())
    }
}

impl Approval {
    /// Approves the order with this digest, for nobody but the signer.
    pub fn sign(
        digest: [u8; 32],
        certificate: &Certificate,
        signer: &dyn Signer,
    ) -> Result<Self, SignError> {
        Self::sign_spoken(digest, ApprovalClaim::default(), certificate, signer)
    }

    /// Approves the order or batch with this digest: for somebody, after orders in it were opened.
    pub fn sign_spoken(
        digest: [u8; 32],
        spoken: ApprovalClaim<'_>,
        certificate: &Certificate,
        signer: &dyn Signer,
    ) -> Result<Self, SignError> {
        let message = approval_message(&digest, spoken);
        Ok(Self {
            v: 1,
            method: "certificate".into(),
            order: digest.into(),
            certificate: certificate.der().into(),
            signature: Bytes(Label::Approval.sign(signer, &message)?),
            assertion: None,
            acting_for: spoken.acting_for.map(str::to_owned),
            opened: (!spoken.opened.is_empty()).then(|| spoken.opened.into()),
        })
    }

    /// Whether what it signs can be read in one way only.
    pub fn is_sound(&self) -> bool {
        self.order.0.len() == 32 && self.acting_for.as_deref().is_none_or(is_id)
    }

    /// The certificate that it names; whether its holder approved is for the authority to say.
    pub fn certificate(&self) -> Option<Certificate> {
        Certificate::read(&self.certificate.0).ok()
    }

    /// The approver's certificate, if its key made the signature. Who that is, and whether they
    /// may, is for the authority to say.
    pub fn signer(&self) -> Option<Certificate> {
        self.signed_statement().signer().filter(|_| self.is_sound())
    }

    /// What was said, with what it takes to check it.
    pub fn signed_statement(&self) -> SignedStatement<'_> {
        SignedStatement {
            v: self.v,
            label: Label::Approval,
            bytes: &self.order.0,
            spoken: Some(ApprovalClaim {
                acting_for: self.acting_for.as_deref(),
                opened: self.opened.as_ref().map_or(&[], |opened| &opened.0),
            }),
            method: &self.method,
            certificate: &self.certificate,
            signature: &self.signature,
            assertion: self.assertion.as_ref(),
        }
    }

    /// Whether it says of an order in the batch that its approver opened it.
    pub fn has_opened(&self, row: &[u8]) -> bool {
        let opened = self.opened.iter().flat_map(|opened| opened.0.chunks(32));
        opened.into_iter().any(|one| one == row)
    }

    /// Whether it was made outside the browser; certificate keys are never used in a page.
    pub fn outside_browser(&self) -> bool {
        self.method == "certificate" && self.assertion.is_none()
    }
}
