use crate::facts::Facts;
use crate::syntax;

use super::*;

/// The effects of all commands of `RUN body` in `/w`, one after the other.
fn effects(body: &str) -> Effects {
    let file = syntax::parse("Dockerfile", &format!("FROM debian:12\nWORKDIR /w\nRUN {body}\n")).unwrap();
    let facts = Facts::of(&file);
    let run = facts.run(&file, 2).unwrap();
    let mut all = Effects::default();
    for command in &run.commands {
        all.then(of_command(command, &()));
    }
    all
}

fn written(body: &str) -> Vec<String> {
    let effects = effects(body);
    assert_eq!(effects.unknown, None, "{body}");
    effects.writes.iter().map(ToString::to_string).collect()
}

#[test]
fn what_is_written_however_it_is_told() {
    for (body, expected) in [
        (
            "curl -fsSL -o /usr/local/bin/tool https://x.org/t",
            vec!["/usr/local/bin/tool"],
        ),
        (
            "curl -fsSLo/usr/local/bin/tool https://x.org/t",
            vec!["/usr/local/bin/tool"],
        ),
        ("curl --output=/opt/tool https://x.org/t", vec!["/opt/tool"]),
        ("cp --target-dir /opt/ a", vec!["/opt/a"]),
        ("curl -LO https://x.org/a/t.tgz?x=1", vec!["/w/t.tgz"]),
        ("curl https://x.org/t", vec![]),
        ("curl https://x.org/t > /opt/t", vec!["/opt/t"]),
        ("curl https://x.org/t -o -", vec![]),
        (
            "cp -t /usr/local/bin tools/a tools/b",
            vec!["/usr/local/bin/a", "/usr/local/bin/b"],
        ),
        ("cp --target-directory=/usr/local/bin a", vec!["/usr/local/bin/a"]),
        ("cp a /usr/local/bin", vec!["/usr/local/bin/a"]),
        ("cp a b", vec!["/w/b/a", "/w/b"]),
        ("cp -r a/. /opt/x/", vec!["/opt/x and below"]),
        ("tar -xzf a.tgz -C /opt", vec!["/opt and below"]),
        ("tar xzf a.tgz --directory=/opt", vec!["/opt and below"]),
        ("tar xf a.tgz", vec!["/w and below"]),
        ("tar czf /opt/a.tgz src", vec!["/opt/a.tgz"]),
        (
            "git clone --depth 1 https://x.org/a/tool.git",
            vec!["/w/tool and below"],
        ),
        ("git clone https://x.org/a/tool /opt/tool", vec!["/opt/tool and below"]),
        ("sudo -u app cp a /opt/", vec!["/opt/a"]),
    ] {
        assert_eq!(written(body), expected, "{body}");
    }
}

#[test]
fn what_no_row_names_is_unknown() {
    for body in [
        "frobnicate x",
        "./cp a b",
        "cp --frobnicate a b",
        "$TOOL x",
        "git frobnicate",
    ] {
        let effects = effects(body);
        assert!(effects.unknown.is_some(), "{body}");
        assert!(effects.may_read(&Place::Exactly(AbsolutePath::root())), "{body}");
    }
}
