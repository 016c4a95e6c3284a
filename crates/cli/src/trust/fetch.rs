//! How a bundle and lists are fetched, told and written. Nothing that is fetched is believed here.

use crate::exit::{Failure, file_failure};
use crate::files;
use crate::output::Output;
use mtls::Client;
use records::json::Misfit;
use records::trust::Trust;
use records::trust_bundle::{SignedTrustBundle, TRUST_BUNDLE_PATH, TrustBundle};
use std::fmt::Display;
use std::path::Path;

/// Longest bundle that is read.
const BUNDLE_BYTES_MAX: usize = 1024 * 1024;

/// The bundle of a file, of the address where lists are published, or of the portal's public host;
/// nothing of it is believed.
pub(super) async fn bundle(from: &str, trust: &Trust) -> Result<SignedTrustBundle, Failure> {
    let base = from.trim_end_matches('/');
    let client = match from.split_once("://") {
        Some(("http", _)) => Client::new(base, None)?,
        Some(("https", _)) => files::client(base, trust, None)?,
        _ => return files::document(Path::new(from)),
    };
    let body = read((&client, base), TRUST_BUNDLE_PATH).await?;
    let wrong = |error: &dyn Display| Failure::because("信任包无法读取", error);
    if body.len() > BUNDLE_BYTES_MAX {
        return Err(wrong(&"文件过大 / it is too large"));
    }
    serde_json::from_slice(&body).map_err(|error| wrong(&Misfit::of(&error, &body)))
}

/// What is at a path of an address, in clear: whoever reads it believes it by its signature.
pub(super) async fn got(base: &str, path: &str) -> Result<Vec<u8>, Failure> {
    read((&Client::new(base, None)?, base), path).await
}

async fn read((client, base): (&Client, &str), path: &str) -> Result<Vec<u8>, Failure> {
    let answer = client.get(path).await?;
    if answer.status().as_u16() != 200 {
        let status = answer.status().as_u16();
        return Err(Failure::not_found(
            format!("{base}{path} 没有所要的文件（HTTP {status}）。"),
            format!("{base}{path} is not there (HTTP {status})"),
        ));
    }
    Ok(answer.into_body().to_vec())
}

/// Says what a bundle that is believed says.
pub(super) fn tell(output: Output, bundle: &TrustBundle) {
    output.fact(("版本", "version"), bundle.version);
    output.time(("有效期至", "valid until"), &bundle.until);
    for authority in &bundle.authorities {
        output.fact(("证书机构", "authority"), &authority.id);
        output.fact(("吊销列表", "list"), &authority.crl);
        if let Some(ocsp) = &authority.ocsp {
            output.fact(("OCSP", "OCSP"), ocsp);
        }
    }
    for purpose in &bundle.purposes {
        let told = format!("{} = {}", purpose.profile, purpose.policy);
        output.fact(("模板与策略", "profile and policy"), told);
    }
}

/// Replaces a file of the folder whole, so that a server that reads it has one or the other.
pub(super) fn put(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    system::file::replace(path, bytes).map_err(|error| file_failure(path, &error))
}
