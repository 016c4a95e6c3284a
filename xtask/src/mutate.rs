//! `cargo xtask mutate`: takes each protection of SECURITY.md out of a copy of the tree and shows
//! that the tests which its line names fail then. A test that passes all the same shows nothing.
//!
//! Mutations of different programs are built at once. Each story runs beside the one program that
//! its own mutation is in, all others as they are, so that what fails is owed to nothing else. One
//! that unit tests and stories show is taken out once for each kind.
//!
//! A run ends with a row for `docs/measurements.md`.

mod judge;
#[expect(unreachable_pub, reason = "the stories' library has the same file")]
#[path = "../../tests/src/mutations.rs"]
mod list;
mod scratch;
mod workspace;

use anyhow::{bail, ensure};
use judge::Verdict;
use list::Mutation;
use scratch::Scratch;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use workspace::{ALL, Test, Workspace};

/// What to run.
#[derive(clap::Args)]
pub(crate) struct MutationFilter {
    /// Only mutations whose name contains this; may be repeated.
    #[arg(long)]
    only: Vec<String>,
    /// Only names what there is.
    #[arg(long)]
    list: bool,
    /// One JSON document instead of a table.
    #[arg(long)]
    json: bool,
}

/// What became of a mutation.
#[derive(serde::Serialize)]
struct Outcome {
    name: String,
    line: String,
    /// Whether each of its tests failed.
    caught: bool,
    tests: Vec<Verdict>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

/// A run, as it is kept.
#[derive(serde::Serialize)]
struct MutationRun<'a> {
    date: String,
    commit: String,
    /// How many mutations were tried.
    mutations: usize,
    /// Of how many all tests failed.
    caught: usize,
    outcomes: &'a [Outcome],
}

/// A mutation, with what follows from where its texts and its tests stand.
struct Planned {
    mutation: Mutation,
    tests: Vec<Test>,
    /// The programs that hold it.
    holders: BTreeSet<&'static str>,
    /// Those of them that its stories run.
    programs: BTreeSet<&'static str>,
}

impl Planned {
    /// Unit tests are built with their own crate only.
    fn is_unit(&self) -> bool {
        self.tests.iter().all(is_unit)
    }
}

fn is_unit(test: &Test) -> bool {
    matches!(test, Test::Unit { .. })
}

/// Runs the mutations; an error if one is not caught.
pub(crate) fn run(wanted: &MutationFilter) -> anyhow::Result<()> {
    let root = crate::found::workspace()?;
    let all = list::read(&std::fs::read_to_string(root.join(list::LIST))?)?;
    let named = |one: &Mutation| wanted.only.iter().any(|part| one.name.contains(part));
    let chosen: Vec<Mutation> =
        all.into_iter().filter(|one| wanted.only.is_empty() || named(one)).collect();
    ensure!(!chosen.is_empty(), "no mutation has such a name");
    if wanted.list {
        for one in &chosen {
            println!("{:<32} {}", one.name, one.tests.join(", "));
            println!("{:<32} {}", "", one.why);
        }
        return Ok(());
    }
    let scratch = Scratch::make(&root)?;
    let workspace = Workspace::read(&scratch.tree(), &scratch.files)?;
    let planned = chosen.into_iter().map(|one| plan(one, &workspace));
    let planned = planned.collect::<anyhow::Result<Vec<_>>>()?;
    let planned: Vec<Planned> = planned.into_iter().flatten().collect();
    let mut run = Run { scratch, outcomes: Vec::new(), of: planned.len() };
    run.all(planned)?;
    run.report(wanted.json, &root)
}

/// A mutation for its unit tests, and for its stories.
fn plan(mutation: Mutation, workspace: &Workspace) -> anyhow::Result<Vec<Planned>> {
    let tests = mutation.tests.iter().map(|test| workspace.test(test));
    let tests = tests.collect::<anyhow::Result<Vec<_>>>()?;
    let owners = mutation.edit.iter().map(|edit| workspace.owner(&edit.file));
    let holders: BTreeSet<_> = owners.flat_map(|owner| workspace.programs(owner)).collect();
    let named = |program: &&&str| {
        mutation.programs.is_empty() || mutation.programs.iter().any(|name| name == **program)
    };
    let programs: BTreeSet<_> = holders.iter().filter(named).copied().collect();
    let (units, stories): (Vec<_>, Vec<_>) = tests.into_iter().partition(is_unit);
    let of = |tests| Planned {
        mutation: mutation.clone(),
        tests,
        holders: holders.clone(),
        programs: programs.clone(),
    };
    Ok([units, stories].into_iter().filter(|tests| !tests.is_empty()).map(of).collect())
}

struct Run {
    scratch: Scratch,
    outcomes: Vec<Outcome>,
    of: usize,
}

impl Run {
    fn all(&mut self, planned: Vec<Planned>) -> anyhow::Result<()> {
        let (units, stories): (Vec<_>, Vec<_>) = planned.into_iter().partition(Planned::is_unit);
        for one in &units {
            self.progress(&one.mutation.name);
            let outcome = self.in_crate(one);
            self.keep(one, outcome);
        }
        if stories.is_empty() {
            return Ok(());
        }
        self.progress("building what there is");
        self.scratch.build_programs(ALL)?;
        let program = self.scratch.build_stories()?;
        self.scratch.keep(&program)?;
        self.stories(stories)
    }

    /// Unit tests of a mutation.
    fn in_crate(&self, one: &Planned) -> anyhow::Result<Vec<Verdict>> {
        let _applied = self.scratch.apply(&one.mutation.edit)?;
        one.tests.iter().map(|test| self.unit(test)).collect()
    }

    fn unit(&self, test: &Test) -> anyhow::Result<Verdict> {
        let Test::Unit { package, target, name } = test else { bail!("no unit test") };
        let tests = |name| self.scratch.unit_tests(package, target, name);
        let built = crate::tool::output(&mut tests(""))?;
        ensure!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr).trim());
        judge::unit(&mut tests(name), name)
    }

    /// Stories, by batches: while those of one run, the next one is built.
    fn stories(&mut self, stories: Vec<Planned>) -> anyhow::Result<()> {
        let whole = Whole::of(&self.scratch)?;
        let mut running: Option<Running> = None;
        for (turn, batch) in batches(stories).into_iter().enumerate() {
            let names: Vec<&str> = batch.iter().map(|one| one.mutation.name.as_str()).collect();
            self.progress(&names.join(" "));
            let staged = self.staged(turn % 2, batch);
            self.collect(running.replace(whole.begin(staged)));
        }
        self.collect(running);
        Ok(())
    }

    /// Mutations of different programs, built at once, alone if they cannot be, and laid out.
    fn staged(&self, turn: usize, batch: Vec<Planned>) -> Vec<Staged> {
        let built = self.laid_out(turn, &batch);
        match built {
            Ok(programs) => {
                let programs = programs.into_iter().map(Ok);
                batch
                    .into_iter()
                    .zip(programs)
                    .map(|(one, program)| Staged { one, program })
                    .collect()
            }
            Err(error) if batch.len() == 1 => {
                let program = |_: &Planned| Err(format!("{error:#}"));
                batch.into_iter().map(|one| Staged { program: program(&one), one }).collect()
            }
            Err(_) => batch
                .into_iter()
                .enumerate()
                .flat_map(|(place, one)| self.staged(2 + 2 * place + turn, vec![one]))
                .collect(),
        }
    }

    fn laid_out(&self, turn: usize, batch: &[Planned]) -> anyhow::Result<Vec<PathBuf>> {
        let edits: Vec<_> = batch.iter().flat_map(|one| one.mutation.edit.clone()).collect();
        let _applied = self.scratch.apply(&edits)?;
        self.scratch.build_programs(batch.iter().flat_map(|one| one.programs.iter().copied()))?;
        let inside = batch.iter().any(|one| one.mutation.inside);
        let stories = inside.then(|| self.scratch.build_stories()).transpose()?;
        let stage = |(place, one): (usize, &Planned)| {
            self.scratch.stage(&format!("{turn}-{place}"), &one.programs, stories.as_deref())
        };
        batch.iter().enumerate().map(stage).collect()
    }

    fn collect(&mut self, running: Option<Running>) {
        for (one, judged) in running.into_iter().flatten() {
            let outcome = judged.join().unwrap_or_else(|_| bail!("the judge ended"));
            self.keep(&one, outcome);
        }
    }

    fn keep(&mut self, one: &Planned, outcome: anyhow::Result<Vec<Verdict>>) {
        let (tests, error) = match outcome {
            Ok(tests) => (tests, None),
            Err(error) => (Vec::new(), Some(format!("{error:#}"))),
        };
        let caught = error.is_none() && tests.iter().all(|verdict| verdict.failed);
        let (name, line) = (one.mutation.name.clone(), one.mutation.line.clone());
        let outcome = Outcome { name, line, caught, tests, error };
        eprintln!("\r{}", row(&outcome));
        self.outcomes.push(outcome);
    }

    /// A bar on one line of a terminal.
    fn progress(&self, what: &str) {
        let mut terminal = std::io::stderr();
        if terminal.is_terminal() {
            let done = self.outcomes.len();
            let filled = done * 30 / self.of.max(1);
            let bar: String = (0..30).map(|at| if at < filled { '█' } else { '░' }).collect();
            let _ = write!(terminal, "\r{bar} {done:>3} / {} {what}   ", self.of);
            let _ = terminal.flush();
        }
    }

    fn report(&self, json: bool, root: &Path) -> anyhow::Result<()> {
        let run = self.account(root)?;
        if json {
            println!("{}", serde_json::to_string(&run)?);
        } else {
            for one in &self.outcomes {
                println!("{}", row(one));
            }
            println!("| {} | `{}` | {} | {} |", run.date, run.commit, run.mutations, run.caught);
        }
        let survived = run.mutations - run.caught;
        ensure!(survived == 0, "{survived} of {} mutations are not caught", run.mutations);
        Ok(())
    }

    fn account(&self, root: &Path) -> anyhow::Result<MutationRun<'_>> {
        let mut caught: BTreeMap<&str, bool> = BTreeMap::new();
        for one in &self.outcomes {
            *caught.entry(&one.name).or_insert(true) &= one.caught;
        }
        let words = ["rev-parse", "--short", "HEAD"];
        let commit = crate::tool::run(Command::new("git").args(words).current_dir(root))?;
        let now = records::time::seconds(service::Clock::system().seconds());
        Ok(MutationRun {
            date: now.split('T').next().unwrap_or_default().to_owned(),
            commit: commit.trim().to_owned(),
            mutations: caught.len(),
            caught: caught.values().filter(|caught| **caught).count(),
            outcomes: &self.outcomes,
        })
    }
}

fn row(one: &Outcome) -> String {
    let word = if one.caught { "caught  " } else { "SURVIVED" };
    let tests = one.tests.iter().map(|verdict| {
        let how = if verdict.failed { "failed" } else { "PASSED" };
        let Verdict { test, at, said, seconds, .. } = verdict;
        format!("\n         {how} {test} ({seconds} s) {at} {said}")
    });
    let error = one.error.iter().map(|error| format!("\n         {error}"));
    format!("{word} {}{}", one.name, tests.chain(error).collect::<String>())
}

/// A mutation whose programs lie ready, or why they do not.
struct Staged {
    one: Planned,
    program: Result<PathBuf, String>,
}

/// The stories of a batch, under way.
type Running = Vec<(Planned, JoinHandle<anyhow::Result<Vec<Verdict>>>)>;

/// The programs with every protection in, and the stories that pass there: one that fails there as
/// well shows nothing.
#[derive(Clone)]
struct Whole {
    tree: PathBuf,
    program: PathBuf,
    sound: Arc<Mutex<BTreeSet<String>>>,
}

impl Whole {
    fn of(scratch: &Scratch) -> anyhow::Result<Self> {
        let program = scratch.stage("whole", &BTreeSet::new(), None)?;
        Ok(Self { tree: scratch.tree(), program, sound: Arc::default() })
    }

    /// Begins the stories of a batch, beside each other.
    fn begin(&self, staged: Vec<Staged>) -> Running {
        let begin = |Staged { one, program }: Staged| {
            let (own, tests) = (self.clone(), one.tests.clone());
            let postgres = one.mutation.postgres;
            let judged = std::thread::spawn(move || own.judge(program, &tests, postgres));
            (one, judged)
        };
        staged.into_iter().map(begin).collect()
    }

    fn judge(
        &self,
        program: Result<PathBuf, String>,
        tests: &[Test],
        postgres: bool,
    ) -> anyhow::Result<Vec<Verdict>> {
        let program = program.map_err(anyhow::Error::msg)?;
        let judge = |test: &Test| {
            let Test::Story { path } = test else {
                bail!("unit tests and stories are two mutations")
            };
            let verdict = judge::story(&program, &self.tree, path, postgres)?;
            let is_sound = || self.sound.lock().is_ok_and(|sound| sound.contains(path));
            if verdict.failed && !is_sound() {
                let whole = judge::story(&self.program, &self.tree, path, postgres)?;
                ensure!(!whole.failed, "{path} fails with every protection in: {}", whole.at);
                let _ = self.sound.lock().is_ok_and(|mut sound| sound.insert(path.clone()));
            }
            Ok(verdict)
        };
        tests.iter().map(judge).collect()
    }
}

/// Mutations that hold no program in common go together, the first that fit.
fn batches(stories: Vec<Planned>) -> Vec<Vec<Planned>> {
    let mut batches: Vec<Vec<Planned>> = Vec::new();
    for one in stories {
        let fits = |batch: &&mut Vec<Planned>| {
            let apart =
                |other: &Planned| other.holders.is_disjoint(&one.holders) && !other.mutation.inside;
            !one.mutation.inside && batch.iter().all(apart)
        };
        match batches.iter_mut().find(fits) {
            Some(batch) => batch.push(one),
            None => batches.push(vec![one]),
        }
    }
    batches
}
