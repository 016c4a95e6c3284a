//! The second half of the journey: through the gate, before the auditor, and to whoever checks.

use super::act::Actor;
use super::step::{SEEN_MAX, Step};
use crate::city::City;
use crate::tool;
use crate::wait::until;
use anyhow::{Context, ensure};
use http::StatusCode;
use mtls::Client;
use mtls::tls::{Identity, client};
use pki::Certificate;
use std::path::Path;

const OWN: &str = "/documents/sz-office/2026-001";
const OTHERS: &str = "/documents/sz-finance/2026-001";

/// Plays it.
pub(super) async fn play(
    folder: &Path,
    city: &City,
    actor: &Actor,
    step: &mut Step,
) -> anyhow::Result<()> {
    let demo = folder.join("demo");
    let gate = city.agent.as_ref().context("no gate; next: make run")?;
    let root = std::fs::read_to_string(folder.join(&city.ca.root_pem))?;
    let root =
        pki::pem::read(root.as_bytes(), pki::pem::Kind::Certificate)?.pop().context("root")?;
    let root = Certificate::read(&root)?.sha256();
    let person = |name: &str| -> anyhow::Result<Client> {
        let path = |end: &str| demo.join(format!("{name}.{end}"));
        let identity = Identity::from_files(&path("pem"), &path("key"))?;
        Ok(Client::new(&gate.url, Some(client(root, Some(identity))?))?)
    };
    let good = person("good")?;
    answered(&good, OWN, StatusCode::OK).await?;
    step.done("经网关阅读本单位公文 / read a document of one's own unit through the gate");
    answered(&good, OTHERS, StatusCode::FORBIDDEN).await?;
    step.done("他单位公文被规则拒绝 / another unit's document: denied by rule, recorded");
    let page = answered(&person("denied")?, OWN, StatusCode::FORBIDDEN).await?;
    std::fs::write(demo.join("denied.json"), &page)?;
    step.done("不在服务范围的人员被拒绝 / somebody whom the application does not serve: denied");
    let page = answered(&person("revoked")?, "/", StatusCode::UNAUTHORIZED).await?;
    ensure!(String::from_utf8_lossy(&page).contains("certificate-revoked"), "another refusal");
    step.done("已吊销的证书被拒绝 / the revoked certificate: refused");
    evidence(folder, city, actor, step).await
}

/// Asks until the gate knows the newest people and lists; gives the body.
async fn answered(client: &Client, path: &str, wanted: StatusCode) -> anyhow::Result<Vec<u8>> {
    until(&format!("{path}: {wanted}"), SEEN_MAX, async || {
        let answer = client.get(path).await?;
        Ok((answer.status() == wanted).then(|| answer.body().to_vec()))
    })
    .await
}

/// The auditor finds the request, takes the evidence away, and it holds; with one byte changed it
/// does not.
async fn evidence(
    folder: &Path,
    city: &City,
    actor: &Actor,
    step: &mut Step,
) -> anyhow::Result<()> {
    let demo = folder.join("demo");
    let certificate = std::fs::read_to_string(demo.join("good.pem"))?;
    let leaf = pki::pem::read(certificate.as_bytes(), pki::pem::Kind::Certificate)?;
    let leaf = Certificate::read(leaf.first().context("good.pem")?)?;
    let serial = leaf.serial().to_string();
    let request = until("the log has it", SEEN_MAX, async || {
        let mut search =
            actor.audit(&["search", "--certificate", &serial, "--outcome", "permitted"])?;
        let said = tool::run(search.arg("--json"))?;
        let first = said.lines().next().unwrap_or_default();
        let line: serde_json::Value = serde_json::from_str(first)?;
        let request = tool::text(&line, "request");
        Ok((!request.is_empty()).then_some(request))
    })
    .await?;
    step.done(&format!("审计员检索，检索本身也留记录 / the auditor finds it: {request}"));
    let out = demo.join("evidence.tar");
    let mut export = actor.audit(&["export", "--request", &request])?;
    tool::json(export.arg("--out").arg(&out))?;
    step.done("导出证据包 / evidence bundle exported");
    let verify = |bundle: &Path| -> anyhow::Result<Option<i32>> {
        let mut command = std::process::Command::new(tool::binary("yinxin-verify")?);
        command.arg("--trust").arg(folder.join(&city.trust_file)).arg(bundle);
        Ok(tool::output(&mut command)?.status.code())
    };
    ensure!(verify(&out)? == Some(0), "the evidence does not verify");
    step.done("任何人可离线验证 / anybody verifies it offline: verified");
    let mut changed = std::fs::read(&out)?;
    let wanted = b"sz-office/2026-001";
    let place = changed.windows(wanted.len()).position(|window| window == wanted);
    let place = place.context("the record's place")?;
    if let Some(byte) = changed.get_mut(place) {
        *byte = b'S';
    }
    let altered = demo.join("altered.tar");
    std::fs::write(&altered, changed)?;
    ensure!(verify(&altered)? == Some(1), "a changed byte is not noticed");
    step.done("改动一个字节即被发现 / one byte changed: altered");
    Ok(())
}
