//! What an operator types beside `ca`, `policies`, `portal.toml` and `plan.toml`.

use super::printed::FILLED;
use super::scene::Scene;
use super::typed::{Left, behind, filled, holds, says};
use records::export::OrderExport;
use std::path::Path;
use std::process::Command;

/// How the sample page of the state names the order of an emergency.
const SAMPLE_DIGEST: &str = "ZGlnZXN0IG9mIGFuIG9yZGVyIG9mIGtpbmQgZW1lcmc";

/// In a folder that holds the plan, as its page has it, and what that names, and nothing else.
pub(super) fn init(scene: &Scene, text: &str) -> Result<(), String> {
    let home = scene.home();
    let plan = crate::docs_walkthroughs::file_of_founding("plan.toml");
    std::fs::write(home.join("plan.toml"), plan).unwrap();
    for folder in ["policies", "people", "portal"] {
        let copied =
            Command::new("cp").arg("-a").arg(scene.office.path(folder)).arg(&home).status();
        assert!(copied.unwrap().success());
    }
    says(scene.runs(&home, &filled(text, &[])), "ca-server serve issuer")?;
    holds(home.join("ca/founding.json").exists(), "a founding statement")
}

pub(super) fn create_person(scene: &Scene, text: &str) -> Result<(), String> {
    let names = [("--name", "周新增"), ("--evidence", "任命文件")];
    let said = says(scene.operates(&filled(text, &names)), "0 / 2")?;
    let order = behind(&said, "order: ")?;
    holds(scene.office.ca(&["order", "show", &order]).status.success(), "an order that waits")
}

/// What waits for two approvals then, about one of the first people where it is about somebody.
pub(super) fn draft(scene: &Scene, text: &str) -> Result<(), String> {
    let who = if text.contains(" auditor ") { "auditor" } else { "officer-1" };
    let person = scene.office.first(who).person;
    let names = [("PERSON", person.as_str()), ("--name", "区税务局"), ("--evidence", "任免文件")];
    says(scene.operates(&filled(text, &names)), "0 / 2").map(drop)
}

/// An order that was drafted just before: it becomes a file, or is taken back.
pub(super) fn order(scene: &Scene, text: &str) -> Result<(), String> {
    let order = scene.draft("周办件");
    let told = if text.contains(" export ") { "exported: " } else { "taken back: " };
    says(scene.operates(&filled(text, &[("ORDER", &order)])), told).map(drop)
}

pub(super) async fn make_letter(scene: &Scene, text: &str) -> Result<(), String> {
    let person = scene.office.register("周密码信封", "sz-office").await;
    let said = scene.operates(&filled(text, &[("PERSON", &person)]))?;
    are_there(scene, &said)
}

/// A letter and its sheet lie where a command says.
fn are_there(scene: &Scene, said: &str) -> Result<(), String> {
    let file = scene.office.folder().join(behind(said, "/ letter: ")?);
    holds(file.exists() && file.with_extension("html").exists(), "a letter and its sheet")
}

/// The reference of a fresh letter.
async fn reference(scene: &Scene, name: &str) -> String {
    let person = scene.office.register(name, "sz-office").await;
    let made = scene.office.ca_json(&["letter", &person]);
    made["reference"].as_str().unwrap().to_owned()
}

/// One document, of all letters that wait or of those since a day.
pub(super) async fn print_letters(scene: &Scene, text: &str) -> Result<(), String> {
    reference(scene, "周合印").await;
    let words = filled(text, &[("DAY", "2026-01-01")]);
    scene.operates(&words)?;
    let document = words.last().map(|name| scene.office.folder().join(name));
    holds(document.is_some_and(|path| path.exists()), "a document of letters")
}

pub(super) async fn void_letter(scene: &Scene, text: &str) -> Result<(), String> {
    let reference = reference(scene, "周作废").await;
    let said = scene.operates(&filled(text, &[("REFERENCE", &reference)]));
    says(said, &format!("voided: {reference}")).map(drop)
}

pub(super) async fn replace_letter(scene: &Scene, text: &str) -> Result<(), String> {
    let reference = reference(scene, "周换发").await;
    let said = scene.operates(&filled(text, &[("REFERENCE", &reference)]));
    are_there(scene, &says(said, &format!("voided: {reference}"))?)
}

/// Without a mail server it lies in the spool folder.
pub(super) fn try_notices(scene: &Scene, text: &str) -> Result<(), String> {
    let said = scene.operates(&filled(text, &[("ADDRESS", "wang@shangluo.example")]));
    says(said, "spool")?;
    let spool = std::fs::read_dir(scene.office.path("ca/notices/spool")).unwrap();
    holds(spool.count() > 0, "a notice in the spool folder")
}

/// The file comes from an officer who approved offline.
pub(super) fn import_approval(scene: &Scene, text: &str) -> Result<(), String> {
    let home = scene.home();
    let (_, order) = scene.exported(&home, "周离线");
    let order = order.display().to_string();
    let approve = "yinxin approve --order FILE --out approval.json";
    scene.types(&home, "sample-officer", &filled(approve, &[("FILE", &order)]))?;
    let file = home.join("approval.json").display().to_string();
    let said = scene.operates(&filled(text, &[("FILE", &file), (FILLED, &file)]));
    says(said, "(1 / 2)").map(drop)
}

pub(super) fn bundle(scene: &Scene, text: &str) -> Result<(), String> {
    says(scene.operates(&filled(text, &[])), "0 / 2").map(drop)
}

pub(super) fn register_system(scene: &Scene, text: &str) -> Result<(), String> {
    let leader = scene.office.first("system").person;
    let names = [
        ("--name", "网站"),
        ("--unit", "sz-office"),
        ("--leader", leader.as_str()),
        ("--operator", "运维组"),
        ("--contact", "ops@acme.test"),
    ];
    let said = says(scene.operates(&filled(text, &names)), "0 / 2")?;
    let file = scene.office.folder().join(behind(&said, "system file: ")?);
    holds(file.exists(), "a file with the secret of the system's accounts")
}

/// What is to be typed is shown with the secret, and the file of it is gone.
pub(super) fn setup_system(scene: &Scene, text: &str) -> Result<(), String> {
    let leader = scene.office.first("system").person;
    let own = ["system", "register", "shown", "--name", "网站", "--unit", "sz-office"];
    let people = ["--leader", &leader, "--operator", "运维组", "--contact", "ops@acme.test"];
    let host = ["--host", "www.example.gov.cn"];
    let made = scene.office.ca_json(&[&own[..], &people, &host].concat());
    let file = made["letter"].as_str().unwrap().to_owned();
    says(scene.operates(&filled(text, &[("FILE", &file)])), "--eab-hmac-key")?;
    holds(!Path::new(&file).exists(), "no file of the secret any more")
}

/// Two security administrators would approve it; until then it lets nobody past.
pub(super) async fn open_emergency(scene: &Scene, text: &str) -> Result<(), String> {
    let person = scene.office.register("周应急", "sz-office").await;
    let people = ["ID", "编号"].map(|open| (open, person.as_str()));
    let of = ["APPLICATION", "应用"].map(|open| (open, "exchange"));
    let names = [&people[..], &of, &[("--evidence", "汛情值守")]].concat();
    says(scene.operates(&filled(text, &names)), "0 / 2").map(drop)
}

/// Of an emergency that two approved, the same each time.
pub(super) async fn review_emergency(
    scene: &Scene,
    left: &mut Left,
    text: &str,
) -> Result<(), String> {
    if left.emergency.is_none() {
        let person = scene.office.register("周值守", "sz-office").await;
        let open = ["emergency", "open", "exchange", "--person", &person, "--minutes", "60"];
        let made = scene.office.ca_json(&[&open[..], &["--evidence", "汛情值守"]].concat());
        let order = made["order"].as_str().ok_or("no order")?.to_owned();
        let file = scene.home().join("order.json");
        let out = file.display().to_string();
        let done = scene.office.ca(&["order", "export", &order, "--out", &out]);
        holds(done.status.success(), "an exported order")?;
        let export: OrderExport = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
        left.emergency = Some(records::Bytes::from(export.signed.digest()).to_string());
        scene.office.approve_by_security(&order).await;
    }
    let digest = left.emergency.as_ref().ok_or("no emergency")?;
    let mut names = ["DIGEST", "摘要", SAMPLE_DIGEST].map(|open| (open, digest.as_str())).to_vec();
    names.push(("--evidence", "已逐项核查"));
    says(scene.operates(&filled(text, &names)), "order: ").map(drop)
}

/// The root's key is brought for it.
pub(super) fn root_list(scene: &Scene, text: &str) -> Result<(), String> {
    let at = |name: &str| scene.office.path(&format!("secret/{name}")).display().to_string();
    let (key, passphrase) = (at("root.key"), at("root.passphrase"));
    let names = [("--key", key.as_str()), ("--passphrase-file", &passphrase)];
    says(scene.operates(&filled(text, &names)), "#2").map(drop)
}

/// A key of a portal's process that is to be certified, in place of the one before.
fn new_key(scene: &Scene) -> Result<(), String> {
    for name in ["new.key", "new.csr", "new.pem", "renewal.json"] {
        let _ = std::fs::remove_file(scene.office.path(name));
    }
    let request = "yinxin request --service --key new.key --out new.csr";
    scene.operates(&filled(request, &[])).map(drop)
}

/// On the portal's host, which is the same here.
pub(super) fn renew_portal(scene: &Scene, text: &str) -> Result<(), String> {
    new_key(scene)?;
    let (told, out) = match text.contains("--signed-only") {
        true => ("signed: ", "renewal.json"),
        false => ("renewed: ", "new.pem"),
    };
    says(scene.operates(&filled(text, &[])), told)?;
    holds(scene.office.path(out).exists(), "what the command was asked for")
}

/// Of a service here, or of a portal that signed for it and cannot connect.
pub(super) fn renew(scene: &Scene, text: &str) -> Result<(), String> {
    if text.contains("--message") {
        new_key(scene)?;
        let renew = "ra-portal --config portal.toml renew staff --request new.csr";
        let signs = format!("{renew} --out renewal.json --signed-only");
        scene.operates(&filled(&signs, &[]))?;
    }
    let said = says(scene.operates(&filled(text, &[])), "renewed: ")?;
    let file = behind(&said, "renewed: ")?;
    let file = file.split(" (").next().unwrap_or_default();
    holds(scene.office.folder().join(Path::new(file)).exists(), "a certificate")
}
