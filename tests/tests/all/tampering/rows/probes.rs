//! What people do after each hand: it goes on as before, or is refused, as the page claims.

use crate::declines;
use keys::SoftwareSigner;
use records::Bytes;
use records::decline::Outcome;
use records::enrolment::{Collect, CollectedCertificate, LetterLookUp, Stage};
use records::join::{Join, JoinFile};
use tests::{Office, Official, random};

/// Why an application was sent back.
const REASON: &str = "登记的单位不对，请先更正。";

/// What is done.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Probe {
    /// An officer fetches an order that waits.
    Fetch,
    /// A holder collects their certificate once more.
    Collect,
    /// Somebody with a letter opens their record.
    LookUp,
    /// Somebody applies with a letter.
    Submit,
    /// A gate joins.
    Join,
    /// Somebody reads why their application was sent back.
    Reason,
}

/// Of a table: after which hands something is done that the claim decides: changed, inserted,
/// deleted.
pub(super) const PROBES: [(&str, &str, Probe); 18] = [
    ("unit", "cid", Probe::Fetch),
    ("person", "cid", Probe::LookUp),
    ("role_grant", "cid", Probe::Fetch),
    ("portal", "cid", Probe::Fetch),
    ("profile", "cid", Probe::LookUp),
    ("agent", "cid", Probe::Fetch),
    ("letter", "cid", Probe::Submit),
    // Who joins once joins no more.
    ("join_token", "cd", Probe::Join),
    ("ordered", "cid", Probe::Fetch),
    ("approval", "ci", Probe::Fetch),
    ("consumed_approval", "i", Probe::Collect),
    ("declined", "cid", Probe::Reason),
    ("certificate", "cid", Probe::Collect),
    ("revocation", "cid", Probe::Collect),
    ("crl", "cid", Probe::Collect),
    ("disclosure", "cid", Probe::Reason),
    ("log_entry", "d", Probe::Collect),
    ("founding", "cid", Probe::Fetch),
];

/// What is done after a hand.
pub(super) fn of(table: &str, hand: char) -> Option<Probe> {
    let all = PROBES.iter();
    let mut found = all.filter(|(of, hands, _)| *of == table && hands.contains(hand));
    found.next().map(|(.., probe)| *probe)
}

/// Whoever does it.
pub(super) struct Probes {
    /// An order with one approval.
    waiting: String,
    /// Who has a certificate, and what they collected.
    kept: (Official, CollectedCertificate),
    /// Who has a letter that nobody applied with.
    lettered: Official,
    /// Who gets letters to apply with.
    applicant: String,
    /// Whose application was sent back.
    returned: Official,
    /// What a gate says that did not join yet.
    join: Join,
}

impl Probes {
    pub(super) async fn begin(office: &Office, kept: (Official, CollectedCertificate)) -> Self {
        let words = ["person", "create", "--name", "陈一", "--unit", "sz-office"];
        let (waiting, _) = office.draft(&[&words[..], &["--evidence", "录用文件"]].concat());
        office.approve(&office.first("officer-1"), &waiting).await.unwrap();
        let person = office.register("陈二", "sz-office").await;
        let lettered = office.letter(&person, "official");
        let applicant = office.register("陈四", "sz-office").await;
        let person = office.register("陈三", "sz-office").await;
        let returned = office.letter(&person, "official");
        let order = office.apply(&returned).await;
        let (officer, digest) = (office.first("officer-1"), declines::digest(office, &order).await);
        let declining = declines::signed(&officer, digest, Outcome::Returned, REASON);
        office.staff(&officer).decline(&declining).await.unwrap();
        let words = ["agent", "register", "gate-2", "--unit", "sz-office", "--application"];
        let more = ["exchange", "--host", "localhost", "--serves", "sz-office"];
        let made = office.ca_json(&[&words[..], &more].concat());
        let file = std::fs::read(made["letter"].as_str().unwrap()).unwrap();
        let join = join(&serde_json::from_slice(&file).unwrap());
        office.approve_by_security(made["order"].as_str().unwrap()).await;
        Self { waiting, kept, lettered, applicant, returned, join }
    }

    /// A letter of its own for an application, before a hand comes.
    pub(super) fn letter_for(&self, office: &Office, probe: Option<Probe>) -> Option<Official> {
        (probe == Some(Probe::Submit)).then(|| office.letter(&self.applicant, "official"))
    }

    /// Whether it goes on as before; of an application, with a letter of its own.
    pub(super) async fn goes_on(
        &self,
        office: &Office,
        probe: Probe,
        fresh: Option<&Official>,
    ) -> bool {
        let public = office.public();
        match probe {
            Probe::Fetch => {
                let staff = office.staff(&office.first("officer-2"));
                staff.fetch(&self.waiting).await.is_ok()
            }
            Probe::Collect => {
                let (official, before) = &self.kept;
                let LetterLookUp { reference, key } = official.look_up();
                let now = public.collect(&Collect { reference, key }).await;
                now.is_ok_and(|now| {
                    let proven = now.evidence.open(&office.trust, "control").is_ok();
                    proven && now.chain[0] == before.chain[0]
                })
            }
            Probe::LookUp => public.look_up(&self.lettered.look_up()).await.is_ok(),
            Probe::Submit => {
                let fresh = fresh.expect("a letter");
                let record = public.look_up(&fresh.look_up()).await.unwrap();
                let message = fresh.submit(&record.challenge, &fresh.request(), "cli");
                public.submit(&message).await.is_ok()
            }
            Probe::Join => public.join(&self.join).await.is_ok(),
            Probe::Reason => match office.look_up(&self.returned).await.stage {
                Stage::Letter { returned: Some(reason), .. } => {
                    assert!([REASON, ""].contains(&reason.as_str()), "forged: {reason}");
                    reason == REASON
                }
                other => panic!("{other:?}"),
            },
        }
    }

    /// What was refused only is done in the end.
    pub(super) async fn end(&self, office: &Office) {
        for (_, _, probe) in PROBES {
            let goes_on = self.goes_on(office, probe, Some(&self.lettered)).await;
            assert!(goes_on, "once all is as it was");
        }
    }
}

fn join(file: &JoinFile) -> Join {
    let request = keys::request(&SoftwareSigner::generate_p256().unwrap()).unwrap();
    let challenge = random::<16>();
    let value = authority::join_value(&file.token.0, &file.order.0, &challenge, request.der());
    Join {
        agent: file.agent.clone(),
        challenge: challenge.into(),
        request: request.der().into(),
        value: Bytes(value),
    }
}
