//! A handler at work: what is drafted is shown, consented to, signed and handed in here.

use crate::clock::now;
use crate::consent::{Consent, Consentable, Signable, consent, unsigned};
use crate::exit::Failure;
use crate::files;
use crate::files::{Own, SigningIdentity};
use crate::output::Output;
use pki::{Certificate, Signer};
use portal_api::plain::{self, BilingualText, Fact};
use records::draft::{Draft, DraftStatement, Drafting};
use records::drafted::DraftContent;
use records::handling::{DraftMade, PersonFacts, Preview, PreviewRequest};
use records::trust::Trust;
use records::{Bytes, Disclosure, json};
use system::random;

/// A handler at work: their key, and the portal.
pub(super) struct Desk<'a> {
    pub(super) own: &'a Own,
    pub(super) trust: Trust,
    pub(super) opened: SigningIdentity,
    pub(super) portal: portal_api::Staff,
}

impl<'a> Desk<'a> {
    pub(super) fn open(own: &'a Own) -> Result<Self, Failure> {
        let (trust, opened) = (own.trust()?, own.open()?);
        let client = files::client(&trust.portal_staff, &trust, Some(opened.identity()?))?;
        Ok(Self { own, trust, opened, portal: portal_api::Staff(client) })
    }

    /// A draft as it is to be signed. What the handler did not type is named, and is told as the
    /// portal's word.
    pub(super) fn drafting(
        &self,
        (drafted, disclosures): (&DraftContent, Vec<Disclosure>),
        unsaid: Vec<&'static str>,
    ) -> Result<SignableDraft, Failure> {
        let (certificate, nonce) = (self.opened.leaf()?.sha256(), random::bytes()?);
        let founding = &self.trust.founding;
        let stated = drafted.statement(founding, certificate, nonce, now());
        let statement = stated.map_err(|error| unsigned(&error))?;
        let (hearsay, number_seal) = (Vec::new(), None);
        Ok(SignableDraft { statement, disclosures, number_seal, unsaid, hearsay })
    }

    /// Shows what is signed, asks, signs and hands it in.
    pub(super) async fn make(
        &self,
        output: Output,
        (draft, person): (SignableDraft, &str),
        yes: bool,
    ) -> Result<DraftMade, Failure> {
        let last = person.get(12..).unwrap_or_default();
        let zh = format!("输入人员编号末四位 {last} 以签署");
        let en = format!("type {last} to sign:");
        let how = Consent::new(yes, (&zh, &en), last);
        let drafting = consent(output, (draft, &self.opened.name()), &how)?.sign(&self.opened)?;
        Ok(self.portal.draft(&drafting).await?)
    }

    /// Tells what was made, and how it is taken back.
    pub(super) fn told(&self, output: Output, made: &DraftMade) {
        let told = [
            Fact::new(("已提交", "submitted"), &made.order),
            Fact::new(("人员编号", "person"), &made.person),
            Fact::new(("需要的批准", "approvals needed"), made.needed.to_string()),
        ];
        output.hearsay(
            &told,
            serde_json::json!({
                "order": made.order, "person": made.person, "needed": made.needed,
            }),
        );
        output.command(&self.own.again("yinxin withdraw {}", &[&made.order]));
    }

    /// What approvers would read, as the portal says: the order that would be made, whose body is
    /// the one that is signed here. Without it no draft of a person is signed.
    pub(super) async fn preview(&self, draft: &SignableDraft) -> Result<Vec<Fact>, Failure> {
        let (statement, disclosures) = (draft.statement.clone(), draft.disclosures.clone());
        let number_seal = draft.number_seal.clone();
        let previewing = PreviewRequest { statement, disclosures, number_seal };
        let preview = self.portal.preview(&previewing).await?;
        previewed(&draft.statement, preview)
    }
}

pub(super) fn previewed(
    statement: &DraftStatement,
    preview: Preview,
) -> Result<Vec<Fact>, Failure> {
    let shown = preview.shown(statement);
    let shown = shown.ok_or_else(|| {
        Failure::usage(
            "门户没有显示所填的内容，未签署。",
            "the portal does not show this draft; nothing was signed",
        )
    })?;
    Ok(plain::facts_unsigned(&shown))
}

/// A draft as it is to be signed, and what the portal says beside it.
pub(super) struct SignableDraft {
    pub(super) statement: DraftStatement,
    pub(super) disclosures: Vec<Disclosure>,
    /// Seal of the digest of a number that the body registers.
    pub(super) number_seal: Option<Bytes>,
    pub(super) unsaid: Vec<&'static str>,
    pub(super) hearsay: Vec<Fact>,
}

impl Consentable for SignableDraft {
    fn what(&self) -> BilingualText {
        let kind = plain::kind_of(&self.statement.kind, "");
        BilingualText { zh: format!("起草：{}", kind.zh), en: format!("draft: {}", kind.en) }
    }

    fn facts(&self) -> Vec<Fact> {
        plain::about_drafting(&self.statement, &self.disclosures, &self.unsaid)
    }

    fn hearsay(&self) -> Vec<Fact> {
        self.hearsay.clone()
    }

    fn digest(&self) -> Option<[u8; 32]> {
        json::write(&self.statement).ok().map(|bytes| Draft::challenge(&bytes))
    }
}

impl Signable for SignableDraft {
    type Signed = Drafting;

    fn sign(self, leaf: &Certificate, signer: &dyn Signer) -> Result<Drafting, Failure> {
        let bytes = Bytes(json::write(&self.statement).map_err(|error| unsigned(&error))?);
        let draft = Draft::sign(bytes, leaf, signer).map_err(|error| unsigned(&error))?;
        let Self { disclosures, number_seal, .. } = self;
        Ok(Drafting { draft, disclosures, number_seal })
    }
}

/// A person id as somebody typed it.
pub(super) fn typed_person(typed: &str) -> Result<String, Failure> {
    records::letter::read_reference(typed)
        .ok_or_else(|| Failure::usage("这不是人员编号。", "this is no id of a person"))
}

/// What a portal answers about somebody is about whom was asked, or is refused.
pub(super) fn is_asked(facts: PersonFacts, person: &str) -> Result<PersonFacts, Failure> {
    match facts.line.person == person {
        true => Ok(facts),
        false => Err(Failure::usage(
            "门户返回的是另一人的资料，未作任何操作。",
            "the portal answered about somebody else; nothing was done",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use records::drafted::LetterBody;
    use records::handling::PersonLine;

    /// Neither nothing nor another order stands in for what is about to be signed.
    #[test]
    fn what_a_portal_does_not_show_is_not_signed() {
        let letter = LetterBody { person: "0123456789ABCDEF".into(), profile: "official".into() };
        let drafted = DraftContent::Letter(letter);
        let founding = Bytes::from([1; 32]);
        let statement = drafted.statement(&founding, [2; 32], [3; 16], 1_795_507_200).unwrap();
        let other = serde_json::json!({
            "v": 1, "kind": "person", "issuer": "ca-1", "order": "5GPJWBSG64S36D1N", "version": 1,
            "nonce": Bytes::from([4; 16]), "expires": "2026-11-24T08:00:00Z",
            "drafter": "operator:0", "basis": { "people": [], "units": [] }, "body": {},
        });
        for order in [None, Some(serde_json::from_value(other).unwrap())] {
            let preview = Preview { order, disclosures: Vec::new() };
            assert!(previewed(&statement, preview).is_err());
        }
    }

    #[test]
    fn a_portal_names_nobody_else() {
        let facts = |person: &str| PersonFacts {
            line: PersonLine {
                person: person.into(),
                name: "李丹".into(),
                unit: "sz-office".into(),
                unit_name: "区政府办".into(),
                certificates: 0,
                letter: false,
            },
            version: 1,
            mail: String::new(),
            number: None,
            units: Vec::new(),
            profiles: Vec::new(),
        };
        assert!(is_asked(facts("0123456789ABCDEF"), "0123456789ABCDEF").is_ok());
        assert!(is_asked(facts("FEDCBA9876543210"), "0123456789ABCDEF").is_err());
        assert_eq!(typed_person("0123-4567-89ab-cdef").ok().as_deref(), Some("0123456789ABCDEF"));
        assert!(typed_person("X; curl x").is_err());
    }
}
