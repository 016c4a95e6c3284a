//! What authority holds about what an order names: stated when the order is made, and compared
//! before it is approved and carried out.

use crate::authority::Authority;
use records::code::Code;
use records::founding::Holding;
use records::order::{
    AgentBefore, Basis, Before, Body, CertificateBefore, FilesBefore, NamedPerson, NamedUnit,
    Order, PersonAction, PersonBefore, PortalBefore, UnitAction, UnitBefore,
};

impl Authority {
    /// What an order with this body rests on now.
    pub fn basis(&self, body: &Body, drafter: &str) -> Result<Basis, Code> {
        let before = self.before(body)?;
        let mut units = Basis::units_of(body, before.as_ref());
        let mut people = Vec::new();
        for id in Basis::people_of(body, drafter) {
            let person = self.person(&id).ok_or(Code::PersonUnknown)?;
            units.insert(person.unit.clone());
            people.push(NamedPerson {
                person: id,
                unit: person.unit.clone(),
                name: person.name.clone(),
            });
        }
        let named = |unit: String| {
            let name = self.unit(&unit).ok_or(Code::UnitUnknown)?.name.clone();
            Ok(NamedUnit { unit, name })
        };
        let units = units.into_iter().map(named).collect::<Result<_, Code>>()?;
        let before = before.map(|before| before.value()).transpose();
        Ok(Basis { people, units, before: before.map_err(|_| Code::Malformed)? })
    }

    /// Whether what an order was shown to rest on still holds: whoever consented saw these names
    /// and this difference. What only takes away is never held up; roles and certificates of a
    /// person may have become others since.
    pub fn still_rests(&self, order: &Order, body: &Body) -> Result<(), Code> {
        if body.takes_away() {
            return Ok(());
        }
        let now = self.basis(body, &order.drafter)?;
        if now.people != order.basis.people {
            return Err(Code::PersonChanged);
        }
        match body {
            Body::Role(_) | Body::Person(_) | Body::Release(_) | Body::Delegate(_) => Ok(()),
            _ if now == order.basis => Ok(()),
            _ => Err(Code::StateConflict),
        }
    }

    fn before(&self, body: &Body) -> Result<Option<Before>, Code> {
        Ok(match body {
            Body::Issue(_) | Body::Credential(_) | Body::Batch(_) => None,
            Body::Unit(unit) if unit.action == UnitAction::Create => None,
            Body::Unit(unit) => {
                let known = self.unit(&unit.unit).ok_or(Code::UnitUnknown)?;
                Some(Before::Unit(UnitBefore {
                    county: known.county,
                    parent: known.parent.clone().unwrap_or_default(),
                    open: known.open,
                }))
            }
            Body::Person(person) if person.action == PersonAction::Create => None,
            Body::Person(person) => {
                let mail = self.person(&person.person).and_then(|known| known.mail.clone());
                self.holdings(&person.person)
                    .map(|held| Some(Before::Person(PersonBefore { mail, ..held })))?
            }
            Body::Role(role) => Some(Before::Person(self.holdings(&role.person)?)),
            Body::Delegate(one) => Some(Before::Person(self.holdings(&one.person)?)),
            Body::Revoke(revoke) => Some(Before::Person(self.holdings(&revoke.person)?)),
            Body::Release(body) => Some(Before::Person(self.holdings(&body.person)?)),
            Body::Profile(profile) => self.profile(&profile.profile.id).map(|known| {
                let (version, digest) = (known.version, known.digest.clone());
                Before::Files(FilesBefore { version, digest })
            }),
            Body::ApprovalRules(_) => {
                let (rules, digest) = self.approval_rules();
                let (version, digest) = (rules.version, digest.clone());
                Some(Before::Files(FilesBefore { version, digest }))
            }
            Body::Bundle(_) => {
                let known = self.bundle();
                let (version, digest) = (known.version, known.digest.clone());
                Some(Before::Files(FilesBefore { version, digest }))
            }
            Body::Portal(portal) if portal.action == "register" => None,
            Body::Portal(portal) => {
                let known = self.portal(&portal.portal).ok_or(Code::StateConflict)?;
                Some(Before::Portal(PortalBefore {
                    unit: known.unit.clone(),
                    public_host: known.public_host.clone(),
                    staff_host: known.staff_host.clone(),
                    public_keys: known.public_keys.iter().cloned().collect(),
                    staff_keys: known.staff_keys.iter().cloned().collect(),
                    open: known.open,
                }))
            }
            Body::Agent(agent) => self.agent(&agent.agent).map(|known| {
                Before::Agent(AgentBefore {
                    unit: known.unit.clone(),
                    application: known.application.clone(),
                    hosts: known.hosts.clone(),
                    units: known.units.clone(),
                    keys: known.keys.iter().cloned().collect(),
                    open: known.open,
                })
            }),
        })
    }

    /// Roles of a person, and their certificates that are not revoked.
    fn holdings(&self, person: &str) -> Result<PersonBefore, Code> {
        let known = self.person(person).ok_or(Code::PersonUnknown)?;
        let role = |(role, scope): &(_, String)| Holding { role: *role, scope: scope.clone() };
        let certificates = self.serials_of(person).into_iter().filter_map(|serial| {
            let serial = serial.to_string();
            let held = self.held(&serial)?;
            (held.sha256.is_some() && !self.is_ended(&serial)).then(|| CertificateBefore {
                profile: held.profile.to_string(),
                not_after: records::time::seconds(held.not_after),
                serial,
            })
        });
        Ok(PersonBefore {
            mail: None,
            roles: known.roles.iter().map(role).collect(),
            certificates: certificates.collect(),
        })
    }
}
