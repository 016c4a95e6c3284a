//! The words of notices, and names that would rather be something else.

use super::{head, wang};
use crate::notice::{Facts, Notice, NoticeKind};
use crate::recipient::{Recipient, name_of_person, name_of_unit};
use crate::words;
use records::Disclosure;
use records::rules::Role;
use sample_city::{SampleCity, first_name};

const KINDS: [NoticeKind; 23] = [
    NoticeKind::Letter,
    NoticeKind::LetterCode,
    NoticeKind::Asked,
    NoticeKind::Issued,
    NoticeKind::Renewed,
    NoticeKind::Expiring,
    NoticeKind::Revoked,
    NoticeKind::Suspended,
    NoticeKind::Released,
    NoticeKind::RoleGranted,
    NoticeKind::RoleWithdrawn,
    NoticeKind::Lends,
    NoticeKind::Acts,
    NoticeKind::DelegationEnded,
    NoticeKind::Passkey,
    NoticeKind::RecordAsked,
    NoticeKind::Returned,
    NoticeKind::Rejected,
    NoticeKind::SystemAccount,
    NoticeKind::SystemIssued,
    NoticeKind::SystemLapsing,
    NoticeKind::EmergencyOpened,
    NoticeKind::Digest,
];

fn notice(kind: NoticeKind) -> Notice {
    let facts = Facts {
        serial_tail: Some("0A1B2C3D".into()),
        letter: Some("5GPJWBSG64S36D1N".into()),
        until: Some("2027-11-24T08:00:00Z".into()),
        days: Some(7),
        reason: Some("keyCompromise".into()),
        role: Some(Role::UnitHandler),
        unit: Some("sz-office".into()),
        system: Some("site".into()),
        contact: false,
        stood: None,
        again: false,
        order: Some("5GPJWBSG64S36D1N".into()),
        to_decide: Some(3),
        drafted: Some(2),
    };
    Notice::at(1_795_507_200, kind, ("0123456789ABCDEF", "x"), facts)
}

/// Each kind has words of its own in both languages, the name, and no address but the portal's.
#[test]
fn every_kind_is_told_in_words_of_its_own() {
    let mut seen = std::collections::BTreeSet::new();
    for kind in KINDS {
        let written = words::write(&notice(kind), &wang(), "区政府办公室", &head());
        assert!(written.text.starts_with("王小明："), "{}", written.text);
        assert!(written.text.contains("2026年11月24日 16:00（北京时间）"), "{}", written.text);
        assert!(written.text.contains("2026-11-24 16:00 (UTC+8)"), "{}", written.text);
        let [zh, en] = [&written.short_zh, &written.short_en];
        assert!(!zh.contains("UTC") && !en.contains("北京"), "each in its own words: {zh} {en}");
        assert!(written.subject.contains("商洛市") && written.subject.contains("sample"));
        assert!(written.short_zh.ends_with('。') && written.short_en.ends_with('.'));
        assert!(seen.insert(written.short_zh.clone()), "{kind:?} is told as another");
        for address in written.text.split("https://").skip(1) {
            let own =
                ["portal.example", "staff.example"].iter().any(|own| address.starts_with(own));
            assert!(own, "{}", written.text);
        }
        assert!(!written.text.contains('?'), "a fact is missing: {}", written.text);
        assert!(!written.subject.contains('\n'));
    }
}

/// No name brings an address into what people are sent: what a mail program would make a link of is
/// no name of a person, and a unit that is called so is named by its id.
#[test]
fn a_name_is_no_address() {
    let own = ["portal.example", "staff.example"];
    let hosts = |text: &str| -> Vec<String> {
        let words = text.split(|c: char| !(c.is_alphanumeric() || c == '.' || c == '-'));
        let inner = words.map(|word| word.trim_matches('.'));
        inner.filter(|word| word.contains('.')).map(str::to_owned).collect()
    };
    let hostile = ["www.x.cn", "http://x.cn/", "王 x.cn", "a@x.cn", "x.cn：王", "王.cn"];
    for kind in KINDS {
        for name in hostile {
            let recipient = Recipient { name: name_of_person(name), ..wang() };
            let unit = name_of_unit(name, "sz-office");
            let written = words::write(&notice(kind), &recipient, unit, &head());
            for text in [written.text, written.subject, written.short_zh, written.short_en] {
                let found = hosts(&text);
                assert!(found.iter().all(|host| own.contains(&host.as_str())), "{found:?}: {text}");
            }
        }
    }
    assert_eq!(name_of_person("买买提·艾力").as_deref(), Some("买买提·艾力"));
    assert_eq!(name_of_unit("区政府办公室", "sz-office"), "区政府办公室");
}

/// What opens no commitment is no name, and what is no name or address is not used, whoever
/// committed to it.
#[test]
fn only_names_and_addresses_that_authority_holds_are_used() {
    let city = SampleCity::found();
    let person = city.officer("officer-1").person.clone();
    let own = first_name(&person);
    let of = |opened: &[Disclosure]| Recipient::of(&city.authority, &person, opened);
    assert_eq!(of(std::slice::from_ref(&own)).name.as_deref(), Some("王小明"));
    assert_eq!(of(&[]), Recipient { person: person.clone(), ..Recipient::default() });
    let salt = <[u8; 32]>::try_from(own.salt.0.as_slice()).unwrap();
    for hostile in ["王小明\r\nBcc: x@example.com", "王\u{202e}小明", "王小明<script>"] {
        let forged = Disclosure::new("/name", salt, hostile.into());
        assert_eq!(of(&[forged]).name, None, "{hostile}");
    }
    let mail = Disclosure::new("/mail", [1; 32], "attacker@example.com".into());
    assert_eq!(of(&[own, mail]).mail, None, "nobody committed to it");
}
