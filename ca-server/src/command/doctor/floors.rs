//! The head below which the log never goes, as the roles of this host know it: a database that went
//! back is followed by none of them, and by `doctor` no more.

use super::finding::{Finding, Next};
use ca_store::follower;
use ca_store::keep::Keep;
use ca_store::replay::{Floor, ReplayError};
use std::io::{Error, ErrorKind};
use std::path::{Path, PathBuf};

/// Roles that keep what they followed.
const FOLLOWERS: [&str; 3] = ["status", "log", "notices"];
const ISSUER: &str = "issuer";

/// The highest floor of all that may be read here, and what is wrong with one that cannot be used.
/// Whoever looks may not read what is another user's: that role itself says the rest.
pub(super) fn highest(path: impl Fn(&str) -> PathBuf) -> (Floor, Vec<Finding>) {
    let (mut highest, mut findings) = (Floor::default(), Vec::new());
    let followers = FOLLOWERS.map(|role| (role, follower::floor(&path(role))));
    for (role, floor) in followers.into_iter().chain([(ISSUER, of_issuer(&path(ISSUER)))]) {
        match floor {
            Ok(floor) if floor.size > highest.size => highest = floor,
            Ok(_) => {}
            Err(error) if is_elsewhere(&path(role), &error) => {}
            Err(error) => findings.push(Finding {
                what: (
                    format!("{role} 所知的日志下限不能使用：{error:#}"),
                    format!("the floor of {role} cannot be used: {error:#}"),
                ),
                next: Next::Do(
                    "从备份恢复该文件；若被取走，查明是谁",
                    "restore it from a backup; if it was taken away, find out by whom",
                ),
            }),
        }
    }
    (highest, findings)
}

/// What is to be told of a log that is not followed; what is no word about the log is an error.
pub(super) fn not_followed(error: ReplayError) -> anyhow::Result<Finding> {
    match error {
        ReplayError::WentBack { size, floor } => Ok(Finding {
            what: (
                format!("数据库是从前的：此前见过 {floor} 条记录，现有 {size} 条，或内容不同"),
                format!(
                    "the database is one of before: {floor} records were seen, and it has {size}, \
                     or others"
                ),
            ),
            next: Next::Do(
                "停止各进程，换回最新的数据库，再启动",
                "stop the processes, put the newest database back, and start them again",
            ),
        }),
        ReplayError::Unsigned(what) => Ok(Finding {
            what: (
                format!("日志与签名的日志头不符：{what}"),
                format!("the log is not what its key signed: {what}"),
            ),
            next: Next::Do("从备份恢复数据库", "restore the database from a backup"),
        }),
        error => Err(error.into()),
    }
}

fn of_issuer(folder: &Path) -> anyhow::Result<Floor> {
    let secret = ca_host::durable::read_private(&folder.join("seal.key"))?;
    Keep::look(folder, &secret)
}

/// Whether it is another user's, or the role's folder is on another host.
fn is_elsewhere(folder: &Path, error: &anyhow::Error) -> bool {
    let is_denied = |error: &Error| error.kind() == ErrorKind::PermissionDenied;
    let mut causes = error.chain().filter_map(|cause| cause.downcast_ref::<Error>());
    causes.any(is_denied) || !folder.exists()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn floor(size: u64) -> Floor {
        Floor { size, root: [5; 32] }
    }

    /// Whoever put an older database back is not told to do so once more; of one that nobody signed
    /// a backup is the way out, and a database that is away says nothing of the log.
    #[test]
    fn a_database_of_before_is_told_as_that() {
        let told = not_followed(ReplayError::WentBack { size: 7, floor: 9 }).unwrap();
        assert!(told.what.1.contains("9 records were seen, and it has 7"), "{}", told.what.1);
        assert!(
            matches!(told.next, Next::Do(_, en) if en.contains("put the newest database back"))
        );
        let told = not_followed(ReplayError::Unsigned("entries are missing")).unwrap();
        assert!(matches!(told.next, Next::Do(_, en) if en.contains("from a backup")));
        assert!(not_followed(ReplayError::Empty).is_err());
    }

    /// Whichever role followed the log farthest says where it is; a role of another host says
    /// nothing, and one whose floor was taken away is told.
    #[test]
    fn the_floor_is_the_highest_of_all_roles() {
        let folder = tempfile::tempdir().unwrap();
        let path = |role: &str| folder.path().join(role);
        let highest = || highest(path);
        assert!(matches!(highest(), (floor, told) if floor == Floor::default() && told.is_empty()));
        for (role, size) in [("status", 7), ("log", 9)] {
            follower::found(&path(role), &[]).unwrap();
            follower::open(&path(role)).unwrap().1.raise(floor(size)).unwrap();
        }
        assert_eq!((highest().0, highest().1.len()), (floor(9), 0));
        Keep::found(&path(ISSUER), &[1; 32]).unwrap();
        let secret = path(ISSUER).join("seal.key");
        system::file::create_private(&secret, &[1; 32]).unwrap();
        Keep::open(&path(ISSUER), &[1; 32]).unwrap().raise(floor(12)).unwrap();
        assert_eq!((highest().0, highest().1.len()), (floor(12), 0));
        std::fs::remove_file(path("log").join("kept/floor")).unwrap();
        let (floor, told) = highest();
        assert_eq!((floor.size, told.len()), (12, 1));
        assert!(told[0].what.1.contains("the floor of log"), "{}", told[0].what.1);
    }
}
