//! The one way to a signature: what is to be signed says itself what is shown of it, it is shown,
//! somebody consents, and only then the key is lent, for just this. There is no other way to a
//! person's key than [`crate::files::SigningIdentity::signer`], which asks for a [`Lent`], and no
//! other way to that than [`Consented::sign`]. A [`Consented`] is made by these alone: at a
//! terminal, for a machine with `--yes`, on a page of the desk; and what somebody typed whole is a
//! consent itself.

use crate::exit::Failure;
use crate::facts;
use crate::files::SigningIdentity;
use crate::output::Output;
use crate::prompt;
use pki::{Certificate, Signer};
use portal_api::plain::{self, BilingualText, Fact};
use serde_json::{Map, Value, json};
use system::layout::COLUMNS;
use system::terminal::{self, Reader};

/// Lines of a portal's word that people are shown: more of it would push what is signed off their
/// terminal, and out of what it remembers. Machines get all of it.
const HEARSAY_LINES_MAX: usize = 400;

/// What can be consented to.
pub(crate) trait Consentable {
    /// What it is, in a few words.
    fn what(&self) -> BilingualText;

    /// Everything that is signed. It is made from just the value that is signed.
    fn facts(&self) -> Vec<Fact>;

    /// What a portal says beside it. Nobody checked it, and nothing of it is signed.
    fn hearsay(&self) -> Vec<Fact> {
        Vec::new()
    }

    /// Names exactly this, so that what was shown and what is signed are compared; nothing where
    /// that is not a digest.
    fn digest(&self) -> Option<[u8; 32]>;

    /// What has to be looked at by itself before all of it is signed.
    fn to_open(&self) -> Vec<Part> {
        Vec::new()
    }

    /// What machines get beside the facts.
    fn machine(&self) -> Map<String, Value> {
        Map::new()
    }
}

/// A part of what is to be signed, of which its signer says that they looked at it.
pub(crate) struct Part {
    /// The number by which it is named: an order id.
    pub(crate) name: String,
    /// What it is, in a few words.
    pub(crate) what: BilingualText,
    /// Everything that the part says.
    pub(crate) facts: Vec<Fact>,
}

/// What is signed with somebody's certificate key.
pub(crate) trait Signable {
    /// What comes of it.
    type Signed;

    /// Signs just this, with the key of the leaf; an error says why there is no signature.
    fn sign(self, leaf: &Certificate, signer: &dyn Signer) -> Result<Self::Signed, Failure>;
}

/// What has no field but what its signer typed in this very command, and what is drawn for it:
/// typing it is the consent.
pub(crate) trait Typed: Signable {}

/// What whoever holds a letter does with its keys.
pub(crate) trait ByLetter: Consentable {}

/// The key is lent; nothing but this module makes one.
pub(crate) struct Lent(());

/// What somebody consented to after it was shown.
///
/// Its field is private: nothing but this module makes one.
pub(crate) struct Consented<T>(T);

impl<T: Typed> Consented<T> {
    /// Makes a consent of what somebody typed whole.
    pub(crate) fn by_typing(what: T) -> Self {
        Self(what)
    }
}

impl<T: ByLetter> Consented<T> {
    /// What was consented to, to be done.
    pub(crate) fn into_inner(self) -> T {
        self.0
    }
}

impl<T: Signable> Consented<T> {
    /// Signs just what was consented to.
    pub(crate) fn sign(self, opened: &SigningIdentity) -> Result<T::Signed, Failure> {
        self.0.sign(opened.leaf()?, opened.signer(Lent(())))
    }
}

/// Tells that the signature failed.
pub(crate) fn unsigned(error: &dyn std::fmt::Display) -> Failure {
    Failure::because("无法签名", error)
}

/// How somebody consents at a command.
pub(crate) enum Consent<'a> {
    /// They said so beforehand, and named the parts that they looked at.
    Yes { named: &'a [String] },
    /// They are asked, and type this word.
    Asked { question: (&'a str, &'a str), word: &'a str },
}

impl<'a> Consent<'a> {
    /// `--yes`, or a question.
    pub(crate) fn new(yes: bool, question: (&'a str, &'a str), word: &'a str) -> Self {
        if yes { Self::Yes { named: &[] } } else { Self::Asked { question, word } }
    }

    /// With parts that were named beforehand; whoever is asked is asked about each.
    pub(crate) fn naming(self, parts: &'a [String]) -> Self {
        match self {
            Self::Yes { .. } => Self::Yes { named: parts },
            asked @ Self::Asked { .. } => asked,
        }
    }
}

/// Shows what is to be signed, and asks. A person who is asked has it before them on the terminal
/// on which they are asked, wherever standard output goes.
pub(crate) fn consent<T: Consentable>(
    output: Output,
    (what, you): (T, &str),
    consent: &Consent<'_>,
) -> Result<Consented<T>, Failure> {
    let (question, word) = match consent {
        Consent::Asked { question, word } => (question, word),
        Consent::Yes { named } => {
            show(output, &what, you);
            all_written()?;
            return all_named(&what, named).map(|()| Consented(what));
        }
    };
    let reader = reader(output);
    let seen = reader == Some(Reader::Output) && !output.is_json();
    show(output, &what, you);
    let reader = reader.ok_or_else(prompt::no_terminal)?;
    if !seen {
        lines(&what, you, reader.columns()).iter().for_each(|line| reader.line(line));
    }
    let parts = what.to_open();
    for (place, part) in parts.iter().enumerate() {
        opened(reader, part, (place + 1, parts.len()))?;
    }
    prompt::confirm(reader, *question, word)?;
    Ok(Consented(what))
}

/// Whoever said yes beforehand reads it where it was written to: what of it was written nowhere, as
/// on a full disk or to a reader that went away, nobody consented to.
fn all_written() -> Result<(), Failure> {
    let Some(error) = terminal::missing() else { return Ok(()) };
    let zh = format!("要签署的内容没有全部写出，未签署：{error}。");
    let en = format!("not all that is to be signed could be written: {error}; nothing was signed");
    Err(Failure::usage(zh, en))
}

/// One part by itself, whole, and whether it was looked at.
fn opened(reader: Reader, part: &Part, (place, count): (usize, usize)) -> Result<(), Failure> {
    let columns = reader.columns();
    let heading = facts::heading(&part.what, columns);
    let shown = heading.into_iter().chain(facts::lines(&part.facts, columns));
    shown.for_each(|line| reader.line(&line));
    let last = part.name.get(12..).unwrap_or_default();
    let zh = format!("须查看的第 {place} 件，共 {count} 件：看过后输入 {last}");
    let en = format!("to be opened, {place} of {count}: type {last} once you have looked at it:");
    prompt::confirm(reader, (&zh, &en), last)
}

/// Nothing says by itself that somebody looked: they name each part, and no other.
fn all_named<T: Consentable>(what: &T, named: &[String]) -> Result<(), Failure> {
    let parts = what.to_open();
    let is_part = |name: &String| parts.iter().any(|part| part.name == *name);
    let all = parts.iter().all(|part| named.contains(&part.name));
    if all && named.iter().all(is_part) {
        return Ok(());
    }
    let count = parts.len();
    let zh = format!("须查看的 {count} 件没有逐件写明，未签署。");
    let en =
        format!("{count} are to be opened, and not each of them was named; nothing was signed");
    Err(Failure::usage(zh, en).next(
        "先用 --show 查看，再逐件加上 --opened 编号 / look with --show, then --opened ID for each",
    ))
}

/// What was shown on a page of the desk came back by its digest, and is what is to be signed; so
/// did each part that was looked at there.
pub(crate) fn at_desk<T: Consentable>(
    what: T,
    (shown, named): (&str, &[String]),
) -> Result<Consented<T>, Failure> {
    match what.digest().map(|digest| plain::fingerprint(&digest)) {
        Some(digest) if digest == shown => all_named(&what, named).map(|()| Consented(what)),
        _ => Err(Failure::usage(
            "与您看到的不同，未作任何操作。",
            "this is not what you were shown; nothing was done",
        )),
    }
}

/// Shows it without asking: lines for people, one document for machines.
pub(crate) fn show<T: Consentable>(output: Output, what: &T, you: &str) {
    let columns = Reader::of_output().map_or(COLUMNS, Reader::columns);
    for line in lines(what, you, columns) {
        output.laid_out(&line);
    }
    output.json(&document(what, you));
}

/// All of it for machines.
fn document<T: Consentable>(what: &T, you: &str) -> Value {
    let mut document = what.machine();
    if !you.is_empty() {
        document.insert("signer".into(), you.into());
    }
    document.insert("what".into(), facts::both(&what.what()));
    document.insert("facts".into(), facts::values(&what.facts()));
    let hearsay = what.hearsay();
    if !hearsay.is_empty() {
        document.insert("hearsay".into(), facts::values(&hearsay));
    }
    if let Some(digest) = what.digest() {
        document.insert("digest".into(), json!(plain::fingerprint(&digest)));
    }
    document.into()
}

/// Where whoever is asked reads. Machines have standard output for themselves.
fn reader(output: Output) -> Option<Reader> {
    let errors = Reader::of_errors();
    if output.is_json() { errors } else { Reader::of_output().or(errors) }
}

fn lines<T: Consentable>(what: &T, you: &str, columns: usize) -> Vec<String> {
    let mut lines = facts::heading(&what.what(), columns);
    let own = Fact::new(("签署人", "you"), you);
    if !you.is_empty() {
        lines.extend(facts::lines(&[own], columns));
    }
    lines.extend(facts::lines(&what.facts(), columns));
    if let Some(digest) = what.digest() {
        let digest = plain::fingerprint(&digest);
        lines.extend(facts::lines(&[Fact::new(("摘要", "digest"), digest)], columns));
    }
    let hearsay = what.hearsay();
    if !hearsay.is_empty() {
        let told = BilingualText {
            zh: "以下为门户所述，未经核对，不在签署之内".into(),
            en: "what follows is the portal's word: not checked, and not signed".into(),
        };
        lines.extend(facts::heading(&told, columns));
        lines.extend(bounded(facts::lines(&hearsay, columns), columns));
    }
    lines
}

/// So many lines of a portal's word, and how many more it has.
fn bounded(mut told: Vec<String>, columns: usize) -> Vec<String> {
    let more = told.len().saturating_sub(HEARSAY_LINES_MAX);
    if more > 0 {
        told.truncate(HEARSAY_LINES_MAX);
        let left_out = BilingualText {
            zh: format!("门户还述及 {more} 行，未列出；签署的内容在门户所述之上"),
            en: format!(
                "{more} more lines of the portal are left out; what is signed stands above its word"
            ),
        };
        told.extend(facts::heading(&left_out, columns));
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Sample(Vec<Fact>);

    impl Consentable for Sample {
        fn what(&self) -> BilingualText {
            BilingualText { zh: "吊销".into(), en: "revoke".into() }
        }
        fn facts(&self) -> Vec<Fact> {
            self.0.clone()
        }
        fn hearsay(&self) -> Vec<Fact> {
            self.0.clone()
        }
        fn digest(&self) -> Option<[u8; 32]> {
            Some([7; 32])
        }
    }

    fn fact(value: &str) -> Fact {
        Fact::new(("依据", "evidence"), value)
    }

    /// Whatever is typed into a value, each line is one of ours or says that it goes on.
    #[test]
    fn a_value_pretends_to_be_no_line() {
        for filler in [" ", "-", "─", "\u{3000}", "\u{2800}", "a "] {
            for count in [1, 46, 63, 500] {
                let value = format!("{}   公钥 / public key: forged", filler.repeat(count));
                let sample = Sample(vec![fact(&value)]);
                for columns in [20, 40, 80, 200] {
                    let lines = lines(&sample, "陈登记", columns);
                    let forged = |line: &&String| line.trim_start().starts_with("公钥");
                    // It is shown, however it is broken.
                    let ours = |c: char| c.is_whitespace() || c == '│';
                    let shown = lines.concat().replace(ours, "");
                    assert!(shown.contains("forged"), "{filler:?} {count} {columns}");
                    assert_eq!(lines.iter().find(forged), None, "{filler:?} {count} {columns}");
                }
            }
        }
    }

    #[test]
    fn a_page_signs_what_it_showed() {
        let shown = plain::fingerprint(&[7; 32]);
        assert!(at_desk(Sample(Vec::new()), (&shown, &[])).is_ok());
        for other in ["", &plain::fingerprint(&[8; 32])] {
            assert!(at_desk(Sample(Vec::new()), (other, &[])).is_err());
        }
    }

    /// Machines get what people read: who signs, every fact, its digest, and what is not signed.
    #[test]
    fn machines_are_told_what_people_read() {
        let sample = Sample(vec![fact("看过文件"), fact("第二项")]);
        let document = document(&sample, "陈登记");
        let lines = lines(&sample, "陈登记", 200);
        let facts = ["facts", "hearsay"].map(|part| document[part].as_array().unwrap().clone());
        let mut told: Vec<String> = facts
            .concat()
            .iter()
            .map(|fact| fact["value"]["zh"].as_str().unwrap().to_owned())
            .collect();
        told.extend(["signer", "digest"].map(|part| document[part].as_str().unwrap().to_owned()));
        for text in &told {
            assert!(lines.iter().any(|line| line.contains(text.as_str())), "{text}: {lines:?}");
        }
        // Two headings stand above facts and hearsay.
        assert_eq!(lines.len(), told.len() + 2, "{lines:?}");
    }

    /// Whatever a portal says beside it, it says so many lines; what is signed stands before them,
    /// whole, and the last line is ours.
    #[test]
    fn no_portal_pushes_what_is_signed_off_a_terminal() {
        struct Flooded(usize);
        impl Consentable for Flooded {
            fn what(&self) -> BilingualText {
                BilingualText { zh: "吊销".into(), en: "revoke".into() }
            }
            fn facts(&self) -> Vec<Fact> {
                vec![fact("看过文件")]
            }
            fn hearsay(&self) -> Vec<Fact> {
                vec![fact(&"门户".repeat(100)); self.0]
            }
            fn digest(&self) -> Option<[u8; 32]> {
                Some([7; 32])
            }
        }
        for columns in [20, 80, 200] {
            let alone = lines(&Flooded(0), "陈登记", columns);
            let shown = lines(&Flooded(20_000), "陈登记", columns);
            assert_eq!(shown[..alone.len()], alone[..]);
            assert!(shown.len() < alone.len() + HEARSAY_LINES_MAX + 40, "{columns}");
            assert!(shown.last().is_some_and(|line| !line.contains("门户门户")), "{columns}");
        }
        assert_eq!(document(&Flooded(500), "陈登记")["hearsay"].as_array().unwrap().len(), 500);
    }

    /// The same facts, with the portal's word apart from what is signed.
    #[test]
    fn what_a_portal_says_stands_apart() {
        let lines = lines(&Sample(vec![fact("看过文件")]), "陈登记", 80);
        let at = |text: &str| lines.iter().position(|line| line.contains(text)).unwrap();
        assert!(at("摘要") < at("未经核对"), "{lines:?}");
        assert!(at("看过文件") < at("未经核对"), "{lines:?}");
    }
}
