//! Founding a sample city: keys of people and services, a plan, `ca-server init`, the portal's
//! configuration. Built beside its place and renamed, so that a killed founding leaves nothing.

use crate::city::{CaFiles, City, LogUrl, Person, PortalUrls};
use crate::tool;
use anyhow::{Context, ensure};
use serde_json::Value;
use std::collections::BTreeMap;
use std::net::TcpListener;
use std::path::Path;

/// What differs between sample cities.
pub struct Sample {
    /// Hours between revocation lists.
    pub crl_hours: u32,
}

impl Default for Sample {
    fn default() -> Self {
        Self { crl_hours: 24 }
    }
}

/// Name, unit, role, file name.
const FIRST_PEOPLE: [(&str, &str, &str); 6] = [
    ("林安全", "security-administrator", "security-1"),
    ("周保密", "security-administrator", "security-2"),
    ("陈登记", "registration-officer", "officer-1"),
    ("赵审核", "registration-officer", "officer-2"),
    ("吴系统", "system-administrator", "system"),
    ("郑审计", "auditor", "auditor"),
];

/// Founds the city in `folder`; a city that is there is left as it is.
pub fn found(folder: &Path, sample: Sample) -> anyhow::Result<()> {
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
    let ports = Ports::choose()?;
    people_keys(&beside)?;
    portal_keys(&beside)?;
    std::fs::write(beside.join("plan.toml"), plan(&ports, &sample)?)?;
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
    std::fs::write(beside.join("portal.toml"), portal_config(&ports))?;
    city.write(&beside)?;
    std::fs::rename(&beside, folder)?;
    Ok(())
}

/// Free ports, chosen once and kept in the configuration.
struct Ports {
    issuer: u16,
    issuer_admin: u16,
    status_http: u16,
    status_https: u16,
    status_admin: u16,
    log_http: u16,
    log_https: u16,
    log_admin: u16,
    public: u16,
    public_admin: u16,
    staff: u16,
    staff_admin: u16,
}

impl Ports {
    /// All twelve are held open together, so that they differ.
    fn choose() -> anyhow::Result<Self> {
        let mut held = Vec::new();
        let mut free = || -> anyhow::Result<u16> {
            let listener = TcpListener::bind("127.0.0.1:0")?;
            let port = listener.local_addr()?.port();
            held.push(listener);
            Ok(port)
        };
        Ok(Self {
            issuer: free()?,
            issuer_admin: free()?,
            status_http: free()?,
            status_https: free()?,
            status_admin: free()?,
            log_http: free()?,
            log_https: free()?,
            log_admin: free()?,
            public: free()?,
            public_admin: free()?,
            staff: free()?,
            staff_admin: free()?,
        })
    }
}

fn people_keys(folder: &Path) -> anyhow::Result<()> {
    for (_, _, file) in FIRST_PEOPLE {
        let path = |end: &str| folder.join(format!("people/{file}.{end}"));
        tool::write_passphrase(&path("passphrase"))?;
        tool::run(
            tool::yinxin()?
                .args(["request", "--key"])
                .arg(path("key"))
                .arg("--out")
                .arg(path("csr"))
                .arg("--passphrase-file")
                .arg(path("passphrase")),
        )?;
    }
    Ok(())
}

fn portal_keys(folder: &Path) -> anyhow::Result<()> {
    for process in ["public", "staff"] {
        let path = |end: &str| folder.join(format!("portal/{process}.{end}"));
        tool::run(
            tool::yinxin()?
                .args(["request", "--service", "--key"])
                .arg(path("key"))
                .arg("--out")
                .arg(path("csr")),
        )?;
    }
    Ok(())
}

fn copy_policies(to: &Path) -> anyhow::Result<()> {
    let from = workspace()?.join("policies");
    for folder in ["", "profiles", "access"] {
        std::fs::create_dir_all(to.join(folder))?;
        for entry in std::fs::read_dir(from.join(folder))? {
            let entry = entry?;
            if entry.file_type()?.is_file() {
                std::fs::copy(entry.path(), to.join(folder).join(entry.file_name()))?;
            }
        }
    }
    Ok(())
}

/// The root of this workspace.
pub fn workspace() -> anyhow::Result<std::path::PathBuf> {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    Ok(manifest.parent().context("workspace")?.to_owned())
}

fn plan(ports: &Ports, sample: &Sample) -> anyhow::Result<String> {
    let people: Vec<Value> = FIRST_PEOPLE
        .iter()
        .map(|(name, role, file)| {
            serde_json::json!({
                "name": name, "unit": "shangluo", "request": format!("people/{file}.csr"),
                "roles": [{ "role": role, "scope": "shangluo" }],
            })
        })
        .collect();
    let unit = |id: &str, name: &str, county: bool, parent: Option<&str>| {
        let mut unit = serde_json::json!({ "unit": id, "name": name, "county": county });
        if let Some(parent) = parent {
            unit["parent"] = parent.into();
        }
        unit
    };
    let at = |port: u16| format!("127.0.0.1:{port}");
    let plan = serde_json::json!({
        "log_origin": "log.shangluo.example",
        "policies": "policies",
        "city": { "name": "商洛市", "country": "CN", "arc": "1.3.6.1.4.1.32473", "sample": true },
        "addresses": {
            "portal_public": format!("https://portal.localhost:{}", ports.public),
            "portal_staff": format!("https://staff.localhost:{}", ports.staff),
            "status": format!("https://localhost:{}", ports.status_https),
            "log": format!("https://localhost:{}", ports.log_https),
            "log_public": format!("http://localhost:{}", ports.log_http),
            "hosts": ["localhost"],
        },
        "issuer": {
            "listen": at(ports.issuer), "admin": at(ports.issuer_admin),
            "crl_hours": sample.crl_hours, "clock_days_max": 30,
        },
        "status": {
            "http": at(ports.status_http), "https": at(ports.status_https),
            "admin": at(ports.status_admin),
            "public_url": format!("http://localhost:{}", ports.status_http),
        },
        "log": {
            "http": at(ports.log_http), "https": at(ports.log_https), "admin": at(ports.log_admin),
        },
        "unit": [
            unit("shangluo", "商洛市", false, None),
            unit("shangzhou", "商州区", true, Some("shangluo")),
            unit("sz-office", "区政府办公室", false, Some("shangzhou")),
            unit("sz-finance", "区财政局", false, Some("shangzhou")),
        ],
        "person": people,
        "service": [{
            "service": "portal-1", "unit": "shangluo",
            "key": [
                { "process": "portal-public", "hosts": ["portal.localhost"],
                  "request": "portal/public.csr" },
                { "process": "portal-staff", "hosts": ["staff.localhost"],
                  "request": "portal/staff.csr" },
            ],
        }],
    });
    Ok(toml::to_string(&plan)?)
}

fn portal_config(ports: &Ports) -> String {
    let process = |name: &str, host: &str, port: u16, admin: u16| {
        format!(
            "[{name}]\nhost = \"{host}\"\nlisten = \"127.0.0.1:{port}\"\n\
             admin = \"127.0.0.1:{admin}\"\nchain = \"portal/{name}.pem\"\n\
             key = \"portal/{name}.key\"\n\n"
        )
    };
    let head = format!(
        "portal = \"portal-1\"\ndatabase = \"sqlite:portal/portal.db\"\ntrust = \"ca/trust.json\"\n\
         issuer = \"https://localhost:{}\"\nlog = \"https://localhost:{}\"\n\n",
        ports.issuer, ports.log_https
    );
    let public = process("public", "portal.localhost", ports.public, ports.public_admin);
    let staff = process("staff", "staff.localhost", ports.staff, ports.staff_admin);
    [head, public, staff].concat()
}

fn describe(folder: &Path, ports: &Ports) -> anyhow::Result<City> {
    let trust: Value = serde_json::from_slice(&std::fs::read(folder.join("ca/trust.json"))?)?;
    let mut logs = BTreeMap::new();
    for log in trust["logs"].as_array().context("logs")? {
        let text = |key: &str| log[key].as_str().unwrap_or_default().to_owned();
        logs.insert(text("log"), LogUrl { url: text("url"), vkey: text("vkey") });
    }
    let listed = tool::run(tool::ca_server(folder)?.args(["person", "list", "--json"]))?;
    let mut people = Vec::new();
    for (name, role, file) in FIRST_PEOPLE {
        let line = listed
            .lines()
            .filter_map(|line| serde_json::from_str::<Value>(line).ok())
            .find(|line| line["name"] == name)
            .with_context(|| name.to_owned())?;
        let path = |end: &str| Some(format!("people/{file}.{end}"));
        people.push(Person {
            name: name.into(),
            role: role.into(),
            unit: "shangluo".into(),
            person: line["person"].as_str().unwrap_or_default().into(),
            letter: None,
            cert: path("pem"),
            key: path("key"),
            passphrase_file: path("passphrase"),
            p12: path("p12"),
            p12_password_file: path("p12.password"),
        });
    }
    let admin = |port: u16| format!("http://localhost:{port}");
    let status = format!("http://localhost:{}", ports.status_http);
    Ok(City {
        city: "商洛市".into(),
        portal: PortalUrls {
            public_url: format!("https://portal.localhost:{}", ports.public),
            staff_url: format!("https://staff.localhost:{}", ports.staff),
        },
        ca: CaFiles {
            root_pem: "ca/public/ca/root.pem".into(),
            issuing_pem: "ca/public/ca/issuing-1.pem".into(),
            crl_url: format!("{status}/crl/issuing-1/0.crl"),
            root_crl_url: format!("{status}/crl/root.crl"),
        },
        logs,
        trust_file: "ca/trust.json".into(),
        admin_urls: BTreeMap::from([
            ("issuer".to_owned(), admin(ports.issuer_admin)),
            ("status".to_owned(), admin(ports.status_admin)),
            ("log".to_owned(), admin(ports.log_admin)),
            ("portal-public".to_owned(), admin(ports.public_admin)),
            ("portal-staff".to_owned(), admin(ports.staff_admin)),
        ]),
        people,
    })
}

/// Puts certificates where people and the portal find them, and makes PKCS#12 files for browsers.
fn certificates(folder: &Path, city: &City) -> anyhow::Result<()> {
    for process in ["public", "staff"] {
        let from = folder.join(format!("ca/services/portal-1.portal-{process}.pem"));
        std::fs::copy(from, folder.join(format!("portal/{process}.pem")))?;
    }
    for person in &city.people {
        let path = |place: &Option<String>| -> anyhow::Result<_> {
            Ok(folder.join(place.as_deref().context("place")?))
        };
        let cert = path(&person.cert)?;
        std::fs::copy(folder.join(format!("ca/people/{}.pem", person.person)), &cert)?;
        let loss = folder.join(format!("ca/people/{}.loss.json", person.person));
        std::fs::rename(loss, cert.with_extension("loss.json"))?;
        tool::write_passphrase(&path(&person.p12_password_file)?)?;
        tool::run(
            tool::yinxin()?
                .args(["cert", "export", "--p12"])
                .arg(path(&person.p12)?)
                .arg("--password-file")
                .arg(path(&person.p12_password_file)?)
                .arg("--cert")
                .arg(cert)
                .arg("--key")
                .arg(path(&person.key)?)
                .arg("--passphrase-file")
                .arg(path(&person.passphrase_file)?),
        )?;
    }
    Ok(())
}
