use super::*;

#[test]
fn npm() {
    check(
        Manager::Npm,
        &[
            Case {
                name: "manifest, lock file, settings",
                files: &[
                    ("package.json", "{}"),
                    ("package-lock.json", "{}"),
                    (".npmrc", "save-exact=true"),
                    ("index.js", ""),
                ],
                command: "$ ci --omit=dev",
                expected: "files .npmrc package-lock.json package.json",
            },
            Case {
                name: "ci wants a lock file",
                files: &[("web/package.json", "{}")],
                command: "$ ci --prefix web",
                expected: "files web/package.json\nmissing web/package-lock.json",
            },
            Case {
                name: "a workspace: all members' manifests and programs",
                files: &[
                    ("package.json", r#"{"workspaces": ["packages/*", "!packages/old"]}"#),
                    ("package-lock.json", "{}"),
                    ("packages/a/package.json", r#"{"bin": "cli.js"}"#),
                    ("packages/a/cli.js", ""),
                    ("packages/a/src/x.js", ""),
                    (
                        "packages/b/package.json",
                        r#"{"bin": {"b": "dist/made.js"}, "dependencies": {"a": "workspace:*"}}"#,
                    ),
                    ("packages/old/package.json", "{}"),
                ],
                command: "packages/b$ ci",
                expected: "
                files package-lock.json package.json packages/a/cli.js packages/a/package.json packages/b/package.json
                members packages/a packages/b",
            },
            Case {
                name: "local dependencies: a copy, an archive, a link",
                files: &[
                    (
                        "app/package.json",
                        r#"{"dependencies": {"s": "file:../shared", "t": "file:t.tgz", "l": "link:../linked"}}"#,
                    ),
                    ("app/t.tgz", ""),
                    ("shared/package.json", r#"{"dependencies": {"u": "file:../util"}}"#),
                    ("shared/x.js", ""),
                    ("util/package.json", "{}"),
                    ("linked/package.json", r#"{"bin": {"l": "bin/l.js"}}"#),
                    ("linked/bin/l.js", ""),
                    ("linked/x.js", ""),
                ],
                command: "app$ install",
                expected: "
                files app/package.json app/t.tgz linked/bin/l.js linked/package.json shared/ util/
                PathDependency shared
                PathDependency util",
            },
            Case {
                name: "global and named packages",
                files: &[("package.json", r#"{"scripts": {"postinstall": "node x.js"}}"#)],
                command: "$ install -g pm2",
                expected: "",
            },
            Case {
                name: "named packages leave the project's scripts out",
                files: &[("package.json", r#"{"scripts": {"postinstall": "node x.js"}}"#)],
                command: "$ install express",
                expected: "files package.json",
            },
            Case {
                name: "not JSON",
                files: &[("package.json", "{")],
                command: "$ ci",
                expected: "
                files package.json
                unknown package.json cannot be parsed: EOF while parsing an object at line 1 column 1",
            },
        ],
    );
    let text = r#"{"dependencies": {"a": "1"}, "devDependencies": {"b": "1"}, "peerDependencies": {"c": "*"}}"#;
    assert_eq!(
        declared(Manager::Npm, &[("package.json", text)]),
        "dependencies:a devDependencies:b! peerDependencies:c"
    );
}

#[test]
fn yarn() {
    check(
        Manager::Yarn,
        &[
            Case {
                name: "classic: settings, a release of its own, an offline mirror",
                files: &[
                    ("package.json", "{}"),
                    ("yarn.lock", "# yarn lockfile v1"),
                    (
                        ".yarnrc",
                        "yarn-path \".yarn/releases/yarn.cjs\"\nyarn-offline-mirror \"./mirror\"\n",
                    ),
                    (".yarn/releases/yarn.cjs", ""),
                    ("mirror/x.tgz", ""),
                ],
                command: "$ install --frozen-lockfile",
                expected: "files .yarn/releases/yarn.cjs .yarnrc mirror/ package.json yarn.lock",
            },
            Case {
                name: "berry: release, plugins, patches, cache; prepare does not run",
                files: &[
                    (
                        "package.json",
                        r#"{"packageManager": "yarn@4.1.0", "scripts": {"prepare": "tsc"},
                    "resolutions": {"x": "patch:x@npm%3A1.0.0#~/.yarn/patches/x.patch"},
                    "dependencies": {"y": "patch:y@npm:1#./fix/y.patch", "z": "patch:z@1#optional!builtin<compat/z>"}}"#,
                    ),
                    (
                        ".yarnrc.yml",
                        "yarnPath: .yarn/releases/yarn-4.cjs\nplugins:\n  - path: .yarn/plugins/p.cjs\n    spec: p\n",
                    ),
                    (".yarn/releases/yarn-4.cjs", ""),
                    (".yarn/plugins/p.cjs", ""),
                    (".yarn/patches/x.patch", ""),
                    ("fix/y.patch", ""),
                    (".yarn/cache/a.zip", ""),
                    ("yarn.lock", "__metadata:\n  version: 8\n"),
                    (".pnp.cjs", ""),
                ],
                command: "$ -",
                expected: "files .pnp.cjs .yarn/cache/ .yarn/patches/x.patch .yarn/plugins/p.cjs .yarn/releases/yarn-4.cjs .yarnrc.yml fix/y.patch package.json yarn.lock",
            },
            Case {
                name: "classic runs prepare, except for production",
                files: &[("package.json", r#"{"scripts": {"prepare": "tsc"}}"#)],
                command: "$ install --production",
                expected: "files package.json",
            },
            Case {
                name: "classic runs prepare",
                files: &[("package.json", r#"{"scripts": {"prepare": "tsc"}}"#)],
                command: "$ install",
                expected: "files package.json\nScript the root of the context",
            },
        ],
    );
}

#[test]
fn pnpm_and_bun() {
    check(Manager::Pnpm, &[
        Case {
            name: "a workspace with patches, overrides and hooks",
            files: &[
                ("package.json", "{}"), ("pnpm-lock.yaml", ""), (".npmrc", ""), (".pnpmfile.cjs", "module.exports = {}"),
                ("pnpm-workspace.yaml", "packages:\n  - apps/*\n  - '!apps/old'\npatchedDependencies:\n  x@1: patches/x.patch\noverrides:\n  l: link:./libs/l\n"),
                ("apps/a/package.json", "{}"), ("apps/old/package.json", "{}"), ("patches/x.patch", ""), ("libs/l/package.json", "{}"),
            ],
            command: "apps/a$ install --frozen-lockfile",
            expected: "
                files .npmrc .pnpmfile.cjs apps/a/package.json libs/l/package.json package.json patches/x.patch pnpm-lock.yaml pnpm-workspace.yaml
                members apps/a",
        },
        Case {
            name: "fetch reads the lock file and the patches",
            files: &[("package.json", r#"{"pnpm": {"patchedDependencies": {"x@1": "patches/x.patch"}}}"#), ("pnpm-lock.yaml", ""), ("patches/x.patch", "")],
            command: "$ fetch --prod",
            expected: "files patches/x.patch pnpm-lock.yaml",
        },
        Case {
            name: "a prepare script that builds: fetch comes first",
            files: &[("package.json", r#"{"scripts": {"prepare": "pnpm build", "build": "vite build"}}"#), ("pnpm-lock.yaml", "")],
            command: "$ install",
            expected: "files package.json pnpm-lock.yaml\nScript the root of the context\nfirst pnpm fetch",
        },
    ]);
    let broken = run(
        Manager::Pnpm,
        &[("package.json", "{}"), ("pnpm-workspace.yaml", "packages: [")],
        "$ install",
    );
    assert!(
        broken.unknown[0]
            .obstacle
            .starts_with("pnpm-workspace.yaml cannot be parsed")
    );
    check(
        Manager::Bun,
        &[Case {
            name: "lock file, settings, patches",
            files: &[
                ("package.json", r#"{"patchedDependencies": {"x@1": "patches/x.patch"}}"#),
                ("bun.lockb", ""),
                ("bunfig.toml", ""),
                ("patches/x.patch", ""),
                ("yarn.lock", ""),
            ],
            command: "$ install --frozen-lockfile",
            expected: "files bun.lockb bunfig.toml package.json patches/x.patch",
        }],
    );
}

#[test]
fn a_root_ends_the_search_for_a_workspace() {
    let files = MemoryFiles::new([
        ("package.json", r#"{"workspaces": ["web"]}"#),
        ("web/package.json", "{}"),
    ]);
    let mut install = Install::new(Manager::Npm, "install", [""; 0], "web");
    assert_eq!(reads(&install, &files).files.len(), 2);
    install.root = "web".to_owned();
    assert_eq!(reads(&install, &files).files.len(), 1);
}
