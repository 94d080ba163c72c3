//! Every data file parses and says where it comes from; commands as people write them are read right.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use super::*;

/// What a command finds in a test: the variables, files and folders of a list; anything else is not there.
#[derive(Default)]
struct Given {
    variables: BTreeMap<&'static str, &'static str>,
    files: BTreeMap<&'static str, &'static str>,
    folders: BTreeMap<&'static str, &'static str>,
    unknown: BTreeSet<&'static str>,
}

impl Surroundings for Given {
    fn variable(&self, name: &str) -> Setting<'_> {
        if self.unknown.contains(name) {
            return Setting::Unknown;
        }
        self.variables
            .get(name)
            .map_or(Setting::Unset, |value| Setting::Is(value))
    }

    fn file(&self, path: &str) -> Setting<'_> {
        self.files.get(path).map_or(Setting::Unset, |text| Setting::Is(text))
    }

    fn folder(&self, name: &str) -> Setting<'_> {
        self.folders.get(name).map_or(Setting::Unset, |path| Setting::Is(path))
    }
}

fn variables(pairs: &[(&'static str, &'static str)]) -> Given {
    Given {
        variables: pairs.iter().copied().collect(),
        ..Given::default()
    }
}

/// `?` stands for a word that isn't literal.
fn words(command: &'static str) -> Vec<Option<&'static str>> {
    command
        .split_whitespace()
        .map(|word| (word != "?").then_some(word))
        .collect()
}

fn read(command: &'static str) -> (&'static Manager, Invocation<'static>) {
    let words = words(command);
    let found = managers()
        .recognize(&words, None)
        .unwrap_or_else(|| panic!("nobody knows `{command}`"));
    (
        found.manager,
        found.manager.read(found.program, &words[found.arguments_at..]),
    )
}

fn id_of(command: &'static str) -> Option<&'static str> {
    managers()
        .recognize(&words(command), None)
        .map(|found| found.manager.id.as_str())
}

fn cache_path(command: &'static str, cache: usize, home: &str, given: &Given) -> Option<String> {
    let (manager, invocation) = read(command);
    manager.caches[cache].path(home, home == "/root", &invocation, given)
}

#[test]
fn every_file_parses_and_names_its_sources() {
    for text in managers::embedded() {
        let manager: Manager = toml::from_str(text).unwrap_or_else(|error| panic!("{error}\n{text}"));
        has_sources(&manager.id, &manager.checked, &manager.sources);
        assert!(
            !manager.programs.is_empty() || !manager.implied.is_empty(),
            "{}: no program",
            manager.id
        );
    }
    for image in base_environment::parsed().unwrap() {
        has_sources(&image.names[0], &image.checked, &image.sources);
        assert!(
            image.programs.values().all(|id| managers().by_id(id).is_some()),
            "{:?}",
            image.programs
        );
    }
}

fn has_sources(name: &str, checked: &str, sources: &[String]) {
    assert!(
        sources.iter().all(|source| source.starts_with("https://")) && !sources.is_empty(),
        "{name}: sources"
    );
    let is_date = checked.len() == 10 && checked.split('-').all(|part| part.parse::<u16>().is_ok());
    assert!(is_date || checked == "never", "{name}: {checked} is no date");
}

#[test]
fn every_file_is_listed_under_its_name() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/package-managers");
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let files: BTreeSet<_> = files
        .filter(|path| path.extension().is_some_and(|ending| ending == "toml"))
        .map(|path| path.file_stem().unwrap().to_string_lossy().into_owned())
        .collect();
    let listed: BTreeSet<_> = managers().iter().map(|manager| manager.id.clone()).collect();
    assert_eq!(files, listed);
    assert_eq!(managers().iter().count(), files.len(), "an id is used twice");
}

#[test]
fn no_name_means_two_managers() {
    let mut seen = BTreeMap::new();
    for manager in managers().iter().filter(|manager| manager.variant.is_none()) {
        let modules = manager.modules.iter().map(|module| format!("-m {module}"));
        for name in manager
            .programs
            .iter()
            .chain(manager.implied.keys())
            .cloned()
            .chain(modules)
        {
            let before = seen.insert(name.clone(), &manager.id);
            assert!(before.is_none(), "{name}: {} and {before:?}", manager.id);
        }
    }
}

#[test]
fn files_are_consistent() {
    let ids: BTreeSet<_> = managers().iter().map(|manager| manager.id.as_str()).collect();
    for manager in managers().iter() {
        let id = &manager.id;
        assert!(
            manager
                .variant
                .as_ref()
                .is_none_or(|variant| ids.contains(variant.of.as_str())),
            "{id}"
        );
        for verb in manager.implied.values() {
            let words: Vec<_> = verb.split_whitespace().map(Some).collect();
            assert_ne!(
                manager.verbs.find(&words, |_| false).action,
                Action::Other,
                "{id}: implied {verb}"
            );
        }
        match manager.clean.by {
            CleanBy::Options => assert!(!manager.clean.options.is_empty(), "{id}"),
            CleanBy::Commands => assert!(!manager.clean.commands.is_empty(), "{id}"),
            CleanBy::Removal => assert!(
                manager.caches.iter().any(|cache| cache.holds == Holds::Downloads),
                "{id}"
            ),
            CleanBy::Nothing => {}
        }
        for cache in &manager.caches {
            let places = cache.path.iter().chain(&cache.root_path);
            assert!(
                places
                    .clone()
                    .all(|path| path.starts_with('/') || path.starts_with("~/")),
                "{id}"
            );
            assert!(
                places.count() > 0 || !cache.moved_by.is_empty(),
                "{id}: a cache without a place"
            );
            for place in &cache.moved_by {
                let named = [&place.option, &place.variable, &place.folder]
                    .into_iter()
                    .flatten()
                    .count();
                assert_eq!(named, 1, "{id}: {place:?}");
                // An option that isn't known to take a value would be read as a flag. Those with `=` need no list.
                let is_read = |name: &String| {
                    name.starts_with("-D") || name == "--deployment" || manager.options.role(name).is_some()
                };
                assert!(place.option.as_ref().is_none_or(is_read), "{id}: {place:?}");
            }
        }
        let conditions = manager
            .offline
            .iter()
            .chain(manager.contradictions.iter().map(|known| &known.when));
        for condition in conditions {
            let named = [&condition.option, &condition.variable, &condition.file]
                .into_iter()
                .flatten()
                .count();
            assert_eq!(named, 1, "{id}: {condition:?}");
        }
    }
}

#[test]
fn programs_are_recognized() {
    let cases = [
        ("apt-get install -y curl", Some("apt")),
        ("/usr/bin/apt-get update", Some("apt")),
        ("pip install x", Some("pip")),
        ("pip3 install x", Some("pip")),
        ("pip3.11 install x", Some("pip")),
        ("/opt/venv/bin/pip install x", Some("pip")),
        ("python -m pip install x", Some("pip")),
        ("python3.12 -u -m pip install x", Some("pip")),
        ("python3 -m poetry install", Some("poetry")),
        ("python3 -m venv /opt/venv", None),
        ("python3 setup.py -m pip", None),
        ("python manage.py collectstatic", None),
        ("uvx ruff", Some("uv")),
        ("npx prisma generate", Some("npm")),
        ("corepack yarn install", Some("yarn")),
        ("corepack enable", Some("corepack")),
        ("./mvnw package", Some("maven")),
        ("./gradlew build", Some("gradle")),
        ("dnf-3 install x", Some("dnf")),
        ("dnf5 install x", Some("dnf5")),
        ("bundle3.1 install", Some("bundler")),
        ("pipework install", None),
        ("pip-compile requirements.in", None),
        ("? install x", None),
        ("make install", None),
    ];
    for (command, id) in cases {
        assert_eq!(id_of(command), id, "{command}");
    }
}

#[test]
fn a_base_image_changes_what_a_program_means() {
    let cases = [
        ("fedora", Some("42"), "dnf", "dnf5"),
        ("docker.io/library/fedora", None, "yum", "dnf5"),
        ("fedora", Some("40"), "dnf", "dnf"),
        ("rockylinux", Some("9"), "yum", "dnf"),
        ("centos", Some("7"), "yum", "yum"),
        ("amazonlinux", Some("2"), "yum", "yum"),
        ("amazonlinux", Some("2023"), "yum", "dnf"),
        ("redhat/ubi7", None, "yum", "yum"),
        ("redhat/ubi9", None, "yum", "dnf"),
        ("arm64v8/rockylinux", Some("9"), "yum", "dnf"),
        ("public.ecr.aws/lambda/python", Some("3.12"), "dnf", "microdnf"),
        ("quay.io/centos/centos", Some("stream9"), "yum", "dnf"),
    ];
    for (image, tag, program, id) in cases {
        let words = [Some(program), Some("install"), Some("git")];
        let found = managers().recognize(&words, base_environment(image, tag)).unwrap();
        assert_eq!(found.manager.id, id, "{image}:{tag:?} {program}");
    }
}

#[test]
fn yarn_berry_is_told_by_its_files() {
    let yarn = managers().by_program("yarn").unwrap();
    let berry: Vec<_> = managers().variants(yarn).collect();
    assert_eq!(
        berry.iter().map(|manager| manager.id.as_str()).collect::<Vec<_>>(),
        ["yarn-berry"]
    );
    let signs = &berry[0].variant.as_ref().unwrap().signs;
    let invocation = yarn.read("yarn", &[]);
    let given = |file, text| Given {
        files: BTreeMap::from([(file, text)]),
        ..Given::default()
    };
    assert_eq!(
        Condition::any(signs, &invocation, &given(".yarnrc.yml", "")),
        Some(true)
    );
    assert_eq!(
        Condition::any(signs, &invocation, &given("yarn.lock", "__metadata:\n  version: 8")),
        Some(true)
    );
    assert_eq!(
        Condition::any(signs, &invocation, &given("yarn.lock", "# yarn lockfile v1")),
        Some(false)
    );
}

#[test]
fn verbs_say_what_a_command_does() {
    use Action::*;
    let cases = [
        ("apt-get update", "update", UpdateLists),
        (
            "apt-get -qq -o Dpkg::Options::=--force-confold -y install curl",
            "install",
            Install,
        ),
        ("apt-get ? install curl", "install", Install),
        ("apt-get ?", "", Other),
        ("apt-get dist-upgrade -y", "dist-upgrade", Upgrade),
        ("apt-get purge -y --auto-remove gcc", "purge", Remove),
        ("apt-get clean", "clean", CleanCache),
        ("apt --version", "", Other),
        ("aptitude safe-upgrade", "safe-upgrade", Upgrade),
        ("apk add --no-cache --virtual .build-deps gcc", "add", Install),
        ("apk --update add curl", "add", Install),
        ("apk del .build-deps", "del", Remove),
        ("apk cache clean", "cache clean", CleanCache),
        ("dnf -y module install nodejs:18", "module install", Install),
        ("dnf module enable -y nodejs:18", "module enable", Config),
        (
            "dnf config-manager --add-repo https://x/y.repo",
            "config-manager",
            Config,
        ),
        ("dnf5 clean all", "clean", CleanCache),
        ("yum -y groupinstall Development_Tools", "groupinstall", Install),
        ("microdnf clean all", "clean", CleanCache),
        ("zypper --non-interactive in --no-recommends git", "in", Install),
        ("zypper clean --all", "clean", CleanCache),
        ("zypper -n --gpg-auto-import-keys refresh", "refresh", UpdateLists),
        ("pacman -Sy", "-S -y", UpdateLists),
        ("pacman -Syu --noconfirm", "-S -y -u", Upgrade),
        ("pacman -Syu --noconfirm git", "-S *", Install),
        ("pacman --noconfirm -S git", "-S *", Install),
        ("pacman -Scc --noconfirm", "-S -c", CleanCache),
        ("pacman -Rns gcc", "-R *", Remove),
        ("pacman -Qi git", "-Q *", Other),
        ("pip install --no-cache-dir -r requirements.txt", "install", Install),
        ("pip --disable-pip-version-check install x", "install", Install),
        ("pip wheel -w /wheels -r requirements.txt", "wheel", Build),
        ("pip cache purge", "cache purge", CleanCache),
        ("pip list", "list", Other),
        ("python -m pip install --upgrade pip", "install", Install),
        ("uv pip install --system -r requirements.txt", "pip install", Install),
        ("uv --no-progress pip --quiet install x", "pip install", Install),
        ("uv sync --frozen --no-dev", "sync", Install),
        ("uv run pytest -q", "run", Exec),
        ("uv tool install ruff", "tool install", Install),
        ("uv venv /opt/venv", "venv", Other),
        ("uv cache clean", "cache clean", CleanCache),
        ("uvx ruff check", "tool run", Exec),
        ("poetry install --only main --no-root", "install", Install),
        ("poetry config virtualenvs.create false", "config", Config),
        ("poetry run python manage.py migrate", "run", Run),
        ("poetry export -f requirements.txt -o requirements.txt", "export", Other),
        ("pipenv install --system --deploy", "install", Install),
        ("pipenv --clear", "--clear", CleanCache),
        ("pdm sync --prod --no-editable", "sync", Install),
        ("pipx install poetry==1.8.3", "install", Install),
        ("conda install -y -c conda-forge numpy", "install", Install),
        ("conda env create -f environment.yml", "env create", Install),
        ("conda env list", "env", Other),
        ("conda clean -afy", "clean", CleanCache),
        ("conda run -n app pip install x", "run", Run),
        ("micromamba install -y -n base -f /tmp/env.yaml", "install", Install),
        ("mamba clean --all -f -y", "clean", CleanCache),
        ("npm ci --omit=dev", "ci", Install),
        ("npm --prefix frontend install", "install", Install),
        ("npm i -g pnpm@9", "i", Install),
        ("npm run build", "run", Run),
        ("npm cache clean --force", "cache clean", CleanCache),
        ("npm cache verify", "cache", Other),
        ("npm config set registry https://r", "config", Config),
        ("npm --version", "", Other),
        ("npx prisma generate", "exec", Exec),
        ("yarn", "", Install),
        ("yarn --frozen-lockfile", "", Install),
        ("yarn --version", "", Other),
        ("yarn install --production", "install", Install),
        ("yarn global add serve", "global add", Install),
        ("yarn global bin", "global", Other),
        ("yarn --cwd ui install", "install", Install),
        ("yarn build", "build", Run),
        ("yarn cache clean", "cache clean", CleanCache),
        ("yarn config set network-timeout 300000", "config", Config),
        ("pnpm install --frozen-lockfile", "install", Install),
        ("pnpm fetch --prod", "fetch", Download),
        ("pnpm --filter web build", "build", Run),
        ("pnpm dlx turbo prune web", "dlx", Exec),
        ("pnpm store prune", "store prune", CleanCache),
        ("pnpm deploy --filter=web /out", "deploy", Install),
        ("bun install --production", "install", Install),
        ("bun run build", "run", Run),
        ("bun pm cache rm", "pm cache rm", CleanCache),
        ("bunx prisma generate", "x", Exec),
        ("corepack prepare pnpm@9 --activate", "prepare", Install),
        ("cargo build --release --locked", "build", Build),
        ("cargo +nightly build --release", "build", Build),
        ("cargo install --path .", "install", Install),
        (
            "cargo chef cook --release --recipe-path recipe.json",
            "chef cook",
            Build,
        ),
        ("cargo chef prepare --recipe-path recipe.json", "chef", Other),
        ("cargo fetch", "fetch", Download),
        ("go build -o /app ./cmd/app", "build", Build),
        ("go mod download", "mod download", Download),
        ("go mod verify", "mod verify", Download),
        ("go install github.com/a/b@latest", "install", Install),
        ("go clean -modcache", "clean -modcache", CleanCache),
        ("go clean", "clean", Other),
        ("go env -w GOPROXY=https://p", "env -w", Config),
        ("go env GOPATH", "env", Other),
        ("mvn -B clean package -DskipTests", "package", Build),
        (
            "mvn -f pom.xml dependency:go-offline -B",
            "dependency:go-offline",
            Download,
        ),
        ("mvn clean", "clean", Other),
        ("mvn -v", "", Other),
        ("./mvnw -pl web -am install", "install", Build),
        ("gradle build -x test --no-daemon", "build", Build),
        ("./gradlew --no-daemon dependencies", "dependencies", Download),
        ("./gradlew clean :app:bootJar", ":app:bootJar", Build),
        ("gradle --version", "", Other),
        ("mix local.hex --force", "local.hex", Install),
        ("mix deps.get --only prod", "deps.get", Download),
        ("mix assets.deploy", "assets.deploy", Build),
        ("mix do compile + phx.digest", "do", Build),
        ("mix release --overwrite --path /opt/shop", "release", Build),
        ("mix hex.config offline true", "hex.config", Config),
        ("stack build --only-dependencies", "build", Build),
        (
            "stack --resolver lts-22 install --local-bin-path /usr/local/bin",
            "install",
            Install,
        ),
        ("stack exec shop", "exec", Run),
        ("stack config set system-ghc --global true", "config set", Config),
        ("cabal update", "update", Download),
        ("cabal v2-build -j2 exe:shop", "v2-build", Build),
        (
            "cabal install --installdir=/b --install-method=copy",
            "install",
            Install,
        ),
        ("cabal list-bin shop", "list-bin", Other),
        ("sbt update", "update", Download),
        ("sbt clean assembly", "assembly", Build),
        ("bundle", "", Install),
        ("bundle install --jobs 4 --retry 3", "install", Install),
        ("bundle -v", "", Other),
        ("bundle config set --local deployment true", "config", Config),
        ("bundle exec rake assets:precompile", "exec", Run),
        ("gem install bundler -v 2.4.22 --no-document", "install", Install),
        ("gem update --system", "update", Upgrade),
        ("gem sources --clear-all", "sources --clear-all", CleanCache),
        ("composer install --no-dev --no-scripts", "install", Install),
        ("composer global require laravel/installer", "global require", Install),
        ("composer clear-cache", "clear-cache", CleanCache),
        ("composer dump-autoload -o", "dump-autoload", Other),
        ("composer build", "build", Run),
        ("dotnet restore src/App/App.csproj", "restore", Download),
        ("dotnet publish -c Release -o /app --no-restore", "publish", Build),
        ("dotnet tool install --global dotnet-ef", "tool install", Install),
        ("dotnet nuget locals all --clear", "nuget locals", CleanCache),
        ("dotnet App.dll", "App.dll", Run),
        ("cpanm --notest Mojolicious", "install", Install),
        ("cpan install JSON", "install", Install),
    ];
    for (command, verb, action) in cases {
        let (manager, invocation) = read(command);
        assert_eq!(invocation.verb, verb, "{command} ({})", manager.id);
        assert_eq!(invocation.action, action, "{command} ({})", manager.id);
    }
}

#[test]
fn arguments_are_told_apart() {
    use ArgumentKind::*;
    let cases: &[(&str, &[(ArgumentKind, &str)])] = &[
        (
            "apt-get install -yqqt bookworm-backports git=1:2.39 libc6:arm64",
            &[(Package, "git=1:2.39"), (Package, "libc6:arm64")],
        ),
        (
            "apt-get install -y ./tool.deb /tmp/x.deb",
            &[(Path, "./tool.deb"), (Path, "/tmp/x.deb")],
        ),
        (
            "apt-get install -y -o APT::Install-Recommends=0 curl",
            &[(Package, "curl")],
        ),
        (
            "apt-get install -y --no-install-recommends curl ? git",
            &[(Package, "curl"), (Unknown, ""), (Package, "git")],
        ),
        (
            "apk add --no-cache -t .deps gcc~=12 musl-dev",
            &[(Package, "gcc~=12"), (Package, "musl-dev")],
        ),
        (
            "dnf install -y --setopt install_weak_deps=0 git https://x/y.rpm",
            &[(Package, "git"), (Url, "https://x/y.rpm")],
        ),
        ("pip install -r requirements.txt", &[]),
        (
            "pip install -r requirements.txt -i https://p/simple flask[async]>=2",
            &[(Package, "flask[async]>=2")],
        ),
        ("pip install .", &[(Path, ".")]),
        ("pip install -e .[dev]", &[(Path, ".[dev]")]),
        (
            "pip install --editable=./lib dist/app.whl",
            &[(Path, "./lib"), (Path, "dist/app.whl")],
        ),
        (
            "pip install git+https://github.com/a/b@main",
            &[(Url, "git+https://github.com/a/b@main")],
        ),
        ("pip install -qU -- setuptools", &[(Package, "setuptools")]),
        (
            "uv pip install --python 3.12 --system torch==2.1",
            &[(Package, "torch==2.1")],
        ),
        ("uv pip sync requirements.txt", &[(Path, "requirements.txt")]),
        (
            "conda install -y -n base -c conda-forge python=3.11 pip",
            &[(Package, "python=3.11"), (Package, "pip")],
        ),
        (
            "npm install -g @angular/cli@17 ./local",
            &[(Package, "@angular/cli@17"), (Path, "./local")],
        ),
        (
            "npx --package prisma prisma generate",
            &[(Package, "prisma"), (Word, "prisma")],
        ),
        ("yarn global add --network-timeout 1000 serve", &[(Package, "serve")]),
        ("cargo install --version 0.1 --locked ripgrep", &[(Package, "ripgrep")]),
        (
            "go install -ldflags -s github.com/a/b@v1",
            &[(Package, "github.com/a/b@v1")],
        ),
        ("go build -tags netgo -o /bin/app ./cmd/app", &[(Path, "./cmd/app")]),
        (
            "gem install bundler:2.4 -v 2 rake",
            &[(Package, "bundler:2.4"), (Package, "rake")],
        ),
        (
            "dotnet restore -r linux-x64 src/App.csproj",
            &[(Path, "src/App.csproj")],
        ),
        ("mvn -P prod -s settings.xml package", &[]),
        ("cpanm -L local Mojolicious@9", &[(Package, "Mojolicious@9")]),
    ];
    for (command, expected) in cases {
        let (_, invocation) = read(command);
        let found: Vec<_> = invocation
            .arguments
            .iter()
            .map(|argument| (argument.kind, argument.text.unwrap_or_default()))
            .collect();
        assert_eq!(found, *expected, "{command}");
    }
}

#[test]
fn files_that_a_command_reads_are_found() {
    let cases: &[(&str, &[&str])] = &[
        (
            "pip install -r requirements.txt -cconstraints.txt --find-links=wheels flask",
            &["requirements.txt", "constraints.txt", "wheels"],
        ),
        ("conda env create --file environment.yml", &["environment.yml"]),
        ("cargo build --manifest-path app/Cargo.toml", &["app/Cargo.toml"]),
        ("cargo install --path crates/app", &["crates/app"]),
        ("mvn -f app/pom.xml package", &["app/pom.xml"]),
        ("npm --prefix ui ci", &["ui"]),
        ("bundle install --gemfile=app/Gemfile", &["app/Gemfile"]),
        ("dotnet publish src/App.csproj -c Release", &["src/App.csproj"]),
        (
            "uv pip install -r requirements/prod.txt .",
            &["requirements/prod.txt", "."],
        ),
    ];
    for (command, expected) in cases {
        let (_, invocation) = read(command);
        assert_eq!(invocation.reads().flatten().collect::<Vec<_>>(), *expected, "{command}");
    }
}

#[test]
fn inner_commands_are_left_alone() {
    let cases = [
        ("poetry run pip install --no-cache-dir x", Some(1)),
        ("uv run --no-sync pip install -r r.txt", Some(2)),
        ("npm run build -- --prod", Some(1)),
        ("conda run -n app pip install x", Some(3)),
        ("npm ci", None),
        ("poetry run app --help", Some(1)),
    ];
    for (command, expected) in cases {
        let (_, invocation) = read(command);
        assert_ne!(invocation.action, Action::Other, "{command}");
        assert_eq!(invocation.inner_at, expected, "{command}");
        assert!(invocation.option("--no-cache-dir").is_none(), "{command}");
    }
}

#[test]
fn package_names_are_split() {
    let cases = [
        ("apt-get", "git=1:2.39", "git", Some("=1:2.39")),
        ("apt-get", "libc6:arm64", "libc6", Some(":arm64")),
        ("apt-get", "git/bookworm-backports", "git", Some("/bookworm-backports")),
        ("apk", "gcc~=12", "gcc", Some("~=12")),
        ("pip", "flask[async]>=2", "flask", Some("[async]>=2")),
        ("pip", "flask ~= 2", "flask", Some(" ~= 2")),
        ("npm", "@angular/cli@17", "@angular/cli", Some("@17")),
        ("npm", "@angular/cli", "@angular/cli", None),
        ("go", "github.com/a/b@v1", "github.com/a/b", Some("@v1")),
        ("composer", "laravel/framework:^10", "laravel/framework", Some(":^10")),
        ("apt-get", "", "", None),
    ];
    for (program, package, name, rest) in cases {
        let manager = managers().by_program(program).unwrap();
        let (found, behind) = manager.split_package(package);
        assert_eq!(found, name, "{package}");
        assert_eq!(behind.map(str::trim_end), rest.map(str::trim_end), "{package}");
    }
}

#[test]
fn caches_are_where_the_tools_put_them() {
    let nothing = Given::default();
    let cases: &[(&str, usize, &str, &Given, Option<&str>)] = &[
        ("apt-get install -y x", 0, "/root", &nothing, Some("/var/cache/apt")),
        ("apt-get update", 1, "/root", &nothing, Some("/var/lib/apt/lists")),
        ("apk add x", 0, "/root", &nothing, Some("/etc/apk/cache")),
        (
            "dnf install -y --installroot /mnt/root x",
            0,
            "/root",
            &nothing,
            Some("/mnt/root/var/cache/dnf"),
        ),
        ("pip install x", 0, "/root", &nothing, Some("/root/.cache/pip")),
        ("pip install x", 0, "/home/app/", &nothing, Some("/home/app/.cache/pip")),
        (
            "pip install x",
            0,
            "/root",
            &variables(&[("PIP_CACHE_DIR", "/c/")]),
            Some("/c"),
        ),
        (
            "pip install x",
            0,
            "/root",
            &variables(&[("PIP_CACHE_DIR", ""), ("XDG_CACHE_HOME", "/x")]),
            Some("/x/pip"),
        ),
        (
            "pip install --cache-dir /o x",
            0,
            "/root",
            &variables(&[("PIP_CACHE_DIR", "/c")]),
            Some("/o"),
        ),
        ("pip install --cache-dir .cache x", 0, "/root", &nothing, None),
        ("pip install --cache-dir ? x", 0, "/root", &nothing, None),
        (
            "poetry install",
            0,
            "/root",
            &nothing,
            Some("/root/.cache/pypoetry/cache"),
        ),
        (
            "poetry install",
            1,
            "/root",
            &variables(&[("POETRY_CACHE_DIR", "/p")]),
            Some("/p/artifacts"),
        ),
        ("conda install x", 0, "/root", &nothing, None),
        (
            "conda install x",
            0,
            "/root",
            &Given {
                folders: BTreeMap::from([("conda", "/opt/conda")]),
                ..Given::default()
            },
            Some("/opt/conda/pkgs"),
        ),
        (
            "micromamba install x",
            0,
            "/home/mambauser",
            &variables(&[("MAMBA_ROOT_PREFIX", "/opt/conda")]),
            Some("/opt/conda/pkgs"),
        ),
        ("npm ci", 0, "/home/node", &nothing, Some("/home/node/.npm")),
        (
            "npm ci",
            0,
            "/root",
            &variables(&[("npm_config_cache", "/n")]),
            Some("/n"),
        ),
        ("yarn", 0, "/root", &nothing, Some("/usr/local/share/.cache/yarn")),
        ("yarn", 0, "/home/node", &nothing, Some("/home/node/.cache/yarn")),
        (
            "pnpm install",
            0,
            "/root",
            &variables(&[("PNPM_HOME", "/pnpm")]),
            Some("/pnpm/store"),
        ),
        (
            "cargo build",
            0,
            "/root",
            &variables(&[("CARGO_HOME", "/usr/local/cargo")]),
            Some("/usr/local/cargo/registry"),
        ),
        (
            "go build",
            0,
            "/root",
            &variables(&[("GOPATH", "/go")]),
            Some("/go/pkg/mod"),
        ),
        (
            "go build",
            1,
            "/root",
            &variables(&[("GOPATH", "/go")]),
            Some("/root/.cache/go-build"),
        ),
        ("mvn -Dmaven.repo.local=/m2 package", 0, "/root", &nothing, Some("/m2")),
        (
            "mvn package",
            0,
            "/root",
            &variables(&[("MAVEN_OPTS", "-Xmx1g -Dmaven.repo.local=/r")]),
            Some("/r"),
        ),
        (
            "mvn package",
            0,
            "/root",
            &variables(&[("MAVEN_OPTS", "-Xmx1g")]),
            Some("/root/.m2/repository"),
        ),
        ("bundle install", 0, "/root", &nothing, None),
        (
            "bundle install",
            0,
            "/root",
            &variables(&[("GEM_HOME", "/usr/local/bundle")]),
            Some("/usr/local/bundle/cache"),
        ),
        (
            "bundle install",
            0,
            "/root",
            &variables(&[("GEM_HOME", "/usr/local/bundle"), ("BUNDLE_PATH", "/b")]),
            Some("/b/ruby/*/cache"),
        ),
        (
            "bundle install",
            0,
            "/root",
            &variables(&[("GEM_HOME", "/usr/local/bundle"), ("BUNDLE_DEPLOYMENT", "1")]),
            None,
        ),
        (
            "bundle install --deployment",
            0,
            "/root",
            &variables(&[("GEM_HOME", "/usr/local/bundle")]),
            None,
        ),
        (
            "composer install",
            0,
            "/root",
            &variables(&[("COMPOSER_HOME", "/tmp")]),
            Some("/tmp/cache"),
        ),
        ("pacman -S git", 0, "/root", &nothing, Some("/var/cache/pacman/keep")),
        (
            "pacman --root /mnt -S git",
            0,
            "/root",
            &nothing,
            Some("/var/cache/pacman/keep"),
        ),
        (
            "sbt -Dsbt.coursier.home=/c compile",
            0,
            "/root",
            &variables(&[("COURSIER_CACHE", "/other")]),
            Some("/c/cache"),
        ),
        (
            "gradle build",
            0,
            "/root",
            &variables(&[("GRADLE_OPTS", "-Xmx1g -Dgradle.user.home=/g")]),
            Some("/g/caches"),
        ),
        ("dotnet restore", 0, "/root", &nothing, Some("/root/.nuget/packages")),
    ];
    for (command, cache, home, given, expected) in cases {
        assert_eq!(
            cache_path(command, *cache, home, given).as_deref(),
            *expected,
            "{command}"
        );
    }
    let unknown = Given {
        unknown: BTreeSet::from(["PIP_CACHE_DIR"]),
        ..Given::default()
    };
    assert_eq!(cache_path("pip install x", 0, "/root", &unknown), None);
}

#[test]
fn links_into_the_cache_are_noticed() {
    let uv = |given: &Given| {
        let (manager, invocation) = read("uv sync");
        manager.caches[0].is_linked(&invocation, given)
    };
    assert_eq!(uv(&Given::default()), Some(false));
    assert_eq!(uv(&variables(&[("UV_LINK_MODE", "copy")])), Some(false));
    assert_eq!(uv(&variables(&[("UV_LINK_MODE", "symlink")])), Some(true));
    assert_eq!(
        uv(&Given {
            unknown: BTreeSet::from(["UV_LINK_MODE"]),
            ..Given::default()
        }),
        None
    );

    let (yarn, invocation) = read("yarn install");
    assert_eq!(yarn.caches[0].is_linked(&invocation, &Given::default()), Some(false));
    let plug_and_play = Given {
        files: BTreeMap::from([("package.json", r#"{"installConfig": {"pnp": true}}"#)]),
        ..Given::default()
    };
    assert_eq!(yarn.caches[0].is_linked(&invocation, &plug_and_play), Some(true));

    let berry = managers().by_id("yarn-berry").unwrap();
    let invocation = berry.read("yarn", &[Some("install")]);
    let with = |text| Given {
        files: BTreeMap::from([(".yarnrc.yml", text)]),
        ..Given::default()
    };
    assert_eq!(berry.caches[0].is_linked(&invocation, &Given::default()), Some(true));
    assert_eq!(
        berry.caches[0].is_linked(&invocation, &with("nodeLinker: node-modules\n")),
        Some(false)
    );
}

#[test]
fn contradictions_and_offline_runs_are_noticed() {
    let contradicted = |command, given: &Given| {
        let (manager, invocation) = read(command);
        manager
            .contradictions
            .iter()
            .any(|known| known.when.holds(&invocation, given) == Some(true))
    };
    let nothing = Given::default();
    assert!(contradicted("pip install --no-cache-dir x", &nothing));
    assert!(contradicted("pip install x", &variables(&[("PIP_NO_CACHE_DIR", "0")])));
    assert!(!contradicted("pip install x", &variables(&[("PIP_NO_CACHE_DIR", "")])));
    assert!(contradicted("apk add --no-cache x", &nothing));
    assert!(contradicted("uv pip install -n x", &nothing));
    assert!(!contradicted("conda install -n base x", &nothing));
    assert!(!contradicted("poetry run pip install --no-cache-dir x", &nothing));

    let offline = |command, given: &Given| {
        let (manager, invocation) = read(command);
        Condition::any(&manager.offline, &invocation, given)
    };
    assert_eq!(offline("mvn -o package", &nothing), Some(true));
    assert_eq!(offline("mvn package", &nothing), Some(false));
    assert_eq!(offline("cargo build --frozen", &nothing), Some(true));
    assert_eq!(offline("cargo build --locked", &nothing), Some(false));
    assert_eq!(offline("go build -mod=vendor ./...", &nothing), Some(true));
    assert_eq!(offline("go build -mod ? ./...", &nothing), None);
    assert_eq!(
        offline("go build ./...", &variables(&[("GOFLAGS", "-mod=vendor -trimpath")])),
        Some(true)
    );
    assert_eq!(offline("dotnet publish --no-restore", &nothing), Some(true));
}

#[test]
fn base_images_are_found() {
    let home = |name, tag, user| {
        base_environment(name, tag)
            .and_then(|base| base.account(user))
            .map(|user| user.home.as_str())
    };
    assert_eq!(home("node", Some("20-slim"), "node"), Some("/home/node"));
    assert_eq!(home("docker.io/library/node", None, "1000:1000"), Some("/home/node"));
    assert_eq!(home("ubuntu", Some("22.04"), "ubuntu"), None);
    assert_eq!(home("ubuntu", Some("noble-20240605"), "ubuntu"), Some("/home/ubuntu"));
    assert_eq!(home("mcr.microsoft.com/dotnet/sdk", Some("6.0"), "app"), None);
    assert_eq!(
        home("mcr.microsoft.com/dotnet/sdk", Some("8.0-alpine"), "1654"),
        Some("/home/app")
    );
    let variable = |name, key| {
        base_environment(name, None)
            .and_then(|base| base.env.get(key))
            .map(String::as_str)
    };
    assert_eq!(variable("rust", "CARGO_HOME"), Some("/usr/local/cargo"));
    assert_eq!(variable("golang", "GOPATH"), Some("/go"));
    assert_eq!(variable("composer", "COMPOSER_HOME"), Some("/tmp"));
    assert!(base_environment("someone/node", None).is_none());
    assert_eq!(home("arm64v8/node", Some("20"), "node"), Some("/home/node"));
    assert_eq!(
        home("public.ecr.aws/docker/library/node", None, "node"),
        Some("/home/node")
    );
    assert_eq!(variable("docker.io/arm32v7/golang", "GOPATH"), Some("/go"));
    assert!(base_environment("amd64/debian", None).is_some());
    assert!(base_environment("library/debian", None).is_none());

    let user = |name, tag| base_environment(name, tag).map(|base| base.user.as_deref().unwrap_or("root"));
    let cases = [
        ("nvidia/cuda", None, Some("root")),
        ("mcr.microsoft.com/devcontainers/python", Some("3.12"), Some("root")),
        ("mcr.microsoft.com/devcontainers/universal", None, Some("codespace")),
        (
            "mcr.microsoft.com/playwright/python",
            Some("v1.49.0-jammy"),
            Some("root"),
        ),
        ("public.ecr.aws/lambda/python", Some("3.12"), Some("root")),
        ("public.ecr.aws/amazonlinux/amazonlinux", Some("2"), Some("root")),
        ("public.ecr.aws/someone/else", None, None),
        ("registry.access.redhat.com/ubi9/ubi-minimal", None, Some("root")),
        ("registry.access.redhat.com/ubi9-minimal", None, Some("root")),
        ("registry.access.redhat.com/ubi9/python-312", None, Some("1001")),
        ("registry.access.redhat.com/ubi9/openjdk-21", None, None),
        ("bitnami/node", Some("20"), Some("root")),
        ("bitnami/postgresql", None, Some("1001")),
        ("cimg/go", Some("1.22"), Some("circleci")),
        (
            "mcr.microsoft.com/dotnet/aspnet",
            Some("8.0-noble-chiseled"),
            Some("1654"),
        ),
        (
            "mcr.microsoft.com/dotnet/aspnet",
            Some("10.0-azurelinux3.0-distroless"),
            Some("1654"),
        ),
        (
            "mcr.microsoft.com/dotnet/aspnet",
            Some("6.0-jammy-chiseled"),
            Some("app"),
        ),
        ("mcr.microsoft.com/dotnet/aspnet", Some("8.0"), Some("root")),
        ("mcr.microsoft.com/dotnet/sdk", Some("6.0"), Some("root")),
        ("mcr.microsoft.com/dotnet/sdk", Some("8.0-nanoserver-ltsc2022"), None),
        ("golang", Some("1.23-windowsservercore"), None),
        ("haproxy", Some("2.2-alpine"), Some("root")),
        ("haproxy", Some("2.8"), Some("haproxy")),
        ("i386/memcached", None, Some("memcache")),
    ];
    for (name, tag, expected) in cases {
        assert_eq!(user(name, tag), expected, "{name}:{tag:?}");
    }
}

/// Run with `--release -- --ignored --nocapture`: what the tables cost each start, and reading costs each command.
#[test]
#[ignore = "a measurement"]
fn cost() {
    let start = std::time::Instant::now();
    let parsed: Vec<Manager> = managers::embedded()
        .iter()
        .filter_map(|text| toml::from_str(text).ok())
        .collect();
    let images = base_environment::parsed().unwrap();
    println!(
        "{} managers, {} images: {:?}",
        parsed.len(),
        images.len(),
        start.elapsed()
    );

    std::hint::black_box(managers());
    let start = std::time::Instant::now();
    for _ in 0..10_000 {
        std::hint::black_box(read(
            "apt-get install -y --no-install-recommends curl git ca-certificates",
        ));
        std::hint::black_box(read("python3 -m pip install --no-cache-dir -r requirements.txt"));
    }
    println!("one command: {:?}", start.elapsed() / 20_000);
}
