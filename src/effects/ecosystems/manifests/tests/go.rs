use super::*;

#[test]
fn go() {
    check(
        Manager::Go,
        &[
            Case {
                name: "a download reads go.mod, go.sum and the manifests of replacements",
                files: &[
                    ("go.mod", "module a\nreplace b => ./b\n"),
                    ("go.sum", ""),
                    ("b/go.mod", ""),
                    ("b/go.sum", ""),
                    ("main.go", ""),
                ],
                command: "$ mod_download",
                expected: "files b/go.mod go.mod go.sum",
            },
            Case {
                name: "no go.sum, a replacement that is not there",
                files: &[("go.mod", "replace b => ../b\nreplace c => ./c")],
                command: "$ mod_download -x",
                expected: "
                files go.mod
                missing c/go.mod
                unknown go.mod names ../b, which is not a path inside the build context",
            },
            Case {
                name: "a workspace, from one of its modules",
                files: &[
                    ("go.work", "go 1.22\nuse (\n\t./a\n\t./b\n)\n"),
                    ("go.work.sum", ""),
                    ("a/go.mod", ""),
                    ("b/go.mod", ""),
                    ("b/go.sum", ""),
                ],
                command: "a$ mod_download",
                expected: "files a/go.mod b/go.mod b/go.sum go.work go.work.sum\nmembers a b",
            },
            Case {
                name: "a build reads the sources and the version",
                files: &[("go.mod", ""), ("main.go", ""), (".git/HEAD", "")],
                command: "$ build -o /app ./...",
                expected: "
                files .git/ go.mod
                Project the root of the context
                first go mod download",
            },
            Case {
                name: "a vendored build has nothing to download",
                files: &[("go.mod", ""), ("vendor/modules.txt", ""), (".git/HEAD", "")],
                command: "$ build -buildvcs=false .",
                expected: "files go.mod vendor/\nProject the root of the context\nfirst impossible",
            },
            Case {
                name: "a tool with a version reads nothing",
                files: &[("go.mod", "")],
                command: "$ install example.org/tool@v1.2.3",
                expected: "",
            },
            Case {
                name: "go get of all packages reads their imports",
                files: &[("go.mod", "")],
                command: "$ get -d ./...",
                expected: "files go.mod\nProject the root of the context\nfirst impossible",
            },
        ],
    );
    let text = "require (\n a.org/x v1\n b.org/y v1 // indirect\n)\n";
    assert_eq!(declared(Manager::Go, &[("go.mod", text)]), "require:a.org/x");
}
