//! The floors: what the machine gives at most, measured in the same run.

use anyhow::{Context, ensure};
use keys::SoftwareSigner;
use pki::Signer;
use std::path::Path;
use std::time::{Duration, Instant};
use store::{Store, execute};

const SECONDS: Duration = Duration::from_secs(2);

/// P-256 signatures a second on one core.
pub(super) fn signatures() -> anyhow::Result<f64> {
    let signer = SoftwareSigner::generate_p256()?;
    let message = [7u8; 500];
    let started = Instant::now();
    let mut count = 0u32;
    while started.elapsed() < SECONDS {
        signer.sign(&message)?;
        count += 1;
    }
    Ok(f64::from(count) / started.elapsed().as_secs_f64())
}

/// P-256 verifications a second on one core.
pub(super) fn verifications() -> anyhow::Result<f64> {
    let signer = SoftwareSigner::generate_p256()?;
    let message = [7u8; 500];
    let signature = signer.sign(&message)?;
    let started = Instant::now();
    let mut count = 0u32;
    while started.elapsed() < SECONDS {
        ensure!(signer.public_key().verify(&message, &signature), "a signature does not verify");
        count += 1;
    }
    Ok(f64::from(count) / started.elapsed().as_secs_f64())
}

/// Commits a second of one writer: SQLite as we open it, one row of 500 bytes each.
pub(super) async fn commits(folder: &Path) -> anyhow::Result<f64> {
    let path = folder.join("floor.db");
    let store = Store::open(&format!("sqlite:{}", path.display())).await?;
    let mut tx = store.write().await?;
    execute!(&mut tx, "create table floor (content blob not null) strict")?;
    tx.commit().await.context("floor")?;
    let started = Instant::now();
    let mut count = 0u32;
    while started.elapsed() < SECONDS {
        let mut tx = store.write().await?;
        execute!(&mut tx, "insert into floor (content) values ($1)", vec![7u8; 500])?;
        tx.commit().await?;
        count += 1;
    }
    let rate = f64::from(count) / started.elapsed().as_secs_f64();
    store.close().await;
    Ok(rate)
}

/// Durable writes a second: 520 bytes and an fdatasync each, into a file filled with zeros.
pub(super) fn durable(folder: &Path) -> anyhow::Result<f64> {
    use std::io::{Seek, SeekFrom, Write};
    let mut file = std::fs::File::create(folder.join("floor.zeros"))?;
    file.write_all(&vec![0; 16 * 1024 * 1024])?;
    file.sync_all()?;
    file.seek(SeekFrom::Start(0))?;
    let started = Instant::now();
    let mut count = 0u32;
    while started.elapsed() < SECONDS && count < 30_000 {
        file.write_all(&[7; 520])?;
        file.sync_data()?;
        count += 1;
    }
    Ok(f64::from(count) / started.elapsed().as_secs_f64())
}
