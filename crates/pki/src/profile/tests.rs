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

/// A profile of systems with an example: key, names, what is asked besides, why it is refused.
fn with_example(more: &str, [key, names, asks, refused]: [&str; 4]) -> bool {
    let refused = if refused.is_empty() { "".into() } else { format!("refused = \"{refused}\"") };
    let example = format!(
        "{more}\n[[example]]\nzh = \"说明\"\nen = \"what\"\nkey = \"{key}\"\nnames = [{names}]\n\
         asks = [{asks}]\n{refused}"
    );
    read("system", &example).is_ok()
}

/// A file whose example comes out otherwise than it says is no profile; each says for itself why.
#[test]
fn examples_come_out_as_they_say() {
    let (name, wildcard) = ("\"a.cn\", \"10.0.0.1\"", "\"*.a.cn\"");
    for (example, refused) in [
        (["p256", name, ""], ""),
        (["p256", name, "\"serverAuth\", \"digitalSignature\""], ""),
        (["p384", name, ""], "key"),
        (["p256", "", ""], "name"),
        (["p256", "\"A_b.cn\"", ""], "name"),
        (["p256", wildcard, ""], "wildcard"),
        (["p256", name, "\"CA\""], "asks"),
        (["p256", name, "\"OCSPSigning\""], "asks"),
        (["p256", name, "\"keyCertSign\""], "asks"),
        (["p256", name, "\"policy\""], "asks"),
    ] {
        let [key, names, asks] = example;
        for said in ["", "key", "name", "wildcard", "asks"] {
            let is_taken = with_example("", [key, names, asks, said]);
            assert_eq!(is_taken, said == refused, "{example:?} as {said:?}");
        }
    }
    assert!(with_example("wildcards = true", ["p256", wildcard, "", ""]));
    assert!(!with_example("", ["p256", name, "\"whatever\"", "asks"]), "it has no name");
    let example = "[[example]]\nzh = \"说明\"\nen = \"what\"\nkey = \"p256\"\nnames = [\"a.cn\"]";
    assert!(read("system", example).is_ok());
    assert!(read("person", example).is_err(), "people ask for no names");
    assert!(read("system", &example.replace("what", "wh\u{202e}at")).is_err());
}
