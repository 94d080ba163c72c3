//! The keywords that begin an instruction.

/// The kind of an instruction, named as the Dockerfile reference names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(
    missing_docs,
    reason = "each is the instruction of that name in the Dockerfile reference"
)]
pub enum Keyword {
    Add,
    Arg,
    Cmd,
    Copy,
    Entrypoint,
    Env,
    Expose,
    From,
    Healthcheck,
    Label,
    Maintainer,
    Onbuild,
    Run,
    Shell,
    Stopsignal,
    User,
    Volume,
    Workdir,
}

impl Keyword {
    /// Every keyword, in alphabetical order.
    pub const ALL: [Keyword; 18] = [
        Keyword::Add,
        Keyword::Arg,
        Keyword::Cmd,
        Keyword::Copy,
        Keyword::Entrypoint,
        Keyword::Env,
        Keyword::Expose,
        Keyword::From,
        Keyword::Healthcheck,
        Keyword::Label,
        Keyword::Maintainer,
        Keyword::Onbuild,
        Keyword::Run,
        Keyword::Shell,
        Keyword::Stopsignal,
        Keyword::User,
        Keyword::Volume,
        Keyword::Workdir,
    ];

    /// The keyword in capitals, as the reference writes it.
    pub fn name(self) -> &'static str {
        match self {
            Keyword::Add => "ADD",
            Keyword::Arg => "ARG",
            Keyword::Cmd => "CMD",
            Keyword::Copy => "COPY",
            Keyword::Entrypoint => "ENTRYPOINT",
            Keyword::Env => "ENV",
            Keyword::Expose => "EXPOSE",
            Keyword::From => "FROM",
            Keyword::Healthcheck => "HEALTHCHECK",
            Keyword::Label => "LABEL",
            Keyword::Maintainer => "MAINTAINER",
            Keyword::Onbuild => "ONBUILD",
            Keyword::Run => "RUN",
            Keyword::Shell => "SHELL",
            Keyword::Stopsignal => "STOPSIGNAL",
            Keyword::User => "USER",
            Keyword::Volume => "VOLUME",
            Keyword::Workdir => "WORKDIR",
        }
    }

    /// The keyword that `word` spells in any casing, or none.
    pub fn from_word(word: &str) -> Option<Keyword> {
        Keyword::ALL
            .into_iter()
            .find(|keyword| keyword.name().eq_ignore_ascii_case(word))
    }

    /// The flags that BuildKit accepts behind the keyword.
    pub(super) fn flags(self) -> &'static [(&'static str, FlagKind)] {
        use FlagKind::{Boolean, Repeated, Single};
        match self {
            Keyword::Add => &[
                ("chown", Single),
                ("chmod", Single),
                ("link", Boolean),
                ("keep-git-dir", Boolean),
                ("checksum", Single),
                ("unpack", Boolean),
                ("exclude", Repeated),
            ],
            Keyword::Copy => &[
                ("chown", Single),
                ("from", Single),
                ("chmod", Single),
                ("link", Boolean),
                ("exclude", Repeated),
                ("parents", Boolean),
            ],
            Keyword::From => &[("platform", Single)],
            Keyword::Run => &[
                ("mount", Repeated),
                ("network", Single),
                ("security", Single),
                ("device", Repeated),
            ],
            Keyword::Healthcheck => &[
                ("interval", Single),
                ("timeout", Single),
                ("start-period", Single),
                ("start-interval", Single),
                ("retries", Single),
            ],
            _ => &[],
        }
    }
}

/// How often a flag may stand and what its value may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FlagKind {
    Boolean,
    Single,
    Repeated,
}
