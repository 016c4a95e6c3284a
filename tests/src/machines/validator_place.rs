//! A second validator beside a city of tests, with a resolver and a web server of its own: what it
//! sees is not what the portal sees.

use super::{Names, Site};
use crate::processes::{Office, until};
use crate::{Running, binary};
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// One that runs, and what it sees.
pub struct ValidatorPlace {
    pub names: Names,
    running: Running,
}

impl ValidatorPlace {
    /// Starts it, and has the city's process for systems ask it from then on.
    pub async fn open(site: &mut Site) -> Self {
        let ports = [12, 13, 14, 23].map(|offset| site.office.port(offset));
        let [listen, admin, dns, http] = ports;
        let names = Names::open(dns, http).await;
        let config = write_validator(&site.office, ports);
        let log = std::fs::File::create(site.office.path("validator.log")).unwrap();
        let mut command = Command::new(binary("ra-portal"));
        command.arg("--config").arg(config).args(["serve", "validator"]);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        let running = Running::new(command.spawn().unwrap());
        let client = mtls::Client::new(&format!("http://localhost:{admin}"), None).unwrap();
        until("the validator is ready", async || {
            client.get("/readyz").await.is_ok_and(|answer| answer.status().is_success())
        })
        .await;
        site.office.stop("portal-machines");
        let path = site.office.path("portal.toml");
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains("[acme]\n"), "{text}");
        let second = format!("[acme]\nsecond = \"https://localhost:{listen}\"\n");
        std::fs::write(&path, text.replace("[acme]\n", &second)).unwrap();
        site.office.start("portal-machines", &[]).await;
        Self { names, running }
    }

    /// Ends it; what it saw stays.
    pub fn end(self) -> Names {
        let (status, _) = self.running.interrupt();
        assert!(status.success(), "{status}");
        self.names
    }
}

/// Writes the configuration of a validator into a city's folder, with the ports of its listener, of
/// its admin address, of its resolver, and the one that stands for web servers. It has the pair of
/// the process that asks it: a host of its own would have a pair of its own.
pub fn write_validator(office: &Office, [listen, admin, dns, http]: [u16; 4]) -> PathBuf {
    let path = office.path("validator.toml");
    let text = format!(
        "trust = \"ca/trust.json\"\nroot = \"ca/public/ca/root.pem\"\nhost = \"localhost\"\n\
         listen = \"127.0.0.1:{listen}\"\nadmin = \"127.0.0.1:{admin}\"\n\
         chain = \"portal/machines.pem\"\nkey = \"portal/machines.key\"\n\
         asked_by = [\"localhost\"]\n[looks]\nresolver = \"127.0.0.1:{dns}\"\n\
         private_ranges = [\"127.0.0.0/8\"]\nhttp01_port = {http}\n"
    );
    std::fs::write(&path, text).unwrap();
    path
}
