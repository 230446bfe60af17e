#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    server::federation::fuzzing::canonical_bytes(bytes);
});
