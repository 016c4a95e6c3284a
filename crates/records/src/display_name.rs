//! What people call something that has an id and is neither a person nor a unit: an application by
//! its access rules, a profile by its file. Both are files that officers put in force.

use crate::record::File;
use pki::name::check_readable;
use serde::{Deserialize, Serialize};

/// Longest name, in characters.
const NAME_CHARS_MAX: usize = 40;

/// An id beside what it is called in both languages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DisplayName {
    /// Its id.
    pub id: String,
    /// 中文; empty where nothing in force says it.
    pub zh: String,
    /// English; empty where nothing in force says it.
    pub en: String,
}

/// What the head of an application's rules says of it; the rest of that file is read by `policy`.
#[derive(Deserialize)]
struct RulesHead {
    application: String,
    zh: String,
    en: String,
}

impl DisplayName {
    /// An id that nothing calls otherwise.
    pub fn of_id(id: &str) -> Self {
        Self { id: id.to_owned(), zh: String::new(), en: String::new() }
    }

    /// What the files of a rule bundle call an application; nothing where they have no rules for it
    /// or no name that can be read.
    pub fn of_application(files: &[File], id: &str) -> Option<Self> {
        let name = format!("access/{id}.toml");
        let file = files.iter().find(|file| file.name == name)?;
        let head: RulesHead = toml::from_str(&file.content).ok()?;
        let called = Self { id: id.to_owned(), zh: head.zh, en: head.en };
        (head.application == id && called.is_readable()).then_some(called)
    }

    /// Every application that a rule bundle has rules for, by id.
    pub fn of_applications(files: &[File]) -> Vec<Self> {
        let called = |file: &File| {
            let id = file.name.strip_prefix("access/")?.strip_suffix(".cedar")?;
            Self::of_application(files, id)
        };
        files.iter().filter_map(called).collect()
    }

    /// Whether it can be read as it stands, in both languages.
    pub fn is_readable(&self) -> bool {
        [&self.zh, &self.en].iter().all(|name| check_readable(name, NAME_CHARS_MAX).is_ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(head: &str) -> Vec<File> {
        let file = |name: &str, content: &str| File { name: name.into(), content: content.into() };
        vec![file("access/exchange.cedar", ""), file("access/exchange.toml", head)]
    }

    #[test]
    fn an_application_is_called_what_its_rules_call_it() {
        let files =
            files("application = \"exchange\"\nzh = \"公文交换\"\nen = \"Exchange\"\nx = 1");
        let called = DisplayName::of_application(&files, "exchange").unwrap();
        assert_eq!((called.zh.as_str(), called.en.as_str()), ("公文交换", "Exchange"));
        assert_eq!(DisplayName::of_applications(&files), [called]);
        assert_eq!(DisplayName::of_application(&files, "petitions"), None);
    }

    /// Nobody is called by a name that cannot be read, or that another application's file gives.
    #[test]
    fn a_name_that_cannot_be_read_is_none() {
        let long = "长".repeat(NAME_CHARS_MAX + 1);
        let heads = [
            "application = \"other\"\nzh = \"公文交换\"\nen = \"Exchange\"".to_owned(),
            "application = \"exchange\"\nzh = \"\"\nen = \"Exchange\"".to_owned(),
            "application = \"exchange\"\nzh = \"公\u{202e}文\"\nen = \"Exchange\"".to_owned(),
            format!("application = \"exchange\"\nzh = \"{long}\"\nen = \"Exchange\""),
            "no file".to_owned(),
        ];
        for head in heads {
            assert_eq!(DisplayName::of_application(&files(&head), "exchange"), None, "{head}");
        }
    }
}
