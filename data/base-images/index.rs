// Every file in this folder, once: a test compares. Rust syntax, so that the program can embed them.
&[
    include_str!("python.toml"),
]
