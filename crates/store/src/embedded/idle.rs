//! What a writer of this process began and does nothing with is rolled back, as a server does that
//! ends an idle session: a task that waits for something else keeps nobody from the turn. Of a
//! process that was stopped nobody else can take it.

use super::Database;
use std::sync::Arc;
use std::time::Duration;

/// How often it is looked.
const LOOK: Duration = Duration::from_secs(1);
/// Longest that a transaction that writes may be idle.
const IDLE_MAX: Duration = Duration::from_secs(15);

/// Looks until the database is closed or its process ends.
pub(crate) fn keep(database: &Arc<Database>) {
    let database = Arc::downgrade(database);
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(LOOK).await;
            let open = database.upgrade().filter(|database| !database.is_closed());
            let Some(database) = open else { return };
            database.end_idle(IDLE_MAX);
        }
    });
}
