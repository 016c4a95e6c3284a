//! The target `jws`: what `fuzz::jws` reads.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = fuzz::jws(bytes);
});
