//! What is spoken here (RFC 8894 3.5.2): AES and SHA-256 and above, nothing older.

use super::answer::text;
use axum::response::Response;

/// A keyword a line.
const CAPABILITIES: &str = "AES\nPOSTPKIOperation\nRenewal\nSCEPStandard\nSHA-256\nSHA-512\n";

pub(super) fn show() -> Response {
    text(CAPABILITIES)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_old_is_offered() {
        let all: Vec<&str> = CAPABILITIES.lines().collect();
        for old in ["DES3", "SHA-1", "MD5"] {
            assert!(!all.contains(&old), "{old}");
        }
        for spoken in ["AES", "POSTPKIOperation", "Renewal", "SCEPStandard", "SHA-256"] {
            assert!(all.contains(&spoken), "{spoken}");
        }
    }
}
