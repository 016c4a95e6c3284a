//! Mail addresses: the Mailbox of RFC 5321 4.1.2 without quoted strings and address literals, and
//! of RFC 9598 where the local part is not ASCII.

use crate::host::{Host, HostError};
use crate::name::{both, is_hidden};
use unicode_normalization::is_nfc;

/// Longest address and longest local part in bytes (RFC 5321 4.5.3.1).
const MAILBOX_BYTES_MAX: usize = 254;
const LOCAL_BYTES_MAX: usize = 64;

/// Why a text is no mail address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MailboxError {
    /// No `@`, nothing before it, or dots where none can be.
    #[error("邮箱格式应为 name@host / a mail address is name@host")]
    Form,
    /// Longer than mail carries.
    #[error("邮箱过长 / the mail address is too long")]
    TooLong,
    /// A character that stands in no mail address.
    #[error("邮箱不能含有 {0:?} / a mail address cannot have {0:?}")]
    Character(char),
    /// The part behind `@`.
    #[error("邮箱的{zh} / in the mail address: {en}", zh = both(.0).0, en = both(.0).1)]
    Host(#[from] HostError),
}

/// A mail address as certificates carry it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mailbox(String);

impl Mailbox {
    /// Reads an address; nothing is changed silently.
    pub fn read(text: &str) -> Result<Self, MailboxError> {
        let (local, host) = text.rsplit_once('@').ok_or(MailboxError::Form)?;
        if text.len() > MAILBOX_BYTES_MAX || local.len() > LOCAL_BYTES_MAX {
            return Err(MailboxError::TooLong);
        }
        if let Some(odd) = local.chars().find(|c| *c != '.' && !is_atext(*c)) {
            return Err(MailboxError::Character(odd));
        }
        if local.split('.').any(str::is_empty) {
            return Err(MailboxError::Form);
        }
        if !is_nfc(local) {
            let changed = unicode_normalization::UnicodeNormalization::nfc(local);
            let odd = local.chars().zip(changed).find(|(own, other)| own != other);
            return Err(MailboxError::Character(odd.map_or('?', |(own, _)| own)));
        }
        // Hosts of mail are compared without case; those of RFC 9598 have one spelling.
        let lower = host.to_ascii_lowercase();
        Host::read_name(if local.is_ascii() { &lower } else { host })?;
        Ok(Self(text.to_owned()))
    }

    /// The address.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is an rfc822Name; others are SmtpUTF8Mailbox (RFC 9598 3).
    pub fn is_ascii(&self) -> bool {
        self.0.is_ascii()
    }
}

/// atext (RFC 5322 3.2.3), with what RFC 6531 3.3 adds to it.
fn is_atext(c: char) -> bool {
    match c {
        'a'..='z' | 'A'..='Z' | '0'..='9' => true,
        '!' | '#' | '$' | '%' | '&' | '\'' | '*' | '+' | '-' | '/' | '=' | '?' | '^' | '_'
        | '`' | '{' | '|' | '}' | '~' => true,
        c => !c.is_ascii() && !is_hidden(c) && !c.is_whitespace(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mailbox_is_what_mail_carries() {
        for good in ["lidan@example.org", "li.dan+x@Mail.Example.org", "o'neil@a.cn", "李丹@a.cn"]
        {
            assert_eq!(Mailbox::read(good).unwrap().as_str(), good);
        }
        assert!(!Mailbox::read("李丹@a.cn").unwrap().is_ascii());
        let form = ["", "nobody", "@", "@b.cn", ".a@b.cn", "a.@b.cn", "a..b@b.cn"];
        for none in form {
            assert_eq!(Mailbox::read(none), Err(MailboxError::Form), "{none}");
        }
        let odd = [("a@b@c.cn", '@'), ("a b@c.cn", ' '), ("<a@b.cn>", '<'), ("a,b@c.cn", ',')];
        let more = [("\"a\"@c.cn", '"'), ("a\u{200b}@c.cn", '\u{200b}'), ("a\u{301}@c.cn", 'a')];
        for (none, character) in odd.into_iter().chain(more) {
            assert_eq!(Mailbox::read(none), Err(MailboxError::Character(character)), "{none}");
        }
        for none in
            ["a@", "a@b..cn", "a@10.0.0.1", "a@[10.0.0.1]", "a@门户.cn", "a@b.cn>", "李@B.cn"]
        {
            assert!(matches!(Mailbox::read(none), Err(MailboxError::Host(_))), "{none}");
        }
        let long = format!("{}@b.cn", "a".repeat(65));
        assert_eq!(Mailbox::read(&long), Err(MailboxError::TooLong));
    }
}
