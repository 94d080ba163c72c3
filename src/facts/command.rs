//! Commands: what a program called in a body does, as far as the tables and its words tell.

use std::borrow::Cow;
use std::cell::LazyCell;
use std::ops::Range;

use crate::knowledge::{
    Action, Argument, ArgumentKind, ArgumentRole, ArgumentUse, BaseEnvironment, Cache, CommandTable, Condition,
    Contradiction, HomeFrom, Manager, Reading, Setting, State, Surroundings, command_table, is_shell, managers,
};
use crate::shell::{self, Context, Place, Redirect, RedirectKind, Script, ShellOptions, SimpleCommand};
use crate::syntax::{Text, expand};

use super::scope::{Scope, User, Variable, absolute};
use super::variables::Variables;
use super::words::{Word, Words};

/// A command of a body.
#[derive(Clone, Debug)]
pub struct Command {
    /// Where it stands in the script; the whole argument for what stands in `sh -c '…'`.
    pub span: Range<usize>,
    /// Where it stands among the script's statements, and what decides whether it runs.
    pub context: Context,
    /// Whether its words may be edited: not in the exec form and not within the quotes of `sh -c '…'`.
    pub editable: bool,
    /// Whether `sudo` or the like runs it as somebody else, without the variables set here.
    pub switches_user: bool,
    /// Whether it looks for programs in other folders than the step: what runs it makes its environment anew, or PATH is
    /// set for it.
    pub new_environment: bool,
    /// The programs before it that only run it: `sudo`, `tini`.
    pub wrappers: Vec<String>,
    /// Variables set for it alone.
    pub assignments: Vec<Assigned>,
    /// Variables that the body has set before it. All commands of a body share them.
    pub exported: Variables,
    /// Its words, without `sudo`, `env` and their like before it.
    pub words: Words,
    /// The working directory it runs in, where that is known.
    pub workdir: Option<String>,
    /// What it does with a package manager, if it calls one.
    pub manager: Option<ManagerUse>,
    /// What it deletes, for `rm`.
    pub deletes: Vec<Operand>,
    /// The files that its input comes from and its output goes to.
    pub redirects: Vec<FileRedirect>,
}

/// A redirect from or to a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileRedirect {
    /// What it does.
    pub kind: RedirectKind,
    /// The file as written.
    pub text: String,
    /// Its absolute path; none where it cannot be told.
    pub path: Option<String>,
}

/// A variable set for one command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assigned {
    /// Where the assignment stands in the script.
    pub span: Range<usize>,
    /// The variable.
    pub name: String,
    /// Its value where every build gives the same.
    pub value: Option<String>,
}

/// A file or folder, or a pattern of them, that a command names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operand {
    /// The word, by its number in [`Command::words`].
    pub word: usize,
    /// The absolute path, globs included; none where it cannot be told.
    pub path: Option<String>,
}

/// What a command does with a package manager.
#[derive(Clone, Debug)]
pub struct ManagerUse {
    /// The manager.
    pub manager: &'static Manager,
    /// Whom it runs as: the scope's user, unless `sudo` or the like says otherwise.
    pub user: User,
    /// The name it was called by, without its folder.
    pub program: String,
    /// What the command does.
    pub action: Action,
    /// The verb as the table has it; empty where there is none.
    pub verb: String,
    /// The number of the last word of program and verb: new options go behind it.
    pub verb_word: usize,
    /// The options by name, with their values and the number of their word.
    pub options: Vec<(String, Option<String>, usize)>,
    /// The packages it names, with the number of their word: name and what stands behind it.
    pub packages: Vec<(String, Option<String>, usize)>,
    /// The files and folders that it reads by its arguments; none for one that is not literal.
    pub reads: Vec<Option<String>>,
    /// Whether an argument is not literal, so that nothing tells what it is.
    pub has_unknown_arguments: bool,
    /// The caches that it fills.
    pub caches: Vec<CacheUse>,
    /// What keeps it from using its caches.
    pub contradictions: Vec<Obstruction>,
    /// The number of the word at which a command begins that this one runs.
    pub inner_at: Option<usize>,
    /// Whether it lives on what earlier steps downloaded; none where nothing tells.
    pub offline: Option<bool>,
    /// Whether it downloads fresh package lists itself.
    pub fetches_lists: bool,
}

impl ManagerUse {
    /// Whether the manager is one of Node.js.
    #[must_use]
    pub fn is_node(&self) -> bool {
        matches!(self.manager.id.as_str(), "npm" | "yarn" | "yarn-berry" | "pnpm" | "bun")
    }

    /// Whether it may read files of a project: it names none of the packages that it installs, or one by a path.
    #[must_use]
    pub fn may_read_project(&self) -> bool {
        let is_path = |name: &str| name.starts_with(['.', '/', '~']);
        let mut names = self.packages.iter().map(|(name, ..)| name.as_str());
        let installs = matches!(self.action, Action::Install | Action::Upgrade | Action::Download);
        let has_projects = !self.manager.project.manifests.is_empty();
        installs && self.packages.is_empty() && has_projects || names.any(is_path)
    }

    /// Whether it works on packages that are no project's, as `npm install -g` does.
    #[must_use]
    pub fn is_global(&self) -> bool {
        let mut options = self.options.iter();
        self.verb.starts_with("global") || options.any(|(name, ..)| matches!(name.as_str(), "-g" | "--global"))
    }

    /// Whether it installs or removes packages of a project of Node.js.
    #[must_use]
    pub fn changes_node_project(&self) -> bool {
        let changes = matches!(self.action, Action::Install | Action::Upgrade | Action::Remove);
        changes && self.is_node() && !self.is_global()
    }
}

/// A cache that a command fills.
#[derive(Clone, Debug)]
pub struct CacheUse {
    /// What the table says of it.
    pub cache: &'static Cache,
    /// Where it is; none where that cannot be told. A `*` in it stands for what only the tool knows.
    pub path: Option<String>,
    /// Whether what is installed points into it; none where nothing tells.
    pub linked: Option<bool>,
    /// The variable to set, and its value, so that what is installed surely does not point into it.
    pub copies_with: Option<(&'static str, &'static str)>,
}

/// Something that keeps a command from using its cache.
#[derive(Clone, Debug)]
pub enum Obstruction {
    /// An option: these words, by number.
    Option {
        /// The words of option and value.
        words: Range<usize>,
        /// Whether the words hold nothing else.
        removable: bool,
        /// What takes its place.
        instead: Option<&'static str>,
    },
    /// A variable.
    Variable {
        /// Its name.
        name: &'static str,
        /// The value that makes it harmless, if one does.
        neutral: Option<&'static str>,
        /// Its number among [`Command::assignments`], where it is set for the command alone.
        assignment: Option<usize>,
    },
}

impl Command {
    /// The name of the program without its folder; none where it is not literal.
    pub fn program(&self) -> Option<&str> {
        let word = self.words.first()?.value.as_deref()?;
        Some(word.rsplit('/').next().unwrap_or(word))
    }

    /// Whether it tells a manager of Node.js to leave development dependencies out, or to remove them.
    #[must_use]
    pub fn says_production(&self) -> bool {
        let options = ["--omit", "--prod", "--only", "-P", "prune"];
        let mut words = self.words.iter().map(|word| word.text.as_str());
        words.any(|word| options.iter().any(|option| word.starts_with(option)))
    }

    /// What is known of its program; `None` for a program of the project, whatever it is called, and for one that no
    /// table describes.
    #[must_use]
    pub fn table(&self) -> Option<&'static CommandTable> {
        self.words.table()
    }

    /// Its words, read by the table of its program.
    #[must_use]
    pub fn reading(&self) -> Option<&Reading<'static>> {
        self.words.reading()
    }

    /// The programs that it starts for its options and words, also where a variable is in one: `tar xf a-$VERSION.tar.xz`.
    #[must_use]
    pub fn started_by(&self) -> Vec<&'static str> {
        let texts = self.words.iter().skip(1);
        let words: Vec<(Option<&str>, &str)> = texts.map(|word| (word.value.as_deref(), word.text.as_str())).collect();
        let table = self.program().and_then(command_table);
        table.map(|table| table.started_by(&words)).unwrap_or_default()
    }

    /// The absolute paths of its arguments with a role; `None` for one that cannot be told.
    pub fn arguments_of(&self, role: ArgumentRole) -> impl Iterator<Item = Option<String>> {
        let arguments = self.reading().into_iter().flat_map(|reading| &reading.arguments);
        let of_role = arguments.filter(move |argument| argument.role == role);
        of_role.map(|argument| absolute(argument.text.as_deref()?, self.workdir.as_deref()))
    }

    /// Whether it certainly runs no other program, and so no package manager.
    #[must_use]
    pub fn runs_nothing(&self) -> bool {
        self.reading().is_some_and(|reading| reading.runs_nothing())
    }

    /// Whether it may change variables, options or functions of the shell that runs it.
    #[must_use]
    pub fn changes_shell(&self) -> bool {
        let usage = self.table().map(|table| &table.usage);
        usage.is_some_and(|usage| usage.also.state.contains(&State::Shell))
    }

    /// Whether the table of its program has a tag.
    #[must_use]
    pub fn has_tag(&self, tag: &str) -> bool {
        self.table().is_some_and(|table| table.has_tag(tag))
    }

    /// Its words after the program, those that are literal.
    pub fn literal_arguments(&self) -> impl Iterator<Item = &str> + Clone {
        self.words.iter().skip(1).filter_map(|word| word.value.as_deref())
    }

    /// Whether any word may mean `path` or something in it or above it, other than the root.
    pub fn mentions(&self, path: &str) -> bool {
        self.words
            .iter()
            .filter_map(|word| word.value.as_deref())
            .any(|word| word.len() > 1 && word.starts_with('/') && (is_within(word, path) || is_within(path, word)))
    }
}

/// Whether `path` is `folder` or lies in it. Both are absolute.
pub fn is_within(path: &str, folder: &str) -> bool {
    let folder = folder.trim_end_matches('/');
    path.strip_prefix(folder)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Reads the commands of one body.
pub(super) struct Reader<'a> {
    scope: &'a Scope,
    base: Option<&'static BaseEnvironment>,
    workdir: Option<String>,
    /// Variables that the body itself exports.
    exported: Variables,
    /// Whether the body has set PATH to something that does not have the step's own in it.
    replaces_path: bool,
    /// The working directory outside of the subshell at this place, where one was left inside of it.
    outside: Option<(Place, Option<String>)>,
    /// Whether a login shell reads the commands, which sets PATH anew.
    is_login: bool,
    /// What `sh -c` bodies inherit; none at the outermost level.
    nested: Option<(Range<usize>, Context)>,
    pub(super) commands: Vec<Command>,
    /// The files that compound commands as a whole read and write.
    pub(super) compound_redirects: Vec<FileRedirect>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(scope: &'a Scope) -> Self {
        let workdir = scope.workdir.clone();
        Reader {
            scope,
            base: scope.base,
            workdir,
            exported: Variables::default(),
            replaces_path: false,
            outside: None,
            is_login: false,
            nested: None,
            commands: Vec::new(),
            compound_redirects: Vec::new(),
        }
    }

    /// Reads the words of an exec form.
    pub(super) fn exec(&mut self, strings: &[Text]) {
        let words = strings.iter().map(|string| Word {
            span: 0..0,
            text: string.value.clone(),
            value: Some(string.value.clone()),
        });
        self.nested = Some((
            0..0,
            Context {
                stops_body: true,
                ..Context::default()
            },
        ));
        self.words(words.collect(), Vec::new(), Vec::new(), 0..0, Context::default());
        self.nested = None;
    }

    /// Reads a script.
    pub(super) fn script(&mut self, script: &Script, options: ShellOptions) {
        for visit in shell::commands(script, options) {
            self.simple(visit.command, visit.context);
        }
        // Where they begin is known only if nothing changes the folder on the way.
        let stays = self.workdir == self.scope.workdir;
        for redirect in shell::compound_redirects(script) {
            let mut read = self.redirects(std::slice::from_ref(redirect));
            for redirect in read
                .iter_mut()
                .filter(|redirect| !stays && !redirect.text.starts_with('/'))
            {
                redirect.path = None;
            }
            self.compound_redirects.extend(read);
        }
    }

    fn simple(&mut self, command: &SimpleCommand, context: Context) {
        let assignments: Vec<Assigned> = command
            .assignments
            .iter()
            .map(|assignment| Assigned {
                span: assignment.span.clone(),
                name: assignment.name.clone(),
                value: match &assignment.value {
                    None => Some(String::new()),
                    Some(value) => self.value(value).filter(|_| !assignment.append),
                },
            })
            .collect();
        let mut words: Vec<Word> = command
            .words
            .iter()
            .map(|word| Word {
                span: word.span.clone(),
                text: word.text.clone(),
                value: self.value(word),
            })
            .collect();
        if let Some((name, word)) = words
            .first_mut()
            .zip(command.words.first())
            .filter(|(name, _)| name.value.is_none())
        {
            name.value = self.usual_program(word);
        }
        let redirects = self.redirects(&command.redirects);
        if words.is_empty() {
            // Without a command, assignments stay in force; they reach programs if the name is exported already.
            for assigned in assignments {
                self.set(assigned.name, assigned.value);
            }
            if !redirects.is_empty() {
                self.words(vec![no_command()], Vec::new(), redirects, command.span.clone(), context);
            }
            return;
        }
        self.words(words, assignments, redirects, command.span.clone(), context);
    }

    /// The redirects from and to files.
    fn redirects(&self, redirects: &[Redirect]) -> Vec<FileRedirect> {
        let is_file = |redirect: &&Redirect| match redirect.kind {
            RedirectKind::HereDoc | RedirectKind::HereString => false,
            // `>&2` is no file, `>&name` is.
            RedirectKind::Duplicate => redirect
                .target
                .as_ref()
                .is_some_and(|target| !target.text.chars().all(|c| c.is_ascii_digit() || c == '-')),
            _ => true,
        };
        let read = |redirect: &Redirect| {
            let target = redirect.target.as_ref()?;
            let path = self.value(target).and_then(|path| self.absolute(&path));
            Some(FileRedirect {
                kind: redirect.kind,
                text: target.text.clone(),
                path,
            })
        };
        redirects.iter().filter(is_file).filter_map(read).collect()
    }

    /// The value of a word where every build gives the same, globs left as they are.
    fn value(&self, word: &shell::Word) -> Option<String> {
        if let Some(literal) = &word.literal {
            return Some(literal.clone());
        }
        let text = self.with_working_folder(word)?;
        if text.contains(['{', '(', '`', '\\']) && !text.contains("${") {
            return None;
        }
        if !self.scope.budget.is_left(&text) {
            return None;
        }
        let variable = |name: &str| match self.variable_value(name, &[]) {
            Setting::Is(value) => Some(value.to_owned()),
            _ => None,
        };
        // BuildKit's lexer reads quotes and plain variables as the shell does.
        let lexed = expand(&text, '\\', &variable).filter(|lexed| lexed.unset.is_empty())?;
        if !self.scope.budget.allows(&text, &lexed.value) {
            return None;
        }
        match lexed.value.strip_prefix('~') {
            Some(rest) if rest.is_empty() || rest.starts_with('/') => Some(format!("{}{rest}", self.scope.home()?)),
            _ => Some(lexed.value),
        }
    }

    /// The text of a word with the working folder for `$(pwd)`; none where it has other substitutions.
    fn with_working_folder<'w>(&self, word: &'w shell::Word) -> Option<Cow<'w, str>> {
        const ASKS: &str = "$(pwd)";
        let asked = word.text.matches(ASKS).count();
        match (word.substitutions.len(), asked, self.workdir.as_deref()) {
            (0, ..) => Some(Cow::Borrowed(&word.text)),
            (all, asked, Some(folder)) if all == asked && is_plain_path(folder) => {
                Some(Cow::Owned(word.text.replace(ASKS, folder)))
            }
            _ => None,
        }
    }

    /// The program that a word names by the defaults of ARGs: `python${VERSION}` is a Python whatever the version.
    fn usual_program(&self, word: &shell::Word) -> Option<String> {
        let starts_plain = word.text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/');
        if !word.substitutions.is_empty() || !starts_plain {
            return None;
        }
        let variable = |name: &str| self.scope.variables.get(name)?.value.clone();
        let lexed = expand(&word.text, '\\', &variable).filter(|lexed| lexed.unset.is_empty())?;
        Some(lexed.value)
    }

    fn variable_value<'b>(&'b self, name: &str, inline: &'b [Assigned]) -> Setting<'b> {
        let inline = inline.iter().rfind(|assigned| assigned.name == name);
        let own = inline.map(|assigned| &assigned.value);
        if let Some(value) = own.or_else(|| Some(&self.exported.get(name)?.value)) {
            return value.as_deref().map_or(Setting::Unknown, Setting::Is);
        }
        match self.scope.variables.get(name) {
            Some(variable) if variable.certain => variable.value.as_deref().map_or(Setting::Unknown, Setting::Is),
            Some(_) => Setting::Unknown,
            None if name == "PWD" => self.workdir.as_deref().map_or(Setting::Unknown, Setting::Is),
            None if name == "HOME" => self.scope.home().map_or(Setting::Unknown, Setting::Is),
            None => Setting::Unset,
        }
    }

    fn words(
        &mut self,
        words: Vec<Word>,
        assignments: Vec<Assigned>,
        redirects: Vec<FileRedirect>,
        span: Range<usize>,
        context: Context,
    ) {
        if let Some((_, workdir)) = self.outside.take_if(|(place, _)| *place != context.place) {
            self.workdir = workdir;
        }
        let (editable, span, context) = match &self.nested {
            Some((outer, context)) => (false, outer.clone(), *context),
            None => (true, span, context),
        };
        let Unwrapped {
            words,
            assignments,
            user,
            wrappers,
            entered,
            new_environment,
        } = unwrap(words, assignments);
        // The folder before the command, which may be `cd`.
        let workdir = match &entered {
            None => self.workdir.clone(),
            Some(folder) => folder.as_deref().and_then(|folder| self.absolute(folder)),
        };
        let values: Vec<Option<&str>> = words.iter().map(|word| word.value.as_deref()).collect();
        let program = values
            .first()
            .copied()
            .flatten()
            .map(|name| name.rsplit('/').next().unwrap_or(name));

        let mut manager = None;
        let mut deletes = Vec::new();
        match program {
            Some("cd") if !context.in_substitution => {
                let target = values.get(1).copied().flatten().and_then(|path| self.absolute(path));
                if context.in_subshell && self.outside.is_none() {
                    self.outside = Some((context.place, self.workdir.clone()));
                }
                // In a pipeline or in nested subshells nothing tells for whom it counts.
                let counts = !context.conditional && !context.in_pipeline && context.depth <= 1;
                self.workdir = target.filter(|_| counts);
            }
            Some("export") if !context.in_subshell => self.export(&words),
            Some("unset") if !context.in_subshell => self.unset(&words),
            Some("rm") => deletes = self.operands(&words),
            // What the inner script does stands for the command.
            Some(shell) if is_shell(shell) && self.shell_option(&words, &span, context) => {
                if !redirects.is_empty() {
                    self.words(vec![no_command()], Vec::new(), redirects, span, context);
                }
                return;
            }
            _ => manager = self.manager(&values, &assignments, user.as_ref()),
        }
        // `poetry run pip install x`, `npx tool`: what is run inside is a command of its own.
        let inner = manager
            .as_ref()
            .and_then(|used| words.get(used.inner_at?..))
            .map(<[Word]>::to_vec);
        // It inherits the variables that are set for what runs it.
        let inner = inner.map(|words| (words, assignments.clone()));
        let switches_user = user.is_some();
        let new_environment = new_environment
            || self.is_login
            || self.replaces_path
            || assignments
                .iter()
                .any(|assigned| self.is_other_path(&assigned.name, assigned.value.as_deref()));
        self.commands.push(Command {
            switches_user,
            new_environment,
            wrappers,
            span: span.clone(),
            context,
            editable,
            assignments,
            exported: self.exported.clone(),
            words: words.into(),
            workdir,
            manager,
            deletes,
            redirects,
        });
        if let Some((words, assignments)) = inner {
            self.words(words, assignments, Vec::new(), span, context);
        }
    }

    /// Whether an assignment gives PATH something that does not have the step's own in it.
    fn is_other_path(&self, name: &str, value: Option<&str>) -> bool {
        let own = || self.scope.variables.get("PATH").and_then(|path| path.value.as_deref());
        name == "PATH" && !value.zip(own()).is_some_and(|(value, own)| value.contains(own))
    }

    /// Sets a variable for the commands that follow.
    fn set(&mut self, name: String, value: Option<String>) {
        self.replaces_path |= self.is_other_path(&name, value.as_deref());
        let variable = Variable {
            value,
            certain: true,
            in_image: false,
        };
        self.exported.insert(name, variable);
    }

    fn absolute(&self, path: &str) -> Option<String> {
        absolute(path, self.workdir.as_deref())
    }

    fn export(&mut self, words: &[Word]) {
        for word in words.iter().skip(1) {
            let Some((name, _)) = word.text.split_once('=') else {
                continue;
            };
            let value = word
                .value
                .as_deref()
                .and_then(|value| value.split_once('='))
                .map(|(_, value)| value.to_owned());
            self.set(name.to_owned(), value);
        }
    }

    /// An empty variable stands for none.
    fn unset(&mut self, words: &[Word]) {
        let names = words.iter().skip(1).filter_map(|word| word.value.clone());
        let names: Vec<String> = names.filter(|name| !name.starts_with('-')).collect();
        names.into_iter().for_each(|name| self.set(name, Some(String::new())));
    }

    fn operands(&self, words: &[Word]) -> Vec<Operand> {
        let is_operand = |word: &Word| !word.value.as_deref().is_some_and(|value| value.starts_with('-'));
        let operands = words.iter().enumerate().skip(1).filter(|(_, word)| is_operand(word));
        operands
            .map(|(index, word)| Operand {
                word: index,
                path: word.value.as_deref().and_then(|path| self.absolute(path)),
            })
            .collect()
    }

    /// Reads the script behind `-c`; returns whether there is one that can be read.
    fn shell_option(&mut self, words: &[Word], span: &Range<usize>, context: Context) -> bool {
        let is_option = |word: &Word| {
            word.value.as_deref().is_some_and(|value| {
                value
                    .strip_prefix('-')
                    .is_some_and(|letters| !letters.starts_with('-') && letters.ends_with('c'))
            })
        };
        let Some(index) = words.iter().position(is_option) else {
            return false;
        };
        let Some(text) = words.get(index + 1).and_then(|word| word.value.clone()) else {
            return false;
        };
        let Ok(script) = shell::parse(&text) else { return false };
        let is_login = |word: &Word| {
            let option = word
                .value
                .as_deref()
                .and_then(|value| value.strip_prefix('-'))
                .unwrap_or_default();
            option == "-login" || !option.starts_with('-') && option.contains('l')
        };
        let outer = (self.nested.clone(), self.workdir.clone());
        let exported = (self.exported.clone(), self.replaces_path);
        // Its places are its own: none of them tells that the subshell around it has ended.
        let outside = self.outside.take();
        let was_login = self.is_login;
        self.is_login |= words.iter().take(index + 1).skip(1).any(is_login);
        self.nested = Some((span.clone(), context));
        self.script(&script, ShellOptions::default());
        self.is_login = was_login;
        self.outside = outside;
        (self.nested, self.workdir) = (outer.0, outer.1);
        (self.exported, self.replaces_path) = exported;
        true
    }

    fn manager(&self, values: &[Option<&str>], inline: &[Assigned], user: Option<&User>) -> Option<ManagerUse> {
        let recognized = managers().recognize(values, self.base)?;
        let around = Around { reader: self, inline };
        let arguments_at = recognized.arguments_at;
        let manager = variant(recognized.manager, values.get(arguments_at..)?, &around);
        let invocation = manager.read(recognized.program, values.get(arguments_at..)?);

        let user = user.unwrap_or(&self.scope.user);
        let home = match user {
            User::Root if !matches!(self.scope.user, User::Root) => None,
            _ if manager.home == HomeFrom::Account => self.scope.account_home(),
            _ => self.scope.home(),
        };
        let program = recognized.program;
        let fills = |cache: &&Cache| {
            let by_program = cache.programs.is_empty() || cache.programs.iter().any(|known| known == program);
            by_program && cache.filled_by.contains(&invocation.action)
        };
        // A path below the home needs the home; any other does not.
        let path = |cache: &Cache| {
            let path = cache.path(home.unwrap_or("~"), *user == User::Root, &invocation, &around)?;
            self.absolute(&path).filter(|_| path.starts_with('/'))
        };
        let caches = manager.caches.iter().filter(fills).map(|cache| CacheUse {
            cache,
            path: path(cache),
            linked: cache.is_linked(&invocation, &around),
            copies_with: cache.copies_with(&invocation, &around),
        });
        let options = invocation.options.iter().map(|option| {
            let value = option.value.and_then(|value| value.text).map(str::to_owned);
            (option.name.to_string(), value, option.at + arguments_at)
        });
        let package = |argument: &Argument<'_>| {
            let (name, rest) = manager.split_package(argument.text?);
            Some((name.to_owned(), rest.map(str::to_owned), argument.at + arguments_at))
        };
        let lists_by_option = manager.lists.as_ref().is_some_and(|lists| {
            invocation
                .options
                .iter()
                .any(|option| lists.fetched_by.iter().any(|known| *known == option.name))
        });
        Some(ManagerUse {
            manager,
            user: user.clone(),
            program: recognized.program.to_owned(),
            action: invocation.action,
            verb: invocation.verb.to_owned(),
            verb_word: invocation
                .verb_at
                .iter()
                .max()
                .map_or(arguments_at - 1, |at| at + arguments_at),
            packages: invocation.packages().filter_map(package).collect(),
            reads: invocation.reads().map(|path| path.map(str::to_owned)).collect(),
            has_unknown_arguments: invocation.arguments.iter().any(|a| a.kind == ArgumentKind::Unknown),
            caches: caches.collect(),
            contradictions: manager
                .contradictions
                .iter()
                .flat_map(|contradiction| obstructions(contradiction, &invocation, &around, values, arguments_at))
                .collect(),
            inner_at: invocation.inner_at.map(|at| at + arguments_at),
            offline: Condition::any(&manager.offline, &invocation, &around),
            fetches_lists: lists_by_option || invocation.action == Action::UpdateLists,
            options: options.collect(),
        })
    }
}

/// The manager that is meant where several share a name: the first whose signs are there.
fn variant(manager: &'static Manager, arguments: &[Option<&str>], around: &Around<'_, '_>) -> &'static Manager {
    let invocation = LazyCell::new(|| manager.read("", arguments));
    managers()
        .variants(manager)
        .find(|other| {
            let signs = other.variant.as_ref().map_or(&[][..], |variant| &variant.signs);
            Condition::any(signs, &invocation, around) == Some(true)
        })
        .unwrap_or(manager)
}

fn obstructions(
    contradiction: &'static Contradiction,
    invocation: &crate::knowledge::Invocation<'_>,
    around: &Around<'_, '_>,
    values: &[Option<&str>],
    arguments_at: usize,
) -> Vec<Obstruction> {
    let when = &contradiction.when;
    if when.holds(invocation, around) == Some(false) {
        return Vec::new();
    }
    if let Some(name) = &when.variable {
        let neutral = contradiction.neutral.as_deref();
        if neutral.is_some_and(|neutral| around.variable(name) == Setting::Is(neutral)) {
            return Vec::new();
        }
        return vec![Obstruction::Variable {
            name,
            neutral,
            assignment: around.inline.iter().position(|assigned| assigned.name == *name),
        }];
    }
    let is_it = |option: &&crate::knowledge::OptionUse<'_>| when.option.as_deref() == Some(&*option.name);
    invocation
        .options
        .iter()
        .filter(is_it)
        .map(|option| {
            let first = option.at + arguments_at;
            let last = option.value.map_or(first, |value| value.at + arguments_at);
            let text = values.get(first).copied().flatten().unwrap_or_default();
            // Within `-yq` a letter is not a word.
            let removable = text == option.name || text.starts_with(&format!("{}=", option.name));
            Obstruction::Option {
                words: first..last + 1,
                removable,
                instead: contradiction.instead.as_deref(),
            }
        })
        .collect()
}

/// What a command finds around it.
struct Around<'r, 'a> {
    reader: &'r Reader<'a>,
    inline: &'r [Assigned],
}

impl Surroundings for Around<'_, '_> {
    fn variable(&self, name: &str) -> Setting<'_> {
        self.reader.variable_value(name, self.inline)
    }

    fn file(&self, path: &str) -> Setting<'_> {
        // Where no build context shows the file, the tools' defaults are taken to hold: settings that make files links
        // into a cache are rare, and those that the Dockerfile itself shows are seen.
        self.reader.scope.project.text(path).map_or(Setting::Unset, Setting::Is)
    }

    fn has_file(&self, path: &str) -> Option<bool> {
        let scope = self.reader.scope;
        (scope.project.text(path).is_some() || scope.project_files.contains(&path)).then_some(true)
    }

    fn folder(&self, name: &str) -> Setting<'_> {
        match self.reader.base {
            None => Setting::Unknown,
            Some(base) => base.folders.get(name).map_or(Setting::Unset, |path| Setting::Is(path)),
        }
    }
}

struct Unwrapped {
    words: Vec<Word>,
    assignments: Vec<Assigned>,
    /// Who runs it instead of the scope's user.
    user: Option<User>,
    /// The programs that were taken away.
    wrappers: Vec<String>,
    /// The folder that it runs in, if a program before it enters one; `Some(None)` where it is not known.
    entered: Option<Option<String>>,
    /// Whether PATH is not that of the step for it.
    new_environment: bool,
}

/// Takes programs that only run the program after them from the front of a command.
fn unwrap(mut words: Vec<Word>, mut assignments: Vec<Assigned>) -> Unwrapped {
    let mut user = None;
    let mut wrappers = Vec::new();
    let mut entered = None;
    let mut new_environment = false;
    while let Some(outer) = outer_program(&words) {
        wrappers.extend(words.first().and_then(|word| word.value.clone()));
        user = outer.user.or(user);
        entered = outer.entered.or(entered);
        new_environment |= outer.new_environment;
        assignments.extend(outer.assignments);
        words.drain(..outer.inner_at);
        if let Some(input) = outer.appends {
            input.apply(&mut words);
        }
    }
    Unwrapped {
        words,
        assignments,
        user,
        wrappers,
        entered,
        new_environment,
    }
}

/// A program that only runs the command after it.
struct Outer {
    /// Where that command begins.
    inner_at: usize,
    /// Variables that are set for it.
    assignments: Vec<Assigned>,
    /// Whom it runs as, if somebody else.
    user: Option<User>,
    /// The folder that the command runs in, if it is another; `Some(None)` where it is not known.
    entered: Option<Option<String>>,
    /// Whether PATH is not that of the step for it.
    new_environment: bool,
    /// The words that it takes from its input, if it does.
    appends: Option<InputWords>,
}

/// Words of a command that come from the input of `xargs`.
struct InputWords {
    /// What stands for them; they come last without one.
    placeholder: Option<String>,
}

impl InputWords {
    /// Puts words that are not known into a command.
    fn apply(&self, words: &mut Vec<Word>) {
        let Some(placeholder) = &self.placeholder else {
            let end = words.last().map_or(0, |word| word.span.end);
            words.push(Word {
                span: end..end,
                text: String::new(),
                value: None,
            });
            return;
        };
        for word in words {
            word.value = word.value.take().filter(|value| !value.contains(placeholder.as_str()));
        }
    }
}

/// Reads the program at the front of a command, if it only runs the command after it.
fn outer_program(words: &[Word]) -> Option<Outer> {
    let values: Vec<Option<&str>> = words.iter().map(|word| word.value.as_deref()).collect();
    let program = values.first().copied().flatten()?;
    let table = command_table(program.rsplit('/').next().unwrap_or(program))?;
    if !table.wraps() {
        return None;
    }
    let reading = table.read(values.get(1..)?);
    let inner_at = reading.inner_at?;
    let of_role = |role: ArgumentRole| reading.arguments.iter().filter(move |argument| argument.role == role);
    let assigned = |argument: &ArgumentUse| {
        let (name, value) = argument.text.as_deref()?.split_once('=')?;
        Some(Assigned {
            span: words.get(argument.at)?.span.clone(),
            name: name.to_owned(),
            value: Some(value.to_owned()),
        })
    };
    let account = of_role(ArgumentRole::Account).next();
    let user = match (account, table.user.as_deref()) {
        (Some(argument), _) => Some(if argument.text.as_deref() == Some("root") {
            User::Root
        } else {
            User::Unknown
        }),
        (None, Some("root")) => Some(User::Root),
        (None, Some(_)) => Some(User::Unknown),
        (None, None) => None,
    };
    Some(Outer {
        inner_at,
        assignments: of_role(ArgumentRole::Assignment).filter_map(assigned).collect(),
        user,
        entered: of_role(ArgumentRole::Enters)
            .next()
            .map(|argument| argument.text.clone()),
        new_environment: reading.also.is_some_and(|also| also.new_environment),
        appends: table.appends.then(|| InputWords {
            placeholder: of_role(ArgumentRole::Placeholder)
                .next()
                .and_then(|argument| argument.text.clone()),
        }),
    })
}

/// Whether a path means itself in the shell.
fn is_plain_path(path: &str) -> bool {
    path.chars()
        .all(|c| c.is_ascii_alphanumeric() || matches!(c, '/' | '.' | '_' | '-'))
}

/// Stands for the command that is missing where there are only redirects.
fn no_command() -> Word {
    Word {
        span: 0..0,
        text: ":".to_owned(),
        value: Some(":".to_owned()),
    }
}
