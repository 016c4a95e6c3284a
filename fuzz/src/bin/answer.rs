//! The target `answer`: what `fuzz::answer` reads.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = fuzz::answer(bytes);
});
