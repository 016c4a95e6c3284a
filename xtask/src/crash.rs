//! `cargo xtask crash`: many rounds of the story that kills processes at random, see
//! `tests/tests/all/rounds.rs`. Debug builds: release builds have no points to die at.

use anyhow::ensure;
use std::process::Command;

const STORY: &str = "rounds::whatever_is_killed_when_the_city_stays_whole";

/// Builds what it kills and runs the story.
pub(crate) fn run(rounds: usize, seed: Option<u64>, postgres: bool) -> anyhow::Result<()> {
    let built = Command::new("cargo").args(["build", "--quiet", "--workspace"]).status()?;
    ensure!(built.success(), "cargo build failed");
    let mut story = Command::new("cargo");
    story.args(["test", "--quiet", "--workspace", "--test", "all", "--"]);
    story.args(["--exact", STORY, "--nocapture"]);
    story.env("YINXIN_ROUNDS", rounds.to_string());
    if let Some(seed) = seed {
        story.env("YINXIN_SEED", seed.to_string());
    }
    if postgres {
        story.env("YINXIN_TEST_DATABASE", "postgres");
    }
    ensure!(story.status()?.success(), "something did not hold; the seed is printed above");
    Ok(())
}
