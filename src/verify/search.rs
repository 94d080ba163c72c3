//! Which passes a failure is due to. First each is switched off alone, and stays off only where less is wrong without
//! it; where that does not do, one more is switched off at a time.

/// The passes, by how much they change of what is in the image.
const ORDER: [&str; 8] = [
    "slim-base",
    "runtime-libs",
    "split-stages",
    "dockerignore",
    "clean-layers",
    "reorder-copies",
    "merge-runs",
    "cache-mounts",
];

/// A search for the smallest set of passes without which a rewrite is good.
#[derive(Debug)]
pub(super) struct Search {
    /// The passes, the most suspicious one first.
    passes: Vec<&'static str>,
    /// Those that stay off.
    guilty: Vec<&'static str>,
    /// What is off in the rewrite that was made last, beside the guilty ones.
    trying: Option<&'static str>,
    /// The place in `passes` of the next one.
    next: usize,
    /// How much is wrong without the guilty ones.
    wrong: usize,
    /// Whether all stay off that were switched off.
    adds_up: bool,
    tried: Vec<Vec<&'static str>>,
}

impl Search {
    /// Begins with a rewrite of these `passes`, with which so much is `wrong`; `failed` are the checks that say so.
    pub(super) fn new(passes: &[&'static str], failed: &[&str], wrong: usize) -> Search {
        let place = |pass: &&'static str| match *pass {
            // What it does shows in the files and nowhere else.
            "dockerignore" if failed == ["files"] => 0,
            pass => 1 + ORDER.iter().position(|other| *other == pass).unwrap_or(ORDER.len()),
        };
        let mut passes = passes.to_vec();
        passes.sort_by_key(place);
        Search {
            passes,
            guilty: Vec::new(),
            trying: None,
            next: 0,
            wrong,
            adds_up: false,
            tried: Vec::new(),
        }
    }

    /// Takes up passes that change something only where others don't.
    pub(super) fn learn(&mut self, passes: &[&'static str]) {
        let new = passes.iter().filter(|pass| !self.passes.contains(pass));
        let new: Vec<&'static str> = new.copied().collect();
        self.passes.extend(new);
    }

    /// All passes that it knows.
    pub(super) fn all(&self) -> Vec<String> {
        self.passes.iter().map(|pass| (*pass).to_owned()).collect()
    }

    /// What to switch off next, where so much is `wrong` with the rewrite that was made last; none when all was tried.
    pub(super) fn next(&mut self, wrong: usize) -> Option<Vec<&'static str>> {
        if let Some(pass) = self.trying.take()
            && (self.adds_up || wrong < self.wrong)
        {
            self.guilty.push(pass);
            self.wrong = wrong;
        }
        loop {
            let Some(&pass) = self.passes.get(self.next) else {
                if self.adds_up {
                    return None;
                }
                self.adds_up = true;
                self.next = 0;
                self.guilty.clear();
                continue;
            };
            self.next += 1;
            let mut off = self.guilty.clone();
            off.push(pass);
            off.sort_unstable();
            if self.tried.contains(&off) {
                if self.adds_up {
                    self.guilty.push(pass);
                }
                continue;
            }
            self.tried.push(off.clone());
            self.trying = Some(pass);
            return Some(off);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is switched off in turn until `is_good`; `wrong` tells how much is wrong.
    fn search(wrong: impl Fn(&[&str]) -> usize) -> Vec<Vec<&'static str>> {
        let passes = ["cache-mounts", "merge-runs", "slim-base"];
        let mut search = Search::new(&passes, &["builds"], wrong(&[]));
        let (mut all, mut now) = (Vec::new(), wrong(&[]));
        while now > 0
            && let Some(off) = search.next(now)
        {
            now = wrong(&off);
            all.push(off);
        }
        all
    }

    #[test]
    fn only_the_guilty_one_stays_off() {
        let off = search(|off| usize::from(!off.contains(&"cache-mounts")));
        assert_eq!(off, [["slim-base"], ["merge-runs"], ["cache-mounts"]]);
    }

    #[test]
    fn two_that_are_guilty_of_different_things_are_both_found() {
        let wrong = |off: &[&str]| 2 - off.iter().filter(|pass| **pass != "merge-runs").count();
        let off = search(wrong);
        assert_eq!(off.last().unwrap(), &["cache-mounts", "slim-base"]);
        assert_eq!(off.len(), 3);
    }

    #[test]
    fn where_nothing_tells_all_are_switched_off() {
        let off = search(|off| usize::from(off.len() < 3));
        assert_eq!(off.last().unwrap(), &["cache-mounts", "merge-runs", "slim-base"]);
        assert_eq!(search(|_| 1).len(), off.len(), "it ends");
    }

    #[test]
    fn files_that_are_gone_speak_against_the_dockerignore() {
        let mut search = Search::new(&["dockerignore", "slim-base"], &["files"], 1);
        assert_eq!(search.next(1), Some(vec!["dockerignore"]));
    }
}
