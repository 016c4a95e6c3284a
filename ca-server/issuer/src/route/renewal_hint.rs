//! Says whether a certificate of a system had better be renewed at once (RFC 9773 4.2): it counts
//! no more, whoever took it away, or another authority issues in place of its own.

use super::call::{MachinesProcess, PortalCall, answered, viewed};
use crate::issuer::Issuer;
use authority::Authority;
use axum::Json;
use axum::extract::State;
use records::Code;
use records::machine::{RenewalHint, RenewalQuery};
use service::problem::Refused;
use std::sync::Arc;

pub(crate) async fn hint(
    State(issuer): State<Arc<Issuer>>,
    call: PortalCall<MachinesProcess, RenewalQuery>,
) -> Result<Json<RenewalHint>, Refused> {
    let own = issuer.context.issuing_certificate.key_identifier();
    let told = viewed(&issuer, |authority| hinted(authority, &call.message, own.as_deref()));
    answered(&issuer, "renewal-hint", told.map_err(Into::into))
}

fn hinted(
    authority: &Authority,
    asked: &RenewalQuery,
    own: Option<&[u8]>,
) -> Result<RenewalHint, Code> {
    if !authority.is_of_system(&asked.serial) {
        return Err(Code::NotFound);
    }
    let is_replaced = own.is_some_and(|own| own != asked.authority.0.as_slice());
    Ok(RenewalHint { at_once: authority.is_revoked(&asked.serial) || is_replaced })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::Sample;

    /// Whoever asks hears it of what officers took away too, and of nobody else's certificate.
    #[test]
    fn what_officers_revoked_is_renewed_at_once() {
        let mut sample = Sample::found();
        let (_, client) = sample.site_with_client();
        let certificate = sample.certified(&client, "1", "a.acme.test");
        let serial = certificate.serial().to_string();
        let asked = |serial: &str, authority: u8| RenewalQuery {
            serial: serial.to_owned(),
            authority: [authority].as_slice().into(),
        };
        let at_once = |sample: &Sample, authority: u8| {
            let told = hinted(sample.authority(), &asked(&serial, authority), Some(&[7]));
            told.map(|told| told.at_once)
        };
        assert_eq!(at_once(&sample, 7), Ok(false));
        assert_eq!(at_once(&sample, 8), Ok(true), "of an authority before this one");
        let other = hinted(sample.authority(), &asked("0102", 7), Some(&[7]));
        assert_eq!(other, Err(Code::NotFound));
        sample.asks("officer-1", &serial, "keyCompromise").unwrap();
        let order = sample.newest_order();
        for name in ["officer-1", "officer-2"] {
            sample.approve(order, name).unwrap();
        }
        assert_eq!(sample.execute(), None);
        assert_eq!(at_once(&sample, 7), Ok(true), "before the tree has it");
    }
}
