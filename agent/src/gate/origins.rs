//! Where the requests of a connection come from: the same for all that name one host.

use super::fields::Origin;
use arc_swap::ArcSwapOption;
use http::HeaderMap;
use http::header::InvalidHeaderValue;
use std::net::IpAddr;
use std::sync::Arc;

/// What the requests of one connection say of where they come from.
pub(super) struct Origins {
    source: IpAddr,
    /// Of the host that was named last.
    last: ArcSwapOption<(String, Origin)>,
}

impl Origins {
    /// Of a connection from this address.
    pub(super) fn of(source: IpAddr) -> Self {
        Self { source, last: ArcSwapOption::empty() }
    }

    /// Says it of a request for a host, whatever the client said.
    pub(super) fn tell(
        &self,
        host: &str,
        fields: &mut HeaderMap,
    ) -> Result<(), InvalidHeaderValue> {
        let last = self.last.load();
        if let Some((_, origin)) = last.as_deref().filter(|(named, _)| named == host) {
            origin.tell(fields);
            return Ok(());
        }
        let origin = Origin::new(self.source, host)?;
        origin.tell(fields);
        self.last.store(Some(Arc::new((host.to_owned(), origin))));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each request is told its own host, whatever the one before it named.
    #[test]
    fn a_request_is_told_the_host_that_it_names() {
        let origins = Origins::of("192.0.2.7".parse().unwrap());
        for host in ["a.example", "a.example", "a.example:8443", "b.example", "a.example"] {
            let mut fields = HeaderMap::new();
            fields.insert("host", "forged".parse().unwrap());
            fields.append("forwarded", "for=forged".parse().unwrap());
            fields.append("forwarded", "for=forged".parse().unwrap());
            origins.tell(host, &mut fields).unwrap();
            assert_eq!((fields["host"].to_str().unwrap(), fields.len()), (host, 5));
            assert_eq!(fields["x-forwarded-host"], host);
            assert_eq!(fields["x-forwarded-for"], "192.0.2.7");
            assert!(fields["forwarded"].to_str().unwrap().starts_with("for=192.0.2.7;host="));
        }
        assert!(origins.tell("a\n", &mut HeaderMap::new()).is_err());
    }
}
