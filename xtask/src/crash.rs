//! `cargo xtask crash`: many rounds of the stories that kill processes: of a city at random, see
//! `tests/tests/all/rounds.rs`, or of a gate under load, see `tests/tests/all/spools.rs`. Debug
//! builds: release builds have no points to die at.

use anyhow::ensure;
use std::process::Command;

const OF_CITY: &str = "rounds::whatever_is_killed_when_the_city_stays_whole";
const OF_GATE: &str = "spools::two_hundred_kills_lose_and_double_nothing";

/// Builds what it kills and runs the story of a city.
pub(crate) fn run(rounds: usize, seed: Option<u64>, postgres: bool) -> anyhow::Result<()> {
    let mut story = story(OF_CITY, postgres)?;
    story.env("YINXIN_ROUNDS", rounds.to_string());
    if let Some(seed) = seed {
        story.env("YINXIN_SEED", seed.to_string());
    }
    ensure!(story.status()?.success(), "something did not hold; the seed is printed above");
    Ok(())
}

/// The same of a gate.
pub(crate) fn gate(kills: usize, postgres: bool) -> anyhow::Result<()> {
    let mut story = story(OF_GATE, postgres)?;
    story.env("YINXIN_KILLS", kills.to_string());
    ensure!(story.status()?.success(), "something passed without its record, or twice");
    Ok(())
}

fn story(name: &str, postgres: bool) -> anyhow::Result<Command> {
    let built = Command::new("cargo").args(["build", "--quiet", "--workspace"]).status()?;
    ensure!(built.success(), "cargo build failed");
    let mut story = Command::new("cargo");
    story.args(["test", "--quiet", "--workspace", "--test", "all", "--"]);
    story.args(["--exact", name, "--nocapture"]);
    if postgres {
        story.env("YINXIN_TEST_DATABASE", "postgres");
    }
    Ok(story)
}
