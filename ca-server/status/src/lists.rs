//! The newest revocation list that this role has seen, verified under the issuing key. Its number
//! never goes back, whatever rows and files say: the list and a floor for its number stand in the
//! role's own directory before anybody is told of it.

use anyhow::Context;
use arc_swap::ArcSwapOption;
use ca_host::lists::ListOf;
use ca_store::follower::Follower;
use ca_store::keep::FloorFile;
use ca_store::replay::Floor;
use ca_store::table::list;
use pki::PublicKey;
use pki::crl::RevocationList;
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};
use store::Store;

/// Rows of one look.
const ROWS_MAX: i64 = 16;
/// The issuer publishes a list after it is committed; what is behind for longer is told.
const BEHIND_MAX: Duration = Duration::from_secs(10);

/// Lists of the issuing CA.
pub(super) struct Lists {
    key: PublicKey,
    newest: ArcSwapOption<RevocationList>,
    own: Mutex<Own>,
    published: PathBuf,
    /// Counts records of lists that passed by, and how many of them the rows were read for: whoever
    /// gives up in the middle of reading leaves it to the next.
    noted: Arc<AtomicU64>,
    read: tokio::sync::Mutex<u64>,
}

struct Own {
    floor: FloorFile,
    path: PathBuf,
    /// When the published file was last changed, and since when it is behind.
    seen: Option<SystemTime>,
    behind: Option<Instant>,
}

impl Lists {
    pub(super) fn open(
        follower: &Follower,
        key: PublicKey,
        public: &Path,
        noted: Arc<AtomicU64>,
    ) -> anyhow::Result<Self> {
        let (floor, path) = follower.own_floor("list")?;
        let kept = std::fs::read(&path).ok();
        let own = Own { floor, path, seen: None, behind: None };
        let lists = Self {
            key,
            newest: ArcSwapOption::empty(),
            own: Mutex::new(own),
            published: public.join(ListOf::Issuing.current()),
            noted,
            read: tokio::sync::Mutex::new(0),
        };
        if let Some(list) = kept.and_then(|der| lists.verified(&der)) {
            lists.take_up(list)?;
        }
        Ok(lists)
    }

    /// The newest list.
    pub(super) fn newest(&self) -> Option<Arc<RevocationList>> {
        self.newest.load_full()
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
        let mut after = self.newest().map_or(0, |list| list.number());
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
        newest.map_or(Ok(false), |list| self.take_up(list))
    }

    fn verified(&self, der: &[u8]) -> Option<RevocationList> {
        RevocationList::read(der).ok().filter(|list| list.is_signed_by(&self.key))
    }

    /// Takes up a verified list if it is newer than the newest; it is kept before anybody sees it.
    fn take_up(&self, list: RevocationList) -> anyhow::Result<bool> {
        let mut own = self.own.lock().unwrap_or_else(PoisonError::into_inner);
        let digest: [u8; 32] = Sha256::digest(list.der()).into();
        let floor = own.floor.floor();
        let same = (list.number(), digest) == (floor.size, floor.root);
        let known = self.newest().is_some_and(|newest| list.number() <= newest.number());
        if known || !(list.number() > floor.size || same) {
            return Ok(false);
        }
        if !same {
            system::file::replace_private(&own.path, list.der())
                .with_context(|| own.path.display().to_string())?;
            own.floor.raise(Floor { size: list.number(), root: digest })?;
        }
        self.newest.store(Some(Arc::new(list)));
        Ok(true)
    }

    /// Looks at the published file: what is newer is taken up; says how far it is behind what was
    /// seen, once it had its time.
    pub(super) fn look_at_published(&self) -> anyhow::Result<Option<String>> {
        let changed = std::fs::metadata(&self.published).and_then(|data| data.modified()).ok();
        let known = self.own.lock().unwrap_or_else(PoisonError::into_inner).seen;
        let list = std::fs::read(&self.published).ok().and_then(|der| self.verified(&der));
        let number = list.as_ref().map_or(0, RevocationList::number);
        if changed != known || changed.is_none() {
            self.own.lock().unwrap_or_else(PoisonError::into_inner).seen = changed;
            if let Some(list) = list {
                self.take_up(list)?;
            }
        }
        let newest = self.newest().map_or(0, |list| list.number());
        let mut own = self.own.lock().unwrap_or_else(PoisonError::into_inner);
        if number >= newest {
            own.behind = None;
            return Ok(None);
        }
        let since = *own.behind.get_or_insert_with(Instant::now);
        let told = || format!("the published list is number {number}; {newest} was seen");
        Ok((since.elapsed() >= BEHIND_MAX).then(told))
    }
}
