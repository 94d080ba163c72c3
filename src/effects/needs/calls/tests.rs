use super::*;

fn shown(files: &[(&str, &str)]) -> Vec<String> {
    let context = ContextSource::in_memory(files.iter().map(|(path, text)| (*path, *text))).unwrap();
    let found = calls(&context);
    let shown = found.0.iter().flat_map(|source| {
        source.calls.iter().map(move |call| {
            let mut commands: Vec<String> = call.commands.iter().map(|words| words.join(" ")).collect();
            if !call.is_known {
                commands.push("?".to_owned());
            }
            let shell = if call.takes == crate::knowledge::Takes::Shell {
                "$ "
            } else {
                ""
            };
            format!("{}:{} {shell}{}", source.path, call.line, commands.join(" | "))
        })
    });
    shown.collect()
}

/// What one file starts, without places.
fn started(path: &str, text: &str) -> Vec<String> {
    let found = shown(&[(path, text)]);
    found
        .iter()
        .map(|call| call.split_once(' ').unwrap().1.to_owned())
        .collect()
}

#[test]
fn python_calls() {
    let cases: &[(&str, &[&str])] = &[
        ("import subprocess\nsubprocess.run(['git', 'log'])", &["git log"]),
        (
            "import subprocess as sp\nsp.check_output('git log', shell=True)",
            &["$ git log"],
        ),
        (
            "from subprocess import run as r, PIPE\nr([\n 'timeout', '5', 'gcc', f],\n stdout=PIPE)",
            &["timeout 5 gcc ${_}"],
        ),
        (
            "import os\nos.system(f'cd {d} && git pull')",
            &["$ cd ${_} && git pull"],
        ),
        ("import os\nos.execvp('git', ['git', 'log'])", &["git git log"]),
        ("import shutil\nif shutil.which('ffmpeg'): pass", &["ffmpeg"]),
        (
            "import subprocess\nCMD = ['git', 'log']\nsubprocess.run(CMD)",
            &["git log"],
        ),
        ("import subprocess\nsubprocess.run([BIN or 'git', 'x'])", &["git x"]),
        (
            "import subprocess, sys\nsubprocess.run([sys.executable, '-m', 'x'])",
            &[" -m x"],
        ),
        ("import subprocess\nsubprocess.Popen(args=('git', 'x'))", &["git x"]),
        (
            "import asyncio\nawait asyncio.create_subprocess_exec('git', 'x')",
            &["git x"],
        ),
        ("import sh\nsh.git('log')", &["git"]),
        ("from plumbum.cmd import git\ngit['log']()", &["git"]),
        ("import subprocess\nsubprocess.run(make())", &["?"]),
        ("import os\nos.system(command)", &["$ ?"]),
        (
            "import subprocess, shlex\nsubprocess.run(shlex.split('git log'))",
            &["git log"],
        ),
        (
            "import subprocess\nsubprocess.run('git {}'.format(x), shell=True)",
            &["$ git {}"],
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(started("app.py", text), *expected, "{text}");
    }
}

#[test]
fn words_of_messages_are_no_calls() {
    let cases: &[(&str, &str)] = &[
        (
            "app.py",
            "import subprocess\nfile = request.files['file']\nx = {'as': 1}\nprint('git is required')\n",
        ),
        (
            "app.py",
            "import shuffle\n'''Uses `ps` to look.'''\nshuffle.run('ps')\n",
        ),
        (
            "app.py",
            "import shutil\nx = c.get('ssh tunnels')\n# subprocess.run(['git'])\n",
        ),
        (
            "app.js",
            "const m = /git/.exec(text); re.exec('git'); db.exec('git');\n",
        ),
        ("app.php", "<?php $pdo->exec('git'); // exec('git')\n"),
        ("tests/app.py", "import subprocess\nsubprocess.run(['git'])\n"),
        ("test_app.py", "import subprocess\nsubprocess.run(['git'])\n"),
        ("release.py", "import subprocess\nsubprocess.run(['git', 'tag'])\n"),
    ];
    for (path, text) in cases {
        assert_eq!(shown(&[(path, text)]), Vec::<String>::new(), "{text}");
    }
}

/// Each line doubles what a name may be: without a bound, the last ones take all memory.
#[test]
fn values_that_grow_with_each_assignment_are_not_known() {
    let begin = "import subprocess\n";
    let call = "subprocess.run([a])\n";
    let same = format!("{begin}a = 'git'\n{}{call}", "a = b or a or a\n".repeat(60));
    assert_eq!(started("app.py", &same), ["git"]);
    let other: String = (0..100).map(|number| format!("a = a or 'x{number}'\n")).collect();
    let found = started("app.py", &format!("{begin}a = 'git'\n{other}{call}"));
    assert!(found.len() == 1 && found[0].ends_with("| ?"), "{found:?}");
    assert!(found[0].split(" | ").count() <= 65, "{found:?}");
    let longer: String = (0..60)
        .map(|number| format!("a{} = a{number} + a{number}\n", number + 1))
        .collect();
    let text = format!("{begin}a0 = 'git'\n{longer}subprocess.run([a60])\n");
    assert!(started("app.py", &text).iter().all(|call| call.len() < 20_000));
    let words: String = (0..60)
        .map(|number| format!("a{} = [a{number}, a{number}]\n", number + 1))
        .collect();
    let text = format!("{begin}a0 = 'git'\n{words}subprocess.run(a60)\n");
    assert!(started("app.py", &text).iter().all(|call| call.len() < 20_000));
}

#[test]
fn calls_of_node() {
    let cases: &[(&str, &[&str])] = &[
        (
            "const { exec } = require('child_process')\nexec(`dot -Tpng ${file}`, done)",
            &["$ dot -Tpng ${_}"],
        ),
        (
            "import * as cp from 'node:child_process'\ncp.spawn('sudo', ['-u', 'bob', 'git'])",
            &["sudo -u bob git"],
        ),
        (
            "import { execSync as run } from 'child_process'\nrun('cat x | git log')",
            &["$ cat x | git log"],
        ),
        ("require('child_process').execFile('git')", &["git"]),
        (
            "const cp = require('child_process')\nconst run = util.promisify(cp.exec)\nawait run('git pull')",
            &["$ git pull"],
        ),
        (
            "import { execa } from 'execa'\nawait execa('git', ['log'])",
            &["git log"],
        ),
        ("import execa from 'execa'\nexeca('git')", &["git"]),
        ("import { $ } from 'zx'\nawait $`git log ${x}`", &["$ git log ${_}"]),
        (
            "const { spawn } = require('child_process')\nspawn(process.env.FFMPEG || 'ffmpeg', args)",
            &["ffmpeg ${_}"],
        ),
        ("const { spawn } = require('child_process')\nspawn(tool, args)", &["?"]),
        (
            "const { spawn } = require('child_process')\nspawn('a b', { shell: true })",
            &["$ a b"],
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(started("app.js", text), *expected, "{text}");
    }
}

#[test]
fn calls_of_other_languages() {
    let cases: &[(&str, &str, &[&str])] = &[
        (
            "a.rb",
            "x = `git log #{y}`\nsystem 'ffmpeg', '-i', x\nOpen3.capture3('dot -V')",
            &["$ git log ${_}", "ffmpeg -i ${_}", "dot -V"],
        ),
        (
            "a.php",
            "<?php\nshell_exec(\"git log $x\");\n$p = new Process(['git', 'x']); use Symfony\\X;",
            &["$ git log $x", "git x"],
        ),
        (
            "a.go",
            "import \"os/exec\"\nexec.Command(\"git\", \"log\")\nexec.CommandContext(ctx, \"dot\", args...)",
            &["git log", "dot ${_}"],
        ),
        (
            "a.rs",
            "use std::process::Command;\nCommand::new(\"git\").arg(\"x\");",
            &["git"],
        ),
        (
            "A.java",
            "new ProcessBuilder(\"git\", \"log\").start(); Runtime.getRuntime().exec(\"dot -V\");",
            &["git log", "dot -V"],
        ),
        (
            "A.cs",
            "var p = new ProcessStartInfo { FileName = \"git\" }; Process.Start(\"dot\", x);",
            &["git", "dot ${_}"],
        ),
        ("a.c", "int main() { system(\"git log\"); }", &["$ git log"]),
        ("a.ex", "System.cmd(\"git\", [\"log\"])", &["git log"]),
        (
            "a.pl",
            "my $x = qx{git log}; system(\"dot\", \"-V\");",
            &["$ git log", "dot -V"],
        ),
    ];
    for (path, text, expected) in cases {
        assert_eq!(started(path, text), *expected, "{text}");
    }
}

#[test]
fn functions_that_pass_their_argument_on() {
    let helper = "import subprocess\ndef run(cmd, **kw):\n    return subprocess.run(cmd, shell=True, **kw)\n";
    assert_eq!(
        shown(&[
            ("utils.py", helper),
            (
                "app.py",
                "from utils import run\nimport utils\nrun('git log')\nutils.run('dot x')\nasyncio.run(main())\n"
            ),
        ]),
        ["app.py:3 $ git log", "app.py:4 $ dot x"]
    );
    let class = "import subprocess\nclass A:\n    def call(self, *args):\n        subprocess.call(args)\n    def f(self):\n        self.call('git', 'x')\n";
    assert_eq!(started("a.py", class), ["git x"]);
    let arrow = "const { exec } = require('child_process')\nconst sh = (cmd) => new Promise(r => exec(cmd, r))\nsh('git pull')\n";
    assert_eq!(started("a.js", arrow), ["$ git pull"]);
}

#[test]
fn files_of_developers_count_where_they_are_used() {
    let release = ("release.py", "import os\nos.system('git tag')\n");
    assert_eq!(shown(&[release, ("app.py", "import release\n")]).len(), 1);
    let context = ContextSource::in_memory([release]).unwrap();
    assert_eq!(
        calls_with_started(&context, &|word| word == "release").unwrap().0.len(),
        1
    );
}

#[test]
fn libraries_compilers_and_settings() {
    let takes = |path: &str, text: &str| -> Vec<String> {
        let context = ContextSource::in_memory([(path, text)]).unwrap();
        let found = calls(&context);
        let calls = found.0.iter().flat_map(|source| &source.calls);
        calls
            .map(|call| format!("{:?} {}", call.takes, call.commands.concat().join(" ")))
            .collect()
    };
    for (path, text, expected) in [
        (
            "a.py",
            "import ctypes\nctypes.CDLL('libmagic.so.1')",
            "LibraryFile libmagic.so.1",
        ),
        (
            "a.py",
            "from ctypes import cdll\ncdll.LoadLibrary('libpq.so.5')",
            "LibraryFile libpq.so.5",
        ),
        ("a.py", "ffi.dlopen('libpq.so.5')", "LibraryFile libpq.so.5"),
        (
            "a.py",
            "from ctypes.util import find_library as f\nf('magic')",
            "Library magic",
        ),
        ("a.py", "import pyximport\npyximport.install()", "Code "),
        ("A.java", "import javax.tools.ToolProvider;", "Code "),
        (
            "e.config.js",
            "module.exports = { interpreter: 'python3' }",
            "Program python3",
        ),
    ] {
        let found = takes(path, text);
        assert!(found.iter().any(|call| call == expected), "{text}: {found:?}");
    }
    // A function that passes the name of a library on takes no program.
    let passed = takes(
        "a.py",
        "import ctypes\ndef load(name):\n  return ctypes.CDLL(name)\nload('libz.so.1')",
    );
    assert_eq!(passed, ["LibraryFile libz.so.1"]);
}

#[test]
fn libraries_that_start_programs() {
    let cases = [
        ("a.rs", "use xshell::cmd;\nfn f() { cmd!(sh, \"git pull\").run(); }\n"),
        ("a.rs", "use duct::cmd;\nfn f() { cmd!(\"git\", \"pull\").run(); }\n"),
        (
            "a.go",
            "import \"github.com/bitfield/script\"\nfunc f() { script.Exec(\"git pull\") }\n",
        ),
        (
            "a.go",
            "import \"os\"\nfunc f() { os.StartProcess(\"git\", nil, nil) }\n",
        ),
        ("a.rb", "cmd = TTY::Command.new\ncmd.run(\"git pull\")\n"),
        ("a.ex", "def f, do: :os.cmd('git pull')\n"),
        (
            "a.py",
            "from invoke import task\n@task\ndef f(c):\n    c.run('git pull')\n",
        ),
    ];
    for (path, text) in cases {
        let found = shown(&[(path, text)]);
        assert!(
            found.iter().any(|call| call.contains("git")),
            "{path}: {text}: {found:?}"
        );
    }
    for text in [
        "import subprocess as sp\ncmd = ['git']\nsp.check_call(cmd + ['pull'])\n",
        "import subprocess\nclass A:\n    GIT = 'git'\n    def f(self):\n        subprocess.run([self.GIT, 'pull'])\n",
        "__import__('subprocess').run(['git', 'pull'])\n",
    ] {
        assert_eq!(shown(&[("a.py", text)]).len(), 1, "{text}");
        assert!(
            shown(&[("a.py", text)])[0].contains("git"),
            "{text}: {:?}",
            shown(&[("a.py", text)])
        );
    }
    // Whoever gets the function calls it.
    let found = shown(&[("a.py", "import subprocess\nf = partial(subprocess.run, ['git'])\n")]);
    assert!(found.len() == 1 && found[0].ends_with('?'), "{found:?}");
    // Which program it is, nothing tells.
    let found = shown(&[("a.ex", "def f, do: Port.open({:spawn, x}, [])\n")]);
    assert_eq!(found.len(), 1, "{found:?}");
}
