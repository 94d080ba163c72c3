//! Ctrl-C and SIGTERM: the first stops the work and cleans up, the second ends the program at once.

use std::process::exit;
use std::thread;
use std::time::Duration;

use anyhow::Context as _;

use super::Status;
use super::output::Output;
use crate::process::Cancel;

/// How long cleaning up may take before the program ends without it. Each command of the engine has a limit of its own;
/// this one is for what nobody thought of.
const LONGEST_CLEAN_UP: Duration = Duration::from_secs(300);

/// How long the last word may take.
const MOMENT: Duration = Duration::from_millis(300);

/// Lets signals end what the engine does, and then the program.
///
/// # Errors
/// If the system has no handler to give, or the program listens already.
pub(super) fn listen(wish: Cancel) -> anyhow::Result<()> {
    let on_signal = move || {
        if wish.is_cancelled() {
            give_up("stopped without cleaning up");
        }
        wish.cancel();
        thread::spawn(|| {
            thread::sleep(LONGEST_CLEAN_UP);
            give_up("cleaning up did not end");
        });
    };
    ctrlc::set_handler(on_signal).context("cannot listen to Ctrl-C")
}

fn give_up(why: &'static str) -> ! {
    // Nobody may read what is said, and another thread may wait in the middle of a line: that keeps nothing alive.
    thread::spawn(move || {
        Output::say(&format!(
            "error: {why}: images and containers whose names begin with `plimsoll-` may be left"
        ));
    });
    thread::sleep(MOMENT);
    exit(Status::InputError as i32);
}
