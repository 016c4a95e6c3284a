//! A sample order.

use records::record::File;
use records::{Bytes, Disclosure};
use serde_json::Value;

/// An order of the golden vectors with what belongs beside it.
#[derive(Default)]
pub struct SampleOrder {
    /// The order as it will be signed.
    pub order: Value,
    /// These values open the commitments of the order.
    pub disclosures: Vec<Disclosure>,
    /// The last certificate of the person, DER, if the order compares with one.
    pub previous: Option<Bytes>,
    /// The certificate that is renewed, DER.
    pub renewed: Option<Bytes>,
    /// The order names these files.
    pub files: Vec<File>,
    /// Those in force before it.
    pub files_before: Vec<File>,
}
