//! `make demo`: plays the journey against the running city by itself, one line a step.

pub(crate) mod act;
mod gate;
mod machines;
mod step;

use crate::city::City;
use act::Actor;
use anyhow::{Context, ensure};
use mtls::Client;
use std::path::Path;
use std::process::Command;
use std::time::Instant;
use step::{Step, listed};

/// Plays the journey and leaves `demo/good.*`, `demo/revoked.*`, `demo/denied.*`,
/// `demo/evidence.tar`, and what certbot keeps below `demo/certbot`.
pub(crate) async fn run(folder: &Path) -> anyhow::Result<()> {
    let city = City::read(folder)?;
    let actor = Actor::new(folder)?;
    let demo = folder.join("demo");
    let _ = std::fs::remove_dir_all(&demo);
    std::fs::create_dir_all(&demo)?;
    let mut step = Step::default();
    for (name, given, unit) in
        [("good", "王", "sz-office"), ("revoked", "李", "sz-finance"), ("denied", "赵", "shangluo")]
    {
        let name_zh = format!("{given}演示{}", act::suffix()?);
        let person = actor.register(&name_zh, unit)?;
        step.done(&format!(
            "登记人员，两名登记员批准 / registered by order, approved by two: {name_zh}"
        ));
        let letter = actor.letter(&person, "official")?;
        step.done("制作密码信封 / made an enrolment letter");
        let order = actor.submit(&letter, &demo.join(name))?;
        step.done(&format!("本人凭密码信封申请 / applied with the letter: order {order}"));
        actor.approve_online(&order, 0)?;
        step.done("登记员一在线批准（证书密钥）/ first officer approved with her certificate key");
        actor.approve_offline(&order, 1)?;
        step.done("登记员二离线批准 / second officer approved offline, by file");
        let issued = actor.collect(&letter, &demo.join(name))?;
        step.done(&format!(
            "领取证书，日志证明已核对 / collected, proven by the log: serial {}",
            crate::tool::text(&issued, "serial")
        ));
        actor.export(&demo.join(name))?;
        step.done("导出 PKCS#12 / exported PKCS#12");
        if name == "revoked" {
            let started = Instant::now();
            let serials = actor.report_lost(&letter, &demo.join("revoked.receipt.json"))?;
            let serial = serials.first().context("no serial number in the receipt")?;
            step.done(&format!("挂失 / reported lost, signed receipt: {serial}"));
            listed(&city, serial).await?;
            let seconds = started.elapsed().as_secs_f64();
            step.done(&format!("吊销列表已更新 / on the revocation list after {seconds:.1} s"));
        }
    }
    judged(folder, &city, &demo, &mut step).await?;
    gate::play(folder, &city, &actor, &mut step).await?;
    machines::play(folder, &city, &actor, &mut step).await?;
    println!("完成 / done: {}", demo.display());
    Ok(())
}

/// OpenSSL says good of one and revoked of the other.
async fn judged(folder: &Path, city: &City, demo: &Path, step: &mut Step) -> anyhow::Result<()> {
    let mut lists = String::new();
    for url in [&city.ca.crl_url, &city.ca.root_crl_url] {
        let (base, path) = url.split_once("/crl/").context("address")?;
        let answer = Client::new(base, None)?.get(&format!("/crl/{path}")).await?;
        lists.push_str(&pki::certificate::pem("X509 CRL", answer.body()));
    }
    std::fs::write(demo.join("lists.pem"), lists)?;
    for (name, good) in [("good", true), ("revoked", false)] {
        let output = Command::new("openssl")
            .args(["verify", "-crl_check_all", "-purpose", "sslclient", "-CAfile"])
            .arg(folder.join(&city.ca.root_pem))
            .arg("-untrusted")
            .arg(folder.join(&city.ca.issuing_pem))
            .arg("-CRLfile")
            .arg(demo.join("lists.pem"))
            .arg(demo.join(format!("{name}.pem")))
            .output()
            .context("openssl; next: apt-get install openssl")?;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        ensure!(output.status.success() == good, "openssl verify {name}: {said}");
        ensure!(good || said.contains("revoked"), "openssl verify {name}: {said}");
        let word = if good { "有效 / good" } else { "已吊销 / revoked" };
        step.done(&format!("OpenSSL: {name}.pem {word}"));
    }
    Ok(())
}
