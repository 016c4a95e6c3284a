//! The units of `agent/systemd`: what `docs/gate.md` promises of them stands in each, and systemd
//! itself, which need not run for that, reads them without a word and finds that little is left to
//! them.

use std::path::{Path, PathBuf};
use std::process::Command;
use tests::workspace;

const SERVICES: [&str; 2] = ["yinxin-agent.service", "yinxin-agent-renew.service"];
/// Most exposure that `systemd-analyze security` may find, in tenths.
const EXPOSURE_MAX: &str = "20";

fn folder() -> PathBuf {
    workspace().join("agent/systemd")
}

/// Lines of a unit that say something.
fn lines(name: &str) -> Vec<String> {
    let text = std::fs::read_to_string(folder().join(name)).unwrap();
    let lines = text.lines().map(str::trim);
    lines.filter(|line| !line.is_empty() && !line.starts_with('#')).map(str::to_owned).collect()
}

/// What the page of the gate says of each unit of a service.
fn promised() -> Vec<String> {
    let page = std::fs::read_to_string(workspace().join("docs/gate.md")).unwrap();
    let (_, rest) = page.split_once("\nWhat each unit of a service says").unwrap();
    let block = rest.lines().skip(2).take_while(|line| line.starts_with("    "));
    block.flat_map(str::split_whitespace).map(str::to_owned).collect()
}

/// Each unit has what is promised, says nothing twice in two ways, and reaches no other family of
/// addresses than it needs.
#[test]
fn units_have_what_the_page_of_the_gate_promises() {
    let promised = promised();
    assert!(promised.len() > 25, "{promised:?}");
    for name in SERVICES {
        let lines = lines(name);
        for one in &promised {
            assert!(lines.contains(one), "{name}: {one}");
            let setting = one.split_once('=').unwrap().0;
            let said = lines.iter().filter(|line| line.split('=').next() == Some(setting));
            assert_eq!(said.count(), 1, "{name}: {setting}");
        }
        for (setting, wanted) in [
            ("RestrictAddressFamilies=", vec!["AF_INET AF_INET6 AF_UNIX"]),
            ("ExecStartPre=", vec![]),
            ("Environment=", vec![]),
            ("ReadWritePaths=", vec![]),
            ("SupplementaryGroups=", vec![]),
        ] {
            let said = lines.iter().filter_map(|line| line.strip_prefix(setting));
            assert_eq!(said.collect::<Vec<_>>(), wanted, "{name}: {setting}");
        }
        for line in lines.iter().filter(|line| line.starts_with("Exec")) {
            let (_, command) = line.split_once('=').unwrap();
            // A sign in front of a command would give it power that the unit takes away.
            assert!(
                command.starts_with("/usr/local/bin/agent ") || command.starts_with("/bin/kill ")
            );
        }
    }
}

/// A copy of all units whose program is one that is there.
fn copied(to: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder()).unwrap();
    let copied = entries.map(|entry| {
        let entry = entry.unwrap();
        let text = std::fs::read_to_string(entry.path()).unwrap();
        let path = to.join(entry.file_name());
        std::fs::write(&path, text.replace("/usr/local/bin/agent", "/bin/true")).unwrap();
        path
    });
    copied.collect()
}

/// systemd knows every word of the units, and leaves little to each service; one that takes a word
/// for another, or gives one away, would be told.
#[test]
fn systemd_finds_nothing_wrong_with_units() {
    let folder = tempfile::tempdir().unwrap();
    let units = copied(folder.path());
    let verify = || {
        let done = Command::new("systemd-analyze").arg("verify").args(&units).output();
        let done = done.expect("systemd-analyze is there");
        let said = String::from_utf8_lossy(&done.stderr).into_owned();
        // Units of the machine are its own matter.
        let told: Vec<&str> = said.lines().filter(|line| line.contains("yinxin")).collect();
        (told.is_empty(), told.join("\n"))
    };
    let (is_sound, told) = verify();
    assert!(is_sound && units.len() == 4, "{told}");
    let security = |name: &str| {
        let mut analyze = Command::new("systemd-analyze");
        analyze.args(["security", "--offline=true", "--no-pager", "--threshold", EXPOSURE_MAX]);
        let done = analyze.arg(folder.path().join(name)).output().unwrap();
        (done.status.success(), String::from_utf8_lossy(&done.stdout).into_owned())
    };
    for name in SERVICES {
        let (is_little, told) = security(name);
        assert!(is_little, "{told}");
        let path = folder.path().join(name);
        let text = std::fs::read_to_string(&path).unwrap();
        let open = text.replace("CapabilityBoundingSet=\n", "").replace("ProtectSystem=strict", "");
        std::fs::write(&path, &open).unwrap();
        assert!(!security(name).0, "{name}: it finds nothing");
        std::fs::write(&path, text.replace("NoNewPrivileges", "NoNewPriviledges")).unwrap();
        assert!(!verify().0, "{name}: it reads nothing");
        std::fs::write(&path, text).unwrap();
    }
}
