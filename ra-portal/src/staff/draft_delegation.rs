//! A delegation while somebody is on leave, or its end, as somebody drafts it on the absent one's
//! page: they chose or typed all of it.

use super::draft_form::{Form, Typed};
use crate::pages::facts;
use records::drafted::DraftContent;
use records::letter::read_reference;
use records::order::{DelegateBody, RoleAction};
use records::rules::Role;
use records::time::{read, typed_from, typed_until};
use system::speech::Command;

/// What was typed, if it can be read.
pub(super) fn typed(form: &Form) -> Option<Typed> {
    let (action, text) = match form.what.as_str() {
        "lend" => (RoleAction::Grant, GRANT),
        "unlend" => (RoleAction::Withdraw, WITHDRAW),
        _ => return None,
    };
    let (role, scope) = form.role.split_once('@')?;
    let (from, until) = (typed_from(&form.from), typed_until(&form.until));
    let body = DelegateBody {
        action,
        person: read_reference(&form.deputy)?,
        absent: read_reference(&form.person)?,
        role: Role::from_name(role)?,
        scope: scope.to_owned(),
        from: read(&from).map(|_| from)?,
        until: read(&until).map(|_| until)?,
    };
    let typed: [&str; 6] = [&body.person, &body.absent, role, scope, &body.from, &body.until];
    let command = facts::typed(&Command::new(text, &typed));
    let (drafted, disclosures, unsaid) = (DraftContent::Delegate(body), Vec::new(), Vec::new());
    Some(Typed { drafted, disclosures, number_seal: None, command, unsaid, known: None })
}

const GRANT: &str = "yinxin draft delegation grant {} --absent {} --role {} --scope {} \
    --from {} --until {}";
const WITHDRAW: &str = "yinxin draft delegation withdraw {} --absent {} --role {} --scope {} \
    --from {} --until {}";

#[cfg(test)]
mod tests {
    use super::*;

    fn form(what: &str) -> Form {
        Form {
            what: what.into(),
            person: "0123456789ABCDEG".into(),
            deputy: "0123-4567-89ab-cdef".into(),
            role: "registration-officer@shangzhou".into(),
            from: "2026-12-01".into(),
            until: "2026-12-07".into(),
            ..Form::default()
        }
    }

    /// Days are those of Beijing, the last one whole; what cannot be read is drafted as nothing.
    #[test]
    fn a_delegation_is_what_was_typed() {
        let made = typed(&form("lend")).unwrap();
        let DraftContent::Delegate(body) = &made.drafted else { panic!("{:?}", made.drafted) };
        let two = (body.person.as_str(), body.absent.as_str());
        assert_eq!(two, ("0123456789ABCDEF", "0123456789ABCDEG"));
        let days = (body.from.as_str(), body.until.as_str());
        assert_eq!(days, ("2026-11-30T16:00:00Z", "2026-12-07T15:59:59Z"));
        assert_eq!((body.role, body.scope.as_str()), (Role::RegistrationOfficer, "shangzhou"));
        assert!(made.command.contains("delegation grant 0123456789ABCDEF"), "{}", made.command);
        let ends = typed(&form("unlend")).unwrap();
        let DraftContent::Delegate(ends) = ends.drafted else { unreachable!("a delegation") };
        assert_eq!(ends.action, RoleAction::Withdraw);
        let others = [
            Form { role: "registration-officer".into(), ..form("lend") },
            Form { role: "officer@shangzhou".into(), ..form("lend") },
            Form { deputy: "陈登记".into(), ..form("lend") },
            Form { until: "下周".into(), ..form("lend") },
            form("leave"),
        ];
        assert!(others.iter().all(|other| typed(other).is_none()));
    }
}
