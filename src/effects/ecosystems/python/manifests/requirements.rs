//! Requirements files, in the syntax of pip's "Requirements File Format".

use super::requirement::Requirement;

/// One line that says something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Line {
    /// `-r FILE`.
    Include(String),
    /// `-c FILE`.
    Constraint(String),
    /// `-e TARGET`.
    Editable(Requirement),
    /// `-f PLACE`.
    FindLinks(String),
    /// A requirement.
    Requirement(Requirement),
    /// An option that names no file of the context: `--index-url`, `--hash`.
    Option,
}

/// The lines of a requirements file: continuations joined, comments and empty lines dropped.
pub(crate) fn parse(text: &str) -> Vec<Line> {
    logical_lines(text).iter().filter_map(|line| read_line(line)).collect()
}

fn logical_lines(text: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let mut open = String::new();
    for line in text.lines() {
        // A comment ends a continuation: pip never joins what follows it.
        let comment = line.trim_start().starts_with('#');
        match line.strip_suffix('\\') {
            Some(start) if !comment => open.push_str(start),
            _ => {
                if !comment {
                    open.push_str(line);
                }
                lines.push(std::mem::take(&mut open));
            }
        }
    }
    lines.push(open);
    lines
}

/// `line` up to a `#` at its begin or behind a blank; the `#egg=` of an address is no comment.
fn without_comment(line: &str) -> &str {
    let bytes = line.as_bytes();
    let begins = |at: &usize| *at == 0 || bytes.get(at - 1).is_some_and(u8::is_ascii_whitespace);
    let end = line
        .match_indices('#')
        .map(|(at, _)| at)
        .find(begins)
        .unwrap_or(line.len());
    line.get(..end).unwrap_or(line).trim()
}

fn read_line(line: &str) -> Option<Line> {
    let line = without_comment(line);
    if line.is_empty() {
        return None;
    }
    if !line.starts_with('-') {
        // Options of one requirement (`--hash=…`, `--config-settings …`) stand behind a blank.
        let requirement = line.split(" --").next().unwrap_or(line);
        return Some(Line::Requirement(Requirement::parse(requirement)));
    }
    for (long, short, make) in [
        ("--requirement", "-r", Line::Include as fn(String) -> Line),
        ("--constraint", "-c", Line::Constraint),
        ("--editable", "-e", |target| Line::Editable(Requirement::parse(&target))),
        ("--find-links", "-f", Line::FindLinks),
    ] {
        let long = line
            .strip_prefix(long)
            .filter(|rest| rest.starts_with(['=', ' ', '\t']));
        let short = line.strip_prefix(short);
        if let Some(value) = long.or(short) {
            let value = value.trim_start_matches(['=', ' ', '\t']).trim();
            return Some(make(value.trim_matches(['"', '\'']).to_owned()));
        }
    }
    Some(Line::Option)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn index(name: &str) -> Line {
        Line::Requirement(Requirement::Index { name: name.to_owned() })
    }

    fn local(path: &str) -> Requirement {
        Requirement::Local {
            path: path.to_owned(),
            name: None,
        }
    }

    #[test]
    fn reads_each_kind_of_line() {
        let text = "\
# production
--index-url https://example.org/simple
-r base.txt
--requirement=more/extra.txt
-c constraints.txt   # pinned
-e .[dev]
-e git+https://example.org/a.git#egg=a
--find-links ./wheels
--no-binary :all:
Django==4.2 \\
    --hash=sha256:aa \\
    --hash=sha256:bb
requests[socks] ; python_version > '3.8'  # comment
./libs/shared
";
        let expected = [
            Line::Option,
            Line::Include("base.txt".into()),
            Line::Include("more/extra.txt".into()),
            Line::Constraint("constraints.txt".into()),
            Line::Editable(local(".")),
            Line::Editable(Requirement::Remote { name: Some("a".into()) }),
            Line::FindLinks("./wheels".into()),
            Line::Option,
            index("django"),
            index("requests"),
            Line::Requirement(local("./libs/shared")),
        ];
        assert_eq!(parse(text), expected);
    }

    #[test]
    fn handles_line_ends_and_continuations() {
        assert_eq!(parse("a\r\nb\r\n"), [index("a"), index("b")]);
        assert_eq!(parse("-r \\\nbase.txt"), [Line::Include("base.txt".into())]);
        assert_eq!(parse("a \\\n# note\nb"), [index("a"), index("b")]);
        assert_eq!(parse("-rbase.txt"), [Line::Include("base.txt".into())]);
        assert_eq!(parse(""), []);
    }
}
