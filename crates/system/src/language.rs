//! Which language a program speaks: Chinese or English as the environment says, both where it says
//! neither. Texts come in both, Chinese first; those of `--help` are English, then Chinese.

mod usage;

use clap::{Command, CommandFactory, FromArgMatches};
use std::sync::OnceLock;

/// The languages in which people read what a program prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpokenLanguage {
    /// 只用中文
    Chinese,
    /// English only.
    English,
    /// 中文 and English, beside each other.
    Both,
}

impl SpokenLanguage {
    /// As the environment of this process says.
    pub fn here() -> Self {
        static HERE: OnceLock<SpokenLanguage> = OnceLock::new();
        *HERE.get_or_init(|| Self::of(|name| std::env::var(name).ok()))
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
    pub fn of_both(self, zh: &str, en: &str) -> String {
        match self {
            Self::Chinese => zh.to_owned(),
            Self::English => en.to_owned(),
            Self::Both => format!("{zh} / {en}"),
        }
    }

    /// What of a line is for this reader, where it says the same twice, with ` / ` between.
    pub(crate) fn one_of(self, text: &str) -> String {
        if text.contains(is_chinese) { self.lines(text) } else { text.to_owned() }
    }

    /// What stands in `--help`, in one language: each text there is English, then Chinese, which a
    /// test keeps.
    pub fn help(self, mut command: Command) -> Command {
        if self == Self::Both {
            return command;
        }
        // The options that clap adds by itself are there only then.
        command.build();
        self.texts(command)
    }

    fn texts(self, command: Command) -> Command {
        let of_clap = command.get_name() == "help" && self == Self::Chinese;
        let about = of_clap.then(|| "显示帮助".to_owned());
        let about = about.or_else(|| command.get_about().map(|text| self.part(&text.to_string())));
        let long = command.get_long_about().map(|text| self.paragraphs(&text.to_string()));
        let after = command.get_after_help().map(|text| self.lines(&text.to_string()));
        let names: Vec<String> =
            command.get_subcommands().map(|one| one.get_name().to_owned()).collect();
        let mut command = command.mut_args(|argument| {
            let help = argument.get_help().map(|text| self.part(&text.to_string()));
            let help = match (self, argument.get_id().as_str()) {
                (Self::Chinese, "help") => Some("显示帮助".to_owned()),
                (Self::Chinese, "version") => Some("显示版本".to_owned()),
                _ => help,
            };
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
            command = command.mut_subcommand(name, |one| self.texts(one));
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

/// What was typed; the help speaks the language of whoever reads it.
pub fn typed<A: CommandFactory + FromArgMatches>() -> A {
    let spoken = SpokenLanguage::here();
    let typed = spoken.help(A::command()).try_get_matches();
    let typed = typed.and_then(|matches| A::from_arg_matches(&matches));
    typed.unwrap_or_else(|error| usage::refuse(spoken, &error))
}

/// The command that teaches what was typed, as far as its verbs go.
pub fn help_of_typed<A: CommandFactory>() -> String {
    let typed = std::env::args_os().skip(1).map_while(|word| word.into_string().ok());
    help_of(A::command(), typed)
}

fn help_of(mut command: Command, typed: impl Iterator<Item = String>) -> String {
    let mut help = command.get_name().to_owned();
    for word in typed {
        let Some(verb) = command.find_subcommand(&word).cloned() else { continue };
        help = format!("{help} {}", verb.get_name());
        command = verb;
    }
    format!("{help} --help")
}

/// Texts of a program's help that do not say the same in English, then in Chinese, each with the
/// command it stands at; a test of each program finds none.
pub fn one_sided(command: &Command) -> Vec<String> {
    let name = command.get_name();
    let of_arguments = command.get_arguments().map(|one| one.get_help());
    let texts = [command.get_about()].into_iter().chain(of_arguments);
    let wrong = |text: &String| {
        let (english, chinese) = text.split_at(text.find(is_chinese).unwrap_or(text.len()));
        chinese.is_empty() || !english.trim().ends_with(['.', ')', '?'])
    };
    let texts = texts.map(|text| text.map(ToString::to_string).unwrap_or_default());
    let mut found: Vec<String> =
        texts.filter(wrong).map(|text| format!("{name}: {text:?}")).collect();
    // What stands below is chosen line by line; one that begins with a sentence has it twice.
    let after = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    let is_sentence = |c: char| c.is_uppercase() || is_chinese(c);
    let once = after.lines().filter(|line| !line.contains(" / ") && line.starts_with(is_sentence));
    found.extend(once.map(|line| format!("{name}: {line:?}")));
    found.extend(command.get_subcommands().flat_map(one_sided));
    found
}

/// What a message says in Chinese, and in English: those of ours say the same twice, with ` / `
/// between. A text of a library is quoted where Chinese is spoken, so that it is seen to be none of
/// ours; a name or a path stands for itself.
pub fn halves(text: &str) -> (String, String) {
    let begins = text.find(is_chinese);
    let parts = begins.and_then(|at| Some(at + text.get(at..)?.find(" / ")?));
    if let Some((zh, en)) = parts.and_then(|at| text.split_at_checked(at)) {
        return (zh.to_owned(), en.trim_start_matches(" / ").to_owned());
    }
    match begins.is_none() && text.contains(' ') {
        true => (format!("「{text}」"), text.to_owned()),
        false => (text.to_owned(), text.to_owned()),
    }
}

/// Commands without verbs of their own whose help shows no example; a test of a program names those
/// that need none.
pub fn without_example(command: &Command) -> Vec<String> {
    let own = command.get_name().to_owned();
    if command.has_subcommands() {
        let below = command.get_subcommands().flat_map(without_example);
        return below.map(|verb| format!("{own} {verb}")).collect();
    }
    let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    let has_one = help.lines().any(|line| line.contains("例 / example: "));
    if has_one { Vec::new() } else { vec![own] }
}

fn is_chinese(character: char) -> bool {
    ('\u{3400}'..='\u{9fff}').contains(&character)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A program with a verb, as its help is written.
    fn program(verb: &'static str) -> Command {
        let verb = Command::new("open")
            .about(verb)
            .arg(clap::Arg::new("yes").long("yes").help("Do not ask for confirmation. 不再确认"));
        Command::new("box").about("Opens boxes. 开箱工具。").subcommand(verb)
    }

    /// Whoever is refused is led to the help of just what they typed, whatever stands around it.
    #[test]
    fn who_is_refused_is_led_to_the_help_of_what_they_typed() {
        let help =
            |typed: &str| help_of(program("Opens one. 打开"), typed.split(' ').map(str::to_owned));
        assert_eq!(help("--in shelf open --yes"), "box open --help");
        assert_eq!(help("open open"), "box open --help");
        assert_eq!(help("shut"), "box --help");
    }

    #[test]
    fn help_is_in_one_language() {
        let help = |spoken: SpokenLanguage| {
            let mut command = spoken.help(program("Opens one. 打开"));
            let whole = command.render_long_help().to_string();
            whole + &command.find_subcommand_mut("open").unwrap().render_help().to_string()
        };
        let chinese = help(SpokenLanguage::Chinese);
        assert!(chinese.contains("用法") && chinese.contains("不再确认"), "{chinese}");
        assert!(!chinese.contains("Opens") && !chinese.contains("Print"), "{chinese}");
        assert!(!chinese.contains("Options:") && !chinese.contains("Commands:"), "{chinese}");
        let english = help(SpokenLanguage::English);
        assert!(english.contains("Do not ask") && !english.contains(is_chinese), "{english}");
        assert!(help(SpokenLanguage::Both).contains("Opens one. 打开"));
    }

    #[test]
    fn a_message_has_two_halves() {
        let told = |zh: &str, en: &str| (zh.to_owned(), en.to_owned());
        assert_eq!(halves("没有填写 / nothing is written"), told("没有填写", "nothing is written"));
        assert_eq!(
            halves("a/b：没有 / a/b: there is none"),
            told("a/b：没有", "a/b: there is none")
        );
        assert_eq!(halves("/a/b c"), told("「/a/b c」", "/a/b c"));
        assert_eq!(halves("portal.toml"), told("portal.toml", "portal.toml"));
        assert_eq!(halves("1 / 2"), told("「1 / 2」", "1 / 2"), "no words of ours");
    }

    #[test]
    fn a_text_in_one_language_is_found() {
        assert_eq!(one_sided(&program("Opens one. 打开")), [""; 0]);
        for wrong in ["Opens one.", "打开", "Opens one 打开", ""] {
            assert_eq!(one_sided(&program(wrong)).len(), 1, "{wrong:?}");
        }
        let below = |text: &'static str| one_sided(&program("Opens one. 打开").after_help(text));
        assert_eq!(below("It is one. / 是的。\nbox open"), [""; 0]);
        assert_eq!(below("It is one.\n是的。").len(), 2);
    }

    #[test]
    fn a_verb_without_an_example_is_found() {
        let mut box_of = program("Opens one. 打开");
        assert_eq!(without_example(&box_of), ["box open"]);
        box_of = box_of
            .mut_subcommand("open", |open| open.after_help("例 / example: box open\nIt is one."));
        assert_eq!(without_example(&box_of), [""; 0]);
    }

    #[test]
    fn the_environment_says_which_language() {
        let of = |pairs: &[(&str, &str)]| {
            let find = |name: &str| pairs.iter().find(|(known, _)| *known == name);
            SpokenLanguage::of(|name| find(name).map(|(_, value)| (*value).to_owned()))
        };
        assert_eq!(of(&[("LANG", "zh_CN.UTF-8")]), SpokenLanguage::Chinese);
        assert_eq!(of(&[("LANG", "en_GB.UTF-8")]), SpokenLanguage::English);
        assert_eq!(of(&[("LANG", "zh_CN.UTF-8"), ("LC_ALL", "en_US")]), SpokenLanguage::English);
        assert_eq!(of(&[("LANG", "en_US"), ("LC_MESSAGES", "zh_CN")]), SpokenLanguage::Chinese);
        assert_eq!(of(&[("LC_ALL", ""), ("LANG", "zh_CN")]), SpokenLanguage::Chinese);
        assert_eq!(of(&[("LC_ALL", "en_US"), ("YINXIN_LANG", "zh")]), SpokenLanguage::Chinese);
        for neither in ["C.UTF-8", "POSIX", "", "de_DE.UTF-8"] {
            assert_eq!(of(&[("LANG", neither)]), SpokenLanguage::Both, "{neither}");
        }
        assert_eq!(of(&[]), SpokenLanguage::Both);
    }
}
