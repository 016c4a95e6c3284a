//! How looks are set up: by the configuration, and in a sample city by its environment. The process
//! that systems ask and a second validator set them up alike.

use crate::config::{AcmeConfig, LookConfig};
use crate::machines::validate::{Ranges, Resolver, Validator};
use acme::http01::WebPorts;
use anyhow::{Context, ensure};
use std::net::SocketAddr;

/// What of a sample city is said by the environment, and of no other one.
const SAMPLE_ONLY: [&str; 3] = ["YINXIN_DNS", "YINXIN_HTTP01_PORT", "YINXIN_TLSALPN01_PORT"];

/// Ports of web servers, and of tls-alpn-01 (RFC 8737 3).
const USUAL: WebPorts = WebPorts { http: 80, https: 443 };
const TLS_ALPN_PORT: u16 = 443;

impl AcmeConfig {
    /// How its process looks.
    pub(crate) fn looks(&self) -> LookConfig {
        LookConfig {
            resolver: self.resolver,
            private_ranges: self.private_ranges.clone(),
            http01_port: self.http01_port,
            tlsalpn01_port: self.tlsalpn01_port,
        }
    }
}

/// What looks, as configured, or as the environment of a sample city has it.
pub(crate) fn validator(configured: &LookConfig, is_sample: bool) -> anyhow::Result<Validator> {
    let looks = settings(configured, is_sample, |name| std::env::var(name).ok())?;
    let web = WebPorts {
        http: looks.http01_port.unwrap_or(USUAL.http),
        https: looks.tlsalpn01_port.unwrap_or(USUAL.https),
    };
    let resolver = match looks.resolver {
        Some(resolver) => resolver,
        None => system_resolver(&std::fs::read_to_string("/etc/resolv.conf").unwrap_or_default())?,
    };
    let ranges = Ranges::read(&looks.private_ranges)?;
    let tls_alpn = looks.tlsalpn01_port.unwrap_or(TLS_ALPN_PORT);
    Ok(Validator::new(Resolver(resolver), ranges, web, tls_alpn))
}

/// The configuration, and what the environment says of a sample city: where names are asked for and
/// which ports stand for those of web servers. Of another city nobody says that so.
fn settings(
    configured: &LookConfig,
    is_sample: bool,
    said: impl Fn(&str) -> Option<String>,
) -> anyhow::Result<LookConfig> {
    let [dns, http, tls] = SAMPLE_ONLY.map(|name| said(name).map(|text| (name, text)));
    let is_told = [&dns, &http, &tls].iter().any(|one| one.is_some());
    let is_set = configured.http01_port.is_some() || configured.tlsalpn01_port.is_some();
    ensure!(
        is_sample || !(is_told || is_set),
        "只有示例城市可以另设验证用的端口和解析服务（{0}） / only a sample city validates at \
         other ports, or by a resolver of the environment ({0})",
        SAMPLE_ONLY.join(", ")
    );
    let mut looks = configured.clone();
    if let Some((name, text)) = dns {
        looks.resolver = Some(text.parse().with_context(|| format!("{name}={text}"))?);
    }
    let port = |one: Option<(&str, String)>| -> anyhow::Result<Option<u16>> {
        one.map(|(name, text)| text.parse().with_context(|| format!("{name}={text}"))).transpose()
    };
    looks.http01_port = port(http)?.or(looks.http01_port);
    looks.tlsalpn01_port = port(tls)?.or(looks.tlsalpn01_port);
    Ok(looks)
}

/// The first resolver of this machine.
fn system_resolver(text: &str) -> anyhow::Result<SocketAddr> {
    let first = text.lines().find_map(|line| line.trim().strip_prefix("nameserver"));
    let address = first.and_then(|address| address.trim().parse().ok());
    let address = address.context("请设置 resolver（解析服务的地址） / set resolver")?;
    Ok(SocketAddr::new(address, 53))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whoever sets the environment of a real city's process changes nothing: it does not start.
    #[test]
    fn only_a_sample_city_listens_to_its_environment() {
        let plain = LookConfig::default();
        let nothing = |_: &str| None;
        for name in SAMPLE_ONLY {
            let value = if name == "YINXIN_DNS" { "127.0.0.1:53" } else { "5002" };
            let said = |asked: &str| (asked == name).then(|| value.to_owned());
            assert!(settings(&plain, true, said).is_ok(), "{name}");
            assert!(settings(&plain, false, said).is_err(), "{name}");
            let odd = |asked: &str| (asked == name).then(|| "odd".to_owned());
            assert!(settings(&plain, true, odd).is_err(), "{name}");
        }
        assert!(settings(&plain, false, nothing).is_ok());
        let ports = LookConfig { http01_port: Some(5002), ..LookConfig::default() };
        assert!(settings(&ports, true, nothing).is_ok());
        assert!(settings(&ports, false, nothing).is_err());
        let told = settings(&plain, true, |name| {
            (name == "YINXIN_HTTP01_PORT").then(|| "5002".to_owned())
        });
        assert_eq!(told.unwrap().http01_port, Some(5002));
    }

    #[test]
    fn the_resolver_is_this_machines_unless_it_is_set() {
        let text = "# comment\nsearch city\nnameserver 10.0.0.2\nnameserver 10.0.0.3\n";
        assert_eq!(system_resolver(text).unwrap().to_string(), "10.0.0.2:53");
        assert!(system_resolver("search city\n").is_err());
    }
}
