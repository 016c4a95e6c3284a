//! What figures are to reach, said beside them.

/// Whether a figure reaches its goal, to be printed behind it.
pub(super) fn mark(holds: bool, goal: &str) -> String {
    if holds { format!(" (goal {goal}, held)") } else { format!(" (goal {goal}, missed)") }
}
