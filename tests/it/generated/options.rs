//! Options of programs as the tables in `data/commands/` name them, spelt in one of the ways in which their programs
//! read them.

use plimsoll::knowledge::{ArgumentRole, CommandTable, Style, command_table};

use super::random::Random;

/// One of the options of `program` with this role, with its value. Options of the same role that mean something else are
/// in `other`.
pub fn option(random: &mut Random, program: &str, role: ArgumentRole, other: &[&str], value: &str) -> String {
    let table = command_table(program).unwrap();
    let own = table.usage.options.get(&role).into_iter();
    let forms = table.usage.forms.iter().filter_map(|form| form.options.get(&role));
    let rows: Vec<&str> = own.chain(forms).flatten().map(String::as_str).collect();
    let names: Vec<&str> = rows.into_iter().filter(|name| !other.contains(name)).collect();
    let name = random.pick(&names);
    spelt(random, table, name, value)
}

/// The option with its value in the same word, behind `=` or in the next word.
fn spelt(random: &mut Random, table: &CommandTable, name: &str, value: &str) -> String {
    match (name.strip_prefix("--"), table.style) {
        (Some(_), Style::Gnu) => {
            let shown = shortened(random, table, name);
            let between = random.pick(&[" ", "="]);
            format!("{shown}{between}{value}")
        }
        (Some(_), _) => format!("{name}{}{value}", random.pick(&[" ", "="])),
        (None, _) => format!("{name}{}{value}", random.pick(&[" ", ""])),
    }
}

/// A long option, or a beginning of it that no other option has.
fn shortened(random: &mut Random, table: &CommandTable, name: &str) -> String {
    let usage = &table.usage;
    let values = usage.options.values().flatten();
    let all: Vec<&String> = usage.flags.iter().chain(&usage.optional).chain(values).collect();
    let is_own = |start: &str| all.iter().all(|other| *other == name || !other.starts_with(start));
    // Programs may have longer options in other releases: not the shortest that would do.
    let shortest = (3..=name.len())
        .find(|length| is_own(&name[..*length]))
        .unwrap_or(name.len());
    let least = (shortest + 2).min(name.len());
    if random.chance(70) {
        return name.to_owned();
    }
    name[..least + random.below(name.len() - least + 1)].to_owned()
}
