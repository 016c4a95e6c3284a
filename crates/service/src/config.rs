//! Configuration files: TOML, unknown keys refused with file and line.

use serde::de::DeserializeOwned;
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
    let text = std::fs::read_to_string(path)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Example {
        #[expect(dead_code, reason = "only read by serde")]
        known: u8,
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
