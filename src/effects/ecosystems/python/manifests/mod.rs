//! Python: pip, uv, Poetry, PDM and Pipenv.

mod backend;
mod declared;
mod pdm;
mod pip;
mod pipenv;
mod poetry;
mod project;
mod requirement;
mod requirements;
mod setup_cfg;
mod setup_py;
mod uv;

pub(crate) use declared::declared;
pub(crate) use pdm::pdm;
pub(crate) use pip::pip;
pub(crate) use pipenv::pipenv;
pub(crate) use poetry::poetry;
pub(crate) use uv::uv;

use crate::effects::ecosystems::manifests::gather::Gather;
use crate::effects::ecosystems::manifests::paths;

/// Reads `path` as TOML; says so when it cannot be parsed.
fn read_toml(gather: &mut Gather, path: &str, text: &str) -> Option<toml::Value> {
    match text.parse::<toml::Table>() {
        Ok(table) => Some(toml::Value::Table(table)),
        Err(error) => {
            gather.invalid(path, error.message());
            None
        }
    }
}

/// The `pyproject.toml` of `folder`, which the install cannot do without.
fn need_pyproject(gather: &mut Gather, folder: &str) -> Option<toml::Value> {
    let path = paths::join(folder, "pyproject.toml");
    let text = gather.need_text(&path, "the manifest")?;
    read_toml(gather, &path, &text)
}
