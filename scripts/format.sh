#!/usr/bin/env bash
# Formats the C++ sources with the pinned clang-format, or checks that they are formatted.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

pinned=14 # Debian 12's; other versions format differently

usage() {
    cat <<'TEXT'
usage: scripts/format.sh [--check] [FILE...]

Formats all C++ files under version control (or the ones given) in place, with
clang-format 14.

  --check   change nothing; name the files that would change, exit code 1 if any
TEXT
}

check=no
case "${1:-}" in
    --check) check=yes; shift ;;
    -h | --help) usage; exit 0 ;;
    -*) echo "format.sh: unknown option '$1'" >&2; usage >&2; exit 2 ;;
esac

tool=$(command -v "clang-format-$pinned" || command -v clang-format || true)
if [[ -z $tool ]]; then
    echo "format.sh: there is no clang-format; on Debian: apt-get install clang-format-$pinned" >&2
    exit 2
fi
if ! "$tool" --version | grep -q "version $pinned\."; then
    echo "format.sh: version $pinned is pinned, but $tool is $("$tool" --version)" >&2
    exit 2
fi

files=("$@")
if ((${#files[@]} == 0)); then mapfile -t files < <(git ls-files '*.cpp' '*.hpp'); fi
if ((${#files[@]} == 0)); then echo "format.sh: there are no C++ files"; exit 0; fi

if [[ $check == no ]]; then
    "$tool" -i "${files[@]}"
    echo "formatted ${#files[@]} files"
    exit 0
fi
differing=()
for file in "${files[@]}"; do
    "$tool" --dry-run -Werror "$file" >/dev/null 2>&1 || differing+=("$file")
done
if ((${#differing[@]} > 0)); then
    printf '%s\n' "${differing[@]}"
    echo "${#differing[@]} of ${#files[@]} files are not formatted; scripts/format.sh mends them" >&2
    exit 1
fi
echo "all ${#files[@]} files are formatted"
