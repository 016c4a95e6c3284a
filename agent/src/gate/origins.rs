//! Where the requests of a connection come from: the same for all that name one host.

use super::fields::Origin;
use arc_swap::ArcSwapOption;
use http::header::InvalidHeaderValue;
use std::net::IpAddr;
use std::sync::Arc;

/// A host, and what requests for it say of where they come from.
pub(super) type HostOrigin = Arc<(String, Origin)>;

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

    /// What a request for a host says.
    pub(super) fn of_host(&self, host: &str) -> Result<HostOrigin, InvalidHeaderValue> {
        let last = self.last.load();
        if let Some(known) = last.as_ref().filter(|known| known.0 == host) {
            return Ok(known.clone());
        }
        let origin = Arc::new((host.to_owned(), Origin::new(self.source, host)?));
        self.last.store(Some(origin.clone()));
        Ok(origin)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderMap;

    /// Each request is told its own host, whatever the one before it named.
    #[test]
    fn a_request_is_told_the_host_that_it_names() {
        let origins = Origins::of("192.0.2.7".parse().unwrap());
        for host in ["a.example", "a.example", "a.example:8443", "b.example", "a.example"] {
            let mut fields = HeaderMap::new();
            fields.insert("host", "forged".parse().unwrap());
            fields.append("forwarded", "for=forged".parse().unwrap());
            fields.append("forwarded", "for=forged".parse().unwrap());
            origins.of_host(host).unwrap().1.tell(&mut fields);
            assert_eq!((fields["host"].to_str().unwrap(), fields.len()), (host, 5));
            assert_eq!(fields["x-forwarded-host"], host);
            assert_eq!(fields["x-forwarded-for"], "192.0.2.7");
            assert!(fields["forwarded"].to_str().unwrap().starts_with("for=192.0.2.7;host="));
        }
        assert!(origins.of_host("a\n").is_err());
    }
}
