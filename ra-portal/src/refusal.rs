//! Refusals as the portal tells them: a problem in both languages with a reference.

use ca_api::Refusal;
use pki::name::{NameError, both};
use records::{Code, Problem};
use service::problem::Refused;

/// A refusal of the portal itself under a fresh reference.
pub(crate) fn refused(code: Code) -> Refused {
    let reference =
        system::random::bytes::<10>().map(records::letter::reference).unwrap_or_default();
    Refused(Problem::new(code, reference))
}

/// What somebody typed cannot be read as it stands, in words that name the character.
pub(crate) fn unreadable((zh, en): (&str, &str), matter: &NameError) -> Refused {
    let (why_zh, why_en) = both(matter);
    let told = refused(Code::Malformed).0;
    Refused(Problem { zh: format!("{zh}：{why_zh}。"), en: format!("{en}: {why_en}."), ..told })
}

/// What the issuer answered, passed on; its own failure becomes ours.
pub(crate) fn passed_on<T>(answer: Result<T, Refusal>) -> Result<T, Refused> {
    answer.map_err(|refusal| match refusal {
        Refusal::Refused(problem) => Refused(problem),
        other => {
            tracing::error!(error = %other, "issuer");
            refused(Code::Unavailable)
        }
    })
}
