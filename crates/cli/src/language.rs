//! Which language this program speaks: Chinese or English as the environment says, both where it
//! says neither.

use clap::Command;

/// What people read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Spoken {
    /// 只用中文
    Chinese,
    /// English only.
    English,
    /// 中文 and English, beside each other.
    Both,
}

impl Spoken {
    /// As the environment says.
    pub(crate) fn here() -> Self {
        Self::of(|name| std::env::var(name).ok())
    }

    /// `YINXIN_LANG`, then what POSIX asks for messages, the first of these that is set and not
    /// empty.
    fn of(variable: impl Fn(&str) -> Option<String>) -> Self {
        let names = ["YINXIN_LANG", "LC_ALL", "LC_MESSAGES", "LANG"];
        let set = names.iter().find_map(|name| variable(name).filter(|text| !text.is_empty()));
        match set.unwrap_or_default().get(..2) {
            Some("zh") => Self::Chinese,
            Some("en") => Self::English,
            _ => Self::Both,
        }
    }

    /// A short text, or both beside each other.
    pub(crate) fn of_both(self, zh: &str, en: &str) -> String {
        match self {
            Self::Chinese => zh.to_owned(),
            Self::English => en.to_owned(),
            Self::Both => format!("{zh} / {en}"),
        }
    }

    /// What stands in `--help`, in one language: each text there is English, then Chinese, which a
    /// test keeps.
    pub(crate) fn help(self, command: Command) -> Command {
        if self == Self::Both {
            return command;
        }
        let about = command.get_about().map(|text| self.part(&text.to_string()));
        let long = command.get_long_about().map(|text| self.paragraphs(&text.to_string()));
        let after = command.get_after_help().map(|text| self.lines(&text.to_string()));
        let names: Vec<String> =
            command.get_subcommands().map(|one| one.get_name().to_owned()).collect();
        let mut command = command.mut_args(|argument| {
            let help = argument.get_help().map(|text| self.part(&text.to_string()));
            let argument = match help {
                Some(help) => argument.help(help).long_help(None::<&str>),
                None => argument,
            };
            match (self, argument.is_positional()) {
                (Self::Chinese, true) => argument.help_heading("参数"),
                (Self::Chinese, false) => argument.help_heading("选项"),
                _ => argument,
            }
        });
        command = command.about(about.unwrap_or_default());
        if let Some(long) = long {
            command = command.long_about(long);
        }
        if let Some(after) = after {
            command = command.after_help(after);
        }
        if self == Self::Chinese {
            command = command.subcommand_help_heading("命令").help_template(
                "{before-help}{about-with-newline}\n用法: {usage}\n\n{all-args}{after-help}",
            );
        }
        for name in names {
            command = command.mut_subcommand(name, |one| self.help(one));
        }
        command
    }

    /// One language of a text that is English, then Chinese.
    fn part(self, text: &str) -> String {
        let begins = text.find(is_chinese).unwrap_or(text.len());
        let (english, chinese) = text.split_at(begins);
        match (self, chinese.is_empty()) {
            (Self::Chinese, false) => chinese.trim_end_matches('。').to_owned(),
            _ => english.trim().trim_end_matches('.').to_owned(),
        }
    }

    fn paragraphs(self, text: &str) -> String {
        text.split("\n\n").map(|one| self.part(one)).collect::<Vec<_>>().join("\n\n")
    }

    /// Lines of which each may say the same twice, with ` / ` between.
    fn lines(self, text: &str) -> String {
        let chosen = |line: &str| match (self, line.split_once(" / ")) {
            (Self::Both, _) | (_, None) => line.to_owned(),
            (_, Some((one, other))) => {
                let chinese_first = one.contains(is_chinese);
                let indent: String = line.chars().take_while(|c| *c == ' ').collect();
                let wanted = (self == Self::Chinese) == chinese_first;
                match wanted {
                    // What follows the second term is for both.
                    true => match other.split_once(": ") {
                        Some((_, rest)) => format!("{one}: {rest}"),
                        None => one.to_owned(),
                    },
                    false => format!("{indent}{other}"),
                }
            }
        };
        text.lines().map(chosen).collect::<Vec<_>>().join("\n")
    }
}

pub(crate) fn is_chinese(character: char) -> bool {
    ('\u{3400}'..='\u{9fff}').contains(&character)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_says_which_language() {
        let of = |pairs: &[(&str, &str)]| {
            let find = |name: &str| pairs.iter().find(|(known, _)| *known == name);
            Spoken::of(|name| find(name).map(|(_, value)| (*value).to_owned()))
        };
        assert_eq!(of(&[("LANG", "zh_CN.UTF-8")]), Spoken::Chinese);
        assert_eq!(of(&[("LANG", "en_GB.UTF-8")]), Spoken::English);
        assert_eq!(of(&[("LANG", "zh_CN.UTF-8"), ("LC_ALL", "en_US")]), Spoken::English);
        assert_eq!(of(&[("LANG", "en_US"), ("LC_MESSAGES", "zh_CN")]), Spoken::Chinese);
        assert_eq!(of(&[("LC_ALL", ""), ("LANG", "zh_CN")]), Spoken::Chinese);
        assert_eq!(of(&[("LC_ALL", "en_US"), ("YINXIN_LANG", "zh")]), Spoken::Chinese);
        for neither in ["C.UTF-8", "POSIX", "", "de_DE.UTF-8"] {
            assert_eq!(of(&[("LANG", neither)]), Spoken::Both, "{neither}");
        }
        assert_eq!(of(&[]), Spoken::Both);
    }
}
