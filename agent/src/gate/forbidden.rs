//! Fields that a client may not say: who somebody is, where a request comes from, and what else
//! only a server in front of an application may tell it.

use std::sync::LazyLock;

/// Fields that name an identity, an address or another request than the one that was judged, as the
/// servers, proxies and frameworks in front of which a gate may stand read them. A `*` at an end
/// stands for any text. `docs/gate.md` has the same list, which a test holds it to.
const FORBIDDEN: [&str; 170] = [
    // What the gate says itself, and what says the same elsewhere.
    "yinxin-*",
    "forwarded*",
    "x-forwarded*",
    "*-forwarded-for",
    "*-forwarded-proto",
    "x-original-*",
    "x-originating-*",
    // Addresses.
    "*client-ip",
    "*clientip",
    "*connecting-ip",
    "*connection-ip",
    "*real-ip",
    "*src-ip",
    "*source-ip",
    "*user-ip",
    "*ip-authorization",
    "cf-*",
    "cloudfront-*",
    "x-azure-*",
    "x-appengine-*",
    "akamai-*",
    "x-akamai-*",
    "fastly-*",
    "fly-*",
    "incap-*",
    "slb-*",
    "x-citrix-*",
    "x-coming-*",
    "x-fd-*",
    "x-nf-*",
    "x-sucuri-*",
    "x-trusted-*",
    "x-vercel-*",
    // Certificates and the handshake.
    "client-cert*",
    "clientprotocol",
    "x-client-cert*",
    "x-clientcert*",
    "x-client-cn",
    "x-client-cipher",
    "x-client-common-name",
    "x-client-dn*",
    "x-client-s-dn*",
    "x-client-i-dn*",
    "x-client-issuer*",
    "x-client-port",
    "x-client-proto*",
    "x-client-scheme",
    "x-client-serial*",
    "x-client-subject*",
    "x-client-tls*",
    "x-client-verif*",
    "x-cert-*",
    "x-certificate*",
    "x-dn",
    "x-issuer-*",
    "x-peer-*",
    "x-spiffe-*",
    "x-subject*",
    "ssl*",
    "x-ssl*",
    "tls-*",
    "x-tls-*",
    "x-mtls-*",
    "x-arr-*",
    "x-amzn-mtls-*",
    "wl-*",
    "ms-aspnetcore-*",
    "x-iis*",
    "x-sap-webdisp-*",
    "bjca-*",
    "infosec-*",
    "jit-*",
    "koal-*",
    "sangfor-*",
    "topsec-*",
    // People.
    "remote-*",
    "x-remote-*",
    "auth-user",
    "authorization-identity",
    "x-auth-*",
    "x-authenticated*",
    "x-authentik-*",
    "x-webauth-*",
    "x-user*",
    "x-uid",
    "x-login",
    "x-principal*",
    "x-identity*",
    "x-preferred-username",
    "x-on-behalf-of",
    "x-email",
    "x-groups",
    "x-roles",
    "x-consumer-*",
    "x-anonymous-*",
    "x-credential-*",
    "x-id-token",
    "x-token-subject",
    "x-jwt-claim*",
    "x-ms-client-principal*",
    "x-ms-token-*",
    "x-goog-authenticated-user-*",
    "x-goog-iap-*",
    "x-endpoint-api-*",
    "x-apigateway-*",
    "x-amzn-oidc-*",
    "x-amzn-lambda-*",
    "x-amzn-request-context",
    "x-pomerium-*",
    "x-vouch-*",
    "x-rh-*",
    "x-sso-*",
    "x-saml-*",
    "x-oidc-*",
    "x-cas-*",
    "x-shib*",
    "x-ldap-*",
    "x-krb*",
    "x-kerberos-*",
    "x-openam-*",
    "x-webobjects-*",
    "tailscale-*",
    "teleport-*",
    "keycloak-*",
    "gap-*",
    "oidc-*",
    "shib*",
    "mellon-*",
    "cas-user",
    "eppn",
    "*affiliation",
    "entitlement",
    "persistent-id",
    "targeted-id",
    "sm-*",
    "iv-*",
    "oam-*",
    "openam-*",
    "osso-*",
    "impersonate-*",
    "es-security-*",
    "sec-username",
    "sec-roles",
    "sec-email",
    "sec-org*",
    "sec-proxy",
    "gitlab-workhorse*",
    // Another scheme, host, path or method; what only a server in front may order.
    "*front-end-https",
    "*url-scheme",
    "https",
    "x-scheme",
    "x-proto*",
    "x-https",
    "x-host",
    "disguised-host",
    "was-default-hostname",
    "x-waws-*",
    "x-base-url",
    "x-context-path",
    "x-rewrite-*",
    "x-script-name",
    "x-http-*",
    "x-method-override",
    "http-*",
    "proxy*",
    "x-proxy*",
    "x-accel-*",
    "x-sendfile*",
    "x-envoy-*",
    "x-middleware-*",
];

/// Fields that an entry would stand for and that name nobody: `docs/gate.md` has them too.
const HARMLESS: [&str; 1] = ["x-user-agent"];

/// Whether a field, by its name in lower case, never passes.
pub(super) fn is_forbidden(name: &str) -> bool {
    // Applications fold `_` to `-`: a name with it is one of ours in another spelling, or nobody's.
    name.contains('_')
        || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
        || (ENTRIES.has(name) && !HARMLESS.contains(&name))
}

/// The entries by what they begin with, so that a name is compared with a few of them: a request
/// has a dozen fields, and there are more than a hundred entries.
struct Entries {
    /// By [`shelf`].
    shelves: Vec<Vec<&'static str>>,
    /// Those that say how a name ends.
    ends: Vec<&'static str>,
}

static ENTRIES: LazyLock<Entries> = LazyLock::new(|| {
    let (ends, others): (Vec<&str>, Vec<&str>) =
        FORBIDDEN.into_iter().partition(|known| known.starts_with('*'));
    let mut shelves = vec![Vec::new(); SHELVES];
    for known in others {
        if let Some(shelf) = shelves.get_mut(shelf(known)) {
            shelf.push(known);
        }
    }
    Entries { shelves, ends }
});

const SHELVES: usize = 512;

/// Where an entry stands, and each name that it may stand for: by the first byte, and of `x-…` by
/// the one that follows.
fn shelf(name: &str) -> usize {
    match name.as_bytes() {
        [b'x', b'-', third, ..] => 256 + usize::from(*third),
        [first, ..] => usize::from(*first),
        [] => 0,
    }
}

impl Entries {
    fn has(&self, name: &str) -> bool {
        let shelf = self.shelves.get(shelf(name)).map_or(&[][..], Vec::as_slice);
        shelf.iter().chain(&self.ends).any(|known| fits(known, name))
    }
}

/// Whether a name is one of those that an entry stands for.
pub(super) fn fits(known: &str, name: &str) -> bool {
    match (known.strip_prefix('*'), known.strip_suffix('*')) {
        (Some(end), _) => name.ends_with(end),
        (_, Some(beginning)) => name.starts_with(beginning),
        _ => name == known,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    /// What a server, a proxy or a framework of another maker reads as an identity, an address or
    /// another request.
    const IDENTITIES: &[&str] = &[
        "WL-Proxy-Client-Cert",
        "WL-Proxy-Client-IP",
        "X-ARR-ClientCert",
        "X-ARR-SSL",
        "MS-ASPNETCORE-CLIENTCERT",
        "X-Remote-Group",
        "X-Remote-Extra-Scopes",
        "X-WebAuth-User",
        "X-MS-Client-Principal-Name",
        "X-Goog-Authenticated-User-Email",
        "X-Goog-IAP-JWT-Assertion",
        "X-Amzn-Oidc-Data",
        "X-Auth-Request-Email",
        "X-Authenticated-Userid",
        "X-Token-Subject",
        "X-Consumer-Username",
        "SSL_CLIENT_S_DN",
        "SSL-CLIENT-VERIFY",
        "X-SSL-Client-Cert",
        "X-Client-Verify",
        "$WSCC",
        "$WSRU",
        "Client-IP",
        "X-Client-IP",
        "X-Cluster-Client-IP",
        "True-Client-IP",
        "CF-Connecting-IP",
        "Fastly-Client-IP",
        "Do-Connecting-IP",
        "Cdn-Src-IP",
        "Ali-CDN-Real-IP",
        "X-Azure-ClientIP",
        "Front-End-Https",
        "X-Url-Scheme",
        "X-Scheme",
        "X-HTTPS",
        "X-Envoy-External-Address",
        "X-Envoy-Original-Path",
        "X-Original-URL",
        "X-Rewrite-URL",
        "X-HTTP-Method-Override",
        "X-Script-Name",
        "SCRIPT_NAME",
        "X-RH-Identity",
        "X-SPIFFE-ID",
        "Teleport-Jwt-Assertion",
        "X-WebObjects-Remote-User",
        "X-Preferred-Username",
        "X-Identity-Name",
        "X-SSO-User",
        "X-Subject-DN",
        "X-Peer-Cert",
        "X-SSL",
        "HTTPS",
        "SSLClientCertSubject",
        "X-Issuer-DN",
        "X-IISNode-Auth-User",
        "ClientProtocol",
        "X-Anonymous-Consumer",
        "X-ID-Token",
        "X-APIGateway-API-Userinfo",
        "X-Endpoint-API-Userinfo",
        "ES-Security-Runas-User",
        "Sec-Username",
        "X-Custom-IP-Authorization",
        "X-User-Agent-Id",
    ];

    /// What only looks like one.
    const OTHERS: &[&str] = &[
        "accept",
        "authorization",
        "content-type",
        "if-match",
        "origin",
        "range",
        "referer",
        "sec-websocket-key",
        "traceparent",
        "user-agent",
        "x-access-token",
        "x-amz-date",
        "x-amzn-trace-id",
        "x-client-version",
        "x-csrf-token",
        "x-request-id",
        "x-requested-with",
        "x-user-agent",
        "sec-fetch-site",
        "x-ms-client-request-id",
        "x-goog-api-client",
        "upgrade-insecure-requests",
    ];

    #[test]
    fn nothing_that_others_read_as_an_identity_passes() {
        for name in IDENTITIES {
            assert!(is_forbidden(&name.to_ascii_lowercase()), "{name}");
        }
        for name in OTHERS {
            assert!(!is_forbidden(name), "{name}");
        }
    }

    /// Owners of applications read the same list, and each entry holds with whatever its star
    /// stands for.
    #[test]
    fn every_field_that_never_passes_is_on_the_page_of_the_gate() {
        let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/gate.md");
        let page = std::fs::read_to_string(page).unwrap();
        let (_, rest) = page.split_once("### Fields that never pass").unwrap();
        let (list, _) = rest.split_once("\n## ").unwrap();
        let rows = list.lines().filter(|line| line.starts_with("| "));
        for name in HARMLESS {
            assert!(list.to_lowercase().contains(&format!("`{name}`")), "{name}");
            assert!(FORBIDDEN.iter().any(|known| fits(known, name)), "{name} is left out in vain");
        }
        let told: Vec<String> = rows
            .flat_map(|row| row.split('`').skip(1).step_by(2))
            .map(str::to_ascii_lowercase)
            .collect();
        assert_eq!(told, FORBIDDEN, "in the same order");
        for known in FORBIDDEN {
            // Looked up by what it begins with: that must be all of what a name on its shelf has.
            let begins = known.trim_end_matches('*');
            assert!(!["", "x", "x-"].contains(&begins) || known.starts_with('*'), "{known}");
            assert!(is_forbidden(&known.replace('*', "a-b")), "{known}");
            assert!(fits(known, &known.replace('*', "")), "{known}");
        }
    }
}
