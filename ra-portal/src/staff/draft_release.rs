//! The release of a suspended certificate as somebody drafts it: they say which one and what they
//! looked at; everything else is the suspension that the CA holds, and is told as not said by them.

use super::decline::one_line;
use super::draft_form::{Form, Typed};
use crate::pages::facts;
use crate::refusal::{passed_on, refused};
use crate::staff_certificate::StaffCertificate;
use crate::state::PortalState;
use ca_api::AsOfficer;
use ca_api::handler::{SuspensionFacts, SuspensionQuery};
use portal_api::plain::field;
use records::commitment::EVIDENCE_PATH;
use records::drafted::DraftContent;
use records::{Code, Disclosure};
use service::problem::Refused;
use system::random;
use system::speech::Command;

/// What was typed, with what the CA says of the suspension.
pub(super) async fn typed(
    portal: &PortalState,
    shown: &StaffCertificate,
    form: &Form,
) -> Result<Typed, Refused> {
    let (certificate, serial) = (shown.certificate.clone(), form.serial.clone());
    let message = AsOfficer { certificate, message: SuspensionQuery { serial } };
    let answer = passed_on(portal.issuer.suspension(&message).await);
    let told = portal.recorded("certificate", &shown.person, answer).await?;
    let salt = random::bytes().map_err(|_| refused(Code::Unavailable))?;
    made(form, told, salt).ok_or_else(|| refused(Code::Malformed))
}

fn made(form: &Form, told: SuspensionFacts, salt: [u8; 32]) -> Option<Typed> {
    let evidence = one_line(&form.evidence);
    let text = "yinxin draft release {} --evidence {}";
    let command = facts::typed(&Command::new(text, &[&form.serial, &evidence]));
    let seen = Disclosure::new(EVIDENCE_PATH, salt, evidence.into());
    let body = told.release(form.serial.clone(), seen.commitment().ok()?);
    Some(Typed {
        drafted: DraftContent::Release(body),
        disclosures: vec![seen],
        number_seal: None,
        command,
        unsaid: field::OF_RELEASE.to_vec(),
        known: None,
    })
}

#[cfg(test)]
pub(super) fn samples(language: crate::pages::Language) -> Vec<(&'static str, String)> {
    use super::draft_check::filled;
    use crate::pages::Frame;
    use askama::Template;
    use ca_api::handler::Preview;
    use records::Bytes;
    use serde_json::json;

    let serial = "018e9a4c70f3b5d2018e9a4c70f3b5d2018e";
    let [holder, by, drafter] = ["0123456789ABCDEF", "0123456789ABCDEG", "0123456789ABCDEH"];
    let told = || SuspensionFacts {
        person: holder.into(),
        name: "王<b>\u{202e}".into(),
        suspension: [7; 32].into(),
        by: by.into(),
        by_name: "陈登记".into(),
        reason: "keyCompromise".into(),
        since: "2026-11-24T08:00:00Z".into(),
    };
    let form = Form {
        what: "release".into(),
        serial: serial.into(),
        evidence: "seen in person 本人当面核对".into(),
        ..Form::default()
    };
    let named = [(holder, "王<b>\u{202e}", 1), (by, "陈登记", 2), (drafter, "何经办", 3)];
    let names = named.map(|(_, name, salt)| Disclosure::new("/name", [salt; 32], name.into()));
    let people = named.iter().zip(&names).map(|((person, ..), name)| {
        json!({ "person": person, "unit": "sz-office", "name": name.commitment().unwrap() })
    });
    let people: Vec<_> = people.collect();
    let render = |credentials: &str| {
        let typed = made(&form, told(), [4; 32]).unwrap();
        let founding = Bytes::from([1; 32]);
        let said = typed.drafted.statement(&founding, [2; 32], [3; 16], 1_795_507_200).unwrap();
        let held = json!({ "serial": serial, "profile": "official",
            "not_after": "2027-11-24T08:00:00Z" });
        let order = json!({
            "v": 1, "kind": "release", "issuer": "ca-1", "order": "0000000000000000", "version": 1,
            "nonce": Bytes::from([0; 16]), "expires": "2026-12-01T08:00:00Z",
            "drafter": format!("person:{drafter}"),
            "basis": {
                "people": people, "units": [{ "unit": "sz-office", "name": "商州区政府办公室" }],
                "before": { "roles": [], "certificates": [held], "lent": [] },
            },
            "body": said.body,
        });
        let order = serde_json::from_value(order).unwrap();
        let disclosures = names.iter().chain(&typed.disclosures).cloned().collect();
        let preview = Preview { order: Some(order), disclosures };
        let f = Frame::sample(language, "/drafts");
        let back = format!("/certificates/{serial}");
        let page = filled(f, &back, typed, (&said, preview), credentials.into()).unwrap();
        page.render().unwrap()
    };
    vec![("draft-release", render("AAAA")), ("draft-release-outside", render(""))]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What nobody typed is told so; what was typed is one line.
    #[test]
    fn a_release_names_the_suspension_that_the_ca_holds() {
        let told = SuspensionFacts {
            person: "0123456789ABCDEF".into(),
            name: "李丹".into(),
            suspension: [7; 32].into(),
            by: "0123456789ABCDEG".into(),
            by_name: "陈登记".into(),
            reason: "keyCompromise".into(),
            since: "2026-11-24T08:00:00Z".into(),
        };
        let form = Form {
            what: "release".into(),
            serial: "0101010101".into(),
            evidence: "本人\n当面核对".into(),
            ..Form::default()
        };
        let made = made(&form, told, [4; 32]).unwrap();
        let DraftContent::Release(body) = &made.drafted else { panic!("{:?}", made.drafted) };
        assert_eq!((body.serial.as_str(), body.by.as_str()), ("0101010101", "0123456789ABCDEG"));
        assert_eq!(made.disclosures[0].value, serde_json::json!("本人 当面核对"));
        assert_eq!(made.unsaid, field::OF_RELEASE);
    }
}
