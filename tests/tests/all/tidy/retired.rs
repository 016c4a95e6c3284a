//! Words that pages and commands no longer say, since another says it better: one that comes back
//! is found, wherever people read it.

use super::sources::shown;
use std::path::{Path, PathBuf};
use tests::workspace;

/// What was said, and what is said instead.
const RETIRED: [(&str, &str); 9] = [
    ("有效至", "有效期至"),
    ("通常\" \"", "承诺办结时限"),
    ("<dt>通常</dt>", "承诺办结时限"),
    ("\"模板\"", "证书模板"),
    ("人员名单", "人员数据"),
    ("为谁", "证书持有人"),
    ("登记人员", "登记员"),
    ("安全管理员", "安全保密管理员"),
    ("没有办成", "未能办理"),
];

/// Where words for people stand, and pages and letters as they come out.
const READ: [&str; 11] = [
    "ra-portal/src",
    "ra-portal/templates",
    "crates/cli/src",
    "crates/cli/templates",
    "crates/portal-api/src",
    "crates/plain/src",
    "crates/records/src",
    "crates/verify/src",
    "agent",
    "ca-server",
    "tests/golden",
];

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => files(&path, found),
            false => found.push(path),
        }
    }
}

#[test]
fn no_word_that_was_retired_comes_back() {
    let mut all = Vec::new();
    READ.iter().for_each(|folder| files(&workspace().join(folder), &mut all));
    assert!(all.len() > 200, "{}", all.len());
    let mut back = Vec::new();
    for path in all {
        let Ok(text) = std::fs::read_to_string(&path) else { continue };
        for (was, is) in RETIRED.iter().filter(|(was, _)| text.contains(was)) {
            back.push(format!("{}: {was} is said {is} now", shown(&path)));
        }
    }
    assert!(back.is_empty(), "{back:#?}");
}
