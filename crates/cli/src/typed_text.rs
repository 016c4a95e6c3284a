//! Texts that people type, as what they become: whatever is the matter with one is said with the
//! character that it is about, before anything is asked of anybody.

use crate::exit::Failure;
use pki::mail::{Mailbox, MailboxError};
use pki::name::{NameError, PersonName, both, check_readable};
use records::commitment::EVIDENCE_CHARS_MAX;
use records::decline::REASON_CHARS_MAX;

/// Reads a person's name as it was typed; an error says which rule it breaks.
pub(crate) fn person_name(typed: &str) -> Result<String, NameError> {
    PersonName::read(typed).map(|name| name.as_str().to_owned())
}

/// A mail address, or none.
pub(crate) fn mail(typed: &str) -> Result<String, MailboxError> {
    match typed {
        "" => Ok(String::new()),
        typed => Mailbox::read(typed).map(|mailbox| mailbox.as_str().to_owned()),
    }
}

/// What was looked at: one line, whatever parted its words.
pub(crate) fn evidence(typed: &str) -> Result<String, Failure> {
    line(typed, ("核验依据", "the evidence"), EVIDENCE_CHARS_MAX)
}

/// Why something is declined: one line likewise.
pub(crate) fn reason(typed: &str) -> Result<String, Failure> {
    line(typed, ("理由", "the reason"), REASON_CHARS_MAX)
}

fn line(typed: &str, (zh, en): (&str, &str), chars_max: usize) -> Result<String, Failure> {
    let text = typed.split_whitespace().collect::<Vec<_>>().join(" ");
    match check_readable(&text, chars_max) {
        Ok(()) => Ok(text),
        Err(matter) => {
            let (why_zh, why_en) = both(&matter);
            Err(Failure::usage(format!("{zh}：{why_zh}。"), format!("{en}: {why_en}")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Blanks that parted words are one space; everything else that cannot be read is named.
    #[test]
    fn what_is_the_matter_with_a_text_is_named() {
        assert_eq!(evidence("看过\u{3000}录用\n文件").ok().as_deref(), Some("看过 录用 文件"));
        for (typed, character) in [("看过\u{200b}", "U+200B"), ("\u{202e}", "U+202E")] {
            for read in [evidence, reason] {
                let told = read(typed).unwrap_err().problem();
                assert!(told.zh.contains(character) && told.en.contains(character), "{told:?}");
            }
        }
        assert!(reason(&"字".repeat(501)).unwrap_err().problem().zh.contains("500"));
        assert!(evidence(" ").is_err());
        for (typed, named) in
            [("王㈱", "㈱"), ("王（", "（"), ("王/", "/"), ("王\u{3000}明", "U+3000")]
        {
            assert!(person_name(typed).unwrap_err().to_string().contains(named), "{typed}");
        }
        assert!(mail("a@b..cn").is_err() && mail("a b@c.cn").is_err());
        assert_eq!(mail(""), Ok(String::new()));
    }
}
