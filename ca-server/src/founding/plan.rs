//! The city's plan: what `ca-server init --from FILE` reads, and the statement that follows from
//! it.

use super::keys::FoundingKeys;
use super::statement::Statement;
use anyhow::{Context, ensure};
use ca_host::ISSUER;
use ca_host::config::{CaConfig, IssuerConfig, LogConfig, NoticesConfig, StatusConfig};
use ca_host::random;
use pki::host::Host;
use pki::name::{PersonName, UnitName};
use pki::{Certificate, CertificateProfile, CertificationRequest, Signer};
use records::founding::{
    City, FirstPerson, FirstService, FirstUnit, Founding, Holding, LogKey, OnlineKeys, RuleFile,
    ServiceKey, StandingAuthorization,
};
use records::label::Label;
use records::order::{ProfileRef, bundle_digest};
use records::record::File;
use records::rules::{ApprovalRules, check_approvers};
use records::trust::{Trust, TrustedLog};
use records::{Bytes, Disclosure};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use system::file::read_given_text;

pub use service::config::ConfigError as PlanError;

/// Standing authorizations of the first day end after this long: 20 years, the root's life.
const STANDING_SECONDS: u64 = 20 * 365 * 86_400;
const STANDING_QUOTA: u32 = 100;
/// No file of the first day is in a later version, dates as numbers included (20261203): others
/// are to follow it.
const VERSION_MAX: u32 = 100_000_000;

/// The file of `init --from`: what the operator says about a city that is to be founded.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CityPlan {
    city: City,
    /// Name of the logs' origin, for example `log.city.example`.
    #[serde(deserialize_with = "pki::host::configured::name")]
    log_origin: String,
    policies: PathBuf,
    addresses: Addresses,
    /// The CA database's owner on PostgreSQL; without it SQLite in the state directory.
    #[serde(default)]
    database: Option<String>,
    issuer: IssuerConfig,
    status: StatusConfig,
    log: LogConfig,
    notices: NoticesConfig,
    unit: Vec<FirstUnit>,
    person: Vec<PersonPlan>,
    service: Vec<ServicePlan>,
    #[serde(skip)]
    folder: PathBuf,
}

/// Addresses as clients see them.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Addresses {
    #[serde(deserialize_with = "pki::host::configured::address")]
    portal_public: String,
    #[serde(deserialize_with = "pki::host::configured::address")]
    portal_staff: String,
    #[serde(deserialize_with = "pki::host::configured::address")]
    status: String,
    #[serde(deserialize_with = "pki::host::configured::address")]
    log: String,
    #[serde(deserialize_with = "pki::host::configured::address")]
    log_public: String,
    /// DNS names of the CA's own listeners.
    hosts: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PersonPlan {
    name: String,
    unit: String,
    roles: Vec<Holding>,
    /// PKCS#10 by `yinxin request`.
    request: PathBuf,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ServicePlan {
    service: String,
    unit: String,
    key: Vec<KeyPlan>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyPlan {
    process: String,
    hosts: Vec<String>,
    request: PathBuf,
}

impl CityPlan {
    /// Reads a plan; paths in it are relative to its folder.
    pub fn read(path: &Path) -> Result<Self, PlanError> {
        let mut plan: Self = service::config::read(path)?;
        plan.folder = path.parent().unwrap_or(Path::new(".")).to_owned();
        Ok(plan)
    }

    /// The configuration of the new state directory.
    pub(super) fn config(&self) -> CaConfig {
        let database = self.database.as_deref().unwrap_or("sqlite:ca.db");
        let roles = (self.issuer.clone(), self.status.clone(), self.log.clone());
        CaConfig::new(database, roles, self.notices.clone())
    }

    fn request(&self, path: &Path) -> anyhow::Result<CertificationRequest> {
        crate::request_file::read(&self.folder.join(path))
    }

    /// Builds and signs the founding statement.
    pub(super) fn statement(&self, keys: &FoundingKeys, now: u64) -> anyhow::Result<Statement> {
        ensure!(
            pki::oid::Arc::read(&self.city.arc).is_some(),
            "`{0}` 不是对象标识符弧 / `{0}` is no arc",
            self.city.arc
        );
        let units = self.unit.iter().map(|unit| &unit.name);
        for name in units.chain([&self.city.name]) {
            UnitName::read(name).with_context(|| name.clone())?;
        }
        let files = self.policy_files()?;
        let (people, names) = self.people()?;
        let services = self.services(keys)?;
        let founding = Founding {
            v: 1,
            city: self.city.clone(),
            founded: records::time::seconds(now),
            nonce: random::bytes::<16>()?.into(),
            root: spki(&keys.root),
            issuer: ISSUER.into(),
            keys: OnlineKeys {
                issuing: spki(&keys.issuing),
                registry: spki(&keys.registry),
                status: spki(&keys.status),
                ocsp: spki(&keys.ocsp),
            },
            logs: self.logs(keys)?,
            units: self.unit.clone(),
            people,
            authorizations: authorizations(&services, keys, now),
            services,
            profiles: profiles(&files)?,
            rules: rule_files(&files)?,
        };
        let bytes = records::json::write(&founding)?;
        let signature = Label::Founding.sign(&keys.root, &bytes)?;
        let files = files.into_iter().map(|(name, content)| File { name, content }).collect();
        Ok(Statement { founding, bytes, signature, files, names })
    }

    #[expect(clippy::type_complexity, reason = "two lists that are made in one walk")]
    fn people(&self) -> anyhow::Result<(Vec<FirstPerson>, Vec<(String, Disclosure)>)> {
        let (mut people, mut names) = (Vec::new(), Vec::new());
        for plan in &self.person {
            let name = PersonName::read(&plan.name).with_context(|| plan.name.clone())?;
            let known = self.unit.iter().any(|unit| unit.unit == plan.unit);
            let (name_of, unit) = (&plan.name, &plan.unit);
            ensure!(known, "{name_of}：没有单位 `{unit}` / {name_of}: there is no unit `{unit}`");
            let person = random::id()?;
            let salt = random::bytes::<32>()?;
            let disclosure = Disclosure::new("/name", salt, name.as_str().into());
            people.push(FirstPerson {
                person: person.clone(),
                name: disclosure.commitment()?,
                unit: plan.unit.clone(),
                roles: plan.roles.clone(),
                key: self.request(&plan.request)?.key().spki().into(),
                profile: "staff".into(),
            });
            names.push((person, disclosure));
        }
        Ok((people, names))
    }

    fn services(&self, keys: &FoundingKeys) -> anyhow::Result<Vec<FirstService>> {
        let named = self.service.iter().flat_map(|plan| &plan.key).flat_map(|key| &key.hosts);
        for host in self.addresses.hosts.iter().chain(named) {
            Host::read(host).with_context(|| host.clone())?;
        }
        let city = self.unit.first().context("计划中没有单位 / the plan has no unit")?.unit.clone();
        let own = keys.tls.iter().map(|(role, key)| FirstService {
            service: (*role).to_owned(),
            unit: city.clone(),
            keys: vec![ServiceKey {
                process: (*role).to_owned(),
                hosts: self.addresses.hosts.clone(),
                key: spki(key),
            }],
        });
        let mut services: Vec<FirstService> = own.collect();
        for plan in &self.service {
            let mut list = Vec::new();
            for key in &plan.key {
                list.push(ServiceKey {
                    process: key.process.clone(),
                    hosts: key.hosts.clone(),
                    key: self.request(&key.request)?.key().spki().into(),
                });
            }
            services.push(FirstService {
                service: plan.service.clone(),
                unit: plan.unit.clone(),
                keys: list,
            });
        }
        Ok(services)
    }

    fn logs(&self, keys: &FoundingKeys) -> anyhow::Result<Vec<LogKey>> {
        let mut logs = Vec::new();
        for (log, key) in [("control", &keys.control), ("access", &keys.access)] {
            let public = key.public_key().raw().try_into()?;
            let origin = format!("{}/{log}", self.log_origin);
            let vkey = tlog::VerifierKey::new(&origin, public)?.to_string();
            logs.push(LogKey { log: log.into(), vkey });
        }
        Ok(logs)
    }

    /// Every profile and rule file by its path in `policies/`.
    fn policy_files(&self) -> anyhow::Result<BTreeMap<String, String>> {
        let root = self.folder.join(&self.policies);
        let mut files = BTreeMap::new();
        for name in ["roles.toml", "approvals.toml"] {
            files.insert(name.to_owned(), read_given_text(&root.join(name))?);
        }
        for file in crate::rule_files::read(&root.join("access"))? {
            files.insert(file.name, file.content);
        }
        for entry in std::fs::read_dir(root.join("profiles"))? {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "toml") {
                let name = path.file_name().context("name")?.to_string_lossy().into_owned();
                files.insert(format!("profiles/{name}"), read_given_text(&path)?);
            }
        }
        Ok(files)
    }

    /// Copies the files in force into the state directory, where the issuer watches them.
    pub(super) fn copy_policies(&self, to: &Path) -> anyhow::Result<()> {
        for (name, content) in self.policy_files()? {
            let path = to.join(name);
            std::fs::create_dir_all(path.parent().context("folder")?)?;
            system::file::create(&path, content.as_bytes())?;
        }
        Ok(())
    }

    /// What clients know from outside.
    pub(super) fn trust(
        &self,
        statement: &Statement,
        root: &Certificate,
        keys: &FoundingKeys,
    ) -> anyhow::Result<Trust> {
        let logs = self.logs(keys)?.into_iter().map(|entry| TrustedLog {
            url: format!("{}/{}", self.addresses.log_public, entry.log),
            log: entry.log,
            vkey: entry.vkey,
            from: statement.founding.founded.clone(),
            until: None,
        });
        Ok(Trust {
            v: 1,
            city: self.city.name.clone(),
            sample: self.city.sample,
            root_sha256: root.sha256().into(),
            founding: statement.digest().into(),
            arc: self.city.arc.clone(),
            logs: logs.collect(),
            portal_public: self.addresses.portal_public.clone(),
            portal_staff: self.addresses.portal_staff.clone(),
            status: self.addresses.status.clone(),
            log: self.addresses.log.clone(),
        })
    }
}

fn spki(key: &dyn Signer) -> Bytes {
    key.public_key().spki().into()
}

/// Leave for each service's key, and for OCSP, to be renewed by the old key.
fn authorizations(
    services: &[FirstService],
    keys: &FoundingKeys,
    now: u64,
) -> Vec<StandingAuthorization> {
    let expires = records::time::seconds(now + STANDING_SECONDS);
    let renew = |service: &str, process: &str, profile: &str, key: &[u8]| StandingAuthorization {
        authorization: format!("renew-{service}-{process}"),
        service: service.to_owned(),
        process: process.to_owned(),
        profile: profile.to_owned(),
        quota: STANDING_QUOTA,
        expires: expires.clone(),
        key_sha256: Bytes::from(Sha256::digest(key).as_slice()),
    };
    let mut list: Vec<StandingAuthorization> = services
        .iter()
        .flat_map(|service| {
            let renew = &renew;
            service
                .keys
                .iter()
                .map(move |key| renew(&service.service, &key.process, "service", &key.key.0))
        })
        .collect();
    list.push(renew("status", "ocsp", "ocsp", keys.ocsp.public_key().spki()));
    list
}

fn profiles(files: &BTreeMap<String, String>) -> anyhow::Result<Vec<ProfileRef>> {
    let mut list = Vec::new();
    for (name, content) in files.iter().filter(|(name, _)| name.starts_with("profiles/")) {
        let profile = CertificateProfile::read(content).with_context(|| name.clone())?;
        check_approvers(&profile).with_context(|| name.clone())?;
        check_version(profile.version()).with_context(|| name.clone())?;
        list.push(ProfileRef {
            id: profile.id().into(),
            version: profile.version(),
            digest: profile.digest().into(),
        });
    }
    for wanted in ["official", "staff", "service", "root", "issuing", "registry", "status", "ocsp"]
    {
        let is_there = list.iter().any(|profile| profile.id == wanted);
        ensure!(is_there, "没有证书模板 `{wanted}` / no profile `{wanted}`");
    }
    Ok(list)
}

fn check_version(version: u32) -> anyhow::Result<()> {
    ensure!(
        version <= VERSION_MAX,
        "版本 {version} 过大，至多 {VERSION_MAX} / version {version} is too high: {VERSION_MAX} at most"
    );
    Ok(())
}

fn rule_files(files: &BTreeMap<String, String>) -> anyhow::Result<Vec<RuleFile>> {
    let sha = |content: &str| Bytes::from(Sha256::digest(content.as_bytes()).as_slice());
    let get = |name: &str| files.get(name).with_context(|| name.to_owned());
    let roles = get("roles.toml")?;
    let approvals = get("approvals.toml")?;
    let access = files.iter().filter(|(name, _)| name.starts_with("access/"));
    let access: Vec<(&str, &str)> = access.map(|(n, c)| (n.as_str(), c.as_str())).collect();
    policy::Bundle::read(1, access.iter().copied()).context("访问规则 / access rules")?;
    let bundle = bundle_digest(access);
    let roles_version = records::rules::RoleRules::read(roles)?.version;
    check_version(roles_version).context("roles.toml")?;
    let rules = ApprovalRules::read(approvals)?;
    rules.check_approvers().context("approvals.toml")?;
    let approvals_version = rules.version;
    check_version(approvals_version).context("approvals.toml")?;
    Ok(vec![
        RuleFile { name: "roles".into(), version: roles_version, digest: sha(roles) },
        RuleFile { name: "approvals".into(), version: approvals_version, digest: sha(approvals) },
        RuleFile { name: "bundle".into(), version: 1, digest: bundle },
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    const OFFICIAL: &str = include_str!("../../../policies/profiles/official.toml");

    /// What a city begins with can be followed by something.
    #[test]
    fn no_file_of_the_first_day_is_in_the_last_version() {
        let told = |version: u32| {
            let content = OFFICIAL.replacen("version = 1", &format!("version = {version}"), 1);
            let files = BTreeMap::from([("profiles/official.toml".to_owned(), content)]);
            format!("{:#}", profiles(&files).unwrap_err())
        };
        assert!(told(VERSION_MAX).contains("no profile `staff`"), "{}", told(VERSION_MAX));
        for version in [VERSION_MAX + 1, u32::MAX] {
            assert!(told(version).contains("100000000 at most"), "{}", told(version));
        }
    }
}
