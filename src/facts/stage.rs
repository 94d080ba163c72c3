//! The stages of a file and what they take from each other.

use std::ops::Range;

use crate::syntax::{Dockerfile, Keyword};

use super::image::ImageReference;
use super::scope::Scope;

/// A stage: a FROM and what follows up to the next one.
#[derive(Clone, Debug)]
pub struct Stage {
    /// The numbers of its instructions, FROM included.
    pub instructions: Range<usize>,
    /// Its name in lower case.
    pub name: Option<String>,
    /// What it stands on.
    pub base: Base,
    /// What later stages copy or mount from it.
    pub taken: Vec<Taken>,
}

/// What a stage stands on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Base {
    /// An earlier stage, by its number.
    Stage(usize),
    /// An image.
    Image(ImageReference),
    /// Nothing.
    Scratch,
    /// A name that a variable hides.
    Unknown,
}

/// Something that is copied or mounted from a stage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// The instruction that takes it.
    pub instruction: usize,
    /// The path in the stage, as written; none where a variable hides it.
    pub path: Option<String>,
}

/// Reads the stages of `file`. `scopes` gives the scope in force at each FROM, which knows the ARGs before it.
pub(super) fn of(file: &Dockerfile, scope_before_from: &Scope) -> Vec<Stage> {
    let is_from = |index: &usize| {
        file.instructions
            .get(*index)
            .is_some_and(|i| i.keyword() == Keyword::From)
    };
    let starts: Vec<usize> = (0..file.instructions.len()).filter(is_from).collect();
    let mut stages: Vec<Stage> = Vec::with_capacity(starts.len());
    for (number, &start) in starts.iter().enumerate() {
        let end = starts.get(number + 1).copied().unwrap_or(file.instructions.len());
        let words = file
            .instructions
            .get(start)
            .map(|from| from.node().words())
            .unwrap_or_default();
        let image = words.first().map(|word| word.value.as_str()).unwrap_or_default();
        let base = match resolve(image, file.escape(), scope_before_from) {
            None => Base::Unknown,
            Some(image) if image == "scratch" => Base::Scratch,
            Some(image) => match stages
                .iter()
                .rposition(|stage| stage.name.as_deref() == Some(&*image.to_lowercase()))
            {
                Some(stage) => Base::Stage(stage),
                None => ImageReference::parse(&image).map_or(Base::Unknown, Base::Image),
            },
        };
        let name = words.get(2).map(|name| name.value.to_lowercase());
        stages.push(Stage {
            instructions: start..end,
            name,
            base,
            taken: Vec::new(),
        });
    }
    for (number, &start) in starts.iter().enumerate() {
        let end = starts.get(number + 1).copied().unwrap_or(file.instructions.len());
        for index in start..end {
            for (from, path) in taken_by(file, index) {
                if let Some(source) = find(&stages, &from, number).and_then(|source| stages.get_mut(source)) {
                    source.taken.push(Taken {
                        instruction: index,
                        path,
                    });
                }
            }
        }
    }
    stages
}

/// The value of a FROM's image, by the defaults of the ARGs before it; none where an ARG has none.
fn resolve(image: &str, escape: char, scope: &Scope) -> Option<String> {
    let variable = |name: &str| scope.variables.get(name)?.value.clone();
    let lexed = crate::syntax::expand(image, escape, &variable)?;
    (lexed.unset.is_empty() && !lexed.value.is_empty()).then_some(lexed.value)
}

/// The stage that `--from=name` means in stage number `before`: by name, or by number.
fn find(stages: &[Stage], name: &str, before: usize) -> Option<usize> {
    let name = name.to_lowercase();
    let by_name = stages
        .iter()
        .take(before)
        .rposition(|stage| stage.name.as_deref() == Some(&*name));
    by_name.or_else(|| name.parse().ok().filter(|number| *number < before))
}

/// What an instruction takes from stages or images: their names and the paths in them.
fn taken_by(file: &Dockerfile, index: usize) -> Vec<(String, Option<String>)> {
    let Some(node) = file.instructions.get(index).map(|instruction| instruction.node()) else {
        return Vec::new();
    };
    let plain = |path: &str| (!path.contains('$')).then(|| path.to_owned());
    match node.keyword {
        Keyword::Copy => {
            let Some(from) = node.flag("from") else {
                return Vec::new();
            };
            let sources = node.sources().iter().rev();
            sources.map(|source| (from.to_owned(), plain(&source.value))).collect()
        }
        Keyword::Run => {
            let values = node.flags_named("mount").filter_map(|flag| flag.value.as_deref());
            let fields = values.filter_map(crate::syntax::csv_fields);
            fields
                .filter_map(|fields| {
                    let field = |name: &str| fields.iter().find_map(|field| field.strip_prefix(name));
                    let source = field("source=").or_else(|| field("src=")).unwrap_or("/");
                    Some((field("from=")?.to_owned(), plain(source)))
                })
                .collect()
        }
        _ => Vec::new(),
    }
}
