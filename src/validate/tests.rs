//! Small rewrites, right and wrong ones.

use crate::context::ContextSource;
use crate::facts::Facts;
use crate::syntax;

use super::{Kind, Version, Violation, validate};

/// The files of a project of each language that the tests speak of.
const FILES: &[(&str, &str)] = &[
    ("requirements.txt", "flask==3.0.0\n"),
    ("app.py", "print('x')\n"),
    ("setup.py", "from setuptools import setup\nsetup(name='x')\n"),
    ("setup.sh", "#!/bin/sh\ncurl -fsSL https://example.org/x > /app/x\n"),
    ("package.json", "{\"name\": \"x\", \"scripts\": {\"build\": \"tsc\"}}\n"),
    ("index.js", "console.log(1)\n"),
    ("go.mod", "module x\n"),
    ("main.go", "package main\nfunc main() {}\n"),
    ("tool.c", "int main() { return 0; }\n"),
    ("data/words.txt", "a\n"),
    (
        "pom.xml",
        "<project><groupId>x</groupId><artifactId>p</artifactId><version>1</version></project>\n",
    ),
    (".mvn/maven.config", "-T1\n"),
    (
        "web/package.json",
        "{\"name\": \"w\", \"scripts\": {\"build\": \"node x.js\"}, \"dependencies\": {\"express\": \"4\"}}\n",
    ),
];

/// What validation says of a rewrite.
pub(super) fn violations(before: &str, after: &str) -> Vec<Violation> {
    let context = ContextSource::in_memory(FILES.iter().map(|(path, text)| (*path, *text))).unwrap();
    let read = |text: &str| {
        let file = syntax::parse("Dockerfile", text).unwrap();
        let facts = Facts::with(&file, &context);
        (file, facts)
    };
    let (old, new) = (read(before), read(after));
    let before = Version::of(&old.0, &old.1, &context);
    let after = Version::of(&new.0, &new.1, &context);
    validate(&before, &after).err().unwrap_or_default()
}

#[track_caller]
pub(super) fn accepts(before: &str, after: &str) {
    let found: Vec<String> = violations(before, after).iter().map(ToString::to_string).collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[track_caller]
pub(super) fn rejects(before: &str, after: &str, kind: Kind) {
    let found = violations(before, after);
    assert!(
        found.iter().any(|violation| violation.kind == kind),
        "no {}: {found:?}",
        kind.id()
    );
}

/// Takes a right rewrite and what a fault of a pass would make of it: each edit replaces a text, and must be rejected.
#[track_caller]
fn mutations(before: &str, after: &str, edits: &[(&str, &str, Kind)]) {
    accepts(before, after);
    for (from, to, kind) in edits {
        assert!(after.contains(from), "{from}");
        rejects(before, &after.replacen(from, to, 1), *kind);
    }
}

const PYTHON: &str = "FROM python:3.12-slim-bookworm\nRUN apt-get update && apt-get install -y gcc libpq-dev\nWORKDIR /app\n\
    # What is needed\nCOPY requirements.txt .\nRUN pip install -r requirements.txt\nCOPY . .\nENV PORT=80\nEXPOSE 80\nUSER www-data\n\
    HEALTHCHECK CMD python app.py\nCMD [\"python\", \"app.py\"]\n";

const PYTHON_SPLIT: &str = "FROM python:3.12-slim-bookworm AS builder\nRUN apt-get update && apt-get install -y gcc libpq-dev\nWORKDIR /app\n\
    RUN python -m venv /opt/venv\nENV PATH=\"/opt/venv/bin:$PATH\"\n# What is needed\nCOPY requirements.txt .\n\
    RUN --mount=type=cache,target=/root/.cache/pip pip install -r requirements.txt\n\n\
    FROM python:3.12-slim-bookworm\nRUN apt-get update && apt-get install -y libpq5\nWORKDIR /app\n\
    COPY --from=builder /opt/venv /opt/venv\nENV PATH=\"/opt/venv/bin:$PATH\"\nCOPY . .\nENV PORT=80\nEXPOSE 80\nUSER www-data\n\
    HEALTHCHECK CMD python app.py\nCMD [\"python\", \"app.py\"]\n";

#[test]
fn faults_of_a_split_of_python() {
    mutations(
        PYTHON,
        PYTHON_SPLIT,
        &[
            ("COPY --from=builder /opt/venv /opt/venv\n", "", Kind::StepLost),
            (
                "COPY --from=builder /opt/venv /opt/venv\n",
                "COPY --from=builder /opt/venv /srv/venv\n",
                Kind::StepLost,
            ),
            (
                "COPY --from=builder /opt/venv /opt/venv\n",
                "COPY --from=builder /opt/venv/lib /opt/venv/lib\n",
                Kind::StepLost,
            ),
            ("COPY . .\n", "", Kind::FilesLost),
            ("COPY . .\n", "COPY data .\n", Kind::FilesLost),
            ("gcc libpq-dev", "libpq-dev", Kind::InputLost),
            ("gcc libpq-dev", "gcc", Kind::InputLost),
            (
                "COPY requirements.txt .\nRUN --mount=type=cache,target=/root/.cache/pip pip install -r requirements.txt\n",
                "RUN pip install -r requirements.txt\nCOPY requirements.txt .\n",
                Kind::OrderChanged,
            ),
            ("# What is needed\n", "", Kind::CommentLost),
            ("ENV PORT=80\n", "", Kind::ConfigurationChanged),
            ("ENV PORT=80\n", "ENV PORT=81\n", Kind::ConfigurationChanged),
            ("EXPOSE 80\n", "", Kind::ConfigurationChanged),
            ("USER www-data\n", "", Kind::ConfigurationChanged),
            ("HEALTHCHECK CMD python app.py\n", "", Kind::ConfigurationChanged),
            ("CMD [\"python\", \"app.py\"]\n", "", Kind::ConfigurationChanged),
            ("COPY . .\nENV", "COPY . .\nWORKDIR /\nENV", Kind::ConfigurationChanged),
            (
                "ENV PATH=\"/opt/venv/bin:$PATH\"\nCOPY . .\n",
                "COPY . .\n",
                Kind::EnvironmentNotFound,
            ),
            (
                "COPY . .\nENV PORT=80\n",
                "COPY . .\nRUN frobnicate\nENV PORT=80\n",
                Kind::AddedStep,
            ),
            (
                "COPY . .\nENV PORT=80\n",
                "COPY . .\nRUN rm /app/nothing\nENV PORT=80\n",
                Kind::AddedStep,
            ),
        ],
    );
}

#[test]
fn stages_of_the_same_name_are_told_apart_by_their_order() {
    let before = "FROM debian AS build\nCOPY app.py /a\n\nFROM debian\nCOPY index.js /b\n\nFROM debian AS build\nCOPY go.mod /c\n\
                  CMD [\"/c\"]\n";
    accepts(before, before);
    rejects(before, &before.replacen("COPY app.py /a\n", "", 1), Kind::FilesLost);
}

#[test]
fn a_path_that_is_set_again_hides_the_environment() {
    let set = "ENV PATH=/usr/local/bin:/usr/bin:/bin\n";
    let with = |text: &str| text.replace("ENV PORT=80\n", set);
    rejects(&with(PYTHON), &with(PYTHON_SPLIT), Kind::EnvironmentNotFound);
}

#[test]
fn faults_with_what_steps_need() {
    let before = "FROM python:3.11-slim-bookworm\nRUN apt-get update && apt-get install -y gcc\nRUN mkdir -p /data/cache\nWORKDIR /app\n\
        COPY . .\nRUN python setup.py install\nCMD [\"python\", \"app.py\"]\n";
    let after = "FROM python:3.11-slim-bookworm AS builder\nRUN apt-get update && apt-get install -y gcc\nRUN mkdir -p /data/cache\n\
        WORKDIR /app\nRUN python -m venv /opt/venv\nENV PATH=\"/opt/venv/bin:$PATH\"\nCOPY . .\nRUN python setup.py install\n\n\
        FROM python:3.11-slim-bookworm\nRUN mkdir -p /data/cache\nWORKDIR /app\nCOPY --from=builder /opt/venv /opt/venv\n\
        ENV PATH=\"/opt/venv/bin:$PATH\"\nCOPY --from=builder /app /app\nCMD [\"python\", \"app.py\"]\n";
    mutations(
        before,
        after,
        &[
            (
                "RUN mkdir -p /data/cache\nWORKDIR /app\nRUN python",
                "WORKDIR /app\nRUN python",
                Kind::InputLost,
            ),
            (
                "RUN mkdir -p /data/cache\nWORKDIR /app\nCOPY",
                "WORKDIR /app\nCOPY",
                Kind::StepLost,
            ),
            ("COPY --from=builder /app /app\n", "", Kind::StepLost),
            (
                "COPY . .\nRUN python setup.py install\n",
                "RUN python setup.py install\nCOPY . .\n",
                Kind::OrderChanged,
            ),
        ],
    );
}

#[test]
fn a_folder_that_a_script_of_the_project_may_use() {
    let before = "FROM python:3.11\nRUN install -d /var/lib/demo\nWORKDIR /app\nCOPY . .\nRUN pip install --no-build-isolation .\n\
        CMD [\"python\", \"-m\", \"x\"]\n";
    let after = "FROM python:3.11 AS builder\nWORKDIR /app\nCOPY . .\nRUN pip install --no-build-isolation .\n\nFROM python:3.11\n\
        RUN install -d /var/lib/demo\nWORKDIR /app\n\
        COPY --from=builder /usr/local/lib/python3.11/site-packages /usr/local/lib/python3.11/site-packages\n\
        COPY --from=builder /usr/local/bin /usr/local/bin\nCOPY . .\nCMD [\"python\", \"-m\", \"x\"]\n";
    rejects(before, after, Kind::InputLost);
}

#[test]
fn a_scratch_file_that_a_step_cannot_do_without() {
    let before = "FROM node:20\nWORKDIR /app\nCOPY . .\nRUN npm ci && tar czf /tmp/a.tgz -C /app/node_modules .\n\
        RUN rm /tmp/a.tgz\nCMD [\"node\", \"a.js\"]\n";
    let after = "FROM node:20 AS builder\nWORKDIR /app\nCOPY . .\nRUN npm ci && tar czf /tmp/a.tgz -C /app/node_modules .\n\n\
        FROM node:20\nWORKDIR /app\nCOPY --from=builder /app /app\nRUN rm /tmp/a.tgz\nCMD [\"node\", \"a.js\"]\n";
    rejects(before, after, Kind::InputLost);
    // With -f, it does not mind.
    accepts(
        &before.replace("RUN rm", "RUN rm -f"),
        &after.replace("RUN rm", "RUN rm -f"),
    );
}

#[test]
fn a_program_that_is_moved_to_its_place() {
    let before = "FROM gcc:13-bookworm\nWORKDIR /code\nCOPY . .\nRUN gcc -o served tool.c\nRUN mv served /usr/local/bin/\nCMD [\"served\"]\n";
    let after = "FROM gcc:13-bookworm AS builder\nWORKDIR /code\nCOPY . .\nRUN gcc -o served tool.c\nRUN mv served /usr/local/bin/\n\n\
        FROM gcc:13-bookworm\nWORKDIR /code\nCOPY --from=builder /usr/local/bin/served /usr/local/bin/served\n\
        COPY --from=builder /code /code\nCMD [\"served\"]\n";
    mutations(
        before,
        after,
        &[(
            "COPY --from=builder /usr/local/bin/served /usr/local/bin/served\n",
            "",
            Kind::StepLost,
        )],
    );
}

#[test]
fn faults_with_needed_files() {
    let runs = |lines: &str| format!("FROM node:20\nWORKDIR /app\nCOPY . .\n{lines}CMD [\"node\", \"main.js\"]\n");
    let split = |builder: &str, last: &str| {
        format!(
            "FROM node:20 AS builder\nWORKDIR /app\nCOPY . .\n{builder}\nFROM node:20-slim\nWORKDIR /app\n\
             COPY --from=builder /app /app\n{last}CMD [\"node\", \"main.js\"]\n"
        )
    };
    let build = "RUN npm ci && npm run build\n";
    // The build wrote it, as nothing else can have.
    let last = "RUN mv /made/page.html /srv/page.html\n";
    let before = runs(&format!("{build}{last}"));
    rejects(&before, &split(&format!("{build}{last}"), last), Kind::NeededFileLost);
    // A redirect in the RUN of the build wrote it.
    let build = "RUN npm ci && npm run build && echo a > /opt/list\n";
    let last = "RUN sort -o /srv/list /opt/list\n";
    rejects(
        &runs(&format!("{build}{last}")),
        &split(build, last),
        Kind::NeededFileLost,
    );
    // The builder moves it away as well.
    let build = "RUN npm ci && npm run build\nRUN echo a > /app/list\n";
    let last = "RUN mv /app/list /srv/list\n";
    let before = runs(&format!("{build}{last}"));
    rejects(&before, &split(&format!("{build}{last}"), last), Kind::NeededFileLost);
}

#[test]
fn faults_with_named_paths() {
    let before = "FROM gcc:13-bookworm\nWORKDIR /src\nCOPY . .\nRUN gcc -o /usr/local/bin/server tool.c\nCMD [\"/usr/local/bin/server\"]\n";
    let after = "FROM gcc:13-bookworm AS builder\nWORKDIR /src\nCOPY . .\nRUN gcc -o /usr/local/bin/server tool.c\n\n\
        FROM debian:bookworm-slim\nWORKDIR /src\nCOPY --from=builder /usr/local/bin/server /usr/local/bin/server\n\
        COPY --from=builder /src /src\nCMD [\"/usr/local/bin/server\"]\n";
    let lost = "COPY --from=builder /usr/local/bin/server /usr/local/bin/server\n";
    assert!(after.contains(lost));
    rejects(before, &after.replace(lost, ""), Kind::NamedPathLost);
    let go =
        "FROM golang:1.22-bookworm\nWORKDIR /src\nCOPY . .\nRUN go build -o /bin/tool .\nENTRYPOINT [\"/bin/tool\"]\n";
    let split = "FROM golang:1.22-bookworm AS builder\nWORKDIR /src\nCOPY . .\nRUN go build -o /bin/tool .\n\n\
        FROM debian:bookworm-slim\nENV GOPATH=/go GOTOOLCHAIN=local PATH=/go/bin:/usr/local/go/bin:$PATH\nWORKDIR /src\n\
        COPY --from=builder /bin/tool /bin/tool\nENTRYPOINT [\"/bin/tool\"]\n";
    rejects(
        go,
        &split.replace("/bin/tool /bin/tool", "/bin/tool /bin/other"),
        Kind::StepLost,
    );
    rejects(
        go,
        &split.replace("COPY --from=builder /bin/tool /bin/tool\n", ""),
        Kind::StepLost,
    );
}

#[test]
fn faults_with_downloads_and_copies_of_files() {
    for (step, lost) in [
        (
            "curl -fsSL -o/usr/local/bin/tool https://example.org/tool",
            "/usr/local/bin/tool",
        ),
        ("cp -t /usr/local/bin data/words.txt", "/usr/local/bin/words.txt"),
        ("install -D -t /opt/x data/words.txt", "/opt/x/words.txt"),
    ] {
        let before = format!(
            "FROM node:20-bookworm\nWORKDIR /app\nCOPY . .\nRUN npm install && {step}\nCMD [\"sh\", \"-c\", \"tool && node index.js\"]\n"
        );
        let split = |crossing: &str| {
            format!(
                "FROM node:20-bookworm AS builder\nWORKDIR /app\nCOPY . .\nRUN npm install && {step}\n\nFROM node:20-bookworm\nWORKDIR /app\n\
                 COPY . .\nCOPY --from=builder /app/node_modules /app/node_modules\n{crossing}CMD [\"sh\", \"-c\", \"tool && node index.js\"]\n"
            )
        };
        rejects(&before, &split(""), Kind::StepLost);
        accepts(&before, &split(&format!("COPY --from=builder {lost} {lost}\n")));
    }
}

#[test]
fn faults_with_another_base_image() {
    let before = "FROM python:3.11-bookworm\nWORKDIR /app\nCOPY . .\nRUN sh setup.sh\nCMD [\"python\", \"app.py\"]\n";
    let slim = before.replace("python:3.11-bookworm", "python:3.11-slim-bookworm");
    rejects(before, &slim, Kind::BaseLacks);
    let health = "FROM node:20-bookworm\nCOPY . /app\nHEALTHCHECK CMD curl -f http://localhost\nCMD [\"node\", \"/app/index.js\"]\n";
    rejects(
        health,
        &health.replace("node:20-bookworm", "node:20-bookworm-slim"),
        Kind::BaseLacks,
    );
    let folder = "FROM golang:1.22-bookworm\nWORKDIR /src\nCOPY . .\nRUN cp main.go /go/bin/x\nCMD [\"x\"]\n";
    rejects(
        folder,
        &folder.replace("golang:1.22-bookworm", "debian:bookworm-slim"),
        Kind::BaseLacks,
    );
    let plain = "FROM python:3.11-bookworm\nWORKDIR /app\nCOPY . .\nCMD [\"python\", \"app.py\"]\n";
    accepts(
        plain,
        &plain.replace("python:3.11-bookworm", "python:3.11-slim-bookworm"),
    );
}

#[test]
fn faults_with_mounts() {
    let before = "FROM golang:1.22-bookworm AS build\nWORKDIR /app\nCOPY go.mod ./\nRUN go mod download\nRUN go mod verify\nCOPY . .\n\
        RUN go build -o /server .\n\nFROM scratch\nCOPY --from=build /server /server\nENTRYPOINT [\"/server\"]\n";
    let mount = "RUN --mount=type=cache,target=/go/pkg/mod ";
    let all = before.replace("RUN go", &format!("{mount}go"));
    mutations(
        before,
        &all,
        &[
            (&format!("{mount}go mod verify"), "RUN go mod verify", Kind::MountHides),
            (&format!("{mount}go build"), "RUN go build", Kind::MountHides),
            ("COPY --from=build /server /server\n", "", Kind::StepLost),
            ("COPY go.mod ./\n", "", Kind::InputLost),
        ],
    );
}

#[test]
fn faults_of_cleanup() {
    let before = "FROM python:3.11-bookworm\nRUN mkdir /tmp/build && cd /tmp/build && curl -fsSLo six.tar.gz https://example.org/six.tar.gz \
        && tar -xzf six.tar.gz -C /opt && cd / && rm -rf /tmp/build\n";
    rejects(
        before,
        &before.replace("rm -rf /tmp/build", "rm -rf /tmp/build && rm /tmp/build/six.tar.gz"),
        Kind::AddedStep,
    );
    let other = "FROM python:3.11-bookworm\nWORKDIR /opt\nRUN curl -fsSLo six.tar.gz https://example.org/six.tar.gz && tar -xzf six.tar.gz\n";
    rejects(
        other,
        &other.replace("tar -xzf six.tar.gz", "tar -xzf six.tar.gz && rm /six.tar.gz"),
        Kind::AddedStep,
    );
    accepts(
        other,
        &other.replace("tar -xzf six.tar.gz", "tar -xzf six.tar.gz && rm /opt/six.tar.gz"),
    );
}

#[test]
fn what_rewrites_may_do() {
    for (before, after) in [
        (
            "FROM python:3.11-slim-bookworm\nRUN apt-get update\nRUN apt-get install -y curl\n",
            "FROM python:3.11-slim-bookworm\nRUN apt-get update && apt-get install -y curl && rm -rf /var/lib/apt/lists/*\n",
        ),
        (
            "FROM python:3.11-slim-bookworm\nRUN pip install --no-cache-dir flask\n",
            "FROM python:3.11-slim-bookworm\nRUN --mount=type=cache,target=/root/.cache/pip pip install flask\n",
        ),
        (
            "FROM node:20-bookworm\nWORKDIR /app\nCOPY . .\nRUN npm install\nCMD [\"node\", \"index.js\"]\n",
            "FROM node:20-bookworm\nWORKDIR /app\nCOPY package.json ./\nRUN npm install\nCOPY . .\nCMD [\"node\", \"index.js\"]\n",
        ),
        (
            "FROM node:20-bookworm AS web\nWORKDIR /src\nCOPY . .\nRUN cd web && npm install && npm run build\n",
            "FROM node:20-bookworm AS web\nWORKDIR /src\nCOPY web/package.json web/\nRUN cd web && npm install\nCOPY . .\n\
             RUN cd web && npm run build\n",
        ),
        (
            "FROM debian:bookworm-slim\nRUN apt-get update && apt-get install -y libpq-dev\n",
            "FROM debian:bookworm-slim\nRUN apt-get update && apt-get install -y libpq5\n",
        ),
    ] {
        accepts(before, after);
    }
}

#[test]
fn packages_that_somebody_needs() {
    let before = "FROM debian:bookworm-slim\nRUN apt-get update && apt-get install -y gcc libpq-dev ffmpeg curl\nHEALTHCHECK CMD curl -f http://localhost\n";
    for (packages, kind) in [
        ("gcc libpq5 curl", Kind::PackageLost),
        ("gcc libpq5 ffmpeg", Kind::PackageLost),
    ] {
        rejects(before, &before.replace("gcc libpq-dev ffmpeg curl", packages), kind);
    }
    accepts(
        before,
        &before.replace("gcc libpq-dev ffmpeg curl", "libpq5 ffmpeg curl"),
    );
}

#[test]
fn stages_and_order() {
    let before = "FROM debian:bookworm-slim AS one\nRUN touch /a\nFROM debian:bookworm-slim AS two\nRUN echo x > /b\nRUN cp /b /c\n";
    rejects(
        before,
        "FROM debian:bookworm-slim AS two\nRUN echo x > /b\nRUN cp /b /c\n",
        Kind::StageLost,
    );
    rejects(
        before,
        &before.replace("RUN echo x > /b\nRUN cp /b /c\n", "RUN cp /b /c\nRUN echo x > /b\n"),
        Kind::OrderChanged,
    );
    rejects(before, &before.replace("RUN touch /a\n", ""), Kind::StepLost);
    rejects(
        before,
        &before.replace("RUN cp /b /c\n", "RUN cp /b /d\n"),
        Kind::StepLost,
    );
    accepts(
        before,
        &before.replace("RUN echo x > /b\nRUN cp /b /c\n", "RUN echo x > /b && cp /b /c\n"),
    );
}

#[test]
fn a_copy_that_comes_again_may_come_earlier() {
    let before = "FROM python:3.12-slim\nWORKDIR /app\nCOPY . .\nRUN pip install -r requirements.txt\n\
        COPY requirements.txt .\nCMD [\"python\", \"app.py\"]\n";
    let after = before
        .replace("COPY . .\n", "COPY requirements.txt .\n")
        .replace("COPY requirements.txt .\nCMD", "COPY . .\nCOPY requirements.txt .\nCMD");
    accepts(before, &after);
    // What the step itself writes is another file than the one that comes again.
    let written = "RUN echo x > /app/requirements.txt\n";
    let swapped = "FROM python:3.12-slim\nWORKDIR /app\nCOPY . .\nCOPY requirements.txt .\n";
    rejects(
        &format!("FROM python:3.12-slim\nWORKDIR /app\nCOPY . .\n{written}COPY requirements.txt .\n"),
        &format!("{swapped}{written}"),
        Kind::OrderChanged,
    );
}

#[test]
fn settings_of_a_tool_come_in_a_folder_before_its_install() {
    let before = "FROM maven:3.9-eclipse-temurin-21\nWORKDIR /b\nCOPY . .\nRUN mvn dependency:go-offline\nRUN mvn package\n\
        CMD [\"java\", \"-jar\", \"target/p-1.jar\"]\n";
    let after = |copies: &str| {
        before.replace(
            "COPY . .\nRUN mvn dependency:go-offline\n",
            &format!("{copies}RUN mvn dependency:go-offline\nCOPY . .\n"),
        )
    };
    accepts(before, &after("COPY pom.xml .\nCOPY .mvn .mvn/\n"));
    rejects(before, &after("COPY pom.xml .\n"), Kind::OrderChanged);
    rejects(before, &after("COPY .mvn .mvn/\n"), Kind::OrderChanged);
}

#[test]
fn faults_with_packages_that_builds_use() {
    let before = "FROM node:20-bookworm\nRUN apt-get update && apt-get install -y nginx chromium\nWORKDIR /app\nCOPY . .\n\
        RUN npm run build\nCMD [\"node\", \"index.js\"]\n";
    let split = |packages: &str| {
        format!(
            "FROM node:20-bookworm AS builder\nRUN apt-get update && apt-get install -y {packages}\nWORKDIR /app\nCOPY . .\n\
             RUN npm run build\n\nFROM node:20-bookworm\nRUN apt-get update && apt-get install -y nginx chromium\n\
             WORKDIR /app\nCOPY --from=builder /app /app\nCMD [\"node\", \"index.js\"]\n"
        )
    };
    accepts(before, &split("nginx chromium"));
    rejects(before, &split("nginx"), Kind::InputLost);
    // A folder that no step made is the package's.
    let plain = |text: &str| text.replace("RUN npm run build", "RUN cp index.js tool.c /var/www/html/");
    rejects(&plain(before), &plain(&split("chromium")), Kind::InputLost);
    // A step of which nothing is known does not make it.
    let unknown = |text: &str| plain(text).replace("COPY . .", "RUN ./unknown.bin\nCOPY . .");
    rejects(&unknown(before), &unknown(&split("chromium")), Kind::InputLost);
}

#[test]
fn a_named_file_may_come_from_another_folder_of_the_builder() {
    let before = "FROM rust:1.80-bookworm\nWORKDIR /app\nCOPY . .\nRUN cargo build --release\n\
        CMD [\"./target/release/tally\"]\n";
    let after = |copied: &str| {
        format!(
            "FROM rust:1.80-bookworm AS builder\nWORKDIR /app\nCOPY . .\nRUN --mount=type=cache,target=/app/target \
             cargo build --release && cp target/release/tally /usr/local/bin/\n\nFROM debian:bookworm-slim\n\
             WORKDIR /app\nCOPY --from=builder {copied}\nCMD [\"./target/release/tally\"]\n"
        )
    };
    let says = |copied: &str| {
        let found = violations(before, &after(copied));
        found.iter().any(|violation| violation.kind == Kind::NamedPathLost)
    };
    assert!(!says("/usr/local/bin/tally /app/target/release/tally"));
    assert!(!says("/usr/local/bin/tally /app/target/release/"));
    assert!(says("/usr/local/bin/tally /app/target/release"));
    assert!(says("/usr/local/bin/other /app/target/release/tally"));
    assert!(says("/usr/local/bin/tally /app/tally"));
}

#[test]
fn an_install_behind_another_step_is_not_lost() {
    let before = "FROM node:20\nWORKDIR /app\nCOPY web/package.json ./\nRUN corepack enable\nRUN pnpm install\nCOPY web .\nCMD [\"node\", \"index.js\"]\n";
    accepts(before, before);
    rejects(before, &before.replace("RUN pnpm install\n", ""), Kind::StepLost);
    let joined = before.replace(
        "RUN corepack enable\nRUN pnpm install\n",
        "RUN corepack enable && pnpm install\n",
    );
    accepts(before, &joined);
    rejects(&joined, &joined.replace(" && pnpm install", ""), Kind::StepLost);
}

#[test]
fn installs_of_the_same_package_are_not_taken_for_one() {
    let before = "FROM debian:bookworm-slim\nRUN apt-get update && apt-get install -y curl && curl -fsSLo /etc/apt/key https://example.org/key \\\n    \
        && apt-get update && apt-get install -y curl gpg && gpg --dearmor -o /etc/apt/key.gpg /etc/apt/key && rm -rf /var/cache/apt\n";
    let after = before.replace(" && rm -rf /var/cache/apt", "");
    accepts(before, &after);
    let early = "apt-get install -y curl && curl -fsSLo /etc/apt/key https://example.org/key";
    let late = "apt-get install -y curl gpg && gpg --dearmor -o /etc/apt/key.gpg /etc/apt/key";
    assert!(after.contains(early) && after.contains(late));
    let swapped = after
        .replace(early, "TEMPORARY")
        .replace(late, early)
        .replace("TEMPORARY", late);
    rejects(before, &swapped, Kind::OrderChanged);
}

#[test]
fn a_removal_by_absolute_paths_is_the_same_in_each_folder() {
    let joined = |removal: &str| {
        let before =
            format!("FROM gcc:13-bookworm\nCOPY . /code\nRUN cd /code && gcc -o /bin/tool tool.c\nRUN {removal}\n");
        let after = before.replace("tool.c\nRUN ", "tool.c && ");
        (before, after)
    };
    let (before, after) = joined("rm -rf /code/data");
    accepts(&before, &after);
    let (before, after) = joined("rm -rf code/data");
    rejects(&before, &after, Kind::StepLost);
}

#[test]
fn a_file_that_is_put_into_a_folder_of_its_name() {
    let before = "FROM golang:1.22-bookworm\nWORKDIR /src\nCOPY . .\nRUN go build -o /bin/tool . && cp go.mod /etc/tool.mod\nENTRYPOINT [\"/bin/tool\"]\n";
    let after = "FROM golang:1.22-bookworm AS builder\nWORKDIR /src\nCOPY . .\nRUN go build -o /bin/tool . && cp go.mod /etc/tool.mod\n\n\
        FROM golang:1.22-bookworm\nWORKDIR /src\nCOPY --from=builder /bin/tool /bin/tool\nCOPY --from=builder /etc/tool.mod /etc/tool.mod\n\
        COPY . .\nENTRYPOINT [\"/bin/tool\"]\n";
    mutations(
        before,
        after,
        &[
            ("/bin/tool /bin/tool\n", "/bin/tool /bin/tool/\n", Kind::StepLost),
            (
                "/etc/tool.mod /etc/tool.mod\n",
                "/etc/tool.mod /etc/tool.mod/\n",
                Kind::StepLost,
            ),
        ],
    );
}

#[test]
fn a_folder_that_is_put_into_itself_by_name() {
    accepts(
        PYTHON,
        &PYTHON_SPLIT.replace("/opt/venv /opt/venv\n", "/opt/venv /opt/venv/\n"),
    );
}

#[test]
fn a_folder_that_loses_its_name() {
    for target in ["/opt", "/opt/"] {
        let text = PYTHON_SPLIT.replace("/opt/venv /opt/venv\n", &format!("/opt/venv {target}\n"));
        rejects(PYTHON, &text, Kind::StepLost);
    }
}

#[test]
fn libraries_of_headers_that_stay_in_the_builder() {
    let with = |packages: &str| PYTHON_SPLIT.replace("install -y libpq5", &format!("install -y {packages}"));
    rejects(PYTHON, &with("tzdata"), Kind::PackageLost);
    rejects(PYTHON, &with("libpq52"), Kind::PackageLost);
}

#[test]
fn an_image_of_another_version_or_release() {
    let before = "FROM python:3.11-bookworm\nCOPY app.py /app/\nCMD [\"python\", \"/app/app.py\"]\n";
    accepts(before, &before.replace("3.11-bookworm", "3.11-slim-bookworm"));
    for tag in [
        "latest",
        "alpine",
        "3.12-slim-bookworm",
        "3.11-slim-trixie",
        "3.11-slim-bookworm2",
    ] {
        rejects(before, &before.replace("3.11-bookworm", tag), Kind::BaseLacks);
    }
}

#[test]
fn a_smaller_image_that_builds_when_it_starts() {
    let before =
        "FROM python:3.11-bookworm\nCOPY . /app/\nCMD pip install -r /app/requirements.txt && python /app/app.py\n";
    rejects(
        before,
        &before.replace("3.11-bookworm", "3.11-slim-bookworm"),
        Kind::BaseLacks,
    );
}

#[test]
fn what_is_deleted_in_the_end_is_an_input_before_that() {
    let (make, take) = ("RUN echo a > /opt/list\n", "RUN rm -f /opt/list\n");
    let before =
        format!("FROM debian:bookworm-slim\n{make}RUN cp /opt/list /etc/list\n{take}CMD [\"cat\", \"/etc/list\"]\n");
    let after = format!(
        "FROM debian:bookworm-slim AS builder\n{make}{take}\nFROM debian:bookworm-slim\nRUN cp /opt/list /etc/list\n\
         CMD [\"cat\", \"/etc/list\"]\n"
    );
    rejects(&before, &after, Kind::InputLost);
}
