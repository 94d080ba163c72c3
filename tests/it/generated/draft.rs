//! A Dockerfile in the making: its lines, its context, and what is in the image so far.

use std::collections::BTreeMap;

use super::random::Random;
use super::run;

/// A Dockerfile with its context, and what is known of the image by how it was made.
pub struct Draft {
    pub random: Random,
    pub lines: Vec<String>,
    /// The files of the build context.
    pub context: BTreeMap<String, String>,
    /// The working folder.
    pub folder: String,
    /// What the image has of its own.
    pub things: Vec<Thing>,
    /// Commands that are in no RUN yet.
    pub pending: Vec<Command>,
    /// Folders for which a variable stands.
    pub variables: Vec<(String, String)>,
    /// The folder in which the whole context is.
    pub everything: Option<String>,
    /// Folders that are there.
    folders: Vec<String>,
    count: usize,
}

/// A file that the draft made and knows the meaning of.
#[derive(Clone, Debug)]
pub struct Thing {
    pub path: String,
    pub kind: Kind,
    /// What it says, a word: a text has it, a program prints it.
    pub says: String,
    /// How it came to be there, from the first writer to the last.
    pub history: Vec<Made>,
    /// Other files that it works with.
    pub needs: Vec<Vec<Made>>,
}

/// A step that made a path.
#[derive(Clone, Debug)]
pub struct Made {
    pub path: String,
    /// A part of the command that no other command has; none for a file of the context.
    pub by: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It is started by its path.
    Program,
    /// It is started by its path or by a shell.
    Script,
    /// It is started by this interpreter.
    Source(&'static str),
    Text,
}

/// A command of a RUN.
pub struct Command {
    pub text: String,
    /// The folder that it has to run in, where it is not the working folder.
    pub folder: Option<String>,
    /// Whether it is one program with its arguments.
    pub is_simple: bool,
}

const NAMES: [&str; 12] = [
    "amber", "birch", "cedar", "delta", "ember", "fjord", "grove", "hazel", "inlet", "juniper", "kelp", "lotus",
];

const PLACES: [&str; 14] = [
    "/app/bin",
    "/opt/tools",
    "/opt/vendor/lib",
    "/srv/data",
    "/srv",
    "/opt",
    "/usr/local/bin",
    "/usr/local/lib",
    "/usr/local/share/notes",
    "/odd/place-1/x.d",
    "/data",
    "/var/lib/thing",
    "/etc/thing",
    "/home/worker/files",
];

/// Folders that every image has.
const GIVEN: [&str; 6] = ["/", "/srv", "/opt", "/usr/local/bin", "/usr/local/lib", "/tmp"];

impl Draft {
    pub fn new(seed: u64) -> Draft {
        Draft {
            random: Random::new(seed),
            lines: Vec::new(),
            context: BTreeMap::new(),
            folder: "/".to_owned(),
            things: Vec::new(),
            pending: Vec::new(),
            variables: Vec::new(),
            everything: None,
            folders: GIVEN.map(str::to_owned).to_vec(),
            count: 0,
        }
    }

    /// A name that nothing else has.
    pub fn name(&mut self) -> String {
        self.count += 1;
        format!("{}{}", NAMES[self.random.below(NAMES.len())], self.count)
    }

    pub fn line(&mut self, line: impl Into<String>) {
        self.flush();
        self.lines.push(line.into());
    }

    /// Adds a file to the context.
    pub fn file(&mut self, path: impl Into<String>, text: impl Into<String>) {
        self.context.insert(path.into(), text.into());
    }

    /// Brings a file or folder of the context into the image and says where it is.
    pub fn fetch(&mut self, path: &str, is_folder: bool) -> String {
        if let Some(folder) = &self.everything {
            return format!("{folder}/{path}");
        }
        let name = path.rsplit('/').next().unwrap_or(path).to_owned();
        let (target, place) = match self.random.below(3) {
            0 => (format!("/src/{name}"), format!("/src/{name}")),
            1 => {
                let place = format!("/build/{name}");
                let target = if is_folder { place.clone() } else { "/build/".to_owned() };
                (target, place)
            }
            _ => (format!("./{name}"), self.below_folder(&name)),
        };
        let owner = self.random.pick(&["", "", "", "--chown=0:0 "]);
        self.line(format!("COPY {owner}{path} {target}"));
        place
    }

    /// A path below the working folder.
    pub fn below_folder(&self, path: &str) -> String {
        format!("{}/{path}", self.folder.trim_end_matches('/'))
    }

    /// Adds one program with its arguments.
    pub fn command(&mut self, text: impl Into<String>) {
        self.add(text.into(), None, true);
    }

    /// Adds one program with its arguments that runs in a folder.
    pub fn command_in(&mut self, folder: &str, text: impl Into<String>) {
        let folder = (folder != self.folder).then(|| folder.to_owned());
        self.add(text.into(), folder, true);
    }

    /// Adds shell code.
    pub fn code(&mut self, text: impl Into<String>) {
        self.add(text.into(), None, false);
    }

    fn add(&mut self, text: String, folder: Option<String>, is_simple: bool) {
        self.pending.push(Command {
            text,
            folder,
            is_simple,
        });
    }

    /// Writes the pending commands as RUNs.
    pub fn flush(&mut self) {
        let pending = std::mem::take(&mut self.pending);
        let lines = run::runs(&mut self.random, pending);
        self.lines.extend(lines);
    }

    /// A folder to put something into; it is there.
    pub fn place(&mut self) -> String {
        let folder = self.random.pick(&PLACES).to_owned();
        self.make(&folder);
        folder
    }

    /// Sees to it that a folder is there.
    pub fn make(&mut self, folder: &str) {
        if self.folders.iter().any(|known| known == folder) {
            return;
        }
        self.folders.push(folder.to_owned());
        let spelt = self.spell(folder);
        let command = self.random.pick(&[
            "mkdir -p",
            "install -d",
            "mkdir --parents",
            "mkdir -pv",
            "install -d -m 755",
        ]);
        self.command(format!("{command} {spelt}"));
    }

    /// Says that a folder is there.
    pub fn has(&mut self, folder: &str) {
        self.folders.push(folder.to_owned());
    }

    /// Gives a variable to the folders that follow.
    pub fn variable(&mut self) {
        let (name, folder) = self.random_variable();
        let keyword = self.random.pick(&["ENV", "ARG"]);
        self.line(format!("{keyword} {name}={folder}"));
        self.variables.push((name, folder));
    }

    fn random_variable(&mut self) -> (String, String) {
        let folder = self.random.pick(&["/opt", "/srv", "/usr/local", "/odd"]).to_owned();
        (format!("DEST{}", self.variables.len()), folder)
    }

    /// A path as a command or an instruction may say it.
    pub fn spell(&mut self, path: &str) -> String {
        let way = self.random.below(3);
        let below = |folder: &str| path.strip_prefix(folder).and_then(|rest| rest.strip_prefix('/'));
        let variable = self
            .variables
            .iter()
            .find_map(|(name, folder)| Some((name, below(folder)?)));
        let relative = below(&self.folder).filter(|_| self.folder != "/");
        if let (2, Some(rest)) = (way, relative) {
            return rest.to_owned();
        }
        match (way, variable) {
            (0, Some((name, rest))) => format!("${{{name}}}/{rest}"),
            (1, Some((name, rest))) => format!("${name}/{rest}"),
            _ => path.to_owned(),
        }
    }

    /// Says that a command made a thing. `by` is a part of it that no other command has.
    pub fn made(&mut self, path: impl Into<String>, kind: Kind, says: &str, by: impl Into<String>) {
        let path = path.into();
        let made = Made {
            path: path.clone(),
            by: Some(by.into()),
        };
        self.things.push(Thing {
            path,
            kind,
            says: says.to_owned(),
            history: vec![made],
            needs: Vec::new(),
        });
    }

    /// Says that a file of the context is in the image.
    pub fn copied(&mut self, path: impl Into<String>, kind: Kind, says: &str) {
        self.made(path, kind, says, "");
        if let Some(made) = self.things.last_mut().and_then(|thing| thing.history.last_mut()) {
            made.by = None;
        }
    }
}
