//! A smoke test as a script for the shell.

use minijinja::Error;
use serde::Serialize;

use super::templates::render;
use crate::smoke::Plan;

#[derive(Serialize)]
struct View<'a> {
    version: &'static str,
    #[serde(flatten)]
    plan: &'a Plan,
}

/// The script that carries out `plan` on an image.
///
/// # Errors
/// None for the template at hand; the template engine's signature has one.
pub fn script(plan: &Plan) -> Result<String, Error> {
    render(
        "smoke.sh",
        View {
            version: env!("CARGO_PKG_VERSION"),
            plan,
        },
    )
}
