//! The plan by which a sample city is founded, and the configuration of its portal.

use super::ports::{Ports, Role};
use super::sample::{FIRST_PEOPLE, Sample};
use serde_json::Value;

/// Where the portal's registration authority of SCEP has its secrets and its key.
pub(crate) const RA_FILE: &str = "portal/scep.system.json";
pub(crate) const RA_KEYS: &str = "portal/scep.pem";

/// Hours between revocation lists.
const CRL_HOURS: u32 = 24;

/// What `ca-server init` founds.
pub(super) fn plan(ports: &Ports, sample: &Sample) -> anyhow::Result<String> {
    let people: Vec<Value> = FIRST_PEOPLE
        .iter()
        .map(|(name, role, file)| {
            serde_json::json!({
                "name": name, "unit": "shangluo", "request": format!("people/{file}.csr"),
                "roles": [{ "role": role, "scope": "shangluo" }],
            })
        })
        .collect();
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
            "desk": "市政务服务中心 3 号窗口 0914-0000000",
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
        "notices": { "admin": at(ports.at(Role::NoticesAdmin)) },
        "unit": units(),
        "person": people,
        "service": [{
            "service": "portal-1", "unit": "shangluo",
            "key": [
                { "process": "portal-public", "hosts": ["portal.localhost"],
                  "request": "portal/public.csr" },
                { "process": "portal-staff", "hosts": ["staff.localhost"],
                  "request": "portal/staff.csr" },
                { "process": "portal-machines", "hosts": ["localhost"],
                  "request": "portal/machines.csr" },
            ],
        }],
    });
    if let (Some(address), Some(fields)) = (sample.database("ca", "ca"), plan.as_object_mut()) {
        fields.insert("database".into(), address.into());
        for role in ["issuer", "status", "log", "notices"] {
            let own = sample.database(role, "ca").unwrap_or_default();
            if let Some(section) = fields.get_mut(role).and_then(Value::as_object_mut) {
                section.insert("database".into(), own.into());
            }
        }
    }
    Ok(toml::to_string(&plan)?)
}

/// The units of the sample city.
fn units() -> [Value; 4] {
    let unit = |id: &str, name: &str, county: bool, parent: Option<&str>| {
        let mut unit = serde_json::json!({ "unit": id, "name": name, "county": county });
        if let (Some(parent), Some(fields)) = (parent, unit.as_object_mut()) {
            fields.insert("parent".into(), parent.into());
        }
        unit
    };
    [
        unit("shangluo", "商洛市", false, None),
        unit("shangzhou", "商州区", true, Some("shangluo")),
        unit("sz-office", "区政府办公室", false, Some("shangzhou")),
        unit("sz-finance", "区财政局", false, Some("shangzhou")),
    ]
}

/// What the portal is configured by.
pub(super) fn portal_config(ports: &Ports, sample: &Sample) -> String {
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
    let machines =
        process("machines", "localhost", ports.at(Role::Machines), ports.at(Role::MachinesAdmin));
    // What a script answers in place of web servers and of the DNS.
    let acme = format!(
        "[acme]\nresolver = \"127.0.0.1:{}\"\nprivate_ranges = [\"127.0.0.0/8\", \"::1/128\"]\n\
         http01_port = {}\ntlsalpn01_port = {}\n\n",
        ports.at(Role::Dns),
        ports.at(Role::Http01),
        ports.at(Role::TlsAlpn01)
    );
    let scep = format!(
        "[scep]\nsystem = \"{RA_FILE}\"\nkeys = \"{RA_KEYS}\"\nhttp = \"127.0.0.1:{}\"\n\n",
        ports.at(Role::Scep)
    );
    let cmp = format!("[cmp]\nhttp = \"127.0.0.1:{}\"\n", ports.at(Role::Cmp));
    [head, public, staff, machines, acme, scep, cmp].concat()
}
