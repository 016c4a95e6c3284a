//! What the rules are asked of: the crates of the workspace, their files, and Rust text without its
//! words.

use std::path::{Path, PathBuf};
use tests::workspace;

/// One member of the workspace.
pub struct Crate {
    pub name: String,
    pub folder: PathBuf,
    pub manifest: toml::Table,
}

impl Crate {
    /// Whether it is a program or a library that a city runs, not what looks at them.
    pub fn is_shipped(&self) -> bool {
        let folder = self.folder.strip_prefix(workspace()).unwrap();
        !["tests", "xtask", "examples", "fuzz"].iter().any(|aside| folder.starts_with(aside))
    }

    /// Its Rust files, those of nested crates left out.
    pub fn files(&self) -> Vec<PathBuf> {
        files_below(&self.folder)
    }
}

/// Every crate of ours, wherever it lies below the workspace.
pub fn crates() -> Vec<Crate> {
    let mut found = Vec::new();
    let mut folders = vec![workspace()];
    while let Some(folder) = folders.pop() {
        let text = std::fs::read_to_string(folder.join("Cargo.toml")).unwrap_or_default();
        let manifest: toml::Table = toml::from_str(&text).unwrap();
        if let Some(package) = manifest.get("package") {
            let name = package["name"].as_str().unwrap().to_owned();
            found.push(Crate { name, folder: folder.clone(), manifest });
        }
        folders.extend(entries(&folder).into_iter().filter(|path| path.is_dir()));
    }
    found.sort_by(|one, other| one.name.cmp(&other.name));
    found
}

/// Every page of ours in Markdown.
pub fn pages() -> Vec<PathBuf> {
    let (mut found, mut folders) = (Vec::new(), vec![workspace()]);
    while let Some(folder) = folders.pop() {
        let (below, files): (Vec<_>, Vec<_>) =
            entries(&folder).into_iter().partition(|path| path.is_dir());
        folders.extend(below);
        found.extend(files.into_iter().filter(|path| path.extension().is_some_and(|e| e == "md")));
    }
    found
}

pub fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for path in entries(folder) {
        if path.is_dir() && !path.join("Cargo.toml").exists() {
            found.extend(files_below(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found
}

/// What lies in a folder, in order; what is built and what is hidden is not ours.
fn entries(folder: &Path) -> Vec<PathBuf> {
    let listed = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    let mut found: Vec<PathBuf> = listed
        .filter(|entry| {
            let name = entry.file_name().to_string_lossy().into_owned();
            let made: &[&str] =
                if folder == workspace() { &["target", "run", "dist"] } else { &["target"] };
            !name.starts_with('.') && !made.contains(&name.as_str())
        })
        .map(|entry| entry.path())
        .collect();
    found.sort();
    found
}

/// The path as people name it.
pub fn shown(path: &Path) -> String {
    path.strip_prefix(workspace()).unwrap_or(path).display().to_string()
}

/// Words and signs of Rust text, `::` as one; comments and what stands in quotes are left out.
pub fn tokens(text: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let taken = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |at| at + 2)
        } else if let Some(length) = literal(rest) {
            length
        } else if first.is_alphanumeric() || first == '_' {
            let length = rest.find(|c: char| !c.is_alphanumeric() && c != '_');
            let word = &rest[..length.unwrap_or(rest.len())];
            found.push(word.to_owned());
            word.len()
        } else if rest.starts_with("::") {
            found.push("::".to_owned());
            2
        } else {
            if !first.is_whitespace() {
                found.push(first.to_string());
            }
            first.len_utf8()
        };
        rest = &rest[taken..];
    }
    found
}

/// How long the literal is that begins here: text, raw text, a character, a lifetime.
fn literal(text: &str) -> Option<usize> {
    let raw = text.strip_prefix('b').unwrap_or(text);
    if let Some(after) = raw.strip_prefix('r') {
        let hashes = after.len() - after.trim_start_matches('#').len();
        if after[hashes..].starts_with('"') {
            let end = format!("\"{}", "#".repeat(hashes));
            let start = text.len() - after.len() + hashes + 1;
            return Some(text[start..].find(&end).map_or(text.len(), |at| start + at + end.len()));
        }
    }
    let start = text.len() - raw.len();
    if raw.starts_with('"') {
        return Some(quoted(text, start, '"'));
    }
    let after = raw.strip_prefix('\'')?;
    let mut letters = after.chars();
    let first = letters.next()?;
    if first == '\\' || letters.next() == Some('\'') {
        return Some(quoted(text, start, '\''));
    }
    Some(start + 1 + first.len_utf8())
}

fn quoted(text: &str, start: usize, end: char) -> usize {
    let mut escaped = false;
    for (at, letter) in text.char_indices().filter(|(at, _)| *at > start) {
        match letter {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if letter == end => return at + 1,
            _ => {}
        }
    }
    text.len()
}
