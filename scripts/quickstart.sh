#!/usr/bin/env bash
# From a fresh Debian machine to the full-scale cortical microcircuit and its raster plot.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

usage() {
    cat <<'TEXT'
usage: scripts/quickstart.sh [--again] [--skip-setup] [-- ARGUMENTS]

Installs what is missing, builds Spikecast (build/release), runs the full-scale
microcircuit of Potjans & Diesmann (2014) on two MPI ranks and plots its spikes.
Can be run again: what is done already is skipped.

  --again        repeat the simulation although its result is there
  --skip-setup   don't look for Debian packages (you installed the equivalents)
  ARGUMENTS      passed on to spikecast run, for instance
                 -- --set simulation.duration="2 s"
TEXT
}

again=no
setup=yes
arguments=()
while (($# > 0)); do
    case "$1" in
        --again) again=yes ;;
        --skip-setup) setup=no ;;
        -h | --help) usage; exit 0 ;;
        --) shift; arguments=("$@"); break ;;
        *) echo "quickstart.sh: unknown option '$1'" >&2; usage >&2; exit 2 ;;
    esac
    shift
done

ranks=2
experiment=experiments/microcircuit_pd14.toml
program=build/release/spikecast
result=results/microcircuit.h5
report=results/microcircuit.json
plot=results/microcircuit.png
stamp=results/.microcircuit.done

step() { printf '\n== %s\n' "$*"; }

step "1/4 packages"
if [[ $setup == yes ]]; then scripts/setup.sh; else echo "skipped"; fi
for tool in cmake ninja mpirun; do
    if ! command -v "$tool" >/dev/null; then
        echo "quickstart.sh: there is no $tool on the PATH; docs/building_on_a_cluster.md says what is needed" >&2
        exit 1
    fi
done

step "2/4 build (the first time takes a few minutes)"
cmake --preset release
cmake --build --preset release --target spikecast_program

# Open MPI refuses to start as root, as in a container, unless told that it is meant.
mpirun_options=()
if ((EUID == 0)); then mpirun_options+=(--allow-run-as-root); fi

# Open MPI gives one slot to a physical core, whatever hyperthreads it has.
cores=$(nproc)
if command -v lscpu >/dev/null; then
    physical=$(lscpu -p=CORE,SOCKET 2>/dev/null | grep -v '^#' | sort -u | wc -l)
    if ((physical > 0 && physical < cores)); then cores=$physical; fi
fi
mpirun_options+=(-n "$ranks")
if ((cores < ranks)); then mpirun_options+=(--oversubscribe); fi

step "3/4 simulation: 77,169 neurons, 299 million synapses, $ranks ranks"
mkdir -p results
# The stamp is written after a complete run, and holds the arguments that it was made with.
if [[ $again == no && -f $result && -f $report && -f $stamp && $stamp -nt $program && $stamp -nt $experiment &&
      "$(cat "$stamp")" == "${arguments[*]}" ]]; then
    echo "$result is there already, newer than the program and the experiment; --again repeats the run"
else
    rm -f "$stamp"
    echo "mpirun ${mpirun_options[*]} $program run $experiment --output $result --report $report ${arguments[*]}"
    mpirun "${mpirun_options[@]}" "$program" run "$experiment" --output "$result" --report "$report" "${arguments[@]}"
    printf '%s\n' "${arguments[*]}" >"$stamp"
fi

step "4/4 plot"
# The first python3 of the PATH may be one without Debian's packages (pyenv, conda).
python=
for candidate in python3 /usr/bin/python3; do
    if "$candidate" -c 'import h5py, matplotlib, numpy' 2>/dev/null; then python=$candidate; break; fi
done
if [[ -z $python ]]; then
    echo "quickstart.sh: no python3 with h5py, matplotlib and numpy; the spikes are in $result all the same" >&2
    exit 1
fi
"$python" scripts/plot_spikes.py "$result" --output "$plot"

cat <<TEXT

Made:
  $plot    raster, rates and interval distributions
  $result     spikes, readable with h5py (docs/file_formats.md)
  $report   rates, times, memory and hashes
Try next:
  $program models iaf_psc_exp
  $program check $experiment --ranks $ranks
  scripts/reproduce.py brunel_AI --quick
  mpirun ${mpirun_options[*]} $program run experiments/brunel_2000.toml --output results/brunel.h5
TEXT
