//! Tests of the tables of packages, images, needs and tools.

use std::collections::BTreeSet;

use super::*;

fn release(family: Family, codename: &str) -> Release {
    Release::certain(family, codename)
}

fn debian(codename: &str) -> Release {
    release(Family::Debian, codename)
}

fn ubuntu(codename: &str) -> Release {
    release(Family::Ubuntu, codename)
}

#[test]
fn dev_packages_become_libraries() {
    let cases: &[(Release, &str, &[&str])] = &[
        (debian("bookworm"), "libpq-dev", &["libpq5"]),
        (debian("bookworm"), "default-libmysqlclient-dev", &["libmariadb3"]),
        (ubuntu("jammy"), "default-libmysqlclient-dev", &["libmysqlclient21"]),
        (debian("bullseye"), "libssl-dev", &["libssl1.1"]),
        (debian("bookworm"), "libssl-dev", &["libssl3"]),
        (debian("trixie"), "libssl-dev", &["libssl3t64"]),
        (ubuntu("focal"), "libssl-dev", &["libssl1.1"]),
        (ubuntu("jammy"), "libssl-dev", &["libssl3"]),
        (ubuntu("noble"), "libssl-dev", &["libssl3t64"]),
        (debian("bookworm"), "libjpeg-dev", &["libjpeg62-turbo"]),
        (ubuntu("noble"), "libjpeg-dev", &["libjpeg8"]),
        (debian("bookworm"), "libxml2-dev", &["libxml2"]),
        (debian("bullseye"), "libffi-dev", &["libffi7"]),
        (debian("bookworm"), "libffi-dev", &["libffi8"]),
        (debian("trixie"), "zlib1g-dev", &["zlib1g"]),
        (debian("bookworm"), "libcurl4-openssl-dev", &["libcurl4"]),
        (debian("trixie"), "libcurl4-openssl-dev", &["libcurl4t64"]),
        (debian("bookworm"), "libmagickwand-dev", &["libmagickwand-6.q16-6"]),
        (debian("bookworm"), "libgdal-dev", &["libgdal32"]),
        (debian("trixie"), "libgdal-dev", &["libgdal36"]),
        (debian("trixie"), "libfreetype6-dev", &["libfreetype6"]),
        (debian("bookworm"), "tk-dev", &["libtk8.6"]),
        (debian("bookworm"), "libdb-dev", &["libdb5.3"]),
        // Headers only.
        (debian("bookworm"), "libeigen3-dev", &[]),
        (release(Family::Alpine, "3.20"), "postgresql-dev", &["libpq"]),
        (release(Family::RedHat, "9"), "openssl-devel", &["openssl-libs"]),
    ];
    for (release, name, expected) in cases {
        assert_eq!(
            runtime_of(release, name).as_deref(),
            Some(*expected),
            "{name} on {release:?}"
        );
    }
    for name in ["python3-dev", "libc6-dev", "libgcc-12-dev", "git", "no-such-dev"] {
        assert_eq!(runtime_of(&debian("bookworm"), name), None, "{name}");
    }
    assert_eq!(
        runtime_of(&debian("buster"), "libpq-dev"),
        None,
        "a release without a table"
    );
}

#[test]
fn needed_libraries_have_names_everywhere() {
    let libraries = |release: &Release, name| library_packages(release, name);
    let alpine = release(Family::Alpine, "3.20");
    assert_eq!(libraries(&alpine, "libpq-dev"), Some(vec!["libpq"]));
    assert_eq!(libraries(&debian("trixie"), "libmagic-dev"), Some(vec!["libmagic1t64"]));
    assert_eq!(libraries(&debian("bookworm"), "libgomp1"), Some(vec!["libgomp1"]));
    assert_eq!(libraries(&alpine, "libgomp1"), Some(vec!["libgomp"]));
}

#[test]
fn table_of_libraries_is_sound() {
    let mut rows = BTreeSet::new();
    for line in packages::lines(include_str!("../../data/packages/libraries.tsv")) {
        let cells: Vec<&str> = line.split('\t').collect();
        assert_eq!(cells.len(), 7, "{line}");
        assert_ne!(cells[1], "=", "{line}");
        assert!(cells[1..].iter().any(|cell| *cell != "-" && *cell != "="), "{line}");
        assert!(rows.insert(cells[0]), "twice: {line}");
        let named = cells[1..].iter().flat_map(|cell| cell.split(' '));
        assert!(named.clone().all(|name| !name.ends_with("-dev")), "{line}");
    }
    assert!(rows.len() > 4000);

    let mut names = [BTreeSet::new(), BTreeSet::new(), BTreeSet::new()];
    for line in packages::lines(include_str!("../../data/packages/other-libraries.tsv")) {
        let cells: Vec<&str> = line.split('\t').collect();
        assert_eq!(cells.len(), 5, "{line}");
        assert_eq!(cells[1].is_empty(), cells[2].is_empty(), "{line}");
        assert_eq!(cells[3].is_empty(), cells[4].is_empty(), "{line}");
        for (of, at) in names.iter_mut().zip([0, 1, 3]) {
            assert!(
                cells[at].split_whitespace().all(|name| of.insert(name)),
                "twice: {line}"
            );
        }
    }
}

#[test]
fn every_table_says_where_it_is_from() {
    let tables = [
        include_str!("../../data/packages/libraries.tsv"),
        include_str!("../../data/packages/ubuntu-libraries.tsv"),
        include_str!("../../data/packages/other-libraries.tsv"),
        include_str!("../../data/packages/debian-bullseye-sizes.tsv"),
        include_str!("../../data/packages/debian-bookworm-sizes.tsv"),
        include_str!("../../data/packages/debian-trixie-sizes.tsv"),
        include_str!("../../data/tools.tsv"),
        include_str!("../../data/base-images/releases.tsv"),
    ];
    for table in tables {
        let header: Vec<&str> = table.lines().take_while(|line| line.starts_with('#')).collect();
        assert!(
            header.iter().any(|line| line.starts_with("# source: https://")),
            "{header:?}"
        );
        assert!(header.iter().any(|line| line.starts_with("# checked: ")), "{header:?}");
    }
}

#[test]
fn sizes_add_up() {
    let bookworm = debian("bookworm");
    let mib = |names: &[&str]| installed_closure_size(&bookworm, names) / 1024;
    assert!(
        (100..400).contains(&mib(&["build-essential"])),
        "{}",
        mib(&["build-essential"])
    );
    assert_eq!(mib(&["gcc", "g++", "build-essential"]), mib(&["build-essential"]));
    assert_eq!(mib(&["coreutils", "no-such-package"]), 0);
    assert!(installed_size(&bookworm, "libpq5").is_some_and(|kib| kib > 100));
    for name in ["bash", "mawk", "usr-is-merged"] {
        assert!(is_in_base(&bookworm, name), "{name}");
    }
    for name in ["curl", "perl", "gawk"] {
        assert!(!is_in_base(&bookworm, name), "{name}");
    }
    assert!(closure(&bookworm, &["git"]).contains("libcurl3-gnutls"));
    assert!(installed_closure_size(&ubuntu("jammy"), &["git"]) > 0);
    assert_eq!(installed_closure_size(&release(Family::Alpine, "3.20"), &["git"]), 0);
}

#[test]
fn tables_of_sizes_are_sound() {
    let tables = [
        include_str!("../../data/packages/debian-bullseye-sizes.tsv"),
        include_str!("../../data/packages/debian-bookworm-sizes.tsv"),
        include_str!("../../data/packages/debian-trixie-sizes.tsv"),
    ];
    for table in tables {
        let rows: Vec<Vec<&str>> = packages::lines(table).map(|line| line.split('\t').collect()).collect();
        let names: BTreeSet<&str> = rows.iter().map(|row| row[0]).collect();
        assert_eq!(names.len(), rows.len(), "a name twice");
        for row in &rows {
            assert!(row[1].trim_start_matches('=').parse::<u64>().is_ok(), "{row:?}");
            let depends = row.get(2).copied().unwrap_or_default();
            assert!(depends.split_whitespace().all(|name| names.contains(name)), "{row:?}");
        }
    }
}

#[test]
fn packages_have_a_role() {
    use PackageRole::{Both, BuildOnly, Either, Headers, Language, Runtime};
    let cases = [
        (Family::Debian, "build-essential", Some(BuildOnly)),
        (Family::Debian, "gcc-12", Some(BuildOnly)),
        (Family::Alpine, "build-base", Some(BuildOnly)),
        (Family::Alpine, "musl-dev", Some(BuildOnly)),
        (Family::Debian, "python3-dev", Some(BuildOnly)),
        (Family::RedHat, "python3-devel", Some(BuildOnly)),
        (Family::Debian, "libstdc++-12-dev", Some(BuildOnly)),
        (Family::Debian, "libpq-dev", Some(Headers)),
        (Family::Alpine, "postgresql-dev", Some(Headers)),
        (Family::RedHat, "postgresql-devel", Some(Headers)),
        (Family::Debian, "git", Some(Either)),
        (Family::Debian, "ca-certificates", Some(Both)),
        (Family::Debian, "gettext", Some(Either)),
        (Family::Debian, "nodejs", Some(Language)),
        (Family::Debian, "ffmpeg", Some(Runtime)),
        (Family::Debian, "libpq5", Some(Runtime)),
        (Family::Ubuntu, "libreoffice-writer", Some(Runtime)),
        (Family::Debian, "openjdk-17-jre-headless", Some(Runtime)),
        (Family::Debian, "something-else", None),
        (Family::Alpine, "libfoo", None),
    ];
    for (family, name, expected) in cases {
        assert_eq!(package_role(family, name), expected, "{name}");
    }
    let runtime = |family, name| package_fact(family, name).map(|fact| fact.runtime.join(" "));
    assert_eq!(runtime(Family::Debian, "g++").as_deref(), Some("libstdc++6"));
    assert_eq!(runtime(Family::Alpine, "g++").as_deref(), Some("libstdc++ libgcc"));
    assert_eq!(runtime(Family::Debian, "gfortran").as_deref(), Some("libgfortran5"));
    assert_eq!(runtime(Family::Debian, "default-jdk").as_deref(), Some("default-jre"));
}

#[test]
fn table_of_roles_is_sound() {
    let table = package_role::parsed().unwrap();
    assert!(!table.sources.is_empty() && !table.checked.is_empty());
    let mut seen = BTreeSet::new();
    for fact in &table.packages {
        assert!(!fact.reason.is_empty() && !fact.names.is_empty(), "{fact:?}");
        for name in &fact.names {
            assert!(seen.insert((name, fact.families.first().copied())), "twice: {name}");
        }
    }
}

#[test]
fn releases_are_told() {
    let cases = [
        (
            "hexpm/elixir",
            Some("1.16.2-erlang-26.2.3-debian-bookworm-20240423"),
            Some((Family::Debian, Some("bookworm"), true)),
        ),
        (
            "elixir",
            Some("1.17.3"),
            Some((Family::Debian, Some("bookworm"), false)),
        ),
        (
            "python",
            Some("3.11-slim-bookworm"),
            Some((Family::Debian, Some("bookworm"), true)),
        ),
        ("python", Some("3.11"), Some((Family::Debian, Some("trixie"), false))),
        (
            "python",
            Some("3.11-slim"),
            Some((Family::Debian, Some("trixie"), false)),
        ),
        ("python", Some("3.8"), Some((Family::Debian, Some("bookworm"), true))),
        (
            "python",
            Some("3.8.5-slim"),
            Some((Family::Debian, Some("buster"), true)),
        ),
        ("python", Some("3.12-alpine"), Some((Family::Alpine, None, false))),
        (
            "python",
            Some("3.12-alpine3.19"),
            Some((Family::Alpine, Some("3.19"), true)),
        ),
        ("python", None, Some((Family::Debian, Some("trixie"), false))),
        (
            "docker.io/library/python",
            Some("3.9-bullseye"),
            Some((Family::Debian, Some("bullseye"), true)),
        ),
        (
            "public.ecr.aws/docker/library/node",
            Some("18"),
            Some((Family::Debian, Some("bookworm"), true)),
        ),
        (
            "node",
            Some("20-bookworm"),
            Some((Family::Debian, Some("bookworm"), true)),
        ),
        ("node", Some("22"), Some((Family::Debian, Some("bookworm"), false))),
        ("debian", Some("12"), Some((Family::Debian, Some("bookworm"), true))),
        (
            "debian",
            Some("12.5-slim"),
            Some((Family::Debian, Some("bookworm"), true)),
        ),
        (
            "debian",
            Some("bookworm-20240101"),
            Some((Family::Debian, Some("bookworm"), true)),
        ),
        (
            "debian",
            Some("stable-slim"),
            Some((Family::Debian, Some("trixie"), false)),
        ),
        ("ubuntu", Some("22.04"), Some((Family::Ubuntu, Some("jammy"), true))),
        ("ubuntu", None, Some((Family::Ubuntu, Some("resolute"), false))),
        ("alpine", Some("3.19"), Some((Family::Alpine, Some("3.19"), true))),
        ("alpine", Some("3.19.1"), Some((Family::Alpine, Some("3.19"), true))),
        ("alpine", Some("3"), Some((Family::Alpine, None, false))),
        ("alpine", None, Some((Family::Alpine, None, false))),
        ("centos", Some("7"), Some((Family::RedHat, Some("7"), true))),
        ("rockylinux", Some("9.3"), Some((Family::RedHat, Some("9"), true))),
        (
            "eclipse-temurin",
            Some("21-jdk-jammy"),
            Some((Family::Ubuntu, Some("jammy"), true)),
        ),
        (
            "openjdk",
            Some("17-slim"),
            Some((Family::Debian, Some("bullseye"), true)),
        ),
        ("openjdk", Some("17"), Some((Family::RedHat, Some("8"), true))),
        ("openjdk", Some("11"), Some((Family::Debian, Some("bullseye"), true))),
        (
            "mcr.microsoft.com/dotnet/sdk",
            Some("8.0"),
            Some((Family::Debian, Some("bookworm"), true)),
        ),
        (
            "mcr.microsoft.com/dotnet/sdk",
            Some("10.0"),
            Some((Family::Ubuntu, Some("noble"), true)),
        ),
        (
            "nvidia/cuda",
            Some("12.2.0-devel-ubuntu22.04"),
            Some((Family::Ubuntu, Some("jammy"), true)),
        ),
        ("python", Some("3.11-windowsservercore"), None),
        ("someone/app", Some("1.0"), None),
    ];
    for (name, tag, expected) in cases {
        let release = release_of(name, tag);
        let told = release
            .as_ref()
            .map(|release| (release.family, release.codename.as_deref(), release.certain));
        assert_eq!(told, expected, "{name}:{tag:?}");
    }
}

#[test]
fn slimmer_images_are_found() {
    let cases = [
        ("python", Some("3.11"), Some("python:3.11-slim")),
        ("python", Some("3.11-bookworm"), Some("python:3.11-slim-bookworm")),
        ("python", Some("3.13.0rc1"), Some("python:3.13.0rc1-slim")),
        ("python", Some("3.13-rc"), Some("python:3.13-rc-slim")),
        ("python", None, Some("python:slim")),
        ("python", Some("3.11-slim"), None),
        ("python", Some("3.11-alpine"), None),
        (
            "docker.io/library/python",
            Some("3"),
            Some("docker.io/library/python:3-slim"),
        ),
        ("node", Some("20"), Some("node:20-slim")),
        ("node", Some("20-bookworm"), Some("node:20-bookworm-slim")),
        ("node", Some("lts"), Some("node:lts-slim")),
        ("ruby", Some("3.3"), Some("ruby:3.3-slim")),
        ("ruby", Some("3.3-bookworm"), Some("ruby:3.3-slim-bookworm")),
        ("golang", Some("1.22-bookworm"), Some("debian:bookworm-slim")),
        ("golang", Some("1.22"), Some("debian:bookworm-slim")),
        ("golang", Some("1.22-alpine3.20"), Some("alpine:3.20")),
        ("rust", Some("1.80-bookworm"), Some("debian:bookworm-slim")),
        ("rust", Some("1.80-slim"), Some("debian:bookworm-slim")),
        ("gcc", Some("13"), Some("debian:bookworm-slim")),
        ("elixir", Some("1.16"), Some("elixir:1.16-slim")),
        ("elixir", Some("1.17.3-otp-27"), Some("elixir:1.17.3-otp-27-slim")),
        ("elixir", Some("1.16-slim"), None),
        ("elixir", Some("1.16-alpine"), None),
        ("erlang", Some("27"), Some("erlang:27-slim")),
        (
            "hexpm/elixir",
            Some("1.16.2-erlang-26.2.3-debian-bookworm-20240423-slim"),
            Some("debian:bookworm-slim"),
        ),
        ("hexpm/elixir", Some("1.16.2-erlang-26.2.3-alpine-3.19.1"), None),
        ("hexpm/elixir", Some("1.16.2-erlang-26.2.3-ubuntu-jammy-20240227"), None),
        ("haskell", Some("9.10.2-bookworm"), Some("debian:bookworm-slim")),
        ("golang", None, Some("debian:trixie-slim")),
        ("buildpack-deps", Some("bookworm"), Some("debian:bookworm-slim")),
        ("buildpack-deps", Some("jammy"), None),
        ("debian", Some("bookworm"), Some("debian:bookworm-slim")),
        ("debian", Some("12"), Some("debian:12-slim")),
        ("debian", Some("12-slim"), None),
        ("ubuntu", Some("22.04"), None),
        ("php", Some("8.3-apache"), None),
        ("openjdk", Some("17"), None),
        ("openjdk", Some("11-jdk"), Some("openjdk:11-jre-slim")),
        ("eclipse-temurin", Some("21-jdk"), Some("eclipse-temurin:21-jre")),
        ("eclipse-temurin", Some("21"), Some("eclipse-temurin:21-jre")),
        (
            "eclipse-temurin",
            Some("17-jdk-jammy"),
            Some("eclipse-temurin:17-jre-jammy"),
        ),
        (
            "eclipse-temurin",
            Some("17-jdk-alpine"),
            Some("eclipse-temurin:17-jre-alpine"),
        ),
        ("maven", Some("3.9-eclipse-temurin-21"), Some("eclipse-temurin:21-jre")),
        ("gradle", Some("8.5-jdk17"), Some("eclipse-temurin:17-jre")),
        (
            "mcr.microsoft.com/dotnet/sdk",
            Some("8.0"),
            Some("mcr.microsoft.com/dotnet/aspnet:8.0"),
        ),
        (
            "mcr.microsoft.com/dotnet/sdk",
            Some("8.0.401-jammy"),
            Some("mcr.microsoft.com/dotnet/aspnet:8.0-jammy"),
        ),
    ];
    for (name, tag, expected) in cases {
        let found = slimmer(name, tag).map(|slimmer| format!("{}:{}", slimmer.image, slimmer.tag));
        assert_eq!(found.as_deref(), expected, "{name}:{tag:?}");
    }
    // What moves is pinned, what stays is not.
    let pinned = |name, tag| slimmer(name, Some(tag)).and_then(|slimmer| slimmer.pinned);
    assert_eq!(pinned("golang", "1.26").as_deref(), Some("1.26-trixie"));
    assert_eq!(pinned("golang", "latest").as_deref(), Some("trixie"));
    assert_eq!(pinned("golang", "1.22"), None);
    assert_eq!(pinned("python", "3.12"), None);
}

#[test]
fn full_images_hold_what_slim_ones_lack() {
    let contents = |name, tag| image_contents(name, Some(tag)).unwrap();
    let full = contents("python", "3.11-bookworm");
    let slim = contents("python", "3.11-slim-bookworm");
    for tool in [
        "git", "curl", "wget", "gcc", "g++", "make", "ssh", "hg", "svn", "file", "unzip", "xz", "convert", "ps",
    ] {
        assert!(full.has_tool(Family::Debian, tool), "{tool}");
        assert!(!slim.has_tool(Family::Debian, tool), "{tool}");
    }
    for package in [
        "libpq5",
        "libmariadb3",
        "libxml2",
        "libxslt1.1",
        "libjpeg62-turbo",
        "libmagickwand-6.q16-6",
    ] {
        assert!(full.packages.contains(package), "{package}");
        assert!(!slim.packages.contains(package), "{package}");
    }
    for package in ["ca-certificates", "libssl3", "libsqlite3-0", "netbase"] {
        assert!(slim.packages.contains(package), "{package}");
    }
    assert!(full.has_tool(Family::Debian, "pip") && slim.has_tool(Family::Debian, "pip"));
    let node = contents("node", "20-bookworm-slim");
    assert!(node.has_tool(Family::Debian, "npm") && !node.packages.contains("ca-certificates"));
    assert!(contents("golang", "1.22-alpine").packages.contains("ca-certificates"));
    assert!(contents("golang", "1.22").has_tool(Family::Debian, "git"));
    assert!(image_contents("someone/app", Some("bookworm")).is_none());
}

#[test]
fn images_set_what_is_known() {
    let go = image_configuration("golang", Some("1.22")).unwrap();
    assert_eq!((go.env["GOPATH"].as_str(), go.workdir.as_deref()), ("/go", Some("/go")));
    let node = image_configuration("node", None).unwrap();
    assert_eq!(
        (node.entrypoint[0].as_str(), node.cmd[0].as_str()),
        ("docker-entrypoint.sh", "node")
    );
    assert!(image_configuration("debian", Some("12")).is_some_and(|debian| debian.env.is_empty()));
}

#[test]
fn tables_of_base_images_are_sound() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/data/base-images");
    let files = std::fs::read_dir(folder).unwrap().filter(|entry| {
        let path = entry.as_ref().unwrap().path();
        path.extension().is_some_and(|ending| ending == "toml")
    });
    let embedded = base_image::embedded();
    assert_eq!(files.count(), embedded.len(), "index.rs names every file");
    let mut names = BTreeSet::new();
    for text in embedded {
        let image: BaseImage = toml::from_str(text).unwrap();
        assert!(
            !image.sources.is_empty() && !image.checked.is_empty(),
            "{:?}",
            image.names
        );
        assert!(
            image.names.iter().all(|name| names.insert(name.clone())),
            "twice: {:?}",
            image.names
        );
        // The table of what places say where tools put things stays the one that says so of variables.
        for name in &image.names {
            let known = base_environment(name, None).map(|known| &known.env);
            let told = image.configuration.iter().flat_map(|configuration| &configuration.env);
            for (variable, value) in told {
                let other = known.and_then(|known| known.get(variable));
                assert!(other.is_none_or(|other| other == value), "{name} {variable}");
            }
        }
    }
    for line in packages::lines(include_str!("../../data/base-images/releases.tsv")) {
        let cells: Vec<&str> = line.split('\t').collect();
        assert_eq!(cells.len(), 5, "{line}");
        assert!(names.contains(cells[0]), "{line}");
        assert!(["final", "moves"].contains(&cells[4]), "{line}");
    }
}

#[test]
fn runtime_needs_are_found() {
    let tools = |ecosystem, package| runtime_needs(ecosystem, package).map(|need| need.tools.join(" "));
    assert_eq!(tools(Ecosystem::Python, "GitPython").as_deref(), Some("git"));
    assert_eq!(
        tools(Ecosystem::Python, "pdf2image").as_deref(),
        Some("pdftoppm pdfinfo")
    );
    assert_eq!(
        tools(Ecosystem::Node, "fluent-ffmpeg").as_deref(),
        Some("ffmpeg ffprobe")
    );
    assert_eq!(tools(Ecosystem::Ruby, "wicked_pdf").as_deref(), Some("wkhtmltopdf"));
    assert_eq!(tools(Ecosystem::Python, "bcrypt"), None);
    let psycopg = runtime_needs(Ecosystem::Python, "psycopg2").unwrap();
    assert_eq!(psycopg.libraries, ["libpq-dev"]);
    assert_eq!(
        runtime_needs(Ecosystem::Python, "Pillow").map(|need| need.when),
        Some(When::BuiltFromSource)
    );
    assert!(
        runtime_needs(Ecosystem::Python, "opencv_python").is_some(),
        "spelling counts as on PyPI"
    );
}

#[test]
fn table_of_development_is_sound() {
    let table = node_development::parsed().unwrap();
    assert!(!table.sources.is_empty() && !table.checked.is_empty());
    let mut seen = BTreeSet::new();
    for name in table.loaded_by_name.iter().chain(&table.compilers) {
        assert!(seen.insert(name), "twice: {name}");
    }
    assert!(table.modules.iter().any(|name| name == "fs"));
    assert_eq!(table.programs.get("tsc").map(String::as_str), Some("typescript"));
    for (program, package) in &table.programs {
        assert_ne!(program, package, "a program of its package's name needs no row");
    }
    for helper in &table.helpers {
        assert!(!helper.setting.is_empty() && !helper.packages.is_empty(), "{helper:?}");
    }
}

#[test]
fn servers_of_static_files_are_known_by_their_command() {
    let table = static_server::parsed().unwrap();
    assert!(!table.checked.is_empty());
    assert!(table.servers.iter().all(|server| server.source.starts_with("https://")));
    let shown = |words: &[&str]| served(words).map(|(server, folder)| format!("{}: {folder}", server.package));
    let known: &[(&[&str], &str)] = &[
        (&["serve", "-s", "dist", "-l", "3000"], "serve: dist"),
        (&["serve", "--listen=3000"], "serve: ."),
        (&["/bin/sh", "-c", "exec serve -s build"], "serve: build"),
        (&["http-server", "dist", "-c-1", "-p", "8080"], "http-server: dist"),
    ];
    for (words, expected) in known {
        assert_eq!(shown(words).as_deref(), Some(*expected), "{words:?}");
    }
    let others: &[&[&str]] = &[
        &["serve", "-c", "serve.json"],
        &["serve", "a", "b"],
        &["serve", "-l"],
        &["/bin/sh", "-c", "serve -s build || true"],
        &["node", "server.js"],
        &[],
    ];
    for words in others {
        assert_eq!(shown(words), None, "{words:?}");
    }
}

#[test]
fn table_of_needs_is_sound() {
    let table = runtime_needs::parsed().unwrap();
    assert!(!table.checked.is_empty());
    let mut seen = BTreeSet::new();
    for need in &table.needs {
        assert!(
            seen.insert((format!("{:?}", need.ecosystem), &need.package)),
            "twice: {need:?}"
        );
        assert!(need.source.starts_with("https://"), "{need:?}");
        assert!(
            need.when == When::Never || !need.tools.is_empty() || !need.libraries.is_empty(),
            "{need:?}"
        );
        if need.ecosystem == Ecosystem::Python {
            assert_eq!(need.package, runtime_needs::normal(&need.package));
        }
        for tool in need.tools.iter().flat_map(|group| group.split('|')) {
            let is_known = [Family::Debian, Family::Alpine, Family::Fedora]
                .iter()
                .any(|family| package_of_tool(*family, tool).is_some());
            assert!(is_known, "{tool} of {need:?}");
        }
        for library in &need.libraries {
            assert!(
                library_packages(&debian("bookworm"), library).is_some(),
                "{library} of {need:?}"
            );
        }
    }
    assert!(seen.len() >= 300);
}

#[test]
fn tools_have_a_package() {
    let cases = [
        (Family::Debian, "dot", Some("graphviz")),
        (Family::Debian, "convert", Some("imagemagick")),
        (Family::RedHat, "convert", Some("ImageMagick")),
        (Family::Debian, "ps", Some("procps")),
        (Family::Alpine, "ps", Some("procps-ng")),
        (Family::Debian, "nc", Some("netcat-openbsd")),
        (Family::Debian, "psql", Some("postgresql-client")),
        (Family::Debian, "mysql", Some("default-mysql-client")),
        (Family::Ubuntu, "pdftoppm", Some("poppler-utils")),
        (Family::Alpine, "wkhtmltopdf", None),
        (Family::Debian, "no-such-program", None),
        (Family::Bare, "git", None),
    ];
    for (family, program, expected) in cases {
        assert_eq!(package_of_tool(family, program), expected, "{program}");
    }
    assert!(tools_of_package(Family::Debian, "graphviz").any(|tool| tool == "neato"));
    let mut seen = BTreeSet::new();
    for line in packages::lines(include_str!("../../data/tools.tsv")) {
        let cells: Vec<&str> = line.split('\t').collect();
        assert_eq!(cells.len(), 4, "{line}");
        assert!(
            cells.iter().all(|cell| !cell.is_empty()) && seen.insert(cells[0]),
            "{line}"
        );
    }
    assert!(seen.len() >= 400);
}
