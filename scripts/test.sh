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

What reads files is also built with AddressSanitizer and
UndefinedBehaviorSanitizer (into build/readers); its unit tests run in that
build and its fuzz targets for ten seconds each.

  --full         run the long tests too (label full): all of the matrix; and,
                 in build/tsan, the tests with several threads for data races
  --sanitize     build with sanitizers and run the tests in them: build/readers
                 as above; in build/asan memory errors, leaks and undefined
                 behaviour; in build/tsan data races
  --skip-setup   don't look for Debian packages (you installed the equivalents)
  --preset NAME  release, native, debug, readers, asan, ubsan or tsan; another
                 one than release runs by itself
  CTEST-ARGUMENTS, for instance: -- -R matrix; with them, no build is made and
                 no test run beside those of the preset
TEXT
}

mode=short
setup=yes
preset=release
arguments=()
while (($# > 0)); do
    case "$1" in
        --full | --sanitize)
            if [[ $mode != short ]]; then echo "test.sh: give --full or --sanitize, not both" >&2; exit 2; fi
            mode=${1#--}
            ;;
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
if [[ $mode == sanitize && $preset != release ]]; then
    echo "test.sh: --sanitize chooses its own presets; leave out --preset" >&2
    exit 2
fi

if [[ $setup == yes ]]; then scripts/setup.sh; fi
for tool in cmake ninja mpirun; do
    if ! command -v "$tool" >/dev/null; then
        echo "test.sh: there is no $tool on the PATH; docs/building_on_a_cluster.md says what is needed" >&2
        exit 1
    fi
done
if ((EUID == 0)); then export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1; fi

# build PRESET [CMAKE-ARGUMENT...]
build() {
    cmake --preset "$1" -DSPIKECAST_TESTS=ON "${@:2}"
    cmake --build --preset "$1"
}
# run PRESET [CTEST-ARGUMENT...]. A test on several ranks declares as many processors. Twice as many as there are: tests
# spend half of their time starting processes and waiting for them. The preset brings the sanitizers' options.
run() {
    ctest --preset "$1" --output-on-failure --no-tests=error --no-label-summary -j "$(($(nproc) * 2))" "${@:2}"
}

# Left out: what measures or limits memory, of which sanitizers map terabytes; what checks scripts and sources; and long
# runs of code that the others run too.
not_in_asan='^(app\.predictions|failures|experiments\.|matrix\.(brunel_tenth|microcircuit|notices)|package\.|scripts\.|tidy)'
in_tsan='^(simulation_test|example_|edges|machine_test|resume\.(plasticity|sparse_graph)$|matrix\.(rules|space|sparse_graph|plasticity)$|.*(Place|Minimise|Tables|Verify|Split)\.)'

if [[ $mode == sanitize ]]; then
    build readers -DSPIKECAST_MODELS_FROM=
    run readers "${arguments[@]}"
    build asan
    run asan -LE full -E "$not_in_asan" "${arguments[@]}"
    build tsan
    run tsan -LE full -R "$in_tsan" "${arguments[@]}"
    exit
fi

# ctest comes last, so that the last lines of a log are its summary.
build "$preset"
if [[ $preset == release && ${#arguments[@]} == 0 ]]; then
    build readers -DSPIKECAST_MODELS_FROM="$PWD/build/release"
    run readers
fi
selection=()
if [[ $mode == full ]]; then
    if [[ ${#arguments[@]} == 0 ]]; then
        build tsan
        run tsan -LE full -R "$in_tsan"
    fi
else
    selection=(-LE full)
    echo "test.sh: leaving out the long tests; scripts/test.sh --full runs them too"
fi
run "$preset" "${selection[@]}" "${arguments[@]}"
