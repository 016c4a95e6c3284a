//! Tiles: 256 hashes wide, eight levels of the tree high (C2SP tlog-tiles).

use crate::merkle::Hash;

/// Hashes in a full tile.
pub const TILE_WIDTH: u64 = 256;

/// Which tile: level 0 holds leaf hashes, level n the roots of full tiles of level n − 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TileId {
    /// The level of the tile, 0 to 7.
    pub level: u8,
    /// The index of the tile in its level, from the left.
    pub index: u64,
}

/// The address of a tile below the log's URL: `tile/L/x001/234`, with `.p/W` when it is not full.
pub fn tile_path(id: TileId, width: u64) -> String {
    format!("tile/{}/{}", id.level, index_path(id.index, width))
}

/// The address of a bundle of entries: `tile/entries/x001/234`, with `.p/W` when it is not full.
pub fn entries_path(index: u64, width: u64) -> String {
    format!("tile/entries/{}", index_path(index, width))
}

fn index_path(index: u64, width: u64) -> String {
    let mut path = format!("{:03}", index % 1000);
    let mut rest = index / 1000;
    while rest > 0 {
        path = format!("x{:03}/{path}", rest % 1000);
        rest /= 1000;
    }
    if width < TILE_WIDTH { format!("{path}.p/{width}") } else { path }
}

/// A tile's bytes: its hashes one after the other.
pub fn tile_bytes(hashes: &[Hash]) -> Vec<u8> {
    hashes.concat()
}

/// Hashes from a tile's bytes; `None` if it is no whole number of them.
pub fn read_tile(bytes: &[u8]) -> Option<Vec<Hash>> {
    let (hashes, rest) = bytes.as_chunks::<32>();
    rest.is_empty().then(|| hashes.to_vec())
}

/// A bundle of entries: each with its length as u16 in front.
pub fn bundle_bytes<'a>(entries: impl IntoIterator<Item = &'a [u8]>) -> Vec<u8> {
    let mut bytes = Vec::new();
    for entry in entries {
        let length = u16::try_from(entry.len()).unwrap_or(u16::MAX);
        bytes.extend(length.to_be_bytes());
        bytes.extend(entry);
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_grouped_by_thousands() {
        let id = |index| TileId { level: 1, index };
        assert_eq!(tile_path(id(5), 256), "tile/1/005");
        assert_eq!(tile_path(id(1_234_067), 256), "tile/1/x001/x234/067");
        assert_eq!(tile_path(id(1_234_067), 70), "tile/1/x001/x234/067.p/70");
        assert_eq!(entries_path(999, 1), "tile/entries/999.p/1");
    }
}
