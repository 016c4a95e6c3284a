//! `city.json`: describes a city, so that no script has to read printed text. Paths are relative to
//! its folder.

use anyhow::Context;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;

/// The description.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct City {
    /// The city's name.
    pub city: String,
    /// Addresses of the portal.
    pub portal: PortalUrls,
    /// The CA's public files.
    pub ca: CaFiles,
    /// The logs.
    pub logs: BTreeMap<String, LogUrl>,
    /// The trust file.
    pub trust_file: String,
    /// Health and metrics by process.
    pub admin_urls: BTreeMap<String, String>,
    /// The gate in front of the sample application, once it has joined.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<AgentUrls>,
    /// Where systems get certificates.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub machines: Option<MachinesUrls>,
    /// The people.
    pub people: Vec<Person>,
}

/// Addresses of the portal.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct PortalUrls {
    pub public_url: String,
    pub staff_url: String,
}

/// The gate.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct AgentUrls {
    /// The application behind the gate.
    pub url: String,
    /// Keys of identity tokens.
    pub jwks_url: String,
    /// State directory.
    pub state: String,
    /// Where the sample application listens, for the agent only.
    pub upstream: String,
}

/// Where systems get certificates, and where a script answers in their place.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct MachinesUrls {
    /// The directory of ACME.
    pub acme_url: String,
    /// EST; behind it `/cacerts` and the like.
    #[serde(default)]
    pub est_url: String,
    /// SCEP, over HTTP; cities that were founded before have none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub scep_url: String,
    /// CMP without TLS, as its clients speak it; cities that were founded before have it over TLS.
    #[serde(default)]
    pub cmp_url: String,
    /// The resolver that validations ask.
    pub dns: String,
    /// In place of port 80.
    pub http01_port: u16,
    /// In place of port 443.
    pub tlsalpn01_port: u16,
    /// Names below this one are those of the sample system.
    pub domain_suffix: String,
    /// What binds accounts to the sample system, once it is registered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub eab: Option<Eab>,
    /// By what a system of the sample is known by EST, once it is registered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub est: Option<EstAccess>,
    /// By what a device of the sample is known by SCEP, once it is registered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scep: Option<ScepAccess>,
    /// By what a system of the sample is known by CMP, once it is registered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cmp: Option<CmpAccess>,
}

/// The challenge of a device; good for any number of certificates in a sample city.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct ScepAccess {
    pub challenge: String,
}

/// Reference and secret of a system; good for any number of certificates in a sample city.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct CmpAccess {
    #[serde(rename = "ref")]
    pub reference: String,
    pub secret: String,
}

/// User and password of a system; good for any number of certificates in a sample city.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct EstAccess {
    pub user: String,
    pub pass: String,
}

/// What binds accounts to a system; good for any number of them in a sample city.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Eab {
    pub kid: String,
    /// Base64url, as clients take it.
    pub hmac: String,
}

/// The CA's public files.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct CaFiles {
    pub root_pem: String,
    pub issuing_pem: String,
    pub crl_url: String,
    pub root_crl_url: String,
    #[serde(default)]
    pub ocsp_url: String,
}

/// A log.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct LogUrl {
    pub url: String,
    pub vkey: String,
}

/// A person: with a letter, or with a certificate.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Person {
    pub name: String,
    pub role: String,
    pub unit: String,
    pub person: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub letter: Option<String>,
    /// The letter as it is printed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub letter_html: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cert: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub passphrase_file: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p12: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p12_password_file: Option<String>,
}

impl City {
    /// Reads the description of a city.
    pub(crate) fn read(folder: &Path) -> anyhow::Result<Self> {
        let path = folder.join("city.json");
        let text = std::fs::read(&path)
            .with_context(|| format!("{}: no city here; next: make run", path.display()))?;
        let mut city: Self = serde_json::from_slice(&text)?;
        // Cities that were founded before it stood here have it at the same place.
        if let ("", Some((status, _))) = (&*city.ca.ocsp_url, city.ca.crl_url.split_once("/crl/")) {
            city.ca.ocsp_url = format!("{status}/ocsp");
        }
        if let Some(machines) = city.machines.as_mut()
            && machines.est_url.is_empty()
            && let Some((host, _)) = machines.acme_url.split_once("/acme/")
        {
            machines.est_url = format!("{host}/.well-known/est");
        }
        if let Some(machines) = city.machines.as_mut()
            && machines.cmp_url.is_empty()
            && let Some((host, _)) = machines.acme_url.split_once("/acme/")
        {
            machines.cmp_url = format!("{host}/.well-known/cmp");
        }
        Ok(city)
    }

    /// Writes it whole.
    pub(crate) fn write(&self, folder: &Path) -> anyhow::Result<()> {
        Ok(system::file::replace(&folder.join("city.json"), &serde_json::to_vec_pretty(self)?)?)
    }

    /// People with a role who hold a certificate.
    pub(crate) fn holders(&self, role: &str) -> impl Iterator<Item = &Person> {
        self.people.iter().filter(move |person| person.role == role && person.cert.is_some())
    }
}
