//! Room on a disk that is taken before it is needed.

use std::fs::File;
use std::io::Result;

/// Takes room for so many bytes of a file from an offset on; what the file holds, and its length,
/// stay as they are. Where a file system has no such call nothing is taken, and that is no error.
#[cfg(target_os = "linux")]
pub fn reserve(file: &File, from: u64, bytes: u64) -> Result<()> {
    use rustix::fs::{FallocateFlags, fallocate};
    use rustix::io::Errno;
    match fallocate(file, FallocateFlags::KEEP_SIZE, from, bytes) {
        Err(Errno::OPNOTSUPP | Errno::NOSYS) => Ok(()),
        taken => Ok(taken?),
    }
}

/// Takes nothing: only what is written has room.
#[cfg(not(target_os = "linux"))]
pub fn reserve(_: &File, _: u64, _: u64) -> Result<()> {
    Ok(())
}
