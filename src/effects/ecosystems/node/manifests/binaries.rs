//! Programs that install scripts run, by what they read of the project. The names stand between blanks.

/// Programs that read nothing of the project, or only the manifests that an install reads anyway.
pub(super) const HARMLESS: &str =
    "npm-force-resolutions ngcc playwright puppeteer cypress update-browserslist-db mkdir mkdirp";

/// Those of them that change nothing either: they say something, or look around.
pub(super) const CHECKS: &str = "
    echo printf true : exit sleep set test [ only-allow is-ci is-in-ci ci-info opencollective
    opencollective-postinstall check-node-version check-engine check-engines skip-ci corepack";

/// Programs that set git hooks up: they do nothing where there is no `.git`.
pub(super) const GIT_HOOKS: &str = "
    husky lefthook simple-git-hooks pre-commit git yorkie ghooks is-git-repository";

/// Programs that build, check or generate from the project's sources.
pub(super) const BUILDERS: &str = "
    tsc vue-tsc tspc vite next nuxt nuxi svelte-kit astro webpack rollup esbuild tsup tsdown swc babel unbuild
    parcel ng nest gulp grunt lerna turbo nx react-scripts vue-cli-service wxt fumadocs-mdx velite contentlayer
    contentlayer2 panda graphql-codegen node-gyp node-gyp-build node-pre-gyp prebuild-install prebuild cmake-js
    neon napi wasm-pack make cargo bob microbundle father max umi sass tailwindcss eslint jest vitest mocha ember
    preconstruct changeset wireit paraglide-js react-router typegen drizzle-kit kysely-codegen buf";

/// Programs that take away or write over files that their operands name.
pub(super) const FILE_TOOLS: &str = "
    rm rimraf del del-cli mv cp copyfiles cpx cpy ncp ln chmod touch cat sed";

/// Whether a package script changes nothing: each of its commands only checks, says something or sets git hooks up. One
/// that cannot be read may change anything.
pub(crate) fn changes_nothing(script: &str) -> bool {
    let Some(commands) = super::script_words::commands(script) else {
        return false;
    };
    commands.iter().all(|words| {
        let mut words = words.iter().map(String::as_str).filter(|word| !word.contains('='));
        let program = words.find(|word| !matches!(*word, "npx" | "-y" | "--yes" | "||" | "&&"));
        program.is_none_or(|program| listed(CHECKS, program) || listed(GIT_HOOKS, program))
    })
}

/// Whether `name` is one of `names`.
pub(super) fn listed(names: &str, name: &str) -> bool {
    names.split_whitespace().any(|known| known == name)
}
