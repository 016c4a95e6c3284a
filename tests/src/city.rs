//! Where the city of a test comes from. Founding one takes longer than most tests, so a city is
//! founded once for each block of ports, which stand in its certificates, and every test that takes
//! the block gets a copy. Whoever holds the lock of a block owns its template; a killed founding
//! leaves none.

use crate::built::{binary, target, workspace};
use crate::postgres::Server;
use std::ffi::OsStr;
use std::fmt::Write as _;
use std::fs::File;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::{Duration, SystemTime};

/// A template is used for as long as its lists and heartbeats are as fresh as those of a new city.
const TEMPLATE_AGE_MAX: Duration = Duration::from_secs(3600);

/// A block of ports that no other test uses, as long as this lives.
pub(crate) struct Block {
    pub(crate) base: u16,
    _lock: File,
}

impl Block {
    /// Takes the first that is free, so that templates are used again. Tests of other checkouts
    /// take ports of the same machine, so that locks lie where all of them look.
    pub(crate) fn take() -> Self {
        for block in 0..400 {
            let base = 20_000 + block * 24;
            let path = std::env::temp_dir().join(format!("yinxin-ports-{base}"));
            // Whose it is that cannot be opened has the block.
            let Ok(lock) = File::create(path) else { continue };
            let free = |offset| TcpListener::bind(("127.0.0.1", base + offset)).is_ok();
            if lock.try_lock().is_ok() && (0..24).all(free) {
                return Self { base, _lock: lock };
            }
        }
        panic!("no block of ports is free");
    }
}

/// Founds a city as `make run` does, with keys and PKCS#12 files of its own.
pub(crate) fn found_in_full(city: &Path, block: &Block, server: Option<&Server>) {
    if let Some(server) = server {
        server.make_empty(block.base);
    }
    found(city, block, server, &[]);
}

/// Copies the template of a block, which is founded if there is none that is still good.
pub(crate) fn copy(city: &Path, block: &Block, server: Option<&Server>) {
    let template = match server {
        Some(server) => on_server(block, server),
        None => in_files(block),
    };
    let copied = Command::new("cp").arg("-a").arg(template).arg(city).output().unwrap();
    assert!(copied.status.success(), "{}", String::from_utf8_lossy(&copied.stderr));
}

/// On SQLite a template is a folder that outlives the run, with what it was made of written beside
/// it.
fn in_files(block: &Block) -> PathBuf {
    let folder = target().join(format!("cities/{}", block.base));
    let (city, made_of) = (folder.join("city"), folder.join("made-of"));
    let written = std::fs::metadata(&made_of).and_then(|file| file.modified());
    let age = written.ok().and_then(elapsed_since);
    let same = std::fs::read_to_string(&made_of).is_ok_and(|text| text == ingredients());
    if !same || age.is_none_or(|age| age > TEMPLATE_AGE_MAX) {
        let _ = std::fs::remove_dir_all(&folder);
        found_for_tests(&city, block, None);
        std::fs::write(made_of, ingredients()).unwrap();
    }
    city
}

/// On PostgreSQL a template is a folder beside databases of the server, and ends with it.
fn on_server(block: &Block, server: &Server) -> PathBuf {
    let city = server.folder().join(format!("cities/{}", block.base));
    match city.exists() {
        true => server.make_from_template(block.base),
        false => {
            server.make_empty(block.base);
            found_for_tests(&city, block, Some(server));
            server.keep_as_template(block.base);
        }
    }
    city
}

/// Founds a city with keys that tests share.
fn found_for_tests(city: &Path, block: &Block, server: Option<&Server>) {
    let keys = target().join("first-people");
    found(city, block, server, &["--keys".as_ref(), keys.as_os_str()]);
}

fn found(city: &Path, block: &Block, server: Option<&Server>, more: &[&OsStr]) {
    let address = server.map(|server| server.address(block.base));
    let found = Command::new(binary("xtask"))
        .arg("--city")
        .arg(city)
        .arg("found")
        .args(more)
        .args(address.iter().flat_map(|address| ["--postgres", address]))
        .arg("--ports")
        .arg(block.base.to_string())
        .current_dir(workspace())
        .output()
        .unwrap();
    assert!(found.status.success(), "{}", String::from_utf8_lossy(&found.stderr));
}

/// What a template follows from: the programs that found it and the policies that it takes up.
fn ingredients() -> &'static str {
    static TEXT: OnceLock<String> = OnceLock::new();
    TEXT.get_or_init(|| {
        let mut files = ["xtask", "ca-server", "yinxin"].map(binary).to_vec();
        let mut folders = vec![workspace().join("policies")];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() { folders.push(path) } else { files.push(path) }
            }
        }
        files.sort();
        files.iter().fold(String::new(), |mut text, path| {
            let file = std::fs::metadata(path).unwrap();
            let (size, time) = (file.len(), file.modified().unwrap());
            writeln!(text, "{} {size} {time:?}", path.display()).unwrap();
            text
        })
    })
}

fn elapsed_since(time: SystemTime) -> Option<Duration> {
    time.elapsed().ok()
}
