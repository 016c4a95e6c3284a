//! The doorbell: whoever commits tells the other processes of the same database, so that nobody has
//! to look. A ring that is lost costs a second at most: every listener looks by itself that often,
//! and only then.
//!
//! A ring says what was committed, and wakes whoever hears that and nobody else. On SQLite each
//! process has a datagram socket in one folder, whose name says what it hears; on PostgreSQL it is
//! LISTEN and NOTIFY.

use crate::{Store, StoreError};
use sqlx::PgPool;
use sqlx::postgres::PgListener;
use std::fs::File;
use std::io::ErrorKind;
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{Notify, watch};

/// A listener looks by itself this often.
pub const LOOK: Duration = Duration::from_secs(1);
/// The channels on PostgreSQL, one for each kind of news: who does not hear it is sent nothing.
const CHANNELS: [&str; 3] = ["yinxin-control-waits", "yinxin-access-waits", "yinxin-control-grew"];
/// What is committed by a ring is nothing but the ring: it waits for no disk. What it tells of was
/// durable before.
const RING: &str = "select set_config('synchronous_commit', 'off', true), pg_notify(channel, '') \
                    from unnest($1::text[]) as channel";

/// The kinds of rows that a transaction committed, as a set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CommitNews(u8);

impl CommitNews {
    /// Records wait for the tree of `control`.
    pub const CONTROL_WAITS: Self = Self(1);
    /// Records wait for the tree of `access`.
    pub const ACCESS_WAITS: Self = Self(2);
    /// The tree of `control` grew.
    pub const CONTROL_GREW: Self = Self(4);
    const ALL: Self = Self(7);

    /// The set of everything that either of two says.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether this is some of that.
    fn is_in(self, hears: Self) -> bool {
        self.0 & hears.0 != 0
    }
}

/// How often each kind of news was rung.
type Rings = [u64; 3];

fn count(rings: &mut Rings, news: CommitNews) {
    for (at, rung) in rings.iter_mut().enumerate() {
        *rung += u64::from(news.0 >> at & 1);
    }
}

/// The doorbell of one process.
#[derive(Clone)]
pub struct Doorbell {
    rung: watch::Receiver<Rings>,
    /// What was heard of each.
    heard: Rings,
    hears: CommitNews,
    ring: Ring,
}

#[derive(Clone)]
enum Ring {
    /// Every other socket in the folder.
    Sockets(Arc<Sockets>),
    /// A task that notifies of what was rung since the last time.
    Channel(Arc<(AtomicU8, Notify)>),
}

/// The other processes, as far as they were there when they were last looked for.
#[derive(Default)]
struct Peers {
    looked: Option<Instant>,
    all: Vec<(PathBuf, CommitNews)>,
}

struct Sockets {
    /// The folder by its descriptor: a socket's address has no room for a long path.
    folder: PathBuf,
    own: PathBuf,
    sender: UnixDatagram,
    peers: Mutex<Peers>,
    _descriptor: File,
}

impl Drop for Sockets {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.own);
    }
}

impl Doorbell {
    /// Hangs the doorbell of process `name` up, which hears some news; `folder` is the same for
    /// every process of a database. One that hangs there under this name is taken for left behind:
    /// the caller sees to it that there is one process of a name.
    pub async fn open(
        store: &Store,
        folder: &Path,
        (name, hears): (&str, CommitNews),
    ) -> Result<Self, StoreError> {
        let (tell, rung) = watch::channel(Rings::default());
        let ring = match store {
            Store::Sqlite(_) => Ring::Sockets(Arc::new(sockets(folder, (name, hears), tell)?)),
            Store::Postgres(server) => {
                let pool = &server.reading;
                tokio::spawn(listen(pool.clone(), hears, tell));
                let wanted = Arc::new((AtomicU8::new(0), Notify::new()));
                tokio::spawn(notify(pool.clone(), wanted.clone()));
                Ring::Channel(wanted)
            }
        };
        Ok(Self { rung, heard: Rings::default(), hears, ring })
    }

    /// The same doorbell for a listener of this process that hears only some of it.
    #[must_use]
    pub fn hearing(&self, hears: CommitNews) -> Self {
        Self { hears, ..self.clone() }
    }

    /// Tells the other processes what was committed. Never waits and never fails.
    pub fn ring(&self, news: CommitNews) {
        match &self.ring {
            Ring::Sockets(sockets) => sockets.ring(news),
            Ring::Channel(wanted) => {
                wanted.0.fetch_or(news.0, Ordering::AcqRel);
                wanted.1.notify_one();
            }
        }
    }

    /// Waits until somebody rang since the last time, or it is time to look; says whether somebody
    /// did.
    pub async fn heard(&mut self) -> bool {
        let (heard, hears) = (self.heard, self.hears);
        let is_new = |rung: &Rings| {
            let all = rung.iter().zip(heard).enumerate();
            let mut new = all.filter(|(_, (rung, heard))| **rung != *heard);
            new.any(|(at, _)| CommitNews(1 << at).is_in(hears))
        };
        let rung = tokio::time::timeout(LOOK, self.rung.wait_for(is_new)).await;
        let Ok(Ok(rung)) = rung.map(|rung| rung.map(|rung| *rung)) else { return false };
        self.heard = rung;
        true
    }
}

impl Sockets {
    fn ring(&self, news: CommitNews) {
        let mut peers = self.peers.lock().unwrap_or_else(PoisonError::into_inner);
        if peers.looked.is_none_or(|looked| looked.elapsed() >= LOOK) {
            *peers = self.look();
        }
        let told = |(path, hears): &(PathBuf, CommitNews)| match news.is_in(*hears) {
            true => self.sender.send_to(&[news.0], path),
            false => Ok(0),
        };
        // A queue that is full belongs to somebody who will look anyway.
        let is_gone = |error: &std::io::Error| error.kind() != ErrorKind::WouldBlock;
        let failed: Vec<_> = peers.all.iter().filter_map(|peer| told(peer).err()).collect();
        if failed.iter().any(is_gone) {
            peers.looked = None;
        }
    }

    /// Who is there now.
    fn look(&self) -> Peers {
        let entries = std::fs::read_dir(&self.folder).into_iter().flatten().flatten();
        let others = entries.map(|entry| entry.path()).filter(|path| *path != self.own);
        let all = others.filter_map(|path| {
            let (_, hears) = path.file_name()?.to_str()?.rsplit_once('.')?;
            let hears = hears.parse().ok().map(CommitNews)?;
            Some((path, hears))
        });
        Peers { looked: Some(Instant::now()), all: all.collect() }
    }
}

/// Notifies of what was rung. A server that cannot be told is looked at within a second.
async fn notify(pool: PgPool, wanted: Arc<(AtomicU8, Notify)>) {
    while !pool.is_closed() {
        wanted.1.notified().await;
        let news = CommitNews(wanted.0.swap(0, Ordering::AcqRel));
        let rung = sqlx::query(RING).bind(channels(news).map(str::to_owned).collect::<Vec<_>>());
        let _ = crate::answered::answered(rung.execute(&pool)).await;
    }
}

/// The channels on which these kinds of news are rung.
fn channels(news: CommitNews) -> impl Iterator<Item = &'static str> {
    let all = CHANNELS.into_iter().enumerate();
    all.filter(move |(at, _)| CommitNews(1 << *at).is_in(news)).map(|(_, channel)| channel)
}

/// What is rung on a channel.
fn rung_on(channel: &str) -> CommitNews {
    let at = CHANNELS.iter().position(|known| *known == channel);
    at.map_or(CommitNews::ALL, |at| CommitNews(1 << at))
}

/// Hears what others committed, whether or not the server is there yet. After a lost connection the
/// listener connects anew; what was missed is looked for.
async fn listen(pool: PgPool, hears: CommitNews, tell: watch::Sender<Rings>) {
    while !tell.is_closed() && !pool.is_closed() {
        let mut listener = match PgListener::connect_with(&pool).await {
            Ok(listener) => listener,
            Err(_) => {
                tokio::time::sleep(LOOK).await;
                continue;
            }
        };
        let mut heard = listener.listen_all(channels(hears)).await.is_ok();
        while heard && !tell.is_closed() {
            let rung = listener.recv().await;
            heard = rung.is_ok();
            let news = rung.map_or(CommitNews::ALL, |rung| rung_on(rung.channel()));
            tell.send_modify(|rings| count(rings, news));
        }
        tokio::time::sleep(LOOK).await;
    }
}

fn sockets(
    folder: &Path,
    (name, hears): (&str, CommitNews),
    tell: watch::Sender<Rings>,
) -> Result<Sockets, StoreError> {
    let failed = |error| StoreError::Database(sqlx::Error::Io(error));
    std::fs::create_dir_all(folder).map_err(failed)?;
    let descriptor = File::open(folder).map_err(failed)?;
    let folder = PathBuf::from(format!("/proc/self/fd/{}", descriptor.as_raw_fd()));
    let own = folder.join(format!("{name}.{}", hears.0));
    // What a former process left, whatever that heard.
    let entries = std::fs::read_dir(&folder).map_err(failed)?.flatten();
    let of_name = |path: &PathBuf| path.file_stem().is_some_and(|stem| stem == name);
    for left in entries.map(|entry| entry.path()).filter(of_name) {
        let _ = std::fs::remove_file(left);
    }
    let listener = tokio::net::UnixDatagram::bind(&own).map_err(failed)?;
    let sender = UnixDatagram::unbound().map_err(failed)?;
    sender.set_nonblocking(true).map_err(failed)?;
    tokio::spawn(async move {
        let mut byte = [0];
        while !tell.is_closed() {
            if listener.recv(&mut byte).await.is_err() {
                return;
            }
            // Many rings are one.
            let mut news = CommitNews(byte[0]);
            while listener.try_recv(&mut byte).is_ok() {
                news = news.and(CommitNews(byte[0]));
            }
            tell.send_modify(|rings| count(rings, news));
        }
    });
    Ok(Sockets { folder, own, sender, peers: Mutex::default(), _descriptor: descriptor })
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn hung(folder: &Path, name: &str, hears: CommitNews) -> Doorbell {
        let address = format!("sqlite:{}", folder.join("ca.db").display());
        let store = Store::open(&address).await.unwrap();
        Doorbell::open(&store, &folder.join("bells"), (name, hears)).await.unwrap()
    }

    #[tokio::test]
    async fn a_ring_wakes_whoever_hears_that_news_and_nobody_else() {
        let folder = tempfile::tempdir().unwrap();
        let both = CommitNews::CONTROL_WAITS.and(CommitNews::ACCESS_WAITS);
        let issuer = hung(folder.path(), "issuer", CommitNews::CONTROL_GREW).await;
        let log = hung(folder.path(), "log", both).await;
        let (mut control, mut access) =
            (log.hearing(CommitNews::CONTROL_WAITS), log.hearing(CommitNews::ACCESS_WAITS));
        issuer.ring(CommitNews::ACCESS_WAITS);
        assert!(access.heard().await);
        assert_eq!((*log.rung.borrow(), *issuer.rung.borrow()), ([0, 1, 0], [0; 3]));
        issuer.ring(CommitNews::CONTROL_WAITS);
        assert!(control.heard().await, "what the other listener heard is none of it");
        assert_eq!(control.heard, [1, 1, 0]);
        log.ring(CommitNews::CONTROL_GREW);
        assert!(issuer.clone().heard().await);
        assert_eq!(*log.rung.borrow(), [1, 1, 0], "nobody wakes themselves");
    }

    /// On a server each kind of news has a channel, and no two share one.
    #[test]
    fn whoever_listens_hears_what_was_rung_and_nothing_else() {
        for news in 0..=CommitNews::ALL.0 {
            let heard = channels(CommitNews(news)).map(rung_on);
            assert_eq!(heard.fold(0, |all, one| all | one.0), news);
            assert_eq!(channels(CommitNews(news)).count(), news.count_ones() as usize);
        }
        assert_eq!(rung_on("somebody else's"), CommitNews::ALL);
    }

    /// A process that was started again is found once somebody is seen to be gone.
    #[tokio::test]
    async fn whoever_comes_again_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let issuer = hung(folder.path(), "issuer", CommitNews::CONTROL_GREW).await;
        let log = hung(folder.path(), "log", CommitNews::CONTROL_WAITS).await;
        issuer.ring(CommitNews::CONTROL_WAITS);
        assert!(log.clone().heard().await);
        drop(log);
        let mut again = hung(folder.path(), "log-2", CommitNews::CONTROL_WAITS).await;
        issuer.ring(CommitNews::CONTROL_WAITS);
        issuer.ring(CommitNews::CONTROL_WAITS);
        assert!(again.heard().await);
    }
}
