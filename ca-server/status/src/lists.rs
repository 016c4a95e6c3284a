//! The newest revocation list that this role has seen, verified under the issuing key. Its number
//! never goes back, whatever rows and files say: the list and a floor for its number stand in the
//! role's own directory. A disk that keeps neither holds no list up, which may take away: it is
//! told, and tried again. Where what was kept is missing, nothing older takes its place.

use anyhow::Context;
use arc_swap::ArcSwapOption;
use ca_host::lists::ListOf;
use ca_store::keep::FloorFile;
use ca_store::replay::Floor;
use ca_store::table::list;
use pki::PublicKey;
use pki::crl::RevocationList;
use sha2::{Digest, Sha256};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use store::Store;

/// Rows of one look.
const ROWS_MAX: i64 = 16;
/// The issuer publishes a list after it is committed; what is behind for longer is told.
const BEHIND_MAX: Duration = Duration::from_secs(10);

/// A file as it lies there: which one, of when and how long. Lists are published whole, so that a
/// changed one is another.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Version {
    inode: u64,
    changed: (i64, i64),
    length: u64,
}

impl Version {
    fn of(path: &Path) -> Option<Self> {
        let data = std::fs::metadata(path).ok()?;
        let changed = (data.ctime(), data.ctime_nsec());
        Some(Self { inode: data.ino(), changed, length: data.len() })
    }
}

/// Lists of the issuing CA.
pub(super) struct Lists {
    key: PublicKey,
    newest: ArcSwapOption<RevocationList>,
    own: Mutex<Own>,
    published: PathBuf,
    /// How many published files were looked through.
    looked: AtomicU64,
    /// Counts records of lists that passed by, and how many of them the rows were read for: whoever
    /// gives up in the middle of reading leaves it to the next.
    noted: Arc<AtomicU64>,
    read: tokio::sync::Mutex<u64>,
}

struct Own {
    floor: FloorFile,
    path: PathBuf,
    /// The published file that was last looked through, and the number of its list.
    seen: Option<(Version, u64)>,
    /// Since when the published file is behind.
    behind: Option<Instant>,
    /// Why the newest list, or its number, is not kept.
    unkept: Option<String>,
}

impl Own {
    /// Keeps a list and the floor for its number; each is tried whatever becomes of the other.
    fn keep(&mut self, list: &RevocationList) {
        let kept = system::file::replace_private(&self.path, list.der());
        let kept = kept.with_context(|| self.path.display().to_string());
        let raised = self.floor.raise(floor_of(list));
        self.unkept = kept.and(raised).err().map(|error| format!("{error:#}"));
        if let Some(error) = &self.unkept {
            tracing::error!(error, "the newest list is not kept");
        }
    }
}

fn floor_of(list: &RevocationList) -> Floor {
    Floor { size: list.number(), root: Sha256::digest(list.der()).into() }
}

impl Lists {
    /// Takes up what was kept, and what was published while the role was off: nobody hears of less.
    /// What of it is missing is told with the next look.
    pub(super) fn open(
        (floor, path): (FloorFile, PathBuf),
        key: PublicKey,
        public: &Path,
        noted: Arc<AtomicU64>,
    ) -> Self {
        let kept = std::fs::read(&path).with_context(|| path.display().to_string());
        let own = Own { floor, path, seen: None, behind: None, unkept: None };
        let lists = Self {
            key,
            newest: ArcSwapOption::empty(),
            own: Mutex::new(own),
            published: public.join(ListOf::Issuing.current()),
            looked: AtomicU64::new(0),
            noted,
            read: tokio::sync::Mutex::new(0),
        };
        match kept {
            Ok(der) => {
                if let Some(list) = lists.verified(&der) {
                    lists.take_up(list);
                }
            }
            Err(error) => tracing::warn!(error = format!("{error:#}"), "no list is kept"),
        }
        lists.look_at_published();
        lists
    }

    fn own(&self) -> MutexGuard<'_, Own> {
        self.own.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The newest list that was verified, if there is one.
    pub(super) fn newest(&self) -> Option<Arc<RevocationList>> {
        self.newest.load_full()
    }

    /// Whether a list was seen that is missing, and none came since that is as new.
    pub(super) fn is_missing(&self) -> bool {
        self.newest().is_none() && self.own().floor.floor().size > 0
    }

    /// Notes that there may be a newer list.
    pub(super) fn note_due(&self) {
        self.noted.fetch_add(1, Ordering::AcqRel);
    }

    /// Takes up newer lists from the rows, if there may be some; says whether there was one.
    pub(super) async fn refresh(&self, store: &Store) -> anyhow::Result<bool> {
        let noted = self.noted.load(Ordering::Acquire);
        let mut read = self.read.lock().await;
        if *read >= noted {
            return Ok(false);
        }
        let refreshed = self.read_rows(store).await?;
        *read = noted;
        Ok(refreshed)
    }

    async fn read_rows(&self, store: &Store) -> anyhow::Result<bool> {
        let mut tx = store.read().await?;
        // Where it is missing, the very one that was seen is wanted, or a newer one.
        let seen = self.own().floor.floor().size;
        let mut after = self.newest().map_or(seen.saturating_sub(1), |list| list.number());
        let mut newest = None;
        loop {
            let rows = list::behind(&mut tx, after, ROWS_MAX).await?;
            let Some((last, _)) = rows.last() else { break };
            after = *last;
            for (number, der) in rows {
                // A list under the number of another would hide those between them.
                let list = self.verified(&der).filter(|list| list.number() == number);
                newest = list.or(newest);
            }
        }
        drop(tx);
        Ok(newest.is_some_and(|list| self.take_up(list)))
    }

    fn verified(&self, der: &[u8]) -> Option<RevocationList> {
        RevocationList::read(der).ok().filter(|list| list.is_signed_by(&self.key))
    }

    /// Takes up a verified list if it is newer than the newest, or the very one that was seen. It
    /// is kept before anybody sees it, if the disk keeps it.
    fn take_up(&self, list: RevocationList) -> bool {
        let mut own = self.own();
        let floor = own.floor.floor();
        let (of_list, newest) = (floor_of(&list), self.newest());
        let known = newest.is_some_and(|newest| list.number() <= newest.number());
        let same = (of_list.size, of_list.root) == (floor.size, floor.root);
        if known || !(list.number() > floor.size || same) {
            return false;
        }
        let is_kept = || std::fs::read(&own.path).is_ok_and(|kept| kept == list.der());
        if !(same && is_kept()) {
            own.keep(&list);
        }
        self.newest.store(Some(Arc::new(list)));
        true
    }

    /// Looks at the published file: what is newer is taken up; and keeps what could not be kept.
    /// Gives what is to be told: what is missing or not kept, and how far the file is behind what
    /// was seen, once it had its time.
    pub(super) fn look_at_published(&self) -> String {
        let number = self.published_number();
        let newest = self.newest();
        let mut own = self.own();
        if let (Some(_), Some(newest)) = (&own.unkept, &newest) {
            own.keep(newest);
        }
        let seen = own.floor.floor().size;
        match newest {
            None if seen > 0 => format!(
                "what was seen is missing: number {seen}; nothing is told to be good until it or \
                 a newer one is there: restore {}, or have the issuer publish",
                own.path.display()
            ),
            None => String::new(),
            Some(newest) => own.told(number, newest.number()),
        }
    }
}

impl Lists {
    /// The number of the published list, which is taken up; none counts as 0. A file that was
    /// looked through is not read again, however long it is.
    fn published_number(&self) -> u64 {
        // Which file it is comes first: one that takes its place meanwhile is the next to be read.
        let Some(version) = Version::of(&self.published) else { return 0 };
        let seen = self.own().seen;
        if let Some((_, number)) = seen.filter(|(known, _)| *known == version) {
            return number;
        }
        let Ok(der) = std::fs::read(&self.published) else { return 0 };
        self.looked.fetch_add(1, Ordering::Relaxed);
        let list = self.verified(&der);
        let number = list.as_ref().map_or(0, RevocationList::number);
        if let Some(list) = list {
            self.take_up(list);
        }
        self.own().seen = Some((version, number));
        number
    }
}

impl Own {
    /// What is told of the published list of a number beside the newest that was seen.
    fn told(&mut self, number: u64, newest: u64) -> String {
        let unkept = self.unkept.as_ref();
        let unkept = unkept.map(|why| format!("number {newest} is told and not kept: {why}"));
        let behind = if number >= newest {
            self.behind = None;
            None
        } else {
            let since = *self.behind.get_or_insert_with(Instant::now);
            let told = || format!("the published list is number {number}; {newest} was seen");
            (since.elapsed() >= BEHIND_MAX).then(told)
        };
        let told: Vec<String> = unkept.into_iter().chain(behind).collect();
        told.join("; ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ca_store::keep::mac_key;
    use sample_city::SampleCity;

    /// A role's directory and what is published.
    struct Place {
        folder: tempfile::TempDir,
        city: SampleCity,
    }

    impl Place {
        fn found() -> Self {
            let folder = tempfile::tempdir().unwrap();
            FloorFile::found(&folder.path().join("list.floor"), &mac_key(b"secret")).unwrap();
            let published = folder.path().join("public").join(ListOf::Issuing.current());
            std::fs::create_dir_all(published.parent().unwrap()).unwrap();
            Self { folder, city: SampleCity::found() }
        }

        fn path(&self) -> PathBuf {
            self.folder.path().join("list")
        }

        fn open(&self) -> Lists {
            let floor = self.folder.path().join("list.floor");
            let floor = FloorFile::open(&floor, &mac_key(b"secret")).unwrap();
            let key = pki::Signer::public_key(&self.city.keys.issuing).clone();
            let public = self.folder.path().join("public");
            Lists::open((floor, self.path()), key, &public, Arc::default())
        }

        fn list(&self, number: u64) -> RevocationList {
            self.city.list(number)
        }

        fn publish(&self, list: &RevocationList) {
            let published = self.folder.path().join("public").join(ListOf::Issuing.current());
            std::fs::write(published, list.der()).unwrap();
        }
    }

    fn looked(lists: &Lists) -> u64 {
        lists.looked.load(Ordering::Relaxed)
    }

    fn number(lists: &Lists) -> Option<u64> {
        lists.newest().map(|list| list.number())
    }

    /// A disk that keeps no list holds up none: it is handed out and told, kept as soon as that
    /// works, and its number does not go back meanwhile, nor for who starts without it.
    #[test]
    fn a_list_that_is_not_kept_is_handed_out() {
        let place = Place::found();
        let (third, fourth) = (place.list(3), place.list(4));
        // What cannot be replaced: writing fails there as on a full disk.
        std::fs::create_dir(place.path()).unwrap();
        let lists = place.open();
        place.publish(&fourth);
        assert!(lists.look_at_published().contains("number 4 is told and not kept"));
        assert_eq!(number(&lists), Some(4));
        assert!(!lists.take_up(third.clone()), "an older one is none");
        place.publish(&third);
        let started = place.open();
        assert!(started.is_missing() && !started.take_up(third));
        place.publish(&fourth);
        std::fs::remove_dir(place.path()).unwrap();
        assert_eq!(lists.look_at_published(), "");
        assert_eq!(std::fs::read(place.path()).unwrap(), fourth.der());
        assert_eq!(number(&place.open()), Some(4));
    }

    /// An idle city costs nothing: the published list is read when another one takes its place, and
    /// not at each look.
    #[test]
    fn a_published_list_is_looked_through_once() {
        let place = Place::found();
        let (third, fourth) = (place.list(3), place.list(4));
        place.publish(&third);
        let lists = place.open();
        for _ in 0..3 {
            assert_eq!(lists.look_at_published(), "");
        }
        assert_eq!((number(&lists), looked(&lists)), (Some(3), 1));
        let current = lists.published.clone();
        let next = current.with_extension("next");
        std::fs::write(&next, fourth.der()).unwrap();
        std::fs::rename(&next, &current).unwrap();
        for _ in 0..3 {
            assert_eq!(lists.look_at_published(), "");
        }
        assert_eq!((number(&lists), looked(&lists)), (Some(4), 2));
        std::fs::remove_file(&current).unwrap();
        lists.look_at_published();
        assert!(lists.own().behind.is_some(), "what is gone is behind");
    }

    /// What was published while the role was off is known before it answers anybody.
    #[test]
    fn what_was_published_meanwhile_is_known_from_the_start() {
        let place = Place::found();
        let third = place.list(3);
        assert!(place.open().take_up(third.clone()));
        place.publish(&place.list(5));
        assert_eq!(number(&place.open()), Some(5));
        place.publish(&third);
        assert_eq!(number(&place.open()), Some(5), "and stays");
    }

    /// A list that was seen and is missing, or damaged, is told, and none that is older takes its
    /// place, nor another one of its number; with the very one, or a newer one, all is well.
    #[test]
    fn a_list_that_is_missing_is_told_and_replaced_by_no_older_one() {
        let place = Place::found();
        let lists = place.open();
        assert!(!lists.is_missing(), "none was seen");
        assert_eq!(lists.look_at_published(), "");
        let fourth = place.list(4);
        assert!(lists.take_up(fourth.clone()));
        for damage in [None, Some(Vec::new()), Some(place.list(3).der().to_vec())] {
            match damage {
                None => std::fs::remove_file(place.path()).unwrap(),
                Some(bytes) => std::fs::write(place.path(), bytes).unwrap(),
            }
            let lists = place.open();
            place.publish(&place.list(3));
            assert!(lists.look_at_published().contains("what was seen is missing: number 4"));
            assert!(lists.is_missing() && number(&lists).is_none());
            assert!(lists.take_up(fourth.clone()) && !lists.is_missing());
            assert_eq!(number(&place.open()), Some(4), "it is kept again");
        }
        let lists = place.open();
        assert!(!lists.take_up(place.list(4)) && lists.take_up(place.list(5)));
    }
}
