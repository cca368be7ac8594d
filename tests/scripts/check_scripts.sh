#!/usr/bin/env bash
# check_scripts.sh SOURCE_DIR: every script parses, is executable, lints clean (where there is a shellcheck), has a help
# text within 80 columns, and refuses unknown options with exit code 2 before doing anything.
set -euo pipefail
cd "$1"

failures=0
fail() {
    echo "FAILED: $*"
    failures=$((failures + 1))
}

shell_scripts=(.ci/run scripts/*.sh tests/scripts/*.sh)
for script in "${shell_scripts[@]}"; do
    bash -n "$script" || fail "$script doesn't parse"
    [[ -x $script ]] || fail "$script isn't executable"
    grep -q '^set -euo pipefail$' "$script" || fail "$script goes on after errors: 'set -euo pipefail' is missing"
done
if command -v shellcheck >/dev/null; then
    shellcheck "${shell_scripts[@]}" || fail "shellcheck"
else
    echo "note: there is no shellcheck here; scripts were only parsed"
fi
# What begins with #! is a program, and nothing else is; modules that programs import have neither.
for script in scripts/*.py; do
    if [[ $(head -c 2 "$script") == "#!" ]]; then
        [[ -x $script ]] || fail "$script isn't executable"
    elif [[ -x $script ]]; then
        fail "$script is executable, but doesn't say what runs it"
    fi
done
for script in scripts/*.sh; do
    help=$("$script" --help) || fail "$script --help fails"
    [[ $help == usage:* ]] || fail "$script --help doesn't begin with its usage"
    longest=$(awk '{ if (length($0) > n) n = length($0) } END { print n + 0 }' <<<"$help")
    ((longest <= 80)) || fail "$script --help is $longest columns wide"
    status=0
    "$script" --no-such-option >/dev/null 2>&1 || status=$?
    ((status == 2)) || fail "$script takes an unknown option with exit code $status, not 2"
done

# Python files only have to compile here; what they do is tested with the result files they read. Nothing is written.
for script in scripts/*.py; do
    [[ -e $script ]] || continue
    python3 - "$script" <<'PYTHON' || fail "$script doesn't compile"
import ast, sys
ast.parse(open(sys.argv[1], encoding="utf-8").read(), sys.argv[1])
PYTHON
done

# What find_package asks for in CMakeLists.txt is in the list that setup.sh installs.
packages=$(scripts/setup.sh --list)
for pair in MPI=libopenmpi-dev HDF5=libhdf5-openmpi-dev Boost=libboost-serialization-dev fmt=libfmt-dev \
    spdlog=libspdlog-dev nlohmann_json=nlohmann-json3-dev CLI11=libcli11-dev ZLIB=zlib1g-dev LIBZIP=libzip-dev GTest=libgtest-dev benchmark=libbenchmark-dev; do
    grep -qx "${pair#*=}" <<<"$packages" || fail "scripts/setup.sh doesn't install ${pair#*=} for ${pair%=*}"
done

((failures == 0)) || exit 1
echo "${#shell_scripts[@]} shell scripts are fine"
