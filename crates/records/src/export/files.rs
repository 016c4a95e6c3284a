//! The files of an order: those that its body names by digest, and no others.

use super::not_trusted::NotTrusted;
use crate::bytes::Bytes;
use crate::order::{Body, FilesBefore, PriorState, bundle_digest};
use crate::record::File;
use sha2::{Digest, Sha256};

/// Whether the files that come into force are those that the body names.
pub(super) fn check_files(body: &Body, files: &[File]) -> Result<(), NotTrusted> {
    match body {
        Body::Profile(one) => check_named(body, &one.profile.digest, files),
        Body::ApprovalRules(rules) => check_named(body, &rules.digest, files),
        Body::Bundle(bundle) => check_named(body, &bundle.digest, files),
        _ => check_none(files),
    }
}

/// Whether the files in force before an order came with it, if it names some.
pub(super) fn check_files_before(
    body: &Body,
    before: Option<&PriorState>,
    files: &[File],
) -> Result<bool, NotTrusted> {
    let named = match before {
        Some(PriorState::Files(FilesBefore { digest, .. })) => check_named(body, digest, files),
        _ => return check_none(files).map(|()| true),
    };
    // An order whose basis moved comes without them.
    if named.is_err() && files.is_empty() { Ok(false) } else { named.map(|()| true) }
}

/// The digest of a single file covers its content; its name follows from the body.
fn check_named(body: &Body, digest: &Bytes, files: &[File]) -> Result<(), NotTrusted> {
    let name = match body {
        Body::Profile(body) => Some(format!("profiles/{}.toml", body.profile.id)),
        Body::ApprovalRules(_) => Some("approvals.toml".to_owned()),
        _ => None,
    };
    let named = name.is_none_or(|name| files.iter().all(|file| file.name == name));
    let same = files_digest(body, files).as_ref() == Some(digest);
    if named && same { Ok(()) } else { Err(NotTrusted::Files) }
}

fn check_none(files: &[File]) -> Result<(), NotTrusted> {
    if files.is_empty() { Ok(()) } else { Err(NotTrusted::Files) }
}

/// The digest of files as a body of this kind names them: of the one file, or of the bundle.
pub fn files_digest(body: &Body, files: &[File]) -> Option<Bytes> {
    match (body, files) {
        (Body::Bundle(_), files) => {
            let pairs = files.iter().map(|file| (file.name.as_str(), file.content.as_str()));
            Some(bundle_digest(pairs)).filter(|digest| digest.digest().is_some())
        }
        (Body::Profile(_) | Body::ApprovalRules(_), [file]) => {
            Some(Sha256::digest(file.content.as_bytes()).as_slice().into())
        }
        _ => None,
    }
}
