//! Why what was exported is not believed.

use crate::order::OrderError;

/// Why an exported document proves nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotTrusted {
    /// The root is not the one that is known from outside.
    #[error("根证书不是信任文件所指的 / the root certificate is not the one in the trust file")]
    Root,
    /// The key is not certified by the root for this purpose.
    #[error(
        "签名密钥没有根证书为此用途所签的证书 / \
         the signing key is not certified by the root for this purpose"
    )]
    Purpose,
    /// The order is another city's.
    #[error("办件不是本市的 / the order is another city's")]
    City,
    /// The order does not verify.
    #[error(transparent)]
    Order(#[from] OrderError),
    /// The checkpoint is not signed by the log's key.
    #[error("检查点不是日志密钥所签 / the checkpoint is not signed by the log's key")]
    Checkpoint,
    /// The record is not where it should be.
    #[error("日志中没有这条记录 / the log does not hold the record")]
    Inclusion,
    /// The previous certificate is not the one that the order names.
    #[error(
        "先前的证书不是办件所指的那一张 / \
         the previous certificate is not the one that the order names"
    )]
    Previous,
    /// An order of the batch is not the one that it names, or is missing.
    #[error("批次中的办件与其所指的不符 / an order of the batch is not the one that it names")]
    Rows,
    /// A file is not the one that the order names, or is missing.
    #[error("文件不是办件所指的那一份 / a file is not the one that the order names")]
    Files,
    /// The officer in whose name it is did not sign the wish in it.
    #[error(
        "办件中的吊销请求不是其审批人员所签 / the wish in the order is not signed by its officer"
    )]
    Wish,
    /// The key of the certificate that it renews did not sign the renewal in it.
    #[error(
        "办件中的续期不是原证书的密钥所签 / \
         the renewal in the order is not signed by the old certificate's key"
    )]
    Renewal,
    /// What is in force became another than what it was made for.
    #[error(
        "办件的依据已经变化，只能退回或驳回 / \
         what the order rests on became another; it can only be declined"
    )]
    Moved,
    /// It would be issued in another name than the one that authority holds.
    #[error(
        "证书上的姓名与登记的不符 / the certificate's name is not the one that authority holds"
    )]
    Name,
    /// A document is not of the city of the trust file.
    #[error("文件不是本市的 / the document is another city's")]
    OtherCity,
    /// An authority is not certified by the root, or not now, or is named and not there.
    #[error(
        "其中的证书机构没有根证书所签的有效证书 / \
         an authority in it has no valid certificate of the root"
    )]
    Authority,
    /// The document is not good any more, and a later one must be there.
    #[error("文件已过有效期，应取新的 / the document is over, and a later one must be there")]
    Over,
}
