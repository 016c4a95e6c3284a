//! Places of the application that could not be reached are tried again, and told on `/readyz`.

use super::state::Gate;
use service::Stop;
use std::sync::Arc;
use std::time::Duration;

/// How often.
const LOOK: Duration = Duration::from_secs(2);

/// Looks until the stop. What is the matter is a notice: the gate itself is ready.
pub async fn look_at_upstreams(gate: Arc<Gate>, stop: Stop) {
    loop {
        let told = gate.upstreams.look().await;
        gate.metrics.notice("upstream", &told);
        if !stop.pause(LOOK).await {
            return;
        }
    }
}
