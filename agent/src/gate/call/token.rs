//! What an application shows on loopback, where everybody of the machine can connect.

use crate::AgentConfig;
use crate::write_file;
use anyhow::Context;
use data_encoding::BASE64URL_NOPAD;
use http::{HeaderMap, header};
use sha2::{Digest, Sha256};
use std::io::ErrorKind;
use zeroize::Zeroizing;

/// Where it lies, for the owner to hand to the application.
const TOKEN_FILE: &str = "identity/call.token";
const SCHEME: &str = "Bearer ";

/// The digest of a token: whoever compares digests tells nobody how much of theirs was right.
#[derive(Clone, Copy)]
pub struct CallToken([u8; 32]);

impl CallToken {
    /// The one of the state directory, which is drawn where there is none.
    pub fn open(config: &AgentConfig) -> anyhow::Result<Self> {
        if let Some(kept) = Self::kept(config)? {
            return Ok(kept);
        }
        std::fs::create_dir_all(config.path("identity"))?;
        let drawn = Zeroizing::new(crate::random::<32>()?);
        let token = Zeroizing::new(BASE64URL_NOPAD.encode(drawn.as_slice()));
        let text = Zeroizing::new(format!("{}\n", token.as_str()));
        write_file(&config.path(TOKEN_FILE), text.as_bytes())?;
        Ok(Self(Sha256::digest(token.as_bytes()).into()))
    }

    /// The one that lies there, if one does: nothing is drawn.
    pub fn kept(config: &AgentConfig) -> anyhow::Result<Option<Self>> {
        let path = config.path(TOKEN_FILE);
        let text = match system::file::read_private(&path) {
            Ok(text) => Zeroizing::new(text),
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error).with_context(|| path.display().to_string()),
        };
        let token = text.trim_ascii();
        anyhow::ensure!(
            token.len() == 43 && BASE64URL_NOPAD.decode(token).map(Zeroizing::new).is_ok(),
            "{0} 应为 43 个 base64url 字符；删除后，下次启动另行生成，交给应用 / {0} is 43 characters \
             of base64url; remove it, and the next start draws another one for the application",
            path.display()
        );
        Ok(Some(Self(Sha256::digest(token).into())))
    }

    /// Whether a request shows it.
    pub(super) fn is_in(&self, headers: &HeaderMap) -> bool {
        let mut shown = headers.get_all(header::AUTHORIZATION).iter();
        let (Some(shown), None) = (shown.next(), shown.next()) else { return false };
        let token = shown.to_str().ok().and_then(|shown| shown.strip_prefix(SCHEME));
        token.is_some_and(|token| <[u8; 32]>::from(Sha256::digest(token)) == self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    /// The token that lies there is known at each start, and nothing else is.
    #[test]
    fn a_call_shows_the_token_that_lies_there() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("identity")).unwrap();
        let here = "127.0.0.1:1".parse().unwrap();
        let config = AgentConfig::new(folder.path(), here, here, here);
        let token = CallToken::open(&config).unwrap();
        let text = std::fs::read_to_string(folder.path().join(TOKEN_FILE)).unwrap();
        let shows = |values: &[String]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(header::AUTHORIZATION, HeaderValue::from_str(value).unwrap());
            }
            let again = CallToken::open(&config).unwrap();
            assert_eq!(token.is_in(&headers), again.is_in(&headers));
            token.is_in(&headers)
        };
        let right = format!("Bearer {}", text.trim());
        assert!(shows(std::slice::from_ref(&right)));
        let wrong = [text.trim().to_owned(), "Bearer ".into(), right[..right.len() - 1].into()];
        for wrong in wrong {
            assert!(!shows(std::slice::from_ref(&wrong)), "{wrong}");
        }
        assert!(!shows(&[]) && !shows(&[right.clone(), right]));
        // One that is damaged is told, with what mends it, and stays as it is.
        let file = folder.path().join(TOKEN_FILE);
        let stars = "*".repeat(43);
        for damaged in [&text[..40], stars.as_str(), ""] {
            write_file(&file, damaged.as_bytes()).unwrap();
            let error = CallToken::open(&config).err().unwrap().to_string();
            assert!(error.contains("call.token") && error.contains("remove it"), "{error}");
            assert_eq!(std::fs::read_to_string(&file).unwrap(), damaged);
        }
        std::fs::remove_file(&file).unwrap();
        assert!(CallToken::kept(&config).unwrap().is_none() && !file.exists(), "nothing is drawn");
    }
}
