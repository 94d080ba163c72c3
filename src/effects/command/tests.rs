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
        ("wget https://x.org/t.tgz", vec!["/w/t.tgz"]),
        ("wget https://x.org/a https://x.org/b", vec!["/w/a", "/w/b"]),
        (
            "curl --remote-name-all --output-dir /opt https://x.org/a https://x.org/b",
            vec!["/opt/a", "/opt/b"],
        ),
        ("curl -O https://x.org/a -O $URL", vec!["/w/a", "anywhere"]),
        ("wget -qO- https://x.org/t.tgz", vec![]),
        ("wget -q -O /opt/t https://x.org/t.tgz", vec!["/opt/t"]),
        ("wget -P /opt https://x.org/t.tgz", vec!["/opt/t.tgz"]),
        ("wget -P/opt -nv https://x.org/t.tgz", vec!["/opt/t.tgz"]),
        ("curl -O --output-dir /opt https://x.org/t.tgz", vec!["/opt/t.tgz"]),
        ("unzip -q a.zip -d/opt/x", vec!["/opt/x and below"]),
        ("gcc -O2 -Iinc -o/usr/local/bin/x a.c", vec!["/usr/local/bin/x"]),
        ("x86_64-linux-gnu-gcc a.c", vec!["/w/a.out"]),
        ("7z x a.7z -o/opt/x", vec!["/opt/x and below"]),
        ("dd if=/dev/zero of=/opt/x bs=1", vec!["/opt/x"]),
        ("python3 -m venv /opt/venv", vec!["/opt/venv and below"]),
        ("install -d /opt/a /opt/b", vec!["/opt/a", "/opt/b"]),
        ("install -Dm755 a /opt/b/c", vec!["/opt/b/c/a", "/opt/b/c", "/opt/b"]),
        ("ln -s /opt/a/b /usr/local/bin", vec!["/usr/local/bin/b"]),
        ("gpg --dearmor -o /usr/share/k.gpg < k", vec!["/usr/share/k.gpg"]),
        ("sed -i s/x/y/ a", vec!["/w/a"]),
        ("sed s/debug/info/ setup.cfg", vec![]),
        ("sed --version", vec![]),
        (
            "useradd -M app",
            vec![
                "/etc/passwd",
                "/etc/group",
                "/etc/shadow",
                "/etc/gshadow",
                "/etc/subuid",
                "/etc/subgid",
            ],
        ),
        ("zip -qr out src", vec!["/w/out", "/w/out.zip and below"]),
        ("jar cf app.jar -C classes .", vec!["/w/app.jar"]),
        ("tar cf a.tar -C b x -C ../c y", vec!["/w/a.tar"]),
        ("wget -o log https://x.org/t", vec!["/w/log", "/w/t"]),
        ("wget -r -P /opt/x https://x.org/t", vec!["/opt/x and below"]),
        ("patch -p1 -r - -i a.patch", vec!["/w and below"]),
        ("ln -sT /opt/a /opt/b", vec!["/opt/b"]),
        (
            "update-alternatives --set x /opt/x",
            vec![
                "/etc/alternatives and below",
                "/var/lib/dpkg/alternatives and below",
                "/var/lib/alternatives and below",
                "/usr/bin and below",
                "/usr/share and below",
                "/usr/lib and below",
            ],
        ),
        ("make --version", vec![]),
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
        "ln -s /opt/x",
        "timeout 5",
        "sed 'w /etc/x' a",
        "awk '{ print > \"x\" }' a",
        "python3 -c 'x'",
        "python3 tool.py",
        "su app -c 'rm x'",
        "tar -I ./own xf a.tar",
        "find . -exec ./own {} ;",
        "userdel -r app",
    ] {
        let effects = effects(body);
        assert!(effects.unknown.is_some(), "{body}");
        assert!(effects.may_read(&Place::Exactly(AbsolutePath::root())), "{body}");
    }
}

#[test]
fn words_that_nobody_knows_are_unknown_paths() {
    let anywhere = Place::Exactly(AbsolutePath::of("/any/where", None).unwrap());
    for body in ["cat list | xargs rm", "ls | xargs -I{} rm {}", "rm $FILES"] {
        assert!(
            effects(body).deletes.iter().any(|place| place.meets(&anywhere)),
            "{body}"
        );
    }
    let below = Place::Exactly(AbsolutePath::of("/w/d/x", None).unwrap());
    for body in [
        "find d -delete",
        "find d -type f -exec rm {} +",
        "find d -name '*.c' -exec rm -f {} \\;",
    ] {
        let effects = effects(body);
        assert_eq!(effects.unknown, None, "{body}");
        assert!(effects.deletes.iter().any(|place| place.meets(&below)), "{body}");
        assert!(!effects.deletes.iter().any(|place| place.meets(&anywhere)), "{body}");
    }
}

#[test]
fn a_deletion_under_a_condition_covers_nothing() {
    let folder = Place::Under(AbsolutePath::of("/w/d", None).unwrap());
    let covers = |body: &str| effects(body).deletes.iter().any(|place| place.covers(&folder));
    assert!(covers("find d -delete") && covers("find d -depth -delete"));
    for body in [
        "find d -name '*.tmp' -delete",
        "find d -type f -delete",
        "find d -mindepth 1 -delete",
        "find d -newermt 2020-01-01 -delete",
        "find d ! -name keep -delete",
        "find d -exec rm -rf {} +",
        "find d -name '*.tmp' -exec rm {} \\;",
    ] {
        assert!(!effects(body).deletes.is_empty(), "{body}");
        assert!(!covers(body), "{body}");
    }
}

#[test]
fn an_address_may_be_a_file_of_the_image() {
    for (body, path) in [
        ("curl -o /opt/x file:///w/words.txt", "/w/words.txt"),
        ("git clone ./repo /opt/repo", "/w/repo/HEAD"),
    ] {
        let place = Place::Exactly(AbsolutePath::of(path, None).unwrap());
        assert!(effects(body).may_read(&place), "{body}");
    }
    let place = Place::Exactly(AbsolutePath::of("/w/words.txt", None).unwrap());
    assert!(!effects("curl -o /opt/x https://x.org/words.txt").may_read(&place));
}

#[test]
fn what_is_read_that_no_word_names() {
    let reads = |body: &str| effects(body).reads;
    for body in [
        "sha256sum -c sums",
        "tar cf a.tar -T list",
        "tar cf a.tar -C b x -C ../c y",
    ] {
        let all = Place::Exactly(AbsolutePath::of("/opt/x", None).unwrap());
        assert!(reads(body).iter().any(|place| place.meets(&all)), "{body}");
    }
    assert!(!reads("sha256sum sums").contains(&Place::Anywhere));
}

#[test]
fn options_and_scripts_that_run_programs_are_unknown() {
    for body in [
        "sed s/x/date/e a",
        "sed -i '/x/r /opt/y' a",
        "sed -f a.sed b",
        "tar cf a.tar --checkpoint=1 --checkpoint-action=exec=./x b",
        "ssh -o ProxyCommand=./x h",
        "sort --compress-program ./x a",
        "mv -b a b",
        "tar xPf a.tar",
    ] {
        assert!(effects(body).unknown.is_some(), "{body}");
    }
    for body in [
        "sed s/x/date/ a",
        "tar cf a.tar --checkpoint=1 --checkpoint-action=dot b",
    ] {
        assert!(effects(body).unknown.is_none(), "{body}");
    }
}

/// Whether a path is among places.
fn meets(places: &[Place], path: &str) -> bool {
    let path = Place::Exactly(AbsolutePath::of(path, None).unwrap());
    places.iter().any(|place| place.meets(&path))
}

#[test]
fn outputs_outside_of_the_working_folder() {
    for (body, path) in [
        ("tsc --outDir=/opt/x", "/opt/x/a"),
        ("tailwindcss -o/opt/x", "/opt/x"),
        ("cmake --build /opt/x", "/opt/x/a"),
        ("cmake --install=b --prefix /opt/x", "/opt/x/bin/a"),
        ("meson setup /opt/x", "/opt/x/a"),
        ("ant -f /opt/x/build.xml", "/opt/x/a"),
        ("git worktree add /opt/x", "/opt/x/a"),
        ("git --git-dir /opt/x/.git --work-tree /opt/x checkout a", "/opt/x/a"),
        ("git -C /opt/x checkout a", "/opt/x/a"),
        ("git diff --output=/opt/x", "/opt/x"),
        ("git clone --separate-git-dir /opt/x https://x.org/a", "/w/a/b"),
        ("git archive -o /opt/x HEAD", "/opt/x"),
        ("groupadd -R /opt/x g", "/opt/x/etc/group"),
        ("chpasswd --root=/opt/x", "/opt/x/etc/shadow"),
        ("ar rb m.o /opt/x.a a.o", "/opt/x.a"),
        ("dpkg-deb -b /opt/x", "/opt/x.deb"),
        ("svn checkout -r 5 https://x.org/a", "/w/a/b"),
        ("unrar x a.rar d/x", "/w/x"),
        ("dos2unix -n a /opt/x", "/opt/x"),
        ("axel -o /opt/x https://x.org/a", "/opt/x"),
    ] {
        let effects = effects(body);
        assert_eq!(effects.unknown, None, "{body}");
        assert!(meets(&effects.writes, path), "{body}: {:?}", effects.writes);
    }
}

#[test]
fn inputs_that_are_no_plain_operands() {
    for (body, path) in [
        ("git apply -p1 /opt/x", "/opt/x"),
        ("git diff --no-index /opt/x a", "/opt/x"),
        ("git clone repo /opt/y", "/w/repo/HEAD"),
        ("git clone https://x.org/a", "/root/.gitconfig"),
        ("git clone https://x.org/a", "/home/app/.ssh/config"),
        ("gpg --verify a", "/root/.gnupg/pubring.kbx"),
        ("date -r /opt/x +%s", "/opt/x"),
        ("bc -q /opt/x", "/opt/x"),
        ("diff --from-file=/opt/x a", "/opt/x"),
        ("diff -X/opt/x a b", "/opt/x"),
        ("zcat /opt/x", "/opt/x.gz"),
        ("zgrep -f/opt/x a b.gz", "/opt/x"),
        ("rpm -q -p /opt/x.rpm", "/opt/x.rpm"),
        ("dpkg -I /opt/x.deb", "/opt/x.deb"),
        ("cksum -c a", "/opt/x"),
        ("ar r /opt/x.a a.o", "/opt/x.a"),
        (
            "apt-key adv --keyserver x.org --recv-keys 1 && getent passwd app",
            "/etc/passwd",
        ),
    ] {
        let effects = effects(body);
        assert_eq!(effects.unknown, None, "{body}");
        assert!(meets(&effects.reads, path), "{body}: {:?}", effects.reads);
    }
    assert!(!meets(&effects("git clone https://x.org/a").reads, "/w/a"));
}

#[test]
fn what_the_words_do_not_tell_is_unknown() {
    for body in [
        "cmake -E copy a /opt/b",
        "dockerize -template a:/opt/b",
        "cpio -id < a",
        "parallel < list",
        "git submodule foreach ./x",
        "git submodule --quiet foreach ./x",
        "git rebase -x ./x a",
        "git -c core.sshCommand=./x clone https://x.org/a",
        "git clone --upload-pack ./x https://x.org/a",
        "dpkg-architecture -c ./x",
        "gcc @list",
        "ar rc a.a @list",
        "gcc -fdump-tree-all a.c",
        "gcc -Wl,-Map=/opt/x a.c",
        "gcc -Wp,-MD,/opt/x -c a.c",
        "rustc -C incremental=/opt/x a.rs",
        "rustc --emit dep-info=/opt/x a.rs",
        "rsync -a --link-dest=../x a b",
        "rsync -a -f 'merge /opt/x' a b",
        "rpm -E '%(./x)'",
        "gpg --batch --gen-key a",
        "less -o /opt/x a",
        "groovy a.groovy",
        "ruby -v a.rb",
        "jobs -x ./x",
        "chronic -v ./x",
        "python3 -m compileall -i list",
        "meson install",
        "sass a.scss /opt/x",
    ] {
        assert!(effects(body).unknown.is_some(), "{body}");
    }
}

#[test]
fn levels_of_compression_may_be_in_a_cluster() {
    for body in ["gzip -9c a", "gzip -c9 a", "xz -9c a", "bzip2 -9c a"] {
        assert_eq!(effects(body).deletes, [], "{body}");
    }
}

#[test]
fn an_option_whose_value_nobody_knows_is_still_an_option() {
    let anywhere = "/any/where";
    for body in [
        "curl --output=$FILE https://x.org/a",
        "curl \"-o$FILE\" https://x.org/a",
        "wget -O\"$FILE\" https://x.org/a",
        "tar xf a.tar --directory=$DIR",
        "unzip a.zip -d$DIR",
    ] {
        let effects = effects(body);
        assert_eq!(effects.unknown, None, "{body}");
        assert!(meets(&effects.writes, anywhere), "{body}: {:?}", effects.writes);
    }
    for (body, written) in [
        ("curl --output=/opt/$FILE https://x.org/a", "something in /opt"),
        ("mkdir -m$MODE /opt/x", "/opt/x"),
        ("gcc -O$LEVEL -o /opt/x a.c", "/opt/x"),
    ] {
        assert_eq!(self::written(body), [written], "{body}");
    }
    assert!(effects("cp --$X a b").unknown.is_some());
}
