//! For whom an officer approves: by their own roles, or for somebody on leave. They choose where
//! there is a choice; what they chose is shown and signed.

use crate::exit::Failure;
use records::export::OrderProgress;
use records::letter::read_reference;

/// For whom this officer approves, who may have named a person, themselves included. Whoever is not
/// asked afterwards (`yes`) names everybody else than themselves.
pub(crate) fn chosen(
    standing: Option<&OrderProgress>,
    (officer, named): (&str, Option<&str>),
    yes: bool,
) -> Result<Option<String>, Failure> {
    let named = named.map(|typed| read_reference(typed).unwrap_or_else(|| typed.to_owned()));
    // An order that was exported says of nobody what they may.
    let found = match standing {
        Some(standing) => standing.chosen(officer, named.as_deref()),
        None => Some(named.clone().filter(|id| id != officer)),
    };
    match found.filter(|chosen| !yes || named.is_some() || chosen.is_none()) {
        Some(chosen) => Ok(chosen),
        None => Err(Failure::usage(
            "须写明代谁审批，未签署。",
            "say for whom you approve; nothing was signed",
        )
        .next("先用 --show 查看，再加上 --for 人员编号 / look with --show, then --for PERSON")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use records::export::Voice;

    const OWN: &str = "0123456789ABCDEF";
    const ABSENT: &str = "FEDCBA9876543210";
    const OTHER: &str = "FEDCBA9876543211";

    fn progress(voices: &[Option<&str>]) -> OrderProgress {
        let voice = |absent: &Option<&str>| Voice {
            acting_for: absent.map(str::to_owned),
            name: "李核验".into(),
        };
        OrderProgress {
            approvers: Vec::new(),
            needed: 2,
            given: false,
            browser: true,
            voices: voices.iter().map(voice).collect(),
            look: None,
        }
    }

    /// Where there is a choice nothing is chosen for an officer, nor for whoever is not asked.
    #[test]
    fn nobody_speaks_for_somebody_without_a_word() {
        let of = |voices: &[Option<&str>], named: Option<&str>, yes| {
            chosen(Some(&progress(voices)), (OWN, named), yes).ok()
        };
        let absent = Some(Some(ABSENT.to_owned()));
        for yes in [true, false] {
            assert_eq!(of(&[None], None, yes), Some(None));
            assert_eq!(of(&[None, Some(ABSENT)], None, yes), None);
            assert_eq!(of(&[Some(OTHER), Some(ABSENT)], None, yes), None);
            assert_eq!(of(&[None, Some(ABSENT)], Some(ABSENT), yes), absent);
            assert_eq!(of(&[None, Some(ABSENT)], Some(OWN), yes), Some(None));
            assert_eq!(of(&[None, Some(ABSENT)], Some(OTHER), yes), None);
            assert_eq!(of(&[Some(ABSENT)], Some(OWN), yes), None);
        }
        assert_eq!(of(&[Some(ABSENT)], None, false), absent, "they are asked, and read it");
        assert_eq!(of(&[Some(ABSENT)], None, true), None);
        let offline = |named| chosen(None, (OWN, named), true).ok();
        assert_eq!((offline(None), offline(Some(OWN))), (Some(None), Some(None)));
        assert_eq!(offline(Some(ABSENT)), absent);
    }
}
