//! What `go` commands read.

use super::mod_file;
use crate::effects::ecosystems::manifests::arguments::Arguments;
use crate::effects::ecosystems::manifests::gather::{Gather, download_first};
use crate::effects::ecosystems::manifests::install::Install;
use crate::effects::ecosystems::manifests::paths;
use crate::effects::ecosystems::manifests::reads::SourceKind;

const VALUED: &str = "
    -C -o -ldflags -tags -mod -modfile -p -gcflags -asmflags -buildmode -compiler -gccgoflags -installsuffix
    -overlay -pkgdir -toolexec -pgo -run -timeout -count";

/// What a `go` command reads.
pub(crate) fn install(install: &Install, gather: &mut Gather) {
    let arguments = Arguments::parse(&install.arguments, VALUED);
    let folder = match arguments.value(&["-C"]) {
        Some(name) => match paths::resolve(&install.folder, name) {
            Some(folder) => folder,
            None => return gather.outside(name, "-C"),
        },
        None => install.folder.clone(),
    };
    // A package with a version is installed without regard to the module around it.
    let remote = |operand: &String| operand.contains('@') && !operand.starts_with('.');
    let all_remote = !arguments.operands.is_empty() && arguments.operands.iter().all(remote);
    match install.verb.as_str() {
        "mod download" | "mod verify" | "mod graph" => modules(gather, &folder, &install.root),
        "get" if all_remote => modules(gather, &folder, &install.root),
        "install" | "run" if all_remote => {}
        "get" | "mod tidy" | "mod vendor" | "mod why" | "list" | "generate" | "vet" => {
            modules(gather, &folder, &install.root);
            let why = format!("`go {}` reads the imports of all sources", install.verb);
            gather.source(&folder, SourceKind::Project, why);
            gather.project(None);
        }
        "build" | "install" | "test" | "run" => build(install, gather, &folder, &arguments),
        "" | "env" | "version" | "clean" | "mod init" | "work init" | "telemetry" => {}
        verb => gather.unknown(
            format!("`go {verb}` is not a command whose reads are known"),
            "download the dependencies with `go mod download` in a step of its own",
        ),
    }
}

fn build(install: &Install, gather: &mut Gather, folder: &str, arguments: &Arguments) {
    let vendored = gather.files.exists(&paths::join(folder, "vendor/modules.txt"));
    modules(gather, folder, &install.root);
    gather.source(
        folder,
        SourceKind::Project,
        format!("`go {}` compiles the project", install.verb),
    );
    if vendored {
        gather.take_folder(&paths::join(folder, "vendor"), "the vendored dependencies");
    }
    // `-buildvcs=auto` stamps the version where the main package lies in a repository (go help buildvcs).
    let stamps = arguments.value(&["-buildvcs"]).is_none_or(|value| value != "false")
        && !install.arguments.iter().any(|word| word == "-buildvcs=false");
    for at in paths::upward(folder, &install.root).into_iter().filter(|_| stamps) {
        let git = paths::join(at, ".git");
        if !gather.files.list(&git).is_empty() {
            gather.take_folder(
                &git,
                "where go build takes the version from; -buildvcs=false switches it off",
            );
        }
    }
    gather.project(if vendored {
        None
    } else {
        download_first(&["go", "mod", "download"], Vec::new())
    });
}

/// `go.mod`, `go.sum`, the workspace around them, and the modules that stand in for others.
fn modules(gather: &mut Gather, folder: &str, root: &str) {
    let upward = paths::upward(folder, root);
    let workspace = upward
        .iter()
        .find(|at| gather.files.exists(&paths::join(at, "go.work")));
    let Some(workspace) = workspace.copied() else {
        // go looks for go.mod in the folders above, too.
        let module = upward.iter().find(|at| gather.files.exists(&paths::join(at, "go.mod")));
        gather.take(&paths::join(folder, "go.work"), "the workspace");
        return self::module(gather, module.copied().unwrap_or(folder));
    };
    let path = paths::join(workspace, "go.work");
    let text = gather.need_text(&path, "the workspace").unwrap_or_default();
    gather.take(&paths::join(workspace, "go.work.sum"), "the checksums of the workspace");
    let directives = mod_file::parse(&text);
    let uses = directives.iter().filter(|directive| directive.keyword == "use");
    for name in uses.filter_map(|directive| directive.words.first()) {
        match paths::resolve(workspace, name) {
            Some(member) => {
                if member != workspace {
                    gather.member(&member);
                }
                module(gather, &member);
            }
            None => gather.outside(name, &path),
        }
    }
    replacements(gather, workspace, &path, &directives);
}

fn module(gather: &mut Gather, folder: &str) {
    if !gather.first_visit("go module", folder) {
        return;
    }
    let path = paths::join(folder, "go.mod");
    let text = gather.need_text(&path, "the manifest").unwrap_or_default();
    gather.take(&paths::join(folder, "go.sum"), "the checksums of the dependencies");
    replacements(gather, folder, &path, &mod_file::parse(&text));
}

/// The `go.mod` of each folder that replaces a module; its own replacements don't count.
fn replacements(gather: &mut Gather, folder: &str, place: &str, directives: &[mod_file::Directive]) {
    for name in mod_file::local_replacements(directives) {
        match paths::resolve(folder, name) {
            Some(target) => {
                gather.need(
                    &paths::join(&target, "go.mod"),
                    &format!("replaces a module in {place}"),
                );
            }
            None => gather.outside(name, place),
        }
    }
}
