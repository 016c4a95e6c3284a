//! A second validator elsewhere in the net: whoever holds the way from here to a host, or the
//! answers of our resolver, does not hold both. It finds a challenge answered, and the zone's CAA
//! records permitting, or there is no certificate; one that cannot be asked has found nothing.

use crate::machines::look_question::{LookAnswer, LookQuestion, PATH};
use crate::machines::looks::VALIDATIONS_MAX;
use crate::machines::strangers::ZONES_MAX;
use crate::machines::validate::{Look, Validator};
use acme::{AcmeProblem, ProblemKind};
use mtls::Client;
use records::Problem;
use service::Metrics;
use std::time::Duration;

/// A process asks so much of it at once: about each challenge that it looks at itself, and about
/// zones for those whom nobody knows yet.
pub(crate) const ASKED_AT_ONCE: usize = VALIDATIONS_MAX + ZONES_MAX;
/// An answer is waited for so long, which is longer than it looks.
const ANSWER_MAX: Duration = Duration::from_secs(30);
/// Under which it is told on `/readyz` that it cannot be asked: what needs no look goes on.
const NOTICE: &str = "second-validator";

/// A second validator, asked over mTLS with this process's key.
pub(crate) struct SecondValidator {
    client: Client,
    metrics: Metrics,
}

impl SecondValidator {
    /// The one that a client reaches.
    pub(crate) fn of(client: Client, metrics: Metrics) -> Self {
        Self { client: client.with_places(ASKED_AT_ONCE, 1, |_| false), metrics }
    }

    /// What it finds.
    pub(crate) async fn look(&self, look: Look<'_>) -> Result<(), AcmeProblem> {
        let question = LookQuestion::of(look);
        let asked = self.client.ask::<LookQuestion, LookAnswer, Problem>(PATH, &question);
        let told = match tokio::time::timeout(ANSWER_MAX, asked).await {
            Ok(Ok(Ok(answer))) => {
                self.metrics.notice(NOTICE, "");
                return answer.read();
            }
            Ok(Ok(Err(problem))) => problem.code,
            Ok(Err(error)) => error.to_string(),
            Err(_) => "no answer in time".to_owned(),
        };
        tracing::error!(error = told.as_str(), "the second validator");
        self.metrics.notice(NOTICE, &told);
        let (zh, en) = ("第二验证点没有应答", "the second validator does not answer");
        Err(AcmeProblem::about(ProblemKind::ServerInternal, zh, en))
    }
}

/// What is found from here, and from elsewhere where a second validator is configured.
pub(crate) async fn found_by_all(
    own: &Validator,
    second: Option<&SecondValidator>,
    look: Look<'_>,
) -> Result<(), AcmeProblem> {
    let Some(second) = second else { return own.look(look).await };
    let (own, elsewhere) = tokio::join!(own.look(look), second.look(look));
    agreed(own, elsewhere)
}

/// What both found: a challenge is answered where both say so. What either says against it is told
/// with who says it, and where both do, what was found from here.
fn agreed(
    own: Result<(), AcmeProblem>,
    second: Result<(), AcmeProblem>,
) -> Result<(), AcmeProblem> {
    match (own, second) {
        (Ok(()), Ok(())) => Ok(()),
        (Ok(()), Err(problem)) => Err(said_by(
            problem,
            "第二验证点的结果；本站验证通过",
            "found by the second validator; from the portal itself it is answered",
        )),
        (Err(problem), Ok(())) => Err(said_by(
            problem,
            "本站的结果；第二验证点验证通过",
            "found from the portal itself; for the second validator it is answered",
        )),
        (Err(problem), Err(_)) => Err(said_by(
            problem,
            "本站的结果；第二验证点也未通过",
            "found from the portal itself; for the second validator it is not answered either",
        )),
    }
}

fn said_by(problem: AcmeProblem, zh: &str, en: &str) -> AcmeProblem {
    let zh = format!("{}（{zh}）", problem.zh());
    let en = format!("{} ({en})", problem.en());
    problem.in_words(&zh, &en)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One of both is not enough, whichever it is; who reads why learns which of them.
    #[test]
    fn a_challenge_is_answered_where_both_find_it() {
        let wrong = || Err(AcmeProblem::from(ProblemKind::IncorrectResponse));
        let refused = || Err(AcmeProblem::from(ProblemKind::Caa));
        assert_eq!(agreed(Ok(()), Ok(())), Ok(()));
        let kind = |own: Result<(), AcmeProblem>, second: Result<(), AcmeProblem>| {
            let problem = agreed(own, second).unwrap_err();
            (problem.kind(), problem.zh().to_owned(), problem.en().to_owned())
        };
        let (found, zh, en) = kind(Ok(()), wrong());
        assert_eq!(found, ProblemKind::IncorrectResponse);
        assert!(zh.ends_with("（第二验证点的结果；本站验证通过）"), "{zh}");
        assert!(en.contains("(found by the second validator;"), "{en}");
        let (found, _, en) = kind(wrong(), Ok(()));
        assert_eq!(found, ProblemKind::IncorrectResponse);
        assert!(en.contains("(found from the portal itself;"), "{en}");
        // CAA is each one's own question to its own resolver.
        assert_eq!(kind(Ok(()), refused()).0, ProblemKind::Caa);
        assert_eq!(kind(refused(), Ok(())).0, ProblemKind::Caa);
        let (found, _, en) = kind(refused(), wrong());
        assert_eq!(found, ProblemKind::Caa, "what was found from here");
        assert!(en.ends_with("not answered either)"), "{en}");
    }

    /// Where nobody is there, nothing is answered, and it is told on `/readyz`.
    #[tokio::test]
    async fn who_cannot_be_asked_finds_nothing() {
        let identifier = acme::AcmeIdentifier::name("www.acme.test").unwrap();
        let look = Look {
            identifier: &identifier,
            kind: Some(acme::challenge::ChallengeKind::Http01),
            token: "t",
            thumbprint: "p",
            account: None,
            caa: &[],
        };
        let metrics = Metrics::default();
        let nobody = Client::new("http://127.0.0.1:1", None).unwrap();
        let second = SecondValidator::of(nobody, metrics.clone());
        let problem = second.look(look).await.unwrap_err();
        assert_eq!(problem.kind(), ProblemKind::ServerInternal);
        assert!(metrics.told().iter().any(|one| one.starts_with("second-validator: ")));
    }
}
