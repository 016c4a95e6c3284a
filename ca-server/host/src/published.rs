//! Published files over plain HTTP: what never changes says so, what changes is asked for again.
//!
//! Not `tower-http`'s `ServeDir`: it knows no ETag by content, serves hidden files (the ones that
//! are being written), follows links, and guesses types.

use crate::entity_tag::is_had;
use axum::Router;
use axum::body::Body;
use axum::extract::{Path as UrlPath, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use data_encoding::HEXLOWER;
use quick_cache::sync::Cache;
use records::Code;
use service::Metrics;
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{self, Read, Seek};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::io::AsyncReadExt;
use tokio::sync::Semaphore;
use tokio_util::io::ReaderStream;

/// Deepest path below the folder.
const SEGMENTS_MAX: usize = 12;
/// Files leave in pieces of this size: however large a list is and however slowly somebody reads
/// it, one piece is held for them.
const PIECE_BYTES: usize = 64 * 1024;

/// Files that are read for their name at once: whoever asks for more hears that it is busy, and no
/// thread that a loss or a lock waits for is theirs.
const READING_MAX: usize = 2;
/// Names that are known; beyond them those that nobody asks for are forgotten first.
const KNOWN_MAX: usize = 1_024;

struct Published {
    folder: PathBuf,
    metrics: Metrics,
    names: Names,
}

/// A file as it lies there: where, which one, of when and how long. Files are replaced whole, so
/// that a changed one is another.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Version {
    path: PathBuf,
    inode: u64,
    changed: (i64, i64),
    length: u64,
}

/// SHA-256 of files, each read once.
struct Names {
    known: Cache<Version, [u8; 32]>,
    reading: Arc<Semaphore>,
    /// How many were read.
    read: AtomicU64,
}

impl Default for Names {
    fn default() -> Self {
        let reading = Arc::new(Semaphore::new(READING_MAX));
        Self { known: Cache::new(KNOWN_MAX), reading, read: AtomicU64::new(0) }
    }
}

impl Names {
    /// The name of an open file; read for it, if it is not known, in one of a few places.
    async fn of(&self, opened: OpenFile) -> Result<(OpenFile, [u8; 32]), Unserved> {
        let version = opened.version.clone();
        if let Some(sha256) = self.known.get(&version) {
            return Ok((opened, sha256));
        }
        let place = self.reading.clone().try_acquire_owned().map_err(|_| Unserved::Busy)?;
        let reading = tokio::task::spawn_blocking(move || {
            let (_place, mut opened) = (place, opened);
            opened.sha256().map(|sha256| (opened, sha256))
        });
        let read = reading.await.map_err(|_| Unserved::NotFound)?;
        let (opened, sha256) = read.map_err(|_| Unserved::NotFound)?;
        self.read.fetch_add(1, Ordering::Relaxed);
        self.known.insert(version, sha256);
        Ok((opened, sha256))
    }
}

/// Why a file is not served.
enum Unserved {
    NotFound,
    Busy,
}

/// Serves some subfolders of a folder; nothing else of it, no hidden file, no way out.
pub fn files(folder: &Path, below: &[&str], metrics: Metrics) -> Router {
    let names = Names::default();
    let state = Arc::new(Published { folder: folder.to_owned(), metrics, names });
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
    let Some(path) = plain(uri.path()) else {
        return service::problem::refusal(Code::NotFound);
    };
    let (opened, tag) = match named(&published, &path).await {
        Ok(named) => named,
        Err(Unserved::NotFound) => {
            published.metrics.count("file", "not-found");
            return service::problem::refusal(Code::NotFound);
        }
        Err(Unserved::Busy) => {
            published.metrics.count("file", "busy");
            return later(service::problem::busy());
        }
    };
    published.metrics.count("file", "done");
    let mut response = if is_had(&headers, &tag) {
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

/// The file, and its tag: of what never changes its name says enough, of all else what is in it.
async fn named(published: &Published, path: &str) -> Result<(OpenFile, String), Unserved> {
    let (folder, below) = (published.folder.clone(), PathBuf::from(path));
    let opened = tokio::task::spawn_blocking(move || OpenFile::of(&folder, below)).await;
    let opened = opened.ok().and_then(Result::ok).ok_or(Unserved::NotFound)?;
    if never_changes(path) {
        return Ok((opened, format!("\"{path}\"")));
    }
    let (opened, sha256) = published.names.of(opened).await?;
    let digest = HEXLOWER.encode(&sha256);
    Ok((opened, format!("\"{}\"", digest.get(..32).unwrap_or(&digest))))
}

/// A refusal that is another one in a moment.
fn later(mut response: Response) -> Response {
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    response
}

/// An open file. Files are replaced whole: what is open stays what it was.
struct OpenFile {
    file: File,
    version: Version,
    length: u64,
}

impl OpenFile {
    fn of(folder: &Path, path: PathBuf) -> io::Result<Self> {
        let file = system::file::open_below(folder, &path)?;
        let read = file.metadata()?;
        let (inode, length) = (read.ino(), read.len());
        let version = Version { path, inode, changed: (read.mtime(), read.mtime_nsec()), length };
        Ok(Self { file, version, length })
    }

    /// Reads all of it, and is at its beginning again.
    fn sha256(&mut self) -> io::Result<[u8; 32]> {
        let (mut digest, mut piece) = (Sha256::new(), vec![0; PIECE_BYTES]);
        loop {
            let read = self.file.read(&mut piece)?;
            let Some(bytes) = piece.get(..read).filter(|bytes| !bytes.is_empty()) else { break };
            digest.update(bytes);
        }
        self.file.rewind()?;
        Ok(digest.finalize().into())
    }

    fn body(self) -> Body {
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
        "json" => "application/json",
        _ if path.ends_with("checkpoint") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

/// Numbered lists and tiles never change.
fn never_changes(path: &str) -> bool {
    let segments: Vec<&str> = path.split('/').collect();
    matches!(segments.as_slice(), ["crl", "root", _] | ["crl", _, _, _] | [_, "tile", ..])
}

/// Of what changes, certificates hardly do; current lists and checkpoints do.
fn cache_control(path: &str) -> &'static str {
    match path.split('/').next() {
        _ if never_changes(path) => "public, max-age=31536000, immutable",
        Some("crl") => "public, max-age=60, must-revalidate",
        Some("ca") if !path.ends_with(".json") => "public, max-age=86400",
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

    fn published(folder: &tempfile::TempDir) -> Arc<Published> {
        let (metrics, names) = (Metrics::default(), Names::default());
        Arc::new(Published { folder: folder.path().to_owned(), metrics, names })
    }

    async fn ask(
        state: &Arc<Published>,
        path: &'static str,
        tag: Option<&HeaderValue>,
    ) -> Response {
        let (uri, mut headers) = (axum::http::Uri::from_static(path), HeaderMap::new());
        if let Some(tag) = tag {
            headers.insert(header::IF_NONE_MATCH, tag.clone());
        }
        file(State(state.clone()), uri, UrlPath(String::new()), headers).await
    }

    /// Whoever writes below the folder leads nobody out of it, and holds no thread.
    #[tokio::test]
    async fn a_link_and_a_pipe_are_not_found() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::create_dir(at("crl")).unwrap();
        std::fs::write(at("crl/0.crl"), "list").unwrap();
        std::os::unix::fs::symlink("0.crl", at("crl/1.crl")).unwrap();
        std::os::unix::fs::symlink("crl", at("ca")).unwrap();
        let made = std::process::Command::new("mkfifo").arg(at("crl/2.crl")).status().unwrap();
        assert!(made.success());
        let state = published(&folder);
        assert_eq!(ask(&state, "/crl/0.crl", None).await.status(), StatusCode::OK);
        for path in ["/crl/1.crl", "/ca/0.crl", "/crl/2.crl"] {
            assert_eq!(ask(&state, path, None).await.status(), StatusCode::NOT_FOUND, "{path}");
        }
    }

    /// However often strangers ask whether a list is another, it is read for that once, and again
    /// when it is another one. What has a number is not read at all.
    #[tokio::test]
    async fn a_file_is_read_for_its_name_once() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("crl/issuing-1/0")).unwrap();
        let (current, numbered) = ("/crl/issuing-1/0.crl", "/crl/issuing-1/0/7.crl");
        let put = |path: &str, text: &str| {
            let path = folder.path().join(path.trim_start_matches('/'));
            system::file::replace(&path, text.as_bytes()).unwrap();
        };
        put(current, "one");
        put(numbered, "seven");
        let state = published(&folder);
        let first = ask(&state, current, None).await.headers()[header::ETAG].clone();
        for _ in 0..1_000 {
            let again = ask(&state, current, Some(&first)).await;
            assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
        }
        assert_eq!(state.names.read.load(Ordering::Relaxed), 1);
        let of_number = ask(&state, numbered, None).await.headers()[header::ETAG].clone();
        let again = ask(&state, numbered, Some(&of_number)).await;
        assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
        assert_eq!(state.names.read.load(Ordering::Relaxed), 1);
        put(current, "two");
        let second = ask(&state, current, Some(&first)).await;
        assert_eq!(second.status(), StatusCode::OK);
        assert_ne!(second.headers()[header::ETAG], first);
        assert_eq!(state.names.read.load(Ordering::Relaxed), 2);
    }

    /// Where all places to read files for their names are taken, whoever asks hears that; what is
    /// known is served.
    #[tokio::test]
    async fn files_are_read_for_their_names_in_few_places() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("crl")).unwrap();
        for name in ["0.crl", "1.crl"] {
            std::fs::write(folder.path().join("crl").join(name), name).unwrap();
        }
        let state = published(&folder);
        assert_eq!(ask(&state, "/crl/0.crl", None).await.status(), StatusCode::OK);
        let most = u32::try_from(READING_MAX).unwrap();
        let taken = state.names.reading.clone().acquire_many_owned(most).await.unwrap();
        let refused = ask(&state, "/crl/1.crl", None).await;
        assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert!(refused.headers().contains_key(header::RETRY_AFTER));
        assert_eq!(ask(&state, "/crl/0.crl", None).await.status(), StatusCode::OK);
        drop(taken);
        assert_eq!(ask(&state, "/crl/1.crl", None).await.status(), StatusCode::OK);
    }

    /// Whoever reads a large list slowly holds a piece of it.
    #[tokio::test]
    async fn a_large_file_leaves_in_pieces() {
        use axum::body::HttpBody;
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("crl")).unwrap();
        let state = published(&folder);
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
        assert_eq!(cache_control("ca/trust-bundle.json"), "no-cache");
    }
}
