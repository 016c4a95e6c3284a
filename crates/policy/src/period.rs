//! How long an answer to a question stays the same, as far as rules read the time.

/// China's one time zone, in seconds before UTC.
pub(crate) const ZONE_SECONDS: u64 = 8 * 3_600;

/// The time in which nothing changes of what rules read, by their text, in seconds; none if they
/// read nothing of it. What is read in a way that is not known here counts as the minute.
pub(crate) fn grain(rules: &str) -> Option<u64> {
    let grains = attributes(rules).filter_map(|attribute| match attribute {
        // What is lent begins and ends at seconds of its own, which a question says besides.
        "method" | "networks" | "certificate" | "tls" | "acting" | "acting_for" => None,
        "weekday" | "holiday" | "workday" => Some(86_400),
        "hour" => Some(3_600),
        _ => Some(60),
    });
    grains.min()
}

/// All that a context has.
const ATTRIBUTES: [&str; 12] = [
    "method",
    "networks",
    "certificate",
    "tls",
    "weekday",
    "holiday",
    "workday",
    "hour",
    "minute",
    "authenticated_minutes",
    "acting",
    "acting_for",
];

/// Whether rules may read for how long somebody is authenticated.
pub(crate) fn reads_authentication(rules: &str) -> bool {
    may_read(rules, &["authenticated_minutes"])
}

/// Whether rules may read what is lent to somebody.
pub(crate) fn reads_delegations(rules: &str) -> bool {
    may_read(rules, &["acting", "acting_for"])
}

/// Whether rules read one of these, or anything in a way that is not known here.
fn may_read(rules: &str, names: &[&str]) -> bool {
    attributes(rules).any(|one| names.contains(&one) || !ATTRIBUTES.contains(&one))
}

/// What rules read of a context; empty for what is read in another way.
fn attributes(rules: &str) -> impl Iterator<Item = &str> {
    rules.match_indices("context").map(|(at, word)| {
        let behind = rules.get(at + word.len()..).unwrap_or_default();
        let name = behind.strip_prefix('.').unwrap_or_default();
        let end = name.find(|c: char| !c.is_alphanumeric() && c != '_');
        end.map_or(name, |end| name.get(..end).unwrap_or_default())
    })
}

/// Which of these times a moment lies in, by China's clocks.
pub(crate) fn number(grain: Option<u64>, now: u64) -> u64 {
    grain.and_then(|grain| (now + ZONE_SECONDS).checked_div(grain)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_says_how_long_it_stays() {
        for (rules, read) in [
            ("permit (principal, action, resource);", None),
            ("permit (principal, action, resource) when { context.method == \"GET\" };", None),
            ("when { context.weekday < 6 }", Some(86_400)),
            ("when { context.hour < 6 && context.weekday < 6 }", Some(3_600)),
            ("when { context.hour < 6 || context.minute == 0 }", Some(60)),
            ("when { context.method == \"GET\" } when { context.hour == 8 }", Some(3_600)),
            ("when { context[\"hour\"] < 6 }", Some(60)),
            ("when { context . weekday < 6 }", Some(60)),
            ("when { context has hour }", Some(60)),
            ("when { context.methods }", Some(60)),
            ("when { context.networks.contains(\"office\") && context.tls > 12 }", None),
            ("when { context.holiday }", Some(86_400)),
            ("when { context.authenticated_minutes < 60 }", Some(60)),
            ("when { context.weekdays }", Some(60)),
            ("when { context.acting.contains(resource[\"official\"]) }", None),
            ("when { context.acting.isEmpty() && context.hour < 6 }", Some(3_600)),
            ("when { context has acting }", Some(60)),
            ("when { context", Some(60)),
        ] {
            assert_eq!(grain(rules), read, "{rules}");
        }
        for (rules, reads) in [
            ("when { context.hour < 6 && context.certificate == \"staff\" }", false),
            ("when { context.authenticated_minutes < 60 }", true),
            ("when { context has hour }", true),
        ] {
            assert_eq!(reads_authentication(rules), reads, "{rules}");
        }
        for (rules, reads) in [
            ("when { context.hour < 6 && context.authenticated_minutes < 60 }", false),
            ("when { context.acting.contains(resource[\"official\"]) }", true),
            ("when { context.acting_for.isEmpty() }", true),
            ("when { context . acting.isEmpty() }", true),
            ("when { context[\"acting\"].isEmpty() }", true),
            ("permit (principal, action, resource);", false),
        ] {
            assert_eq!(reads_delegations(rules), reads, "{rules}");
        }
        let midnight = 1_795_363_200;
        assert_eq!(midnight % 86_400, 86_400 - ZONE_SECONDS);
        for grain in [60, 3_600, 86_400] {
            let number = |now| number(Some(grain), now);
            assert_eq!(number(midnight), number(midnight + grain - 1));
            assert_ne!(number(midnight), number(midnight - 1));
            assert_ne!(number(midnight), number(midnight + grain));
        }
        assert_eq!(number(None, midnight), number(None, midnight + 86_400));
    }
}
