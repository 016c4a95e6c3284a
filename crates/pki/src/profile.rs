//! Certificate profiles: `ProfileConfig` as it stands in TOML becomes a checked
//! [`CertificateProfile`].

use crate::algorithm::{PublicKey, by_name};
use crate::extension::{self, Extension, KEY_USAGES};
use crate::name::check_readable;
use crate::oid::{self, Arc};
use der::asn1::ObjectIdentifier;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

mod example;
#[cfg(test)]
mod tests;

pub use example::{ProfileExample, RefusedFor};

/// Who may hold certificates of a profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Holder {
    /// An official; enrols by letter, in the page or by command line.
    Person,
    /// An officer, administrator, auditor or owner; enrols by command line only.
    Staff,
    /// A machine of the system itself.
    Service,
    /// A system of a unit: a web site, a business system, a device; enrols under its unit's
    /// standing authorization.
    System,
    /// A CA; made in ceremonies only.
    Authority,
    /// A signer of statements, made in ceremonies only.
    Signer,
}

/// By which way a part of a letter's code comes to its addressee.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LetterChannel {
    /// The sheet that is printed and sealed.
    Paper,
    /// The code goes by short message.
    Sms,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ProfileConfig {
    id: String,
    #[serde(default)]
    zh: String,
    #[serde(default)]
    en: String,
    version: u32,
    holder: Holder,
    policy: u32,
    validity_days: u32,
    keys: Vec<String>,
    key_usage: Vec<String>,
    extended_key_usage: Vec<String>,
    #[serde(default)]
    mail: bool,
    #[serde(default)]
    wildcards: bool,
    #[serde(default)]
    path_len: Option<u8>,
    #[serde(default)]
    approvals: Option<ProfileApprovals>,
    #[serde(default)]
    renewal: Option<ProfileRenewal>,
    #[serde(default = "on_paper")]
    letter_channels: Vec<LetterChannel>,
    #[serde(default)]
    example: Vec<ProfileExample>,
}

/// How letters come where a profile does not say.
fn on_paper() -> Vec<LetterChannel> {
    vec![LetterChannel::Paper]
}

/// When holders may renew their certificates with the key that they have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProfileRenewal {
    /// So many days before its end at the earliest.
    pub window_days: u32,
    /// So many days after its end at the latest, and then with approvals.
    #[serde(default)]
    pub grace_days: u32,
    /// Whether officers approve each renewal.
    #[serde(default)]
    pub approval: bool,
}

/// What a profile asks for beyond the approval rules.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProfileApprovals {
    /// Roles that count, by name.
    pub roles: Vec<String>,
    /// So many persons have to approve a certificate of this profile.
    pub count: u8,
    /// How many of them outside the browser.
    pub outside_browser: u8,
}

/// Why a profile file is not accepted; the text names the line.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProfileError {
    /// Not TOML, a key missing or unknown.
    #[error("{0}")]
    Toml(String),
    /// A value outside what a profile may say.
    #[error("profile {id}: {what}")]
    Value {
        /// The profile has this id.
        id: String,
        /// The message says what is wrong, for whoever writes profiles.
        what: String,
    },
}

/// A profile whose file was read and checked whole.
#[derive(Clone, Debug)]
pub struct CertificateProfile {
    config_id: String,
    /// The profile is called this in Chinese, and this in English.
    called: Option<(String, String)>,
    version: u32,
    holder: Holder,
    policy: u32,
    validity_days: u32,
    keys: Vec<String>,
    key_usage: Vec<String>,
    purposes: Vec<String>,
    mail: bool,
    wildcards: bool,
    path_len: Option<u8>,
    approvals: Option<ProfileApprovals>,
    renewal: Option<ProfileRenewal>,
    letter_channels: Vec<LetterChannel>,
    examples: Vec<ProfileExample>,
    digest: [u8; 32],
}

/// Longest name of a profile, in characters.
const NAME_CHARS_MAX: usize = 40;
/// Nobody renews later than this after the end.
const GRACE_DAYS_MAX: u32 = 366;

const PURPOSES: [(&str, Option<ObjectIdentifier>); 6] = [
    ("serverAuth", Some(oid::SERVER_AUTH)),
    ("clientAuth", Some(oid::CLIENT_AUTH)),
    ("emailProtection", Some(oid::EMAIL_PROTECTION)),
    ("OCSPSigning", Some(oid::OCSP_SIGNING)),
    ("registrySigning", None),
    ("statusSigning", None),
];

impl CertificateProfile {
    /// Reads a profile file; its digest is SHA-256 of the file.
    pub fn read(text: &str) -> Result<Self, ProfileError> {
        crate::counted::profile_read();
        let config: ProfileConfig =
            toml::from_str(text).map_err(|error| ProfileError::Toml(error.to_string()))?;
        let wrong = |what: String| ProfileError::Value { id: config.id.clone(), what };
        if config.id.is_empty() || !config.id.bytes().all(|b| b.is_ascii_lowercase() || b == b'-') {
            return Err(wrong("the id is lower-case letters and hyphens".into()));
        }
        if config.version == 0 || config.validity_days == 0 || config.validity_days > 36_525 {
            return Err(wrong("version starts at 1, validity_days is 1 to 36525".into()));
        }
        if let Some(key) = config.keys.iter().find(|key| by_name(key).is_none()) {
            return Err(wrong(format!("no algorithm is called {key}")));
        }
        if let Some(usage) = config.key_usage.iter().find(|u| !KEY_USAGES.contains(&u.as_str())) {
            return Err(wrong(format!("no key usage is called {usage}")));
        }
        let unknown = |name: &&String| PURPOSES.iter().all(|(known, _)| known != name);
        if let Some(purpose) = config.extended_key_usage.iter().find(unknown) {
            return Err(wrong(format!("no extended key usage is called {purpose}")));
        }
        check_holder(&config).map_err(&wrong)?;
        check_channels(&config).map_err(&wrong)?;
        check_examples(&config).map_err(&wrong)?;
        let called = called(&config).map_err(&wrong)?;
        Ok(Self {
            digest: Sha256::digest(text.as_bytes()).into(),
            config_id: config.id,
            called,
            version: config.version,
            holder: config.holder,
            policy: config.policy,
            validity_days: config.validity_days,
            keys: config.keys,
            key_usage: config.key_usage,
            purposes: config.extended_key_usage,
            mail: config.mail,
            wildcards: config.wildcards,
            path_len: config.path_len,
            approvals: config.approvals,
            renewal: config.renewal,
            letter_channels: config.letter_channels,
            examples: config.example,
        })
    }

    /// The profile's id: lower-case letters, digits and hyphens.
    pub fn id(&self) -> &str {
        &self.config_id
    }

    /// What people call it, 中文 and English, where its file says so.
    pub fn called(&self) -> Option<(&str, &str)> {
        self.called.as_ref().map(|(zh, en)| (zh.as_str(), en.as_str()))
    }

    /// The profile's version, which the file says.
    pub fn version(&self) -> u32 {
        self.version
    }

    /// The SHA-256 of the profile's file.
    pub fn digest(&self) -> [u8; 32] {
        self.digest
    }

    /// The kind of holder that a certificate of this profile may have.
    pub fn holder(&self) -> Holder {
        self.holder
    }

    /// Whether its holder signs OCSP answers.
    pub fn answers_status(&self) -> bool {
        self.purposes.iter().any(|purpose| purpose == "OCSPSigning")
    }

    /// A certificate of this profile is valid for so many days.
    pub fn validity_days(&self) -> u32 {
        self.validity_days
    }

    /// Whether a mail address may stand in the certificate.
    pub fn mail(&self) -> bool {
        self.mail
    }

    /// Whether the first label of a host name may be `*`.
    pub fn wildcards(&self) -> bool {
        self.wildcards
    }

    /// What it asks for beyond the approval rules.
    pub fn approvals(&self) -> Option<&ProfileApprovals> {
        self.approvals.as_ref()
    }

    /// When its certificates may be renewed; never where it does not say.
    pub fn renewal(&self) -> Option<ProfileRenewal> {
        self.renewal
    }

    /// By which ways the code of a letter under it comes: by paper, and by a short message as well
    /// where it says so.
    pub fn letter_channels(&self) -> &[LetterChannel] {
        &self.letter_channels
    }

    /// Requests that it allows and such as it refuses, as its file says; each was judged.
    pub fn examples(&self) -> &[ProfileExample] {
        &self.examples
    }

    /// Names of the key algorithms that are allowed.
    pub fn keys(&self) -> &[String] {
        &self.keys
    }

    /// Whether keys of this algorithm are allowed.
    pub fn allows(&self, key: &PublicKey) -> bool {
        self.keys.iter().any(|name| name == key.algorithm().name)
    }

    /// The certificate policy under the city's arc.
    pub fn policy(&self, arc: &Arc) -> Option<ObjectIdentifier> {
        arc.policy(self.policy)
    }

    /// The purposes under the city's arc.
    pub fn purposes(&self, arc: &Arc) -> Vec<ObjectIdentifier> {
        self.purposes
            .iter()
            .filter_map(|name| match name.as_str() {
                "registrySigning" => arc.registry_signing(),
                "statusSigning" => arc.status_signing(),
                _ => PURPOSES.iter().find(|(known, _)| known == name).and_then(|(_, oid)| *oid),
            })
            .collect()
    }

    /// Extensions that follow from the profile alone: constraints, usages, policy.
    pub fn extensions(&self, arc: &Arc) -> der::Result<Vec<Extension>> {
        let mut list = Vec::new();
        if self.holder == Holder::Authority {
            list.push(extension::ca_constraints(self.path_len)?);
        }
        list.push(extension::key_usage(&self.key_usage)?);
        let purposes = self.purposes(arc);
        if !purposes.is_empty() {
            list.push(extension::extended_key_usage(&purposes, self.holder == Holder::Signer)?);
        }
        let policy = match self.policy {
            0 => oid::ANY_POLICY,
            _ => self.policy(arc).ok_or(der::ErrorKind::Failed)?,
        };
        list.push(extension::policy(policy)?);
        if self.answers_status() {
            list.push(extension::ocsp_nocheck()?);
        }
        Ok(list)
    }
}

/// OCSPSigning, keyCertSign and cRLSign are never to be had by enrolling.
fn check_holder(config: &ProfileConfig) -> Result<(), String> {
    let has = |usage: &str| config.key_usage.iter().any(|u| u == usage);
    let signs_certificates = has("keyCertSign") || has("cRLSign");
    if signs_certificates != (config.holder == Holder::Authority) {
        return Err("keyCertSign and cRLSign belong to authorities, and only to them".into());
    }
    let signer_only = ["OCSPSigning", "registrySigning", "statusSigning"];
    let signer_purpose =
        config.extended_key_usage.iter().any(|p| signer_only.contains(&p.as_str()));
    if signer_purpose != (config.holder == Holder::Signer) {
        return Err("signing purposes belong to signers, and only to them".into());
    }
    if has("keyEncipherment") && config.keys.iter().any(|key| !key.starts_with("rsa")) {
        return Err("keyEncipherment is for RSA keys only".into());
    }
    if config.path_len.is_some() && config.holder != Holder::Authority {
        return Err("path_len belongs to authorities".into());
    }
    let sane =
        |a: &ProfileApprovals| (1..=a.count).contains(&a.outside_browser) && !a.roles.is_empty();
    if !config.approvals.as_ref().is_none_or(sane) {
        return Err("approvals ask for at least one person, one of them outside the browser".into());
    }
    let days = 1..=config.validity_days;
    let timely =
        |r: &ProfileRenewal| days.contains(&r.window_days) && r.grace_days <= GRACE_DAYS_MAX;
    if !config.renewal.as_ref().is_none_or(timely) {
        return Err("a renewal begins within the validity and ends a year behind it".into());
    }
    let people = matches!(config.holder, Holder::Person | Holder::Staff);
    if config.renewal.is_some() && !people {
        return Err("machines renew under standing authorizations".into());
    }
    if config.key_usage.is_empty() {
        return Err("key_usage names at least one usage".into());
    }
    Ok(())
}

/// What it is called in both languages, or in none.
fn called(config: &ProfileConfig) -> Result<Option<(String, String)>, String> {
    if config.zh.is_empty() && config.en.is_empty() {
        return Ok(None);
    }
    for name in [&config.zh, &config.en] {
        check_readable(name, NAME_CHARS_MAX).map_err(|error| format!("zh, en: {error}"))?;
    }
    Ok(Some((config.zh.clone(), config.en.clone())))
}

/// A letter is paper, and beside it a short message at most; only people have letters.
fn check_channels(config: &ProfileConfig) -> Result<(), String> {
    let people = matches!(config.holder, Holder::Person | Holder::Staff);
    match config.letter_channels.as_slice() {
        [LetterChannel::Paper] => Ok(()),
        [LetterChannel::Paper, LetterChannel::Sms] if people => Ok(()),
        _ => Err("letter_channels is paper, or for people paper and sms, in this order".into()),
    }
}

/// Every example comes out as it says; only systems ask for names by themselves.
fn check_examples(config: &ProfileConfig) -> Result<(), String> {
    if !config.example.is_empty() && config.holder != Holder::System {
        return Err("examples belong to profiles of systems".into());
    }
    for (place, example) in config.example.iter().enumerate() {
        let is = example.outcome(&config.keys, config.wildcards);
        if is != example.refused || !example.is_readable() {
            return Err(format!("example {} ({}) comes out as {is:?}", place + 1, example.en));
        }
    }
    Ok(())
}
