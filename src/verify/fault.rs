//! Whose fault a failed build is, by what the engine reports: exit codes, the step that failed and the status of the
//! protocol. What commands of the file write is not looked at: it may say anything.

use super::engine::Kind;
use super::progress::Progress;

/// Whose fault a failed build is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// A command of the file ended with this code.
    Command(i32),
    /// An image that the file names cannot be had.
    Image,
    /// The engine could not do its work: that says nothing about the file.
    Engine,
    /// The engine does not say.
    Unknown,
}

/// The exit codes by which buildx says that BuildKit failed inside, ran out of something, or was stopped.
const BUILDX_ENGINE: [i32; 3] = [100, 102, 130];

/// The statuses of gRPC by which an engine speaks of itself or of the connection to it, and not of what it was asked.
const STATUSES: [&str; 7] = [
    "Canceled",
    "DeadlineExceeded",
    "ResourceExhausted",
    "Aborted",
    "Internal",
    "Unavailable",
    "DataLoss",
];

/// The exit code of podman and buildah for all that is not the end of a command of the file.
const GENERIC: i32 = 125;

/// The fault of a build that ended with `code` and reported `progress`.
pub(super) fn fault(kind: Kind, is_buildkit: bool, code: Option<i32>, progress: &Progress) -> Fault {
    match (kind, code) {
        // A signal ended the client.
        (_, None) => Fault::Engine,
        (Kind::Docker, Some(code)) if is_buildkit => of_buildkit(code, progress),
        // The old builder ends with the code of the command, and with 1 for all else.
        (Kind::Docker, Some(1)) | (Kind::Podman | Kind::Buildah, Some(GENERIC)) => Fault::Unknown,
        (_, Some(code)) => Fault::Command(code),
    }
}

fn of_buildkit(code: i32, progress: &Progress) -> Fault {
    if let Some((step, error)) = progress.failed_step() {
        // The error type of a process that ended, as BuildKit writes it. What stopped it, if anything, comes after it.
        let ended = error.rsplit_once(" did not complete successfully: exit code: ");
        if let Some(code) = ended.and_then(|(_, code)| code.trim().parse().ok()) {
            return Fault::Command(code);
        }
        let is_base = step.split_once("] ").is_some_and(|(_, what)| what.starts_with("FROM "));
        if step.starts_with("[internal] load metadata for ") || is_base {
            return Fault::Image;
        }
        if step.starts_with("[internal] ") || step.starts_with("exporting ") {
            return Fault::Engine;
        }
    }
    if BUILDX_ENGINE.contains(&code) || progress.failure().is_some_and(is_of_engine) {
        return Fault::Engine;
    }
    Fault::Unknown
}

/// Whether the failure of a build is a status of the protocol that is about the engine.
fn is_of_engine(failure: &str) -> bool {
    let status = failure.split_once("rpc error: code = ");
    status.is_some_and(|(_, rest)| STATUSES.contains(&rest.split(' ').next().unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn progress(log: &str) -> Progress {
        let mut progress = Progress::default();
        log.lines().for_each(|line| progress.take(line, &mut |_| {}));
        progress
    }

    fn buildkit(log: &str) -> Fault {
        fault(Kind::Docker, true, Some(1), &progress(log))
    }

    #[test]
    fn the_failed_step_tells() {
        let run = "#5 [2/2] RUN make\n#5 0.2 no space left on device\n#5 0.2 #4 ERROR: rpc error: code = Internal\n\
                   #5 ERROR: process \"/bin/sh -c make\" did not complete successfully: exit code: 2\n\
                   ERROR: failed to solve: process \"/bin/sh -c make\" did not complete successfully: exit code: 2\n";
        assert_eq!(buildkit(run), Fault::Command(2), "words of a command count for nothing");
        let image =
            "#2 [internal] load metadata for docker.io/library/x:1\n#2 ERROR: anything\nERROR: failed to solve: x\n";
        assert_eq!(buildkit(image), Fault::Image);
        assert_eq!(
            buildkit("#4 [1/2] FROM docker.io/library/x\n#4 ERROR: EOF\n"),
            Fault::Image
        );
        assert_eq!(
            buildkit("#9 exporting to image\n#9 ERROR: write /x: anything\n"),
            Fault::Engine
        );
        let names_it = "#5 [2/2] RUN echo '] FROM '\n#5 ERROR: anything\n";
        assert_eq!(buildkit(names_it), Fault::Unknown, "a command is no base image");
        let copy = "#5 [2/2] COPY a /a\n#5 ERROR: \"/a\": not found\n";
        assert_eq!(buildkit(copy), Fault::Unknown);
        let stopped = "#5 [a 2/2] RUN x\n#6 [b 2/2] RUN y\n#5 ERROR: process \"x\" did not complete successfully: exit code: 3\n\
                       #6 ERROR: context canceled\n";
        assert_eq!(buildkit(stopped), Fault::Command(3));
        // As the engine reports a step that was running when it was stopped.
        let killed = "#5 [a 2/2] RUN x\n#6 [b 2/2] RUN y\n#5 ERROR: process \"x\" did not complete successfully: exit code: 3\n\
                      #6 ERROR: process \"y\" did not complete successfully: exit code: 137: context canceled: context canceled\n";
        assert_eq!(buildkit(killed), Fault::Command(3));
    }

    #[test]
    fn statuses_and_exit_codes_tell() {
        let gone = "#5 [2/2] RUN make\nERROR: failed to receive status: rpc error: code = Unavailable desc = x\n";
        assert_eq!(buildkit(gone), Fault::Engine);
        let asked = "ERROR: failed to solve: rpc error: code = Unknown desc = dockerfile parse error\n";
        assert_eq!(buildkit(asked), Fault::Unknown);
        for code in BUILDX_ENGINE {
            assert_eq!(fault(Kind::Docker, true, Some(code), &progress("")), Fault::Engine);
        }
        for kind in [Kind::Docker, Kind::Podman, Kind::Buildah] {
            assert_eq!(fault(kind, true, None, &progress("")), Fault::Engine);
        }
        assert_eq!(fault(Kind::Podman, false, Some(125), &progress("")), Fault::Unknown);
        assert_eq!(fault(Kind::Podman, false, Some(2), &progress("")), Fault::Command(2));
        assert_eq!(fault(Kind::Docker, false, Some(1), &progress("")), Fault::Unknown);
    }
}
