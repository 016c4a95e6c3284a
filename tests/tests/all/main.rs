//! Every story that crosses programs, in one test program: it is linked once, and cities that wait
//! for nothing run beside each other whatever file they stand in. `xtask/test` runs all of it on
//! SQLite, and on PostgreSQL what a database has a part in.

mod captured;
mod certificates;
mod commands;
mod contexts;
mod crashes;
mod declines;
mod desk;
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
mod letters;
mod limits;
mod ocsp;
mod page_screenshots;
mod pages;
mod passkeys;
mod people_files;
mod pkcs12;
mod policy_snapshots;
mod printed_sheet;
mod private_files;
mod real_clients;
mod refusals;
mod refused_heads;
mod replays;
mod rounds;
mod rules;
mod spellings;
mod spools;
mod states;
mod suites;
mod tampering;
mod tidy;
mod tls_and_admin;
mod tls_versions;
mod wishes;
