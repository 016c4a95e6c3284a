//! Founding a sample city: keys of people and services, a plan, `ca-server init`, the portal's
//! configuration. Built beside its place and renamed, so that a killed founding leaves nothing.

mod keys;
mod plan;
mod ports;
mod sample;

pub(crate) use plan::{RA_FILE, RA_KEYS};
pub(crate) use ports::gate_ports;
pub(crate) use sample::Sample;

use crate::city::{CaFiles, City, LogUrl, MachinesUrls, Person, PortalUrls};
use crate::tool;
use anyhow::{Context, ensure};
use ports::{Ports, Role};
use sample::FIRST_PEOPLE;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;

/// Founds the city in `folder`; a city that is there is left as it is.
pub(crate) fn found(folder: &Path, sample: &Sample) -> anyhow::Result<()> {
    if folder.join("city.json").exists() {
        return Ok(());
    }
    ensure!(!folder.exists(), "{} exists and is no city", folder.display());
    let name = folder.file_name().context("no name")?.to_string_lossy().into_owned();
    let parent = folder.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::create_dir_all(parent)?;
    for entry in std::fs::read_dir(parent)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with(&format!(".{name}.founding-")) {
            std::fs::remove_dir_all(entry.path())?;
        }
    }
    let beside = parent.join(format!(".{name}.founding-{}", std::process::id()));
    std::fs::create_dir_all(beside.join("people"))?;
    std::fs::create_dir_all(beside.join("portal"))?;
    let ports = Ports::choose(sample.ports)?;
    match &sample.keys {
        Some(shared) => {
            keys::shared_keys(shared)?;
            copy_files(shared, &beside.join("people"))?;
        }
        None => keys::people_keys(&beside.join("people"))?,
    }
    keys::portal_keys(&beside)?;
    std::fs::write(beside.join("plan.toml"), plan::plan(&ports, sample)?)?;
    copy_policies(&beside.join("policies"))?;
    let plan = beside.join("plan.toml");
    tool::run(tool::ca_server(&beside)?.arg("init").arg("--from").arg(&plan))?;
    std::fs::rename(beside.join("ca/offline"), beside.join("secret"))?;
    std::fs::write(
        beside.join("secret/README"),
        "根密钥与其口令。请移至离线介质。\nThe root key and its passphrase. Move this offline.\n",
    )?;
    let city = describe(&beside, &ports)?;
    certificates(&beside, &city)?;
    if sample.keys.is_none() {
        browsers(&beside, &city)?;
    }
    std::fs::write(beside.join("portal.toml"), plan::portal_config(&ports, sample))?;
    city.write(&beside)?;
    std::fs::rename(&beside, folder)?;
    Ok(())
}

fn copy_policies(to: &Path) -> anyhow::Result<()> {
    let from = workspace()?.join("policies");
    for folder in ["", "profiles", "access"] {
        copy_files(&from.join(folder), &to.join(folder))?;
    }
    Ok(())
}

fn copy_files(from: &Path, to: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            std::fs::copy(entry.path(), to.join(entry.file_name()))?;
        }
    }
    Ok(())
}

/// The root of this workspace.
pub(crate) fn workspace() -> anyhow::Result<std::path::PathBuf> {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    Ok(manifest.parent().context("workspace")?.to_owned())
}

fn describe(folder: &Path, ports: &Ports) -> anyhow::Result<City> {
    let trust: Value = serde_json::from_slice(&std::fs::read(folder.join("ca/trust.json"))?)?;
    let mut logs = BTreeMap::new();
    for log in trust.get("logs").and_then(Value::as_array).context("logs")? {
        let text = |key: &str| tool::text(log, key);
        logs.insert(text("log"), LogUrl { url: text("url"), vkey: text("vkey") });
    }
    let listed = tool::run(tool::ca_server(folder)?.args(["person", "list", "--json"]))?;
    let mut people = Vec::new();
    for (name, role, file) in FIRST_PEOPLE {
        let line = listed
            .lines()
            .filter_map(|line| serde_json::from_str::<Value>(line).ok())
            .find(|line| tool::text(line, "name") == name)
            .with_context(|| name.to_owned())?;
        let path = |end: &str| Some(format!("people/{file}.{end}"));
        people.push(Person {
            name: name.into(),
            role: role.into(),
            unit: "shangluo".into(),
            person: tool::text(&line, "person"),
            cert: path("pem"),
            key: path("key"),
            passphrase_file: path("passphrase"),
            p12: path("p12"),
            p12_password_file: path("p12.password"),
            ..Person::default()
        });
    }
    let admin = |port: u16| format!("http://localhost:{port}");
    let status = format!("http://localhost:{}", ports.at(Role::StatusHttp));
    Ok(City {
        city: "商洛市".into(),
        portal: PortalUrls {
            public_url: format!("https://portal.localhost:{}", ports.at(Role::Public)),
            staff_url: format!("https://staff.localhost:{}", ports.at(Role::Staff)),
        },
        ca: CaFiles {
            root_pem: "ca/public/ca/root.pem".into(),
            issuing_pem: "ca/public/ca/issuing-1.pem".into(),
            crl_url: format!("{status}/crl/issuing-1/0.crl"),
            root_crl_url: format!("{status}/crl/root.crl"),
            ocsp_url: format!("{status}/ocsp"),
        },
        logs,
        trust_file: "ca/trust.json".into(),
        admin_urls: BTreeMap::from([
            ("issuer".to_owned(), admin(ports.at(Role::IssuerAdmin))),
            ("status".to_owned(), admin(ports.at(Role::StatusAdmin))),
            ("log".to_owned(), admin(ports.at(Role::LogAdmin))),
            ("notices".to_owned(), admin(ports.at(Role::NoticesAdmin))),
            ("portal-public".to_owned(), admin(ports.at(Role::PublicAdmin))),
            ("portal-staff".to_owned(), admin(ports.at(Role::StaffAdmin))),
            ("portal-machines".to_owned(), admin(ports.at(Role::MachinesAdmin))),
        ]),
        agent: None,
        machines: Some(machines(ports)),
        people,
    })
}

/// Where systems ask, before one is registered.
fn machines(ports: &Ports) -> MachinesUrls {
    MachinesUrls {
        acme_url: format!("https://localhost:{}/acme/directory", ports.at(Role::Machines)),
        est_url: format!("https://localhost:{}/.well-known/est", ports.at(Role::Machines)),
        scep_url: format!("http://localhost:{}/scep", ports.at(Role::Scep)),
        cmp_url: format!("http://localhost:{}/.well-known/cmp", ports.at(Role::Cmp)),
        dns: format!("127.0.0.1:{}", ports.at(Role::Dns)),
        http01_port: ports.at(Role::Http01),
        tlsalpn01_port: ports.at(Role::TlsAlpn01),
        domain_suffix: "acme.test".into(),
        eab: None,
        est: None,
        scep: None,
        cmp: None,
    }
}

/// Puts certificates where people and the portal find them.
fn certificates(folder: &Path, city: &City) -> anyhow::Result<()> {
    for process in ["public", "staff", "machines"] {
        let from = folder.join(format!("ca/services/portal-1.portal-{process}.pem"));
        std::fs::copy(from, folder.join(format!("portal/{process}.pem")))?;
    }
    for person in &city.people {
        let path = |place: &Option<String>| -> anyhow::Result<_> {
            Ok(folder.join(place.as_deref().context("place")?))
        };
        let cert = path(&person.cert)?;
        std::fs::copy(folder.join(format!("ca/people/{}.pem", person.person)), &cert)?;
        for end in ["loss.json", "loss.html"] {
            let loss = folder.join(format!("ca/people/{}.{end}", person.person));
            std::fs::rename(loss, cert.with_extension(end))?;
        }
    }
    Ok(())
}

/// Makes PKCS#12 files for browsers.
fn browsers(folder: &Path, city: &City) -> anyhow::Result<()> {
    for person in &city.people {
        let path = |place: &Option<String>| -> anyhow::Result<_> {
            Ok(folder.join(place.as_deref().context("place")?))
        };
        tool::write_passphrase(&path(&person.p12_password_file)?)?;
        tool::run(
            tool::yinxin()?
                .args(["cert", "export", "--p12"])
                .arg(path(&person.p12)?)
                .arg("--password-file")
                .arg(path(&person.p12_password_file)?)
                .arg("--cert")
                .arg(path(&person.cert)?)
                .arg("--key")
                .arg(path(&person.key)?)
                .arg("--passphrase-file")
                .arg(path(&person.passphrase_file)?),
        )?;
    }
    Ok(())
}
