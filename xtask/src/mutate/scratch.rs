//! The scratch copy of the tree, in which protections are taken out, with a target folder of its
//! own that is used again; and a stage, where the programs of one story lie beside it.

use crate::mutate::list::Edit;
use crate::mutate::workspace::ALL;
use anyhow::{Context, ensure};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The copy.
pub(super) struct Scratch {
    home: PathBuf,
    /// The files of the tree, relative to it.
    pub files: Vec<PathBuf>,
}

/// What was exchanged; dropped, it is put back.
pub(super) struct Applied(Vec<(PathBuf, String)>);

impl Drop for Applied {
    fn drop(&mut self) {
        for (path, text) in self.0.iter().rev() {
            if let Err(error) = std::fs::write(path, text) {
                eprintln!("{} is left changed: {error}", path.display());
            }
        }
    }
}

impl Scratch {
    /// Makes the copy as the tree is now; a file that did not change is not written, so that
    /// nothing is built twice.
    pub(super) fn make(root: &Path) -> anyhow::Result<Self> {
        let words = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
        let listed = crate::tool::run(Command::new("git").args(words).current_dir(root))?;
        let files = listed.split('\0').filter(|name| !name.is_empty()).map(PathBuf::from);
        let files: Vec<PathBuf> = files.filter(|file| root.join(file).is_file()).collect();
        let scratch = Self { home: root.join("target/mutate"), files };
        let tree = scratch.tree();
        for file in &scratch.files {
            let (from, to) = (std::fs::read(root.join(file))?, tree.join(file));
            if std::fs::read(&to).is_ok_and(|old| old == from) {
                continue;
            }
            std::fs::create_dir_all(to.parent().context("folder")?)?;
            std::fs::write(to, from)?;
        }
        scratch.remove_others(&tree)?;
        let tools = tree.join(".tools");
        if !tools.exists() {
            std::os::unix::fs::symlink(root.join(".tools"), tools)?;
        }
        Ok(scratch)
    }

    fn remove_others(&self, folder: &Path) -> anyhow::Result<()> {
        let known: BTreeSet<PathBuf> =
            self.files.iter().map(|file| self.tree().join(file)).collect();
        for entry in std::fs::read_dir(folder)? {
            let (path, kind) = entry.and_then(|one| Ok((one.path(), one.file_type()?)))?;
            if kind.is_dir() {
                self.remove_others(&path)?;
            } else if kind.is_file() && !known.contains(&path) {
                std::fs::remove_file(path)?;
            }
        }
        Ok(())
    }

    /// The tree.
    pub(super) fn tree(&self) -> PathBuf {
        self.home.join("tree")
    }

    /// Takes protections out, until what comes back is dropped.
    pub(super) fn apply(&self, edits: &[Edit]) -> anyhow::Result<Applied> {
        let mut applied = Applied(Vec::new());
        for edit in edits {
            let path = self.tree().join(&edit.file);
            let text =
                std::fs::read_to_string(&path).with_context(|| edit.file.display().to_string())?;
            let changed = edit.apply(&text);
            let changed = changed.with_context(|| {
                format!("{}: not exactly once: {}", edit.file.display(), edit.take.trim())
            })?;
            std::fs::write(&path, changed)?;
            applied.0.push((path, text));
        }
        Ok(applied)
    }

    /// `cargo` in the tree.
    pub(super) fn cargo(&self, words: &[&str]) -> Command {
        let mut command = Command::new("cargo");
        command.args(words).current_dir(self.tree());
        command.env("CARGO_TARGET_DIR", self.home.join("target"));
        // Nobody debugs these; panics say where they are all the same.
        command.env("CARGO_PROFILE_DEV_DEBUG", "0");
        command
    }

    /// Tests of one crate, in what the words of `target` name. `xtask`, which has none, is named so
    /// that libraries have much the same features for every crate, and are built once.
    pub(super) fn unit_tests(&self, package: &str, target: &[String], name: &str) -> Command {
        let mut command = self.cargo(&["test", "-p", package, "-p", "xtask"]);
        command.args(target);
        command.args(match name {
            "" => vec!["--no-run", "--quiet"],
            name => vec!["--", name],
        });
        command
    }

    /// Builds programs, with the features of the whole workspace.
    pub(super) fn build_programs<'a>(
        &self,
        programs: impl IntoIterator<Item = &'a str>,
    ) -> anyhow::Result<()> {
        let mut command = self.cargo(&["build", "--quiet", "--workspace"]);
        programs.into_iter().for_each(|program| _ = command.args(["--bin", program]));
        let output = crate::tool::output(&mut command)?;
        ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr).trim());
        Ok(())
    }

    /// Builds the stories; where their program lies.
    pub(super) fn build_stories(&self) -> anyhow::Result<PathBuf> {
        let words =
            ["test", "--workspace", "--test", "all", "--no-run", "--message-format", "json"];
        let output = self.cargo(&words).output()?;
        ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let text = String::from_utf8(output.stdout)?;
        let lines = text.lines().filter_map(|line| serde_json::from_str(line).ok());
        let mut made = lines.filter_map(|line: serde_json::Value| {
            let named = line.get("target")?.get("name")?.as_str()? == "all";
            line.get("executable")?.as_str().filter(|_| named).map(PathBuf::from)
        });
        made.next_back().context("cargo named no program of the stories")
    }

    /// Keeps what was built now: the stories and all programs without any mutation.
    pub(super) fn keep(&self, stories: &Path) -> anyhow::Result<()> {
        let kept = self.home.join("kept");
        std::fs::create_dir_all(&kept)?;
        for program in ALL {
            copy_if_newer(&self.home.join("target/debug").join(program), &kept.join(program))?;
        }
        copy_if_newer(stories, &kept.join("all"))
    }

    /// Lays programs out in a place of their own for a story: those in `mutated` from what was
    /// built last, all others as they were kept. The program of the stories.
    pub(super) fn stage(
        &self,
        place: &str,
        mutated: &BTreeSet<&str>,
        stories: Option<&Path>,
    ) -> anyhow::Result<PathBuf> {
        let (kept, stage) = (self.home.join("kept"), self.home.join("stage").join(place));
        std::fs::create_dir_all(stage.join("deps"))?;
        for program in ALL {
            let to = stage.join(program);
            match mutated.contains(program) {
                true => copy_if_newer(&self.home.join("target/debug").join(program), &to)?,
                false => link(&kept.join(program), &to)?,
            }
        }
        let all = stage.join("deps/all");
        match stories {
            Some(stories) => copy_if_newer(stories, &all)?,
            None => link(&kept.join("all"), &all)?,
        }
        // Stories that run beside each other take ports from one block.
        let (shared, own) = (self.home.join("tests-keep"), stage.join("tests-keep"));
        std::fs::create_dir_all(&shared)?;
        if !own.exists() {
            std::os::unix::fs::symlink(shared, own)?;
        }
        Ok(all)
    }
}

fn copy_if_newer(from: &Path, to: &Path) -> anyhow::Result<()> {
    let time = |path: &Path| std::fs::metadata(path).and_then(|file| file.modified());
    if time(to).is_ok_and(|kept| time(from).is_ok_and(|built| built == kept)) {
        return Ok(());
    }
    let _ = std::fs::remove_file(to);
    let modified = time(from).with_context(|| from.display().to_string())?;
    std::fs::copy(from, to)?;
    Ok(std::fs::File::options().append(true).open(to)?.set_modified(modified)?)
}

/// A second name for a file, so that its time, from which templates of cities follow, stays.
fn link(from: &Path, to: &Path) -> anyhow::Result<()> {
    let _ = std::fs::remove_file(to);
    std::fs::hard_link(from, to).with_context(|| from.display().to_string())
}
