// Every file in this folder, once: a test compares. Rust syntax, so that the program can embed them.
&[
    include_str!("cp.toml"),
    include_str!("curl.toml"),
    include_str!("dumb-init.toml"),
    include_str!("env.toml"),
    include_str!("exec.toml"),
    include_str!("git.toml"),
    include_str!("gosu.toml"),
    include_str!("ionice.toml"),
    include_str!("nice.toml"),
    include_str!("stdbuf.toml"),
    include_str!("sudo.toml"),
    include_str!("tar.toml"),
    include_str!("timeout.toml"),
    include_str!("tini.toml"),
    include_str!("xargs.toml"),
]
