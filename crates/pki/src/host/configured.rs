//! Hosts in files that people write, for serde: whoever wrote one that no certificate can name is
//! told so when the file is read, and not when nobody can connect.

use super::{Host, HostError, read_address};
use serde::de::{Deserialize, Deserializer, Error};

fn read<'de, D: Deserializer<'de>>(
    deserializer: D,
    as_text: impl Fn(&str) -> Result<String, HostError>,
) -> Result<String, D::Error> {
    let text = String::deserialize(deserializer)?;
    as_text(&text).map_err(D::Error::custom)
}

/// A name, where an address does not serve.
pub fn name<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    read(deserializer, Host::read_name)
}

/// A name or an address.
pub fn host<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    read(deserializer, |text| Host::read(text).map(|_| text.to_owned()))
}

/// The address of a server.
pub fn address<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    read(deserializer, read_address)
}

/// The address of a server, where there is one.
pub fn address_if_any<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<String>, D::Error> {
    address(deserializer).map(Some)
}
