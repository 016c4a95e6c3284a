//! A national number that a handler typed: the CA says whether somebody has it. It goes no further
//! than that question; what is drafted holds its digest.

use crate::pages::{Frame, show};
use crate::refusal::{passed_on, refused};
use crate::staff_certificate::StaffCertificate;
use crate::state::PortalState;
use ca_api::AsOfficer;
use pki::number::CitizenNumber;
use portal_api::roster::{RosterEntry, asked_numbers, day_in_beijing, told_numbers};
use records::Code;
use records::number::{AskedNumbers, NumberLine, NumberLines, SealedNumber};
use service::Clock;
use service::problem::Refused;

/// What became of a number that may have been typed.
pub(super) enum TypedNumber {
    /// None was typed, or it is this person's already, or nobody has it.
    Free(Option<SealedNumber>),
    /// Somebody has it, told as far as the handler may know.
    Taken(String),
}

/// Asks about the number of a form, if what is drafted registers one.
pub(super) async fn asked(
    portal: &PortalState,
    f: &Frame,
    shown: &StaffCertificate,
    (what, person, number): (&str, &str, &str),
) -> Result<TypedNumber, Refused> {
    if !matches!(what, "create" | "correct") || number.trim().is_empty() {
        return Ok(TypedNumber::Free(None));
    }
    let today = day_in_beijing(Clock::system().seconds());
    let number = CitizenNumber::read(number, today);
    let number = number.map_err(|_| refused(Code::Malformed))?;
    let asked = AskedNumbers { numbers: vec![number.whole().to_owned()] };
    let mut lines = told(portal, shown, asked).await?.lines;
    let (Some(line), None) = (lines.pop(), lines.pop()) else {
        return Err(refused(Code::Unavailable));
    };
    let (zh, en) = match line {
        NumberLine::Free(number) => return Ok(TypedNumber::Free(Some(number))),
        NumberLine::Registered { person: same, .. } if same == person => {
            return Ok(TypedNumber::Free(None));
        }
        NumberLine::Registered { person, name } => (
            format!("此证件号已登记：{name} [{person}]"),
            format!("this number is registered already: {name} [{person}]"),
        ),
        NumberLine::Elsewhere => (
            "此证件号已在其他单位登记".to_owned(),
            "this number is registered already, in another unit".to_owned(),
        ),
    };
    Ok(TypedNumber::Taken(show::harmless(&f.language.of_both(zh, en))))
}

/// The digests of a roster's numbers, or what is told of rows in both languages.
pub(super) async fn of_roster(
    portal: &PortalState,
    shown: &StaffCertificate,
    entries: &[RosterEntry],
) -> Result<Result<Vec<SealedNumber>, Vec<(String, String)>>, Refused> {
    let told = told(portal, shown, asked_numbers(entries)).await?;
    let told = told_numbers(entries, told).ok_or_else(|| refused(Code::Unavailable))?;
    Ok(told.map_err(|rows| rows.iter().map(|row| (row.zh(), row.en())).collect()))
}

async fn told(
    portal: &PortalState,
    shown: &StaffCertificate,
    asked: AskedNumbers,
) -> Result<NumberLines, Refused> {
    let message = AsOfficer { certificate: shown.certificate.clone(), message: asked };
    let answer = passed_on(portal.issuer.numbers(&message).await);
    portal.recorded("numbers", &shown.person, answer).await
}
