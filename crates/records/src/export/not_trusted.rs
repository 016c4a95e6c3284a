//! Why what was exported is not believed.

use crate::order::OrderError;

/// Why an exported document proves nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotTrusted {
    /// The root is not the one that is known from outside.
    #[error("the root certificate is not the one in the trust file")]
    Root,
    /// The key is not certified by the root for this purpose.
    #[error("the signing key is not certified by the root for this purpose")]
    Purpose,
    /// The order does not verify.
    #[error(transparent)]
    Order(#[from] OrderError),
    /// The checkpoint is not signed by the log's key.
    #[error("the checkpoint is not signed by the log's key")]
    Checkpoint,
    /// The record is not where it should be.
    #[error("the log does not hold the record")]
    Inclusion,
    /// The previous certificate is not the one that the order names.
    #[error("the previous certificate is not the one that the order names")]
    Previous,
    /// An order of the batch is not the one that it names, or is missing.
    #[error("an order of the batch is not the one that it names")]
    Rows,
    /// A file is not the one that the order names, or is missing.
    #[error("a file is not the one that the order names")]
    Files,
    /// The officer in whose name it is did not sign the wish in it.
    #[error("the wish in the order is not signed by its officer")]
    Wish,
    /// The key of the certificate that it renews did not sign the renewal in it.
    #[error("the renewal in the order is not signed by the old certificate's key")]
    Renewal,
    /// What is in force became another than what it was made for.
    #[error("what the order rests on became another; it can only be declined")]
    Moved,
    /// It would be issued in another name than the one that authority holds.
    #[error("the certificate's name is not the one that authority holds")]
    Name,
}
