//! PKCS#10 requests (RFC 2986) for keys of our own people and services: rcgen writes them, the key
//! stays in its signer, and what came out is read as the CA reads it before anybody gets it.

use crate::software::SoftwareSigner;
use pki::algorithm::SignError;
use pki::host::Host;
use pki::request::RequestError;
use pki::{CertificationRequest, Signer};
use rcgen::{
    CertificateParams, DistinguishedName, PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384,
    PKCS_ED25519, PKCS_RSA_SHA256, PublicKeyData, SanType, SignatureAlgorithm, SigningKey,
};

/// Makes a request with an empty subject and no attributes: who somebody is, the CA knows better.
pub fn request(signer: &SoftwareSigner) -> Result<CertificationRequest, RequestError> {
    request_for(signer, &[])
}

/// Makes a request of a system: an empty subject, and the hosts that are to be certified.
pub fn request_for(
    signer: &SoftwareSigner,
    hosts: &[Host],
) -> Result<CertificationRequest, RequestError> {
    let algorithm = match signer.public_key().algorithm().name {
        "p256" => &PKCS_ECDSA_P256_SHA256,
        "p384" => &PKCS_ECDSA_P384_SHA384,
        "ed25519" => &PKCS_ED25519,
        "rsa2048" | "rsa3072" | "rsa4096" => &PKCS_RSA_SHA256,
        other => return Err(SignError(format!("no requests for keys of {other}")).into()),
    };
    let mut content = CertificateParams::default();
    content.distinguished_name = DistinguishedName::new();
    for host in hosts {
        content.subject_alt_names.push(match host {
            Host::Name(name) => {
                let name = name.as_str().try_into();
                SanType::DnsName(name.map_err(|error: rcgen::Error| SignError(error.to_string()))?)
            }
            Host::Address(address) => SanType::IpAddress(*address),
        });
    }
    let request = content
        .serialize_request(&RequestKey { signer, algorithm })
        .map_err(|error| SignError(error.to_string()))?;
    CertificationRequest::read(request.der())
}

/// A signer as rcgen asks for it.
struct RequestKey<'a> {
    signer: &'a SoftwareSigner,
    algorithm: &'static SignatureAlgorithm,
}

impl PublicKeyData for RequestKey<'_> {
    fn der_bytes(&self) -> &[u8] {
        self.signer.public_key().raw()
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        self.algorithm
    }
}

impl SigningKey for RequestKey<'_> {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        self.signer.sign(message).map_err(|_| rcgen::Error::RemoteKeyError)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pki::algorithm::REGISTRY;

    #[test]
    fn a_system_asks_for_its_hosts() {
        let signer = SoftwareSigner::generate_p256().unwrap();
        let hosts = ["www.acme.test", "*.acme.test", "127.0.0.1", "::1"];
        let hosts = hosts.map(|host| Host::read_for(host, true).unwrap());
        let asked = request_for(&signer, &hosts).unwrap();
        assert_eq!(asked.wanted().unwrap(), hosts);
        assert!(request(&signer).unwrap().wanted().is_err());
    }

    #[test]
    fn every_kind_of_key_asks_for_nothing_but_itself() {
        for member in &REGISTRY {
            let signer = SoftwareSigner::generate(member).unwrap();
            let made = request(&signer).unwrap();
            assert_eq!(made.key().spki(), signer.public_key().spki(), "{}", member.name);
            assert!(made.subject().is_empty() && !made.has_attributes());
            let judged = openssl::x509::X509Req::from_der(made.der()).unwrap();
            assert!(judged.verify(&judged.public_key().unwrap()).unwrap());
        }
    }
}
