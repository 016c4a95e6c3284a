//! The last list that the issuing key signed, behind which the next one goes on: from whatever
//! place has the newest. A place that is missing, damaged or of before is no reason to number a
//! list a second time; that the own one is, is told.

use crate::error::IssuerError;
use crate::issuer::Issuer;
use ca_host::ISSUER;
use ca_host::lists::{self, ListOf};
use pki::PublicKey;
use pki::crl::RevocationList;
use records::Code;
use std::path::PathBuf;

/// Where the issuer keeps it.
pub(super) const OWN: &str = "issuer/list.crl";
/// Under which name it is told that it was not there.
pub(super) const NOTICE: &str = "list-kept";
/// The number of the list of a founding.
const FIRST: u64 = 1;

/// The newest list of all places.
pub(super) async fn list(issuer: &Issuer) -> Result<RevocationList, IssuerError> {
    let config = &issuer.context.config;
    let mut tx = issuer.store.read().await?;
    // A table that is gone is one place less: what was handed out or published, another has.
    let rows = match ca_store::crl::newest(&mut tx, ISSUER).await {
        Err(error) if error.is_about_rows() => Vec::new(),
        rows => rows?,
    };
    drop(tx);
    let key = issuer.context.issuing_certificate.key();
    let found = newest(|name| config.path(name), key, rows);
    let (newest, problem) = found.ok_or(Code::UnsignedAuthority)?;
    issuer.metrics.notice(NOTICE, &problem);
    Ok(newest)
}

/// The newest list of files and rows, with what is to be told of the issuer's own file.
fn newest(
    path: impl Fn(&str) -> PathBuf,
    key: &PublicKey,
    rows: Vec<Vec<u8>>,
) -> Option<(RevocationList, String)> {
    let own = std::fs::read(path(OWN)).ok();
    let ours = |der: &Vec<u8>| RevocationList::read(der).is_ok_and(|list| list.is_signed_by(key));
    let has_own = own.as_ref().is_some_and(ours);
    // What `status` saw is verified like every other.
    let seen = std::fs::read(path("status/kept/list")).ok();
    let others = own.into_iter().chain(seen).chain(rows);
    let newest = lists::newest(&path("public"), ListOf::Issuing, key, others)?;
    let number = newest.number();
    let problem = match has_own || number == FIRST {
        false => format!(
            "{OWN} is missing or damaged; lists go on behind number {number}, the newest that was \
             found"
        ),
        true => String::new(),
    };
    Some((newest, problem))
}

#[cfg(test)]
mod tests {
    use super::*;
    use pki::Signer;
    use sample_city::SampleCity;

    /// Whichever place has the newest list, the next one goes on behind that, also where the own
    /// file is missing or damaged, which is told; what another key signed, or a name says, is none.
    #[test]
    fn the_newest_list_of_all_places_is_the_last() {
        let (folder, city) = (tempfile::tempdir().unwrap(), SampleCity::found());
        let path = |name: &str| folder.path().join(name);
        let write = |name: &str, bytes: &[u8]| {
            std::fs::create_dir_all(path(name).parent().unwrap()).unwrap();
            std::fs::write(path(name), bytes).unwrap();
        };
        let public = |name: String| format!("public/{name}");
        let numbered = |number| public(ListOf::Issuing.numbered(number));
        let last = |row: Option<u64>| {
            let rows = row.map(|number| city.list(number).der().to_vec()).into_iter().collect();
            let found = newest(path, city.keys.issuing.public_key(), rows)?;
            Some((found.0.number(), !found.1.is_empty()))
        };
        assert_eq!(last(None), None);
        assert_eq!(last(Some(1)), Some((1, false)), "the first is not the issuer's own yet");
        assert_eq!(last(Some(4)), Some((4, true)));
        write(OWN, city.list(9).der());
        assert_eq!(last(Some(4)), Some((9, false)));
        write(OWN, b"damaged");
        write(&public(ListOf::Issuing.current()), city.list(5).der());
        assert_eq!(last(Some(4)), Some((5, true)));
        write("status/kept/list", city.list(6).der());
        for number in [8, 10] {
            write(&numbered(number), city.list(number).der());
        }
        assert_eq!(last(Some(4)), Some((10, true)));
        write(&numbered(11).replace("11", "x"), b"no number");
        assert_eq!(last(Some(12)), Some((12, true)));
        let foreign = SampleCity::found();
        write(&public(ListOf::Issuing.current()), foreign.list(99).der());
        assert_eq!(last(Some(4)), Some((10, true)));
    }
}
