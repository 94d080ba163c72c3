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
        "go.mod" => "module a\n\ngo 1.22\n",
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
            format!("WORKDIR /app / COPY . . / {install} && python app.py"),
            "`python`",
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
            &["pyproject.toml", "a/x.py"],
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
    declines(
        &["web/package.json", "web/x.js"],
        "WORKDIR /srv / COPY . . / WORKDIR /srv/web / RUN npm install",
        "WORKDIR changes",
    );
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
