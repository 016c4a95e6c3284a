//! What the issuer answers to a portal about a running city, as shapes: the sample pages of the
//! portal are held against them (`ra-portal/src/staff/answers.rs`), so that no page looks better
//! there than in life.

use crate::{Office, Officer};
use ca_api::organisation::{ConsequencesQuery, DossierQuery, UnitQuery};
use ca_api::systems::{SystemQuery, SystemsQuery};
use ca_api::{AsOfficer, CertificateQuery, Issuer, OfficerSearch, Page};
use mtls::tls::Identity;
use sample_city::shape::{Shape, shape};
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// Shapes by the name of the question.
type Answers = BTreeMap<&'static str, Shape>;

/// Holds the golden file against what an officer, and a holder about themselves, are answered.
/// Where the same is asked of several, one shape has the forms of all.
pub async fn hold(office: &Office, officer: &Officer, holder: &Officer, units: &[&str]) {
    held("answers.json", &made(office, officer, holder, units).await);
}

/// The same of what who is in charge of a system is answered.
pub async fn hold_system(office: &Office, leader: &Officer, system: &str) {
    let issuer = issuer(office);
    let mut answers = Answers::new();
    let wanted = SystemsQuery::default();
    keep(&mut answers, "systems", &issuer.systems(&asked(leader, wanted)).await.unwrap());
    let wanted = SystemQuery { system: system.to_owned(), after: String::new() };
    keep(&mut answers, "system", &issuer.system(&asked(leader, wanted)).await.unwrap());
    held("system-answers.json", &answers);
}

fn held(file: &str, answers: &Answers) {
    let made = serde_json::to_string_pretty(answers).unwrap();
    let path = crate::workspace().join("tests/golden").join(file);
    if std::env::var("YINXIN_GOLDEN").is_ok_and(|what| what == "write") {
        std::fs::write(&path, format!("{made}\n")).unwrap();
    }
    let kept = std::fs::read_to_string(path).unwrap_or_default();
    assert_eq!(kept.trim_end(), made, "look at it, then YINXIN_GOLDEN=write");
}

async fn made(office: &Office, officer: &Officer, holder: &Officer, units: &[&str]) -> Answers {
    let issuer = issuer(office);
    let (person, leaf) = (holder.person.clone(), holder.leaf());
    let mut answers = Answers::new();
    keep(&mut answers, "mine", &issuer.mine(&asked(holder, ())).await.unwrap());
    for one in [officer, holder] {
        keep(&mut answers, "holder", &issuer.holder(&asked(one, ())).await.unwrap());
    }
    let page = Page { after: String::new() };
    keep(&mut answers, "list", &issuer.list(&asked(officer, page)).await.unwrap());
    let name = leaf.subject().common_name().unwrap();
    let sought = OfficerSearch { text: name, after: String::new() };
    keep(&mut answers, "find", &issuer.find(&asked(officer, sought.clone())).await.unwrap());
    keep(&mut answers, "people", &issuer.people(&asked(officer, sought)).await.unwrap());
    let named = CertificateQuery { serial: leaf.serial().to_string() };
    keep(&mut answers, "certificate", &issuer.certificate(&asked(officer, named)).await.unwrap());
    let wanted = DossierQuery { person: person.clone(), after: String::new() };
    keep(&mut answers, "dossier", &issuer.dossier(&asked(officer, wanted)).await.unwrap());
    for unit in units {
        let wanted = UnitQuery { unit: (*unit).to_owned(), after: String::new() };
        keep(&mut answers, "unit", &issuer.unit(&asked(officer, wanted)).await.unwrap());
    }
    let wanted = ConsequencesQuery { person, unit: None };
    let told = issuer.consequences(&asked(officer, wanted)).await.unwrap();
    keep(&mut answers, "consequences", &told);
    answers
}

/// The issuer, as the portal's staff process asks it.
fn issuer(office: &Office) -> Issuer {
    let file = |end: &str| office.path(&format!("portal/staff.{end}"));
    let portal = Identity::from_files(&file("pem"), &file("key")).unwrap();
    Issuer(office.client(&office.issuer_address(), Some(portal)))
}

fn asked<T>(reader: &Officer, message: T) -> AsOfficer<T> {
    AsOfficer { certificate: reader.leaf().der().into(), message }
}

fn keep(answers: &mut Answers, name: &'static str, answer: &impl Serialize) {
    let value: Value = serde_json::to_value(answer).unwrap();
    let known = answers.entry(name).or_default();
    for (path, forms) in shape(&value) {
        known.entry(path).or_default().extend(forms);
    }
}
