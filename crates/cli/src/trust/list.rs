//! The list of an authority as it is fetched: by the key in the bundle, in time, and never behind
//! the one that the folder has.

use super::{fetch, kept};
use crate::exit::Failure;
use pki::Certificate;
use pki::crl::RevocationList;
use records::trust_bundle::TrustedAuthority;
use std::path::Path;

/// Fetches the list of an authority; the folder has the one of before at `path`.
pub(super) async fn fetched(
    authority: &TrustedAuthority,
    path: &Path,
    now: u64,
) -> Result<RevocationList, Failure> {
    let (base, published) = split(&authority.crl).ok_or_else(|| {
        let (zh, en) = ("不是 http:// 地址", "is no http:// address");
        Failure::usage(format!("{} {zh}。", authority.crl), format!("{} {en}", authority.crl))
    })?;
    let der = fetch::got(base, published).await?;
    let before = kept::list(path)?;
    judged(&der, authority, before.as_ref().map(RevocationList::der), now)
}

/// The list, if its authority signed it, it is not over at `now`, and the one of before is no
/// later one.
fn judged(
    der: &[u8],
    authority: &TrustedAuthority,
    before: Option<&[u8]>,
    now: u64,
) -> Result<RevocationList, Failure> {
    let refused = |zh: &str, en: &str| {
        let id = &authority.id;
        Err(Failure::unproven(format!("{id} 的吊销列表{zh}。"), format!("the list of {id} {en}")))
    };
    let Ok(certificate) = Certificate::read(&authority.certificate.0) else {
        return refused("没有可用的签发者", "has no issuer that can be read");
    };
    let signed = |der: &[u8]| {
        RevocationList::read(der).ok().filter(|list| list.is_signed_by(certificate.key()))
    };
    let Some(list) = signed(der) else {
        return refused("不是该机构所签", "is not signed by it");
    };
    if now > list.next_update() {
        return refused("已过有效期", "is over");
    }
    if before.and_then(signed).is_some_and(|before| before.number() > list.number()) {
        return refused("比已有的旧", "is older than the one that is here");
    }
    Ok(list)
}

/// The origin of an address in clear, and its path.
fn split(url: &str) -> Option<(&str, &str)> {
    let rest = url.strip_prefix("http://")?;
    let slash = rest.find('/')?;
    Some(url.split_at("http://".len() + slash))
}

#[cfg(test)]
mod tests {
    use super::*;
    use pki::crl::ListContent;
    use sample_city::SampleCity;

    /// A list counts by its authority's key, while it is in time, and never goes back.
    #[test]
    fn a_list_that_is_foreign_over_or_of_before_is_refused() {
        let city = SampleCity::found();
        // The officer's own certificate stands for an authority's here: its key is what counts.
        let officer = city.officer("officer-1");
        let other = city.officer("officer-2");
        let list = |signer: &dyn pki::Signer, number: u64| {
            let content = ListContent {
                issuer: officer.certificate.subject(),
                key_identifier: &[7; 20],
                number,
                this_update: city.now,
                next_update: city.now + 100,
                shard_url: None,
                revoked: &[],
            };
            RevocationList::issue(&content, signer).unwrap().der().to_vec()
        };
        let authority = TrustedAuthority {
            id: "issuing-1".into(),
            certificate: officer.certificate.der().into(),
            crl: "http://status.example/crl/issuing-1/0.crl".into(),
            ocsp: None,
        };
        let (five, six) = (list(&*officer.signer, 5), list(&*officer.signer, 6));
        let number = |der: &[u8], before: Option<&[u8]>, now| {
            judged(der, &authority, before, now).map(|list| list.number()).ok()
        };
        assert_eq!(number(&six, Some(&five), city.now), Some(6));
        assert_eq!(number(&six, Some(&six), city.now), Some(6));
        assert_eq!(number(&five, Some(&six), city.now), None, "it is of before");
        assert_eq!(number(&six, None, city.now + 101), None, "it is over");
        let foreign = list(&*other.signer, 7);
        assert_eq!(number(&foreign, None, city.now), None, "it is another's");
        assert_eq!(number(&six, Some(&foreign), city.now), Some(6), "what is no list of ours");
        assert_eq!(number(b"none", None, city.now), None);
    }

    #[test]
    fn an_address_is_split_before_its_path() {
        assert_eq!(split("http://a.cn:8/crl/0.crl"), Some(("http://a.cn:8", "/crl/0.crl")));
        assert_eq!(split("https://a.cn/crl/0.crl"), None);
        assert_eq!(split("http://a.cn"), None);
    }
}
