//! The Python that uv downloads where the image has none that fits: the environment that it makes points to it.

use crate::effects::AbsolutePath;
use crate::effects::ecosystems::{Output, Surroundings};
use crate::effects::{Obstacle, ObstacleKind};
use crate::facts::{Command, ManagerUse};

/// What the project and the settings say of the interpreter.
enum Wanted {
    /// Any that the image has.
    Any,
    /// This version or a later one.
    AtLeast(Version),
    /// This version.
    Exactly(Version),
}

type Version = (u32, u32);

impl Surroundings<'_> {
    /// The interpreter that uv downloads for the project that it runs in; none where it takes that of the image.
    ///
    /// # Errors
    /// Where it cannot be told which of them it takes.
    pub(super) fn downloaded_python(&self, command: &Command, used: &ManagerUse) -> Result<Option<Output>, Obstacle> {
        let folder = command.workdir.as_deref().unwrap_or("/");
        let given = |names: &[&str]| used.options.iter().find(|(name, ..)| names.contains(&name.as_str()));
        let asked = match given(&["-p", "--python"]) {
            Some((_, Some(asked), _)) => Some(version(asked).map(Wanted::Exactly).ok_or_else(uncertain)?),
            Some(_) => return Err(uncertain()),
            None => None,
        };
        let prefers = match given(&["--python-preference"]) {
            Some((_, value, _)) => value.clone(),
            None => self.python_preference(folder),
        };
        let variable = |name: &str| Some(self.scope.variables.get(name)?.value.as_deref().unwrap_or_default());
        let is_never = matches!(
            variable("UV_PYTHON_DOWNLOADS"),
            Some("never" | "0" | "false" | "manual")
        ) || variable("UV_PYTHON_PREFERENCE") == Some("only-system")
            || variable("UV_NO_MANAGED_PYTHON").is_some()
            || variable("UV_PYTHON").is_some();
        if is_never {
            return Ok(None);
        }
        let is_always = variable("UV_PYTHON_PREFERENCE").or(prefers.as_deref()) == Some("only-managed")
            || variable("UV_MANAGED_PYTHON").is_some()
            || given(&["--managed-python"]).is_some();
        let own = self.image_python.and_then(version);
        let wanted = asked.unwrap_or_else(|| self.wanted_python(folder));
        let fits = match (wanted, own) {
            _ if is_always => false,
            (_, None) if !self.has_system_python => false,
            (Wanted::Any, _) => true,
            (Wanted::AtLeast(least), Some(own)) => own >= least,
            (Wanted::Exactly(exact), Some(own)) => own == exact,
            (Wanted::AtLeast(_) | Wanted::Exactly(_), None) => return Err(uncertain()),
        };
        if fits {
            return Ok(None);
        }
        let home = || match variable("XDG_DATA_HOME") {
            Some(data) => Some(format!("{data}/uv/python")),
            None => Some(format!(
                "{}/.local/share/uv/python",
                self.scope.home()?.trim_end_matches('/')
            )),
        };
        let place = variable("UV_PYTHON_INSTALL_DIR")
            .map(str::to_owned)
            .or_else(home)
            .ok_or_else(uncertain)?;
        Ok(Some(Output::Path(place)))
    }

    /// What the project's own settings say of the interpreters that uv may take.
    fn python_preference(&self, folder: &str) -> Option<String> {
        let project = AbsolutePath::root().join(folder);
        let read = |name: &str| toml::from_str::<toml::Table>(&self.files.read(project.join(name).relative())?).ok();
        let of = |table: &toml::Table| Some(table.get("python-preference")?.as_str()?.to_owned());
        let own = read("uv.toml").and_then(|table| of(&table));
        own.or_else(|| of(read("pyproject.toml")?.get("tool")?.get("uv")?.as_table()?))
    }

    fn wanted_python(&self, folder: &str) -> Wanted {
        let project = AbsolutePath::root().join(folder);
        let read = |name: &str| self.files.read(project.join(name).relative());
        if let Some(pinned) = read(".python-version").and_then(|text| version(text.lines().next()?.trim())) {
            return Wanted::Exactly(pinned);
        }
        let manifest = read("pyproject.toml").and_then(|text| toml::from_str::<toml::Table>(&text).ok());
        let required = manifest
            .as_ref()
            .and_then(|manifest| manifest.get("project")?.get("requires-python")?.as_str());
        let mut parts = required.unwrap_or_default().split(',').map(str::trim);
        let exact = parts.clone().find_map(|part| version(part.strip_prefix("==")?));
        let least = parts.find_map(|part| version(part.strip_prefix(">=").or_else(|| part.strip_prefix("~="))?));
        exact
            .map(Wanted::Exactly)
            .or(least.map(Wanted::AtLeast))
            .unwrap_or(Wanted::Any)
    }
}

/// The first two numbers of a version.
fn version(text: &str) -> Option<Version> {
    let mut numbers = text
        .trim()
        .trim_start_matches("cpython-")
        .split('.')
        .map(|part| part.parse::<u32>().ok());
    Some((numbers.next()??, numbers.next()??))
}

fn uncertain() -> Obstacle {
    Obstacle::new(
        ObstacleKind::UnknownPlace,
        "cannot determine whether uv downloads a Python of its own, and where to",
        "set UV_PYTHON_DOWNLOADS=never, or UV_PYTHON_INSTALL_DIR to a folder below /opt",
    )
}
