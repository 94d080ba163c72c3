#!/bin/sh
# Tests an image of {{ file | comment }}: that it holds and starts what it should.
# Made by plimsoll {{ version | comment }}; it is yours to change.
#
# Usage: smoke.sh IMAGE [OPTION...]
#   OPTIONs are those of `docker run`, for all containers: -e NAME=VALUE, --network none
#   ENGINE=podman chooses the engine, PATIENCE=60 the seconds that a server may take to answer.
#
# Exits with 1 if a check fails, and says which.

# shellcheck disable=SC2016  # what the image runs is not expanded here
set -u

if [ $# -lt 1 ]; then
    echo "usage: $0 IMAGE [OPTION...]" >&2
    exit 2
fi
image=$1
shift

engine=${ENGINE:-}
for candidate in docker podman; do
    if [ -z "$engine" ] && command -v "$candidate" >/dev/null 2>&1; then
        engine=$candidate
    fi
done
if [ -z "$engine" ]; then
    echo "$0: neither docker nor podman is here" >&2
    exit 2
fi
if ! "$engine" image inspect "$image" >/dev/null; then
    echo "$0: there is no image $image" >&2
    exit 2
fi

failed=
containers=

passed() {
    printf 'ok      %s\n' "$1"
}

fail() {
    printf 'FAILED  %s: %s\n' "$1" "$2"
    failed="$failed $1"
}

cleanup() {
    for container in $containers; do
        "$engine" rm -f "$container" >/dev/null 2>&1
    done
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
{% if python or node or programs or gone %}

# A container that is never started: its files are looked at from outside, so that it needs no shell.
files=$("$engine" create --entrypoint /none "$image") || exit 2
containers="$containers $files"
{% endif %}
{% if python or programs or gone %}
{% raw %}
path=$("$engine" image inspect --format '{{range .Config.Env}}{{println .}}{{end}}' "$image" | sed -n 's/^PATH=//p')
workdir=$("$engine" image inspect --format '{{.Config.WorkingDir}}' "$image")
{% endraw %}

is_there() {
    "$engine" cp "$files:$1" - >/dev/null 2>&1
}

# Whether the image has a program: by its path, or in a folder of PATH.
has_program() {
    case $1 in
    /*) is_there "$1" ;;
    */*) is_there "${workdir%/}/$1" ;;
    *)
        old_ifs=$IFS
        IFS=:
        for folder in ${path:-/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin}; do
            if is_there "$folder/$1"; then
                IFS=$old_ifs
                return 0
            fi
        done
        IFS=$old_ifs
        return 1
        ;;
    esac
}
{% endif %}
{% if programs %}

those_missing() {
    for program; do
        has_program "$program" || printf ' %s' "$program"
    done
}
missing=$(those_missing{% for program in programs %} {{ program }}{% endfor %})
if [ -z "$missing" ]; then
    passed programs
else
    fail programs "not in the image:$missing"
fi
{% endif %}
{% if gone %}

# What builds is not needed by what runs.
those_there() {
    for program; do
        has_program "$program" && printf ' %s' "$program"
    done
}
left=$(those_there{% for tool in gone %} {{ tool }}{% endfor %})
if [ -z "$left" ]; then
    passed build-tools-gone
else
    fail build-tools-gone "still in the image:$left"
fi
{% endif %}
{% if python %}

# Each declared package is installed, and its modules are imported.
python_check='
import importlib, sys
try:
    from importlib import metadata
except ImportError:
    sys.exit("Python 3.8 or later is needed to look for packages")
aside = {"test", "tests", "docs", "doc", "examples", "benchmarks", "scripts"}
wrong = []
for name in sys.argv[1:]:
    try:
        files = metadata.distribution(name).files or []
    except metadata.PackageNotFoundError:
        wrong.append(name + " is not installed")
        continue
    modules = set()
    for file in files:
        parts = file.parts
        if len(parts) == 2 and parts[1] == "__init__.py":
            modules.add(parts[0])
        elif len(parts) == 1 and file.suffix in (".py", ".so"):
            modules.add(parts[0].split(".")[0])
    for module in sorted(modules - aside):
        if module.startswith("_"):
            continue
        try:
            importlib.import_module(module)
        except BaseException as error:
            wrong.append("import %s: %s: %s" % (module, type(error).__name__, error))
if wrong:
    sys.exit("; ".join(wrong))
'
found=
wrong=
for python in "${workdir%/}/.venv/bin/python" /opt/venv/bin/python python3 python; do
    has_program "$python" || continue
    if said=$("$engine" run --rm "$@" --entrypoint "$python" "$image" -c "$python_check"{% for package in python %} {{ package }}{% endfor %} 2>&1); then
        found=yes
        break
    fi
    # What the first interpreter says counts: the project's own comes first.
    wrong=${wrong:-$said}
done
if [ -n "$found" ]; then
    passed python-packages
else
    fail python-packages "$(printf '%s\n' "${wrong:-there is no Python in the image}" | tail -n 1)"
fi
{% endif %}
{% if node %}

# Each declared package is found from the working directory.
node_check='
const wrong = [];
for (const name of process.argv.slice(1)) {
  try { require.resolve(name, { paths: [process.cwd()] }); } catch (error) {
    // A package may have nothing to require, and still be there.
    if (!require("fs").existsSync(require("path").join(process.cwd(), "node_modules", name))) wrong.push(name + " is not installed");
  }
}
if (wrong.length) { console.error(wrong.join("; ")); process.exit(1); }
'
if said=$("$engine" run --rm "$@" --entrypoint node "$image" -e "$node_check"{% for package in node %} {{ package }}{% endfor %} 2>&1); then
    passed node-packages
else
    fail node-packages "$(printf '%s\n' "$said" | tail -n 1)"
fi
{% endif %}
{% if command %}

if said=$("$engine" run --rm "$@" --entrypoint /bin/sh "$image" -c {{ command }} 2>&1); then
    passed smoke
else
    fail smoke "$(printf '%s\n' "$said" | tail -n 1)"
fi
{% endif %}
{% if starts %}
{% raw %}

# The image as it starts by itself.
server=$("$engine" create "$@" "$image") && containers="$containers $server"
if ! said=$("$engine" start "$server" 2>&1); then
    fail start "$(printf '%s\n' "$said" | tail -n 1)"
    server=
fi

is_running() {
    [ "$("$engine" inspect --format '{{.State.Running}}' "$server")" = true ]
}

how_it_ended() {
    printf 'it ended with exit code %s: ' "$("$engine" inspect --format '{{.State.ExitCode}}' "$server")"
    "$engine" logs "$server" 2>&1 | tail -n 1
}
{% endraw %}
{% if port or health %}

# Runs a command until it succeeds, the program ends or the patience does.
within_patience() {
    end=$(($(date +%s) + ${PATIENCE:-30}))
    while is_running; do
        "$@" && return 0
        [ "$(date +%s)" -lt "$end" ] || return 1
        sleep 1
    done
    return 1
}

# $1 is the name of the check, $2 what is wrong if it fails, the rest the command.
check_server() {
    name=$1
    wrong=$2
    shift 2
    [ -n "$server" ] || return 0
    if within_patience "$@"; then
        passed "$name"
    elif is_running; then
        fail "$name" "$wrong"
    else
        fail "$name" "$(how_it_ended)"
    fi
}
{% endif %}
{% if port %}
{% raw %}

# Whether something listens on port $1, by the kernel's list, read in the container or, where it has no cat, from outside.
listens() {
    port=$(printf '%04X' "$1")
    process=$("$engine" inspect --format '{{.State.Pid}}' "$server")
    {
        "$engine" exec "$server" cat /proc/net/tcp /proc/net/tcp6 ||
            cat "/proc/$process/net/tcp" "/proc/$process/net/tcp6"
    } 2>/dev/null |
        awk -v port=":$port" '$4 == "0A" && substr($2, length($2) - 4) == port { found = 1 } END { exit !found }'
}
{% endraw %}
check_server port-{{ port }} 'nothing listens on it' listens {{ port }}
{% endif %}
{% if health %}

is_healthy() {
    "$engine" exec "$server" "$@" >/dev/null 2>&1
}
check_server health-check 'its command does not succeed' is_healthy{% for word in health %} {{ word }}{% endfor %}

{% endif %}
{% if not port and not health %}

# Nothing tells what it answers: it must not end because a program or a library is missing.
if [ -n "$server" ]; then
    sleep 3
    {% raw %}
    code=$("$engine" inspect --format '{{.State.ExitCode}}' "$server")
    {% endraw %}
    if is_running || [ "$code" -lt 126 ]; then
        passed start
    else
        fail start "$(how_it_ended)"
    fi
fi
{% endif %}
{% endif %}

if [ -n "$failed" ]; then
    echo "failed:$failed" >&2
    exit 1
fi
echo 'all checks passed'
