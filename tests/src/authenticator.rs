//! An authenticator in software that can be made to misbehave: what it signs is as WebAuthn has it,
//! or not.

use keys::SoftwareSigner;
use pki::Signer;
use records::approval::approval_challenge;
use records::order::CredentialBody;
use records::passkey::{Assertion, PasskeyStatement, creation_challenge};
use records::trust::Trust;
use records::{Approval, Bytes};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::path::Path;
use std::process::Command;

use crate::{Office, Officer, binary, random};

/// User present, user verified.
pub const THERE: u8 = 0x05;

/// One passkey and its authenticator.
pub struct Authenticator {
    pub signer: SoftwareSigner,
    pub credential: Vec<u8>,
    pub origin: String,
    pub counter: u32,
}

/// What an answer says, to be changed by a test.
pub struct Answer {
    pub kind: String,
    pub origin: String,
    pub challenge: [u8; 32],
    pub more: String,
    pub rp_id: String,
    pub flags: u8,
    pub counter: u32,
    pub credential: Vec<u8>,
}

impl Authenticator {
    /// A new one for the staff host of an office.
    pub fn new(office: &Office) -> Self {
        Self::of(&office.trust)
    }

    /// The same for whoever has the city's trust file.
    pub fn of(trust: &Trust) -> Self {
        Self {
            signer: SoftwareSigner::generate_p256().unwrap(),
            credential: random::<16>().to_vec(),
            origin: trust.portal_staff.clone(),
            counter: 1,
        }
    }

    /// COSE_Key, ES256.
    pub fn cose(&self) -> Vec<u8> {
        let point = self.signer.public_key().raw();
        let (x, y) = point[1..].split_at(32);
        let head = [0xa5, 1, 2, 3, 0x26, 0x20, 1, 0x21, 0x58, 32];
        [head.as_slice(), x, &[0x22, 0x58, 32], y].concat()
    }

    /// What it says when it is made for an officer: authenticator data and client data.
    pub fn created(&self, officer: &Officer) -> (Vec<u8>, Vec<u8>) {
        let challenge = creation_challenge(&officer.leaf().sha256());
        let answer = self.answer("webauthn.create", challenge, self.counter);
        let attested = [
            &[0; 16],
            u16::try_from(self.credential.len()).unwrap().to_be_bytes().as_slice(),
            &self.credential,
            &self.cose(),
        ]
        .concat();
        let mut data = answer.data();
        data[32] |= 0x40;
        ([data, attested].concat(), answer.client())
    }

    /// What the officer signs to have it certified.
    pub fn credential(
        &self,
        office: &Office,
        officer: &Officer,
        change: impl FnOnce(&mut PasskeyStatement),
    ) -> CredentialBody {
        self.signed_for(&office.trust.founding, officer, change)
    }

    /// The same in the city of a founding digest.
    pub fn signed_for(
        &self,
        founding: &Bytes,
        officer: &Officer,
        change: impl FnOnce(&mut PasskeyStatement),
    ) -> CredentialBody {
        let (data, client) = self.created(officer);
        let founding = founding.clone();
        let sha256 = officer.leaf().sha256();
        let mut statement =
            PasskeyStatement::of_new(founding, sha256, &self.origin, (&data, &client), true)
                .unwrap();
        change(&mut statement);
        let bytes = records::json::write(&statement).unwrap();
        let signature = records::label::Label::Passkey.sign(&officer.signer, &bytes).unwrap();
        CredentialBody {
            person: officer.person.clone(),
            certificate: officer.leaf().der().into(),
            statement: Bytes(bytes),
            signature: Bytes(signature),
        }
    }

    fn answer(&self, kind: &str, challenge: [u8; 32], counter: u32) -> Answer {
        let host = self.origin.trim_start_matches("https://");
        Answer {
            kind: kind.into(),
            origin: self.origin.clone(),
            challenge,
            more: ",\"crossOrigin\":false".into(),
            rp_id: host.rsplit_once(':').unwrap().0.into(),
            flags: THERE,
            counter,
            credential: self.credential.clone(),
        }
    }

    /// An approval of the order with this digest, changed.
    pub fn approve(
        &mut self,
        officer: &Officer,
        digest: [u8; 32],
        change: impl FnOnce(&mut Answer),
    ) -> Approval {
        self.counter += 1;
        let mut answer = self.answer(
            "webauthn.get",
            approval_challenge(&digest, records::ApprovalClaim::default()),
            self.counter,
        );
        change(&mut answer);
        let (data, client) = (answer.data(), answer.client());
        let message = [data.as_slice(), &Sha256::digest(&client)].concat();
        Approval {
            v: 1,
            method: "passkey".into(),
            order: digest.into(),
            certificate: officer.leaf().der().into(),
            signature: Bytes(self.signer.sign(&message).unwrap()),
            assertion: Some(Assertion {
                credential: Bytes(answer.credential.clone()),
                authenticator_data: Bytes(data),
                client_data: Bytes(client),
            }),
            acting_for: None,
            opened: None,
        }
    }
}

impl Answer {
    fn data(&self) -> Vec<u8> {
        let hash = Sha256::digest(self.rp_id.as_bytes());
        [hash.as_slice(), &[self.flags], &self.counter.to_be_bytes()].concat()
    }

    fn client(&self) -> Vec<u8> {
        let (kind, origin, more) = (&self.kind, &self.origin, &self.more);
        let challenge = Bytes::from(self.challenge);
        format!(
            "{{\"type\":\"{kind}\",\"challenge\":\"{challenge}\",\"origin\":\"{origin}\"{more}}}"
        )
        .into_bytes()
    }
}

impl Office {
    /// Certifies a passkey of an officer: they sign for it, and a security administrator approves.
    pub async fn certify(&self, authenticator: &Authenticator, officer: &Officer) {
        let body = authenticator.credential(self, officer, |_| {});
        let made = self.staff(officer).certify(&body).await.unwrap();
        assert_eq!(made.needed, 1);
        self.approve(&self.first("security-1"), &made.order).await.unwrap();
        self.carried_out(&made.order).await;
    }

    /// Has the passkey certified that officer-1 made in a page and saved as a file: by their own
    /// `yinxin` and a security administrator. The city has keys of its own
    /// ([`Office::founded_in_full`]).
    pub async fn certify_file(&self, file: &Path) {
        let at = |end: &str| self.path(&format!("people/officer-1.{end}"));
        let done = Command::new(binary("yinxin"))
            .args(["--json", "passkey", "certify", "--yes", "--trust"])
            .arg(self.path("ca/trust.json"))
            .arg("--key")
            .arg(at("key"))
            .arg("--cert")
            .arg(at("pem"))
            .arg("--passphrase-file")
            .arg(at("passphrase"))
            .arg(file)
            .output()
            .unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        let said = String::from_utf8_lossy(&done.stdout).into_owned();
        let made: Value = serde_json::from_str(said.lines().next_back().unwrap()).unwrap();
        let order = made["order"].as_str().unwrap();
        self.approve(&self.first("security-2"), order).await.unwrap();
        self.carried_out(order).await;
    }
}
