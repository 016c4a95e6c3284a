//! The trust bundle as it is published: made anew when a profile or an authority is another, and
//! before it is old. The published file is the only copy, and is believed by its signature; one
//! that is gone or was put back is written again, and no two have one number.

use crate::context::IssuanceContext;
use crate::error::IssuerError;
use crate::issuer::Issuer;
use crate::view::View;
use ca_host::ISSUER;
use ca_host::durable::write_file;
use ca_host::proven_time::Dates;
use pki::oid::Arc as OidArc;
use pki::profile::Holder;
use records::Bytes;
use records::trust::Trust;
use records::trust_bundle::{
    ROOT, SignedTrustBundle, TRUST_BUNDLE_PATH, TrustBundle, TrustPurpose, TrustedAuthority,
};
use std::path::PathBuf;

/// A bundle is good for so long.
const LIFE_SECONDS: u64 = 30 * 86_400;

/// What was published last, so that a round that changes nothing of it verifies nothing.
#[derive(Default)]
pub(super) struct LastBundle(Option<PublishedBundle>);

/// A bundle and the bytes of its file.
struct PublishedBundle {
    bundle: TrustBundle,
    file: Vec<u8>,
}

/// Publishes the bundle that follows from the view, unless it is there.
pub(super) fn publish(issuer: &Issuer, last: &mut LastBundle) -> Result<(), IssuerError> {
    let Some(view) = issuer.view_now() else { return Ok(()) };
    let (context, dates) = (&*issuer.context, issuer.dates());
    let path = path(context);
    let found = std::fs::read(&path).ok();
    let before = match last.0.take() {
        Some(before) => Some(before),
        None => found.as_deref().and_then(|file| published(file, &context.trust, dates.this)),
    };
    let wanted = (authorities(context), purposes(context, &view));
    let published = match before {
        Some(before) if is_good(&before.bundle, &wanted, dates) => before,
        before => signed(context, before.as_ref().map(|one| &one.bundle), wanted, dates)?,
    };
    if found.as_deref() != Some(published.file.as_slice()) {
        write_file(&path, &published.file)?;
        issuer.metrics.count("trust-bundle", "done");
    }
    last.0 = Some(published);
    Ok(())
}

/// The next bundle, under the registry key.
fn signed(
    context: &IssuanceContext,
    before: Option<&TrustBundle>,
    wanted: Wanted,
    dates: Dates,
) -> Result<PublishedBundle, IssuerError> {
    let bundle = next(&context.trust, before, wanted, dates);
    let chain = [&context.registry_certificate, &context.root_certificate];
    let chain = chain.map(|certificate| Bytes::from(certificate.der())).to_vec();
    let signed = bundle.sign(&context.registry, chain).map_err(anyhow::Error::from)?;
    let file = serde_json::to_vec(&signed).map_err(anyhow::Error::from)?;
    Ok(PublishedBundle { bundle, file })
}

fn path(context: &IssuanceContext) -> PathBuf {
    context.config.path(&format!("public{TRUST_BUNDLE_PATH}"))
}

/// What lies there, if we signed it.
fn published(file: &[u8], trust: &Trust, now: u64) -> Option<PublishedBundle> {
    let signed: SignedTrustBundle = serde_json::from_slice(file).ok()?;
    let bundle = signed.open(trust, now).ok()?;
    Some(PublishedBundle { bundle, file: file.to_vec() })
}

type Wanted = (Vec<TrustedAuthority>, Vec<TrustPurpose>);

/// Whether it says what is to be said, and less than half of its life is over; a moment at which
/// the clock was ahead dates no later one.
fn is_good(bundle: &TrustBundle, wanted: &Wanted, dates: Dates) -> bool {
    let made = records::time::read(&bundle.made).unwrap_or(0);
    let is_young = made <= dates.this && dates.this <= made + LIFE_SECONDS / 2;
    is_young && bundle.authorities == wanted.0 && bundle.purposes == wanted.1
}

/// The bundle behind another one. Its number is the time, or the next one where the clock is
/// behind.
fn next(trust: &Trust, before: Option<&TrustBundle>, wanted: Wanted, dates: Dates) -> TrustBundle {
    let behind = before.map_or(0, |bundle| bundle.version.saturating_add(1));
    TrustBundle {
        v: 1,
        founding: trust.founding.clone(),
        version: dates.this.max(behind),
        made: records::time::seconds(dates.this),
        until: records::time::seconds(dates.until(LIFE_SECONDS, None)),
        authorities: wanted.0,
        purposes: wanted.1,
    }
}

/// The root, and the authority that issues.
fn authorities(context: &IssuanceContext) -> Vec<TrustedAuthority> {
    let issuing = context.addresses();
    vec![
        TrustedAuthority {
            id: ROOT.to_owned(),
            certificate: context.root_certificate.der().into(),
            crl: context.config.root_crl_url(),
            ocsp: None,
        },
        TrustedAuthority {
            id: ISSUER.to_owned(),
            certificate: context.issuing_certificate.der().into(),
            crl: issuing.crl,
            ocsp: issuing.ocsp,
        },
    ]
}

/// The profiles in force whose certificates somebody shows.
fn purposes(context: &IssuanceContext, view: &View) -> Vec<TrustPurpose> {
    let Some(arc) = OidArc::read(&context.trust.arc) else { return Vec::new() };
    let shown = view.authority().profiles().filter_map(|(id, state)| {
        let (profile, holder) = (&state.profile, holder(state.profile.holder())?);
        Some(TrustPurpose {
            profile: id.to_owned(),
            holder: holder.to_owned(),
            policy: profile.policy(&arc)?.to_string(),
            usages: profile.purposes(&arc).iter().map(ToString::to_string).collect(),
            authorities: vec![ISSUER.to_owned()],
        })
    });
    shown.collect()
}

/// The name of those who hold such certificates; nothing of authorities and signers, whom no
/// application meets.
fn holder(holder: Holder) -> Option<&'static str> {
    match holder {
        Holder::Person => Some("person"),
        Holder::Staff => Some("staff"),
        Holder::Service => Some("service"),
        Holder::System => Some("system"),
        Holder::Authority | Holder::Signer => None,
    }
}

#[cfg(test)]
mod tests;
