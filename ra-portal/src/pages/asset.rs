//! Style, scripts and picture: in the binary, under an address that names their content.

use sha2::{Digest, Sha256};
use std::sync::LazyLock;

/// What a browser may keep.
pub(super) const FOR_EVER: &str = "public, max-age=31536000, immutable";
/// The route; scripts name each other beside themselves, so that one digest stands for all.
pub(crate) const ROUTE: &str = "/assets/{digest}/{name}";

/// One file.
pub(crate) struct Asset {
    name: &'static str,
    /// Content type.
    pub(super) kind: &'static str,
    /// Content.
    pub(super) bytes: &'static [u8],
}

macro_rules! assets {
    ($($kind:literal $name:literal;)*) => {
        const ASSETS: &[Asset] = &[
            Asset { name: "app.css", kind: "text/css; charset=utf-8", bytes: page::STYLE },
            Asset { name: "icon.svg", kind: "image/svg+xml", bytes: page::ICON },
            $(Asset {
                name: $name,
                kind: $kind,
                bytes: include_bytes!(concat!("../../assets/", $name)),
            },)*
        ];
    };
}

assets! {
    "text/javascript; charset=utf-8" "bytes.js";
    "text/javascript; charset=utf-8" "check-receipt.js";
    "text/javascript; charset=utf-8" "der-reader.js";
    "text/javascript; charset=utf-8" "der.js";
    "text/javascript; charset=utf-8" "ecdsa.js";
    "text/javascript; charset=utf-8" "enrolment.js";
    "text/javascript; charset=utf-8" "form.js";
    "text/javascript; charset=utf-8" "kept.js";
    "text/javascript; charset=utf-8" "letter.js";
    "text/javascript; charset=utf-8" "open-letter.js";
    "text/javascript; charset=utf-8" "passkey.js";
    "text/javascript; charset=utf-8" "pkcs10.js";
    "text/javascript; charset=utf-8" "pkcs12-reader.js";
    "text/javascript; charset=utf-8" "pkcs12.js";
    "text/javascript; charset=utf-8" "renewal-answer.js";
    "text/javascript; charset=utf-8" "renewal.js";
    "text/javascript; charset=utf-8" "root.js";
}

static DIGEST: LazyLock<String> = LazyLock::new(|| {
    let mut digest = Sha256::new();
    for asset in ASSETS {
        digest.update(asset.bytes);
    }
    data_encoding::HEXLOWER.encode(digest.finalize().get(..8).unwrap_or_default())
});

/// Address of a file.
pub(crate) fn address(name: &str) -> String {
    format!("/assets/{}/{name}", *DIGEST)
}

/// Whether a path is that of one of these files. A page that stops something does nothing without
/// its script: what serves it where everything else is full serves them, too.
pub(crate) fn is_one(path: &str) -> bool {
    let file = path.strip_prefix("/assets/").and_then(|file| file.split_once('/'));
    file.is_some_and(|(digest, name)| named(digest, name).is_some())
}

/// A file by its digest and name.
pub(super) fn named(digest: &str, name: &str) -> Option<&'static Asset> {
    ASSETS.iter().find(|asset| asset.name == name && digest == *DIGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_stay_small() {
        for asset in ASSETS.iter().filter(|asset| asset.name.ends_with(".js")) {
            assert!(asset.bytes.len() < 6 * 1024, "{}: {} bytes", asset.name, asset.bytes.len());
        }
    }
}
