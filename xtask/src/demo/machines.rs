//! The third part of the journey: a web site that gets, renews and revokes its certificate by
//! itself, with certbot as Debian has it; where that is not here, a script with `yinxin system`.

use super::act::Actor;
use super::step::{Step, listed};
use crate::city::{City, Eab, EstAccess, MachinesUrls};
use crate::site_net::know_names;
use crate::tool;
use anyhow::Context;
use pki::Certificate;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::Command;

const SITE: &str = "www.acme.test";
const SCRIPT: &str = "db.acme.test";

/// Plays it.
pub(super) async fn play(
    folder: &Path,
    city: &City,
    actor: &Actor,
    step: &mut Step,
) -> anyhow::Result<()> {
    let machines = city.machines.as_ref().context("no process for systems; next: make run")?;
    let serial = match (tool::which("certbot"), &machines.eab) {
        (Some(certbot), Some(eab)) => {
            let site = WebSite { folder, city, machines, certbot };
            site.by_certbot(eab, step).await?
        }
        _ => {
            println!(
                "   certbot 不在本机，改由脚本以 EST 领证 / certbot is not here, and a script gets \
                 the certificate by EST; next: make test-tools"
            );
            let est = machines.est.as_ref().context("no sample system; next: make run")?;
            by_script((folder, city), machines, est, (actor, &mut *step)).await?
        }
    };
    listed(city, &serial).await?;
    step.done("系统证书已在吊销列表 / the system's certificate is on the revocation list");
    Ok(())
}

/// The sample web site.
struct WebSite<'a> {
    folder: &'a Path,
    city: &'a City,
    machines: &'a MachinesUrls,
    certbot: PathBuf,
}

impl WebSite<'_> {
    /// Gives the serial number of what was revoked.
    async fn by_certbot(&self, eab: &Eab, step: &mut Step) -> anyhow::Result<String> {
        let (_, dns) = self.machines.dns.rsplit_once(':').context("dns")?;
        // Whoever named another resolver answers there already.
        if let Err(error) = know_names(dns.parse()?).await {
            eprintln!("{error:#}");
        }
        let port = self.machines.http01_port.to_string();
        let alone = ["--standalone", "--preferred-challenges", "http", "--http-01-port", &port];
        let account = ["--agree-tos", "--register-unsafely-without-email"];
        let eab = ["--eab-kid", &eab.kid, "--eab-hmac-key", &eab.hmac];
        let words = [&["certonly", "-d", SITE][..], &alone, &account, &eab].concat();
        self.run(&words).await?;
        let chain = self.at("config").join("live").join(SITE).join("cert.pem");
        let first = serial(&chain)?;
        step.done(&format!(
            "certbot 凭绑定开户、应答验证、领取网站证书 / certbot got one: {first}"
        ));
        let renew = ["renew", "--force-renewal", "--no-random-sleep-on-renew"];
        self.run(&renew).await?;
        let next = serial(&chain)?;
        anyhow::ensure!(next != first, "certbot renewed nothing");
        step.done(&format!("certbot 续期 / renewed: {next}"));
        let file = chain.display().to_string();
        let revoke = ["revoke", "--cert-path", &file, "--reason", "superseded"];
        self.run(&[&revoke[..], &["--no-delete-after-revoke"]].concat()).await?;
        step.done(&format!("certbot 吊销 / revoked: {next}"));
        Ok(next)
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.join("demo/certbot").join(name)
    }

    /// Runs certbot to its end, beside what it is answered by.
    async fn run(&self, words: &[&str]) -> anyhow::Result<()> {
        let mut command = Command::new(&self.certbot);
        command.env("REQUESTS_CA_BUNDLE", self.folder.join(&self.city.ca.root_pem));
        command.args(words).args(["--server", &self.machines.acme_url, "--non-interactive"]);
        for (option, name) in [("--config-dir", "config"), ("--work-dir", "work")] {
            command.arg(option).arg(self.at(name));
        }
        command.arg("--logs-dir").arg(self.at("logs"));
        tokio::task::spawn_blocking(move || tool::run(&mut command)).await??;
        Ok(())
    }
}

/// The same by a script of an inner system; two officers approve its revocation.
async fn by_script(
    (folder, city): (&Path, &City),
    machines: &MachinesUrls,
    est: &EstAccess,
    (actor, step): (&Actor, &mut Step),
) -> anyhow::Result<String> {
    let demo = folder.join("demo");
    let trust: Value = serde_json::from_slice(&std::fs::read(folder.join(&city.trust_file))?)?;
    let file = demo.join("inner.system.json");
    // What the operator handed over ended with its order; the description of the city has what
    // counts of it.
    let until = "2099-12-31T00:00:00Z";
    let system = json!({
        "v": 1, "system": "inner", "order": est.pass, "order_until": until, "kid": est.user,
        "eab_hmac": est.pass, "est_password": est.pass,
        "scep_challenge": "", "cmp_secret": est.pass, "trust": trust, "expires": until,
    });
    tool::write_private(&file, system.to_string().as_bytes())?;
    let own = |verb: &str| -> anyhow::Result<Command> {
        let mut command = tool::yinxin()?;
        command.args(["system", verb, "--url", &machines.est_url]);
        command.arg("--key").arg(demo.join("system.key"));
        command.arg("--out").arg(demo.join("system.pem"));
        Ok(command)
    };
    let mut enroll = own("enroll")?;
    let made = tool::json(enroll.args(["--host", SCRIPT, "--file"]).arg(&file))?;
    let first = tool::text(&made, "serial");
    step.done(&format!("脚本凭系统文件领取证书 / a script got one by the system file: {first}"));
    let next = tool::text(&tool::json(&mut own("renew")?)?, "serial");
    step.done(&format!("脚本续期，换新密钥 / renewed with a new key: {next}"));
    let mut revoke = tool::ca_server(folder)?;
    revoke.args(["revoke", "system:inner", "--serial", &next, "--reason", "superseded"]);
    let order = tool::json(revoke.args(["--evidence", "演示 / demo"]))?;
    let order = tool::text(&order, "order");
    actor.approve_online(&order, 0)?;
    actor.approve_online(&order, 1)?;
    step.done(&format!("两名登记员批准吊销 / two officers approved its revocation: {next}"));
    Ok(next)
}

fn serial(chain: &Path) -> anyhow::Result<String> {
    let file = std::fs::read(chain).with_context(|| chain.display().to_string())?;
    let blocks = pki::pem::read(&file, pki::pem::Kind::Certificate)?;
    Ok(Certificate::read(blocks.first().context("certificate")?)?.serial().to_string())
}
