//! A tree as a text that is read in a diff: a line for each instruction, one below it for each heredoc.

use std::fmt::Write as _;

use plimsoll::syntax::{Arguments, Dockerfile, Node, Text};

pub fn file(file: &Dockerfile) -> String {
    let mut out = format!("{:?} escape={:?}\n", file.newline, file.escape());
    for (name, value) in &file.directives {
        writeln!(out, "# {name}={value:?}").unwrap();
    }
    for instruction in &file.instructions {
        let node = instruction.node();
        write!(out, "{:>5} ", instruction.lines.unwrap().to_string()).unwrap();
        write_node(&mut out, node);
        out.push('\n');
        for heredoc in &node.heredocs {
            let tabs = if heredoc.strip_tabs { " strip-tabs" } else { "" };
            let expand = if heredoc.expand { " expand" } else { "" };
            let descriptor = heredoc
                .descriptor
                .map(|number| format!(" {number}"))
                .unwrap_or_default();
            let body = &instruction.text()[heredoc.body.clone()];
            writeln!(out, "      <<{}{descriptor}{tabs}{expand} {body:?}", heredoc.name).unwrap();
        }
    }
    out
}

fn write_node(out: &mut String, node: &Node) {
    out.push_str(node.keyword.name());
    for flag in &node.flags {
        write!(out, " --{}", flag.name).unwrap();
        if let Some(value) = &flag.value {
            write!(out, "={value:?}").unwrap();
        }
    }
    write_arguments(out, &node.arguments);
}

fn write_arguments(out: &mut String, arguments: &Arguments) {
    let list = |texts: &[Text]| {
        let values: Vec<&str> = texts.iter().map(|text| text.value.as_str()).collect();
        format!("{values:?}")
    };
    match arguments {
        Arguments::Shell(line) => write!(out, " shell {:?}", line.text()).unwrap(),
        Arguments::Exec(strings) => write!(out, " exec {}", list(strings)).unwrap(),
        Arguments::Words(words) => write!(out, " words {}", list(words)).unwrap(),
        Arguments::Rest(text) => write!(out, " rest {:?}", text.value).unwrap(),
        Arguments::Pairs { pairs, legacy } => {
            out.push_str(if *legacy { " legacy" } else { " pairs" });
            for pair in pairs {
                write!(out, " {:?}={:?}", pair.name, pair.value.value).unwrap();
            }
        }
        Arguments::Healthcheck(None) => out.push_str(" none"),
        Arguments::Healthcheck(Some(command)) => write_arguments(out, command),
        Arguments::Trigger(node) => {
            out.push(' ');
            write_node(out, node);
        }
    }
}
