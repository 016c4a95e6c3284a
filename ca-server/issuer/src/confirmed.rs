//! Looks for what `status`, or this role itself, confirmed and the log does not have: its records
//! may have been kept from the queue, or taken out of it, by whoever holds the database.

use crate::command::Command;
use crate::decide::confirmed::is_missing;
use crate::issuer::Issuer;
use ca_host::confirmed::handed_over;
use service::Stop;
use std::sync::Arc;
use std::time::Duration;

/// It is looked for this often.
const LOOK: Duration = Duration::from_secs(1);

/// Looks until the stop.
pub(crate) async fn run(issuer: Arc<Issuer>, stop: Stop) {
    while stop.pause(LOOK).await {
        let Some(view) = issuer.view_now() else { continue };
        let handed = handed_over(&issuer.context.config);
        let problem = handed.as_ref().err().map(|error| format!("{error:#}"));
        issuer.metrics.condition("confirmed", problem.as_deref().unwrap_or_default());
        let mut records = handed.unwrap_or_default();
        records.retain(|record| is_missing(view.authority(), record));
        if records.is_empty() {
            continue;
        }
        tracing::warn!(count = records.len(), "confirmed, and not in the log: recorded again");
        if let Err(error) = issuer.ask(|reply| Command::Confirmed(records, reply)).await {
            issuer.metrics.count("confirmed", error.code().name());
        }
    }
}
