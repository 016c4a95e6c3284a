//! The doorbell: whoever commits tells the other processes of the same database, so that nobody has
//! to look. A ring that is lost costs a second at most: every listener looks by itself that often,
//! and only then.
//!
//! On SQLite each process has a datagram socket in one folder; on PostgreSQL it is LISTEN and
//! NOTIFY.

use crate::{Store, StoreError};
use sqlx::PgPool;
use sqlx::postgres::PgListener;
use std::fs::File;
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, watch};

/// A listener looks by itself this often.
pub const LOOK: Duration = Duration::from_secs(1);
/// The channel on PostgreSQL.
const CHANNEL: &str = "yinxin";

/// The doorbell of one process.
#[derive(Clone)]
pub struct Doorbell {
    rung: watch::Receiver<u64>,
    ring: Ring,
}

#[derive(Clone)]
enum Ring {
    /// Every other socket in the folder.
    Sockets(Arc<Sockets>),
    /// A task that notifies.
    Channel(Arc<Notify>),
}

struct Sockets {
    /// The folder by its descriptor: a socket's address has no room for a long path.
    folder: PathBuf,
    own: PathBuf,
    sender: UnixDatagram,
    _descriptor: File,
}

impl Drop for Sockets {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.own);
    }
}

impl Doorbell {
    /// Hangs the doorbell of process `name` up; `folder` is the same for every process of a
    /// database.
    pub async fn open(store: &Store, folder: &Path, name: &str) -> Result<Self, StoreError> {
        let (tell, rung) = watch::channel(0_u64);
        let ring = match store {
            Store::Sqlite(_) => Ring::Sockets(Arc::new(sockets(folder, name, tell)?)),
            Store::Postgres(server) => {
                let pool = &server.reading;
                tokio::spawn(listen(pool.clone(), tell));
                let notify = Arc::new(Notify::new());
                let (pool, wanted) = (pool.clone(), notify.clone());
                tokio::spawn(async move {
                    while !pool.is_closed() {
                        wanted.notified().await;
                        // A server that cannot be told is looked at within a second.
                        let rung = sqlx::query("select pg_notify($1, '')").bind(CHANNEL);
                        let _ = crate::answered::answered(rung.execute(&pool)).await;
                    }
                });
                Ring::Channel(notify)
            }
        };
        Ok(Self { rung, ring })
    }

    /// Tells the other processes that something was committed. Never waits and never fails.
    pub fn ring(&self) {
        match &self.ring {
            Ring::Sockets(sockets) => sockets.ring(),
            Ring::Channel(notify) => notify.notify_one(),
        }
    }

    /// Waits until somebody rang since the last time, or it is time to look; says whether somebody
    /// did.
    pub async fn heard(&mut self) -> bool {
        tokio::time::timeout(LOOK, self.rung.changed()).await.is_ok_and(|rung| rung.is_ok())
    }
}

impl Sockets {
    fn ring(&self) {
        let Ok(entries) = std::fs::read_dir(&self.folder) else { return };
        for entry in entries.flatten() {
            let path = entry.path();
            if path != self.own && self.sender.send_to(&[1], &path).is_err() {
                // Nobody listens there any more, or its queue is full and it will look anyway.
                continue;
            }
        }
    }
}

/// Hears what others committed, whether or not the server is there yet. After a lost connection the
/// listener connects anew; what was missed is looked for.
async fn listen(pool: PgPool, tell: watch::Sender<u64>) {
    while !tell.is_closed() && !pool.is_closed() {
        let mut listener = match PgListener::connect_with(&pool).await {
            Ok(listener) => listener,
            Err(_) => {
                tokio::time::sleep(LOOK).await;
                continue;
            }
        };
        let mut heard = listener.listen(CHANNEL).await.is_ok();
        while heard && !tell.is_closed() {
            heard = listener.recv().await.is_ok();
            tell.send_modify(|count| *count += 1);
        }
        tokio::time::sleep(LOOK).await;
    }
}

fn sockets(folder: &Path, name: &str, tell: watch::Sender<u64>) -> Result<Sockets, StoreError> {
    let failed = |error| StoreError::Database(sqlx::Error::Io(error));
    std::fs::create_dir_all(folder).map_err(failed)?;
    let descriptor = File::open(folder).map_err(failed)?;
    let folder = PathBuf::from(format!("/proc/self/fd/{}", descriptor.as_raw_fd()));
    let own = folder.join(name);
    let _ = std::fs::remove_file(&own);
    let listener = tokio::net::UnixDatagram::bind(&own).map_err(failed)?;
    let sender = UnixDatagram::unbound().map_err(failed)?;
    sender.set_nonblocking(true).map_err(failed)?;
    tokio::spawn(async move {
        let mut byte = [0; 8];
        while !tell.is_closed() {
            if listener.recv(&mut byte).await.is_err() {
                return;
            }
            // Many rings are one.
            while listener.try_recv(&mut byte).is_ok() {}
            tell.send_modify(|count| *count += 1);
        }
    });
    Ok(Sockets { folder, own, sender, _descriptor: descriptor })
}
