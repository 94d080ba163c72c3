//! The pass on contexts that are held in memory.

use std::sync::Arc;

use crate::context::ContextSource;
use crate::passes::PassOptions;
use crate::rewrite::{Options, Rewrite, rewrite};

fn run(files: &[&str], body: &str) -> Rewrite {
    let files = files.iter().map(|file| match file.split_once('=') {
        Some((path, text)) => (path.to_owned(), text.to_owned()),
        None => ((*file).to_owned(), default_text(file).to_owned()),
    });
    let context = ContextSource::in_memory(files).unwrap();
    let options = Options {
        passes: PassOptions {
            context: Some(Arc::new(context)),
            ..PassOptions::default()
        },
        only: vec!["reorder-copies".to_owned()],
        ..Options::default()
    };
    let first = rewrite("Dockerfile", body, &options).unwrap();
    let again = rewrite("Dockerfile", &first.text, &options).unwrap();
    assert_eq!(again.text, first.text, "a second run changes it again");
    first
}

fn default_text(path: &str) -> &'static str {
    match path.rsplit('/').next().unwrap_or(path) {
        "package.json" => r#"{"name": "a", "dependencies": {"express": "4"}}"#,
        "go.mod" => "module a\n\ngo 1.22\n\nrequire example.org/b v1.0.0\n",
        "pyproject.toml" => {
            "[project]\nname = \"a\"\nversion = \"1\"\ndependencies = [\"flask\"]\n[build-system]\nrequires = [\"hatchling\"]\nbuild-backend = \"hatchling.build\"\n"
        }
        "requirements.txt" => "flask\n",
        _ => "",
    }
}

/// `body` is what follows `FROM python:3.12`, lines joined by ` / `.
#[track_caller]
fn moves(files: &[&str], body: &str, expected: &str) {
    let text = |body: &str| format!("FROM python:3.12\n{}\n", body.replace(" / ", "\n"));
    let result = run(files, &text(body));
    assert_eq!(result.text, text(expected), "{:#?}", result.refusals);
}

#[track_caller]
fn declines(files: &[&str], body: &str, obstacle: &str) {
    let text = format!("FROM python:3.12\n{}\n", body.replace(" / ", "\n"));
    let result = run(files, &text);
    assert_eq!(result.text, text);
    let said: Vec<&str> = result
        .refusals
        .iter()
        .map(|refusal| refusal.obstacle.as_str())
        .collect();
    assert!(said.iter().any(|said| said.contains(obstacle)), "{said:#?}");
}

const PIP: &[&str] = &["requirements.txt", "app.py"];

#[test]
fn pip() {
    moves(
        PIP,
        "WORKDIR /app / COPY . . / RUN pip install -r requirements.txt",
        "WORKDIR /app / COPY requirements.txt . / RUN pip install -r requirements.txt / COPY . .",
    );
    moves(
        &[
            "requirements.txt=-r base.txt\n-c requirements/limits.txt\n",
            "base.txt",
            "requirements/limits.txt",
            "app.py",
        ],
        "WORKDIR /app / COPY . ./ / RUN pip install -r requirements.txt",
        "WORKDIR /app / COPY base.txt requirements.txt ./ / COPY requirements/limits.txt ./requirements/ / \
         RUN pip install -r requirements.txt / COPY . ./",
    );
    moves(
        PIP,
        "ADD . /app / WORKDIR /app / RUN pip install -r /app/requirements.txt",
        "WORKDIR /app / COPY requirements.txt /app/ / RUN pip install -r /app/requirements.txt / ADD . /app",
    );
    // System packages come first, too.
    moves(
        PIP,
        "WORKDIR /app / COPY . . / RUN apt-get update && apt-get install -y git / RUN pip install -r requirements.txt",
        "WORKDIR /app / RUN apt-get update && apt-get install -y git / COPY requirements.txt . / \
         RUN pip install -r requirements.txt / COPY . .",
    );
}

#[test]
fn comments_and_flags_stay_with_their_instruction() {
    moves(
        PIP,
        "WORKDIR /app / # the sources / COPY --chown=1000:1000 . . / # the packages / RUN pip install -r requirements.txt",
        "WORKDIR /app / # the packages / COPY --chown=1000:1000 requirements.txt . / RUN pip install -r requirements.txt / \
         # the sources / COPY --chown=1000:1000 . .",
    );
}

#[test]
fn node() {
    moves(
        &["package.json", "package-lock.json={}", ".npmrc", "index.js"],
        "WORKDIR /app / COPY . . / RUN npm ci / RUN npm run build",
        "WORKDIR /app / COPY .npmrc package-lock.json package.json ./ / RUN npm ci / COPY . . / RUN npm run build",
    );
    moves(
        &["package.json", "yarn.lock", "index.js"],
        "WORKDIR /app / COPY . /app / RUN yarn install --frozen-lockfile",
        "WORKDIR /app / COPY package.json yarn.lock /app/ / RUN yarn install --frozen-lockfile / COPY . /app",
    );
    moves(
        &["package.json", "index.js"],
        "WORKDIR /app / COPY . . / RUN npm install -g typescript && npm install",
        "WORKDIR /app / COPY package.json . / RUN npm install -g typescript && npm install / COPY . .",
    );
    moves(
        &[
            "package.json",
            "pnpm-lock.yaml=lockfileVersion: '9.0'\n",
            "pnpm-workspace.yaml=packages:\n  - packages/*\n",
            "packages/a/package.json",
            "packages/b/package.json",
            "packages/a/index.js",
        ],
        "WORKDIR /app / COPY . . / RUN pnpm install --frozen-lockfile",
        "WORKDIR /app / COPY package.json pnpm-lock.yaml pnpm-workspace.yaml ./ / COPY packages/a/package.json packages/a/ / \
         COPY packages/b/package.json packages/b/ / RUN pnpm install --frozen-lockfile / COPY . .",
    );
}

#[test]
fn one_copy_brings_all_members_where_the_frontend_can() {
    let files = &[
        "web/package.json={\"workspaces\": [\"packages/*\", \"docs\"]}",
        "web/packages/a/package.json",
        "web/packages/b/package.json",
        "web/packages/a/index.js",
        "web/docs/package.json",
    ];
    let text = |syntax: &str, copies: &str| {
        format!("# syntax=docker/dockerfile:{syntax}\nFROM node:20\nWORKDIR /app\n{copies}\n")
    };
    let before = "COPY web .\nRUN npm install";
    let one = "COPY web/package.json .\nCOPY --parents web/./docs/package.json web/./packages/*/package.json ./\nRUN npm install\nCOPY web .";
    let many = "COPY web/package.json .\nCOPY web/docs/package.json docs/\nCOPY web/packages/a/package.json packages/a/\n\
                COPY web/packages/b/package.json packages/b/\nRUN npm install\nCOPY web .";
    for (syntax, copies) in [
        ("1.20", one),
        ("1-labs", one),
        ("1.7.1-labs", one),
        ("1", many),
        ("1.19", many),
    ] {
        assert_eq!(run(files, &text(syntax, before)).text, text(syntax, copies), "{syntax}");
    }
}

#[test]
fn a_script_of_the_install_comes_along() {
    moves(
        &[
            r#"package.json={"scripts": {"postinstall": "node a.js"}}"#,
            "a.js",
            "b.js",
        ],
        "WORKDIR /app / COPY . . / RUN npm install",
        "WORKDIR /app / COPY a.js package.json ./ / RUN npm install / COPY . .",
    );
}

#[test]
fn dependencies_first() {
    moves(
        &["pyproject.toml", "uv.lock", "a/x.py", "README.md"],
        "WORKDIR /app / COPY . . / RUN uv sync --frozen",
        "WORKDIR /app / COPY pyproject.toml uv.lock ./ / RUN uv sync --frozen --no-install-project / COPY . . / \
         RUN uv sync --frozen",
    );
    moves(
        &[
            "pyproject.toml=[tool.poetry]\nname = \"a\"\nversion = \"1\"\n",
            "poetry.lock",
            "a/x.py",
        ],
        "WORKDIR /app / COPY . . / RUN pip install poetry && poetry install --only main",
        "WORKDIR /app / COPY poetry.lock pyproject.toml ./ / RUN pip install poetry && poetry install --only main --no-root / \
         COPY . . / RUN poetry install --only main",
    );
    let listed = "pyproject.toml=[project]\nname = \"a\"\ndependencies = [\"b>1\"]\n";
    let prints = "python -c \"import tomllib; print(*tomllib.load(open('pyproject.toml', 'rb'))['project']['dependencies'], sep='\\n')\" \\\n    | ";
    moves(
        &[listed, "a/x.py"],
        "WORKDIR /app / COPY . . / RUN pip install --no-cache-dir -e .",
        &format!(
            "WORKDIR /app / COPY pyproject.toml . / RUN {prints}pip install --no-cache-dir -r /dev/stdin / COPY . . / \
             RUN pip install --no-cache-dir -e ."
        ),
    );
    for other in [
        "pip install .[web]",
        "pip install . -r more.txt",
        "pip install --no-deps .",
        "pip install '.;a'",
    ] {
        declines(
            &[listed, "more.txt", "a/x.py"],
            &format!("WORKDIR /app / COPY . . / RUN {other}"),
            "",
        );
    }
    let text = "FROM python:3.10\nWORKDIR /app\nCOPY . .\nRUN pip install .\n";
    let result = run(&[listed, "a/x.py"], text);
    assert_eq!(result.text, text, "Python 3.10 reads no TOML");
    let text = "FROM golang:1.22 AS build\nWORKDIR /src\nCOPY . .\nRUN go build -o /bin/a .\nFROM scratch\nCOPY --from=build /bin/a /a\n";
    let result = run(&["go.mod", "go.sum", "main.go"], text);
    let expected = "FROM golang:1.22 AS build\nWORKDIR /src\nCOPY go.mod go.sum ./\nRUN go mod download\nCOPY . .\nRUN go build -o /bin/a .\nFROM scratch\nCOPY --from=build /bin/a /a\n";
    assert_eq!(result.text, expected, "{:#?}", result.refusals);
}

#[test]
fn parts_of_a_context() {
    moves(
        &["api/requirements.txt", "api/app.py", "web/x.js"],
        "WORKDIR /srv / COPY api/ . / RUN pip install -r requirements.txt",
        "WORKDIR /srv / COPY api/requirements.txt . / RUN pip install -r requirements.txt / COPY api/ .",
    );
    moves(
        &["web/package.json", "web/x.js", "api/app.py"],
        "COPY . /srv / WORKDIR /srv/web / RUN npm install",
        "WORKDIR /srv/web / COPY web/package.json /srv/web/ / RUN npm install / COPY . /srv",
    );
    moves(
        &["web/package.json", "web/x.js", "api/app.py"],
        "WORKDIR /srv / COPY . . / RUN cd web && npm install",
        "WORKDIR /srv / COPY web/package.json web/ / RUN cd web && npm install / COPY . .",
    );
    // The manifest is there; the sources before the install are not needed.
    moves(
        PIP,
        "WORKDIR /app / COPY requirements.txt . / COPY . . / RUN pip install -r requirements.txt",
        "WORKDIR /app / COPY requirements.txt . / RUN pip install -r requirements.txt / COPY . .",
    );
    moves(
        &["requirements.txt", "src/app.py", "tests/x.py"],
        "WORKDIR /app / COPY requirements.txt . / COPY src src / COPY tests tests / RUN pip install -r requirements.txt",
        "WORKDIR /app / COPY requirements.txt . / RUN pip install -r requirements.txt / COPY src src / COPY tests tests",
    );
}

#[test]
fn what_is_in_order_stays() {
    for body in [
        "WORKDIR /app / COPY requirements.txt . / RUN pip install -r requirements.txt / COPY . .",
        "WORKDIR /app / COPY . . / CMD [\"python\", \"app.py\"]",
        "WORKDIR /app / COPY app.py requirements.txt ./ / RUN python app.py",
        "WORKDIR /app / COPY src src / RUN pip install flask / COPY . .",
    ] {
        moves(&["requirements.txt", "app.py", "src/x.py"], body, body);
    }
}

#[test]
fn declined() {
    let install = "RUN pip install -r requirements.txt";
    for (files, body, obstacle) in [
        (
            PIP,
            format!("WORKDIR /app / COPY . . / RUN python app.py / {install}"),
            "`python`",
        ),
        (
            PIP,
            format!("WORKDIR /app / COPY . . / RUN ./setup.sh / {install}"),
            "from the sources",
        ),
        (PIP, format!("WORKDIR /app / COPY . . / RUN make / {install}"), "`make`"),
        (
            PIP,
            format!("WORKDIR /app / COPY . . / RUN chown -R 1:1 /app / {install}"),
            "/app",
        ),
        (
            PIP,
            format!("WORKDIR /app / COPY . . / RUN cat a > b / {install}"),
            "`b`",
        ),
        (
            PIP,
            format!("WORKDIR /app / COPY . . / WORKDIR /app/x / {install}"),
            "requirements.txt",
        ),
        (
            PIP,
            format!("WORKDIR /app / COPY . . / VOLUME /app / {install}"),
            "volume",
        ),
        (
            PIP,
            format!("WORKDIR /app / COPY . . / COPY --from=x /y . / {install}"),
            "something else",
        ),
        (
            PIP,
            format!("WORKDIR /app / COPY --exclude=x . . / {install}"),
            "--exclude",
        ),
        (
            PIP,
            format!("ARG D / WORKDIR /app / COPY . $D / {install}"),
            "destination",
        ),
        (PIP, format!("WORKDIR /app / COPY . $X / {install}"), "destination"),
        (PIP, format!("WORKDIR /etc / COPY . . / {install}"), "settings"),
        (
            PIP,
            "WORKDIR /app / COPY . . / RUN pip install -r other.txt".to_owned(),
            "other.txt",
        ),
        (
            PIP,
            format!("WORKDIR /app / COPY . . / ENV PIP_CONSTRAINT=app.py / {install}"),
            "PIP_CONSTRAINT",
        ),
        (
            &["requirements.txt=-e .\n", "setup.py", "a.py"],
            format!("WORKDIR /app / COPY . . / {install}"),
            "",
        ),
        (
            &[
                "pyproject.toml=[project]\nname = \"a\"\ndynamic = [\"dependencies\"]\n",
                "a/x.py",
            ],
            "WORKDIR /app / COPY . . / RUN pip install .".to_owned(),
            "installs the project",
        ),
        (
            &["package.json", "node_modules/x/y.js", "a.js"],
            "WORKDIR /app / COPY . . / RUN npm install".to_owned(),
            "node_modules",
        ),
        (
            &["package.json", "a.js"],
            "WORKDIR /app / COPY . . / RUN npm install express".to_owned(),
            "changes the manifest",
        ),
        (
            &["package.json", ".pip/x", "a.js"],
            "WORKDIR /root / COPY . . / RUN npm install".to_owned(),
            "home folder",
        ),
    ] {
        declines(files, &body, obstacle);
    }
}

#[test]
fn an_ignored_folder_is_no_obstacle() {
    moves(
        &[
            "package.json",
            "node_modules/x/y.js",
            "a.js",
            ".dockerignore=node_modules\n",
        ],
        "WORKDIR /app / COPY . . / RUN npm install",
        "WORKDIR /app / COPY package.json . / RUN npm install / COPY . .",
    );
}

#[test]
fn a_relative_destination_keeps_its_folder() {
    moves(
        &["web/package.json", "web/x.js"],
        "WORKDIR /srv / COPY . . / WORKDIR /srv/web / RUN npm install",
        "WORKDIR /srv / WORKDIR /srv/web / COPY web/package.json . / RUN npm install / COPY . /srv",
    );
    moves(
        &["web/package.json", "web/x.js"],
        "WORKDIR /srv / COPY . ./ / WORKDIR /tmp / RUN cd /srv/web && npm install",
        "WORKDIR /srv / WORKDIR /tmp / COPY web/package.json /srv/web/ / RUN cd /srv/web && npm install / COPY . /srv",
    );
}

#[test]
fn what_follows_the_install_in_its_run_goes_behind_the_sources() {
    moves(
        PIP,
        "WORKDIR /app / COPY . . / RUN pip install -r requirements.txt && python app.py",
        "WORKDIR /app / COPY requirements.txt . / RUN pip install -r requirements.txt / COPY . . / RUN python app.py",
    );
    moves(
        &["web/package.json", "web/x.js"],
        "WORKDIR /srv / COPY . . / RUN set -eux && cd web && npm ci --ignore-scripts || npm i",
        "WORKDIR /srv / COPY . . / RUN set -eux && cd web && npm ci --ignore-scripts || npm i",
    );
    moves(
        &["web/package.json", "web/package-lock.json", "web/x.js"],
        "WORKDIR /srv / COPY . . / RUN cd web && npm ci && npm cache clean --force && npm run build && npm test",
        "WORKDIR /srv / COPY web/package-lock.json web/package.json web/ / RUN cd web && npm ci && npm cache clean --force / \
         COPY . . / RUN cd web && npm run build && npm test",
    );
    // What is deleted in the same layer must not stay in an earlier one.
    for tail in [
        "npm run build && rm -rf node_modules",
        "npm run build && npm prune --production",
    ] {
        declines(
            &["package.json", "x.js"],
            &format!("WORKDIR /srv / COPY . . / RUN npm install && {tail}"),
            "`npm run`",
        );
    }
    declines(
        &["package.json", "x.js"],
        "WORKDIR /srv / COPY . . / RUN export X=$(date) && npm install && npm run build",
        "`npm run`",
    );
}

#[test]
fn folders_that_commands_run_in() {
    let files = &["package.json", "web/package.json", "web/x.js"];
    moves(
        files,
        "WORKDIR /srv / COPY . . / RUN (cd web && npm install) && npm install",
        "WORKDIR /srv / COPY package.json . / COPY web/package.json web/ / RUN (cd web && npm install) && npm install / COPY . .",
    );
    declines(
        files,
        "COPY . /srv / RUN cd /srv/x && npm install --prefix /srv/web",
        "/srv/x",
    );
    declines(
        files,
        "COPY . /srv / RUN cd /srv && apt-get install -y git / RUN cd /srv && npm install",
        "/srv",
    );
}

#[test]
fn a_download_that_saves_nothing_is_left_out() {
    for (files, body) in [
        (
            &["go.mod=module a\n", "main.go"][..],
            "WORKDIR /a / COPY . . / RUN go build -o /a .",
        ),
        (
            &["pom.xml=<project/>", "src/A.java"],
            "WORKDIR /a / COPY . . / RUN mvn package",
        ),
    ] {
        let text = format!(
            "FROM python:3.12 AS b\n{}\nFROM scratch\nCOPY --from=b /a /a\n",
            body.replace(" / ", "\n")
        );
        let result = run(files, &text);
        assert_eq!((result.text, result.refusals), (text, vec![]));
    }
}

#[test]
fn settings_in_the_home_folder_stay_before_the_install() {
    let body =
        "WORKDIR /app / COPY requirements.txt . / COPY conf /root/.config/pip / RUN pip install -r requirements.txt";
    moves(&["requirements.txt", "conf/pip.conf"], body, body);
}

#[test]
fn the_home_of_an_account_is_made_by_the_same_step() {
    declines(
        PIP,
        "COPY . /home/app / RUN useradd -m app / RUN pip install -r /home/app/requirements.txt",
        "/home/app",
    );
}

#[test]
fn settings_that_a_command_writes_into_the_project() {
    declines(
        &["package.json", "yarn.lock=__metadata:\n", ".yarnrc.yml", "x.js"],
        "WORKDIR /app / COPY . . / RUN yarn config set nodeLinker node-modules && yarn install",
        "changes files of the project",
    );
}

#[test]
fn toolchains_that_the_project_chooses() {
    moves(
        &["rust-toolchain.toml", "src/main.rs"],
        "WORKDIR /app / COPY . . / RUN cargo install cargo-make",
        "WORKDIR /app / COPY rust-toolchain.toml . / RUN cargo install cargo-make / COPY . .",
    );
    let text = |order: [&str; 3]| format!("FROM example.org/pyenv\nWORKDIR /app\n{}\n", order.join("\n"));
    let install = "RUN pip install -r requirements.txt";
    let result = run(
        &["requirements.txt", ".python-version", "app.py"],
        &text(["COPY . .", install, "RUN ls"]),
    );
    assert_eq!(
        result.text,
        text(["COPY .python-version requirements.txt ./", install, "COPY . .\nRUN ls"])
    );
}

#[test]
fn wheels_of_another_stage() {
    moves(
        PIP,
        "WORKDIR /app / COPY . . / COPY --from=w /wheels /wheels / RUN pip install --no-index --find-links /wheels -r requirements.txt /wheels/*",
        "WORKDIR /app / COPY --from=w /wheels /wheels / COPY requirements.txt . / \
         RUN pip install --no-index --find-links /wheels -r requirements.txt /wheels/* / COPY . .",
    );
}

#[test]
fn downloads_that_are_not_saved() {
    moves(
        &["package.json", "x.js"],
        "WORKDIR /app / COPY . . / RUN curl -fsSL https://deb.nodesource.com/setup_20.x | bash - / RUN npm install",
        "WORKDIR /app / RUN curl -fsSL https://deb.nodesource.com/setup_20.x | bash - / COPY package.json . / \
         RUN npm install / COPY . .",
    );
    declines(
        PIP,
        "WORKDIR /app / COPY . . / RUN wget https://example.org/app.py / RUN pip install -r requirements.txt",
        "app.py",
    );
    declines(
        PIP,
        "WORKDIR /app / COPY . . / RUN tar xf /tmp/x.tar / RUN pip install -r requirements.txt",
        "`tar`",
    );
}

#[test]
fn variables_that_lead_into_the_sources() {
    let install = "RUN pip install -r requirements.txt";
    declines(
        &["requirements.txt", "tools/python", "app.py"],
        &format!("WORKDIR /app / ENV PATH=/app/tools:$PATH / COPY . . / {install}"),
        "PATH names /app/tools",
    );
    moves(
        &["requirements.txt", "LICENSE", "app.py"],
        &format!("WORKDIR /app / ENV PATH=/app:$PATH / COPY . . / {install}"),
        &format!("WORKDIR /app / ENV PATH=/app:$PATH / COPY requirements.txt . / {install} / COPY . ."),
    );
    declines(
        &["requirements.txt", "certs/ca.pem", "app.py"],
        &format!("WORKDIR /app / ENV SSL_CERT_FILE=/app/certs/ca.pem / COPY . . / {install}"),
        "SSL_CERT_FILE",
    );
}

#[test]
fn words_that_a_command_makes_of_the_sources() {
    declines(
        &["requirements.txt", "packages.txt", "app.py"],
        "WORKDIR /app / COPY . . / RUN apt-get install -y $(cat packages.txt) / RUN pip install -r requirements.txt",
        "packages.txt",
    );
}

#[test]
fn arguments_that_change_with_every_build() {
    let install = "RUN apt-get update && apt-get install -y git";
    moves(
        PIP,
        &format!("ARG GIT_SHA / LABEL revision=$GIT_SHA / {install} / CMD [\"x\"]"),
        &format!("{install} / ARG GIT_SHA / LABEL revision=$GIT_SHA / CMD [\"x\"]"),
    );
    moves(
        PIP,
        "ARG VERSION=1 / WORKDIR /app / COPY requirements.txt . / RUN pip install -r requirements.txt / COPY . . / RUN make $VERSION",
        "WORKDIR /app / COPY requirements.txt . / RUN pip install -r requirements.txt / ARG VERSION=1 / COPY . . / RUN make $VERSION",
    );
    // Comments of something else stay, a LABEL keeps the values that it has.
    moves(
        PIP,
        &format!("# proxies / #ARG PROXY /  / # the version / ARG VERSION / {install}"),
        &format!("# proxies / #ARG PROXY / {install} /  / # the version / ARG VERSION"),
    );
    let body = format!("ENV A=1 / ARG VERSION=$A / ENV A=2 / {install}");
    moves(PIP, &body, &body);
    let body = format!("ENV A=1 / ARG VERSION / LABEL v=$VERSION-$A / ENV A=2 / {install}");
    moves(PIP, &body, &body);
    for body in [
        // The next RUN may read it from its environment.
        "ARG GIT_SHA / RUN make / RUN apt-get install -y git",
        "ARG GIT_SHA / ENV GIT_SHA=$GIT_SHA / RUN apt-get install -y git",
        "ARG CACHEBUST / RUN apt-get install -y git",
        "ARG NODE_VERSION=20 / RUN apt-get install -y git",
        "ARG GIT_SHA / LABEL a=$GIT_SHA / RUN apt-get install -y git=$GIT_SHA",
        "ARG GIT_SHA / COPY . /app / RUN cd /app && pip install x && python app.py",
    ] {
        moves(PIP, body, body);
    }
}

#[test]
fn without_a_context_it_says_what_one_would_do() {
    let text = "FROM python:3.12\nCOPY . /app\nRUN pip install -r /app/requirements.txt\n";
    let result = rewrite("Dockerfile", text, &Options::default()).unwrap();
    assert!(
        result
            .refusals
            .iter()
            .any(|refusal| refusal.remedy.contains("--context"))
    );
}

#[test]
fn the_page_shows_what_it_does() {
    let page = include_str!("../../../docs/passes/reorder-copies.md");
    let blocks: Vec<&str> = page
        .split("```dockerfile\n")
        .skip(1)
        .filter_map(|rest| rest.split("```").next())
        .collect();
    assert_eq!(run(PIP, blocks[0]).text, blocks[1]);
}
