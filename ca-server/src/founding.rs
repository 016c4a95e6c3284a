//! `ca-server init`: the founding ceremony. It alone opens keys itself. Everything is built in a
//! folder beside the target and renamed at the end: killed at any point it leaves nothing.

mod certify;
mod init_lock;
mod keys;
mod letters;
mod plan;
mod record;
mod statement;

pub use init_lock::FoundingInProgress;

pub use plan::{CityPlan, PlanError};

use anyhow::Context;
use ca_host::CaConfig;
use init_lock::InitLock;
use service::{Clock, fault};
use std::path::{Path, PathBuf};
use system::file::create;

/// The city is founded already.
#[derive(Debug, thiserror::Error)]
#[error(
    "{path} 已存在：城市已建立，且只能建立一次 / {path} exists: this city is founded already, and a \
     city is founded once",
    path = .0.display()
)]
pub struct AlreadyFounded(pub PathBuf);

/// Founds the city of `plan` in the state directory `target`.
pub async fn init(plan_path: &Path, target: &Path, clock: Clock) -> anyhow::Result<()> {
    if target.exists() {
        return Err(AlreadyFounded(target.to_owned()).into());
    }
    let plan = CityPlan::read(plan_path)?;
    let name = target
        .file_name()
        .context("目标没有名称 / the target has no name")?
        .to_string_lossy()
        .into_owned();
    let parent = target.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let folder = parent.join(format!(".{name}.founding-{}", std::process::id()));
    let _alone = InitLock::hold(parent, &name, &plan.config().in_folder(&folder)).await?;
    // Who held this place before may have founded it.
    if target.exists() {
        return Err(AlreadyFounded(target.to_owned()).into());
    }
    remove_unfinished(parent, &name)?;
    let built = build(&plan, &folder, clock).await;
    if let Err(error) = built {
        let _ = std::fs::remove_dir_all(&folder);
        return Err(error);
    }
    fault::point("init-before-rename");
    sync_folder(&folder)?;
    std::fs::rename(&folder, target)?;
    system::file::sync_folder(parent)?;
    fault::point("init-after-rename");
    let store = ca_store::open(&CaConfig::read(&target.join("ca.toml"))?).await?;
    ca_store::founding::finish(&store).await?;
    store.close().await;
    Ok(())
}

/// What a killed `init` left beside the target.
fn remove_unfinished(parent: &Path, name: &str) -> anyhow::Result<()> {
    let prefix = format!(".{name}.founding-");
    for entry in std::fs::read_dir(parent)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with(&prefix) {
            std::fs::remove_dir_all(entry.path())?;
        }
    }
    Ok(())
}

async fn build(plan: &CityPlan, folder: &Path, clock: Clock) -> anyhow::Result<()> {
    // Ours from the start: nobody laid something there.
    std::fs::create_dir(folder)?;
    for name in [
        "issuer/letters",
        "status",
        "log",
        "notices/spool",
        "offline",
        "people",
        "services",
        "policies",
    ] {
        std::fs::create_dir_all(folder.join(name))?;
    }
    for name in ["", "issuer", "status", "log", "notices", "notices/spool", "offline"] {
        use std::os::unix::fs::PermissionsExt;
        let private = std::fs::Permissions::from_mode(0o700);
        std::fs::set_permissions(folder.join(name), private)?;
    }
    let now = clock.seconds();
    let keys = keys::FoundingKeys::generate(folder)?;
    fault::point("init-after-keys");
    let statement = plan.statement(&keys, now)?;
    let certified = certify::certify(plan, &keys, &statement, now)?;
    let config = plan.config().in_folder(folder);
    plan.copy_policies(&folder.join("policies"))?;
    create(&folder.join("ca.toml"), toml::to_string(&config)?.as_bytes())?;
    let trust = plan.trust(&statement, &certified.root, &keys)?;
    create(&folder.join("trust.json"), &serde_json::to_vec_pretty(&trust)?)?;
    create(&folder.join("founding.json"), &statement.bytes)?;
    certified.write(folder)?;
    let letters = letters::loss_letters(&statement, &trust, now)?;
    letters::write(&letters, folder)?;
    record::record(&config, &statement, &keys, &certified, &letters, clock).await
}

/// Makes every file and folder durable before the rename shows them.
fn sync_folder(folder: &Path) -> anyhow::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            sync_folder(&path)?;
        } else {
            std::fs::File::open(&path)?.sync_all()?;
        }
    }
    Ok(system::file::sync_folder(folder)?)
}
