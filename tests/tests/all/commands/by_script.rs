//! What scripts of systems type: nobody is there who could be asked.

use super::scene::Scene;
use super::typed::{filled, says};
use tests::machines::site::register;

const HOST: &str = "db.example.gov.cn";
const FIRST: &str = "yinxin system enroll --file db.system.json --url URL --host db.example.gov.cn";

/// The first certificate of a system that an operator registered just now; before a renewal, and
/// before one that gives way, it is there already.
pub(super) async fn system(scene: &Scene, text: &str) -> Result<(), String> {
    let home = scene.home();
    let secret = register(&scene.office, "db", &["--host", HOST, "--without-challenges"]).await;
    // Private as it was.
    std::fs::copy(&secret.file, home.join("db.system.json")).map_err(|error| error.to_string())?;
    let url = scene.office.city["machines"]["est_url"].as_str().ok_or("no address of EST")?;
    let names = [
        ("URL", url),
        ("--url", url),
        ("https://acme.example.gov.cn/.well-known/est", url),
        ("--key", "own.key"),
        ("--out", "own.pem"),
    ];
    if text.contains(" renew ") || text.contains("--replace") {
        scene.runs(&home, &filled(FIRST, &names))?;
    }
    says(scene.runs(&home, &filled(text, &names)), HOST).map(drop)
}
