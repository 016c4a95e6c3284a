//! How long a roster of 5,000 rows takes, as a workbook and as a text: `cargo run --release
//! --example roster_pace`. More than 3 s is a failure.
#![expect(clippy::unwrap_used, reason = "a bench that cannot run has no result")]

use roster::template::workbook_with;
use roster::{ROWS_MAX, UnitFound, check, read};
use std::process::ExitCode;
use std::time::{Duration, Instant};

const HEADER: &str = "姓名,证件号,单位,邮箱,核验依据\n";
const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];

fn number(at: usize) -> String {
    let digits = format!("1101051990{:02}{:02}{:03}", at % 12 + 1, at / 12 % 28 + 1, at / 336);
    let sum: u32 = digits.bytes().zip(WEIGHTS).map(|(d, w)| u32::from(d - b'0') * w).sum();
    let check = "10X98765432".chars().nth((sum % 11) as usize).unwrap();
    format!("{digits}{check}")
}

fn main() -> ExitCode {
    let numbers: Vec<String> = (0..ROWS_MAX).map(number).collect();
    let rows: Vec<[&str; 5]> =
        numbers.iter().map(|number| ["王小明", number.as_str(), "sz-office", "", "名册"]).collect();
    let lines: Vec<String> = rows.iter().map(|row| row.join(",")).collect();
    let mut slowest = Duration::ZERO;
    for (kind, file) in [
        ("xlsx", workbook_with(&rows)),
        ("csv", format!("{HEADER}{}", lines.join("\n")).into_bytes()),
    ] {
        let began = Instant::now();
        let table = read(&file).unwrap();
        let taken = check(&table, |unit| UnitFound::One(unit.to_owned()), (2026, 11, 30)).unwrap();
        let took = began.elapsed();
        println!("{kind}: {} bytes, {} rows, {took:?}", file.len(), taken.len());
        slowest = slowest.max(took);
    }
    match slowest < Duration::from_secs(3) {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}
