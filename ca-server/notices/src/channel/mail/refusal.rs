//! What a mail server's refusal is about: whom a message is for, or us. Only the first gives a
//! notice up; a server that does not know our password, our address or our network refuses what
//! everybody is sent, and somebody mends that.

use crate::outgoing::HandoverResult;
use lettre::transport::smtp::Error as SmtpError;
use std::error::Error;
use std::io;

/// Answers that are about the server or our password wherever they come (RFC 5321, 4954).
const ABOUT_US: [u16; 6] = [421, 454, 530, 534, 535, 538];
/// Answers about a mailbox (RFC 5321 4.2.3, 7504), of a server that says no more about it.
const ABOUT_A_MAILBOX: [u16; 4] = [550, 551, 553, 556];
/// Longest text of a server that is kept.
const REPLY_CHARS_MAX: usize = 200;

/// How far a conversation came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SmtpStep {
    /// Up to our own address: the connection, its protection, our name and password.
    Ourselves,
    /// Whom the message is for.
    Recipient,
    /// The message.
    Message,
}

/// Why a server did not take a message.
pub(super) struct SmtpRefusal {
    step: SmtpStep,
    /// The code of its reply, if it gave one.
    code: Option<u16>,
    /// What it says in the reply.
    reply: String,
    /// What an operator is shown.
    shown: String,
}

impl SmtpRefusal {
    /// A server refused or broke off at this step.
    pub(super) fn at(step: SmtpStep, error: &SmtpError) -> Self {
        let reply = error.source().map(ToString::to_string).unwrap_or_default();
        Self { step, code: error.status().map(u16::from), reply, shown: shown(&error.to_string()) }
    }

    /// Nobody was reached where the server should be.
    pub(super) fn unreached(error: &io::Error) -> Self {
        let shown = shown(&error.to_string());
        Self { step: SmtpStep::Ourselves, code: None, reply: String::new(), shown }
    }

    /// The server cannot carry an address, or a text, in letters other than ASCII.
    pub(super) fn unable(what: &str) -> Self {
        let (step, reply) = (SmtpStep::Recipient, "5.6.7".to_owned());
        Self { step, code: Some(553), reply, shown: shown(what) }
    }

    /// What becomes of the notice. `has_taken` says that the server took the mail of somebody else
    /// since it refused us the last time.
    pub(super) fn judged(self, has_taken: bool) -> HandoverResult {
        let is_for_good = self.is_about_recipient(has_taken);
        match self.code {
            None => HandoverResult::Away(self.shown),
            Some(code) if self.step == SmtpStep::Ourselves || ABOUT_US.contains(&code) => {
                match code {
                    ..500 => HandoverResult::Away(self.shown),
                    _ => HandoverResult::Shut(self.shown),
                }
            }
            Some(..500) => HandoverResult::Later(self.shown),
            Some(_) if is_for_good => HandoverResult::Refused(self.shown),
            Some(_) => HandoverResult::Barred(self.shown),
        }
    }

    /// Whether it is about nobody but the recipient: by the status with which the reply begins (RFC
    /// 3463: addresses of recipients and mailboxes; X.1.7 and X.1.8 are about the sender's), or by
    /// a code for mailboxes of a server that gives no status and takes what others are sent.
    fn is_about_recipient(&self, has_taken: bool) -> bool {
        match status(&self.reply) {
            Some([5, 1, 7 | 8]) => false,
            Some([5, 1 | 2, _]) => true,
            Some(_) => false,
            None => {
                let is_mailbox = self.code.is_some_and(|code| ABOUT_A_MAILBOX.contains(&code));
                is_mailbox && self.step == SmtpStep::Recipient && has_taken
            }
        }
    }
}

/// What a server says goes to an operator's screen.
fn shown(said: &str) -> String {
    system::terminal::visible(said).chars().take(REPLY_CHARS_MAX).collect()
}

/// The status with which a reply begins: class, subject, detail.
fn status(reply: &str) -> Option<[u16; 3]> {
    let mut parts = reply.split_whitespace().next()?.split('.').map(|part| part.parse().ok());
    let read = [parts.next()??, parts.next()??, parts.next()??];
    parts.next().is_none().then_some(read)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(step: SmtpStep, (code, reply): (u16, &str), has_taken: bool) -> HandoverResult {
        let refusal =
            SmtpRefusal { step, code: Some(code), reply: reply.into(), shown: String::new() };
        refusal.judged(has_taken)
    }

    /// A server that refuses our address, name, password or network gives no notice up, whatever
    /// code it has for that: somebody mends it, and everything that waited leaves.
    #[test]
    fn a_refusal_of_ourselves_gives_no_notice_up() {
        let of_us = |code: u16| match code {
            ..500 => HandoverResult::Away(String::new()),
            _ => HandoverResult::Shut(String::new()),
        };
        for code in [421, 450, 500, 501, 502, 503, 504, 521, 535, 550, 551, 552, 553, 554, 555] {
            for reply in ["", "5.1.1 unknown", "5.1.8 bad sender", "5.7.1 not you"] {
                let told = judged(SmtpStep::Ourselves, (code, reply), true);
                assert_eq!(told, of_us(code), "{code} {reply}");
            }
        }
        for code in ABOUT_US {
            let told = judged(SmtpStep::Recipient, (code, "5.1.1 no"), true);
            assert_eq!(told, of_us(code), "{code}");
        }
        // A server that looks at us late says so by its status.
        let barred = HandoverResult::Barred(String::new());
        for reply in ["5.7.1 relaying denied", "5.1.7 sender", "5.1.8 sender", "5.3.0", "5.5.1 no"]
        {
            for step in [SmtpStep::Recipient, SmtpStep::Message] {
                assert_eq!(judged(step, (550, reply), true), barred, "{reply}");
            }
        }
        for code in [500, 501, 552, 554, 555, 571] {
            assert_eq!(judged(SmtpStep::Recipient, (code, "no"), true), barred, "{code}");
        }
        assert_eq!(judged(SmtpStep::Message, (550, "no"), true), barred, "of what stands in it");
        assert_eq!(SmtpRefusal::unable("no SMTPUTF8").judged(true), {
            HandoverResult::Barred("no SMTPUTF8".into())
        });
        let broken = SmtpRefusal {
            step: SmtpStep::Message,
            code: None,
            reply: String::new(),
            shown: String::new(),
        };
        assert_eq!(broken.judged(true), HandoverResult::Away(String::new()));
    }

    /// Whom a server does not know is given up, and is by a bare code where it takes what others
    /// are sent: one that refuses everybody with the same words refuses us.
    #[test]
    fn a_refusal_of_the_recipient_gives_the_notice_up() {
        let refused = HandoverResult::Refused(String::new());
        for reply in ["5.1.1 no such user", "5.1.10 null MX", "5.2.1 disabled", "5.2.2 full"] {
            for step in [SmtpStep::Recipient, SmtpStep::Message] {
                assert_eq!(judged(step, (550, reply), false), refused, "{reply}");
            }
        }
        for code in ABOUT_A_MAILBOX {
            for reply in ["no such user", "", "5.1 no", "5.1.1.1 no"] {
                let of = |has_taken| judged(SmtpStep::Recipient, (code, reply), has_taken);
                assert_eq!(of(true), refused, "{code} {reply}");
                assert_eq!(of(false), HandoverResult::Barred(String::new()), "{code} {reply}");
            }
        }
        let later = HandoverResult::Later(String::new());
        assert_eq!(judged(SmtpStep::Recipient, (450, "4.2.0 greylisted"), true), later);
        assert_eq!(judged(SmtpStep::Message, (451, "4.3.0 busy"), false), later);
    }
}
