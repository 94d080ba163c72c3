//! What BuildKit checks beyond the shape of an instruction: flags, counts of arguments, the order of stages.

use super::error::Problem;
use super::keyword::FlagKind;
use super::node::{Arguments, Flag, Node, Text};
use super::{Instruction, Keyword, heredoc};

/// Checks one instruction by itself.
pub(super) fn node(node: &Node) -> Result<(), Problem> {
    // BuildKit reads but does not check the flags of these, and HEALTHCHECK's only with a command.
    let unchecked = matches!(node.keyword, Keyword::Arg | Keyword::Stopsignal)
        || matches!(node.arguments, Arguments::Healthcheck(None));
    if !unchecked {
        flags(node)?;
    }
    let at = node.keyword_range.start;
    let name = node.keyword.name();
    let missing = |expected: &str| {
        let help = format!("see {name} in the Dockerfile reference");
        Err(Problem::new(
            at,
            format!("{name} with too few arguments"),
            expected,
            help,
        ))
    };
    match (&node.arguments, node.keyword) {
        (_, Keyword::Copy | Keyword::Add) => copy(node)?,
        (_, Keyword::From) => from(node)?,
        (Arguments::Words(words) | Arguments::Exec(words), Keyword::Volume) => {
            if words.iter().all(|word| word.value.is_empty()) {
                return missing("at least one path");
            }
            if let Some(word) = words.iter().find(|word| word.value.trim().is_empty()) {
                return Err(Problem::new(
                    word.range.start,
                    "VOLUME with an empty path",
                    "a path",
                    "remove the empty string",
                ));
            }
        }
        (Arguments::Words(words), Keyword::Arg) => {
            if words.is_empty() {
                return missing("at least one name");
            }
            if let Some(word) = words.iter().find(|word| word.value.starts_with('=')) {
                let help = "name the argument before `=`";
                return Err(Problem::new(
                    word.range.start,
                    "ARG with an empty name",
                    "name or name=value",
                    help,
                ));
            }
        }
        (Arguments::Words(words), _) if words.is_empty() => return missing("at least one port"),
        (Arguments::Pairs { pairs, .. }, _) if pairs.is_empty() => return missing("at least one name=value"),
        (Arguments::Pairs { pairs, .. }, _) => {
            if let Some(pair) = pairs.iter().find(|pair| pair.name.is_empty()) {
                let found = format!("{name} with an empty name");
                let help = "name the variable before `=`";
                return Err(Problem::new(pair.range.start, found, "name=value", help));
            }
        }
        (_, Keyword::Healthcheck) => healthcheck(node)?,
        (Arguments::Rest(text), Keyword::Onbuild) if text.value.is_empty() => return missing("an instruction"),
        (Arguments::Rest(text), _) if text.value.is_empty() => return missing("an argument"),
        (Arguments::Shell(_), Keyword::Shell) => {
            let found = "SHELL in shell form";
            return Err(Problem::new(
                at,
                found,
                "a JSON array",
                "write it as `SHELL [\"/bin/bash\", \"-c\"]`",
            ));
        }
        (Arguments::Exec(strings), Keyword::Shell) if strings.is_empty() => return missing("at least one string"),
        (Arguments::Trigger(trigger), _) => {
            if matches!(trigger.keyword, Keyword::Maintainer | Keyword::From) {
                let found = format!("{} behind ONBUILD", trigger.keyword.name());
                let expected = "an instruction that a child image can run";
                return Err(Problem::new(
                    trigger.keyword_range.start,
                    found,
                    expected,
                    "remove the line",
                ));
            }
        }
        _ => {}
    }
    if node.keyword == Keyword::Run {
        for mount in node.flags_named("mount") {
            self::mount(mount)?;
        }
    }
    Ok(())
}

/// Checks the order of instructions: nothing but ARG before the first FROM. The number of the wrong one comes with
/// the problem.
pub(super) fn stages(instructions: &[Instruction]) -> Result<(), (usize, Problem)> {
    let first = instructions
        .iter()
        .position(|instruction| instruction.keyword() != Keyword::Arg);
    match first.and_then(|index| Some((index, instructions.get(index)?))) {
        Some((index, instruction)) if instruction.keyword() != Keyword::From => {
            let found = format!("{} before the first FROM", instruction.keyword().name());
            Err((
                index,
                Problem::new(
                    0,
                    found,
                    "FROM; only ARG may stand before it",
                    "begin the stage with FROM",
                ),
            ))
        }
        _ => Ok(()),
    }
}

fn flags(node: &Node) -> Result<(), Problem> {
    let known = node.keyword.flags();
    for (index, flag) in node.flags.iter().enumerate() {
        let wrong =
            |found: String, expected: &str, help: String| Err(Problem::new(flag.range.start, found, expected, help));
        let Some((_, kind)) = known.iter().find(|(name, _)| *name == flag.name) else {
            let names: Vec<String> = known.iter().map(|(name, _)| format!("--{name}")).collect();
            let found = format!("unknown flag --{} for {}", flag.name, node.keyword.name());
            let near = known
                .iter()
                .map(|(name, _)| name)
                .find(|name| strsim::levenshtein(name, &flag.name) <= 2);
            let help = near.map_or_else(|| "remove it".to_owned(), |name| format!("write --{name}"));
            return wrong(
                found,
                &if names.is_empty() {
                    "no flags".to_owned()
                } else {
                    names.join(", ")
                },
                help,
            );
        };
        let seen_before = node.flags.iter().take(index).any(|other| other.name == flag.name);
        if seen_before && *kind != FlagKind::Repeated {
            return wrong(
                format!("--{} for the second time", flag.name),
                "the flag once",
                "remove one of them".to_owned(),
            );
        }
        match (kind, flag.value.as_deref()) {
            (FlagKind::Boolean, None) => {}
            (FlagKind::Boolean, Some(value)) if matches!(value.to_lowercase().as_str(), "true" | "false") => {}
            (FlagKind::Boolean, Some(value)) => {
                return wrong(
                    wrong_value(flag, value),
                    "true or false",
                    "use one of the two".to_owned(),
                );
            }
            (_, None) => {
                return wrong(
                    format!("--{} without a value", flag.name),
                    "--name=value",
                    "add the value".to_owned(),
                );
            }
            (_, Some(value)) => value_of(flag, value)?,
        }
    }
    Ok(())
}

/// Checks the value of a flag whose values BuildKit knows beforehand.
fn value_of(flag: &Flag, value: &str) -> Result<(), Problem> {
    let expected = match flag.name.as_str() {
        "network" if !matches!(value, "default" | "none" | "host") => "default, none or host",
        "security" if !matches!(value, "insecure" | "sandbox") => "sandbox or insecure",
        "interval" | "timeout" | "start-period" | "start-interval" if !is_duration(value) => {
            "a duration such as 30s, 1m30s or 500ms, of at least 1ms"
        }
        "retries" if !value.is_empty() && value.parse::<i32>().map_or(true, |count| count < 0) => "a number from 0",
        "device" if !is_device(value) => "a device's name, and `required` or `required=true` behind a comma",
        _ => return Ok(()),
    };
    let help = "use one of the accepted values";
    Err(Problem::new(flag.range.start, wrong_value(flag, value), expected, help))
}

/// Whether `text` says which device RUN needs: one name, with or without `name=`, and whether it must be there.
fn is_device(text: &str) -> bool {
    const BOOLEANS: [&str; 12] = [
        "1", "t", "T", "TRUE", "true", "True", "0", "f", "F", "FALSE", "false", "False",
    ];
    let Some(fields) = csv_fields(text) else { return false };
    let mut name = String::new();
    fields.into_iter().all(|field| match field.split_once('=') {
        None if field.eq_ignore_ascii_case("required") => true,
        Some((key, value)) if key.eq_ignore_ascii_case("required") => BOOLEANS.contains(&value),
        // The first name wins; whatever comes behind it is one too many.
        _ if !name.is_empty() => false,
        Some((key, value)) if key.eq_ignore_ascii_case("name") => {
            name = value.to_owned();
            true
        }
        _ => {
            name = field;
            true
        }
    })
}

fn wrong_value(flag: &Flag, value: &str) -> String {
    format!("wrong value `{value}` for --{}", flag.name)
}

/// Whether `text` is a duration of Go's `time.ParseDuration`, and zero or at least a millisecond.
fn is_duration(text: &str) -> bool {
    if text.is_empty() || text == "0" {
        return true;
    }
    let (negative, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest == "0" {
        return true;
    }
    let mut nanoseconds = 0.0;
    while !rest.is_empty() {
        let digits = rest
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .unwrap_or(rest.len());
        let (number, after) = rest.split_at(digits);
        let unit_end = after
            .find(|c: char| c.is_ascii_digit() || c == '.')
            .unwrap_or(after.len());
        let (unit, after) = after.split_at(unit_end);
        let scale = match unit {
            "ns" => 1.0,
            "us" | "µs" | "μs" => 1e3,
            "ms" => 1e6,
            "s" => 1e9,
            "m" => 60e9,
            "h" => 3600e9,
            _ => return false,
        };
        let Some(number) = number
            .chars()
            .any(|c| c.is_ascii_digit())
            .then(|| number.parse::<f64>().ok())
            .flatten()
        else {
            return false;
        };
        nanoseconds += number * scale;
        rest = after;
    }
    nanoseconds == 0.0 || (!negative && nanoseconds >= 1e6)
}

/// The fields of `text` as BuildKit's CSV reader sees them; none where a quote stands in a wrong place.
pub fn csv_fields(text: &str) -> Option<Vec<String>> {
    let mut rest = text
        .strip_suffix('\n')
        .map_or(text, |text| text.strip_suffix('\r').unwrap_or(text));
    if rest.is_empty() {
        return None;
    }
    let mut fields = Vec::new();
    loop {
        let mut field = String::new();
        let Some(mut quoted) = rest.strip_prefix('"') else {
            let (plain, after) = rest
                .split_once(',')
                .map_or((rest, None), |(plain, after)| (plain, Some(after)));
            if plain.contains('"') {
                return None;
            }
            fields.push(plain.to_owned());
            match after {
                Some(after) => rest = after,
                None => return Some(fields),
            }
            continue;
        };
        loop {
            let (part, after) = quoted.split_once('"')?;
            field.push_str(part);
            if let Some(after) = after.strip_prefix('"') {
                field.push('"');
                quoted = after;
            } else if let Some(after) = after.strip_prefix(',') {
                fields.push(field);
                rest = after;
                break;
            } else if after.is_empty() {
                fields.push(field);
                return Some(fields);
            } else {
                return None;
            }
        }
    }
}

fn mount(flag: &Flag) -> Result<(), Problem> {
    let value = flag.value.as_deref().unwrap_or_default();
    let Some(fields) = csv_fields(value) else {
        let help = "put quotes around whole fields or leave them out";
        return Err(Problem::new(
            flag.range.start,
            wrong_value(flag, value),
            "comma-separated key=value fields",
            help,
        ));
    };
    // Everything else may hold variables and is checked when the step runs; `from` may not.
    let variable = fields
        .iter()
        .filter_map(|field| field.split_once('='))
        .any(|(key, value)| {
            key.eq_ignore_ascii_case("from") && value.find('$').is_some_and(|at| at + 1 != value.len())
        });
    if variable {
        let help = "name a stage `FROM image AS name` and mount from that";
        return Err(Problem::new(
            flag.range.start,
            "a variable in `from` of a mount",
            "the name of a stage or image",
            help,
        ));
    }
    Ok(())
}

fn healthcheck(node: &Node) -> Result<(), Problem> {
    let at = node.arguments_range.start;
    let is_empty = |command: &Arguments| match command {
        Arguments::Exec(strings) => strings.is_empty(),
        Arguments::Shell(command) => command.text().is_empty(),
        _ => false,
    };
    match &node.arguments {
        Arguments::Healthcheck(Some(command)) if is_empty(command) => Err(Problem::new(
            at,
            "HEALTHCHECK CMD without a command",
            "a command",
            "write the command behind CMD",
        )),
        Arguments::Rest(text) => {
            let kind = text.value.split_whitespace().next().unwrap_or_default();
            let found = match kind {
                "" => "HEALTHCHECK without arguments".to_owned(),
                _ if kind.eq_ignore_ascii_case("NONE") => "HEALTHCHECK NONE with arguments".to_owned(),
                _ => format!("unknown kind of health check `{kind}`"),
            };
            let help = "write `HEALTHCHECK CMD command`, or `HEALTHCHECK NONE` and nothing behind it";
            Err(Problem::new(at, found, "NONE or CMD", help))
        }
        _ => Ok(()),
    }
}

fn copy(node: &Node) -> Result<(), Problem> {
    let name = node.keyword.name();
    let words = node.words();
    let Some(destination) = words.last().filter(|_| words.len() >= 2) else {
        let help = format!("write `{name} source destination`");
        let found = format!("{name} with too few arguments");
        return Err(Problem::new(
            node.keyword_range.start,
            found,
            "at least one source and a destination",
            help,
        ));
    };
    if heredoc::from_word(&destination.value).is_some() {
        let found = format!("a heredoc as the destination of {name}");
        return Err(Problem::new(
            destination.range.start,
            found,
            "a path",
            "write the path behind the heredoc word",
        ));
    }
    Ok(())
}

fn from(node: &Node) -> Result<(), Problem> {
    let words = node.words();
    let is_as = |word: &Text| word.value.eq_ignore_ascii_case("as");
    match words {
        [_] => Ok(()),
        [_, as_word, name] if is_as(as_word) => {
            // Go's lower case is one character for one, which makes a difference for `İ` alone.
            let lower: String = name.value.chars().flat_map(|c| c.to_lowercase().next()).collect();
            let rest_is_valid = lower
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_.".contains(c));
            if lower.starts_with(|c: char| c.is_ascii_lowercase()) && rest_is_valid {
                return Ok(());
            }
            let found = format!("invalid stage name `{}`", name.value);
            let expected = "a letter, then letters, digits, -, _ or .";
            Err(Problem::new(name.range.start, found, expected, "rename the stage"))
        }
        _ => {
            let found = format!("FROM with {} arguments", words.len());
            let expected = "`FROM image` or `FROM image AS name`";
            let help = match words {
                [] => "name a base image, or `scratch` for an empty one",
                _ if words.iter().any(|word| word.value.starts_with('#')) => "put the comment on a line of its own",
                _ => "name one image, and the stage behind AS",
            };
            Err(Problem::new(node.keyword_range.start, found, expected, help))
        }
    }
}
