#!/usr/bin/env bash
# Installs what is missing, builds, and runs the tests.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

usage() {
    cat <<'TEXT'
usage: scripts/test.sh [--full] [--skip-setup] [--preset NAME]
                       [-- CTEST-ARGUMENTS]

Installs what is missing, builds (into build/NAME, release by default) and runs
the tests through ctest. Can be run again: only what changed is built.

  --full         run the long tests too (label full): all of the matrix
  --skip-setup   don't look for Debian packages (you installed the equivalents)
  --preset NAME  release, native, debug, asan, ubsan or tsan
  CTEST-ARGUMENTS, for instance: -- -R matrix
TEXT
}

full=no
setup=yes
preset=release
arguments=()
while (($# > 0)); do
    case "$1" in
        --full) full=yes ;;
        --skip-setup) setup=no ;;
        --preset)
            if (($# < 2)); then echo "test.sh: --preset needs a name" >&2; exit 2; fi
            preset=$2
            shift
            ;;
        -h | --help) usage; exit 0 ;;
        --) shift; arguments=("$@"); break ;;
        *) echo "test.sh: unknown option '$1'" >&2; usage >&2; exit 2 ;;
    esac
    shift
done

if [[ $setup == yes ]]; then scripts/setup.sh; fi
cmake --preset "$preset" -DSPIKECAST_TESTS=ON
cmake --build --preset "$preset"

if ((EUID == 0)); then export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1; fi

selection=()
if [[ $full == no ]]; then selection=(-LE full); fi
# Tests on several ranks declare as many processors; ctest runs one that needs more than there are by itself.
status=0
ctest --test-dir "build/$preset" --output-on-failure --no-tests=error --no-label-summary -j "$(nproc)" \
    "${selection[@]}" "${arguments[@]}" || status=$?

# One line after ctest's own summary, so that the last lines of a log still hold it.
if ((status != 0)); then
    echo "Next: ctest --test-dir build/$preset --rerun-failed --output-on-failure"
elif [[ $full == no ]]; then
    echo "Next: scripts/test.sh --full for the long tests, or scripts/quickstart.sh for the microcircuit"
else
    echo "Next: scripts/quickstart.sh for the microcircuit"
fi
exit "$status"
