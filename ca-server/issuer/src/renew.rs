//! Renewing a machine's certificate under a standing authorization: the old key asks, the authority
//! checks, the use is recorded as an intent like any other.

use super::following::LOG;
use super::session::Session;
use super::{Issuer, IssuerError};
use ca_api::Renew;
use ca_host::ISSUER;
use ca_host::prepare::{Authority, Wanted, prepare};
use ca_host::random;
use ca_store::certificates::Issuing;
use ca_store::ledger;
use pki::name::{Subject, Text};
use pki::{PublicKey, SerialNumber, Signer};
use records::enrolment::Collected;
use records::record::Event;
use records::{Bytes, Code};
use sha2::{Digest, Sha256};
use std::time::Duration;
use store::row;

/// How often a waiting caller looks for its certificate.
const LOOK: Duration = Duration::from_millis(50);
const LOOKS_MAX: usize = 200;

/// Whether a refusal is worth a record: anybody can reach this through the public portal, and who proves
/// nothing is counted, but does not write to the log.
pub(super) fn is_recorded<T>(result: &Result<T, IssuerError>) -> bool {
    let code = result.as_ref().err().map(IssuerError::code);
    !matches!(
        code,
        Some(Code::UseSignature | Code::KeyUnknown | Code::RequestMalformed | Code::Malformed)
    )
}

/// A service as its certificate names it.
pub(super) struct Service<'a> {
    /// `SERVICE/PROCESS`.
    pub(super) name: &'a str,
    pub(super) unit: &'a str,
    pub(super) hosts: &'a [String],
    /// Profile id.
    pub(super) profile: &'a str,
}

impl Issuer {
    /// Records the use of an authorization; gives the serial number of the certificate to come. The
    /// same message again, from a machine that did not hear the answer, gives the same certificate.
    pub(super) async fn use_authorization(
        &self,
        session: &mut Session<'_>,
        message: &Renew,
    ) -> Result<String, IssuerError> {
        self.guard(session, &[]).await?;
        let authority = session.authority()?;
        let standing =
            authority.standing(&message.authorization).ok_or(Code::UseSignature)?.clone();
        let checked = authority.check_use(message, session.now());
        let again =
            standing.challenges.contains(&message.challenge) && standing.last == message.signature;
        if (again || checked.is_ok())
            && let Some(serial) = self.promised(session, &message.request).await?
        {
            return Ok(serial);
        }
        let key = checked?;
        let (given, hosts, unit) = (standing.given, standing.hosts, standing.unit);
        let name = format!("{}/{}", given.service, given.process);
        self.check_key(session, &key, &name).await?;
        let of = Service { name: &name, unit: &unit, hosts: &hosts, profile: &given.profile };
        let (serial, tbs) = self.service_certificate(session, &of, &key)?;
        let event = Event::Used {
            authorization: message.authorization.clone(),
            challenge: message.challenge.clone(),
            request: message.request.clone(),
            asked_by: message.asked_by.clone(),
            signature: message.signature.clone(),
            serial: serial.clone(),
            tbs_sha256: Bytes::from(Sha256::digest(&tbs).as_slice()),
        };
        ledger::write(&mut session.tx, "issuer", session.micros, event, &[]).await?;
        let under = Sha256::digest(&message.request.0).into();
        let issuing = Issuing { under, profile: given.profile, subject: name, reference: None };
        self.insert_intent(session, &serial, &tbs, issuing).await?;
        Ok(serial)
    }

    /// The serial number that was promised for a request already.
    pub(super) async fn promised(
        &self,
        session: &mut Session<'_>,
        request: &Bytes,
    ) -> Result<Option<String>, IssuerError> {
        let found = row!(
            &mut session.tx,
            (String,),
            "select serial from intent where under = $1 and state <> 'abandoned'",
            Sha256::digest(&request.0).to_vec()
        )?;
        Ok(found.map(|(serial,)| serial))
    }

    /// The certificate of a service to come: serial number and TBSCertificate.
    pub(super) fn service_certificate(
        &self,
        session: &Session<'_>,
        service: &Service<'_>,
        key: &PublicKey,
    ) -> Result<(String, Vec<u8>), IssuerError> {
        let profile = self.profile(session, service.profile)?;
        if !profile.allows(key) {
            return Err(Code::KeyNotAllowed.into());
        }
        let city = &session.authority()?.founding().city;
        let subject = Subject {
            country: city.country.clone(),
            organization: Text::read(&city.name).map_err(|_| Code::Malformed)?,
            units: vec![service.unit.to_owned()],
            common_name: Text::read(service.name).map_err(|_| Code::Malformed)?,
            serial_number: None,
        };
        let serial = SerialNumber::from_random(random::bytes()?);
        let prepared = prepare(&Wanted {
            profile: &profile,
            arc: &session.authority()?.arc().ok_or(Code::UnsignedAuthority)?,
            authority: Authority::Issuer(&self.issuing_certificate),
            authority_key: self.issuing.public_key(),
            serial: &serial,
            now: session.now(),
            subject: &subject.to_name().map_err(|_| Code::Malformed)?,
            key,
            dns: service.hosts,
            mail: &[],
            addresses: Some(self.config.addresses(ISSUER)),
        });
        let tbs = prepared.map_err(anyhow::Error::from)?.tbs;
        Ok((serial.to_string(), tbs.der().to_vec()))
    }

    /// Waits until a certificate is issued and its record stands in the tree.
    pub(super) async fn issued(&self, serial: &str) -> Result<Collected, IssuerError> {
        for _ in 0..LOOKS_MAX {
            let mut tx = self.store.read().await?;
            let found = row!(
                &mut tx,
                (Vec<u8>, Vec<u8>),
                "select certificate, record_id from certificate where serial = $1",
                serial
            )?;
            if let Some((certificate, record)) = found
                && let Some(evidence) = ledger::evidence(&mut tx, LOG, &record).await?
            {
                return Ok(Collected { chain: self.chain(&certificate), evidence });
            }
            drop(tx);
            tokio::time::sleep(LOOK).await;
        }
        Err(Code::LogBehind.into())
    }
}
