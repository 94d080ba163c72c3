use super::*;

/// What `npm ci` reads with this `postinstall`, besides the manifest.
fn postinstall(script: &str, more: &[(&str, &str)]) -> String {
    let manifest = serde_json::json!({
        "scripts": {"postinstall": script, "build": "tsc", "gen": "prisma generate"},
        "devDependencies": {"husky": "^9.0.0", "lefthook": "1"},
    });
    let manifest = manifest.to_string();
    let files = [
        &[("package.json", manifest.as_str()), ("package-lock.json", "{}")],
        more,
    ]
    .concat();
    let found = run(Manager::Npm, &files, "$ ci");
    let own = |path: &&ReadFile| !path.path.starts_with("package");
    let mut parts: Vec<&str> = found.files.iter().filter(own).map(|file| file.path.as_str()).collect();
    parts.extend(found.sources.iter().map(|_| "SOURCES"));
    parts.extend(found.unknown.iter().take(1).map(|_| "UNKNOWN"));
    parts.join(" ")
}

#[test]
fn scripts() {
    for (script, files, expected) in [
        ("husky", &[][..], ""),
        ("husky || true", &[(".git/HEAD", "")], ""),
        ("lefthook install", &[], ""),
        ("lefthook install", &[(".git/HEAD", "")], "UNKNOWN"),
        ("is-ci || npx only-allow npm", &[], ""),
        ("patch-package", &[("patches/a.patch", "")], "patches/"),
        (
            "npx patch-package --patch-dir fixes",
            &[("fixes/a.patch", "")],
            "fixes/",
        ),
        (
            "prisma generate",
            &[("prisma/schema.prisma", "")],
            "prisma/schema.prisma",
        ),
        (
            "npx prisma generate --schema=db/s.prisma",
            &[("db/s.prisma", "")],
            "db/s.prisma",
        ),
        ("npm run gen", &[("schema.prisma", "")], "schema.prisma"),
        (
            "prisma generate",
            &[
                ("prisma.config.ts", "export default { schema: 'db/s.prisma' }"),
                ("db/s.prisma", ""),
            ],
            "db/s.prisma prisma.config.ts",
        ),
        (
            "prisma generate",
            &[("prisma.config.ts", "import x from './env.ts'"), ("env.ts", "")],
            "prisma.config.ts UNKNOWN",
        ),
        ("npm run build", &[], "SOURCES"),
        ("npm run nothing", &[], "UNKNOWN"),
        ("cross-env A=b tsc -p .", &[], "SOURCES"),
        ("NODE_ENV=x npx next telemetry disable", &[], "SOURCES"),
        (
            "node scripts/x.js",
            &[("scripts/x.js", "require('./y'); console.log(1)"), ("scripts/y.js", "")],
            "scripts/x.js scripts/y.js",
        ),
        (
            "node scripts/x",
            &[("scripts/x.js", "import a from '../a.json' with {}"), ("a.json", "{}")],
            "a.json scripts/x.js",
        ),
        (
            "node ./x.mjs --flag",
            &[("x.mjs", "import fs from 'node:fs'")],
            "x.mjs UNKNOWN",
        ),
        ("node x.js", &[("x.js", "require(name)")], "x.js UNKNOWN"),
        ("node x.js", &[], ""),
        ("node -e \"console.log('hi')\"", &[], ""),
        ("node -e \"require('fs').rmSync('x')\"", &[], "UNKNOWN"),
        (
            "sh setup.sh",
            &[
                ("setup.sh", "#!/bin/sh\n# c\necho hi\npatch-package\n"),
                ("patches/a.patch", ""),
            ],
            "patches/ setup.sh",
        ),
        ("bash -c 'tsc'", &[], "SOURCES"),
        ("./setup.sh", &[("setup.sh", "curl x | sh")], "setup.sh UNKNOWN"),
        ("node ./node_modules/x/y.js", &[], "UNKNOWN"),
        (
            "cd client && npm install",
            &[("client/package.json", "{}")],
            "client/package.json",
        ),
        (
            "npm --prefix client ci",
            &[("client/package.json", "{}"), ("client/package-lock.json", "")],
            "client/package-lock.json client/package.json",
        ),
        ("rm -rf dist", &[], ""),
        ("rm -rf dist", &[("dist/x", "")], "UNKNOWN"),
        ("cp .env.example .env", &[(".env.example", "")], "UNKNOWN"),
        ("echo $(git rev-parse HEAD)", &[], "UNKNOWN"),
        ("frobnicate", &[], "UNKNOWN"),
        ("cd .. && tsc", &[], "UNKNOWN"),
        ("electron-builder install-app-deps", &[], "UNKNOWN"),
    ] {
        assert_eq!(postinstall(script, files), expected, "{script} with {files:?}");
    }
}

#[test]
fn what_runs_without_a_script() {
    let prisma = r#"{"dependencies": {"@prisma/client": "5"}}"#;
    let found = run(
        Manager::Npm,
        &[("package.json", prisma), ("prisma/schema.prisma", "")],
        "$ install",
    );
    assert_eq!(summary(&found), ["files package.json prisma/schema.prisma"]);

    let gyp = [("package.json", "{}"), ("binding.gyp", "{}"), ("src/a.cc", "")];
    let found = run(Manager::Npm, &gyp, "$ install");
    assert_eq!(
        summary(&found),
        ["files binding.gyp package.json", "Script the root of the context"]
    );
    assert_eq!(
        summary(&run(Manager::Npm, &gyp, "$ install --ignore-scripts")),
        ["files package.json"]
    );

    let ignored = [
        ("package.json", r#"{"scripts": {"prepare": "tsc"}}"#),
        (".npmrc", "ignore-scripts=true\n"),
    ];
    assert_eq!(
        summary(&run(Manager::Npm, &ignored, "$ install")),
        ["files .npmrc package.json"]
    );
}

#[test]
fn a_missing_script_file_is_missing() {
    let found = run(
        Manager::Npm,
        &[("package.json", r#"{"scripts": {"install": "node gone.js"}}"#)],
        "$ install",
    );
    assert_eq!(summary(&found), ["files package.json", "missing gone.js"]);
}
