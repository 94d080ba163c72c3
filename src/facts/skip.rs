//! `# plimsoll: skip` comments.

use crate::syntax::{Instruction, Keyword};

/// Which passes the user keeps away from an instruction.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Skip {
    /// Whether it is all of them.
    pub all: bool,
    /// The ids of single passes, as written.
    pub passes: Vec<String>,
}

impl Skip {
    /// Whether the pass called `id` must leave the instruction alone.
    pub fn applies_to(&self, id: &str) -> bool {
        self.all || self.passes.iter().any(|pass| pass == id)
    }
}

/// Reads the comments above instructions. One above a FROM holds for its whole stage.
#[derive(Default)]
pub(super) struct Reader {
    stage: Skip,
}

impl Reader {
    pub(super) fn read(&mut self, instruction: &Instruction) -> Skip {
        let own = comments(&instruction.leading);
        if instruction.keyword() == Keyword::From {
            self.stage = own;
            return self.stage.clone();
        }
        if self.stage == Skip::default() {
            return own;
        }
        let mut passes = self.stage.passes.clone();
        passes.extend(own.passes);
        Skip {
            all: self.stage.all || own.all,
            passes,
        }
    }
}

fn comments(leading: &str) -> Skip {
    let mut skip = Skip::default();
    if !leading.contains("plimsoll") {
        return skip;
    }
    for line in leading.lines() {
        let Some(text) = line.trim_start().strip_prefix('#').map(str::trim) else {
            continue;
        };
        let Some(text) = text
            .strip_prefix("plimsoll:")
            .map(str::trim)
            .and_then(|text| text.strip_prefix("skip"))
        else {
            continue;
        };
        match text.trim().strip_prefix('=') {
            Some(ids) => skip.passes.extend(
                ids.split(',')
                    .map(|id| id.trim().to_owned())
                    .filter(|id| !id.is_empty()),
            ),
            // `skip`, or `skip` and the user's reason.
            None if text.is_empty() || text.starts_with(char::is_whitespace) => skip.all = true,
            None => {}
        }
    }
    skip
}
