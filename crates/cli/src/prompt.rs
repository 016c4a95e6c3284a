//! Asking people: passphrases without echo, confirmations by typing what is confirmed.

use crate::exit::Failure;
use rustix::termios::{LocalModes, OptionalActions, QueueSelector, tcflush, tcgetattr, tcsetattr};
use std::io::{BufRead, IsTerminal, stdin};
use std::path::Path;
use system::terminal::Reader;
use system::{speech, terminal};
use zeroize::Zeroizing;

/// Shortest passphrase that people may choose, in characters.
const PASSPHRASE_CHARS_MIN: usize = 12;
/// What names the file of a passphrase.
const FILE: &str = "--passphrase-file";

/// The passphrase of an existing key: from a file, or asked.
pub(crate) fn passphrase(file: Option<&Path>) -> Result<Zeroizing<String>, Failure> {
    match file {
        Some(path) => from_file(path),
        None => hidden(("密钥口令", "passphrase"), FILE),
    }
}

/// The passphrase of a new key: from a file, or asked twice.
pub(crate) fn new_passphrase(file: Option<&Path>) -> Result<Zeroizing<String>, Failure> {
    let chosen = match file {
        Some(path) => from_file(path)?,
        None => {
            let first = hidden(
                ("新口令（至少 12 个字符）", "new passphrase (12 characters at least)"),
                FILE,
            )?;
            let second = hidden(("再输一次", "once more"), FILE)?;
            if *first != *second {
                return Err(Failure::usage("两次输入不一致。", "the two differ"));
            }
            first
        }
    };
    if chosen.chars().count() < PASSPHRASE_CHARS_MIN {
        return Err(Failure::usage(
            "口令太短，至少 12 个字符。",
            format!("the passphrase has fewer than {PASSPHRASE_CHARS_MIN} characters"),
        ));
    }
    Ok(chosen)
}

/// The first line of a file that nobody else can read.
pub(crate) fn from_file(path: &Path) -> Result<Zeroizing<String>, Failure> {
    Ok(keys::passphrase_from_file(path)?)
}

/// Asks without echo. Where there is no terminal a script must bring a file, by the option that is
/// named.
pub(crate) fn hidden((zh, en): (&str, &str), option: &str) -> Result<Zeroizing<String>, Failure> {
    let typed = stdin();
    if !typed.is_terminal() {
        return Err(Failure::usage("没有终端可供输入。", "there is no terminal to ask on")
            .next(format!("同一命令，加上 {option} FILE / the same with {option} FILE")));
    }
    terminal::question(&format!("{}: ", speech::both(zh, en)));
    let failed = |_| Failure::usage("无法关闭回显。", "the echo cannot be switched off");
    let before = tcgetattr(&typed).map_err(failed)?;
    let mut silent = before.clone();
    silent.local_modes.remove(LocalModes::ECHO);
    tcsetattr(&typed, OptionalActions::Now, &silent).map_err(failed)?;
    let mut line = Zeroizing::new(String::new());
    let read = typed.lock().read_line(&mut line);
    let _ = tcsetattr(&typed, OptionalActions::Now, &before);
    terminal::complaint("");
    read.map_err(|error| Failure::because("输入中断", &error))?;
    Ok(Zeroizing::new(line.trim_end_matches(['\r', '\n']).to_owned()))
}

/// A national number, which no history of a shell has then.
pub(crate) fn number() -> Result<String, Failure> {
    if !stdin().is_terminal() {
        return Err(Failure::usage("没有终端可供输入证件号。", "there is no terminal to ask on")
            .next("同一命令，加上 --number NUMBER / the same with --number NUMBER"));
    }
    terminal::question(&format!("{} ", speech::both("证件号：", "identity number:")));
    let mut line = String::new();
    let read = stdin().lock().read_line(&mut line);
    read.map_err(|error| Failure::because("输入中断", &error))?;
    Ok(line.trim().to_owned())
}

/// There is nobody to ask.
pub(crate) fn no_terminal() -> Failure {
    Failure::usage("没有终端可供确认。", "there is no terminal to confirm on")
        .next("同一命令，加上 --yes / the same with --yes")
}

/// Asks where somebody reads for `word` to be typed; anything else means no. Nothing typed is no
/// consent, whatever the word was made from, and neither is what lay there before the question: a
/// further line that was pasted with the command.
pub(crate) fn confirm(reader: Reader, (zh, en): (&str, &str), word: &str) -> Result<(), Failure> {
    if !stdin().is_terminal() {
        return Err(no_terminal());
    }
    tcflush(stdin(), QueueSelector::IFlush)
        .map_err(|error| Failure::because("终端的输入无法清空", &error))?;
    reader.question(&format!("{} ", speech::both(zh, en)));
    let mut line = String::new();
    stdin().lock().read_line(&mut line).map_err(|error| Failure::because("输入中断", &error))?;
    if is_consent(&line, word) {
        Ok(())
    } else {
        let failure = Failure::usage("未确认，没有作任何操作。", "not confirmed; nothing was done");
        Err(failure.next(format!(
            "再次运行同一命令，输入 {word} / the same command again, and type {word}"
        )))
    }
}

fn is_consent(typed: &str, word: &str) -> bool {
    !word.is_empty() && typed.trim() == word
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_typed_is_no_consent() {
        assert!(is_consent("K3PQ\n", "K3PQ"));
        for (typed, word) in [("\n", ""), ("", ""), ("\n", "K3PQ"), ("k3pq\n", "K3PQ")] {
            assert!(!is_consent(typed, word), "{typed:?} {word:?}");
        }
    }
}
