#!/usr/bin/env bash
# Installs what is missing, builds, and runs the tests.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

usage() {
    cat <<'TEXT'
usage: scripts/test.sh [--full | --sanitize] [--skip-setup] [--preset NAME]
                       [-- CTEST-ARGUMENTS]

Installs what is missing, builds (into build/NAME, release by default) and runs
the tests through ctest. Can be run again: only what changed is built.

  --full         run the long tests too (label full): all of the matrix
  --sanitize     build with sanitizers and run the tests in them: in
                 build/readers what reads files, its fuzz targets for ten
                 seconds each; in build/asan memory errors, leaks and undefined
                 behaviour; in build/tsan data races, in the tests with several
                 threads
  --skip-setup   don't look for Debian packages (you installed the equivalents)
  --preset NAME  release, native, debug, readers, asan, ubsan or tsan
  CTEST-ARGUMENTS, for instance: -- -R matrix
TEXT
}

full=no
sanitize=no
setup=yes
preset=release
arguments=()
while (($# > 0)); do
    case "$1" in
        --full) full=yes ;;
        --sanitize) sanitize=yes ;;
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
for tool in cmake ninja mpirun; do
    if ! command -v "$tool" >/dev/null; then
        echo "test.sh: there is no $tool on the PATH; docs/building_on_a_cluster.md says what is needed" >&2
        exit 1
    fi
done

if [[ $sanitize == yes ]]; then
    if [[ $full == yes || $preset != release ]]; then
        echo "test.sh: --sanitize chooses its own presets and tests; leave out --full and --preset" >&2
        exit 2
    fi
    # Left out: what measures or limits memory, of which sanitizers map terabytes; what checks scripts and sources; and
    # long runs of code that the others run too.
    not_in_asan='^(app\.predictions|failures|experiments\.|matrix\.(brunel_tenth|microcircuit|notices)|package\.|scripts\.|tidy)'
    in_tsan='^(simulation_test|example_|edges|matrix\.(rules|space|sparse_graph)$)'
    scripts/test.sh --skip-setup --preset readers -- "${arguments[@]}"
    scripts/test.sh --skip-setup --preset asan -- -E "$not_in_asan" "${arguments[@]}"
    exec scripts/test.sh --skip-setup --preset tsan -- -R "$in_tsan" "${arguments[@]}"
fi

cmake --preset "$preset" -DSPIKECAST_TESTS=ON
cmake --build --preset "$preset"

if ((EUID == 0)); then export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1; fi

selection=()
if [[ $full == no ]]; then
    selection=(-LE full)
    echo "test.sh: leaving out the long tests; scripts/test.sh --full runs them too"
fi
# ctest comes last, so that the last lines of a log are its summary. A test on several ranks declares as many processors.
# Twice as many as there are: tests spend half of their time starting processes and waiting for them.
# The preset brings the sanitizers' options.
exec ctest --preset "$preset" --output-on-failure --no-tests=error --no-label-summary -j "$(($(nproc) * 2))" \
    "${selection[@]}" "${arguments[@]}"
