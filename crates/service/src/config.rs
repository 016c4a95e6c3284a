//! Configuration files: TOML, unknown keys refused with file and line.

use serde::de::{Deserialize, DeserializeOwned, Deserializer, Error};
use std::path::{Path, PathBuf};
use system::language::halves;

/// Why a configuration is not accepted; the text names file and line.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("{}: {error}", .path.display())]
    File {
        /// The path of the file.
        path: PathBuf,
        /// What the system said.
        error: std::io::Error,
    },
    /// Not TOML of this shape.
    #[error(
        "{path} 第 {line} 行：{zh} / {path}, line {line}: {en}",
        path = .path.display(),
        zh = halves(.message).0,
        en = halves(.message).1
    )]
    Value {
        /// The path of the file.
        path: PathBuf,
        /// The line of the file, from 1.
        line: usize,
        /// What is wrong: a text of a library, or one of ours in both languages.
        message: String,
    },
}

/// Reads a configuration file. The type must deny unknown fields.
pub fn read<T: DeserializeOwned>(path: &Path) -> Result<T, ConfigError> {
    let text = system::file::read_given_text(path)
        .map_err(|error| ConfigError::File { path: path.to_owned(), error })?;
    toml::from_str(&text).map_err(|error: toml::de::Error| {
        let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
        ConfigError::Value {
            path: path.to_owned(),
            line: before.matches('\n').count() + 1,
            message: error.message().to_owned(),
        }
    })
}

/// A setting that is a whole number, for serde: from the least that it may be to the most. What
/// would stop everything, or what no clock and no machine reaches, is a slip of whoever wrote it.
pub fn within<'de, const LEAST: i64, const MOST: i64, T, D>(deserializer: D) -> Result<T, D::Error>
where
    T: TryFrom<i64>,
    D: Deserializer<'de>,
{
    let value = i64::deserialize(deserializer)?;
    let kept = (LEAST..=MOST).contains(&value).then(|| T::try_from(value).ok()).flatten();
    kept.ok_or_else(|| {
        let told = format!("取值 {LEAST} 至 {MOST}，不是 {value}");
        D::Error::custom(format!("{told} / from {LEAST} to {MOST}, and not {value}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Example {
        #[expect(dead_code, reason = "only read by serde")]
        known: u8,
    }

    /// Both ends are taken, and nothing beyond them, however long it is.
    #[test]
    fn a_number_is_taken_from_its_least_to_its_most() {
        #[derive(Debug, serde::Deserialize)]
        struct Numbers {
            #[serde(deserialize_with = "within::<1, 200, _, _>")]
            few: u8,
        }
        let read = |text: &str| toml::from_str::<Numbers>(text).map(|numbers| numbers.few);
        assert_eq!((read("few = 1"), read("few = 200")), (Ok(1), Ok(200)));
        for wrong in ["-1", "0", "201", "256", "9223372036854775807"] {
            let told = read(&format!("few = {wrong}")).unwrap_err();
            let both = format!("取值 1 至 200，不是 {wrong} / from 1 to 200, and not {wrong}");
            assert_eq!(told.message(), both);
        }
        for wrong in ["9223372036854775808", "1e2", "1.0", "\"1\""] {
            assert!(read(&format!("few = {wrong}")).is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_unknown_key_is_refused_with_its_line() {
        let path = std::env::temp_dir().join(format!("config-{}.toml", std::process::id()));
        std::fs::write(&path, "known = 1\n\nknwon = 2\n").unwrap();
        let error = read::<Example>(&path).unwrap_err().to_string();
        std::fs::remove_file(&path).unwrap();
        assert!(error.contains("line 3") && error.contains("knwon"), "{error}");
    }
}
