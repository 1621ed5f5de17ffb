//! Cases that are the same in every run.

use proptest::test_runner::{Config, RngSeed};

/// A fixed number of cases from a fixed seed; `STEEP_SEED` chooses another.
pub(crate) fn config(cases: u32) -> Config {
    #[expect(clippy::disallowed_methods, reason = "a test may be told its seed")]
    let seed =
        std::env::var("STEEP_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(0x5745);
    eprintln!("seed {seed}, {cases} cases; repeat with STEEP_SEED={seed}");
    Config { cases, rng_seed: RngSeed::Fixed(seed), failure_persistence: None, ..Config::default() }
}
