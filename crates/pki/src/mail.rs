//! Mail addresses: the Mailbox of RFC 5321 4.1.2 without quoted strings and address literals, and
//! of RFC 9598 where the local part is not ASCII.

use crate::host::{Host, HostError};
use crate::name::{
    NameError, both, check_readable, has_right_to_left, is_letter, is_mark, misplaced,
};
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
    #[error(
        "邮箱过长：“@”前至多 {LOCAL_BYTES_MAX} 字节，共 {MAILBOX_BYTES_MAX} 字节 / the mail address \
         is too long: {LOCAL_BYTES_MAX} bytes before “@”, {MAILBOX_BYTES_MAX} in all"
    )]
    TooLong,
    /// A character that stands in no mail address.
    #[error("邮箱不能含有 {0:?} / a mail address cannot have {0:?}")]
    Character(char),
    /// Letters from right to left with others beside them, which they would turn around.
    #[error(
        "邮箱“@”前从右向左的文字不能与其他字符混用 / letters from right to left stand alone before “@”"
    )]
    Turned,
    /// The part before `@` cannot be read as it stands.
    #[error("邮箱中：{zh} / in the mail address: {en}", zh = both(.0).0, en = both(.0).1)]
    Unreadable(#[from] NameError),
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
        let (local, host) = text.rsplit_once('@').ok_or_else(|| without_at(text))?;
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
        check_readable(local, LOCAL_BYTES_MAX)?;
        if let Some(odd) = misplaced(local) {
            return Err(MailboxError::Character(odd));
        }
        if has_right_to_left(local) && local.chars().any(|c| !is_of_right_to_left(c)) {
            return Err(MailboxError::Turned);
        }
        // Address literals (RFC 5321 4.1.3), ports and paths.
        if let Some(odd) = host.chars().find(|c| matches!(c, '[' | ']' | ':' | '/')) {
            return Err(MailboxError::Character(odd));
        }
        // Hosts of mail are compared without case; those of RFC 9598 have one spelling.
        let lower = host.to_ascii_lowercase();
        Host::read_name(if local.is_ascii() { &lower } else { host })?;
        Ok(Self(text.to_owned()))
    }

    /// The address as it was read, `LOCAL@DOMAIN`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is an rfc822Name; others are SmtpUTF8Mailbox (RFC 9598 3).
    pub fn is_ascii(&self) -> bool {
        self.0.is_ascii()
    }
}

/// What a text without `@` has in its place, as input methods write it.
fn without_at(text: &str) -> MailboxError {
    let other = text.chars().find(|c| matches!(c, '＠' | '﹫'));
    other.map_or(MailboxError::Form, MailboxError::Character)
}

/// atext (RFC 5322 3.2.3), and of what RFC 6531 3.3 adds to it the letters that names have: people
/// consent to an address as it is shown, and compare it by eye.
fn is_atext(c: char) -> bool {
    match c {
        'a'..='z' | 'A'..='Z' | '0'..='9' => true,
        '!' | '#' | '$' | '%' | '&' | '\'' | '*' | '+' | '-' | '/' | '=' | '?' | '^' | '_'
        | '`' | '{' | '|' | '}' | '~' => true,
        c => !c.is_ascii() && is_letter(c),
    }
}

/// What stands in a part that is written from right to left without turning anything around.
fn is_of_right_to_left(c: char) -> bool {
    c == '.' || is_mark(c) || has_right_to_left(c.encode_utf8(&mut [0; 4]))
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
        // Blanks that are none of Unicode's, what is hidden, looks like `@`, or is read as a sign.
        for odd in [
            '\u{2800}',
            '\u{16fe4}',
            '\u{1d159}',
            '\u{3164}',
            '\u{a0}',
            '\u{202e}',
            '\u{feff}',
            '＠',
            '﹫',
            '．',
            'ａ',
            '“',
            '→',
            '✓',
            '\u{a4fd}',
            '\u{2d0}',
            '\u{1427}',
            '😀',
        ] {
            for local in [format!("李{odd}丹"), format!("li{odd}dan")] {
                let refused = Err(MailboxError::Character(odd));
                assert_eq!(Mailbox::read(&format!("{local}@a.cn")), refused, "{local}");
            }
        }
        for (none, odd) in [
            ("li＠a.cn", '＠'),
            ("li﹫a.cn", '﹫'),
            ("a@[10.0.0.1]", '['),
            ("a@[IPv6:::1]", '['),
            ("a@a.cn:25", ':'),
        ] {
            assert_eq!(Mailbox::read(none), Err(MailboxError::Character(odd)), "{none}");
        }
        let heaped = Err(MailboxError::Unreadable(NameError::Heaped(0x316)));
        assert!(Mailbox::read("q\u{316}\u{317}@a.cn").is_ok());
        assert_eq!(Mailbox::read("q\u{316}\u{316}\u{316}@a.cn"), heaped);
        for turned in
            ["aئلى@b.cn", "ئلىa@b.cn", "1ئلى@b.cn", "ئلى-@b.cn", "a.ئلى@b.cn", "ئ+لى@b.cn"]
        {
            let refused = Mailbox::read(turned);
            assert!(matches!(refused, Err(MailboxError::Turned | MailboxError::Character(_))));
        }
        for own in ["ئلى@b.cn", "ئابدۇ.ئلى@b.cn"] {
            assert_eq!(Mailbox::read(own).unwrap().as_str(), own);
        }
        for none in ["a@", "a@b..cn", "a@10.0.0.1", "a@b.cn.", "a@门户.cn", "a@b.cn>", "李@B.cn"]
        {
            assert!(matches!(Mailbox::read(none), Err(MailboxError::Host(_))), "{none}");
        }
    }

    #[test]
    fn a_mailbox_is_no_longer_than_mail_carries() {
        let long = format!("{}@b.cn", "a".repeat(65));
        assert_eq!(Mailbox::read(&long), Err(MailboxError::TooLong));
        let told = MailboxError::TooLong.to_string();
        assert!(told.ends_with(" / the mail address is too long: 64 bytes before “@”, 254 in all"));
        let host = |last: usize| format!("{0}.{0}.{0}.{1}", "b".repeat(61), "c".repeat(last));
        let whole = |last| format!("{}@{}", "a".repeat(5), host(last));
        assert_eq!(whole(62).len(), 254);
        assert!(Mailbox::read(&whole(62)).is_ok());
        assert_eq!(Mailbox::read(&whole(63)), Err(MailboxError::TooLong));
    }
}
