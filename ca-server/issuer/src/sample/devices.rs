//! What devices send by SCEP in the sample city: requests with a challenge in them, and what the
//! key of a certificate signs around a request for the one that follows it.

use super::Sample;
use super::machines::request;
use crate::command::Command;
use crate::verify::VerifiedMachine;
use keys::SoftwareSigner;
use pki::{Certificate, Signer, sequence, wrap};
use records::scep::{EnrolDevice, RenewDevice, SignedRenewal};
use records::{Bytes, Code};
use scep::{ContentCipher, DeviceMessage, MessageSigner, Sealing};
use zeroize::Zeroizing;

/// The key of what a device hides.
const CONTENT_KEY: [u8; 16] = [7; 16];

const CHALLENGE_PASSWORD: [u8; 11] = [6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 7];
const EXTENSION_REQUEST: [u8; 11] = [6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 14];
const SUBJECT_ALT_NAME: [u8; 5] = [6, 3, 0x55, 0x1d, 0x11];

/// A request of a device for these names with a challenge; its key is on P-256.
pub(crate) fn challenged(own: &SoftwareSigner, names: &[&str], challenge: &str) -> EnrolDevice {
    let attribute =
        |id: &[u8], value: Vec<u8>| sequence(&[id, &wrap(0x31, &value).unwrap()].concat()).unwrap();
    let names: Vec<u8> =
        names.iter().flat_map(|name| wrap(0x82, name.as_bytes()).unwrap()).collect();
    let value = wrap(0x04, &sequence(&names).unwrap()).unwrap();
    let extension = sequence(&[&SUBJECT_ALT_NAME[..], &value].concat()).unwrap();
    let attributes = [
        attribute(&CHALLENGE_PASSWORD, wrap(0x13, challenge.as_bytes()).unwrap()),
        attribute(&EXTENSION_REQUEST, sequence(&extension).unwrap()),
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
    EnrolDevice { request: sequence(&parts.concat()).unwrap().into() }
}

/// What a key signs so that its certificate be renewed for another one, hidden for an authority.
pub(crate) fn signed_renewal(
    (old, certificate): (&SoftwareSigner, &Certificate),
    content: &Bytes,
    (authority, kind): (&Certificate, &str),
) -> SignedRenewal {
    let cipher = ContentCipher::Aes128;
    let message = DeviceMessage { kind, transaction: "t-1", content: &content.0, cipher };
    let drawn = Sealing { nonce: [1; 16], key: Zeroizing::new([7; 32]), iv: [2; 16] };
    let [own, authority] =
        [certificate, authority].map(|one| MessageSigner::read(one.der()).unwrap());
    let message = message.sign((old, &own), &authority, &drawn).unwrap();
    SignedRenewal { message: message.into(), content_key: Bytes::from(CONTENT_KEY) }
}

/// A renewal of a device's certificate for another key and these names.
pub(crate) fn renewing_device(
    old: (&SoftwareSigner, &Certificate),
    own: &SoftwareSigner,
    names: &[&str],
    authority: &Certificate,
) -> RenewDevice {
    RenewDevice { signed: signed_renewal(old, &request(own, names), (authority, "17")) }
}

impl Sample {
    pub(crate) fn enrol_device(&mut self, message: EnrolDevice) -> Result<String, Code> {
        let verified = VerifiedMachine::challenged(message, self.authority())?;
        let from = self.machines();
        self.decide(|reply| Command::EnrolDevice(from, Box::new(verified), reply))
    }

    pub(crate) fn renew_device(&mut self, message: RenewDevice) -> Result<String, Code> {
        let verified = VerifiedMachine::signed(message, self.authority())?;
        let from = self.machines();
        self.decide(|reply| Command::RenewDevice(from, Box::new(verified), reply))
    }
}
