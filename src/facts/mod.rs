//! Facts: what a file means, computed once per tree.
//!
//! [`Facts::of`] walks the instructions once, in order. It keeps the [`Scope`] that each of them sees, finds the
//! [`Stage`]s and what they take from each other, and reads what is executed into [`Command`]s. Passes ask here and
//! derive nothing of this again.

mod accounts;
mod budget;
mod command;
mod execution;
mod image;
mod lists;
mod project;
mod scope;
mod skip;
mod stage;
mod variables;
mod words;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::context::ContextSource;
use crate::knowledge::{Action, base_environment, base_image, image_configuration, managers};
use crate::syntax::{Arguments, Dockerfile, Instruction, Keyword, Node, Pair, expand};

/// PATH in the images of distributions, and where an image sets none.
const USUAL_PATH: &[&str] = &[
    "/usr/local/sbin",
    "/usr/local/bin",
    "/usr/sbin",
    "/usr/bin",
    "/sbin",
    "/bin",
];

pub use budget::Budget;
pub use command::{Assigned, CacheUse, Command, FileRedirect, ManagerUse, Obstruction, Operand, is_within};
pub use execution::{Body, Execution, Mount, ScriptBody};
pub use image::ImageReference;
pub use project::Project;
pub use scope::{Account, Scope, Shell, User, Variable, absolute, joined};
pub use skip::Skip;
pub use stage::{Base, Stage, Taken};
pub use variables::Variables;
pub use words::{Word, Words};

/// What a file means.
#[derive(Debug)]
pub struct Facts {
    /// The stages in their order.
    pub stages: Vec<Stage>,
    /// The facts of each instruction, by its number in the file.
    pub instructions: Vec<InstructionFacts>,
    scopes: Vec<Scope>,
    /// The scope at the end of each stage.
    ends: Vec<Scope>,
    project: Arc<Project>,
}

/// What one instruction means.
#[derive(Debug)]
pub struct InstructionFacts {
    /// The number of its stage; none before the first FROM.
    pub stage: Option<usize>,
    /// What it executes, for RUN, CMD, ENTRYPOINT and HEALTHCHECK, also as triggers behind ONBUILD.
    pub execution: Option<Arc<Execution>>,
    /// Which passes the user keeps away from it.
    pub skip: Skip,
    scope: usize,
    /// The text that the execution was read from; empty where there is none.
    text: String,
}

impl Facts {
    /// The facts of `file`.
    pub fn of(file: &Dockerfile) -> Facts {
        Walk::over(file, Arc::default(), &Known::default())
    }

    /// The facts of `file`, with what the files of its build context tell.
    pub fn with(file: &Dockerfile, context: &ContextSource) -> Facts {
        Walk::over(file, Arc::new(Project::of(file, context)), &Known::default())
    }

    /// The facts of `file`, which was made of the file that these facts are of: what is executed in instructions that
    /// stayed as they were is not read again.
    pub fn updated(&self, file: &Dockerfile) -> Facts {
        let mut known = Known::default();
        for (index, facts) in self.instructions.iter().enumerate() {
            if let (Some(execution), Some(scope)) = (&facts.execution, self.scope(index)) {
                known.entry(&facts.text).or_default().push((scope, execution));
            }
        }
        Walk::over(file, Arc::clone(&self.project), &known)
    }

    /// What is in force where instruction number `index` begins.
    pub fn scope(&self, index: usize) -> Option<&Scope> {
        self.scopes.get(self.instructions.get(index)?.scope)
    }

    /// What is in force at the end of stage number `stage`.
    pub fn end(&self, stage: usize) -> Option<&Scope> {
        self.ends.get(stage)
    }

    /// What is in force after instruction number `index`, in its stage.
    pub fn scope_after(&self, index: usize) -> Option<&Scope> {
        match (self.stage_of(index), self.stage_of(index + 1)) {
            (Some(stage), next) if next != Some(stage) => self.end(stage),
            _ => self.scope(index + 1),
        }
    }

    /// What instruction number `index` executes, if it is a RUN.
    pub fn run(&self, file: &Dockerfile, index: usize) -> Option<&Execution> {
        file.instructions
            .get(index)
            .filter(|instruction| instruction.keyword() == Keyword::Run)?;
        self.instructions.get(index)?.execution.as_deref()
    }

    /// Whether a comment above instruction number `index` keeps the pass `id` away from it.
    pub fn skips(&self, index: usize, id: &str) -> bool {
        let found = self.instructions.get(index);
        found.is_some_and(|facts| facts.skip.applies_to(id))
    }

    /// The stage of instruction number `index`.
    pub fn stage_of(&self, index: usize) -> Option<usize> {
        self.instructions.get(index)?.stage
    }

    /// The stages that stand on `stage`, directly or not, itself first.
    pub fn family(&self, stage: usize) -> Vec<usize> {
        let mut family = vec![stage];
        for (number, other) in self.stages.iter().enumerate().skip(stage + 1) {
            if matches!(other.base, Base::Stage(base) if family.contains(&base)) {
                family.push(number);
            }
        }
        family
    }

    /// Whether what `stage` leaves behind is in an image that somebody uses: the last stage, what it stands on, and
    /// stages that no other one takes from, which are targets of their own.
    pub fn is_shipped(&self, stage: usize) -> bool {
        let is_output = |number: usize| {
            let is_last = number + 1 == self.stages.len();
            is_last || self.stages.get(number).is_some_and(|stage| stage.taken.is_empty())
        };
        let family = self.family(stage);
        // A stage that only others stand on is no target of its own, but they are.
        family
            .iter()
            .any(|&member| is_output(member) && (member != stage || family.len() == 1))
    }

    /// The instructions that run after instruction number `index` on top of its layer: the rest of its stage, and the
    /// stages that stand on it.
    pub fn later(&self, index: usize) -> Vec<usize> {
        let Some(stage) = self.stage_of(index) else {
            return Vec::new();
        };
        let of = |stage: usize| self.stages.get(stage).map_or(0..0, |stage| stage.instructions.clone());
        let rest = index + 1..of(stage).end;
        rest.chain(self.family(stage).into_iter().skip(1).flat_map(of))
            .collect()
    }
}

/// Executions that were read before, by the text of their instruction, with the scope that they were read in.
type Known<'a> = HashMap<&'a str, Vec<(&'a Scope, &'a Arc<Execution>)>>;

/// The state of a walk over the instructions.
struct Walk<'a> {
    file: &'a Dockerfile,
    stages: Vec<Stage>,
    scopes: Vec<Scope>,
    /// The ARGs before the first FROM.
    global: Scope,
    /// The scope at the end of each stage.
    ends: Vec<Scope>,
    groups: BTreeMap<String, u32>,
    project: Arc<Project>,
}

impl<'a> Walk<'a> {
    fn over(file: &'a Dockerfile, project: Arc<Project>, known: &Known<'_>) -> Facts {
        let global = Scope::default();
        let mut walk = Walk {
            file,
            stages: Vec::new(),
            scopes: vec![global.clone()],
            global,
            ends: Vec::new(),
            groups: BTreeMap::new(),
            project,
        };
        let mut facts = Vec::with_capacity(file.instructions.len());
        let mut stage = None;
        let mut skips = skip::Reader::default();
        for instruction in &file.instructions {
            if instruction.keyword() == Keyword::From {
                let number = stage.map_or(0, |number: usize| number + 1);
                if number == 0 {
                    walk.global = walk.scope().clone();
                    walk.stages = stage::of(file, &walk.global);
                } else {
                    walk.ends.push(walk.scope().clone());
                }
                let scope = walk.beginning(number, instruction);
                walk.scopes.push(scope);
                stage = Some(number);
            }
            let mut execution = walk.read(instruction, known);
            if walk.scope().user == User::Unknown && execution.as_deref().is_some_and(proves_root) {
                walk.change(|scope| scope.user = User::Root);
                execution = walk.read(instruction, known);
            }
            let scope = walk.scopes.len() - 1;
            walk.apply(instruction, execution.as_deref());
            facts.push(InstructionFacts {
                stage,
                scope,
                skip: skips.read(instruction),
                text: execution
                    .as_ref()
                    .map(|_| instruction.text().to_owned())
                    .unwrap_or_default(),
                execution,
            });
        }
        if stage.is_some() {
            walk.ends.push(walk.scope().clone());
        }
        Facts {
            stages: walk.stages,
            instructions: facts,
            scopes: walk.scopes,
            ends: walk.ends,
            project: walk.project,
        }
    }

    /// What an instruction executes in the scope in force, read now or before.
    fn read(&self, instruction: &Instruction, known: &Known<'_>) -> Option<Arc<Execution>> {
        let same = known.get(instruction.text()).and_then(|known| {
            let (_, execution) = known.iter().find(|(scope, _)| *scope == self.scope())?;
            Some(Arc::clone(execution))
        });
        same.or_else(|| execution::of(instruction.node(), instruction.text(), self.scope()).map(Arc::new))
    }

    fn scope(&self) -> &Scope {
        // There is always one: the walk begins with it and only adds.
        self.scopes.last().unwrap_or(&self.global)
    }

    /// Changes the scope for the instructions that follow.
    fn change(&mut self, change: impl FnOnce(&mut Scope)) {
        let mut scope = self.scope().clone();
        change(&mut scope);
        self.scopes.push(scope);
    }

    /// The scope at the beginning of stage number `number`.
    fn beginning(&self, number: usize, from: &Instruction) -> Scope {
        let platform = from.node().flag("platform").unwrap_or_default().to_lowercase();
        let mut scope = match self.stages.get(number).map(|stage| &stage.base) {
            Some(Base::Stage(base)) => {
                let mut scope = self.ends.get(*base).cloned().unwrap_or_default();
                // ARGs end with their stage.
                scope.variables.retain(|variable| variable.in_image);
                scope
            }
            Some(Base::Image(image)) => self.on_image(image),
            Some(Base::Scratch) => Scope::default(),
            Some(Base::Unknown) | None => unknown_base(),
        };
        if platform.contains("windows") {
            scope.shell = Shell::Windows;
        }
        scope.project = Arc::clone(&self.project);
        scope.budget = Arc::clone(&self.global.budget);
        scope
    }

    fn on_image(&self, image: &ImageReference) -> Scope {
        let mut scope = self.in_image(image);
        scope.workdir = image_workdir(image);
        if image.official_name().is_some() && !matches!(scope.shell, Shell::Windows) {
            let known = image_configuration(&image.repository(), image.tag.as_deref());
            let own = known.map(|known| known.path.as_slice()).unwrap_or_default();
            let usual = USUAL_PATH.iter().filter(|folder| own.iter().all(|own| own != *folder));
            let path: Vec<&str> = own.iter().map(String::as_str).chain(usual.copied()).collect();
            if !scope.variables.contains_key("PATH") {
                let variable = Variable {
                    value: Some(path.join(":")),
                    certain: true,
                    in_image: true,
                };
                scope.variables.insert("PATH".to_owned(), variable);
            }
        }
        scope
    }

    fn in_image(&self, image: &ImageReference) -> Scope {
        if let Some(base) = base_environment(&image.repository(), image.tag.as_deref()) {
            return Scope::on(base);
        }
        let mut scope = if image.official_name().is_some() {
            Scope::default()
        } else {
            unknown_base()
        };
        let text = image.to_string().to_lowercase();
        if ["windows", "nanoserver", "servercore"]
            .iter()
            .any(|word| text.contains(word))
        {
            scope.shell = Shell::Windows;
        }
        scope
    }

    /// Applies what an instruction changes for those behind it.
    fn apply(&mut self, instruction: &Instruction, execution: Option<&Execution>) {
        let node = instruction.node();
        match (&node.arguments, node.keyword) {
            (Arguments::Words(words), Keyword::Arg) => {
                let words: Vec<String> = words.iter().map(|word| word.value.clone()).collect();
                let global = self.global.variables.clone();
                let escape = self.file.escape();
                self.change(|scope| words.iter().for_each(|word| declare(scope, word, &global, escape)));
            }
            (Arguments::Pairs { pairs, legacy }, Keyword::Env) => {
                let escape = self.file.escape();
                self.change(|scope| set(scope, pairs, *legacy, escape));
            }
            (Arguments::Rest(text), Keyword::User) => {
                let (value, escape) = (text.value.clone(), self.file.escape());
                self.change(|scope| {
                    scope.user = match resolved(scope, &value, escape) {
                        Some((user, true)) => scope.user_called(&user),
                        // The default of an ARG is good for the name, but its number may be another.
                        Some((user, false)) => match scope.user_called(&user) {
                            User::Other(account) => User::Other(Account { uid: None, ..account }),
                            other => other,
                        },
                        None => User::Unknown,
                    };
                });
            }
            (Arguments::Rest(text), Keyword::Workdir) => {
                let (value, escape) = (text.value.clone(), self.file.escape());
                self.change(|scope| {
                    scope.workdir = resolved(scope, &value, escape).and_then(|(path, _)| scope.absolute(&path));
                });
            }
            (Arguments::Exec(words), Keyword::Shell) if !matches!(self.scope().shell, Shell::Windows) => {
                let words: Vec<&str> = words.iter().map(|word| word.value.as_str()).collect();
                let shell = Shell::of(&words);
                self.change(|scope| scope.shell = shell);
            }
            (_, Keyword::Copy | Keyword::Add) if node.flag("from").is_none() => self.copy(node),
            (_, Keyword::Run) => self.run(execution),
            _ => {}
        }
    }

    /// What a COPY from the context tells about the project.
    fn copy(&mut self, node: &Node) {
        let sources = node.sources().iter().rev();
        let names = |file: &str| {
            sources
                .clone()
                .any(|source| source.value.rsplit('/').next() == Some(file))
        };
        let named: Vec<&'static str> = managers().telling_files().filter(|file| names(file)).collect();
        let known = &self.scope().project_files;
        let new: Vec<&'static str> = named.into_iter().filter(|file| !known.contains(file)).collect();
        if !new.is_empty() {
            self.change(|scope| scope.project_files.extend(new));
        }
    }

    /// What a RUN tells about accounts.
    fn run(&mut self, execution: Option<&Execution>) {
        let Some(execution) = execution else { return };
        let mut created = Vec::new();
        for command in execution.commands.iter().filter(|command| !command.context.conditional) {
            let words = values(command);
            if let Some((name, number)) = accounts::created_group(&words) {
                self.groups.insert(name, number);
            }
            created.extend(accounts::created_user(&words, &|name| self.groups.get(name).copied()));
        }
        if !created.is_empty() {
            self.change(|scope| created.into_iter().for_each(|account| scope.add_account(account)));
        }
    }
}

fn values(command: &Command) -> Vec<Option<&str>> {
    command.words.iter().map(|word| word.value.as_deref()).collect()
}

/// Whether a build would fail here if another user than root ran it: who installs system packages or creates users
/// without `sudo` is root, whatever the base image says.
fn proves_root(execution: &Execution) -> bool {
    let needs_root = |command: &Command| {
        let creates = accounts::created_user(&values(command), &|_| None).is_some();
        let is_certain = !command.context.conditional && command.context.stops_body && !command.switches_user;
        let changes_system = command.manager.as_ref().is_some_and(|used| {
            let changes = matches!(used.action, Action::Install | Action::Upgrade | Action::Remove);
            used.manager.needs_root && changes
        });
        is_certain && (creates || changes_system)
    };
    execution.commands.iter().any(needs_root)
}

/// The working directory that an image sets; none where it is not known.
fn image_workdir(image: &ImageReference) -> Option<String> {
    let name = image.repository();
    match image_configuration(&name, image.tag.as_deref()) {
        Some(known) => Some(known.workdir.clone().unwrap_or_else(|| "/".to_owned())),
        // Images of distributions set none.
        None => base_image(&name)
            .filter(|known| known.configuration.is_empty())
            .map(|_| "/".to_owned()),
    }
}

fn unknown_base() -> Scope {
    Scope {
        user: User::Unknown,
        workdir: None,
        ..Scope::default()
    }
}

/// `text` with its variables replaced, and whether every build gives the same; none where one has no value.
fn resolved(scope: &Scope, text: &str, escape: char) -> Option<(String, bool)> {
    if !scope.budget.is_left(text) {
        return None;
    }
    let certain = std::cell::Cell::new(true);
    let variable = |name: &str| {
        // The base image or the engine sets it. What the file puts before it is worth knowing.
        if name == "PATH" && !scope.variables.contains_key(name) {
            certain.set(false);
            return Some("$PATH".to_owned());
        }
        let variable = scope.variables.get(name)?;
        certain.set(certain.get() && variable.certain);
        variable.value.clone()
    };
    let lexed = expand(text, escape, &variable)?;
    let is_known = lexed.unset.is_empty() && scope.budget.allows(text, &lexed.value);
    is_known.then(|| (lexed.value, certain.get()))
}

impl Scope {
    /// `text` with its variables replaced by the values that they have unless a build changes them; none where one has none.
    pub(crate) fn likely(&self, text: &str, escape: char) -> Option<String> {
        resolved(self, text, escape).map(|(value, _)| value)
    }
}

fn declare(scope: &mut Scope, word: &str, global: &Variables, escape: char) {
    let (name, default) = word
        .split_once('=')
        .map_or((word, None), |(name, default)| (name, Some(default)));
    // ENV wins over ARG, whichever comes first.
    if scope.variables.get(name).is_some_and(|variable| variable.in_image) {
        return;
    }
    let value = match default {
        Some(default) => resolved(scope, default, escape).map(|(value, _)| value),
        None => global.get(name).and_then(|variable| variable.value.clone()),
    };
    scope.variables.insert(
        name.to_owned(),
        Variable {
            value,
            certain: false,
            in_image: false,
        },
    );
}

fn set(scope: &mut Scope, pairs: &[Pair], legacy: bool, escape: char) {
    // All values of one ENV see the variables as they were before it.
    let values: Vec<(String, Variable)> = pairs
        .iter()
        .map(|pair| {
            let name = if legacy {
                Some(pair.name.clone())
            } else {
                resolved(scope, &pair.name, escape).map(|r| r.0)
            };
            let value = resolved(scope, &pair.value.value, escape);
            let certain = value.as_ref().is_some_and(|(_, certain)| *certain);
            let variable = Variable {
                value: value.map(|(value, _)| value),
                certain,
                in_image: true,
            };
            (name.unwrap_or_else(|| pair.name.clone()), variable)
        })
        .collect();
    scope.variables.extend(values);
}
