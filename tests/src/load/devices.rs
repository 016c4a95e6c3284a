//! Devices of systems that come and go: one gets a certificate by SCEP and renews it, one gets
//! another by CMP and ends it, and each asks again where it heard nothing. What they send goes to
//! the CA as the portal's process for machines hands it on: it is the CA that dies there.

use super::systems::{Got, secret_of};
use super::town::Town;
use crate::machines::cmp::keyed;
use crate::random;
use ca_api::Refusal;
use der::Encode;
use keys::SoftwareSigner;
use pki::algorithm::by_name;
use pki::extension::{Extension, subject_alt_name};
use pki::host::Host;
use pki::{Certificate, Signer, sequence, wrap};
use pkixcmp::PkiMessage;
use pkixcmp::client::{CertificateWish, ShownPossession, asking, issued, revoking};
use records::cmp::CmpMessage;
use records::machine::{CollectMachine, Finalized, SystemFile};
use records::scep::{EnrolDevice, RenewDevice, SignedRenewal};
use records::{Bytes, Code};
use scep::{ContentCipher, DeviceMessage, MessageSigner, Sealing};
use zeroize::Zeroizing;

const CHALLENGE_PASSWORD: [u8; 11] = [6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 7];
const EXTENSION_REQUEST: [u8; 11] = [6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 14];
/// A subject without a name.
const NOBODY: &[u8] = &[0x30, 0];
/// ir.
const FIRST: u8 = 0;
/// superseded (RFC 5280 5.3.1).
const REASON: u8 = 4;

impl Town {
    /// Does what devices of a system do; gives the certificates that they were handed.
    pub(super) async fn devices(&self, file: &SystemFile) -> Vec<String> {
        let name = format!("{}.load.test", file.system);
        let mut all = self.by_scep(file, &name).await;
        if let Some(certificate) = self.by_cmp(file, &name).await.issued() {
            self.ended_by_cmp(file, &certificate).await;
            all.push(certificate);
        }
        let serials: Vec<String> = all.iter().map(|one| one.serial().to_string()).collect();
        self.proven.lock().unwrap().extend(serials.iter().cloned());
        serials
    }

    /// By the challenge, and then by the certificate that came of it.
    async fn by_scep(&self, file: &SystemFile, name: &str) -> Vec<Certificate> {
        let own = SoftwareSigner::generate(by_name("rsa2048").unwrap()).unwrap();
        let asked = EnrolDevice { request: challenged(&own, name, &file.scep_challenge) };
        let issuer = &self.machines.issuer;
        let first = self.by_device(async || issuer.enrol_device(&asked).await).await.issued();
        let Some(first) = first else { return Vec::new() };
        let asked = RenewDevice { signed: renewal((&own, &first), name) };
        let next = self.by_device(async || issuer.renew_device(&asked).await).await.issued();
        [Some(first), next].into_iter().flatten().collect()
    }

    /// Asks until the certificate is there, and once more: the same request is the same one.
    async fn by_device(&self, ask: impl AsyncFn() -> Result<Finalized, Refusal>) -> Got {
        let once = async || {
            self.insist_on("a certificate by SCEP", async || {
                let told = match ask().await {
                    Ok(told) => told,
                    Err(refusal) if is_enough(refusal.code()) => return Ok(Got::Enough),
                    Err(refusal) => return Err(Some(refusal.to_string())),
                };
                // One that was given up is asked for again, by the same request.
                let asked = CollectMachine { serial: told.serial };
                match self.machines.issuer.collect_machine(&asked).await {
                    Ok(told) => Ok(Got::of(&told.chain[0].0)),
                    Err(refusal) => Err(Some(refusal.to_string())),
                }
            })
            .await
        };
        let told = once().await;
        if let Got::Issued(certificate) = &told {
            let again = once().await.issued().map(|one| one.der().to_vec());
            assert_eq!(again.as_deref(), Some(certificate.der()), "one certificate a request");
        }
        told
    }

    /// By the secret of the system's order, without a confirmation.
    async fn by_cmp(&self, file: &SystemFile, name: &str) -> Got {
        let (own, extensions) = (SoftwareSigner::generate_p256().unwrap(), named(name));
        let (subject, extensions, proof) = (NOBODY, &extensions[..], ShownPossession::Signed);
        let wish = CertificateWish { key: &own, subject, extensions, old: None, proof };
        let body = asking(FIRST, &[&wish.message().unwrap()]).unwrap();
        let sent = handed_on(keyed(&secret_of(file), 1, Some(crate::now()), &body));
        let once = async || {
            self.insist_on("a certificate by CMP", async || {
                let told = match self.machines.issuer.cmp(&sent, false).await {
                    Ok(told) => told,
                    Err(refusal) => return Err(Some(refusal.to_string())),
                };
                match told.refused {
                    Some(code) if is_enough(code) => return Ok(Got::Enough),
                    Some(code) => return Err(Some(code.to_string())),
                    None => {}
                }
                let answer = PkiMessage::read(&told.message.0).unwrap();
                let certificate = issued(&answer).unwrap();
                let waits = || Some("it waits".to_owned());
                certificate.map(|der| Got::of(&der)).ok_or_else(waits)
            })
            .await
        };
        let told = once().await;
        if let Got::Issued(certificate) = &told {
            let again = once().await.issued().map(|one| one.der().to_vec());
            assert_eq!(again.as_deref(), Some(certificate.der()), "one certificate a transaction");
        }
        told
    }

    async fn ended_by_cmp(&self, file: &SystemFile, certificate: &Certificate) {
        let (issuer, serial) = (certificate.issuer().der(), certificate.serial());
        let body = revoking(issuer, serial, REASON).unwrap();
        let sent = handed_on(keyed(&secret_of(file), 2, Some(crate::now()), &body));
        self.insist_on("a revocation by CMP", async || {
            match self.machines.issuer.cmp(&sent, true).await {
                Ok(told) => match told.refused {
                    None | Some(Code::CertificateRevoked) => Ok(()),
                    Some(code) => Err(Some(code.to_string())),
                },
                Err(refusal) => Err(Some(refusal.to_string())),
            }
        })
        .await;
        self.is_revoked(&serial.to_string()).await;
    }
}

/// Whether the order says that it is enough.
fn is_enough(code: Code) -> bool {
    matches!(code, Code::SystemQuota | Code::SystemLive)
}

/// A message as the process for machines hands it on.
fn handed_on(message: Vec<u8>) -> CmpMessage {
    CmpMessage { message: Bytes(message), profile: None, zones_refuse: false }
}

fn named(name: &str) -> Vec<Extension> {
    vec![subject_alt_name(&[name.to_owned()], &[]).unwrap()]
}

/// A PKCS#10 for a name, with a challenge.
fn challenged(own: &SoftwareSigner, name: &str, challenge: &str) -> Bytes {
    let attribute =
        |id: &[u8], value: &[u8]| sequence(&[id, &wrap(0x31, value).unwrap()].concat()).unwrap();
    let attributes = [
        attribute(&CHALLENGE_PASSWORD, &wrap(0x13, challenge.as_bytes()).unwrap()),
        attribute(&EXTENSION_REQUEST, &named(name).to_der().unwrap()),
    ];
    let key = own.public_key();
    let info = [
        vec![2, 1, 0],
        sequence(&[]).unwrap(),
        key.spki().to_vec(),
        wrap(0xa0, &attributes.concat()).unwrap(),
    ];
    let info = sequence(&info.concat()).unwrap();
    let signature = [vec![0], own.sign(&info).unwrap()].concat();
    let algorithm = key.algorithm().signature_identifier().unwrap();
    let parts = [info, algorithm, wrap(0x03, &signature).unwrap()];
    Bytes(sequence(&parts.concat()).unwrap())
}

/// What the key of a certificate signs so that one of another key follow it. It is encrypted for
/// that certificate itself: the CA reads it by the key of its content.
fn renewal((own, certificate): (&SoftwareSigner, &Certificate), name: &str) -> SignedRenewal {
    let next = SoftwareSigner::generate_p256().unwrap();
    let request = keys::request_for(&next, &[Host::Name(name.to_owned())]).unwrap();
    let signer = MessageSigner::read(certificate.der()).unwrap();
    let (key, cipher) = (random::<32>(), ContentCipher::Aes128);
    let drawn = Sealing { nonce: random(), key: Zeroizing::new(key), iv: random() };
    let (transaction, content) = ("transaction-1", request.der());
    let message = DeviceMessage { kind: "17", transaction, content, cipher };
    let message = message.sign((own, &signer), &signer, &drawn).unwrap();
    SignedRenewal { message: message.into(), content_key: Bytes(key[..16].to_vec()) }
}
