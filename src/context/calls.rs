//! Which tools the sources call: programs that they start, as far as string literals tell.

use super::source::ContextSource;

/// A tool that a source file starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// The program's name, without its folder.
    pub tool: String,
    /// The file in the context.
    pub path: String,
    /// The line, counted from 1.
    pub line: usize,
}

/// The tools that sources start, each with the first place. `is_tool` says which names are of interest.
///
/// A file counts if it mentions a way to start programs; a string literal of it counts if it begins with the name of a
/// tool. That finds more than is called, never less than what is written as a literal.
pub fn calls(context: &ContextSource, is_tool: &dyn Fn(&str) -> bool) -> Vec<Call> {
    let mut found: Vec<Call> = Vec::new();
    for path in context.sources(|path| !starters(path).is_empty()) {
        let Ok(text) = context.read(path) else { continue };
        if !starters(path).iter().any(|starter| text.contains(starter)) {
            continue;
        }
        for (number, line) in text.lines().enumerate() {
            for tool in literals(line) {
                if is_tool(tool) && found.iter().all(|call| call.tool != tool) {
                    found.push(Call {
                        tool: tool.to_owned(),
                        path: path.to_owned(),
                        line: number + 1,
                    });
                }
            }
        }
    }
    found
}

/// What a source file writes that starts programs, by its language.
fn starters(path: &str) -> &'static [&'static str] {
    let (name, ending) = path.rsplit_once('.').unwrap_or((path, ""));
    if name.ends_with(".test") || name.ends_with(".spec") || name.ends_with(".min") {
        return &[];
    }
    match ending {
        "py" | "ipynb" => &[
            "subprocess",
            "os.system",
            "os.popen",
            "os.exec",
            "os.spawn",
            "Popen",
            "pexpect",
            "shutil",
            "which(",
            "plumbum",
            "import sh",
            "from sh ",
            "invoke",
            "fabric",
            "delegator",
        ],
        "js" | "mjs" | "cjs" | "jsx" | "ts" | "mts" | "cts" | "tsx" => &[
            "child_process",
            "execa",
            "shelljs",
            "zx",
            "spawn",
            "execSync",
            "execFile",
            "Deno.Command",
        ],
        "rb" | "rake" => &["system", "`", "Open3", "popen", "%x", "exec"],
        "php" => &["exec", "proc_open", "passthru", "system", "popen", "Process"],
        "go" => &["os/exec"],
        "rs" => &["Command::new", "process::Command"],
        "java" | "kt" | "scala" | "groovy" => &["ProcessBuilder", ".exec("],
        "cs" | "fs" => &["Process.Start", "ProcessStartInfo"],
        "c" | "cc" | "cpp" | "cxx" => &["system(", "popen(", "exec"],
        "ex" | "exs" => &["System.cmd", ":os.cmd"],
        _ => &[],
    }
}

/// The names with which string literals of a line begin: `git` in `"git log"` and in `"/usr/bin/git"`.
fn literals(line: &str) -> impl Iterator<Item = &str> {
    let quotes = line.match_indices(['"', '\'', '`']);
    quotes.filter_map(move |(at, _)| {
        let rest = line.get(at + 1..)?;
        let is_name = |c: char| c.is_ascii_alphanumeric() || "_+.-/".contains(c);
        let end = rest.find(|c| !is_name(c)).unwrap_or(rest.len());
        let word = rest.get(..end)?;
        let ends = rest
            .get(end..)?
            .chars()
            .next()
            .is_none_or(|c| matches!(c, '"' | '\'' | '`' | ' '));
        let name = word.rsplit('/').next().unwrap_or(word);
        (ends && !name.is_empty()).then_some(name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tools(files: &[(&str, &str)]) -> Vec<(String, String, usize)> {
        let context = ContextSource::in_memory(files.iter().map(|(path, text)| (*path, *text))).unwrap();
        let is_tool = |name: &str| ["git", "ffmpeg", "dot"].contains(&name);
        calls(&context, &is_tool)
            .into_iter()
            .map(|call| (call.tool, call.path, call.line))
            .collect()
    }

    #[test]
    fn literals_of_files_that_start_programs() {
        assert_eq!(
            tools(&[
                (
                    "app.py",
                    "import subprocess\nsubprocess.run(['git', 'log'])\nos.system(\"/usr/bin/ffmpeg -i x\")\n"
                ),
                (
                    "lib/draw.js",
                    "const { exec } = require('child_process')\nexec(`dot -Tpng ${file}`)\n"
                ),
            ]),
            [
                ("git".to_owned(), "app.py".to_owned(), 2),
                ("ffmpeg".to_owned(), "app.py".to_owned(), 3),
                ("dot".to_owned(), "lib/draw.js".to_owned(), 2),
            ]
        );
    }

    #[test]
    fn what_starts_nothing_calls_nothing() {
        assert!(tools(&[("app.py", "name = 'git'\n")]).is_empty());
        assert!(tools(&[("tests/app.py", "import subprocess\nsubprocess.run(['git'])\n")]).is_empty());
        assert!(tools(&[("app.py", "import subprocess\nsubprocess.run(['github'])\n")]).is_empty());
    }
}
