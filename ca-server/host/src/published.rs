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
use std::fs::File;
use std::io::{self, Read, Seek};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::io::AsyncReadExt;
use tokio_util::io::ReaderStream;

/// Deepest path below the folder.
const SEGMENTS_MAX: usize = 12;
/// Files leave in pieces of this size: however large a list is and however slowly somebody reads
/// it, one piece is held for them.
const PIECE_BYTES: usize = 64 * 1024;

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
    let opened = tokio::task::spawn_blocking(move || Opened::of(&whole)).await;
    let Ok(Ok(opened)) = opened else {
        published.metrics.count("file", "not-found");
        return StatusCode::NOT_FOUND.into_response();
    };
    published.metrics.count("file", "done");
    let digest = HEXLOWER.encode(&opened.sha256);
    let tag = format!("\"{}\"", digest.get(..32).unwrap_or(&digest));
    let mut response =
        if headers.get(header::IF_NONE_MATCH).is_some_and(|seen| seen == tag.as_str()) {
            StatusCode::NOT_MODIFIED.into_response()
        } else {
            let length = HeaderValue::from(opened.length);
            let mut response = Response::new(opened.body());
            let kind = HeaderValue::from_static(content_type(&path));
            response.headers_mut().insert(header::CONTENT_TYPE, kind);
            response.headers_mut().insert(header::CONTENT_LENGTH, length);
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

/// A file that was read once, for its name, and is at its beginning again. Files are replaced
/// whole: what is open stays what it was.
struct Opened {
    file: File,
    sha256: [u8; 32],
    length: u64,
    /// All of it, if it is one piece.
    whole: Option<Vec<u8>>,
}

impl Opened {
    fn of(path: &Path) -> io::Result<Self> {
        let mut file = File::open(path)?;
        let (mut digest, mut length, mut piece) = (Sha256::new(), 0, vec![0; PIECE_BYTES]);
        let mut whole = Vec::new();
        loop {
            let read = file.read(&mut piece)?;
            let Some(bytes) = piece.get(..read).filter(|bytes| !bytes.is_empty()) else { break };
            digest.update(bytes);
            length += bytes.len() as u64;
            if length <= PIECE_BYTES as u64 {
                whole.extend_from_slice(bytes);
            }
        }
        let is_whole = length == whole.len() as u64;
        file.rewind()?;
        let sha256 = digest.finalize().into();
        Ok(Self { file, sha256, length, whole: is_whole.then_some(whole) })
    }

    fn body(self) -> Body {
        if let Some(whole) = self.whole {
            return Body::from(whole);
        }
        let rest = tokio::fs::File::from_std(self.file).take(self.length);
        Body::from_stream(ReaderStream::with_capacity(rest, PIECE_BYTES))
    }
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

    /// Whoever reads a large list slowly holds a piece of it.
    #[tokio::test]
    async fn a_large_file_leaves_in_pieces() {
        use axum::body::HttpBody;
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("crl")).unwrap();
        let state = Published { folder: folder.path().to_owned(), metrics: Metrics::default() };
        let state = Arc::new(state);
        for length in [0, 1, PIECE_BYTES, PIECE_BYTES + 1, 5 * PIECE_BYTES + 7] {
            let content: Vec<u8> = (0..length).map(|at| u8::try_from(at % 251).unwrap()).collect();
            std::fs::write(folder.path().join("crl/0.crl"), &content).unwrap();
            let uri = axum::http::Uri::from_static("/crl/0.crl");
            let path = UrlPath("0.crl".to_owned());
            let response = file(State(state.clone()), uri, path, HeaderMap::new()).await;
            assert_eq!(response.headers()[header::CONTENT_LENGTH], length.to_string());
            let mut body = std::pin::pin!(response.into_body());
            let mut read = Vec::new();
            while let Some(frame) =
                std::future::poll_fn(|context| body.as_mut().poll_frame(context)).await
            {
                let piece = frame.unwrap().into_data().unwrap();
                assert!(piece.len() <= PIECE_BYTES);
                read.extend_from_slice(&piece);
            }
            assert_eq!(read, content);
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
