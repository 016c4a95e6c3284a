//! Founding a sample city: keys of people and services, a plan, `ca-server init`, the portal's
//! configuration. Built beside its place and renamed, so that a killed founding leaves nothing.

use crate::city::{CaFiles, City, LogUrl, Person, PortalUrls};
use crate::tool;
use anyhow::{Context, ensure};
use serde_json::Value;
use std::collections::BTreeMap;
use std::net::TcpListener;
use std::path::{Path, PathBuf};

/// Hours between revocation lists.
const CRL_HOURS: u32 = 24;

/// What differs between sample cities.
#[derive(Default)]
pub(crate) struct Sample {
    /// Where the first people's keys come from; made for this city if there is none.
    pub keys: Option<PathBuf>,
    /// First port of its block; a free one is looked for if there is none.
    pub ports: Option<u16>,
    /// Address of a PostgreSQL server with `{user}` and `{name}` in it; SQLite if there is none.
    pub postgres: Option<String>,
}

impl Sample {
    /// The address of a database as a user of it.
    fn database(&self, user: &str, name: &str) -> Option<String> {
        let address = self.postgres.as_ref()?;
        Some(address.replace("{user}", user).replace("{name}", name))
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
        Some(keys) => {
            shared_keys(keys)?;
            copy_files(keys, &beside.join("people"))?;
        }
        None => people_keys(&beside.join("people"))?,
    }
    portal_keys(&beside)?;
    std::fs::write(beside.join("plan.toml"), plan(&ports, sample)?)?;
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
    std::fs::write(beside.join("portal.toml"), portal_config(&ports, sample))?;
    city.write(&beside)?;
    std::fs::rename(&beside, folder)?;
    Ok(())
}

/// A block of ports, chosen once and kept in the configuration. It lies below the range from which
/// systems draw the ports of outgoing connections, so that none of these is in the way later.
struct Ports {
    base: u16,
}

const PORTS_FROM: u16 = 20_000;
const BLOCKS: u16 = 700;
const BLOCK: u16 = 16;

impl Ports {
    fn choose(wanted: Option<u16>) -> anyhow::Result<Self> {
        if let Some(base) = wanted {
            return Ok(Self { base });
        }
        for _ in 0..BLOCKS {
            let random = u16::from_be_bytes(system::random::bytes()?);
            let base = PORTS_FROM + (random % BLOCKS) * BLOCK;
            let free = |port: u16| TcpListener::bind(("127.0.0.1", port)).is_ok();
            if (0..BLOCK).all(|offset| free(base + offset)) {
                return Ok(Self { base });
            }
        }
        anyhow::bail!("no block of {BLOCK} free ports was found")
    }

    fn at(&self, role: Role) -> u16 {
        self.base + role as u16
    }
}

/// Who listens where in a block.
#[derive(Clone, Copy)]
enum Role {
    Public,
    Staff,
    StatusHttp,
    StatusHttps,
    LogHttp,
    LogHttps,
    Issuer,
    IssuerAdmin,
    StatusAdmin,
    LogAdmin,
    PublicAdmin,
    StaffAdmin,
    Gate,
    GateAdmin,
    Exchange,
}

/// Where gate, its admin address and the sample application listen, behind the CA's block.
pub(crate) fn gate_ports(city: &City) -> anyhow::Result<[u16; 3]> {
    let (_, port) = city.portal.public_url.rsplit_once(':').context("public_url")?;
    let ports = Ports { base: port.parse()? };
    Ok([ports.at(Role::Gate), ports.at(Role::GateAdmin), ports.at(Role::Exchange)])
}

fn people_keys(folder: &Path) -> anyhow::Result<()> {
    for (_, _, file) in FIRST_PEOPLE {
        let path = |end: &str| folder.join(format!("{file}.{end}"));
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

/// Keys that several cities share, made by whoever comes first.
fn shared_keys(folder: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(folder)?;
    let lock = std::fs::File::create(folder.with_extension("lock"))?;
    lock.lock()?;
    if !folder.join("auditor.csr").exists() {
        people_keys(folder)?;
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
        if let (Some(parent), Some(fields)) = (parent, unit.as_object_mut()) {
            fields.insert("parent".into(), parent.into());
        }
        unit
    };
    let at = |port: u16| format!("127.0.0.1:{port}");
    let mut plan = serde_json::json!({
        "log_origin": "log.shangluo.example",
        "policies": "policies",
        "city": { "name": "商洛市", "country": "CN", "arc": "1.3.6.1.4.1.32473", "sample": true },
        "addresses": {
            "portal_public": format!("https://portal.localhost:{}", ports.at(Role::Public)),
            "portal_staff": format!("https://staff.localhost:{}", ports.at(Role::Staff)),
            "status": format!("https://localhost:{}", ports.at(Role::StatusHttps)),
            "log": format!("https://localhost:{}", ports.at(Role::LogHttps)),
            "log_public": format!("http://localhost:{}", ports.at(Role::LogHttp)),
            "hosts": ["localhost"],
        },
        "issuer": {
            "listen": at(ports.at(Role::Issuer)), "admin": at(ports.at(Role::IssuerAdmin)),
            "crl_hours": CRL_HOURS, "clock_days_max": 30,
        },
        "status": {
            "http": at(ports.at(Role::StatusHttp)), "https": at(ports.at(Role::StatusHttps)),
            "admin": at(ports.at(Role::StatusAdmin)),
            "public_url": format!("http://localhost:{}", ports.at(Role::StatusHttp)),
        },
        "log": {
            "http": at(ports.at(Role::LogHttp)), "https": at(ports.at(Role::LogHttps)),
            "admin": at(ports.at(Role::LogAdmin)),
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
    if let (Some(address), Some(fields)) = (sample.database("ca", "ca"), plan.as_object_mut()) {
        fields.insert("database".into(), address.into());
        for role in ["issuer", "status", "log"] {
            let own = sample.database(role, "ca").unwrap_or_default();
            if let Some(section) = fields.get_mut(role).and_then(Value::as_object_mut) {
                section.insert("database".into(), own.into());
            }
        }
    }
    Ok(toml::to_string(&plan)?)
}

fn portal_config(ports: &Ports, sample: &Sample) -> String {
    let process = |name: &str, host: &str, port: u16, admin: u16| {
        format!(
            "[{name}]\nhost = \"{host}\"\nlisten = \"127.0.0.1:{port}\"\n\
             admin = \"127.0.0.1:{admin}\"\nchain = \"portal/{name}.pem\"\n\
             key = \"portal/{name}.key\"\n\n"
        )
    };
    let own = sample.database("portal", "portal");
    let database = own.unwrap_or_else(|| "sqlite:portal/portal.db".into());
    let head = format!(
        "portal = \"portal-1\"\ndatabase = \"{database}\"\ntrust = \"ca/trust.json\"\n\
         issuer = \"https://localhost:{}\"\nlog = \"https://localhost:{}\"\n\n",
        ports.at(Role::Issuer),
        ports.at(Role::LogHttps)
    );
    let public =
        process("public", "portal.localhost", ports.at(Role::Public), ports.at(Role::PublicAdmin));
    let staff =
        process("staff", "staff.localhost", ports.at(Role::Staff), ports.at(Role::StaffAdmin));
    [head, public, staff].concat()
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
            ("portal-public".to_owned(), admin(ports.at(Role::PublicAdmin))),
            ("portal-staff".to_owned(), admin(ports.at(Role::StaffAdmin))),
        ]),
        agent: None,
        people,
    })
}

/// Puts certificates where people and the portal find them.
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
