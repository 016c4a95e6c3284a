//! What the issuer keeps in its own state directory: authority at a head, and the head below which
//! the log never goes. Both carry a MAC under a key that only this directory has.

use super::following::Following;
use anyhow::{Context, ensure};
use authority::Authority;
use aws_lc_rs::hmac;
use ca_host::CaConfig;
use records::Bytes;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use tlog::Edge;

#[derive(Serialize, Deserialize)]
struct KeptAuthority {
    size: u64,
    levels: Vec<Vec<Bytes>>,
    last_time: u64,
    /// The parts of authority by name.
    parts: BTreeMap<String, Bytes>,
}

#[derive(Serialize, Deserialize)]
struct KeptHead {
    size: u64,
    root: Bytes,
    list_number: u64,
    list_sha256: Bytes,
}

/// Takes up what was kept; a missing or altered file only means replaying from leaf 0.
pub(super) fn load(config: &CaConfig) -> anyhow::Result<Following> {
    let key = mac_key(config)?;
    let (floor, list) = match read::<KeptHead>(config, "issuer/head", &key) {
        Some(head) => {
            let list = (head.list_number, head.list_sha256);
            ((head.size, head.root.digest().context("kept head")?), list)
        }
        None => {
            let altered = config.path("issuer/head").exists();
            ensure!(!altered, "issuer/head is damaged; restore it, or see `ca-server doctor`");
            ((0, [0; 32]), (0, Bytes::default()))
        }
    };
    let mut following = Following::nothing(floor, list);
    if let Some(kept) = read::<KeptAuthority>(config, "issuer/authority", &key) {
        let level =
            |hashes: &Vec<Bytes>| hashes.iter().map(Bytes::digest).collect::<Option<Vec<_>>>();
        let levels: Option<Vec<_>> = kept.levels.iter().map(level).collect();
        following.edge = Edge::from_levels(kept.size, levels.context("kept edge")?)?;
        following.authority = Some(authority_of(config, kept.parts)?);
        following.last_time = kept.last_time;
        following.kept_size = kept.size;
        following.ready = following
            .authority
            .iter()
            .flat_map(|authority| authority.open_orders())
            .filter(|(_, open)| !open.approvals.is_empty())
            .map(|(digest, _)| digest.to_string())
            .collect();
    }
    Ok(following)
}

/// Keeps authority at the present head.
pub(super) fn save(config: &CaConfig, following: &Following) -> anyhow::Result<()> {
    let Some(authority) = &following.authority else { return Ok(()) };
    let mut levels = vec![Vec::new(); tlog::edge::level_count(following.edge.size())];
    for (id, hashes) in following.edge.partial() {
        if let Some(level) = levels.get_mut(usize::from(id.level)) {
            *level = hashes.iter().copied().map(Bytes::from).collect();
        }
    }
    let kept = KeptAuthority {
        size: following.edge.size(),
        levels,
        last_time: following.last_time,
        parts: authority
            .parts()
            .into_iter()
            .map(|(name, part)| (name.to_string(), Bytes(part)))
            .collect(),
    };
    write(config, "issuer/authority", &kept)?;
    save_head(config, following)
}

/// Keeps the head below which the log never goes.
pub(super) fn save_head(config: &CaConfig, following: &Following) -> anyhow::Result<()> {
    let head = KeptHead {
        size: following.floor.0,
        root: following.floor.1.into(),
        list_number: following.list.0,
        list_sha256: following.list.1.clone(),
    };
    write(config, "issuer/head", &head)
}

fn authority_of(config: &CaConfig, parts: BTreeMap<String, Bytes>) -> anyhow::Result<Authority> {
    let founding = ca_host::trust(config)?.founding.digest().context("trust file")?;
    let named = |(name, part): (String, Bytes)| Ok((name.parse()?, part.0));
    let parts: Result<_, authority::PartsError> = parts.into_iter().map(named).collect();
    Ok(Authority::from_parts(&founding, &parts?)?)
}

fn mac_key(config: &CaConfig) -> anyhow::Result<hmac::Key> {
    let path = config.path("issuer/seal.key");
    let bytes = std::fs::read(&path).with_context(|| path.display().to_string())?;
    let label = [b"yinxin-kept-v1\0".as_slice(), &bytes].concat();
    Ok(hmac::Key::new(hmac::HMAC_SHA256, &label))
}

fn read<T: serde::de::DeserializeOwned>(
    config: &CaConfig,
    name: &str,
    key: &hmac::Key,
) -> Option<T> {
    let bytes = std::fs::read(config.path(name)).ok()?;
    let (tag, body) = bytes.split_at_checked(32)?;
    hmac::verify(key, body, tag).ok()?;
    serde_json::from_slice(body).ok()
}

fn write<T: Serialize>(config: &CaConfig, name: &str, value: &T) -> anyhow::Result<()> {
    let body = serde_json::to_vec(value)?;
    let tag = hmac::sign(&mac_key(config)?, &body);
    ca_host::durable::write_file(&config.path(name), &[tag.as_ref(), &body].concat())
}
