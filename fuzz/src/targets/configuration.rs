//! No text of `plimsoll.toml` makes its reader panic; an error points into the text, and what is accepted is known.

use plimsoll::config::{Config, FILE_NAME};
use plimsoll::passes::REGISTRY;

/// Checks one text.
pub fn run(text: &str) {
    match Config::parse(FILE_NAME, text) {
        Ok(config) => {
            let named = [&config.only, &config.skip].into_iter().flatten().flatten();
            for pass in named {
                assert!(REGISTRY.iter().any(|known| known.id() == pass.get_ref()), "{pass:?}");
            }
            let later = Config::parse(FILE_NAME, &format!("{text}\n# a comment\n"));
            assert_eq!(later.ok().map(|later| (later.level, later.include(), later.smoke)), {
                Some((config.level, config.include(), config.smoke))
            });
        }
        Err(error) => {
            assert!((1..=text.matches('\n').count() + 1).contains(&error.line), "{error:?}");
            assert!(!error.to_string().is_empty());
        }
    }
}
