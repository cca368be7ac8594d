#!/usr/bin/env bash
# Installs what Spikecast is built and run with, from Debian's packages: only those that are missing.
set -euo pipefail

usage() {
    cat <<'TEXT'
usage: scripts/setup.sh [--check | --list]

Installs the Debian packages that Spikecast needs and that are missing, as root
or through sudo. Safe to run again: with nothing missing it changes nothing.

  --check   install nothing; name what is missing, exit code 1 if anything is
  --list    print the names of all packages needed
TEXT
}

packages=(
    g++ cmake ninja-build pkg-config                # compiler and build
    openmpi-bin libopenmpi-dev libhdf5-openmpi-dev  # MPI and the parallel build of HDF5
    libboost-serialization-dev libtomlplusplus-dev librandom123-dev libcli11-dev
    libfmt-dev libspdlog-dev nlohmann-json3-dev
    libzip-dev zlib1g-dev                           # NPZ arrays and compressed IDX files
    libgtest-dev libgmock-dev libbenchmark-dev      # tests and benchmarks
    valgrind                                        # counts of instructions, checked by the tests
    python3-h5py python3-matplotlib python3-numpy   # plots and comparisons
    clang-format-14 clang-tidy-14                   # scripts/format.sh and scripts/tidy.py, checked by the tests
)

mode=install
case "${1:-}" in
    "") ;;
    --check) mode=check ;;
    --list) printf '%s\n' "${packages[@]}"; exit 0 ;;
    -h | --help) usage; exit 0 ;;
    *) echo "setup.sh: unknown option '$1'" >&2; usage >&2; exit 2 ;;
esac

if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
    {
        echo "setup.sh: this is not Debian or a relative of it: there is no dpkg or no apt-get."
        echo "Install the equivalents of these packages by hand, then add --skip-setup to quickstart.sh or test.sh:"
        echo "  ${packages[*]}"
        echo "docs/building_on_a_cluster.md shows a build with plain CMake, without root."
    } >&2
    exit 1
fi

missing=()
for package in "${packages[@]}"; do
    # "ii " is installed and configured; a removed package with configuration left over is "rc ".
    status=$(dpkg-query -W -f='${db:Status-Abbrev}\n' "$package" 2>/dev/null || true)
    grep -q '^.i' <<<"$status" || missing+=("$package")
done

if ((${#missing[@]} == 0)); then
    echo "setup: all ${#packages[@]} packages are installed already"
    exit 0
fi
echo "setup: ${#missing[@]} of ${#packages[@]} packages are missing: ${missing[*]}"
[[ $mode == check ]] && exit 1

as_root=()
if ((EUID != 0)); then
    if ! command -v sudo >/dev/null; then
        {
            echo "setup.sh: installing packages needs root, and there is no sudo. Ask an administrator for"
            echo "  apt-get install --no-install-recommends ${missing[*]}"
            echo "or build without root against libraries you have: docs/building_on_a_cluster.md"
        } >&2
        exit 1
    fi
    as_root=(sudo)
    echo "setup: sudo may ask for your password"
fi

update() {
    echo "setup: apt-get update"
    "${as_root[@]}" apt-get update -qq
}
install() {
    echo "setup: apt-get install --no-install-recommends ${missing[*]}"
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}"
}

updated=no
for package in "${missing[@]}"; do
    # A fresh image has no package lists at all: nothing has a candidate.
    if ! apt-cache policy "$package" 2>/dev/null | grep -q '^  Candidate: [^(]'; then
        update
        updated=yes
        break
    fi
done
if ! install; then
    if [[ $updated == yes ]]; then
        echo "setup.sh: apt-get could not install the packages; its message above says why" >&2
        exit 1
    fi
    # Old lists name versions that the archive no longer has.
    update
    if ! install; then
        echo "setup.sh: apt-get could not install the packages; its message above says why" >&2
        exit 1
    fi
fi
echo "setup: done"
