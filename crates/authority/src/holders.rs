//! Who has host names and addresses: a name that an order gives to a system, a gate or a portal may
//! be another's already, which whoever approves it reads.

use crate::authority::Authority;
use records::order::{Body, SHARED_MAX, SharedName, have_in_common};

impl Authority {
    /// Open systems, gates of other applications and portals that have names in common with those
    /// that an order gives, by name; and how many more of them there are than an order tells.
    pub(crate) fn shared_names(&self, body: &Body) -> (Vec<SharedName>, u32) {
        let given = body.given_names();
        if given.is_empty() {
            return (Vec::new(), 0);
        }
        let mut holders: Vec<(&str, &str, &str, Vec<&String>)> = Vec::new();
        for (id, system) in self.systems().filter(|(_, system)| system.open) {
            if !matches!(body, Body::System(own) if own.system == id) {
                let names = system.names.iter().chain(&system.addresses).collect();
                holders.push(("system", id, system.name.as_str(), names));
            }
        }
        for (id, agent) in self.agents().filter(|(_, agent)| agent.open) {
            // Gates of one application have its names together.
            if !matches!(body, Body::Agent(own) if own.application == agent.application) {
                let names = agent.hosts.iter().collect();
                holders.push(("agent", id, agent.application.as_str(), names));
            }
        }
        for (id, portal) in self.portals().filter(|(_, portal)| portal.open) {
            if !matches!(body, Body::Portal(own) if own.portal == id) {
                let names = vec![&portal.public_host, &portal.staff_host, &portal.machines_host];
                holders.push(("portal", id, "", names));
            }
        }
        let mut all = Vec::new();
        for (of, id, called, names) in holders {
            for name in names {
                if given.iter().any(|one| have_in_common(one, name)) {
                    let (of, id, called) = (of.to_owned(), id.to_owned(), called.to_owned());
                    all.push(SharedName { name: name.clone(), of, id, called });
                }
            }
        }
        all.sort();
        all.dedup();
        let more = all.len().saturating_sub(SHARED_MAX);
        all.truncate(SHARED_MAX);
        (all, u32::try_from(more).unwrap_or(u32::MAX))
    }
}
