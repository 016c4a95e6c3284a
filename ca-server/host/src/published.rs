//! Published files over plain HTTP: what never changes says so, what changes is asked for again.
//!
//! Not `tower-http`'s `ServeDir`: it knows no ETag by content, serves hidden files (the ones that
//! are being written), follows links, and guesses types.

use axum::Router;
use axum::body::Body;
use axum::extract::{Path as UrlPath, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use data_encoding::HEXLOWER;
use service::Metrics;
use sha2::{Digest, Sha256};
use std::path::PathBuf;
use std::sync::Arc;

/// Deepest path below the folder.
const SEGMENTS_MAX: usize = 12;

#[derive(Clone)]
struct Published {
    folder: PathBuf,
    metrics: Metrics,
}

/// Serves some subfolders of a folder; nothing else of it, no hidden file, no way out.
pub fn files(folder: &std::path::Path, below: &[&str], metrics: Metrics) -> Router {
    let state = Arc::new(Published { folder: folder.to_owned(), metrics });
    let mut router = Router::new();
    for name in below {
        router = router.route(&format!("/{name}/{{*path}}"), get(file));
    }
    router.with_state(state)
}

async fn file(
    State(published): State<Arc<Published>>,
    uri: axum::http::Uri,
    UrlPath(_): UrlPath<String>,
    headers: HeaderMap,
) -> Response {
    let Some(path) = plain(uri.path()) else { return StatusCode::NOT_FOUND.into_response() };
    let whole = published.folder.join(&path);
    let Ok(bytes) = tokio::fs::read(&whole).await else {
        published.metrics.count("file", "not-found");
        return StatusCode::NOT_FOUND.into_response();
    };
    published.metrics.count("file", "done");
    let digest = HEXLOWER.encode(&Sha256::digest(&bytes));
    let tag = format!("\"{}\"", digest.get(..32).unwrap_or(&digest));
    let mut response =
        if headers.get(header::IF_NONE_MATCH).is_some_and(|seen| seen == tag.as_str()) {
            StatusCode::NOT_MODIFIED.into_response()
        } else {
            let mut response = Response::new(Body::from(bytes));
            let kind = HeaderValue::from_static(content_type(&path));
            response.headers_mut().insert(header::CONTENT_TYPE, kind);
            response
        };
    let cache = HeaderValue::from_static(cache_control(&path));
    response.headers_mut().insert(header::CACHE_CONTROL, cache);
    response
        .headers_mut()
        .insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        response.headers_mut().insert(header::ETAG, tag);
    }
    response
}

/// The path below the folder, if every segment is a plain name.
fn plain(path: &str) -> Option<String> {
    let segments: Vec<&str> = path.strip_prefix('/')?.split('/').collect();
    let fine = |segment: &&str| {
        !segment.is_empty()
            && !segment.starts_with('.')
            && segment.bytes().all(|b| b.is_ascii_alphanumeric() || b".-_".contains(&b))
    };
    (segments.len() <= SEGMENTS_MAX && segments.iter().all(fine)).then(|| segments.join("/"))
}

fn content_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map_or("", |(_, extension)| extension) {
        "crl" => "application/pkix-crl",
        "cer" => "application/pkix-cert",
        "pem" => "application/x-pem-file",
        _ if path.ends_with("checkpoint") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

/// Numbered lists and tiles never change; certificates hardly; current lists and checkpoints do.
fn cache_control(path: &str) -> &'static str {
    let segments: Vec<&str> = path.split('/').collect();
    match segments.as_slice() {
        ["crl", "root", _] | ["crl", _, _, _] => "public, max-age=31536000, immutable",
        ["crl", ..] => "public, max-age=60, must-revalidate",
        ["ca", ..] => "public, max-age=86400",
        [_, "tile", ..] => "public, max-age=31536000, immutable",
        _ => "no-cache",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_paths_are_served() {
        assert_eq!(plain("/crl/issuing-1/0.crl").as_deref(), Some("crl/issuing-1/0.crl"));
        for path in
            ["/crl/../ca.toml", "/crl//x", "/crl/.0.crl.new", "/crl/%2e%2e/x", "/a\\b", "crl"]
        {
            assert_eq!(plain(path), None, "{path}");
        }
    }

    #[test]
    fn what_never_changes_says_so() {
        assert!(cache_control("crl/issuing-1/0/7.crl").contains("immutable"));
        assert!(cache_control("crl/root/1.crl").contains("immutable"));
        assert!(cache_control("control/tile/0/x001/067.p/3").contains("immutable"));
        assert!(!cache_control("crl/issuing-1/0.crl").contains("immutable"));
        assert!(!cache_control("crl/root.crl").contains("immutable"));
        assert_eq!(cache_control("control/checkpoint"), "no-cache");
    }
}
