//! Images and containers that a killed run left. Each has a label that names the process that made it; a later run removes
//! those of processes that are gone.

use super::engine::{Engine, Kind};

/// The label that all images and containers have.
const LABEL: &str = "plimsoll.owner";

/// The label with its value: where the process runs that makes the thing, and its number.
pub(super) fn label() -> String {
    format!("{LABEL}={}{}", place(), std::process::id())
}

impl Engine {
    /// Removes the images and containers that runs of this program left here which were killed.
    pub fn remove_leftovers(&self) {
        remove(self);
    }
}

/// Removes what processes left that ran here and are gone. What an engine does not tell is left alone.
fn remove(engine: &Engine) {
    if engine.kind == Kind::Buildah {
        return;
    }
    for (list, kind, remove) in [
        (
            &["ps", "--all", "--quiet"][..],
            "container",
            &["rm", "--force", "--volumes"][..],
        ),
        (&["images", "--quiet"], "image", &["image", "rm", "--force"]),
    ] {
        let filter = format!("label={LABEL}");
        let Ok(found) = engine.soon(&[list, &["--filter", &filter]].concat()) else {
            return;
        };
        for id in found.split_whitespace() {
            let format = format!("{{{{index .Config.Labels \"{LABEL}\"}}}}");
            let owner = engine.soon(&[kind, "inspect", "--format", &format, id]);
            if owner.is_ok_and(|owner| is_gone(owner.trim())) {
                let _ = engine.clean_up(&[remove, &[id]].concat());
            }
        }
    }
}

/// Whether `owner` names a process of this place that is gone.
fn is_gone(owner: &str) -> bool {
    let number = owner.strip_prefix(&place()).and_then(|number| number.parse().ok());
    number.is_some_and(has_ended)
}

/// Where the numbers of processes mean the same: the machine, and on Linux the container on it.
fn place() -> String {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let machine = read("/proc/sys/kernel/hostname");
    let numbers = std::fs::read_link("/proc/self/ns/pid").unwrap_or_default();
    format!("{}/{}/", machine.trim(), numbers.display())
}

#[cfg(unix)]
fn has_ended(number: i32) -> bool {
    use rustix::process::{Pid, test_kill_process};

    Pid::from_raw(number).is_some_and(|process| test_kill_process(process) == Err(rustix::io::Errno::SRCH))
}

#[cfg(not(unix))]
fn has_ended(_number: i32) -> bool {
    false
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;

    #[test]
    fn only_processes_of_this_place_that_are_gone_are_gone() {
        let mut child = std::process::Command::new("true").spawn().unwrap();
        child.wait().unwrap();
        assert!(is_gone(&format!("{}{}", place(), child.id())));
        assert!(!is_gone(&format!("{}{}", place(), std::process::id())));
        assert!(!is_gone(&format!("elsewhere/pid:[1]/{}", child.id())));
        for odd in [
            "",
            "<no value>",
            &place(),
            &format!("{}x", place()),
            &format!("{}0", place()),
        ] {
            assert!(!is_gone(odd), "{odd}");
        }
    }
}
