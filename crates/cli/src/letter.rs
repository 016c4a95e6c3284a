//! The letter in a person's hands: a file, or a reference and a code typed beside a trust file. The
//! code never leaves this program; keys derived from it do what it is for.

use crate::exit::Failure;
use crate::{contexts, files, prompt};
use clap::Args;
use records::letter::{EnrolmentCode, Letter, LetterKeys, read_reference};
use records::trust::Trust;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// How a letter is given.
#[derive(Args)]
pub(crate) struct LetterArguments {
    /// The letter as a file. 密码信封文件
    #[arg(long, conflicts_with_all = ["reference", "code_file"])]
    letter: Option<PathBuf>,
    /// The letter's reference, typed. 编号
    #[arg(long)]
    reference: Option<String>,
    /// File whose first line is the code; asked for otherwise. 授权码文件
    #[arg(long)]
    code_file: Option<PathBuf>,
    /// The trust file that came with the letter; else that of your context. 信任文件
    #[arg(long, env = "YINXIN_TRUST")]
    trust: Option<PathBuf>,
}

/// A letter that was read.
pub(crate) struct LetterCredentials {
    pub(crate) reference: String,
    pub(crate) keys: LetterKeys,
    pub(crate) trust: Trust,
}

impl LetterArguments {
    /// The trust file that was given.
    pub(crate) fn trust(&self) -> Option<&Path> {
        self.trust.as_deref()
    }

    /// The city of a letter that is typed: the trust file that came with it, or the context's.
    fn believed(&self, named: Option<&str>) -> Result<Trust, Failure> {
        let context = || Ok::<_, Failure>(contexts::chosen(named)?.map(|context| context.trust));
        let path = match &self.trust {
            Some(path) => Some(path.clone()),
            None => context()?,
        };
        let path = path.ok_or_else(|| {
            Failure::usage("请给出信任文件。", "the trust file is needed")
                .next("同一命令，加上 --trust FILE / the same with --trust FILE")
        })?;
        files::document(&path)
    }

    /// Reads reference, code and trust file, and derives the keys.
    pub(crate) fn read(&self) -> Result<LetterCredentials, Failure> {
        self.read_in(None)
    }

    /// The same, beside a context that was named.
    pub(crate) fn read_in(&self, named: Option<&str>) -> Result<LetterCredentials, Failure> {
        let (reference, code, trust) = match (&self.letter, &self.reference) {
            (Some(path), _) => {
                let letter: Letter = files::secret_document(path)?;
                (letter.reference, Zeroizing::new(letter.code), letter.trust)
            }
            (None, Some(reference)) => {
                let code = match &self.code_file {
                    Some(path) => prompt::from_file(path)?,
                    None => prompt::hidden(("授权码", "code"), "--code-file")?,
                };
                (reference.clone(), code, self.believed(named)?)
            }
            _ => {
                return Err(Failure::usage("请给出密码信封。", "a letter is needed").next(
                    "同一命令，加上 --letter FILE，或 --reference R --trust FILE / \
                     the same with --letter FILE, or --reference R --trust FILE",
                ));
            }
        };
        let reference = read_reference(&reference)
            .ok_or_else(|| Failure::usage("编号不正确。", "this is not a reference"))?;
        let code = EnrolmentCode::read(&code)
            .map_err(|error| Failure::usage("授权码有误，请核对每个字符。", error.to_string()))?;
        let founding = trust.founding.digest();
        let founding = founding
            .ok_or_else(|| Failure::usage("信任文件不正确。", "the trust file is damaged"))?;
        let keys = LetterKeys::derive(&founding, &reference, &code);
        Ok(LetterCredentials { reference, keys, trust })
    }
}
