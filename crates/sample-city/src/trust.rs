//! What believes the city.

use super::SampleCity;
use records::trust::{Trust, TrustedLog};

impl SampleCity {
    /// The trust file of who follows one log of it, whose verifier key (C2SP signed-note) that is;
    /// no root is known, and no host.
    pub fn trust(&self, log: &str, vkey: &str) -> Trust {
        let followed = TrustedLog {
            log: log.to_owned(),
            vkey: vkey.to_owned(),
            url: String::new(),
            from: String::new(),
            until: None,
        };
        Trust {
            v: 1,
            city: "商洛市".into(),
            sample: true,
            root_sha256: [0; 32].into(),
            founding: self.founding.into(),
            arc: "1.3.6.1.4.1.32473".into(),
            logs: vec![followed],
            portal_public: String::new(),
            portal_staff: String::new(),
            status: String::new(),
            log: String::new(),
        }
    }
}
