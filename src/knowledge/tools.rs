//! Which package brings a program.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::distribution::Family;

/// A line for each program: its name and its packages in Debian and Ubuntu, Alpine, and Fedora and Red Hat.
const FILE: &str = include_str!("../../data/tools.tsv");

#[derive(Clone, Copy)]
struct Row {
    debian: &'static str,
    alpine: &'static str,
    fedora: &'static str,
}

fn table() -> &'static HashMap<&'static str, Row> {
    static TABLE: LazyLock<HashMap<&'static str, Row>> = LazyLock::new(|| {
        FILE.lines()
            .filter(|line| !line.starts_with('#') && !line.is_empty())
            .filter_map(|line| {
                let mut cells = line.split('\t');
                let program = cells.next()?;
                let row = Row {
                    debian: cells.next()?,
                    alpine: cells.next()?,
                    fedora: cells.next()?,
                };
                Some((program, row))
            })
            .collect()
    });
    &TABLE
}

/// The package that brings a program, in the family's names. None if it isn't known or the family has none.
#[must_use]
pub fn package_of_tool(family: Family, program: &str) -> Option<&'static str> {
    let row = table().get(program)?;
    let package = match family {
        Family::Debian | Family::Ubuntu => row.debian,
        Family::Alpine => row.alpine,
        Family::Fedora | Family::RedHat | Family::Amazon => row.fedora,
        Family::Suse | Family::Arch | Family::Bare => return None,
    };
    (package != "-").then_some(package)
}

/// The known programs that a package brings.
pub fn tools_of_package(family: Family, package: &str) -> impl Iterator<Item = &'static str> {
    let package = package.to_owned();
    table()
        .keys()
        .copied()
        .filter(move |program| package_of_tool(family, program) == Some(package.as_str()))
}
