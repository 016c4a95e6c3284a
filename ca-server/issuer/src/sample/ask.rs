//! What the queries of the issuer say of the sample city.

use super::Sample;
use crate::query::fetch::tell_consequences;
use crate::query::receipt::wants_letter;
use authority::OrderDigest;
use records::export::RowExport;
use records::order::Body;

impl Sample {
    /// Whether somebody is told to need a letter.
    pub(crate) fn wants_letter(&self, person: &str) -> bool {
        wants_letter(self.authority(), person, self.city.now)
    }

    /// Says of each row of a batch that a person has to open what it takes away.
    pub(crate) fn tell_consequences(
        &self,
        person: &str,
        (batch, body): (OrderDigest, &Body),
        rows: &mut [RowExport],
    ) {
        tell_consequences(self.authority(), person, (batch, body, self.city.now), rows);
    }
}
