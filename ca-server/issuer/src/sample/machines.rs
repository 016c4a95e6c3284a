//! What systems' clients sign in the sample city, and what the portal's machines' process brings.

use super::operate::{OFFICERS, site, system};
use super::{Sample, key};
use crate::command::{Caller, Command};
use crate::round::Effect;
use crate::sample::act::caller;
use crate::verify::VerifiedMachine;
use aws_lc_rs::hmac;
use jose::FlatJws;
use keys::{SoftwareSigner, TokenKey};
use pki::Certificate;
use pki::host::Host;
use records::est::{EnrolSystem, RenewSystem};
use records::machine::{
    ChangeKey, Deactivate, Finalize, MachineAccount, OpenAccount, RevokeMachine, SystemFile,
};
use records::order::SystemBody;
use records::{Bytes, Code};
use serde_json::{Value, json};

/// Where the protocol front of the sample city is.
const FRONT: &str = "https://machines.example/acme";

/// A client of ACME with the key of its account.
pub(crate) struct Client {
    key: TokenKey,
    /// Id of the account, once its key changed.
    account: Option<String>,
}

/// A name as requests have it.
pub(crate) fn hosts(names: &[&str]) -> Vec<Host> {
    names.iter().map(|name| Host::read_for(name, true).unwrap()).collect()
}

/// A PKCS#10 for these names.
pub(crate) fn request(signer: &SoftwareSigner, names: &[&str]) -> Bytes {
    keys::request_for(signer, &hosts(names)).unwrap().der().into()
}

/// A JWS by a key over a header that names the key in it, or an account.
fn signed(key: &TokenKey, header: &Value, payload: &Value) -> FlatJws {
    let (header, payload) = (header.to_string(), payload.to_string());
    let unsigned = FlatJws::of_parts(header.as_bytes(), payload.as_bytes(), &[]);
    let signature = key.sign(&unsigned.signing_input()).unwrap();
    FlatJws::of_parts(header.as_bytes(), payload.as_bytes(), &signature)
}

fn jwk(key: &TokenKey) -> Value {
    let (x, y) = key.coordinates();
    json!({ "kty": "EC", "crv": "P-256", "x": Bytes::from(x), "y": Bytes::from(y) })
}

impl Client {
    /// A client with a new key.
    pub(crate) fn new() -> Self {
        Self { key: TokenKey::generate().unwrap(), account: None }
    }

    /// The same account under another key.
    pub(crate) fn with_key(&self, other: &Self) -> Self {
        let key = TokenKey::from_pkcs8(other.key.pkcs8()).unwrap();
        Self { key, account: Some(self.account()) }
    }

    /// Id of its account.
    pub(crate) fn account(&self) -> String {
        let read: jose::Jwk = serde_json::from_value(jwk(&self.key)).unwrap();
        self.account.clone().unwrap_or_else(|| read.thumbprint())
    }

    /// Its account's key, as one that could be certified.
    pub(crate) fn signer(&self) -> SoftwareSigner {
        SoftwareSigner::from_pkcs8(self.key.pkcs8()).unwrap()
    }

    fn kid(&self) -> String {
        format!("{FRONT}/account/{}", self.account())
    }

    /// What it signs as its account for an address.
    pub(crate) fn says(&self, url: &str, payload: &Value) -> FlatJws {
        let header = json!({ "alg": "ES256", "nonce": "n", "url": url, "kid": self.kid() });
        signed(&self.key, &header, payload)
    }

    /// The binding of its key with the secret in a system's file.
    fn binding(&self, file: &SystemFile) -> Value {
        let url = format!("{FRONT}/new-account");
        let header = json!({ "alg": "HS256", "kid": file.kid, "url": url }).to_string();
        let payload = jwk(&self.key).to_string();
        let unsigned = FlatJws::of_parts(header.as_bytes(), payload.as_bytes(), &[]);
        let secret = hmac::Key::new(hmac::HMAC_SHA256, &file.eab_hmac.0);
        let tag = hmac::sign(&secret, &unsigned.signing_input());
        let bound = FlatJws::of_parts(header.as_bytes(), payload.as_bytes(), tag.as_ref());
        serde_json::to_value(bound).unwrap()
    }

    /// Its request for an account.
    pub(crate) fn opening(&self, file: Option<&SystemFile>) -> OpenAccount {
        let mut payload = json!({ "termsOfServiceAgreed": true });
        if let Some(file) = file {
            payload["externalAccountBinding"] = self.binding(file);
        }
        self.opening_with(&payload)
    }

    /// The same with another payload.
    pub(crate) fn opening_with(&self, payload: &Value) -> OpenAccount {
        let url = format!("{FRONT}/new-account");
        let header = json!({ "alg": "ES256", "nonce": "n", "url": url, "jwk": jwk(&self.key) });
        OpenAccount { jws: signed(&self.key, &header, payload) }
    }

    /// Its request for a certificate of an order; each name is vouched for.
    pub(crate) fn finalize(
        &self,
        order: &str,
        signer: &SoftwareSigner,
        names: &[&str],
    ) -> Finalize {
        let csr = request(signer, names);
        self.finalize_with(order, &csr, names)
    }

    /// The same with a request of its own.
    pub(crate) fn finalize_with(&self, order: &str, csr: &Bytes, vouched: &[&str]) -> Finalize {
        let url = format!("{FRONT}/order/{order}/finalize");
        let vouched = vouched.iter().map(|&name| name.to_owned()).collect();
        let jws = self.says(&url, &json!({ "csr": csr }));
        Finalize { jws, account: self.account(), vouched }
    }

    /// Its request that a certificate be revoked.
    pub(crate) fn revoke(&self, certificate: &Certificate, reason: Value) -> RevokeMachine {
        let payload = json!({ "certificate": Bytes::from(certificate.der()), "reason": reason });
        let jws = self.says(&format!("{FRONT}/revoke-cert"), &payload);
        RevokeMachine { jws, account: Some(self.account()) }
    }

    /// Its request for another key.
    pub(crate) fn change_key(&self, new: &Self) -> ChangeKey {
        let url = format!("{FRONT}/key-change");
        let inner = json!({ "alg": "ES256", "url": url, "jwk": jwk(&new.key) });
        let said = json!({ "account": self.kid(), "oldKey": jwk(&self.key) });
        let inner = serde_json::to_value(signed(&new.key, &inner, &said)).unwrap();
        ChangeKey { jws: self.says(&url, &inner), account: self.account() }
    }

    /// Its request that its account be closed.
    pub(crate) fn deactivate(&self) -> Deactivate {
        let jws = self.says(&self.kid(), &json!({ "status": "deactivated" }));
        Deactivate { jws, account: self.account() }
    }
}

/// A request of the certificate's own key that it be revoked.
pub(crate) fn revoke_by_key(signer: &SoftwareSigner, certificate: &Certificate) -> RevokeMachine {
    let key = TokenKey::from_pkcs8(signer.pkcs8()).unwrap();
    let url = format!("{FRONT}/revoke-cert");
    let header = json!({ "alg": "ES256", "nonce": "n", "url": url, "jwk": jwk(&key) });
    let payload = json!({ "certificate": Bytes::from(certificate.der()), "reason": 1 });
    RevokeMachine { jws: signed(&key, &header, &payload), account: None }
}

/// A request of EST by a system's password.
pub(crate) fn enrolling(file: &SystemFile, own: &SoftwareSigner, names: &[&str]) -> EnrolSystem {
    EnrolSystem {
        user: file.kid.clone(),
        password: file.est_password.to_string(),
        request: request(own, names),
        profile: None,
    }
}

/// A request of EST that a portal says came by a handshake with this certificate.
pub(crate) fn renewing(
    certificate: &Certificate,
    own: &SoftwareSigner,
    names: &[&str],
) -> RenewSystem {
    let certificate = certificate.der().into();
    RenewSystem { certificate, request: request(own, names), profile: None }
}

impl Sample {
    /// The portal's process for machines.
    pub(crate) fn machines(&self) -> Caller {
        caller(&self.city.keys.machines, "portal-machines")
    }

    /// A system's order, which is approved and carried out; gives the file of its secrets.
    pub(crate) fn registered_system(&mut self, body: SystemBody) -> SystemFile {
        self.done(system(body), &OFFICERS);
        self.newest_file()
    }

    /// The file of the newest order of a system.
    pub(crate) fn newest_file(&self) -> SystemFile {
        let file = |effect: &Effect| match effect {
            Effect::File(path, bytes) if path.ends_with(".system.json") => {
                serde_json::from_slice(bytes).ok()
            }
            _ => None,
        };
        self.effects.iter().rev().find_map(file).unwrap()
    }

    /// The site with a client that has an account, which the tree holds.
    pub(crate) fn site_with_client(&mut self) -> (SystemFile, Client) {
        let file = self.registered_system(site("register", "site"));
        let client = self.client_of(&file);
        (file, client)
    }

    /// A client with an account under a file's secret.
    pub(crate) fn client_of(&mut self, file: &SystemFile) -> Client {
        let client = Client::new();
        self.open_account(client.opening(Some(file))).unwrap();
        self.sequence();
        client
    }

    pub(crate) fn open_account(&mut self, message: OpenAccount) -> Result<MachineAccount, Code> {
        let verified = VerifiedMachine::opening(message, self.authority())?;
        let from = self.machines();
        self.decide(|reply| Command::OpenAccount(from, Box::new(verified), reply))
    }

    pub(crate) fn finalize(&mut self, message: Finalize) -> Result<String, Code> {
        let verified = VerifiedMachine::asking(message, self.authority())?;
        let from = self.machines();
        self.decide(|reply| Command::Finalize(from, Box::new(verified), reply))
    }

    /// A system of this body with its file, and without challenges: EST has none.
    pub(crate) fn inner_system(&mut self, body: SystemBody) -> SystemFile {
        self.registered_system(SystemBody { challenges: false, ..body })
    }

    pub(crate) fn enrol(&mut self, message: EnrolSystem) -> Result<String, Code> {
        let verified = VerifiedMachine::enrolling(message, self.authority())?;
        let from = self.machines();
        self.decide(|reply| Command::EnrolSystem(from, Box::new(verified), reply))
    }

    pub(crate) fn renew_system(&mut self, message: RenewSystem) -> Result<String, Code> {
        let verified = VerifiedMachine::renewing(message, self.authority())?;
        let from = self.machines();
        self.decide(|reply| Command::RenewSystem(from, Box::new(verified), reply))
    }

    /// A certificate of these names by EST, signed and in the tree.
    pub(crate) fn enrolled(
        &mut self,
        file: &SystemFile,
        own: &SoftwareSigner,
        names: &[&str],
    ) -> Certificate {
        self.enrol(enrolling(file, own, names)).unwrap();
        self.sequence();
        let certificate = self.sign().remove(0);
        self.sequence();
        certificate
    }

    /// A certificate of these names, signed and in the tree.
    pub(crate) fn certified(&mut self, client: &Client, order: &str, name: &str) -> Certificate {
        let serial = self.finalize(client.finalize(order, &key(), &[name])).unwrap();
        self.sequence();
        let certificate = self.sign().remove(0);
        self.sequence();
        assert_eq!(certificate.serial().to_string(), serial);
        certificate
    }

    pub(crate) fn revoke_machine(&mut self, message: RevokeMachine) -> Result<(), Code> {
        let verified = VerifiedMachine::revoking(message, self.authority())?;
        let from = self.machines();
        self.decide(|reply| Command::RevokeMachine(from, Box::new(verified), reply))
    }

    pub(crate) fn change_key(&mut self, message: ChangeKey) -> Result<MachineAccount, Code> {
        let verified = VerifiedMachine::changing(message, self.authority())?;
        let from = self.machines();
        self.decide(|reply| Command::ChangeKey(from, Box::new(verified), reply))
    }

    pub(crate) fn deactivate(&mut self, message: Deactivate) -> Result<(), Code> {
        let verified = VerifiedMachine::closing(message, self.authority())?;
        let from = self.machines();
        self.decide(|reply| Command::Deactivate(from, Box::new(verified), reply))
    }
}
