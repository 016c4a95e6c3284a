//! One order as this program believes it: fetched through the portal, opened with the trust file as
//! `yinxin approve` does. Nothing else shows or signs an order here.

use super::bench::Bench;
use crate::approve;
use crate::exit::Failure;
use crate::files::Opened;
use page::{Language, show};
use portal_api::plain::{self, Fact};
use records::export::{OpenedOrder, OrderProgress};

/// An order whose signature and disclosures were checked here.
pub(super) struct Checked {
    pub(super) opened: OpenedOrder,
    /// How far it is, as the portal says.
    pub(super) standing: Option<OrderProgress>,
}

/// One line of what an officer reads.
pub(super) struct Line {
    pub(super) term: String,
    pub(super) value: String,
    pub(super) differs: bool,
    /// Lines of a file or a list, each with its class and its sign.
    pub(super) lines: Vec<(&'static str, &'static str, String)>,
}

impl Line {
    /// Facts in one language.
    pub(super) fn all(facts: Vec<Fact>, language: Language) -> Vec<Self> {
        facts.into_iter().map(|fact| Self::of(fact, language)).collect()
    }

    /// A fact in one language.
    pub(super) fn of(fact: Fact, language: Language) -> Self {
        let both = |said: plain::Said| show::harmless(&language.of_both(said.zh, said.en));
        let lines = fact.lines.into_iter();
        let line = |line: plain::FactLine| {
            (line.mark.class(), line.mark.sign(), show::file_line(&line.text))
        };
        Self {
            term: both(fact.term),
            value: both(fact.value),
            differs: fact.differs,
            lines: lines.map(line).collect(),
        }
    }
}

impl Checked {
    /// Fetches an order and checks it.
    pub(super) async fn fetch(
        bench: &Bench,
        opened: &Opened,
        order: &str,
    ) -> Result<Self, Failure> {
        let export = bench.portal(opened)?.fetch(order).await?;
        let opened = approve::checked(&export, Some(order), &bench.trust)?;
        Ok(Self { opened, standing: export.standing })
    }

    /// Whether it can only be declined.
    pub(super) fn has_moved(&self) -> bool {
        self.opened.has_moved(self.standing.as_ref())
    }

    /// The digest that is signed, as people compare it.
    pub(super) fn digest(&self) -> String {
        plain::fingerprint(&self.opened.digest())
    }

    /// What kind of order it is.
    pub(super) fn kind(&self, language: Language) -> String {
        let kind = plain::kind(self.opened.body());
        show::harmless(&language.of_both(kind.zh, kind.en))
    }

    /// Every fact.
    pub(super) fn facts(&self, language: Language) -> Vec<Line> {
        Line::all(approve::facts(&self.opened), language)
    }

    /// How far it is, as the portal says.
    pub(super) fn standing(&self) -> Option<OrderProgress> {
        let standing = self.standing.clone()?;
        let approvers = standing.approvers.iter().map(|name| show::harmless(name)).collect();
        Some(OrderProgress { approvers, ..standing })
    }
}
