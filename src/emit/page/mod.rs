//! A report as one page: HTML with everything in it, or Markdown. The templates are in `templates/`.

mod escape;
mod view;

use minijinja::{Environment, Error};

use crate::passes::{Change, Refusal};
use crate::verify::Verification;
use crate::verify::figures::Figures;

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
        self.render("report.html")
    }

    /// The page as Markdown.
    ///
    /// # Errors
    /// None for the templates at hand; the template engine's signature has one.
    pub fn markdown(&self) -> Result<String, Error> {
        self.render("report.md")
    }

    fn render(&self, name: &str) -> Result<String, Error> {
        templates()?.get_template(name)?.render(view::View::of(self))
    }
}

/// The templates, each escaping what it shows as its format asks for.
fn templates() -> Result<Environment<'static>, Error> {
    let mut templates = Environment::new();
    templates.set_trim_blocks(true);
    templates.set_lstrip_blocks(true);
    templates.set_keep_trailing_newline(true);
    templates.set_auto_escape_callback(escape::of_file);
    templates.set_formatter(escape::formatted);
    templates.add_filter("prose", escape::prose);
    templates.add_template("style.css", include_str!("../../../templates/style.css"))?;
    templates.add_template("report.html", include_str!("../../../templates/report.html"))?;
    templates.add_template("report.md", include_str!("../../../templates/report.md"))?;
    Ok(templates)
}
