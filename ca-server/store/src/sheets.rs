//! What the CA's host keeps of letters, join files and files of systems until they are printed and
//! carried away, and of message codes until they are sent, and which of it is over: the tree says
//! that nobody begins anything with it any more. The code of a letter stands nowhere else on this
//! host; the tokens of gates and systems stand in rows too, sealed.

use authority::{Authority, OrderDigest};
use ca_host::message_codes;
use records::join::JoinFile;
use records::letter::Letter;
use records::machine::SystemFile;
use std::ffi::OsStr;
use std::io::{ErrorKind, Read, Result};
use std::path::{Path, PathBuf};

/// Where letters, join files and files of systems wait for whoever carries them away, below the
/// state directory.
const LETTERS: &str = "issuer/letters";
/// Where the founding left the letters with which first people report a loss.
const LOSS_LETTERS: &str = "people";
/// A file that begins with this was being shredded when a crash came.
const SHREDDED: u8 = 0;
/// None of these files is longer, in bytes.
const BYTES_MAX: u64 = 1 << 20;

/// Every file below a state directory that is over at `now` (unix), sheets before what tells whose
/// they are. A hidden file stands for the one that it was to become.
pub fn over(state: &Path, authority: &Authority, now: u64) -> Result<Vec<PathBuf>> {
    let mut over = Vec::new();
    let codes = files(&state.join(message_codes::FOLDER))?;
    for path in files(&state.join(LETTERS))?.into_iter().chain(codes) {
        let name = path.file_name().and_then(OsStr::to_str).unwrap_or_default();
        let is_over = if name.ends_with(".join.json") {
            read(&path)?.is_some_and(|bytes| is_join_over(authority, &bytes, now))
        } else if name.ends_with(".system.json") {
            read(&path)?.is_some_and(|bytes| is_system_over(authority, &bytes, now))
        } else {
            let reference = name.split('.').next().unwrap_or_default();
            authority.is_letter_over(reference, now).unwrap_or(false)
        };
        if is_over {
            over.push(path);
        }
    }
    for path in files(&state.join(LOSS_LETTERS))? {
        let name = path.file_name().and_then(OsStr::to_str).unwrap_or_default();
        if name.ends_with(".loss.json")
            && read(&path)?.is_some_and(|bytes| is_loss_letter_over(authority, &bytes))
        {
            over.extend([path.with_extension("html"), path]);
        }
    }
    // `….html` comes before `….json`.
    over.sort();
    over.dedup();
    Ok(over)
}

/// The names in a folder; of a hidden file the one that it was to become.
fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = match std::fs::read_dir(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let named = |entry: Result<std::fs::DirEntry>| {
        let name = entry?.file_name();
        let shown = name.to_str().and_then(|name| name.strip_prefix('.')?.strip_suffix(".new"));
        Ok(folder.join(shown.map_or(name.as_os_str(), OsStr::new)))
    };
    entries.map(named).collect()
}

/// What a file holds; nothing if it is gone.
fn read(path: &Path) -> Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    match std::fs::File::open(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        file => file?.take(BYTES_MAX).read_to_end(&mut bytes)?,
    };
    Ok(Some(bytes))
}

fn is_join_over(authority: &Authority, bytes: &[u8], now: u64) -> bool {
    let Ok(file) = serde_json::from_slice::<JoinFile>(bytes) else {
        return bytes.first() == Some(&SHREDDED);
    };
    let agent = authority.agent(&file.agent).filter(|agent| agent.order == file.order);
    let is_late = records::time::read(&file.expires).is_some_and(|until| now > until);
    is_late || agent.is_some_and(|agent| agent.joined || !agent.open || now > agent.join_until)
}

/// The secrets of a system end with its order: when the system is closed, when another order took
/// its place, and when it was never carried out and cannot be any more. One that the tree does not
/// hold yet waits.
fn is_system_over(authority: &Authority, bytes: &[u8], now: u64) -> bool {
    let Ok(file) = serde_json::from_slice::<SystemFile>(bytes) else {
        return bytes.first() == Some(&SHREDDED);
    };
    let is_late = |until: &str| records::time::read(until).is_some_and(|until| now > until);
    let Some(order) = file.order.digest().map(OrderDigest) else { return false };
    match authority.system(&file.system).filter(|system| system.order == file.order) {
        Some(system) => !system.open || is_late(&file.expires),
        None => authority.is_closed(&order) || is_late(&file.order_until),
    }
}

/// A letter of the founding can report a loss for as long as there is something to lose.
fn is_loss_letter_over(authority: &Authority, bytes: &[u8]) -> bool {
    let Ok(file) = serde_json::from_slice::<Letter>(bytes) else {
        return bytes.first() == Some(&SHREDDED);
    };
    let lost = authority.letter(&file.reference).is_some_and(|letter| letter.lost);
    lost || authority.person(&file.person).is_some_and(|person| person.left)
}

#[cfg(test)]
mod tests {
    use super::*;
    use keys::SoftwareSigner;
    use records::Disclosure;
    use records::decline::Outcome;
    use records::order::{Body, CONTACT_PATH, OPERATOR_PATH, SystemBody};
    use records::record::Event;
    use sample_city::SampleCity;

    fn write(folder: &Path, name: &str, text: &[u8]) {
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    fn over_in(folder: &Path, city: &SampleCity) -> Vec<String> {
        let over = over(folder, &city.authority, city.now).unwrap();
        let name = |path: &PathBuf| path.strip_prefix(folder).unwrap().display().to_string();
        over.iter().map(name).collect()
    }

    #[test]
    fn sheets_of_used_letters_are_over_and_no_others() {
        let folder = tempfile::tempdir().unwrap();
        let mut city = SampleCity::found();
        assert!(over_in(folder.path(), &city).is_empty(), "no folder yet");
        let person = city.register("sz-office");
        let (used, open) = (city.letter(&person, "official"), city.letter(&person, "official"));
        for reference in [&used, &open, "0000000000000009"] {
            for end in ["html", "json"] {
                write(folder.path(), &format!("issuer/letters/{reference}.{end}"), b"the code");
            }
            write(folder.path(), &format!("notices/codes/{reference}.code"), b"the other one");
        }
        assert!(over_in(folder.path(), &city).is_empty());
        city.certify(&used, &SoftwareSigner::generate_p256().unwrap());
        // Half of a file that a crash left is one more of them.
        write(folder.path(), &format!("issuer/letters/.{open}.json.new"), b"half");
        std::fs::remove_file(folder.path().join(format!("issuer/letters/{open}.json"))).unwrap();
        let named = |reference: &str| {
            let [page, file] =
                ["html", "json"].map(|end| format!("issuer/letters/{reference}.{end}"));
            [page, file, format!("notices/codes/{reference}.code")]
        };
        assert_eq!(over_in(folder.path(), &city), named(&used));
        city.apply(city.void_event(&open)).unwrap();
        let mut both = [named(&used), named(&open)].concat();
        both.sort();
        assert_eq!(over_in(folder.path(), &city), both);
    }

    #[test]
    fn a_shredding_that_a_crash_broke_off_goes_on() {
        let folder = tempfile::tempdir().unwrap();
        let city = SampleCity::found();
        for name in ["issuer/letters/gate-1.AAAA.join.json", "people/officer-1.loss.json"] {
            write(folder.path(), name, b"not json");
        }
        assert!(over_in(folder.path(), &city).is_empty());
        for name in ["issuer/letters/gate-1.AAAA.join.json", "people/officer-1.loss.json"] {
            write(folder.path(), name, &[0; 8]);
        }
        assert_eq!(
            over_in(folder.path(), &city),
            [
                "issuer/letters/gate-1.AAAA.join.json",
                "people/officer-1.loss.html",
                "people/officer-1.loss.json"
            ]
        );
    }
    fn system_body(city: &SampleCity, leader: &str) -> Body {
        let held = |path: &str| {
            let opens = Disclosure::new(path, [7; 32], "甲".into());
            Some(opens.commitment().unwrap())
        };
        Body::System(Box::new(SystemBody {
            action: "register".into(),
            system: "site".into(),
            name: "网站".into(),
            unit: "sz-office".into(),
            leader: leader.into(),
            operator: held(OPERATOR_PATH),
            contact: held(CONTACT_PATH),
            names: vec!["acme.test".into()],
            wildcards: false,
            addresses: Vec::new(),
            profile: "server".into(),
            per_week: 5,
            live: 5,
            accounts: 2,
            challenges: true,
            until: records::time::seconds(city.now + 365 * 86_400),
            token_sha256: [7; 32].into(),
        }))
    }

    /// Writes the file of an order of the system, as the issuer does before the tree has it.
    fn write_system(folder: &Path, city: &SampleCity, order: OrderDigest, name: &str) {
        let file = SystemFile {
            v: 1,
            system: "site".into(),
            order: order.into(),
            order_until: records::time::seconds(city.now + records::order::ORDER_SECONDS),
            kid: records::machine::kid("site", &order.0),
            eab_hmac: [1; 32].into(),
            est_password: [2; 32].into(),
            scep_challenge: String::new(),
            cmp_secret: [3; 32].into(),
            trust: city.trust("control", "none"),
            expires: records::time::seconds(city.now + 365 * 86_400),
        };
        let text = serde_json::to_vec(&file).unwrap();
        write(folder, &format!("issuer/letters/site.{name}.system.json"), &text);
    }

    /// Whoever holds the file of an order that is over, in whichever way, has no secret; nobody
    /// loses one that waits for approvals, or for the tree.
    #[test]
    fn the_file_of_a_system_ends_with_its_order() {
        let folder = tempfile::tempdir().unwrap();
        let mut city = SampleCity::found();
        let leader = city.register("sz-office");
        let body = system_body(&city, &leader);
        let named = |name: &str| format!("issuer/letters/site.{name}.system.json");
        let first = city.order(&body);
        write_system(folder.path(), &city, first, "A");
        let unheard = OrderDigest([9; 32]);
        write_system(folder.path(), &city, unheard, "Z");
        assert!(over_in(folder.path(), &city).is_empty(), "it waits for approvals, or the tree");
        for officer in ["officer-1", "officer-2"] {
            city.approve(first, officer).unwrap();
        }
        city.enact(first, &[]).unwrap();
        assert!(over_in(folder.path(), &city).is_empty(), "in force");
        let second = city.order(&body);
        write_system(folder.path(), &city, second, "B");
        assert!(over_in(folder.path(), &city).is_empty(), "the second one waits");
        let third = city.order(&body);
        write_system(folder.path(), &city, third, "C");
        let person = city.officer("officer-1").person.clone();
        let decline = city.decline(second, "officer-1", Outcome::Rejected);
        let declined = Event::Declined { decline, person };
        city.apply(declined).unwrap();
        assert_eq!(over_in(folder.path(), &city), [named("B")], "declined");
        for officer in ["officer-1", "officer-2"] {
            city.approve(third, officer).unwrap();
        }
        city.enact(third, &[]).unwrap();
        assert_eq!(over_in(folder.path(), &city), [named("A"), named("B")], "replaced");
        city.now += records::order::ORDER_SECONDS + 1;
        let over = [named("A"), named("B"), named("Z")];
        assert_eq!(over_in(folder.path(), &city), over, "never carried out");
    }
}
