//! What a client still sends of a request that is answered already.

use super::client_body::ClientBody;
use bytes::Bytes;
use http_body_util::BodyExt;
use std::time::Duration;

/// Reads on within limits: who is busy sending an upload reads the answer only afterwards, and a
/// connection that is closed before that takes it along.
pub async fn swallow(mut body: ClientBody, most: usize, limit: Duration) {
    let all = async {
        let mut left = most;
        while let Some(Ok(frame)) = body.frame().await {
            left = left.saturating_sub(frame.data_ref().map_or(0, Bytes::len));
            if left == 0 {
                return;
            }
        }
    };
    let _ = tokio::time::timeout(limit, all).await;
}
