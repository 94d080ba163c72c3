//! What is known of one program: the shape of `data/commands/<name>.toml`.
//!
//! A table says what each option and operand of a program means for files, folders and other programs. What no row names
//! makes the command unknown: it may then do anything.

use std::collections::BTreeMap;

use serde::Deserialize;

/// Programs that take the same arguments, as their file in `data/commands/` describes them.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct CommandTable {
    /// The names by which they are called. A final `#` stands for a version or nothing, a leading `*-` for the prefix of a
    /// cross compiler.
    pub programs: Vec<String>,
    /// The modules by which an interpreter runs them: `nuitka` of `python -m nuitka`.
    #[serde(default)]
    pub modules: Vec<String>,
    /// The day the facts were checked, `2026-11-27`.
    pub checked: String,
    /// Public pages that the facts come from.
    pub sources: Vec<String>,
    /// How options are written.
    #[serde(default)]
    pub style: Style,
    /// Whether the first word may be a cluster of options without a dash: `tar xzf a.tgz`.
    #[serde(default)]
    pub bundled_first: bool,
    /// Which part of a project the program works on beside what its arguments name.
    #[serde(default)]
    pub scope: Scope,
    /// Whom the inner command runs as, for programs that change the user: `root`. An operand or option with the role
    /// `account` comes before it.
    #[serde(default)]
    pub user: Option<String>,
    /// What the program does when no subcommand is given, or with every one.
    #[serde(flatten)]
    pub usage: Usage,
    /// The usages that a first operand selects, `clone` in `git clone`. Where there are some, a command that selects
    /// none of them is unknown.
    #[serde(default)]
    pub subcommands: Vec<Subcommand>,
    /// Words for a property that passes ask for: `compiler`, `prints`.
    #[serde(default)]
    pub tags: Vec<String>,
    /// Texts in an argument with the role `filter` that make it do more than to read and print. A leading `^` stands for
    /// the beginning of the argument, a final `^` for its end.
    #[serde(default)]
    pub acting: Vec<String>,
    /// Further programs that it starts, by its options and words.
    #[serde(default)]
    pub starts: Vec<Starts>,
    /// What a project is told of by words such as `PREFIX=/opt/app`.
    #[serde(default)]
    pub settings: Settings,
    /// The inner command gets further words that nobody knows, as `xargs` reads them from its input.
    #[serde(default)]
    pub appends: bool,
}

/// Programs that a command starts for some of its options or words: `tar -J` and `tar xf a.tar.xz` start xz.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Starts {
    /// Options of which one is given, as in `when` of a form.
    #[serde(default)]
    pub when: String,
    /// Patterns of words of which one is there; `*` is any text.
    #[serde(default)]
    pub words: Vec<String>,
    /// The programs.
    pub programs: Vec<String>,
}

/// Settings by which a command tells a project of folders: options and `NAME=VALUE` words. A `*` stands for any part of a
/// name.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Settings {
    /// Those that name the folder that an install fills.
    #[serde(default)]
    pub installs: Vec<String>,
    /// Those that name a folder that an install puts before all paths: `DESTDIR`.
    #[serde(default)]
    pub roots: Vec<String>,
    /// Those that may name a place to write to although a row of `reads` fits, too.
    #[serde(default)]
    pub writes: Vec<String>,
    /// Those that name what is only read.
    #[serde(default)]
    pub reads: Vec<String>,
}

/// What a setting is to the project that is told of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SettingRole {
    /// The folder that an install fills.
    Installs,
    /// What an install puts before all paths.
    Roots,
    /// What is only read.
    Reads,
    /// Anything else: it may be written to.
    MayWrite,
}

impl Settings {
    /// What the setting of this name is: that of an option with its dashes, that of `-DNAME` without.
    #[must_use]
    pub fn role(&self, name: &str) -> SettingRole {
        let fits = |row: &String| match row.split_once('*') {
            Some((start, end)) => name.strip_prefix(start).is_some_and(|rest| rest.ends_with(end)),
            None => row == name,
        };
        let is_one_of = |rows: &[String]| rows.iter().any(fits);
        match () {
            () if is_one_of(&self.installs) => SettingRole::Installs,
            () if is_one_of(&self.roots) => SettingRole::Roots,
            () if is_one_of(&self.writes) => SettingRole::MayWrite,
            () if is_one_of(&self.reads) => SettingRole::Reads,
            () => SettingRole::MayWrite,
        }
    }
}

/// One way to call a program.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Usage {
    /// Options that take no value. A final `*` stands for any end, as in `-W*`.
    #[serde(default)]
    pub flags: Vec<String>,
    /// Options whose value, if there is one, is in the same word: `-i.bak`, `--color=always`.
    #[serde(default)]
    pub optional: Vec<String>,
    /// Options that take a value, by what the value is.
    #[serde(default)]
    pub options: BTreeMap<Role, Vec<String>>,
    /// Options that take the next two words, which name no files.
    #[serde(default)]
    pub pairs: Vec<String>,
    /// What the operands are, in their order. See [`Operand`].
    #[serde(default)]
    pub operands: Option<Vec<Operand>>,
    /// The first operand where none is given.
    #[serde(default)]
    pub default: Option<String>,
    /// Commands as shell code, which a test runs in a folder with small files and compares with what the rows say.
    #[serde(default)]
    pub examples: Vec<String>,
    /// What is done beside what the arguments name.
    #[serde(default)]
    pub also: Also,
    /// Other meanings of the operands, where certain options are given. The first that fits counts.
    #[serde(default)]
    pub forms: Vec<Form>,
}

/// A usage that the first operand selects.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Subcommand {
    /// Its names, of one word or two: `clone`, `remote add`.
    pub names: Vec<String>,
    /// What it does. Options of the program itself count too.
    #[serde(flatten)]
    pub usage: Usage,
}

/// Another meaning of the operands.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Form {
    /// One option of each of these groups must be given: `-i|--in-place`, with this value for `-m=venv`, with any for
    /// `-i=*`.
    pub when: Vec<String>,
    /// What the operands are then.
    #[serde(default)]
    pub operands: Option<Vec<Operand>>,
    /// What the values of these options are then: `tar -c` writes the file that `-f` names.
    #[serde(default)]
    pub options: BTreeMap<Role, Vec<String>>,
    /// What is done beside what the arguments name then, in the place of what the usage says.
    #[serde(default)]
    pub also: Option<Also>,
}

/// What a usage does beside what its arguments name. Paths are relative to the working folder; `{name}` in them is the last
/// part of the URL, `{stem}` that without `.git`, `{first}` and `{operand}` the first and the last operand.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Also {
    /// Files that it writes, unless an option with the role `writes` or `writes-under` is given.
    #[serde(default)]
    pub writes: Vec<String>,
    /// Folders below which it writes, unless such an option is given.
    #[serde(default)]
    pub writes_under: Vec<String>,
    /// Files and folders that it reads.
    #[serde(default)]
    pub reads: Vec<String>,
    /// Files and folders that it writes in any case.
    #[serde(default)]
    pub always_writes: Vec<String>,
    /// Folders below which it writes in any case.
    #[serde(default)]
    pub always_writes_under: Vec<String>,
    /// What it changes apart from files that matter: see [`State`].
    #[serde(default)]
    pub state: Vec<State>,
    /// Programs that it starts.
    #[serde(default)]
    pub needs: Vec<String>,
    /// Whether it talks to the network.
    #[serde(default)]
    pub network: bool,
    /// What it may do is not known.
    #[serde(default)]
    pub unknown: bool,
    /// It makes the folders above what it writes.
    #[serde(default)]
    pub makes_parents: bool,
    /// It does not mind if what it deletes is not there.
    #[serde(default)]
    pub forgives: bool,
    /// What it runs has another environment than its own: PATH is that of the system.
    #[serde(default)]
    pub new_environment: bool,
    /// It prints something about itself and does nothing else.
    #[serde(default)]
    pub informs: bool,
}

/// What a program does that prints something about itself.
pub(super) static INFORMS: Also = Also {
    writes: Vec::new(),
    writes_under: Vec::new(),
    reads: Vec::new(),
    always_writes: Vec::new(),
    always_writes_under: Vec::new(),
    state: Vec::new(),
    needs: Vec::new(),
    network: false,
    unknown: false,
    makes_parents: false,
    forgives: false,
    new_environment: false,
    informs: true,
};

/// How a program's options are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Style {
    /// Short options in clusters, long ones after two dashes, which may be shortened; anywhere among the operands.
    #[default]
    Gnu,
    /// Short options in clusters, before the operands.
    Posix,
    /// Long options after two dashes that may not be shortened, options before the operands: most newer programs.
    Strict,
    /// Long options after one dash, with the value in the next word or after `=`: compilers, `find`, `openssl`.
    SingleDash,
    /// Every word is an operand: `echo`, `test`.
    Plain,
}

/// Which files a program works on beside those that its arguments name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    /// Those alone that its arguments name.
    #[default]
    Arguments,
    /// It runs what files of the project say: rules, scripts, plug-ins. Where they cannot be read, that may be anything.
    Project,
    /// It runs a program of the project or of the user: anything.
    Program,
}

/// What an option or operand is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Nothing that has to do with files or programs.
    Text,
    /// A file or folder that is read, with all in it.
    Reads,
    /// A file that is written, or created.
    Writes,
    /// A file or folder that a copy is written to: into it, under the name of the source, if it is a folder.
    WritesInto,
    /// The same for whole folders.
    WritesTreeInto,
    /// A folder into which copies are written under the names of the sources.
    WritesIntoFolder,
    /// The same for whole folders.
    WritesTreeIntoFolder,
    /// A folder that outputs with relative names go to.
    OutputFolder,
    /// A folder below which anything is written.
    WritesUnder,
    /// A file that is read, and written or changed with others beside it: `a.java` and `a.class`.
    WritesBeside,
    /// A file that is changed in place, or a folder itself.
    Changes,
    /// A folder of which everything is changed.
    ChangesUnder,
    /// A file that another one takes the place of: `gzip x` deletes `x` and writes `x.gz`.
    Replaces,
    /// A file that is deleted.
    Deletes,
    /// A file or folder that is deleted with all in it.
    DeletesUnder,
    /// A file or folder of which something is deleted, or something in it.
    DeletesSome,
    /// A file or folder that is moved away.
    Moves,
    /// A folder that is made; the folder above it must be there.
    MakesFolder,
    /// A folder that is made with those above it.
    MakesFolders,
    /// A folder that the program enters first: other paths are relative to it.
    Enters,
    /// The same for a program that opens the files of its options before: other operands are relative to it.
    EntersLate,
    /// A home folder, which is filled unless it is there.
    Home,
    /// The first word of a command that is run with all words after it.
    Runs,
    /// A command as one string, for a shell.
    ShellCode,
    /// A file with shell commands that runs in a shell of its own.
    ShellScript,
    /// A file with shell commands that this shell runs.
    Sources,
    /// Code of another language: it may do anything.
    Code,
    /// A program of the project, or a script of another language: it may do anything.
    Script,
    /// Code of a language for filters, which reads and prints unless it has one of the table's `acting` texts.
    Filter,
    /// What a link will point to; it need not be there.
    LinksTo,
    /// What stands for words in the inner command that nobody knows: `xargs -I{}`.
    Placeholder,
    /// An address.
    Url,
    /// A pattern of names or of text.
    Pattern,
    /// Permissions.
    Mode,
    /// A user, a group or both, as `chown` takes them.
    Owner,
    /// A user as whom the inner command runs.
    Account,
    /// `NAME=VALUE`, set for the inner command.
    Assignment,
    /// A target of a build file.
    Target,
}

/// What an operand is, and how often it may come: `reads`, `reads?` (it may be left out), `reads...` (any number).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Operand {
    /// What it is.
    pub role: Role,
    /// How often it may come.
    pub count: Count,
}

/// How often an operand may come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Count {
    /// Exactly once.
    One,
    /// Once or not at all.
    Optional,
    /// Any number of times.
    Any,
}

/// Something that a command changes and that is no file of the image's program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// Variables, options and functions of the shell.
    Shell,
    /// `/etc/passwd`, `/etc/group` and their like, and home folders.
    Accounts,
    /// The linker's cache.
    LinkerCache,
    /// The package manager's database, and whatever packages bring.
    Packages,
    /// Alternatives: links in `/usr/bin` and `/etc/alternatives`.
    Alternatives,
    /// The store of certificates.
    Certificates,
    /// Locales and time zone.
    Locale,
    /// Settings of a program in the user's home or in `/etc`.
    Settings,
}

impl State {
    /// What it is called in a sentence: `changes accounts`.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            State::Shell => "settings of the shell",
            State::Accounts => "accounts",
            State::LinkerCache => "the linker's cache",
            State::Packages => "packages of the system",
            State::Alternatives => "alternatives",
            State::Certificates => "certificates",
            State::Locale => "locales or the time zone",
            State::Settings => "settings of a program",
        }
    }
}

impl Role {
    /// Whether what has this role is run: a program, a script, code.
    #[must_use]
    pub fn is_run(self) -> bool {
        matches!(
            self,
            Role::Runs | Role::ShellCode | Role::ShellScript | Role::Sources | Role::Code | Role::Script
        )
    }
}

impl CommandTable {
    /// Whether the program works on the files that its arguments name and runs no other, whatever they are.
    #[must_use]
    pub fn never_runs(&self) -> bool {
        self.scope == Scope::Arguments && self.usages().all(|usage| !usage.may_run())
    }

    /// Whether a command of it may end with another command that it runs.
    #[must_use]
    pub fn wraps(&self) -> bool {
        self.usages().any(Usage::ends_with_command)
    }

    /// Whether it has a tag.
    #[must_use]
    pub fn has_tag(&self, tag: &str) -> bool {
        self.tags.iter().any(|own| own == tag)
    }

    /// The usage without a subcommand and those of the subcommands.
    pub fn usages(&self) -> impl Iterator<Item = &Usage> {
        std::iter::once(&self.usage).chain(self.subcommands.iter().map(|sub| &sub.usage))
    }
}

impl Usage {
    /// Whether the operands end with a command, whose options are its own.
    pub(super) fn ends_with_command(&self) -> bool {
        let forms = self.forms.iter().filter_map(|form| form.operands.as_ref());
        let mut operands = forms.chain(&self.operands).flatten();
        operands.any(|operand| operand.role == Role::Runs)
    }

    fn may_run(&self) -> bool {
        let forms = self.forms.iter();
        let operands = forms.filter_map(|form| form.operands.as_ref()).chain(&self.operands);
        let mut options = self
            .options
            .keys()
            .chain(self.forms.iter().flat_map(|form| form.options.keys()));
        options.any(|role| role.is_run()) || operands.flatten().any(|operand| operand.role.is_run())
    }
}

impl TryFrom<String> for Operand {
    type Error = String;

    fn try_from(text: String) -> Result<Operand, String> {
        let (name, count) = match (text.strip_suffix("..."), text.strip_suffix('?')) {
            (Some(name), _) => (name, Count::Any),
            (None, Some(name)) => (name, Count::Optional),
            (None, None) => (text.as_str(), Count::One),
        };
        let role = Role::deserialize(serde::de::value::StrDeserializer::<serde::de::value::Error>::new(name));
        let role = role.map_err(|_| format!("`{name}` is no role of an operand"))?;
        Ok(Operand { role, count })
    }
}
