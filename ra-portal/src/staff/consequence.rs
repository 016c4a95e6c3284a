//! What a transfer or leaving would take away, told before it is signed or approved. It is the CA's
//! answer of this moment, beside what is signed, and nothing rests on it.

use super::role::role_at;
use crate::pages::{Frame, Language, show, words};
use crate::refusal::passed_on;
use crate::staff_certificate::StaffCertificate;
use crate::state::PortalState;
use ca_api::AsOfficer;
use ca_api::organisation::{Consequences, WantedConsequences};
use records::order::{Body, PersonAction};

words! {
    /// Words of the section.
    ConsequenceWords {
        title "办成之后" "What follows";
        now "按此刻的登记推算，供核对；不在签名之内。" "Worked out from the register as it is now, to be checked; it is not part of what is signed.";
        certificates_leave "随即吊销的证书" "Certificates that are revoked at once";
        certificates_move "各应用系统不再接受的证书（须换发）" "Certificates that applications refuse (to be issued anew)";
        roles "终止的角色" "Roles that end";
        letters "作废的密码信封" "Letters that end";
        orders "只能退回的在办事项" "Open orders that can only be declined";
        applications "不能再进入的应用系统" "Applications that know them no longer";
        nothing "没有证书、角色、密码信封或在办事项受影响。" "No certificate, role, letter or open order is touched.";
    }
}

/// The section.
pub(super) struct ConsequenceView {
    pub(super) w: &'static ConsequenceWords,
    leaves: bool,
    pub(super) certificates: Vec<String>,
    pub(super) roles: Vec<String>,
    pub(super) letters: Vec<String>,
    pub(super) orders: u32,
    pub(super) applications: String,
}

impl ConsequenceView {
    /// The title of the certificates.
    pub(super) fn certificates_title(&self) -> &'static str {
        if self.leaves { self.w.certificates_leave } else { self.w.certificates_move }
    }

    /// Whether nothing at all is touched.
    pub(super) fn is_empty(&self) -> bool {
        let lists = [&self.certificates, &self.roles, &self.letters];
        lists.iter().all(|list| list.is_empty()) && self.orders == 0 && self.applications.is_empty()
    }

    pub(super) fn of(language: Language, leaves: bool, told: Consequences) -> Self {
        Self {
            w: ConsequenceWords::of(language),
            leaves,
            certificates: told.certificates,
            roles: told.roles.iter().map(|role| role_at(language, role)).collect(),
            letters: told.letters,
            orders: told.orders,
            applications: show::harmless(&told.applications.join(", ")),
        }
    }
}

/// What follows of an order about a person, where something can and the reader may know it.
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
    let leaves = unit.is_none();
    let message = AsOfficer {
        certificate: shown.certificate.clone(),
        message: WantedConsequences { person: person.person.clone(), unit },
    };
    let answer = passed_on(portal.issuer.consequences(&message).await);
    let told = portal.recorded("person", &shown.person, answer).await.ok()?;
    Some(ConsequenceView::of(f.language, leaves, told))
}

#[cfg(test)]
pub(super) fn sample(language: Language, leaves: bool) -> ConsequenceView {
    let told = Consequences {
        certificates: vec!["0101010101".into()],
        roles: if leaves { vec![super::role::sample()] } else { Vec::new() },
        letters: if leaves { vec!["5GPJWBSG64S36D1N".into()] } else { Vec::new() },
        orders: 1,
        applications: vec!["exchange".into()],
    };
    ConsequenceView::of(language, leaves, told)
}
