use super::{FloorFile, Journal};
use aws_lc_rs::hmac;

/// Files of before take the place of a journal and its floor while it is open, or both are
/// taken away: with the next entry all is there that was confirmed.
#[test]
fn what_was_confirmed_takes_its_place_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("losses");
    let (key, floor) = (hmac::Key::new(hmac::HMAC_SHA256, b"secret"), path.with_extension("floor"));
    FloorFile::found(&floor, &key).unwrap();
    let (mut journal, _) = Journal::open(&path, &key).unwrap();
    journal.append(b"first").unwrap();
    let before = [&path, &floor].map(|path| (path.clone(), std::fs::read(path).unwrap()));
    journal.append(b"second").unwrap();
    for (count, is_put_back) in [(3, true), (4, false)] {
        for (path, bytes) in &before {
            std::fs::remove_file(path).unwrap();
            if is_put_back {
                system::file::create_private(path, bytes).unwrap();
            }
        }
        journal.append(b"next").unwrap();
        assert_eq!(Journal::open(&path, &key).unwrap().1.len(), count, "{is_put_back}");
    }
    std::fs::remove_file(&floor).unwrap();
    assert!(Journal::open(&path, &key).is_err(), "before the next one nobody begins without");
}
