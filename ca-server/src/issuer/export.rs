//! Orders on their way to approvers: exact bytes, signature, disclosures, the last certificate.

use super::following::disclosures_of;
use super::session::Session;
use super::{Issuer, IssuerError};
use audit::export::OrderExport;
use audit::order::Body;
use audit::{Bytes, Code, SignedOrder};
use sha2::{Digest, Sha256};
use store::rows;

impl Issuer {
    /// An order with everything that approvers must be shown, by its digest.
    pub(super) async fn export(
        &self,
        session: &mut Session<'_>,
        digest: &[u8],
    ) -> Result<OrderExport, IssuerError> {
        let key: [u8; 32] = digest.try_into().map_err(|_| Code::OrderUnknown)?;
        let (_, body) = session.authority()?.open(&Bytes::from(key).to_string(), session.now())?;
        let (order, signature) =
            session.authority()?.order_bytes(&key).ok_or(Code::OrderUnknown)?;
        let disclosures = disclosures_of(&mut session.tx, digest).await?;
        body.check_disclosures(&disclosures).map_err(|_| Code::OrderIncomplete)?;
        let wanted = match &body {
            Body::Issue(issue) => issue.previous.clone(),
            _ => None,
        };
        let previous = match wanted {
            Some(sha256) => {
                Some(previous(session, body.person().unwrap_or_default(), &sha256).await?)
            }
            None => None,
        };
        Ok(OrderExport {
            v: 1,
            signed: SignedOrder { order, signature, disclosures },
            registry: vec![
                self.registry_certificate.der().into(),
                self.root_certificate.der().into(),
            ],
            previous,
        })
    }
}

async fn previous(
    session: &mut Session<'_>,
    person: &str,
    sha256: &Bytes,
) -> Result<Bytes, IssuerError> {
    let held = rows!(
        &mut session.tx,
        (Vec<u8>,),
        "select certificate from certificate where subject = $1",
        person
    )?;
    let fits = |der: &&(Vec<u8>,)| Sha256::digest(&der.0).as_slice() == sha256.0;
    Ok(Bytes(held.iter().find(fits).ok_or(Code::OrderIncomplete)?.0.clone()))
}
