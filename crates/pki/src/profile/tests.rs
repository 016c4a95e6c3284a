//! What a profile file may say.

use super::*;

fn read(holder: &str, more: &str) -> Result<CertificateProfile, ProfileError> {
    CertificateProfile::read(&format!(
        "id = \"official\"\nversion = 1\nholder = \"{holder}\"\npolicy = 1\n\
         validity_days = 365\nkeys = [\"p256\"]\nkey_usage = [\"digitalSignature\"]\n\
         extended_key_usage = [\"clientAuth\"]\n{more}"
    ))
}

#[test]
fn a_profile_is_called_something_in_both_languages_or_in_none() {
    assert_eq!(read("person", "").unwrap().called(), None);
    let named = read("person", "zh = \"公职人员证书\"\nen = \"certificate of officials\"");
    assert_eq!(named.unwrap().called(), Some(("公职人员证书", "certificate of officials")));
    let long = "长".repeat(NAME_CHARS_MAX + 1);
    for (zh, en) in [("名", ""), ("", "name"), ("名\u{202e}", "name"), (long.as_str(), "name")] {
        let more = format!("zh = \"{zh}\"\nen = \"{en}\"");
        assert!(read("person", &more).is_err(), "{more:?}");
    }
}

#[test]
fn a_letter_is_paper_and_a_short_message_at_most() {
    use LetterChannel::{Paper, Sms};
    assert_eq!(read("person", "").unwrap().letter_channels(), [Paper]);
    assert_eq!(read("person", "letter_channels = [\"paper\"]").unwrap().letter_channels(), [Paper]);
    for holder in ["person", "staff"] {
        let both = read(holder, "letter_channels = [\"paper\", \"sms\"]").unwrap();
        assert_eq!(both.letter_channels(), [Paper, Sms], "{holder}");
    }
    for wrong in ["", "\"sms\"", "\"sms\", \"paper\"", "\"paper\", \"paper\"", "\"fax\""] {
        assert!(read("person", &format!("letter_channels = [{wrong}]")).is_err(), "{wrong}");
    }
    assert!(read("service", "letter_channels = [\"paper\", \"sms\"]").is_err());
}
