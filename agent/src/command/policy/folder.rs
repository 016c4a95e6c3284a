//! A folder of rules, as `ca-server bundle` takes it.

use clap::Args;
use policy::BundleError;
use std::path::{Path, PathBuf};
use system::layout::Span;
use system::speech;

#[derive(Args)]
pub(crate) struct Arguments {
    /// Folder with schema, rules, routes and examples. 规则文件夹
    pub(super) folder: PathBuf,
}

/// The files of a folder under the names that a bundle has.
pub(super) fn files(folder: &Path) -> anyhow::Result<Vec<(String, String)>> {
    let named = |(name, content)| (format!("access/{name}"), content);
    Ok(system::folder::plain_texts(folder)?.into_iter().map(named).collect())
}

/// The bundle's digest, as an order of kind `bundle` would name it.
pub(super) fn digest(files: &[(String, String)]) -> records::Bytes {
    let pairs = files.iter().map(|(name, content)| (name.as_str(), content.as_str()));
    records::order::bundle_digest(pairs)
}

/// Says what is wrong, where, and what mends it.
pub(super) fn tell(error: &BundleError, json: bool) {
    if json {
        let cure = error.cure.map(|cure| serde_json::json!({ "zh": cure.zh(), "en": cure.en() }));
        let value = serde_json::json!({
            "fine": false, "file": error.file, "line": error.line, "what": error.what,
            "cure": cure,
        });
        return system::terminal::json(&value.to_string());
    }
    let told = [Span::Foreign(error.to_string())];
    speech::told("✗ ", &told, &told);
    if let Some(cure) = error.cure {
        speech::said("  ", cure.zh(), cure.en());
    }
}
