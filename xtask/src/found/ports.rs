//! The ports of a sample city.

use crate::city::City;
use anyhow::Context;
use std::net::TcpListener;

/// A block of ports, chosen once and kept in the configuration. It lies below the range from which
/// systems draw the ports of outgoing connections, so that none of these is in the way later.
pub(super) struct Ports {
    base: u16,
}

const PORTS_FROM: u16 = 20_000;
const BLOCKS: u16 = 450;
const BLOCK: u16 = 24;

impl Ports {
    pub(super) fn choose(wanted: Option<u16>) -> anyhow::Result<Self> {
        if let Some(base) = wanted {
            return Ok(Self { base });
        }
        for _ in 0..BLOCKS {
            let random = u16::from_be_bytes(system::random::bytes()?);
            let base = PORTS_FROM + (random % BLOCKS) * BLOCK;
            let free = |port: u16| TcpListener::bind(("127.0.0.1", port)).is_ok();
            if (0..BLOCK).all(|offset| free(base + offset)) {
                return Ok(Self { base });
            }
        }
        anyhow::bail!("no block of {BLOCK} free ports was found")
    }

    pub(super) fn at(&self, role: Role) -> u16 {
        self.base + role as u16
    }
}

/// Who listens where in a block.
#[derive(Clone, Copy)]
pub(super) enum Role {
    Public,
    Staff,
    StatusHttp,
    StatusHttps,
    LogHttp,
    LogHttps,
    Issuer,
    IssuerAdmin,
    StatusAdmin,
    LogAdmin,
    PublicAdmin,
    StaffAdmin,
    Gate,
    GateAdmin,
    Exchange,
    NoticesAdmin,
    Machines,
    MachinesAdmin,
    /// Where a script that plays systems answers for names, files and handshakes.
    Dns,
    Http01,
    TlsAlpn01,
    /// SCEP without TLS.
    Scep,
    /// CMP without TLS.
    Cmp,
}

/// Where gate, its admin address and the sample application listen, behind the CA's block.
pub(crate) fn gate_ports(city: &City) -> anyhow::Result<[u16; 3]> {
    let (_, port) = city.portal.public_url.rsplit_once(':').context("public_url")?;
    let ports = Ports { base: port.parse()? };
    Ok([ports.at(Role::Gate), ports.at(Role::GateAdmin), ports.at(Role::Exchange)])
}
