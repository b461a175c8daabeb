//! The effect of the next `helm upgrade`, in words. It is what a reader has to know before the upgrade, so it is the
//! brightest word of its line.

use super::line::Line;
use super::palette::Palette;
use crate::vocabulary::{ApplyMethod, NextUpgrade};

/// Appends the effect on a field.
pub(super) fn of_field(next: NextUpgrade, palette: &Palette, line: &mut Line) {
    append(next, field_word(next), palette, line);
}

/// Appends the effect on a whole object. Helm reverts nothing of an object as such but its absence, also where an ignore
/// rule covers that.
pub(super) fn of_object(next: NextUpgrade, palette: &Palette, line: &mut Line) {
    let word = match next {
        NextUpgrade::Revert => "recreates",
        NextUpgrade::Keep | NextUpgrade::Conflict => field_word(next),
    };
    append(next, word, palette, line);
}

/// Appends the effect on an object that is not the release's, by how Helm applies the release. Helm looks whose an object is
/// only where the manifest names it for the first time (`performUpgrade` in Helm's `pkg/action/upgrade.go`), and writes its own
/// name to all others.
pub(super) fn of_foreign(method: ApplyMethod, palette: &Palette, line: &mut Line) {
    let (next, word) = match method {
        ApplyMethod::Csa => (NextUpgrade::Revert, "takes it over"),
        // The fields of the object's writers are theirs.
        ApplyMethod::Ssa => (NextUpgrade::Conflict, "takes it over or fails (conflict)"),
    };
    append(next, word, palette, line);
}

const fn field_word(next: NextUpgrade) -> &'static str {
    match next {
        NextUpgrade::Revert => "reverts",
        NextUpgrade::Keep => "keeps",
        NextUpgrade::Conflict => "fails (conflict)",
    }
}

fn append(next: NextUpgrade, word: &'static str, palette: &Palette, line: &mut Line) {
    line.whole(palette.dim, "next upgrade: ")
        .whole(palette.next_upgrade(next), word);
}
