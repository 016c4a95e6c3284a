//! Every story that crosses programs, in one test program: it is linked once, and cities that wait
//! for nothing run beside each other whatever file they stand in. `xtask/test` runs all of it on
//! SQLite, and on PostgreSQL what a database has a part in.

mod captured;
mod crashes;
mod declines;
mod docs_walkthroughs;
mod evidence;
mod failures;
mod floors;
mod formats;
mod forms;
mod gate;
mod hostile_texts;
mod http1_framing;
mod joins;
mod journey;
mod ocsp;
mod page_screenshots;
mod pages;
mod passkeys;
mod policy_snapshots;
mod printed_sheet;
mod refusals;
mod replays;
mod rounds;
mod rules;
mod spools;
mod states;
mod suites;
mod tampering;
mod tidy;
mod tls_and_admin;
