//! Which crates there are, what each is built from, and where a test stands.

use anyhow::Context;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// The programs of a city, and what stories start beside them: the one that founds it, and an
/// application.
pub(super) const ALL: [&str; 7] =
    ["ca-server", "ra-portal", "agent", "yinxin", "yinxin-verify", "xtask", "exchange"];
const ASIDE: [&str; 2] = ["xtask", "exchange"];

/// Our crates: the folder of each, and which others it is built from.
pub(super) struct Workspace {
    crates: BTreeMap<String, Member>,
    sources: Vec<(PathBuf, String)>,
}

struct Member {
    folder: PathBuf,
    programs: Vec<String>,
    needs: Vec<String>,
}

/// Where a test is, and what runs it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Test {
    /// A test of a crate, and the words by which `cargo` knows what holds it: its library, its
    /// program where it has none, or a test program of its own.
    Unit { package: String, target: Vec<String>, name: String },
    /// A story, with its path.
    Story { path: String },
}

impl Workspace {
    /// Reads manifests and sources below a folder; `files` are relative to it.
    pub(super) fn read(root: &Path, files: &[PathBuf]) -> anyhow::Result<Self> {
        let mut crates = BTreeMap::new();
        for file in files.iter().filter(|file| file.ends_with("Cargo.toml")) {
            let manifest: toml::Table = toml::from_str(&std::fs::read_to_string(root.join(file))?)?;
            let package = manifest.get("package").and_then(|package| package.get("name"));
            if let Some(name) = package.and_then(toml::Value::as_str) {
                let folder = file.parent().context("folder")?.to_owned();
                let (programs, needs) = (programs(&manifest, name), needs(&manifest));
                crates.insert(name.to_owned(), Member { folder, programs, needs });
            }
        }
        let rust = files.iter().filter(|file| file.extension().is_some_and(|end| end == "rs"));
        let read = |file: &PathBuf| Ok((file.clone(), std::fs::read_to_string(root.join(file))?));
        let sources = rust.map(read).collect::<anyhow::Result<_>>()?;
        Ok(Self { crates, sources })
    }

    /// The crate that a file belongs to; none for what no program is compiled from.
    pub(super) fn owner(&self, file: &Path) -> Option<&str> {
        let within = |member: &Member| file.starts_with(&member.folder);
        let mut owners: Vec<_> = self.crates.iter().filter(|(_, member)| within(member)).collect();
        owners.sort_by_key(|(_, member)| member.folder.components().count());
        owners.last().map(|(name, _)| name.as_str())
    }

    /// The programs of a city that hold a crate; all of them for a file of none.
    pub(super) fn programs(&self, owner: Option<&str>) -> BTreeSet<&'static str> {
        let holds = |program: &str| {
            let member =
                self.crates.iter().find(|(_, one)| one.programs.iter().any(|p| p == program));
            let (Some((name, _)), Some(owner)) = (member, owner) else { return true };
            self.closure(name).contains(owner)
        };
        ALL.into_iter().filter(|one| !ASIDE.contains(one) && holds(one)).collect()
    }

    fn closure<'a>(&'a self, name: &'a str) -> BTreeSet<&'a str> {
        let (mut found, mut open) = (BTreeSet::new(), vec![name]);
        while let Some(name) = open.pop() {
            if let Some(member) = self.crates.get(name)
                && found.insert(name)
            {
                open.extend(member.needs.iter().map(String::as_str));
            }
        }
        found
    }

    /// Where a test stands; a unit test before a story of the same name, since it is cheaper.
    pub(super) fn test(&self, named: &str) -> anyhow::Result<Test> {
        let (file, name) = match named.rsplit_once("::") {
            Some((file, name)) => (Some(file), name),
            None => (None, named),
        };
        let words = format!("fn {name}(");
        let mut found: Vec<Test> = Vec::new();
        for (path, _) in self.sources.iter().filter(|(_, text)| text.contains(&words)) {
            let story = path
                .strip_prefix("tests/tests/all")
                .ok()
                .map(|path| path.with_extension("").to_string_lossy().replace('/', "::"));
            match story {
                Some(story) if file.is_none_or(|file| file == story) => {
                    found.push(Test::Story { path: format!("{story}::{name}") });
                }
                None if file.is_none() => {
                    let package = self.owner(path).context("no crate")?.to_owned();
                    let target = self.target(&package, path).context("nothing to test")?;
                    found.push(Test::Unit { package, target, name: name.to_owned() });
                }
                _ => {}
            }
        }
        found.sort();
        found.into_iter().next().with_context(|| format!("there is no test {named}"))
    }
}

impl Workspace {
    /// What of a crate a file is tested with.
    fn target(&self, package: &str, path: &Path) -> Option<Vec<String>> {
        let member = self.crates.get(package)?;
        if let Some(program) = test_program(&member.folder, path) {
            return Some(vec!["--test".to_owned(), program]);
        }
        let library = member.folder.join("src/lib.rs");
        if self.sources.iter().any(|(source, _)| *source == library) {
            return Some(vec!["--lib".to_owned()]);
        }
        Some(vec!["--bin".to_owned(), member.programs.first()?.clone()])
    }
}

/// The test program of a crate that a file belongs to: `tests/NAME/…` or `tests/NAME.rs`.
fn test_program(folder: &Path, path: &Path) -> Option<String> {
    let within = path.strip_prefix(folder).ok()?;
    let name = within.strip_prefix("tests").ok()?.components().next()?;
    Some(Path::new(&name).file_stem()?.to_string_lossy().into_owned())
}

fn programs(manifest: &toml::Table, name: &str) -> Vec<String> {
    let listed = manifest.get("bin").and_then(toml::Value::as_array).into_iter().flatten();
    let named = listed.filter_map(|bin| bin.get("name").and_then(toml::Value::as_str));
    let named: Vec<String> = named.map(str::to_owned).collect();
    if named.is_empty() { vec![name.to_owned()] } else { named }
}

fn needs(manifest: &toml::Table) -> Vec<String> {
    let listed = manifest.get("dependencies").and_then(toml::Value::as_table);
    listed.into_iter().flat_map(toml::Table::keys).cloned().collect()
}
