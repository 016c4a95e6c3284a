//! Which service speaks: told by the certificate that the issuing CA gave it, never by a row.

use mtls::TlsConnection;
use pki::Certificate;
use pki::oid::Arc;
use records::Code;

/// What services' certificates are judged by.
pub struct Services {
    issuing: Certificate,
    arc: Arc,
}

/// Policy number of the `service` profile.
const SERVICE_POLICY: u32 = 3;

impl Services {
    /// Reads the issuing certificate and the arc.
    pub fn open(config: &crate::CaConfig) -> anyhow::Result<Self> {
        use anyhow::Context;
        let issuing = std::fs::read(config.path("public/ca/issuing-1.cer"))?;
        let trust = crate::trust(config)?;
        Ok(Self {
            issuing: Certificate::read(&issuing)?,
            arc: Arc::read(&trust.arc).context("arc")?,
        })
    }

    /// The certificate of the issuing CA.
    pub fn issuing(&self) -> &Certificate {
        &self.issuing
    }

    /// The service's certificate and name, `SERVICE/PROCESS`, if the issuing CA gave it to a
    /// service and it is in time.
    pub fn name(
        &self,
        connection: &TlsConnection,
        now: u64,
    ) -> Result<(Certificate, String), Code> {
        let der = connection.certificate.as_ref().ok_or(Code::CertificateRequired)?;
        let certificate = Certificate::read(der).map_err(|_| Code::CertificateForeign)?;
        let name = self.judged(&certificate, now)?;
        Ok((certificate, name))
    }

    /// The name of the service whose certificate it is, under the same conditions.
    pub fn judged(&self, certificate: &Certificate, now: u64) -> Result<String, Code> {
        if !certificate.is_signed_by(self.issuing.key()) {
            return Err(Code::CertificateForeign);
        }
        if now > certificate.not_after() || now < certificate.not_before() {
            return Err(Code::CertificateExpired);
        }
        let policy =
            self.arc.policy(SERVICE_POLICY).map(|oid| pki::extension::policy(oid).map(|e| e.value));
        let stated = certificate.extension(pki::oid::CERTIFICATE_POLICIES);
        if !matches!(policy, Some(Ok(value)) if stated == Some(value.as_bytes())) {
            return Err(Code::NotYourRoute);
        }
        certificate.subject().common_name().ok_or(Code::CertificateForeign)
    }

    /// The same for agents; gives the agent's id.
    pub fn agent(
        &self,
        connection: &TlsConnection,
        now: u64,
    ) -> Result<(Certificate, String), Code> {
        let (certificate, name) = self.name(connection, now)?;
        let agent = name.strip_suffix("/agent").ok_or(Code::NotYourRoute)?;
        Ok((certificate, agent.to_owned()))
    }
}
