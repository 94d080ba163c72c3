//! All package managers, and how to find the one that a command calls.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::base_environment::BaseEnvironment;
use super::manager::Manager;

/// The files of `data/package-managers/`. The list stands beside them, so that a new manager is a change of data only.
const FILES: &[&str] = include!("../../data/package-managers/index.rs");

/// All package managers that are known.
#[derive(Debug, Default)]
pub struct Managers {
    all: Vec<Manager>,
    by_id: HashMap<String, usize>,
    by_program: HashMap<String, usize>,
    by_module: HashMap<String, usize>,
    interpreters: Vec<String>,
}

/// A command that calls a package manager.
#[derive(Clone, Copy, Debug)]
pub struct Recognized<'a> {
    /// The one it calls.
    pub manager: &'static Manager,
    /// The name it is called by, without its folder.
    pub program: &'a str,
    /// Where its arguments begin among the command's words.
    pub arguments_at: usize,
}

/// All package managers.
#[must_use]
pub fn managers() -> &'static Managers {
    // A file that doesn't parse is left out here, as a user can do nothing about it; a test fails instead.
    static MANAGERS: LazyLock<Managers> =
        LazyLock::new(|| Managers::new(FILES.iter().filter_map(|text| toml::from_str(text).ok()).collect()));
    &MANAGERS
}

impl Managers {
    fn new(all: Vec<Manager>) -> Managers {
        let mut managers = Managers {
            all,
            ..Managers::default()
        };
        for (at, manager) in managers.all.iter().enumerate() {
            managers.by_id.insert(manager.id.clone(), at);
            managers.interpreters.extend(manager.interpreters.iter().cloned());
            if manager.variant.is_none() {
                let programs = manager.programs.iter().chain(manager.implied.keys());
                managers.by_program.extend(programs.map(|name| (name.clone(), at)));
                managers
                    .by_module
                    .extend(manager.modules.iter().map(|name| (name.clone(), at)));
            }
        }
        managers
    }

    /// All of them, in the order of the list beside the files.
    pub fn iter(&self) -> impl Iterator<Item = &Manager> {
        self.all.iter()
    }

    /// The manager that the file `<id>.toml` describes.
    #[must_use]
    pub fn by_id(&self, id: &str) -> Option<&Manager> {
        self.by_id.get(id).and_then(|at| self.all.get(*at))
    }

    /// The manager that a program name without a folder means: `apt-get`, `pip3.11`.
    #[must_use]
    pub fn by_program(&self, program: &str) -> Option<&Manager> {
        let versioned = || self.by_program.get(&format!("{}#", stem(program)));
        self.by_program
            .get(program)
            .or_else(versioned)
            .and_then(|at| self.all.get(*at))
    }

    /// The programs that run where `program` does: those that a manager of this name is a script of.
    pub fn run_by(&self, program: &str) -> impl Iterator<Item = &str> {
        let manager = self.by_program(program);
        manager
            .into_iter()
            .flat_map(|manager| manager.runs_on.iter().map(String::as_str))
    }

    /// Managers that share the program names of `manager`, to be told apart by their [signs](super::Variant::signs).
    pub fn variants<'a>(&'a self, manager: &'a Manager) -> impl Iterator<Item = &'a Manager> {
        self.all
            .iter()
            .filter(|other| other.variant.as_ref().is_some_and(|variant| variant.of == manager.id))
    }

    /// The files of a project whose presence alone tells which manager is meant.
    pub fn telling_files(&self) -> impl Iterator<Item = &str> {
        let signs = self
            .all
            .iter()
            .filter_map(|manager| manager.variant.as_ref())
            .flat_map(|variant| &variant.signs);
        signs
            .filter(|sign| sign.value.is_none() && sign.contains.is_none())
            .filter_map(|sign| sign.file.as_deref())
    }

    /// The files of a project that any condition asks for.
    pub fn condition_files(&self) -> impl Iterator<Item = &str> {
        let conditions = self.all.iter().flat_map(|manager| {
            let caches = manager.caches.iter();
            let linked = caches.flat_map(|cache| cache.linked_when.iter().chain(&cache.linked_unless));
            let signs = manager.variant.iter().flat_map(|variant| &variant.signs);
            linked.chain(signs).chain(&manager.offline)
        });
        conditions.filter_map(|condition| condition.file.as_deref())
    }

    /// Whether a text names a file in which a manager looks for settings, or a variable that names one.
    pub fn tells(&self, text: &str) -> bool {
        let mut told = self.all.iter().map(|manager| &manager.told);
        told.any(|told| {
            // Of a path, the end with its slash: `rc` alone is in many words.
            let mut names = told
                .files
                .iter()
                .map(|file| file.rfind('/').map_or(file.as_str(), |at| &file[at..]));
            let mut others = told
                .by_variable
                .iter()
                .map(|(_, name)| name.as_str())
                .filter(|name| !name.is_empty());
            names.any(|name| text.contains(name)) || others.any(|name| text.contains(name))
        })
    }

    fn by_module(&self, module: &str) -> Option<&Manager> {
        self.by_module.get(module).and_then(|at| self.all.get(*at))
    }

    fn is_interpreter(&self, program: &str) -> bool {
        let versioned = format!("{}#", stem(program));
        self.interpreters
            .iter()
            .any(|known| known == program || *known == versioned)
    }

    /// The package manager that a command calls: by its program, by `python -m`, or through a tool that passes its
    /// words on (`corepack yarn`). `words` are all words of the command; `base` knows what a program name means on
    /// the image.
    #[must_use]
    pub fn recognize<'a>(
        &'static self,
        words: &[Option<&'a str>],
        base: Option<&BaseEnvironment>,
    ) -> Option<Recognized<'a>> {
        let program = base_name(words.first().copied().flatten()?);
        if self.is_interpreter(program) {
            return self.recognize_module(words);
        }
        let replaced = base
            .and_then(|base| base.programs.get(program))
            .and_then(|id| self.by_id(id));
        let manager = replaced.or_else(|| self.by_program(program))?;
        if let Some(Some(next)) = words.get(1)
            && manager.forwards.iter().any(|name| name == next)
        {
            let inner = self.recognize(words.get(1..)?, base)?;
            return Some(Recognized {
                arguments_at: inner.arguments_at + 1,
                ..inner
            });
        }
        Some(Recognized {
            manager,
            program,
            arguments_at: 1,
        })
    }

    fn recognize_module<'a>(&'static self, words: &[Option<&'a str>]) -> Option<Recognized<'a>> {
        let (module, arguments_at) = self.module(words)?;
        Some(Recognized {
            manager: self.by_module(module)?,
            program: module,
            arguments_at,
        })
    }

    /// The module that an interpreter runs, `pip` of `python -m pip`, and where its arguments begin.
    pub(super) fn module<'a>(&self, words: &[Option<&'a str>]) -> Option<(&'a str, usize)> {
        if !self.is_interpreter(base_name(words.first().copied().flatten()?)) {
            return None;
        }
        // Only options may stand before `-m`; else it belongs to a script.
        let at = words
            .iter()
            .skip(1)
            .position(|word| !word.is_some_and(|text| text.starts_with('-') && text != "-m"))?;
        let flag = words.get(at + 1).copied().flatten()?;
        let module = words.get(at + 2).copied().flatten()?;
        (flag == "-m").then_some((module, at + 3))
    }
}

fn base_name(program: &str) -> &str {
    program.rsplit('/').next().unwrap_or(program)
}

/// A program's name without the version behind it: `pip3.11` is `pip`, `dnf-3` is `dnf`.
fn stem(program: &str) -> &str {
    program
        .trim_end_matches(|letter: char| letter.is_ascii_digit() || letter == '.')
        .trim_end_matches('-')
}

#[cfg(test)]
pub(super) fn embedded() -> &'static [&'static str] {
    FILES
}
