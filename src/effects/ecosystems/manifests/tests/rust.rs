use super::*;

#[test]
fn cargo() {
    check(Manager::Cargo, &[
        Case {
            name: "one package",
            files: &[("Cargo.toml", "[package]\nname='a'\n"), ("Cargo.lock", ""), ("src/main.rs", ""), ("build.rs", ""),
                ("rust-toolchain.toml", ""), (".cargo/config.toml", "")],
            command: "$ build --release",
            expected: "
                files .cargo/config.toml Cargo.lock Cargo.toml build.rs rust-toolchain.toml
                Project the root of the context
                first cargo fetch [src/main.rs]",
        },
        Case {
            name: "a workspace with path dependencies, targets of their own, an excluded member",
            files: &[
                ("Cargo.toml", "[workspace]\nmembers=['crates/*','cli']\nexclude=['crates/old']\n[patch.crates-io]\nz={path='third/z'}\n"),
                ("crates/a/Cargo.toml", "[package]\nname='a'\n[dependencies]\nb={path='../b'}\n"), ("crates/a/src/lib.rs", ""),
                ("crates/b/Cargo.toml", "[package]\nname='b'\nbuild='make.rs'\n"), ("crates/b/src/lib.rs", ""), ("crates/b/make.rs", ""),
                ("crates/old/Cargo.toml", ""),
                ("cli/Cargo.toml", "[package]\nname='cli'\n[[bin]]\nname='x'\npath='main/x.rs'\n"), ("cli/main/x.rs", ""),
                ("third/z/Cargo.toml", "[package]\nname='z'\n"), ("third/z/src/lib.rs", ""),
            ],
            command: "cli$ build",
            expected: "
                files Cargo.toml cli/Cargo.toml crates/a/Cargo.toml crates/b/Cargo.toml crates/b/make.rs third/z/Cargo.toml
                Project cli
                members cli crates/a crates/b
                first cargo fetch [cli/main/x.rs] [crates/a/src/lib.rs] [crates/b/src/lib.rs] [third/z/src/lib.rs]",
        },
        Case {
            name: "a crate from the registry reads nothing",
            files: &[("Cargo.toml", "")],
            command: "$ install --locked cargo-chef",
            expected: "",
        },
        Case {
            name: "install from a path",
            files: &[("svc/Cargo.toml", "[package]\nname='s'\n"), ("svc/src/bin/t.rs", "")],
            command: "$ install --path svc",
            expected: "files svc/Cargo.toml\nProject svc\nfirst cargo fetch [svc/src/bin/t.rs]",
        },
        Case {
            name: "fetch wants the targets' files",
            files: &[("Cargo.toml", "[package]\nname='a'\n"), ("src/lib.rs", "")],
            command: "$ fetch",
            expected: "files Cargo.toml\nProject the root of the context\nfirst cargo fetch [src/lib.rs]",
        },
    ]);
    let text = "[dependencies]\nserde='1'\nr={package='real'}\n[dev-dependencies]\ninsta='1'\n[target.'cfg(unix)'.dependencies]\nnix='1'\n";
    assert_eq!(
        declared(Manager::Cargo, &[("Cargo.toml", text)]),
        "dev-dependencies:insta! dependencies:nix dependencies:real dependencies:serde"
    );
}
