//! What a client still sends of a request that is answered already.

use crate::fixed::{SWALLOW_MAX, SWALLOWED_BYTES_MAX};
use mtls::listen::ClientBody;

/// Reads on within the limits of a gate.
pub(super) async fn swallow(body: ClientBody) {
    mtls::listen::swallow(body, SWALLOWED_BYTES_MAX, SWALLOW_MAX).await;
}
