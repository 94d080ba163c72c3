//! Packages and sources of Python and Node.js. Nothing comes from the network: packages are folders of the context.

use super::draft::{Draft, Kind};

const OFFLINE: &str = "--no-index --no-build-isolation";

/// Installs a package of Python, or runs a script that makes a file.
pub fn python(draft: &mut Draft) {
    if draft.random.chance(25) {
        return generated(draft);
    }
    let name = draft.name();
    draft.file(
        format!("{name}/{name}/__init__.py"),
        format!("def main():\n    print(\"{name}\")\n"),
    );
    let manifest = format!(
        "[build-system]\nrequires = [\"setuptools\"]\nbuild-backend = \"setuptools.build_meta\"\n\n[project]\nname = \
         \"{name}\"\nversion = \"1.0\"\n\n[project.scripts]\n{name} = \"{name}:main\"\n\n[tool.setuptools]\npackages = \
         [\"{name}\"]\n"
    );
    draft.file(format!("{name}/pyproject.toml"), manifest);
    let folder = draft.fetch(&name, true);
    match draft.random.below(4) {
        0 => in_an_environment(draft, &name, &folder),
        1 => beside_a_list(draft, &name, &folder),
        _ => {
            let pip = draft.random.pick(&[
                "pip install",
                "pip3 install",
                "python -m pip install",
                "pip --no-cache-dir install",
            ]);
            let text = format!("{pip} {OFFLINE} {folder}");
            draft.command(&text);
            draft.made(format!("/usr/local/bin/{name}"), Kind::Program, &name, folder);
        }
    }
}

fn in_an_environment(draft: &mut Draft, name: &str, folder: &str) {
    let place = draft.random.pick(&["/opt/venv", "/srv/env", "/app/.venv"]).to_owned() + name;
    draft.command(format!("python -m venv --system-site-packages {place}"));
    draft.command(format!("{place}/bin/pip install {OFFLINE} {folder}"));
    draft.made(format!("{place}/bin/{name}"), Kind::Program, name, folder);
}

/// A list of requirements with comments, in the folder of the package.
fn beside_a_list(draft: &mut Draft, name: &str, folder: &str) {
    draft.file(format!("{name}/requirements.txt"), "# ours\n.\n");
    let text = format!("pip install {OFFLINE} -r requirements.txt");
    draft.command_in(folder, text);
    draft.made(
        format!("/usr/local/bin/{name}"),
        Kind::Program,
        name,
        "-r requirements.txt",
    );
}

/// A script of the context makes a file at a place that it is told.
fn generated(draft: &mut Draft) {
    let name = draft.name();
    let script = "import sys\n\nwith open(sys.argv[1], \"w\") as out:\n    out.write(sys.argv[2] + \"\\n\")\n";
    draft.file(format!("tools/{name}.py"), script);
    let script = draft.fetch(&format!("tools/{name}.py"), false);
    let path = format!("{}/{name}.txt", draft.place());
    let text = format!("python {script} {path} {name}");
    draft.command(&text);
    draft.made(path, Kind::Text, &name, text);
}

/// Installs a package of Node.js from a folder, and lets a script of package.json build.
pub fn node(draft: &mut Draft) {
    let name = draft.name();
    let manifest = format!(
        "{{\n  \"name\": \"{name}\",\n  \"version\": \"1.0.0\",\n  \"private\": true,\n  \"scripts\": {{ \"build\": \"node build.js\" \
         }},\n  \"dependencies\": {{ \"lib-{name}\": \"file:./lib\" }}\n}}\n"
    );
    draft.file(format!("{name}/package.json"), manifest);
    draft.file(
        format!("{name}/lib/package.json"),
        format!("{{ \"name\": \"lib-{name}\", \"version\": \"1.0.0\" }}\n"),
    );
    draft.file(
        format!("{name}/lib/index.js"),
        format!("module.exports = \"{name}\";\n"),
    );
    let out = draft
        .random
        .pick(&["dist", "build", "public/assets", "../made"])
        .to_owned();
    let build = format!(
        "const fs = require(\"fs\");\nfs.mkdirSync(\"{out}\", {{ recursive: true \
         }});\nfs.writeFileSync(\"{out}/{name}.txt\", \"{name}-built\\n\");\n"
    );
    draft.file(format!("{name}/build.js"), build);
    draft.file(
        format!("{name}/main.js"),
        format!("console.log(require(\"lib-{name}\"));\n"),
    );
    let folder = draft.fetch(&name, true);
    let install = draft.random.pick(&[
        "npm install --offline",
        "npm i --offline --no-audit --no-fund",
        "npm install --omit=dev --offline",
    ]);
    draft.command_in(&folder, install);
    draft.command_in(&folder, "npm run build");
    draft.copied(format!("{folder}/main.js"), Kind::Source("node"), &name);
    let built = match out.strip_prefix("../") {
        Some(beside) => format!(
            "{}/{beside}/{name}.txt",
            folder.rsplit_once('/').map_or("", |(above, _)| above)
        ),
        None => format!("{folder}/{out}/{name}.txt"),
    };
    draft.made(built, Kind::Text, &format!("{name}-built"), "npm run build");
}
