//! A cheap look whether anything was committed, so that idle loops cost nothing.

use crate::embedded::connect;
use crate::open::Store;
use rusqlite::Connection;

/// Watches one database for what other processes commit to it.
pub struct Watch {
    /// A connection that nobody else has: the database counts for it what others commit.
    own: Option<Connection>,
    /// Where to open it.
    store: Store,
    seen: Option<i64>,
}

impl Store {
    /// Begins to watch; the first look says that something changed.
    pub fn watch(&self) -> Watch {
        Watch { own: None, store: self.clone(), seen: None }
    }
}

impl Watch {
    /// Whether something may have been committed since the last look. On a server it always may.
    pub fn changed(&mut self) -> bool {
        let version = self.version();
        let same = version.is_some() && version == self.seen;
        self.seen = version;
        !same
    }

    /// What changes with every commit of any other connection.
    fn version(&mut self) -> Option<i64> {
        let Store::Sqlite(database) = &self.store else { return None };
        if database.is_closed() {
            self.own = None;
            return None;
        }
        if self.own.is_none() {
            self.own = connect(database.path()).ok();
        }
        let mut statement = self.own.as_ref()?.prepare_cached("pragma data_version").ok()?;
        statement.query_row([], |row| row.get(0)).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::open::Tx;

    #[tokio::test]
    async fn every_commit_is_seen_once() {
        let folder = tempfile::tempdir().unwrap();
        let address = format!("sqlite:{}", folder.path().join("ca.db").display());
        let store = Store::open(&address).await.unwrap();
        let mut watch = store.watch();
        assert!(watch.changed(), "the first look");
        assert!(!watch.changed());
        let other = Store::open(&address).await.unwrap();
        for (at, store) in [&store, &other, &store, &store].into_iter().enumerate() {
            let mut tx = store.write().await.unwrap();
            let Tx::Sqlite(inner) = &mut tx else { panic!("a file") };
            inner.execute(&format!("create table many{at} (it integer)"), &[]).unwrap();
            assert!(!watch.changed(), "what is not committed is not there");
            tx.commit().await.unwrap();
            assert!(watch.changed(), "however little time lies between");
            assert!(!watch.changed());
        }
        store.close().await;
        assert!(watch.changed(), "whoever asks hears that it is closed");
    }
}
