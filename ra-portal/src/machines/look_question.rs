//! A look at a challenge as a second validator is asked for it, and what that tells. Whoever reads
//! a question takes nothing of it that a challenge cannot have: its token stands in a path.

use crate::machines::validate::Look;
use acme::challenge::ChallengeKind;
use acme::identifier::SentIdentifier;
use acme::{AcmeIdentifier, AcmeProblem, ProblemKind};
use serde::{Deserialize, Serialize};

/// Where it is asked for.
pub(crate) const PATH: &str = "/v1/look";
/// Most bytes of a question.
pub(crate) const QUESTION_BYTES_MAX: usize = 8 * 1024;
/// Most characters of a token or a thumbprint, and of the address of an account.
const TOKEN_CHARS_MAX: usize = 64;
const ACCOUNT_CHARS_MAX: usize = 512;
/// Most names of a CA in CAA records.
const NAMES_MAX: usize = 16;
/// Most characters of a sentence about what was found.
const WORDS_CHARS_MAX: usize = 300;
/// What a look finds wrong; everything else is a failure of whoever looked.
const FOUND: [ProblemKind; 5] = [
    ProblemKind::Caa,
    ProblemKind::Connection,
    ProblemKind::Dns,
    ProblemKind::IncorrectResponse,
    ProblemKind::Tls,
];

/// What is to be looked at.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LookQuestion {
    identifier: SentIdentifier,
    /// The challenge; without one the name's zone is asked, and nothing else.
    kind: Option<String>,
    token: String,
    thumbprint: String,
    account: Option<String>,
    caa: Vec<String>,
}

/// The same, read.
#[derive(Debug)]
pub(crate) struct AskedLook {
    identifier: AcmeIdentifier,
    kind: Option<ChallengeKind>,
    question: LookQuestion,
}

impl LookQuestion {
    /// Of a look.
    pub(crate) fn of(look: Look<'_>) -> Self {
        Self {
            identifier: look.identifier.into(),
            kind: look.kind.map(|kind| kind.name().to_owned()),
            token: look.token.to_owned(),
            thumbprint: look.thumbprint.to_owned(),
            account: look.account.map(str::to_owned),
            caa: look.caa.to_vec(),
        }
    }

    /// The question, if it is one about a challenge that there can be.
    pub(crate) fn read(self) -> Option<AskedLook> {
        let identifier = AcmeIdentifier::read(&self.identifier).ok()?;
        let kind = match &self.kind {
            Some(name) => Some(ChallengeKind::by_name(name)?),
            None => None,
        };
        let is_whole = match kind {
            Some(kind) => {
                let is_offered = ChallengeKind::offered(&identifier).contains(&kind);
                is_offered && is_token(&self.token) && is_token(&self.thumbprint)
            }
            None => self.token.is_empty() && self.thumbprint.is_empty(),
        };
        let account_chars = self.account.as_ref().map_or(0, String::len);
        let is_bounded = account_chars <= ACCOUNT_CHARS_MAX && self.caa.len() <= NAMES_MAX;
        (is_whole && is_bounded).then_some(AskedLook { identifier, kind, question: self })
    }
}

impl AskedLook {
    /// What is looked at.
    pub(crate) fn look(&self) -> Look<'_> {
        Look {
            identifier: &self.identifier,
            kind: self.kind,
            token: &self.question.token,
            thumbprint: &self.question.thumbprint,
            account: self.question.account.as_deref(),
            caa: &self.question.caa,
        }
    }
}

/// Whether a text is base64url of some length, as tokens and thumbprints are (RFC 8555 8, 8.1).
fn is_token(text: &str) -> bool {
    let is_one = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    !text.is_empty() && text.len() <= TOKEN_CHARS_MAX && text.bytes().all(is_one)
}

/// What was found: nothing wrong, or what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LookAnswer {
    problem: Option<ToldProblem>,
}

/// What is wrong, in both languages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ToldProblem {
    kind: String,
    zh: String,
    en: String,
}

impl LookAnswer {
    /// Of what a look found.
    pub(crate) fn of(found: &Result<(), AcmeProblem>) -> Self {
        let told = |problem: &AcmeProblem| ToldProblem {
            kind: problem.kind().name().to_owned(),
            zh: problem.zh().to_owned(),
            en: problem.en().to_owned(),
        };
        Self { problem: found.as_ref().err().map(told) }
    }

    /// What was found, in a bounded text; what no look finds is a failure.
    pub(crate) fn read(self) -> Result<(), AcmeProblem> {
        let Some(told) = self.problem else { return Ok(()) };
        let kind = FOUND.into_iter().find(|kind| kind.name() == told.kind);
        let Some(kind) = kind else { return Err(ProblemKind::ServerInternal.into()) };
        let [zh, en] = [told.zh, told.en].map(|text| bounded(&text));
        Err(AcmeProblem::from(kind).in_words(&zh, &en))
    }
}

fn bounded(text: &str) -> String {
    text.chars().filter(|one| !one.is_control()).take(WORDS_CHARS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn question(change: impl FnOnce(&mut serde_json::Value)) -> Option<AskedLook> {
        let mut whole = json!({
            "identifier": { "type": "dns", "value": "www.acme.test" },
            "kind": "http-01", "token": "dG9rZW4", "thumbprint": "dGh1bWI",
            "account": "https://acme.test/acme/account/a", "caa": ["ca.test"],
        });
        change(&mut whole);
        serde_json::from_value::<LookQuestion>(whole).ok()?.read()
    }

    /// Whoever asks, captured or not, has nothing looked at but a challenge.
    #[test]
    fn a_question_leads_nowhere_but_to_a_challenge() {
        let asked = question(|_| {}).unwrap();
        let look = asked.look();
        let kind = Some(ChallengeKind::Http01);
        assert_eq!((look.identifier.value(), look.kind), ("www.acme.test", kind));
        assert_eq!((look.token, look.thumbprint), ("dG9rZW4", "dGh1bWI"));
        let again = LookQuestion::of(look).read().unwrap();
        assert_eq!(again.look().account, Some("https://acme.test/acme/account/a"));
        let set = |name: &'static str, value: serde_json::Value| {
            question(move |whole| whole[name] = value).is_some()
        };
        let long = "a".repeat(65);
        for token in ["", "../../admin", "a b", "a\r\nHost: b", "a?b", "a%2f", "证", long.as_str()]
        {
            assert!(!set("token", json!(token)), "{token}");
            assert!(!set("thumbprint", json!(token)), "{token}");
        }
        for (kind, value) in [
            ("dns", "127.0.0.1"),
            ("dns", "acme.test:22"),
            ("dns", "acme.test/path"),
            ("dns", "user@acme.test"),
            ("ip", "www.acme.test"),
            ("email", "a@acme.test"),
        ] {
            assert!(!set("identifier", json!({ "type": kind, "value": value })), "{value}");
        }
        assert!(!set("kind", json!("tls-sni-01")));
        assert!(!set("port", json!(22)), "ports are its own");
        assert!(!set("account", json!("a".repeat(513))));
        assert!(!set("caa", json!(vec!["ca.test"; 17])));
        let wildcard = json!({ "type": "dns", "value": "*.acme.test" });
        assert!(!set("identifier", wildcard.clone()), "a wildcard is proven in its zone");
        let zone = question(|whole| {
            whole["identifier"] = wildcard;
            whole["kind"] = json!("dns-01");
        });
        assert!(zone.unwrap().look().identifier.is_wildcard());
        // Of a name that nobody looks at its zone is asked, and no way leads further.
        let zone = |token: &str| {
            question(|whole| {
                (whole["kind"], whole["account"]) = (json!(null), json!(null));
                (whole["token"], whole["thumbprint"]) = (json!(token), json!(token));
            })
        };
        assert!(zone("").unwrap().look().kind.is_none() && zone("t").is_none());
        let address = question(|whole| {
            whole["identifier"] = json!({ "type": "ip", "value": "10.0.0.1" });
        });
        let address = address.unwrap();
        assert!(LookQuestion::of(address.look()).read().unwrap().identifier.to_address().is_some());
    }

    /// What it tells reaches clients and owners, and is a look's and of some length.
    #[test]
    fn an_answer_tells_what_a_look_finds_and_no_more() {
        assert_eq!(LookAnswer::of(&Ok(())).read(), Ok(()));
        let found = AcmeProblem::about(ProblemKind::Tls, "握手失败", "no handshake");
        assert_eq!(LookAnswer::of(&Err(found.clone())).read(), Err(found));
        let told = |kind: &str, text: &str| {
            let problem = json!({ "kind": kind, "zh": text, "en": text });
            let answer = json!({ "problem": problem });
            serde_json::from_value::<LookAnswer>(answer).unwrap().read().unwrap_err()
        };
        let long = told("dns", &"x\n".repeat(1_000));
        assert_eq!((long.kind(), long.en().len()), (ProblemKind::Dns, WORDS_CHARS_MAX));
        assert!(!long.en().contains('\n'));
        for other in ["serverInternal", "unauthorized", "rateLimited", "whatever"] {
            assert_eq!(told(other, "x").kind(), ProblemKind::ServerInternal, "{other}");
        }
    }
}
