//! `yinxin completions`: what a shell needs to complete commands, and manual pages, made from the
//! same definitions as the commands, so that they cannot differ.

use crate::exit::{Failure, file_failure};
use clap_complete::Shell;
use clap_mangen::Man;
use std::path::{Path, PathBuf};

/// Arguments of `yinxin completions`.
#[derive(clap::Args)]
#[command(after_help = "bash: yinxin completions bash > \
    ~/.local/share/bash-completion/completions/yinxin\n\
    man:  yinxin completions --man ~/.local/share/man/man1")]
pub struct Arguments {
    /// Which shell. 命令行解释器
    #[arg(required_unless_present = "man", conflicts_with = "man")]
    shell: Option<Shell>,
    /// Folder that manual pages are written to instead, one a command. 手册页目录
    #[arg(long, value_name = "FOLDER")]
    man: Option<PathBuf>,
}

pub(crate) fn run(mut command: clap::Command, arguments: &Arguments) -> Result<(), Failure> {
    match (&arguments.man, arguments.shell) {
        (Some(folder), _) => {
            std::fs::create_dir_all(folder).map_err(|error| file_failure(folder, &error))?;
            command = command.disable_help_subcommand(true);
            command.build();
            pages(&command, folder)
        }
        (None, Some(shell)) => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut command, "yinxin", &mut script);
            system::terminal::script(&script);
            Ok(())
        }
        (None, None) => Err(Failure::usage("哪一种命令行解释器？", "say a shell, or --man FOLDER")),
    }
}

/// Writes the page of a command and those of the commands below it; older ones are replaced.
fn pages(command: &clap::Command, folder: &Path) -> Result<(), Failure> {
    for inner in command.get_subcommands().filter(|inner| !inner.is_hide_set()) {
        pages(inner, folder)?;
    }
    let page = Man::new(command.clone());
    let path = folder.join(page.get_filename());
    let mut text = Vec::new();
    let written = page.render(&mut text).and_then(|()| system::file::replace(&path, &text));
    written.map_err(|error| file_failure(&path, &error))
}
