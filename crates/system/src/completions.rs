//! What shells need to complete the commands of a program, and its manual pages: made from the same
//! definitions as the commands, so that they cannot differ. Each program of ours has both.

use crate::speech::fact;
pub use clap_complete::Shell;
use clap_mangen::Man;
use std::io;
use std::path::{Path, PathBuf};

/// What is wanted.
#[derive(clap::Args)]
pub struct Completions {
    /// Which shell. 命令行解释器
    #[arg(required_unless_present = "man", conflicts_with = "man")]
    shell: Option<Shell>,
    /// Folder that manual pages are written to instead, one a command. 手册页目录
    #[arg(long, value_name = "FOLDER")]
    man: Option<PathBuf>,
}

/// A page that could not be written.
#[derive(Debug, thiserror::Error)]
#[error("{}: {error}", .path.display())]
pub struct UnwrittenPage {
    /// The page was to be written to this path.
    pub path: PathBuf,
    /// The error is that of the file system.
    pub error: io::Error,
}

impl Completions {
    /// For a program that has no verbs.
    #[must_use]
    pub fn of(shell: Option<Shell>, man: Option<PathBuf>) -> Self {
        Self { shell, man }
    }

    /// Writes the manual pages of a program, or prints what a shell needs.
    ///
    /// # Errors
    ///
    /// If a page cannot be written.
    pub fn write(&self, mut command: clap::Command) -> Result<(), UnwrittenPage> {
        if let Some(folder) = &self.man {
            let failed = |error| UnwrittenPage { path: folder.clone(), error };
            std::fs::create_dir_all(folder).map_err(failed)?;
            command = command.disable_help_subcommand(true);
            command.build();
            let mut written = Pages::default();
            let done = pages(&command, folder, &mut written);
            written.tell();
            return done;
        }
        if let Some(shell) = self.shell {
            let (name, mut script) = (command.get_name().to_owned(), Vec::new());
            clap_complete::generate(shell, &mut command, name, &mut script);
            crate::terminal::script(&String::from_utf8_lossy(&script));
        }
        Ok(())
    }
}

/// How many pages were written, of which that were not there before.
#[derive(Default)]
struct Pages {
    new: usize,
    replaced: usize,
}

impl Pages {
    fn tell(&self) {
        for (name, count) in [
            (("新写的手册页", "manual pages written"), self.new),
            (("已替换的手册页", "manual pages replaced"), self.replaced),
        ] {
            if count > 0 {
                fact("", name, count);
            }
        }
    }
}

/// Writes the page of a command and those of the commands below it; older ones are replaced.
fn pages(command: &clap::Command, folder: &Path, written: &mut Pages) -> Result<(), UnwrittenPage> {
    for inner in command.get_subcommands().filter(|inner| !inner.is_hide_set()) {
        pages(inner, folder, written)?;
    }
    let page = Man::new(command.clone());
    let path = folder.join(page.get_filename());
    let (mut text, was_there) = (Vec::new(), path.exists());
    let done = page.render(&mut text).and_then(|()| crate::file::replace(&path, &text));
    done.map_err(|error| UnwrittenPage { path, error })?;
    let count = if was_there { &mut written.replaced } else { &mut written.new };
    *count += 1;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A second run says that it replaced what the first wrote.
    #[test]
    fn pages_that_were_there_are_counted_as_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let mut command = clap::Command::new("box").disable_help_subcommand(true);
        command = command.subcommand(clap::Command::new("open"));
        command.build();
        let run = || {
            let mut written = Pages::default();
            pages(&command, folder.path(), &mut written).unwrap();
            (written.new, written.replaced)
        };
        assert_eq!(run(), (2, 0));
        assert_eq!(run(), (0, 2));
        std::fs::remove_file(folder.path().join("box-open.1")).unwrap();
        assert_eq!(run(), (1, 1));
    }
}
