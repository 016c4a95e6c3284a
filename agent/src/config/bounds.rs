//! What a setting that is a number may be. One that would keep everybody out, or that no clock and
//! no machine reaches, is a slip of whoever wrote it: it is refused as any other, before it counts.

/// A week: no time that is set is longer.
pub(super) const SECONDS_MAX: u64 = 7 * 86_400;
/// The same in hours.
pub(super) const HOURS_MAX: u64 = 7 * 24;
/// More places than a machine has.
pub(super) const PLACES_MAX: u64 = 1 << 20;

/// What is wrong with a setting, in both languages, and its name.
pub(super) type SettingFault = (String, &'static str);

/// A setting with what it may be.
pub(super) struct Bounded {
    name: &'static str,
    value: u64,
    least: u64,
    most: u64,
}

/// A setting of this name and value, from the least that it may be to the most.
pub(super) fn of(name: &'static str, value: u64, least: u64, most: u64) -> Bounded {
    Bounded { name, value, least, most }
}

/// Refuses the first one that is not what it may be.
pub(super) fn check(all: &[Bounded]) -> Result<(), SettingFault> {
    let wrong = all.iter().find(|one| !(one.least..=one.most).contains(&one.value));
    let Some(Bounded { name, value, least, most }) = wrong else { return Ok(()) };
    let message = format!(
        "{name} = {value}：取值 {least} 至 {most} / {name} = {value}: from {least} to {most}"
    );
    Err((message, name))
}
