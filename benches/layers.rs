//! Files per second and the time of each layer, over Dockerfiles that are made up here: `cargo bench`.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a benchmark may stop at the first surprise"
)]

use std::fmt::Write as _;
use std::hint::black_box;
use std::time::Duration;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use plimsoll::facts::Facts;
use plimsoll::passes::{PassOptions, REGISTRY};
use plimsoll::rewrite::{Options, rewrite};
use plimsoll::shell;
use plimsoll::syntax::{self, Arguments, Dockerfile, Instruction};

const FILES: usize = 500;

fn layers(criterion: &mut Criterion) {
    let texts: Vec<String> = (0..FILES).map(dockerfile).collect();
    let trees: Vec<Dockerfile> = texts.iter().map(|text| parse(text)).collect();

    let mut group = criterion.benchmark_group("layers");
    group.throughput(Throughput::Elements(FILES as u64));
    group
        .measurement_time(Duration::from_secs(3))
        .warm_up_time(Duration::from_secs(1));

    // One entry a layer, in the order in which data flows.
    group.bench_function("parse", |bencher| {
        bencher.iter(|| texts.iter().map(|text| parse(text).instructions.len()).sum::<usize>());
    });
    let bodies: Vec<&str> = trees
        .iter()
        .flat_map(|tree| &tree.instructions)
        .filter_map(shell_form)
        .collect();
    group.bench_function("shell", |bencher| {
        bencher.iter(|| {
            bodies
                .iter()
                .filter(|body| shell::parse(black_box(body)).is_ok())
                .count()
        });
    });
    // Facts hold the time of the shell: they parse each body once.
    group.bench_function("facts", |bencher| {
        bencher.iter(|| {
            trees
                .iter()
                .map(|tree| Facts::of(tree).instructions.len())
                .sum::<usize>()
        });
    });
    let facts: Vec<Facts> = trees.iter().map(Facts::of).collect();
    let options = PassOptions::default();
    for pass in REGISTRY {
        group.bench_function(format!("passes/{}", pass.id()), |bencher| {
            // A pass changes its tree, so each run begins with a copy, made outside of the measured time.
            bencher.iter_batched(
                || trees.clone(),
                |mut trees| {
                    let both = trees.iter_mut().zip(&facts);
                    both.map(|(tree, facts)| pass.run(tree, facts, &options).changes.len())
                        .sum::<usize>()
                },
                BatchSize::LargeInput,
            );
        });
    }
    group.bench_function("emit", |bencher| {
        bencher.iter(|| trees.iter().map(|tree| tree.emit().len()).sum::<usize>());
    });

    // The whole way of a file.
    group.bench_function("overall", |bencher| {
        let options = Options::default();
        bencher.iter(|| {
            let rewritten = texts
                .iter()
                .filter_map(|text| rewrite("Dockerfile", black_box(text), &options).ok());
            rewritten.map(|rewrite| rewrite.text.len()).sum::<usize>()
        });
    });
    group.finish();
}

/// The text of a RUN in shell form.
fn shell_form(instruction: &Instruction) -> Option<&str> {
    match &instruction.node().arguments {
        Arguments::Shell(line) => Some(line.text()),
        _ => None,
    }
}

fn parse(text: &str) -> Dockerfile {
    syntax::parse("Dockerfile", black_box(text)).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// Dockerfile number `seed`: one to three stages in the ways that people write them, 1 KB and 14 instructions on
/// average.
fn dockerfile(seed: usize) -> String {
    let mut random = Random(seed as u64 + 1);
    let mut out = String::new();
    if random.one_in(5) {
        out.push_str("# syntax=docker/dockerfile:1\n\n");
    }
    if random.one_in(4) {
        out.push_str("ARG VERSION=3.12\n");
    }
    let stages = 1 + random.below(3);
    for stage in 0..stages {
        let base = random.pick(&[
            "python:${VERSION:-3.12}-slim",
            "node:22-bookworm",
            "golang:1.25",
            "alpine:3.20",
            "ubuntu",
        ]);
        writeln!(out, "FROM {base} AS stage{stage}\n").unwrap();
        for _ in 0..2 + random.below(7) {
            instruction(&mut out, &mut random, stage);
        }
    }
    out.push_str(random.pick(&[
        "CMD [\"./server\", \"--port\", \"8080\"]\n",
        "ENTRYPOINT exec ./run.sh\n",
        "CMD [\"npm\", \"start\"]",
    ]));
    if random.one_in(20) {
        out.replace('\n', "\r\n")
    } else {
        out
    }
}

fn instruction(out: &mut String, random: &mut Random, stage: usize) {
    if random.one_in(4) {
        out.push_str(random.pick(&[
            "# Dependencies first: they change less often than the code.\n",
            "\n",
            "# TODO: pin this\n\n",
        ]));
    }
    match random.below(12) {
        0..=2 => packages(out, random),
        3 => out.push_str(random.pick(&[
            "RUN pip install --no-cache-dir -r requirements.txt\n",
            "RUN npm ci && npm run build && npm cache clean --force\n",
            "RUN --mount=type=cache,target=/go/pkg/mod,sharing=locked go build -o /bin/app ./cmd/app\n",
            "RUN set -eux; \\\n\tcurl -fsSL https://example.org/tool.tar.gz | tar xz -C /opt; \\\n\tchmod +x /opt/tool\n",
        ])),
        4 => out.push_str(random.pick(&["COPY . .\n", "COPY --chown=1000:1000 src/ ./src/\n", "COPY [\"package.json\", \"yarn.lock\", \"./\"]\n"])),
        5 if stage > 0 => writeln!(out, "COPY --from=stage{} --link /app /app", stage - 1).unwrap(),
        5 | 6 => out.push_str(random.pick(&[
            "ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 \\\n    LANG=\"C.UTF-8\" \\\n    # for the tests\n    MODE='a b'\n",
            "ENV NODE_ENV production\n",
            "ARG REVISION\nLABEL org.opencontainers.image.revision=\"$REVISION\" maintainer=\"me <me@example.org>\"\n",
        ])),
        7 => heredoc(out, random),
        8 => out.push_str(random.pick(&["WORKDIR /app\n", "USER app\n", "EXPOSE 80 443/tcp\n", "VOLUME [\"/data\"]\n"])),
        9 => out.push_str(random.pick(&[
            "HEALTHCHECK --interval=30s --timeout=3s CMD curl -f http://localhost/ || exit 1\n",
            "SHELL [\"/bin/bash\", \"-o\", \"pipefail\", \"-c\"]\n",
            "ONBUILD COPY . /usr/src/app\n",
            "STOPSIGNAL SIGTERM\n",
        ])),
        _ => out.push_str(random.pick(&["RUN make -j4 && make install\n", "RUN useradd -r app && chown -R app /app\n", "ADD https://example.org/x.zip /tmp/\n"])),
    }
}

fn packages(out: &mut String, random: &mut Random) {
    const NAMES: [&str; 12] = [
        "build-essential",
        "ca-certificates",
        "curl",
        "git",
        "libpq-dev",
        "pkg-config",
        "python3-dev",
        "libssl-dev",
        "unzip",
        "ffmpeg",
        "imagemagick",
        "tini",
    ];
    out.push_str(random.pick(&[
        "RUN apt-get update && apt-get install -y --no-install-recommends",
        "RUN apk add --no-cache",
    ]));
    for _ in 0..1 + random.below(10) {
        write!(out, " \\\n    {}", random.pick(&NAMES)).unwrap();
    }
    out.push_str(random.pick(&[
        " \\\n    && rm -rf /var/lib/apt/lists/*\n",
        "\n",
        " \\\n # clean up\n && apt-get clean\n",
    ]));
}

fn heredoc(out: &mut String, random: &mut Random) {
    out.push_str(random.pick(&[
        "RUN <<EOF\nset -e\n",
        "COPY <<-\"EOF\" /etc/app.conf\n",
        "RUN <<EOF bash\n",
    ]));
    for line in 0..random.below(12) {
        writeln!(out, "\techo \"line {line} of $HOME\"").unwrap();
    }
    out.push_str("EOF\n");
}

/// A xorshift generator: the same files in every run and on every machine.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) as usize % end
    }

    fn one_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    fn pick<'a>(&mut self, choices: &[&'a str]) -> &'a str {
        choices.get(self.below(choices.len())).copied().unwrap_or_default()
    }
}

criterion_group!(benches, layers);
criterion_main!(benches);
