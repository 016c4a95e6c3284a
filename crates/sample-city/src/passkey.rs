//! A passkey in software; what it answers can be changed by a test.

use super::{SampleCity, SampleOfficer, fresh};
use authority::OrderDigest;
use keys::SoftwareSigner;
use pki::Signer;
use records::approval::approval_challenge;
use records::bytes::Bytes;
use records::label::Label;
use records::order::{Body, CredentialBody};
use records::passkey::{Assertion, PasskeyStatement};
use records::{Approval, ApprovalClaim};
use sha2::{Digest, Sha256};

const ORIGIN: &str = "https://staff.example:8443";
const HOST: &str = "staff.example";

/// One passkey of one officer.
pub struct SamplePasskey {
    signer: SoftwareSigner,
    credential: Bytes,
    /// The counter that the authenticator came to.
    pub counter: u32,
}

/// The answer of an authenticator, which a test may change.
pub struct SampleAnswer {
    /// The type of the client data, `webauthn.get` unless a test changes it.
    pub kind: String,
    /// The answer comes from a page of this origin.
    pub origin: String,
    /// The challenge that the page was given, 32 bytes.
    pub challenge: [u8; 32],
    /// Flags: user present, user verified.
    pub flags: u8,
    /// The signature counter of the authenticator.
    pub counter: u32,
    /// The credential id of the passkey that answers.
    pub credential: Bytes,
}

impl SamplePasskey {
    /// A passkey with a fresh key, whose counter begins at 1.
    pub fn new(city: &mut SampleCity) -> Self {
        let credential = Bytes(city.draw().get(..16).unwrap().to_vec());
        Self { signer: fresh(), credential, counter: 1 }
    }

    fn cose(&self) -> Vec<u8> {
        let (x, y) = self.signer.public_key().raw().get(1..).unwrap().split_at(32);
        let head = [0xa5, 1, 2, 3, 0x26, 0x20, 1, 0x21, 0x58, 32];
        [head.as_slice(), x, &[0x22, 0x58, 32], y].concat()
    }

    /// What the officer signs to have it certified, changed.
    pub fn credential(
        &self,
        city: &SampleCity,
        officer: &SampleOfficer,
        change: impl FnOnce(&mut PasskeyStatement),
    ) -> Body {
        let mut statement = PasskeyStatement {
            v: 1,
            founding: city.founding.into(),
            certificate: officer.certificate.sha256().into(),
            rp_id: HOST.into(),
            origin: ORIGIN.into(),
            key: Bytes(self.cose()),
            credential: self.credential.clone(),
            counter: self.counter,
            backup_eligible: false,
            backed_up: false,
            software: false,
        };
        change(&mut statement);
        let bytes = records::json::write(&statement).unwrap();
        let signature = Label::Passkey.sign(&*officer.signer, &bytes).unwrap();
        Body::Credential(CredentialBody {
            person: officer.person.clone(),
            certificate: officer.certificate.der().into(),
            statement: Bytes(bytes),
            signature: Bytes(signature),
        })
    }

    /// An approval by it under an officer's certificate, changed.
    pub fn approve(
        &mut self,
        officer: &SampleOfficer,
        digest: OrderDigest,
        change: impl FnOnce(&mut SampleAnswer),
    ) -> Approval {
        self.counter += 1;
        let mut answer = SampleAnswer {
            kind: "webauthn.get".into(),
            origin: ORIGIN.into(),
            challenge: approval_challenge(&digest.0, ApprovalClaim::default()),
            flags: 0x05,
            counter: self.counter,
            credential: self.credential.clone(),
        };
        change(&mut answer);
        let hash = Sha256::digest(HOST.as_bytes());
        let counter = answer.counter.to_be_bytes();
        let data = [hash.as_slice(), &[answer.flags], &counter].concat();
        let challenge = Bytes::from(answer.challenge);
        let (kind, origin) = (&answer.kind, &answer.origin);
        let client = format!(
            "{{\"type\":\"{kind}\",\"challenge\":\"{challenge}\",\"origin\":\"{origin}\"}}"
        );
        let hash = Sha256::digest(client.as_bytes());
        let message = [data.as_slice(), hash.as_slice()].concat();
        Approval {
            v: 1,
            method: "passkey".into(),
            order: digest.into(),
            certificate: officer.certificate.der().into(),
            signature: Bytes(self.signer.sign(&message).unwrap()),
            assertion: Some(Assertion {
                credential: answer.credential,
                authenticator_data: Bytes(data),
                client_data: Bytes(client.into_bytes()),
            }),
            acting_for: None,
            opened: None,
        }
    }
}
