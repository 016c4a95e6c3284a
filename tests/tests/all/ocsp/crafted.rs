//! Requests as bytes, also such as OpenSSL makes none.

pub(super) fn tlv(tag: u8, body: &[u8]) -> Vec<u8> {
    let length = match body.len() {
        short @ 0..128 => vec![u8::try_from(short).unwrap()],
        middle @ 128..256 => vec![0x81, u8::try_from(middle).unwrap()],
        long => vec![0x82, u8::try_from(long >> 8).unwrap(), u8::try_from(long & 255).unwrap()],
    };
    [&[tag], length.as_slice(), body].concat()
}

/// The list of single requests inside a request.
fn list(request: &[u8]) -> Vec<u8> {
    let contents = |der: &[u8]| -> Vec<u8> {
        let skip = if der[1] < 128 { 2 } else { 2 + usize::from(der[1] & 127) };
        der[skip..].to_vec()
    };
    let inside = contents(&contents(request));
    let length = if inside[1] < 128 {
        2 + usize::from(inside[1])
    } else {
        let count = usize::from(inside[1] & 127);
        let length = inside[2..2 + count].iter().fold(0, |sum, b| sum << 8 | usize::from(*b));
        2 + count + length
    };
    inside[..length].to_vec()
}

/// The same request with another nonce.
pub(super) fn with_nonce(request: &[u8], nonce: &[u8]) -> Vec<u8> {
    let id = [0x06, 9, 0x2b, 6, 1, 5, 5, 7, 0x30, 1, 2];
    let extension = tlv(0x30, &[id.as_slice(), &tlv(4, &tlv(4, nonce))].concat());
    let extensions = tlv(0xa2, &tlv(0x30, &extension));
    tlv(0x30, &tlv(0x30, &[list(request), extensions].concat()))
}

/// An extension of any kind.
pub(super) fn extension(id: &[u8], critical: bool, value: &[u8]) -> Vec<u8> {
    let critical: &[u8] = if critical { &[1, 1, 0xff] } else { &[] };
    tlv(0x30, &[&tlv(6, id), critical, &tlv(4, value)].concat())
}

/// The same request with these extensions.
pub(super) fn extended(request: &[u8], extensions: &[Vec<u8>]) -> Vec<u8> {
    let extensions = tlv(0xa2, &tlv(0x30, &extensions.concat()));
    tlv(0x30, &tlv(0x30, &[list(request), extensions].concat()))
}

/// The same request with an extension beside its only certificate id.
pub(super) fn extended_inside(request: &[u8], extension: &[u8]) -> Vec<u8> {
    let singles = list(request);
    let single = &singles[2..];
    let single = tlv(0x30, &[&single[2..], &tlv(0xa0, &tlv(0x30, extension))].concat());
    tlv(0x30, &tlv(0x30, &tlv(0x30, &single)))
}

/// The same request under another digest, by its last arc below 2.16.840.1.101.3.4.2.
pub(super) fn digested(request: &[u8], arc: u8) -> Vec<u8> {
    let sha256 = [0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1];
    let at = request.windows(9).position(|window| window == sha256).unwrap();
    let mut other = request.to_vec();
    other[at + 8] = arc;
    other
}

pub(super) fn version_2(request: &[u8]) -> Vec<u8> {
    tlv(0x30, &tlv(0x30, &[tlv(0xa0, &[2, 1, 1]), list(request)].concat()))
}
