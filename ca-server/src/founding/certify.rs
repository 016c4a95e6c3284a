//! The certificates of the first day: authorities, statement signers, services, people.

use super::keys::FoundingKeys;
use super::plan::CityPlan;
use super::statement::Statement;
use anyhow::Context;
use ca_host::ISSUER;
use ca_host::prepare::{CertificateInputs, CertificateIssuer, prepare};
use ca_host::random;
use pki::name::{DistinguishedName, Subject, Text};
use pki::oid::Arc;
use pki::{Certificate, CertificateProfile, PublicKey, SerialNumber, Signer};
use std::path::Path;
use system::file::create;

/// What was issued under the founding statement.
pub(super) struct Certified {
    /// The root certificate signed itself.
    pub root: Certificate,
    /// The certificate of the first issuing CA, which the root signed.
    pub issuing: Certificate,
    /// Statement signers and OCSP, with the profile of each.
    pub signers: Vec<(&'static str, Certificate)>,
    /// Each process of the first services has a certificate: id, process, certificate.
    pub services: Vec<(String, String, Certificate)>,
    /// Each first person has a certificate; beside it stands their id.
    pub people: Vec<(String, Certificate)>,
}

struct Ceremony<'a> {
    statement: &'a Statement,
    arc: Arc,
    now: u64,
    config: ca_host::CaConfig,
}

/// Issues to exactly the keys in the statement, once.
pub(super) fn certify(
    plan: &CityPlan,
    keys: &FoundingKeys,
    statement: &Statement,
    now: u64,
) -> anyhow::Result<Certified> {
    let arc = Arc::read(&statement.founding.city.arc).context("arc")?;
    let ceremony = Ceremony { statement, arc, now, config: plan.config() };
    let root = ceremony.issue("root", None, &keys.root, "Root CA", keys.root.public_key())?;
    let issuing = ceremony.issue(
        "issuing",
        Some(&root),
        &keys.root,
        "Issuing CA 1",
        keys.issuing.public_key(),
    )?;
    let registry = ceremony.issue(
        "registry",
        Some(&root),
        &keys.root,
        "Registry",
        keys.registry.public_key(),
    )?;
    let status =
        ceremony.issue("status", Some(&root), &keys.root, "Status", keys.status.public_key())?;
    let ocsp =
        ceremony.issue("ocsp", Some(&issuing), &keys.issuing, "OCSP", keys.ocsp.public_key())?;
    let mut services = Vec::new();
    for service in &statement.founding.services {
        for key in &service.keys {
            let certificate = ceremony.service(&issuing, &keys.issuing, service, key)?;
            services.push((service.service.clone(), key.process.clone(), certificate));
        }
    }
    let mut people = Vec::new();
    for (first, (person, name)) in statement.founding.people.iter().zip(&statement.names) {
        let name = name.value.as_str().context("name")?;
        people.push((person.clone(), ceremony.person(&issuing, &keys.issuing, first, name)?));
    }
    let signers = vec![("registry", registry), ("status", status), ("ocsp", ocsp)];
    Ok(Certified { root, issuing, signers, services, people })
}

impl Ceremony<'_> {
    fn profile(&self, id: &str) -> anyhow::Result<CertificateProfile> {
        let name = format!("profiles/{id}.toml");
        let file = self.statement.files.iter().find(|file| {
            CertificateProfile::read(&file.content).is_ok_and(|profile| profile.id() == id)
        });
        Ok(CertificateProfile::read(&file.context(name)?.content)?)
    }

    fn subject(&self, common_name: &str) -> anyhow::Result<DistinguishedName> {
        let city = &self.statement.founding.city;
        let name = Subject {
            country: city.country.clone(),
            organization: Text::read(&city.name)?,
            units: Vec::new(),
            common_name: Text::read(&format!("{} {common_name}", city.name))?,
            serial_number: None,
        };
        Ok(name.to_name()?)
    }

    fn issue(
        &self,
        profile: &str,
        issuer: Option<&Certificate>,
        signer: &dyn Signer,
        common_name: &str,
        key: &PublicKey,
    ) -> anyhow::Result<Certificate> {
        let subject = self.subject(common_name)?;
        self.sign(profile, issuer, signer, &subject, key, &[])
    }

    fn sign(
        &self,
        profile: &str,
        issuer: Option<&Certificate>,
        signer: &dyn Signer,
        subject: &DistinguishedName,
        key: &PublicKey,
        dns: &[String],
    ) -> anyhow::Result<Certificate> {
        let serial = SerialNumber::from_random(random::bytes()?);
        let under_root = matches!(profile, "issuing" | "registry" | "status");
        let addresses = match issuer {
            None => None,
            Some(_) if under_root => Some(self.config.root_addresses()),
            Some(_) => Some(self.config.addresses(ISSUER)),
        };
        let prepared = prepare(&CertificateInputs {
            profile: &self.profile(profile)?,
            arc: &self.arc,
            issuer: issuer.map_or(CertificateIssuer::Itself, CertificateIssuer::Authority),
            issuer_key: signer.public_key(),
            serial: &serial,
            now: self.now,
            subject,
            key,
            dns,
            mail: &[],
            addresses,
        })?;
        Ok(prepared.tbs().sign(signer)?)
    }

    fn service(
        &self,
        issuing: &Certificate,
        signer: &dyn Signer,
        service: &records::founding::FirstService,
        key: &records::founding::ServiceKey,
    ) -> anyhow::Result<Certificate> {
        let city = &self.statement.founding.city;
        let subject = Subject {
            country: city.country.clone(),
            organization: Text::read(&city.name)?,
            units: vec![service.unit.clone()],
            common_name: Text::read(&format!("{}/{}", service.service, key.process))?,
            serial_number: None,
        };
        let public = PublicKey::read(&key.key.0)?;
        self.sign("service", Some(issuing), signer, &subject.to_name()?, &public, &key.hosts)
    }

    fn person(
        &self,
        issuing: &Certificate,
        signer: &dyn Signer,
        first: &records::founding::FirstPerson,
        name: &str,
    ) -> anyhow::Result<Certificate> {
        let founding = &self.statement.founding;
        let subject = Subject {
            country: founding.city.country.clone(),
            organization: Text::read(&founding.city.name)?,
            units: units_of(founding, &first.unit),
            common_name: Text::read(name)?,
            serial_number: Some(first.person.clone()),
        };
        let key = PublicKey::read(&first.key.0)?;
        self.sign(&first.profile, Some(issuing), signer, &subject.to_name()?, &key, &[])
    }
}

/// The county above a unit of the first day, if there is one, then the unit.
fn units_of(founding: &records::founding::Founding, unit: &str) -> Vec<String> {
    let find = |id: &str| founding.units.iter().find(|entry| entry.unit == id);
    let mut above = find(unit).and_then(|entry| entry.parent.as_deref());
    while let Some(entry) = above.and_then(find) {
        if entry.county {
            return vec![entry.unit.clone(), unit.to_owned()];
        }
        above = entry.parent.as_deref();
    }
    vec![unit.to_owned()]
}

impl Certified {
    /// Writes certificates where services, people and the public find them.
    pub(super) fn write(&self, folder: &Path) -> anyhow::Result<()> {
        let public = folder.join("public/ca");
        std::fs::create_dir_all(&public)?;
        let mut authorities: Vec<(&str, &Certificate)> =
            vec![("root", &self.root), (ISSUER, &self.issuing)];
        authorities.extend(self.signers.iter().map(|(name, certificate)| (*name, certificate)));
        for (name, certificate) in authorities {
            create(&public.join(format!("{name}.cer")), certificate.der())?;
            create(&public.join(format!("{name}.pem")), certificate.pem().as_bytes())?;
        }
        for (_, ocsp) in self.signers.iter().filter(|(name, _)| *name == "ocsp") {
            create(&folder.join("status/ocsp.pem"), self.chain(ocsp).as_bytes())?;
        }
        for (service, process, certificate) in &self.services {
            let path = match service.as_str() {
                "issuer" | "status" | "log" => folder.join(service).join("tls.pem"),
                _ => folder.join(format!("services/{service}.{process}.pem")),
            };
            create(&path, self.chain(certificate).as_bytes())?;
        }
        for (person, certificate) in &self.people {
            let path = folder.join(format!("people/{person}.pem"));
            create(&path, self.chain(certificate).as_bytes())?;
        }
        Ok(())
    }

    fn chain(&self, leaf: &Certificate) -> String {
        [leaf.pem(), self.issuing.pem(), self.root.pem()].concat()
    }
}
