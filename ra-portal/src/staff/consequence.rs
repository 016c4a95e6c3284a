//! What a transfer or leaving would take away, told before it is signed or approved. It is the CA's
//! answer of this moment, beside what is signed, and nothing rests on it.

use crate::pages::facts::{FactItem, lines};
use crate::pages::{Frame, Language, show, words};
use crate::refusal::passed_on;
use crate::staff_certificate::StaffCertificate;
use crate::state::PortalState;
use ca_api::AsOfficer;
use ca_api::organisation::{Consequences, ConsequencesQuery};
use portal_api::plain;
use records::drafted::DraftContent;
use records::order::{Body, PersonAction};

words! {
    /// Words of the section.
    ConsequenceWords {
        now "按当前登记信息推算，仅供核对，不在签名范围内。" "Worked out from the register as it is now, to be checked; it is not part of what is signed.";
    }
}

/// The section.
pub(super) struct ConsequenceView {
    pub(super) w: &'static ConsequenceWords,
    pub(super) title: String,
    pub(super) facts: Vec<FactItem>,
}

impl ConsequenceView {
    /// What is told of an order, if anything is.
    pub(super) fn of(language: Language, body: &Body, told: Option<&Consequences>) -> Option<Self> {
        let facts = plain::about_consequence(body, told);
        let title = plain::consequence_title();
        (!facts.is_empty()).then(|| Self {
            w: ConsequenceWords::of(language),
            title: show::harmless(&language.of_both(title.zh, title.en)),
            facts: lines(language, facts),
        })
    }
}

/// What follows of a draft about a person, where something can and the reader may know it.
pub(super) async fn told(
    portal: &PortalState,
    f: &Frame,
    shown: &StaffCertificate,
    body: &Body,
) -> Option<ConsequenceView> {
    let Body::Person(person) = body else { return None };
    let unit = match person.action {
        PersonAction::Create => return None,
        PersonAction::Move => Some(person.unit.clone()),
        PersonAction::Leave => None,
    };
    let message = AsOfficer {
        certificate: shown.certificate.clone(),
        message: ConsequencesQuery { person: person.person.clone(), unit },
    };
    let answer = passed_on(portal.issuer.consequences(&message).await);
    let drafted = DraftContent::Person(person.clone());
    let recorded = portal.recorded_draft(("person", &shown.person), Some(&drafted), answer);
    let told = recorded.await.ok()?;
    ConsequenceView::of(f.language, body, Some(&told))
}

/// What a leave or a transfer of the sample takes away.
#[cfg(test)]
pub(super) fn sample_told(leaves: bool) -> (Body, Consequences) {
    let action = if leaves { PersonAction::Leave } else { PersonAction::Move };
    let typed = records::drafted::TypedPerson {
        action,
        person: "0123456789ABCDEF",
        version: 2,
        unit: "sz-office",
        name: "李丹",
        mail: "",
        number: None,
        evidence: "任免文件",
    };
    let (body, _) = typed.body([[1; 32], [2; 32], [3; 32]]).unwrap();
    let told = Consequences {
        certificates: vec!["01".repeat(18)],
        roles: if leaves { vec![super::role::sample()] } else { Vec::new() },
        letters: if leaves { vec!["5GPJWBSG64S36D1N".into()] } else { Vec::new() },
        orders: 1,
        applications: crate::pages::sample_names().applications,
        ..Consequences::default()
    };
    (Body::Person(body), told)
}

#[cfg(test)]
pub(super) fn sample(language: Language, leaves: bool) -> Option<ConsequenceView> {
    let (body, told) = sample_told(leaves);
    ConsequenceView::of(language, &body, Some(&told))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The page tells the same facts that a terminal, a desk and machines are told.
    #[test]
    fn a_page_tells_what_follows_in_the_same_facts() {
        for leaves in [true, false] {
            let (body, told) = sample_told(leaves);
            let view = ConsequenceView::of(Language::English, &body, Some(&told)).unwrap();
            let facts = lines(Language::English, plain::about_consequence(&body, Some(&told)));
            let pairs = |lines: &[FactItem]| -> Vec<(String, String)> {
                lines.iter().map(|line| (line.term.clone(), line.value.to_string())).collect()
            };
            assert_eq!(pairs(&view.facts), pairs(&facts));
            assert!(ConsequenceView::of(Language::English, &body, None).is_none());
        }
    }
}
