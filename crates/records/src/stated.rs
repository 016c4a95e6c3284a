//! What somebody states under their own signature, by certificate key or by passkey.

use crate::approval::SignedStatement;
use crate::bytes::Bytes;
use crate::code::Code;
use crate::json;
use crate::label::Label;
use crate::passkey::Assertion;
use core::marker::PhantomData;
use pki::algorithm::SignError;
use pki::{Certificate, Signer};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// A kind of statement that somebody signs, with the label of its signature.
pub trait Statement: Serialize + DeserializeOwned {
    /// The label of its signature.
    const LABEL: Label;

    /// Whether its fields have the form that its format asks for.
    fn is_sound(&self) -> bool;
}

/// A statement with their signature.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, bound = "")]
pub struct Stated<S> {
    /// This is version 1 of the format; a reader refuses another.
    pub v: u8,
    /// The method of the signature is `certificate` or `passkey`.
    pub method: String,
    /// The statement, its exact bytes.
    pub statement: Bytes,
    /// The signer's certificate, DER.
    pub certificate: Bytes,
    /// Signature over label ‖ 0x00 ‖ statement; of a passkey, the assertion's.
    pub signature: Bytes,
    /// The authenticator said this, where the method is `passkey`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assertion: Option<Assertion>,
    #[serde(skip)]
    kind: PhantomData<S>,
}

impl<S: Statement> Stated<S> {
    /// Signs a statement with a certificate key.
    pub fn sign(
        statement: Bytes,
        certificate: &Certificate,
        signer: &dyn Signer,
    ) -> Result<Self, SignError> {
        let signature = Bytes(S::LABEL.sign(signer, &statement.0)?);
        Ok(Self {
            v: 1,
            method: "certificate".into(),
            statement,
            certificate: certificate.der().into(),
            signature,
            assertion: None,
            kind: PhantomData,
        })
    }

    /// The challenge under which a passkey answers for a statement of this kind.
    pub fn challenge(statement: &[u8]) -> [u8; 32] {
        S::LABEL.digest(statement)
    }

    /// A statement for which a passkey answered.
    pub fn by_passkey(
        statement: Bytes,
        certificate: Bytes,
        (signature, assertion): (Bytes, Assertion),
    ) -> Self {
        Self {
            v: 1,
            method: "passkey".into(),
            statement,
            certificate,
            signature,
            assertion: Some(assertion),
            kind: PhantomData,
        }
    }

    /// Reads the statement; an error is the code that its bearer is told.
    pub fn read(&self) -> Result<S, Code> {
        let read: S = json::read(&self.statement.0).map_err(|_| Code::Malformed)?;
        let sound = self.v == 1 && read.is_sound();
        if sound { Ok(read) } else { Err(Code::Malformed) }
    }

    /// What was said, with what it takes to check it.
    pub fn signed_statement(&self) -> SignedStatement<'_> {
        SignedStatement {
            v: self.v,
            label: S::LABEL,
            bytes: &self.statement.0,
            spoken: None,
            method: &self.method,
            certificate: &self.certificate,
            signature: &self.signature,
            assertion: self.assertion.as_ref(),
        }
    }
}
