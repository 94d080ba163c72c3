//! The .dockerignore beside a Dockerfile: its patch, and writing it.

use std::path::{Path, PathBuf};

use anyhow::bail;

use super::source::patch_path;
use crate::emit::{Palette, diff};
use crate::passes::dockerignore::Proposal;
use crate::write::{Before, Change};

/// Calls the file of the proposal as patches do.
pub(super) fn name(proposal: &mut Proposal) {
    if let Some(path) = path_in_patch(proposal) {
        proposal.file = path.display().to_string();
    }
}

/// The patch of the proposal; empty where nothing is to be added.
pub(super) fn patch(proposal: Option<&Proposal>, palette: &Palette) -> String {
    let Some(proposal) = proposal else { return String::new() };
    let path = path_in_patch(proposal).unwrap_or_else(|| PathBuf::from(&proposal.file));
    if proposal.exists {
        diff::unified(&path, &proposal.original, &proposal.text, palette)
    } else {
        diff::created(&path, &proposal.text, palette)
    }
}

/// What the proposal changes; none where nothing is to be written.
///
/// # Errors
/// If the file is a link that leads out of its folder.
pub(super) fn change(proposal: Option<&Proposal>) -> anyhow::Result<Option<Change<'_>>> {
    let Some(proposal) = proposal.filter(|proposal| proposal.is_change()) else {
        return Ok(None);
    };
    let Some(path) = &proposal.path else { return Ok(None) };
    // The engine follows a link only inside of the context; a file elsewhere is none of ours.
    if path.is_symlink() {
        let folder = path.parent().unwrap_or(Path::new(".")).canonicalize()?;
        let is_inside = path.canonicalize().is_ok_and(|target| target.starts_with(&folder));
        if !is_inside {
            bail!("cannot write `{}`: it is a link out of its folder", path.display());
        }
    }
    Ok(Some(Change {
        path,
        before: if proposal.exists {
            Before::Text(&proposal.original)
        } else {
            Before::Missing
        },
        text: &proposal.text,
    }))
}

fn path_in_patch(proposal: &Proposal) -> Option<PathBuf> {
    let path = proposal.path.as_deref()?;
    let folder = path.parent()?.canonicalize().ok()?;
    let here = std::env::current_dir().ok()?.canonicalize().ok()?;
    Some(patch_path(&folder.join(path.file_name()?), &here))
}
