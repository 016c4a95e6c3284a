//! Revocation lists as files: the first list of an issuer, and where lists are published.
//!
//! What is published was verified by whoever publishes it, and its path comes from code, never from
//! a row.

use crate::durable::write_file;
use crate::{CaConfig, ISSUER};
use pki::crl::{CrlError, ListContent, RevocationList};
use pki::{Certificate, PublicKey, Signer};
use std::path::Path;

/// A root's list is good for this long, in hours: one year.
pub const ROOT_LIST_HOURS: u32 = 365 * 24;
/// The one shard of this version.
pub const SHARD: u32 = 0;

/// A list with no entries, under a number: an issuer's first, or the root's next.
pub fn empty(
    config: &CaConfig,
    name: &str,
    issuer: &Certificate,
    signer: &dyn Signer,
    (number, now): (u64, u64),
    hours: u32,
) -> Result<RevocationList, CrlError> {
    let url = (name == ISSUER).then(|| config.crl_url(name, SHARD));
    let identifier = issuer.key_identifier().ok_or(CrlError::KeyIdentifier)?;
    let content = ListContent {
        issuer: issuer.subject(),
        key_identifier: &identifier,
        number,
        this_update: now,
        next_update: now + u64::from(hours) * 3_600,
        shard_url: url.as_deref(),
        revoked: &[],
    };
    RevocationList::issue(&content, signer)
}

/// The issuer whose list it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListOf {
    /// The list is the root's, of authorities.
    Root,
    /// The list is the issuing CA's, of everybody else.
    Issuing,
}

impl ListOf {
    /// The issuer's name in rows and records.
    pub fn name(self) -> &'static str {
        match self {
            Self::Root => "root",
            Self::Issuing => ISSUER,
        }
    }

    /// Path of the current list below the published folder.
    pub fn current(self) -> String {
        match self {
            Self::Root => "crl/root.crl".into(),
            Self::Issuing => format!("crl/{ISSUER}/{SHARD}.crl"),
        }
    }

    /// Path of the list of a number below the published folder.
    pub fn numbered(self, number: u64) -> String {
        match self {
            Self::Root => format!("crl/root/{number}.crl"),
            Self::Issuing => format!("crl/{ISSUER}/{SHARD}/{number}.crl"),
        }
    }
}

/// The list that is published, if whom it is of signed it.
pub fn published(public: &Path, of: ListOf, key: &PublicKey) -> Option<RevocationList> {
    let der = std::fs::read(public.join(of.current())).ok()?;
    RevocationList::read(&der).ok().filter(|list| list.is_signed_by(key))
}

/// The newest list that an issuer's key signed, of those that are published and of others.
pub fn newest(
    public: &Path,
    of: ListOf,
    key: &PublicKey,
    others: impl IntoIterator<Item = Vec<u8>>,
) -> Option<RevocationList> {
    let numbered = public.join(of.numbered(0));
    let numbered = numbered.parent().and_then(newest_number);
    let paths = [Some(of.current()), numbered.map(|number| of.numbered(number))];
    let published =
        paths.into_iter().flatten().filter_map(|path| std::fs::read(public.join(path)).ok());
    published
        .chain(others)
        .filter_map(|der| RevocationList::read(&der).ok())
        .filter(|one| one.is_signed_by(key))
        .max_by_key(RevocationList::number)
}

/// The number behind a list; none is left behind the largest that a row can hold.
pub fn next_number(last: &RevocationList) -> Option<u64> {
    last.number().checked_add(1).filter(|number| i64::try_from(*number).is_ok())
}

/// The highest number that a file of a folder has as its name.
fn newest_number(folder: &Path) -> Option<u64> {
    let files = std::fs::read_dir(folder).ok()?;
    let numbers = files.filter_map(|file| {
        let name = file.ok()?.file_name().into_string().ok()?;
        name.strip_suffix(".crl")?.parse::<u64>().ok()
    });
    numbers.max()
}

/// Publishes a list: the immutable numbered file first, then the current one, which never goes
/// back.
pub fn publish(public: &Path, of: ListOf, list: &RevocationList) -> anyhow::Result<()> {
    let numbered = public.join(of.numbered(list.number()));
    if std::fs::read(&numbered).ok().as_deref() != Some(list.der()) {
        write_file(&numbered, list.der())?;
    }
    let current = public.join(of.current());
    if std::fs::read(&current).ok().as_deref() != Some(list.der()) {
        write_file(&current, list.der())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use keys::SoftwareSigner;
    use pki::name::{Subject, Text};

    fn list(signer: &SoftwareSigner, number: u64) -> RevocationList {
        let subject = Subject {
            country: "CN".into(),
            organization: Text::read("商洛市").unwrap(),
            units: Vec::new(),
            common_name: Text::read("Root CA").unwrap(),
            serial_number: None,
        };
        let content = ListContent {
            issuer: &subject.to_name().unwrap(),
            key_identifier: &[7; 20],
            number,
            this_update: 1_800_000_000,
            next_update: 1_800_086_400,
            shard_url: None,
            revoked: &[],
        };
        RevocationList::issue(&content, signer).unwrap()
    }

    /// What lies where a list is published is told as one if its issuer signed it.
    #[test]
    fn a_list_that_its_issuer_did_not_sign_is_not_told() {
        let folder = tempfile::tempdir().unwrap();
        let generate = || SoftwareSigner::generate_p256().unwrap();
        let (issuing, other) = (generate(), generate());
        let told = || published(folder.path(), ListOf::Issuing, issuing.public_key());
        assert!(told().is_none());
        publish(folder.path(), ListOf::Issuing, &list(&other, 4)).unwrap();
        assert!(told().is_none(), "another key's");
        publish(folder.path(), ListOf::Issuing, &list(&issuing, 4)).unwrap();
        assert_eq!(told().map(|list| list.number()), Some(4));
    }

    /// Rows and file names are anybody's: the root's next list goes on behind what the root signed.
    #[test]
    fn a_list_goes_on_behind_what_its_issuer_signed() {
        let folder = tempfile::tempdir().unwrap();
        let root = SoftwareSigner::generate_p256().unwrap();
        let hand = SoftwareSigner::generate_p256().unwrap();
        let last = |rows: &[&RevocationList]| {
            let rows = rows.iter().map(|list| list.der().to_vec());
            newest(folder.path(), ListOf::Root, root.public_key(), rows).map(|list| list.number())
        };
        assert_eq!(last(&[&list(&hand, 1)]), None, "there is none yet");
        publish(folder.path(), ListOf::Root, &list(&root, 3)).unwrap();
        assert_eq!(last(&[&list(&root, 2)]), Some(3));
        assert_eq!(last(&[&list(&hand, 900), &list(&root, 4)]), Some(4));
        // What a hand publishes counts no more than what it puts into a row.
        publish(folder.path(), ListOf::Root, &list(&hand, 800)).unwrap();
        assert_eq!(last(&[&list(&root, 4)]), Some(4));
    }

    #[test]
    fn numbers_of_lists_have_an_end() {
        let root = SoftwareSigner::generate_p256().unwrap();
        let most = i64::MAX.unsigned_abs();
        assert_eq!(next_number(&list(&root, most - 1)), Some(most));
        for number in [most, u64::MAX] {
            assert_eq!(next_number(&list(&root, number)), None);
        }
    }
}
