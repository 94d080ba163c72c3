//! What is in force at an instruction: variables, user, working directory, shell.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::knowledge::{BaseEnvironment, is_shell};
use crate::shell::ShellOptions;

use super::budget::Budget;
use super::project::Project;
use super::variables::Variables;

/// The longest path that the kernel takes, and more than any name.
const LONGEST_PATH: usize = 4096;

/// A variable that an instruction sees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variable {
    /// Its value as far as the file tells; none for an ARG without a default.
    pub value: Option<String>,
    /// Whether every build sees this value: not so for an ARG, which `--build-arg` changes, and what is made of one.
    pub certain: bool,
    /// Whether it is in the image's environment, not only in the build's.
    pub in_image: bool,
}

/// The user that commands run as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum User {
    /// Number 0.
    Root,
    /// Somebody else, with what is known of the account.
    Other(Account),
    /// The base image is not known and no USER says it, or a variable that nothing resolves does.
    Unknown,
}

/// What is known of an account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Account {
    /// The name, or the number as USER wrote it.
    pub name: String,
    /// The user's number, where every build gives the same.
    pub uid: Option<u32>,
    /// The number of the main group.
    pub gid: Option<u32>,
    /// The home folder, where one exists.
    pub home: Option<String>,
}

/// What runs shell forms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shell {
    /// `sh`, `bash`, `dash` or `ash`.
    Posix(ShellOptions),
    /// `cmd` or PowerShell, and all stages on Windows.
    Windows,
    /// Anything else.
    Other(String),
}

/// What is in force at an instruction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    /// The variables by name. A name that is missing may still be set by an unknown base image.
    pub variables: Variables,
    /// The user that commands run as.
    pub user: User,
    /// The working directory; none where a variable or an unknown base image hides it.
    pub workdir: Option<String>,
    /// What runs shell forms.
    pub shell: Shell,
    /// What is known of the image that the stage stands on.
    pub base: Option<&'static BaseEnvironment>,
    /// The names of files that a COPY from the context shows to be in the project, of those that tell something.
    pub project_files: Vec<&'static str>,
    /// What the build context shows of the project.
    pub project: Arc<Project>,
    /// The accounts that the base image is known to have or that the stage created.
    pub accounts: Arc<BTreeMap<String, Account>>,
    /// How much values may still grow.
    pub budget: Arc<Budget>,
}

impl Default for Scope {
    fn default() -> Self {
        Scope {
            variables: Variables::default(),
            user: User::Root,
            workdir: Some("/".to_owned()),
            shell: Shell::Posix(ShellOptions::default()),
            base: None,
            project_files: Vec::new(),
            project: Arc::default(),
            accounts: Arc::default(),
            budget: Arc::default(),
        }
    }
}

impl Scope {
    /// The scope at the beginning of a stage on an image whose environment is known.
    pub(super) fn on(base: &'static BaseEnvironment) -> Scope {
        let mut scope = Scope {
            base: Some(base),
            ..Scope::default()
        };
        scope.variables.extend(base.env.iter().map(|(name, value)| {
            let variable = Variable {
                value: Some(value.clone()),
                certain: true,
                in_image: true,
            };
            (name.clone(), variable)
        }));
        for account in &base.accounts {
            scope.add_account(Account {
                name: account.name.clone(),
                uid: Some(account.uid),
                gid: Some(account.gid),
                home: Some(account.home.clone()),
            });
        }
        scope.user = base.user.as_deref().map_or(User::Root, |user| scope.user_called(user));
        scope
    }

    pub(super) fn add_account(&mut self, account: Account) {
        Arc::make_mut(&mut self.accounts).insert(account.name.clone(), account);
    }

    /// The user that `USER text` means: a name or number, with or without a group.
    pub(super) fn user_called(&self, text: &str) -> User {
        let (user, group) = text
            .split_once(':')
            .map_or((text, None), |(user, group)| (user, Some(group)));
        if user.is_empty() || user == "root" || user == "0" {
            return User::Root;
        }
        if user.len() > LONGEST_PATH {
            return User::Unknown;
        }
        let number: Option<u32> = user.parse().ok();
        let known = match number {
            Some(number) => self.accounts.values().find(|account| account.uid == Some(number)),
            None => self.accounts.get(user),
        };
        let mut account = known.cloned().unwrap_or_else(|| Account {
            name: user.to_owned(),
            ..Account::default()
        });
        account.uid = account.uid.or(number);
        account.gid = group.and_then(|group| group.parse().ok()).or(account.gid);
        User::Other(account)
    }

    /// The home folder that the account of the user has, whatever HOME says.
    pub fn account_home(&self) -> Option<&str> {
        match &self.user {
            User::Root => Some("/root"),
            User::Other(account) => account.home.as_deref(),
            User::Unknown => None,
        }
    }

    /// The home folder of the user that commands run as, where it is known.
    pub fn home(&self) -> Option<&str> {
        if let Some(variable) = self.variables.get("HOME") {
            return variable.value.as_deref().filter(|_| variable.certain);
        }
        self.account_home()
    }

    /// `path` as seen from the working directory, without `.`, `..` and doubled slashes; none where it is relative to
    /// a working directory that is not known.
    pub fn absolute(&self, path: &str) -> Option<String> {
        absolute(path, self.workdir.as_deref())
    }
}

/// `path` as seen from `workdir`, without `.`, `..` and doubled slashes; none where it is relative and no folder is known.
pub fn absolute(path: &str, workdir: Option<&str>) -> Option<String> {
    let folder = if path.starts_with('/') { "" } else { workdir? };
    // The kernel takes no longer one; each instruction keeps its own.
    Some(joined(folder, path)).filter(|path| path.len() < LONGEST_PATH)
}

/// `path` in `folder`, without `.`, `..` and doubled slashes.
pub fn joined(folder: &str, path: &str) -> String {
    let mut normal = String::with_capacity(folder.len() + path.len() + 2);
    for part in folder.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." => normal.truncate(normal.rfind('/').unwrap_or(0)),
            part => {
                normal.push('/');
                normal.push_str(part);
            }
        }
    }
    if normal.is_empty() {
        normal.push('/');
    }
    normal
}

impl Shell {
    /// The shell that a SHELL instruction names.
    pub(super) fn of(words: &[&str]) -> Shell {
        let program = words.first().copied().unwrap_or_default();
        let name = program.rsplit(['/', '\\']).next().unwrap_or_default().to_lowercase();
        match name.trim_end_matches(".exe") {
            shell if is_shell(shell) => {
                let flags = |letter| {
                    move |word: &&str| {
                        word.strip_prefix('-')
                            .is_some_and(|flags| !flags.starts_with('-') && flags.contains(letter))
                    }
                };
                let options = words.get(1..).unwrap_or_default();
                Shell::Posix(ShellOptions {
                    errexit: options.iter().any(flags('e')) || options.contains(&"errexit"),
                    pipefail: options.contains(&"pipefail"),
                })
            }
            "cmd" | "powershell" | "pwsh" => Shell::Windows,
            _ => Shell::Other(program.chars().take(LONGEST_PATH).collect()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shells() {
        let posix = |errexit, pipefail| Shell::Posix(ShellOptions { errexit, pipefail });
        assert_eq!(Shell::of(&["/bin/bash", "-o", "pipefail", "-c"]), posix(false, true));
        assert_eq!(Shell::of(&["/bin/bash", "-exc"]), posix(true, false));
        assert_eq!(Shell::of(&["powershell", "-Command"]), Shell::Windows);
        assert_eq!(
            Shell::of(&["C:\\Windows\\System32\\cmd.exe", "/S", "/C"]),
            Shell::Windows
        );
        assert_eq!(
            Shell::of(&["/usr/bin/fish", "-c"]),
            Shell::Other("/usr/bin/fish".to_owned())
        );
    }

    #[test]
    fn users() {
        let mut scope = Scope::default();
        let app = Account {
            name: "app".into(),
            uid: Some(1000),
            gid: Some(1000),
            home: Some("/home/app".into()),
        };
        scope.add_account(app.clone());
        assert_eq!(scope.user_called("app"), User::Other(app.clone()));
        assert_eq!(scope.user_called("1000"), User::Other(app.clone()));
        assert_eq!(
            scope.user_called("1000:50"),
            User::Other(Account { gid: Some(50), ..app })
        );
        assert_eq!(scope.user_called("0:0"), User::Root);
        let unknown = Account {
            name: "web".into(),
            ..Account::default()
        };
        assert_eq!(scope.user_called("web"), User::Other(unknown));
    }

    #[test]
    fn paths() {
        let scope = Scope {
            workdir: Some("/app".into()),
            ..Scope::default()
        };
        assert_eq!(scope.absolute("./src/../lib").as_deref(), Some("/app/lib"));
        assert_eq!(scope.absolute("/opt//x/").as_deref(), Some("/opt/x"));
        assert_eq!(Scope { workdir: None, ..scope }.absolute("x"), None);
    }
}
