#!/usr/bin/python3
"""Checks all C++ sources with the pinned clang-tidy, on all cores; .clang-tidy says which checks, and why.

    scripts/tidy.py [--build DIR] [--jobs N] [--fresh] [--under FOLDER]... [FILE...]

Without FILEs: every file that the build compiles (below one of the FOLDERs, where any is named), generated ones
included, and with them every header. The build folder
must have been configured (it holds compile_commands.json), and built once where there are generated sources.

A file that passed isn't checked again until it, a header of ours that it includes, its command line, a .clang-tidy or
the version of clang-tidy changes: DIR/tidy holds an empty file for each that passed, named by the hash of all that.

Exit code: 0 nothing found, 1 findings, 2 bad arguments, 3 no clang-tidy of the pinned version.
"""
import argparse
import concurrent.futures
import hashlib
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import time

PINNED = "14"  # Debian 12's; other versions find other things
ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
INCLUDE = re.compile(rb'^\s*#\s*include\s*"([^"]+)"', re.MULTILINE)


def tool():
    """The command and its version text, or None."""
    for name in (f"clang-tidy-{PINNED}", "clang-tidy"):
        if shutil.which(name):
            text = subprocess.run([name, "--version"], capture_output=True, text=True, check=True).stdout
            if re.search(rf"version {PINNED}\.", text):
                return name, text
    return None


def commands(build):
    """{file: its compiler arguments}, one entry a file: the first, which is that of the library or program where tests
    compile it again. Warnings are the compiler's business."""
    with open(os.path.join(build, "compile_commands.json"), encoding="utf-8") as file:
        entries = json.load(file)
    found = {}
    for entry in entries:
        words = entry.get("arguments") or shlex.split(entry["command"])
        kept, skip = [], True  # the compiler itself, and before it a launcher
        for i, word in enumerate(words):
            if skip and not word.startswith("-"):
                continue
            skip = word in ("-o", "-c", "-include")  # the last: headers compiled before, in another compiler's form
            if not skip and not re.match(r"-W(?!,)", word):
                kept.append(word)
        found.setdefault(os.path.realpath(os.path.join(entry["directory"], entry["file"])), (entry["directory"], kept))
    return found


class Hashes:
    """Content hashes of sources with everything of ours that they include: quoted includes, looked for beside the
    including file and in the -I folders. Conditions aren't evaluated, so that it is rather too much than too little."""

    def __init__(self):
        self.read_ = {}

    def read(self, path):
        if path not in self.read_:
            with open(path, "rb") as file:
                content = file.read()
            self.read_[path] = (hashlib.sha256(content).digest(), [i.decode() for i in INCLUDE.findall(content)])
        return self.read_[path]

    def of(self, path, folders):
        seen, todo = set(), [path]
        while todo:
            current = todo.pop()
            if current in seen:
                continue
            seen.add(current)
            for include in self.read(current)[1]:
                for folder in [os.path.dirname(current), *folders]:
                    candidate = os.path.realpath(os.path.join(folder, include))
                    if os.path.isfile(candidate):
                        todo.append(candidate)
                        break
        total = hashlib.sha256()
        for each in sorted(seen):
            total.update(each.encode() + b"\0" + self.read(each)[0])
        return total


def configurations(path):
    """The .clang-tidy files that hold for a source, as bytes."""
    content = b""
    folder = os.path.dirname(path) if path.startswith(ROOT + os.sep) else ROOT
    while folder.startswith(ROOT):
        candidate = os.path.join(folder, ".clang-tidy")
        if os.path.isfile(candidate):
            with open(candidate, "rb") as file:
                content += file.read() + b"\0"
        folder = os.path.dirname(folder)
    return content


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*", metavar="FILE")
    parser.add_argument("--build", default=os.path.join(ROOT, "build", "release"), metavar="DIR",
                        help="build folder, build/release by default")
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)), metavar="N", help="all cores by default")
    parser.add_argument("--under", action="append", default=[], metavar="FOLDER",
                        help="only files below this folder of the sources; may be given several times")
    parser.add_argument("--fresh", action="store_true", help="check again what passed before")
    arguments = parser.parse_args()
    found = tool()
    if found is None:
        print(f"tidy.py: there is no clang-tidy {PINNED}; on Debian: apt-get install clang-tidy-{PINNED}", file=sys.stderr)
        return 3
    name, version = found
    if not os.path.isfile(os.path.join(arguments.build, "compile_commands.json")):
        print(f"tidy.py: {arguments.build} holds no compile_commands.json; run cmake --preset release first, or name a "
              "build folder with --build", file=sys.stderr)
        return 2
    known = commands(arguments.build)
    wanted = [os.path.realpath(file) for file in arguments.files] or sorted(known)
    if arguments.under:
        folders = tuple(os.path.join(ROOT, folder) + os.sep for folder in arguments.under)
        wanted = [file for file in wanted if file.startswith(folders)]
    for file in wanted:
        if file not in known:
            print(f"tidy.py: {file} isn't compiled in {arguments.build}; name .cpp files of the build", file=sys.stderr)
            return 2

    passed_folder = os.path.join(arguments.build, "tidy")
    os.makedirs(passed_folder, exist_ok=True)
    hashes, jobs, current = Hashes(), [], set()
    for file in wanted:
        directory, flags = known[file]
        folders = [os.path.join(directory, flag[2:]) for flag in flags if flag.startswith("-I")]
        total = hashes.of(file, folders)
        total.update(" ".join([version, directory, *flags]).encode() + configurations(file))
        stamp = os.path.join(passed_folder, total.hexdigest())
        current.add(os.path.basename(stamp))
        if arguments.fresh or not os.path.isfile(stamp):
            jobs.append((file, directory, flags, stamp))
    jobs.sort(key=lambda job: -os.path.getsize(job[0]))  # the longest first

    def check(job):
        file, directory, flags, stamp = job
        begin = time.monotonic()
        # The configuration of generated files, which lie outside of the folders that have one, is the main one.
        config = [] if file.startswith(ROOT + os.sep) else [f"--config-file={ROOT}/.clang-tidy"]
        done = subprocess.run([name, "--quiet", *config, file, "--", *flags], cwd=directory, capture_output=True, text=True)
        if done.returncode == 0:
            open(stamp, "w", encoding="utf-8").close()
        return file, done.returncode, done.stdout + (done.stderr if done.returncode else ""), time.monotonic() - begin

    begin, failed = time.monotonic(), 0
    print(f"{len(wanted)} files, {len(wanted) - len(jobs)} of them passed before; {arguments.jobs} at a time", flush=True)
    with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
        for job in concurrent.futures.as_completed([pool.submit(check, job) for job in jobs]):
            file, code, text, seconds = job.result()
            if code != 0:
                failed += 1
                print(f"{os.path.relpath(file, ROOT)} ({seconds:.0f} s):\n{text}", flush=True)
    if not arguments.files and not arguments.under:  # what no present file stands for
        for old in set(os.listdir(passed_folder)) - current:
            os.remove(os.path.join(passed_folder, old))
    print(f"{failed} of {len(wanted)} files have findings; {time.monotonic() - begin:.0f} s")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
