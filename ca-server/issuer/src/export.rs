//! Orders on their way to approvers: exact bytes, signature, disclosures, the last certificate.

use super::effect::disclosures_of;
use super::session::Session;
use super::{Issuer, IssuerError};
use ca_store::certificates;
use ca_store::order_title::names;
use records::export::OrderExport;
use records::order::Body;
use records::{Bytes, Code, SignedOrder};

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
        let wanted = match &*body {
            Body::Issue(issue) => issue.previous.clone(),
            _ => None,
        };
        let previous = match wanted {
            Some(sha256) => {
                let person = body.person().unwrap_or_default();
                let known = certificates::by_digest(&mut session.tx, person, &sha256).await?;
                Some(known.ok_or(Code::OrderIncomplete)?)
            }
            None => None,
        };
        let names = names(&mut session.tx, &body).await?;
        Ok(OrderExport {
            v: 1,
            signed: SignedOrder { order, signature, disclosures },
            registry: vec![
                self.registry_certificate.der().into(),
                self.root_certificate.der().into(),
            ],
            previous,
            names,
            standing: None,
        })
    }
}
