use super::*;

const BACKEND: &str = "[build-system]\nrequires=[\"hatchling\"]\nbuild-backend=\"hatchling.build\"\n";

#[test]
fn pip() {
    check(
        Manager::Pip,
        &[
            Case {
                name: "nested requirements, constraints, a local project, wheels, links",
                files: &[
                    (
                        "requirements.txt",
                        "-r req/base.txt\n./libs/shared\nflask==3 --hash=sha256:aa\n",
                    ),
                    (
                        "req/base.txt",
                        "-c ../constraints.txt\n--find-links ../wheels\nx @ file:vendor/x.whl\n",
                    ),
                    ("constraints.txt", "a==1"),
                    ("wheels/y.whl", ""),
                    ("vendor/x.whl", ""),
                    ("libs/shared/setup.py", "from setuptools import setup\nsetup()"),
                    ("app.py", ""),
                ],
                command: "$ install --no-cache-dir -r requirements.txt",
                expected: "
                files constraints.txt libs/shared/ req/base.txt requirements.txt vendor/x.whl wheels/
                PathDependency libs/shared",
            },
            Case {
                name: "requirements in a folder; a file that an earlier step makes",
                files: &[("app/requirements.txt", "flask"), ("app/main.py", "")],
                command: "app$ install -r requirements.txt -c made.txt --target /opt/x",
                expected: "files app/requirements.txt\nmissing app/made.txt",
            },
            Case {
                name: "packages by name read nothing",
                files: &[("flask", ""), ("setup.py", "")],
                command: "$ install flask gunicorn==20 --index-url https://example.org/simple git+https://example.org/a.git",
                expected: "",
            },
            Case {
                name: "the shell expands patterns",
                files: &[("r/a.txt", ""), ("r/b.txt", ""), ("dist/x.whl", "")],
                command: "$ install -r r/*.txt dist/*.whl",
                expected: "files dist/x.whl r/a.txt r/b.txt",
            },
            Case {
                name: "the project itself, with static dependencies",
                files: &[
                    (
                        "pyproject.toml",
                        "[project]\nname='a'\nreadme='README.md'\ndependencies=['flask>=3']\n\
                    [project.optional-dependencies]\ndev=['pytest']\n",
                    ),
                    ("README.md", ""),
                    ("LICENSE", ""),
                    ("src/a/__init__.py", ""),
                ],
                command: "$ install -e .[dev]",
                expected: "
                files LICENSE README.md pyproject.toml
                Project the root of the context
                first requirements flask>=3, pytest",
            },
            Case {
                name: "dynamic dependencies from a file, version from git",
                files: &[
                    (
                        "pyproject.toml",
                        "[project]\nname='a'\ndynamic=['dependencies','version']\n[build-system]\n\
                    requires=['setuptools>=64','setuptools_scm[toml]>=8']\n\
                    [tool.setuptools.dynamic]\ndependencies={file=['requirements.in']}\n",
                    ),
                    ("requirements.in", "flask"),
                    (".git/HEAD", ""),
                ],
                command: "$ install .",
                expected: "
                files .git/ pyproject.toml requirements.in
                Project the root of the context
                first impossible",
            },
            Case {
                name: "setup.py names its files; setup.cfg, too",
                files: &[
                    (
                        "setup.py",
                        "from setuptools import setup\nsetup(long_description=open('README.rst').read(),\n\
                    install_requires=open('requirements.txt').readlines())",
                    ),
                    (
                        "setup.cfg",
                        "[metadata]\nlicense_files = LICEN?E\nversion = file: app/VERSION\n",
                    ),
                    ("README.rst", ""),
                    ("requirements.txt", ""),
                    ("LICENSE", ""),
                    ("app/VERSION", ""),
                    ("MANIFEST.in", ""),
                ],
                command: "$ install .",
                expected: "
                files LICENSE MANIFEST.in README.rst app/VERSION requirements.txt setup.cfg setup.py
                Project the root of the context
                first impossible",
            },
            Case {
                name: "setup.py that runs programs",
                files: &[("setup.py", "import subprocess\n")],
                command: "$ install .",
                expected: "
                files setup.py
                Project the root of the context
                unknown setup.py calls subprocess, so what it reads shows only when it runs
                first impossible",
            },
            Case {
                name: "-e . inside of a requirements file",
                files: &[
                    ("requirements.txt", "-e .\nflask"),
                    ("pyproject.toml", "[project]\nname='a'\ndynamic=['dependencies']"),
                ],
                command: "$ install -r requirements.txt",
                expected: "
                files pyproject.toml requirements.txt
                Project the root of the context
                first impossible",
            },
            Case {
                name: "paths outside and variables",
                files: &[(
                    "requirements.txt",
                    "-r ${BASE}/x.txt\n-e git+https://example.org/a.git\n",
                )],
                command: "$ install -r requirements.txt -r /tmp/made.txt",
                expected: "
                files requirements.txt
                unknown -r on the command line names /tmp/made.txt, which is not a path inside the build context
                unknown requirements.txt names ${BASE}/x.txt, which is not a path inside the build context",
            },
        ],
    );
}

#[test]
fn uv() {
    check(
        Manager::Uv,
        &[
            Case {
                name: "a project that is no package reads its manifests only",
                files: &[
                    ("pyproject.toml", "[project]\nname='a'\nreadme='README.md'\n"),
                    ("uv.lock", ""),
                    (".python-version", "3.12"),
                ],
                command: "$ sync --frozen --no-dev",
                expected: "files .python-version pyproject.toml uv.lock",
            },
            Case {
                name: "a package is installed, unless it is left out",
                files: &[
                    (
                        "pyproject.toml",
                        "[project]\nname='a'\nreadme='README.md'\n[build-system]\nbuild-backend='hatchling.build'\n",
                    ),
                    ("README.md", ""),
                    ("uv.lock", ""),
                ],
                command: "$ sync --locked",
                expected: "
                files README.md pyproject.toml uv.lock
                Project the root of the context
                first + --no-install-project",
            },
            Case {
                name: "left out",
                files: &[
                    (
                        "pyproject.toml",
                        "[project]\nname='a'\nreadme='README.md'\n[build-system]\nbuild-backend='hatchling.build'\n",
                    ),
                    ("README.md", ""),
                    ("uv.lock", ""),
                ],
                command: "$ sync --locked --no-install-project",
                expected: "files pyproject.toml uv.lock",
            },
            Case {
                name: "dynamic dependencies need a build to check the lock file",
                files: &[
                    (
                        "pyproject.toml",
                        "[project]\nname='a'\ndynamic=['dependencies']\n[build-system]\nbuild-backend='hatchling.build'\n",
                    ),
                    ("uv.lock", ""),
                ],
                command: "$ sync --locked --no-install-project",
                expected: "files pyproject.toml uv.lock\nProject the root of the context",
            },
            Case {
                name: "a workspace, from a member",
                files: &[
                    (
                        "pyproject.toml",
                        "[project]\nname='root'\n[tool.uv.workspace]\nmembers=['packages/*']\nexclude=['packages/old']\n",
                    ),
                    ("uv.lock", ""),
                    (
                        "packages/a/pyproject.toml",
                        "[project]\nname='a'\n[build-system]\nbuild-backend='uv_build'\n\
                    [tool.uv.sources]\nlib={path='../../vendor/lib'}\n",
                    ),
                    ("packages/b/pyproject.toml", "[project]\nname='b'\n"),
                    ("packages/old/pyproject.toml", "[project]\nname='old'\n"),
                    ("vendor/lib/pyproject.toml", "[project]\nname='lib'\n"),
                ],
                command: "packages/a$ sync",
                expected: "
                files packages/a/pyproject.toml packages/b/pyproject.toml pyproject.toml uv.lock vendor/lib/
                Project packages/a
                PathDependency vendor/lib
                members packages/a packages/b
                first + --no-install-workspace",
            },
            Case {
                name: "uv pip install takes what pip takes",
                files: &[
                    ("requirements.txt", "flask"),
                    ("pyproject.toml", "[project]\nname='a'\ndependencies=['flask']\n"),
                ],
                command: "$ pip_install --system -r pyproject.toml -r requirements.txt",
                expected: "files pyproject.toml requirements.txt",
            },
            Case {
                name: "uv pip sync",
                files: &[("requirements.txt", "flask")],
                command: "$ pip_sync requirements.txt",
                expected: "files requirements.txt",
            },
            Case {
                name: "an unknown command",
                files: &[],
                command: "$ frobnicate",
                expected: "unknown `uv frobnicate` is not a command whose reads are known",
            },
        ],
    );
}

#[test]
fn poetry() {
    check(
        Manager::Poetry,
        &[
            Case {
                name: "without the root",
                files: &[
                    ("pyproject.toml", "[tool.poetry]\nreadme='README.md'\n"),
                    ("poetry.lock", ""),
                    ("README.md", ""),
                ],
                command: "$ install --no-root --only main",
                expected: "files poetry.lock pyproject.toml",
            },
            Case {
                name: "with the root: readme and sources",
                files: &[
                    (
                        "pyproject.toml",
                        "[tool.poetry]\nreadme='README.md'\n[build-system]\nbuild-backend='poetry.core.masonry.api'\n",
                    ),
                    ("poetry.lock", ""),
                    ("README.md", ""),
                    ("poetry.toml", ""),
                ],
                command: "$ install",
                expected: "
                files README.md poetry.lock poetry.toml pyproject.toml
                Project the root of the context
                first + --no-root",
            },
            Case {
                name: "path dependencies in all groups, and theirs",
                files: &[
                    (
                        "svc/pyproject.toml",
                        "[tool.poetry]\npackage-mode=false\n[tool.poetry.dependencies]\npython='^3.12'\n\
                    shared={path='../shared',develop=true}\n[tool.poetry.group.dev.dependencies]\nw={path='w.whl'}\n",
                    ),
                    ("svc/w.whl", ""),
                    (
                        "shared/pyproject.toml",
                        "[tool.poetry.dependencies]\nbase={path='../base'}\n[build-system]\nbuild-backend='poetry.core.masonry.api'\n",
                    ),
                    (
                        "base/pyproject.toml",
                        "[tool.poetry]\n[build-system]\nbuild-backend='poetry.core.masonry.api'\n",
                    ),
                ],
                command: "svc$ install",
                expected: "
                files base/ shared/ svc/pyproject.toml svc/w.whl
                PathDependency base
                PathDependency shared",
            },
            Case {
                name: "not TOML",
                files: &[("pyproject.toml", "[tool")],
                command: "$ install",
                expected: "
                files pyproject.toml
                unknown pyproject.toml cannot be parsed: unclosed table, expected `]`",
            },
        ],
    );
}

#[test]
fn pdm_and_pipenv() {
    check(
        Manager::Pdm,
        &[
            Case {
                name: "local packages and the project itself",
                files: &[
                    (
                        "pyproject.toml",
                        "[project]\nname='a'\ndependencies=['lib @ file:///${PROJECT_ROOT}/libs/lib']\n\
                    [build-system]\nbuild-backend='pdm.backend'\n[tool.pdm.version]\nsource='file'\npath='a/v.py'\n",
                    ),
                    ("a/v.py", ""),
                    ("pdm.lock", ""),
                    (
                        "libs/lib/pyproject.toml",
                        "[build-system]\nbuild-backend='flit_core.buildapi'",
                    ),
                ],
                command: "$ sync --prod",
                expected: "
                files a/v.py libs/lib/ pdm.lock pyproject.toml
                Project the root of the context
                PathDependency libs/lib
                first + --no-self",
            },
            Case {
                name: "without the project",
                files: &[
                    (
                        "pyproject.toml",
                        "[project]\nname='a'\n[build-system]\nbuild-backend='pdm.backend'\n",
                    ),
                    ("pdm.lock", ""),
                ],
                command: "$ install --no-self",
                expected: "files pdm.lock pyproject.toml",
            },
        ],
    );
    check(
        Manager::Pipenv,
        &[
            Case {
                name: "manifest and lock file",
                files: &[("Pipfile", "[packages]\nflask='*'\n"), ("Pipfile.lock", "{}")],
                command: "$ install --system --deploy",
                expected: "files Pipfile Pipfile.lock",
            },
            Case {
                name: "the project itself as a dependency",
                files: &[
                    ("Pipfile", "[packages]\na={path='.',editable=true}\n"),
                    ("setup.py", ""),
                ],
                command: "$ sync",
                expected: "
                files Pipfile setup.py
                missing Pipfile.lock
                Project the root of the context
                first impossible",
            },
            Case {
                name: "requirements where there is no Pipfile",
                files: &[("requirements.txt", "-c c.txt"), ("c.txt", "")],
                command: "$ install",
                expected: "files c.txt requirements.txt",
            },
        ],
    );
}

#[test]
fn backends() {
    for (tables, file) in [
        ("[tool.hatch.version]\npath='a/about.py'", "a/about.py"),
        ("[tool.hatch.metadata.hooks.requirements_txt]\nfiles=['r.txt']", "r.txt"),
        (
            "[[tool.hatch.metadata.hooks.fancy-pypi-readme.fragments]]\npath='CHANGES.md'",
            "CHANGES.md",
        ),
        ("[tool.hatch.build.targets.wheel.force-include]\n'data/x'='x'", "data/x"),
        ("[project]\nname='a'\nlicense={file='COPY.txt'}", "COPY.txt"),
        ("[project]\nname='a'\nlicense-files=['legal/*']", "legal/a"),
    ] {
        let manifest = format!("{BACKEND}{tables}\n");
        let found = run(
            Manager::Pip,
            &[("pyproject.toml", manifest.as_str()), (file, "")],
            "$ install .",
        );
        assert!(
            found.files.iter().any(|one| one.path == file),
            "{tables}: {:?}",
            found.files
        );
    }
    for requires in [
        "hatch-vcs",
        "setuptools_scm[toml]>=6",
        "versioneer[toml]==0.29",
        "poetry-dynamic-versioning>=1,<2",
    ] {
        let manifest = format!("[build-system]\nrequires=['x','{requires}']\nbuild-backend='x'\n");
        let found = run(
            Manager::Pip,
            &[("a/pyproject.toml", manifest.as_str()), (".git/HEAD", "")],
            "a$ install .",
        );
        assert!(found.files.iter().any(|one| one.path == ".git/"), "{requires}");
    }
    let hook = format!("{BACKEND}[tool.hatch.build.hooks.custom]\n");
    let found = run(
        Manager::Pip,
        &[("pyproject.toml", hook.as_str()), ("hatch_build.py", "")],
        "$ install .",
    );
    assert_eq!(found.files.len(), 2);
    assert_eq!(found.unknown.len(), 1);
}

#[test]
fn declares() {
    let files = [
        (
            "pyproject.toml",
            "[project]\ndependencies=['Flask>=3','a_b @ https://example.org/x.whl']\n\
            [project.optional-dependencies]\npg=['psycopg']\n[dependency-groups]\nci=['tox']\n\
            [tool.poetry.dependencies]\npython='^3'\nrequests='*'\n[tool.poetry.group.test.dependencies]\npytest='*'\n",
        ),
        ("requirements-dev.txt", "black\n-r x.txt\n"),
        ("Pipfile", "[dev-packages]\nmypy='*'\n"),
        ("setup.cfg", "[options]\ninstall_requires =\n    attrs\n"),
    ];
    assert_eq!(
        declared(Manager::Pip, &files),
        "dependencies:a-b install_requires:attrs requirements-dev:black! dependencies:flask dev-packages:mypy! \
         pg:psycopg test:pytest! dependencies:requests ci:tox!"
    );
}
