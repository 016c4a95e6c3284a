//! Every page with sample content, in both languages, as it is kept in `tests/golden/pages`:
//! whoever changes a page sees what changed, and looks at it.

use crate::pages::{Frame, Language, asset, problem};
use crate::{public, staff};
use page::policy::POLICY;
use records::{Code, Problem};
use std::collections::BTreeMap;
use std::path::Path;

fn all(language: Language) -> BTreeMap<&'static str, String> {
    let mut pages: BTreeMap<_, _> = public::samples(language).into_iter().collect();
    pages.extend(staff::samples(language));
    let told = Problem::new(Code::ChallengeUsed, "5GPJWBSG64S36D1N".into());
    let frame = Frame::sample(language, "/enrolment/request");
    pages.insert("problem", problem::sample(&frame, &told, None));
    let away = Problem::new(Code::Unavailable, "5GPJWBSG64S36D1N".into());
    pages.insert("problem-kept", problem::sample(&frame, &away, Some(staff::sample_kept(&frame))));
    pages
}

#[test]
fn pages_are_as_they_were_looked_at() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/golden/pages");
    let writes = std::env::var("YINXIN_GOLDEN").is_ok_and(|what| what == "write");
    let mut expected = Vec::new();
    for language in Language::BOTH {
        for (name, text) in all(language) {
            let text = text.replace(&asset::address(""), "/assets/DIGEST/");
            let file = format!("{name}.{}.html", language.tag());
            if writes {
                std::fs::create_dir_all(&folder).unwrap();
                std::fs::write(folder.join(&file), &text).unwrap();
            }
            let kept = std::fs::read_to_string(folder.join(&file)).unwrap_or_default();
            assert!(kept == text, "{file} changed: look at it, then YINXIN_GOLDEN=write");
            expected.push(file);
        }
    }
    // The policy that pages are looked at under.
    let file = folder.join("../policy.txt");
    if writes {
        std::fs::write(&file, POLICY).unwrap();
    }
    assert_eq!(std::fs::read_to_string(file).unwrap(), POLICY);
    for entry in std::fs::read_dir(&folder).unwrap() {
        let name = entry.unwrap().file_name().to_string_lossy().into_owned();
        assert!(expected.contains(&name), "no page makes {name} any more");
    }
}

#[test]
fn what_others_wrote_does_nothing_on_our_pages() {
    for language in Language::BOTH {
        for (name, text) in all(language) {
            assert!(!text.contains("<script>alert") && !text.contains("<b>"), "{name}");
            assert!(!text.contains('\u{202e}') && !text.contains('\u{200b}'), "{name}");
            // Nothing in a page that the policy of its answer would have to allow.
            assert!(!text.contains(" style=") && !text.contains(" onclick="), "{name}");
        }
    }
}

/// People read the clocks of Beijing. A time as documents spell it stands in what machines read,
/// and in what is proof.
#[test]
fn no_page_shows_a_time_of_elsewhere() {
    for language in Language::BOTH {
        for (name, text) in all(language) {
            let found = text.match_indices('T').find(|(at, _)| is_utc(&text.as_bytes()[*at..]));
            assert!(found.is_none(), "{name}: {}", &text[found.unwrap().0..][..10]);
        }
    }
}

/// `T16:00:00Z`
fn is_utc(bytes: &[u8]) -> bool {
    let form = b"T00:00:00Z";
    bytes.len() >= form.len()
        && form.iter().zip(bytes).all(|(form, byte)| match form {
            b'0' => byte.is_ascii_digit(),
            sign => sign == byte,
        })
}
