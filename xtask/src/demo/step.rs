//! The steps of the journey, and how long something may take to be seen.

use crate::city::City;
use crate::wait::until;
use anyhow::Context;
use mtls::Client;
use pki::SerialNumber;
use pki::crl::RevocationList;
use std::time::Duration;

/// A revocation must be seen within this long.
pub(super) const SEEN_MAX: Duration = Duration::from_secs(5);

/// Counts what was done, a line each.
#[derive(Default)]
pub(super) struct Step(usize);

impl Step {
    pub(super) fn done(&mut self, what: &str) {
        self.0 += 1;
        println!("{:>2} ✓ {what}", self.0);
    }
}

/// Waits until the published list holds the serial number.
pub(super) async fn listed(city: &City, serial: &str) -> anyhow::Result<()> {
    let serial = SerialNumber::from_hex(serial).context("serial number")?;
    let (base, path) = city.ca.crl_url.split_once("/crl/").context("crl_url")?;
    let client = Client::new(base, None)?;
    until("listed", SEEN_MAX, async || {
        let answer = client.get(&format!("/crl/{path}")).await?;
        Ok(RevocationList::read(answer.body())?.contains(&serial).then_some(()))
    })
    .await
}
