//! One order as this program believes it: fetched through the portal, opened with the trust file as
//! `yinxin approve` does. Nothing else shows or signs an order here.

use super::bench::Bench;
use crate::approving::Approving;
use crate::exit::Failure;
use crate::files::SigningIdentity;
use crate::order::checked;
use page::{Language, Marked, show};
use portal_api::plain::{self, Fact, FactValue, Span};
use records::export::{Hearsay, OpenedOrder, OrderProgress};

/// An order whose signature and disclosures were checked here.
pub(super) struct Checked {
    pub(super) opened: OpenedOrder,
    /// Who is to decide, as their certificate says: what has to be opened is drawn for them.
    pub(super) person: String,
    /// What the portal tells beside it.
    pub(super) beside: Hearsay,
    /// How far it is, as the portal says.
    pub(super) standing: Option<OrderProgress>,
}

/// One line of what an officer reads.
pub(super) struct FactItem {
    pub(super) term: String,
    pub(super) value: Marked,
    pub(super) differs: bool,
    /// Lines of a file or a list, each with its class and its sign.
    pub(super) lines: Vec<(&'static str, &'static str, Marked)>,
}

impl FactItem {
    /// Facts in one language.
    pub(super) fn all(facts: Vec<Fact>, language: Language) -> Vec<Self> {
        facts.into_iter().map(|fact| Self::of(fact, language)).collect()
    }

    /// A fact in one language.
    pub(super) fn of(fact: Fact, language: Language) -> Self {
        let both = |said: plain::BilingualText| show::harmless(&language.of_both(said.zh, said.en));
        let lines = fact.lines.into_iter();
        let line = |one: plain::FactLine| {
            let text = match &one.line {
                plain::LineText::File(text) => Marked::new().file_line(text),
                plain::LineText::Value(value) => marked(language, value),
            };
            (one.mark.class(), one.mark.sign(), text)
        };
        Self {
            term: both(fact.term),
            value: marked(language, &fact.value),
            differs: fact.differs,
            lines: lines.map(line).collect(),
        }
    }
}

/// A value in one language, with what is somebody else's set apart.
pub(super) fn marked(language: Language, value: &FactValue) -> Marked {
    let spans = match language {
        Language::Chinese => value.spans_zh(),
        Language::English => value.spans_en(),
    };
    spans.iter().fold(Marked::new(), |marked, span| match span {
        Span::Own(text) => marked.own(text),
        Span::Foreign(text) => marked.foreign(text),
    })
}

impl Checked {
    /// Fetches an order and checks it.
    pub(super) async fn fetch(
        bench: &Bench,
        opened: &SigningIdentity,
        order: &str,
    ) -> Result<Self, Failure> {
        let export = bench.portal(opened)?.fetch(order).await?;
        let person = opened.person();
        let opened = checked(&export, Some(order), &bench.trust)?;
        Ok(Self { opened, person, beside: export.beside(), standing: export.standing })
    }

    /// Whether it can only be declined.
    pub(super) fn has_moved(&self) -> bool {
        self.opened.has_moved(self.standing.as_ref())
    }

    /// What kind of order it is.
    pub(super) fn kind(&self, language: Language) -> String {
        let kind = plain::kind(self.opened.body());
        show::harmless(&language.of_both(kind.zh, kind.en))
    }

    /// For whom the officer approves it who named a person, or nobody; nothing where that leaves a
    /// choice.
    pub(super) fn chosen(&self, named: Option<&str>) -> Option<Option<String>> {
        match &self.standing {
            Some(standing) => standing.chosen(&self.person, named),
            None => Some(None),
        }
    }

    /// It, to be approved for somebody, or by the officer's own roles.
    pub(super) fn approving(&self, acting_for: Option<String>) -> Approving {
        Approving::of(self.opened.clone(), (&self.person, acting_for), self.beside.clone())
    }

    /// How far it is, as the portal says.
    pub(super) fn standing(&self) -> Option<OrderProgress> {
        let standing = self.standing.clone()?;
        let approvers = standing.approvers.iter().map(|name| show::harmless(name)).collect();
        Some(OrderProgress { approvers, ..standing })
    }
}
