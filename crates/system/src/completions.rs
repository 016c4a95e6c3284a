//! What shells need to complete the commands of a program, and its manual pages: made from the same
//! definitions as the commands, so that they cannot differ. Each program of ours has both.

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
pub struct Unwritten {
    /// Which.
    pub path: PathBuf,
    /// Why.
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
    pub fn write(&self, mut command: clap::Command) -> Result<(), Unwritten> {
        if let Some(folder) = &self.man {
            let failed = |error| Unwritten { path: folder.clone(), error };
            std::fs::create_dir_all(folder).map_err(failed)?;
            command = command.disable_help_subcommand(true);
            command.build();
            return pages(&command, folder);
        }
        if let Some(shell) = self.shell {
            let (name, mut script) = (command.get_name().to_owned(), Vec::new());
            clap_complete::generate(shell, &mut command, name, &mut script);
            crate::terminal::script(&String::from_utf8_lossy(&script));
        }
        Ok(())
    }
}

/// Writes the page of a command and those of the commands below it; older ones are replaced.
fn pages(command: &clap::Command, folder: &Path) -> Result<(), Unwritten> {
    for inner in command.get_subcommands().filter(|inner| !inner.is_hide_set()) {
        pages(inner, folder)?;
    }
    let page = Man::new(command.clone());
    let path = folder.join(page.get_filename());
    let mut text = Vec::new();
    let written = page.render(&mut text).and_then(|()| crate::file::replace(&path, &text));
    written.map_err(|error| Unwritten { path, error })
}
