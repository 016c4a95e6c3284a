//! Where contexts stand: `contexts.toml` below the XDG configuration folder, for its owner's eyes
//! and hands only, since whoever writes it chooses whom its owner believes.

use crate::exit::{Failure, file_failure};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

const FILE: &str = "contexts.toml";
/// What anybody but the owner may do with a file.
const OTHERS: u32 = 0o077;

/// Who somebody is at this computer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Context {
    /// The trust file lies at this path.
    pub(crate) trust: PathBuf,
    /// The certificate with its chain.
    pub(crate) cert: PathBuf,
    /// The key lies at this path, encrypted.
    pub(crate) key: PathBuf,
    /// File of the key's passphrase; without one it is asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) passphrase_file: Option<PathBuf>,
}

/// All of them, and which one is in use.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Contexts {
    #[serde(default)]
    current: String,
    #[serde(default)]
    pub(crate) contexts: BTreeMap<String, Context>,
}

/// The context of a name, or that of the environment, or the one in use; none where nobody added
/// any.
pub(crate) fn chosen(name: Option<&str>) -> Result<Option<Context>, Failure> {
    let contexts = Contexts::read()?;
    let told = std::env::var("YINXIN_CONTEXT").ok();
    match asked(name, told.as_deref()) {
        Some(name) => contexts.named(name).map(Some),
        None => Ok(contexts.current().map(|(_, context)| context.clone())),
    }
}

/// What is given wins; an empty variable says nothing.
fn asked<'a>(given: Option<&'a str>, told: Option<&'a str>) -> Option<&'a str> {
    given.or_else(|| told.filter(|told| !told.is_empty()))
}

/// A context acts with a renewed certificate from now on.
pub(crate) fn renewed(
    name: &str,
    (cert, key, passphrase_file): (&Path, &Path, Option<PathBuf>),
) -> Result<(), Failure> {
    let absolute =
        |path: &Path| std::path::absolute(path).map_err(|error| file_failure(path, &error));
    let mut contexts = Contexts::read()?;
    let trust = contexts.named(name)?.trust;
    let passphrase_file = passphrase_file.as_deref().map(absolute).transpose()?;
    let (cert, key) = (absolute(cert)?, absolute(key)?);
    contexts.contexts.insert(name.to_owned(), Context { trust, cert, key, passphrase_file });
    contexts.write()
}

/// A folder that a variable names, if it is absolute, as the XDG specification asks; else one below
/// the home folder.
pub(crate) fn xdg(variable: &str, below_home: &str) -> Option<PathBuf> {
    let absolute =
        |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    absolute(variable).or_else(|| Some(absolute("HOME")?.join(below_home)))
}

/// The folder of this program's configuration: `XDG_CONFIG_HOME`, else `~/.config`.
pub(crate) fn folder() -> Result<PathBuf, Failure> {
    let base = xdg("XDG_CONFIG_HOME", ".config");
    base.map(|base| base.join("yinxin")).ok_or_else(|| {
        Failure::usage("找不到个人配置目录。", "neither XDG_CONFIG_HOME nor HOME names a folder")
    })
}

impl Contexts {
    /// Reads them; nobody's file is an empty one.
    pub(crate) fn read() -> Result<Self, Failure> {
        match folder() {
            Ok(folder) => Self::read_from(&folder.join(FILE)),
            Err(_) => Ok(Self::default()),
        }
    }

    fn read_from(path: &Path) -> Result<Self, Failure> {
        let seen = match std::fs::symlink_metadata(path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Self::default()),
            seen => seen.map_err(|error| file_failure(path, &error))?,
        };
        let own = rustix::process::geteuid().as_raw();
        if !seen.is_file() || seen.mode() & OTHERS != 0 || seen.uid() != own {
            let shown = path.display();
            return Err(Failure::usage(
                format!("身份文件 {shown} 必须是本人所有的普通文件，且他人不可读写。"),
                format!("{shown} must be your own file, mode 0600, and no link"),
            )
            .next(system::file::make_private(path).as_str()));
        }
        let text =
            system::file::read_given_text(path).map_err(|error| file_failure(path, &error))?;
        toml::from_str(&text).map_err(|error| {
            let begins = error.span().map_or(0, |span| span.start);
            let line = text.bytes().take(begins).filter(|byte| *byte == b'\n').count() + 1;
            let why = format!("第 {line} 行不成形 / line {line} has no valid form");
            Failure::about(path, "身份文件内容不正确", &why)
        })
    }

    /// Writes them, whole and for the owner alone.
    pub(crate) fn write(&self) -> Result<(), Failure> {
        let folder = folder()?;
        self.write_to(&folder)
    }

    fn write_to(&self, folder: &Path) -> Result<(), Failure> {
        let path = folder.join(FILE);
        let text =
            toml::to_string(self).map_err(|error| Failure::because("无法写出身份文件", &error))?;
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)
            .and_then(|()| system::file::replace_private(&path, text.as_bytes()))
            .map_err(|error| file_failure(&path, &error))
    }

    /// One by its name.
    pub(crate) fn named(&self, name: &str) -> Result<Context, Failure> {
        self.contexts.get(name).cloned().ok_or_else(|| {
            let known: Vec<&str> = self.contexts.keys().map(String::as_str).collect();
            if known.is_empty() {
                return Failure::not_found("还没有添加任何身份。", "no context was added yet")
                    .next("yinxin context add --help");
            }
            let zh = format!("没有这个身份，已有的是：{}。", known.join("、"));
            Failure::not_found(zh, format!("there is {}", known.join(", ")))
                .next("yinxin context list")
        })
    }

    /// The one in use, with its name.
    pub(crate) fn current(&self) -> Option<(&str, &Context)> {
        Some((self.current.as_str(), self.contexts.get(&self.current)?))
    }

    /// Adds one under a new name; the first one is in use at once. The same one again is there
    /// already.
    pub(crate) fn add(&mut self, name: &str, context: Context) -> Result<(), Failure> {
        let plain = |c: char| c.is_alphanumeric() || "-_.@".contains(c);
        if name.is_empty() || !name.chars().all(plain) || name.starts_with('-') {
            return Err(Failure::usage(
                "身份名称只能由文字、数字和 - _ . @ 组成。",
                "a name is made of letters, digits and - _ . @",
            ));
        }
        if self.contexts.get(name) == Some(&context) {
            return Ok(());
        }
        if self.contexts.contains_key(name) {
            return Err(Failure::conflict("已有同名身份。", format!("there is a {name} already"))
                .next("yinxin context list"));
        }
        self.contexts.insert(name.to_owned(), context);
        if self.current().is_none() {
            name.clone_into(&mut self.current);
        }
        Ok(())
    }

    /// Uses another one from now on.
    pub(crate) fn choose(&mut self, name: &str) -> Result<(), Failure> {
        self.named(name)?;
        name.clone_into(&mut self.current);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn context(who: &str) -> Context {
        Context {
            trust: "/home/me/trust.json".into(),
            cert: format!("/home/me/{who}.pem").into(),
            key: format!("/home/me/{who}.key").into(),
            passphrase_file: None,
        }
    }

    #[test]
    fn contexts_are_kept_for_their_owner_alone() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("config/yinxin");
        let mut contexts = Contexts::default();
        contexts.add("officer", context("officer")).unwrap();
        contexts.add("auditor", context("auditor")).unwrap();
        assert_eq!(contexts.current().unwrap().0, "officer");
        contexts.write_to(&folder).unwrap();
        let path = folder.join(FILE);
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&path), mode(&folder)), (0o600, 0o700));
        let mut read = Contexts::read_from(&path).unwrap();
        read.choose("auditor").unwrap();
        assert_eq!(read.current().unwrap(), ("auditor", &context("auditor")));
        assert!(read.choose("nobody").is_err() && read.named("nobody").is_err());
        assert_eq!(read.current().unwrap().0, "auditor");
    }

    /// Also for whoever types a letter, and names no certificate.
    #[test]
    fn a_context_that_is_named_wins_over_the_one_in_use() {
        assert_eq!(asked(Some("auditor"), Some("officer")), Some("auditor"));
        assert_eq!(asked(None, Some("officer")), Some("officer"));
        assert_eq!((asked(None, Some("")), asked(None, None)), (None, None));
    }

    #[test]
    fn a_file_in_other_hands_says_nothing() {
        let home = tempfile::tempdir().unwrap();
        let mut contexts = Contexts::default();
        contexts.add("officer", context("officer")).unwrap();
        contexts.write_to(home.path()).unwrap();
        let path = home.path().join(FILE);
        for mode in [0o640, 0o604, 0o620, 0o602, 0o644] {
            std::fs::set_permissions(&path, PermissionsExt::from_mode(mode)).unwrap();
            assert!(Contexts::read_from(&path).is_err(), "mode {mode:o}");
        }
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o600)).unwrap();
        assert!(Contexts::read_from(&path).is_ok());
        let link = home.path().join("link.toml");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        assert!(Contexts::read_from(&link).is_err(), "a link");
        assert!(Contexts::read_from(&home.path().join("nothing")).unwrap().current().is_none());
        std::fs::write(&path, "current = \"a\"\nportal = \"https://elsewhere\"\n").unwrap();
        assert!(Contexts::read_from(&path).is_err(), "a word that nobody knows");
    }

    #[test]
    fn a_name_is_a_word_and_taken_once() {
        let mut contexts = Contexts::default();
        let told = contexts.named("officer").unwrap_err().problem();
        assert_eq!((&*told.zh, &*told.en), ("还没有添加任何身份。", "no context was added yet"));
        for name in ["", "a b", "../a", "-a", "a\n", "a/b"] {
            assert!(contexts.add(name, context("a")).is_err(), "{name:?}");
        }
        contexts.add("登记员@商洛", context("a")).unwrap();
        assert!(contexts.add("登记员@商洛", context("b")).is_err());
        contexts.add("登记员@商洛", context("a")).unwrap();
        assert_eq!(contexts.named("登记员@商洛").unwrap(), context("a"));
    }
}
