//! Bytes of a message, read within their length.

use super::DnsError;

/// Longest name, and most pointers that one follows.
pub(super) const NAME_BYTES_MAX: usize = 255;
const POINTERS_MAX: usize = 32;

/// A message and how far it was read.
pub(super) struct Message<'a> {
    pub(super) whole: &'a [u8],
    pub(super) at: usize,
}

impl<'a> Message<'a> {
    pub(super) fn take(&mut self, length: usize) -> Result<&'a [u8], DnsError> {
        let end = self.at.checked_add(length).ok_or(DnsError::Malformed)?;
        let taken = self.whole.get(self.at..end).ok_or(DnsError::Malformed)?;
        self.at = end;
        Ok(taken)
    }

    pub(super) fn skip(&mut self, length: usize) -> Result<(), DnsError> {
        self.take(length).map(|_| ())
    }

    pub(super) fn octet(&mut self) -> Result<u8, DnsError> {
        self.take(1)?.first().copied().ok_or(DnsError::Malformed)
    }

    pub(super) fn number(&mut self) -> Result<u16, DnsError> {
        Ok(u16::from_be_bytes([self.octet()?, self.octet()?]))
    }

    /// A name with dots, its pointers followed (RFC 1035 4.1.4), each to an earlier place.
    pub(super) fn name(&mut self) -> Result<Vec<u8>, DnsError> {
        let (mut name, mut behind) = (Vec::new(), None);
        let mut pointers = 0;
        loop {
            let length = self.octet()?;
            match length {
                0 => break,
                1..=63 => {
                    if !name.is_empty() {
                        name.push(b'.');
                    }
                    name.extend_from_slice(self.take(usize::from(length))?);
                }
                0xc0.. => {
                    let here = self.at.saturating_sub(1);
                    let place = usize::from(u16::from_be_bytes([length & 0x3f, self.octet()?]));
                    behind = behind.or(Some(self.at));
                    pointers += 1;
                    if place >= here || pointers > POINTERS_MAX {
                        return Err(DnsError::Malformed);
                    }
                    self.at = place;
                }
                _ => return Err(DnsError::Malformed),
            }
            if name.len() > NAME_BYTES_MAX {
                return Err(DnsError::Malformed);
            }
        }
        self.at = behind.unwrap_or(self.at);
        Ok(name)
    }
}
