//! A report as one page: HTML with everything in it, or Markdown. The templates are in `templates/`.

mod view;

use minijinja::Error;

use super::templates::render;
use crate::passes::{Change, Refusal};
use crate::verify::Verification;
use crate::verify::figures::Figures;
use view::View;

/// What a page says. What is not there is not mentioned.
#[derive(Clone, Copy, Debug)]
pub struct Page<'a> {
    /// The name of the Dockerfile.
    pub file: &'a str,
    /// The patch, without colours; empty where nothing changes.
    pub diff: &'a str,
    /// What was done.
    pub changes: &'a [Change],
    /// What was left alone.
    pub refusals: &'a [Refusal],
    /// What to know about it.
    pub notes: &'a [String],
    /// How the images compare.
    pub verification: Option<&'a Verification>,
    /// What was measured, of the original and of the rewrite.
    pub figures: Option<(&'a Figures, &'a Figures)>,
}

impl Page<'_> {
    /// The page as HTML. Nothing in it is loaded from elsewhere, and no script runs.
    ///
    /// # Errors
    /// None for the templates at hand; the template engine's signature has one.
    pub fn html(&self) -> Result<String, Error> {
        render("report.html", View::of(self))
    }

    /// The page as Markdown.
    ///
    /// # Errors
    /// None for the templates at hand; the template engine's signature has one.
    pub fn markdown(&self) -> Result<String, Error> {
        render("report.md", View::of(self))
    }
}
