#!/usr/bin/python3
"""tidy_test.py TIDY_PY: a small project with a fault in a source, then in a header: both are found; what passed is
remembered, and forgotten when a header changes."""
import json
import os
import shutil
import subprocess
import sys
import tempfile

HEADER = """#pragma once
#include <string>
#include <utility>
inline std::string twice(const std::string& s) {
    std::string t = s;
    %s
}
"""
GOOD, BAD = "t += s;\n    return t;", "const std::string u = std::move(t);\n    return t + u;"  # t was moved from


def main():
    source = os.path.dirname(os.path.dirname(os.path.abspath(sys.argv[1])))
    with tempfile.TemporaryDirectory() as folder:
        root = os.path.join(os.path.realpath(folder), "project")
        for name in ("scripts", "engine", "build"):
            os.makedirs(os.path.join(root, name))
        shutil.copy(sys.argv[1], os.path.join(root, "scripts"))
        shutil.copy(os.path.join(source, ".clang-tidy"), root)

        def write(name, text):
            with open(os.path.join(root, "engine", name), "w", encoding="utf-8") as file:
                file.write(text)

        def run():
            done = subprocess.run([sys.executable, os.path.join(root, "scripts", "tidy.py"), "--build",
                                   os.path.join(root, "build")], capture_output=True, text=True)
            if done.returncode == 3:
                print(done.stderr)
                sys.exit(3)
            return done.returncode, done.stdout + done.stderr

        def expect(what, code, *parts):
            found, text = run()
            if found != code or not all(part in text for part in parts):
                sys.exit(f"FAIL {what}: exit code {found} instead of {code}, or {parts} not all in:\n{text}")

        write("a.cpp", '#include "engine/a.hpp"\nstd::string four(const std::string& s) {\n    return twice(twice(s));\n}\n')
        write("b.cpp", "int unity() {\n    return 1;\n}\n")
        with open(os.path.join(root, "build", "compile_commands.json"), "w", encoding="utf-8") as file:
            json.dump([{"directory": os.path.join(root, "build"), "file": f"../engine/{name}.cpp",
                        "command": f"g++ -I{root} -Wall -Wno-maybe-uninitialized -Werror -std=c++20 -o {name}.o -c "
                                   f"../engine/{name}.cpp"} for name in "ab"], file)
        write("a.hpp", HEADER % GOOD)
        expect("no fault", 0, "2 files, 0 of them passed before", "0 of 2 files have findings")
        expect("again", 0, "2 files, 2 of them passed before")
        write("a.hpp", HEADER % BAD)
        expect("a fault in a header", 1, "2 files, 1 of them passed before", "a.hpp:7", "bugprone-use-after-move")
        expect("it is said again", 1, "a.hpp:7")
        write("a.hpp", HEADER % GOOD)
        write("b.cpp", "int unity() {\n    int* p = nullptr;\n    return *p;\n}\n")
        expect("a fault in a source", 1, "b.cpp:3", "core.NullDereference", "1 of 2 files have findings")
    print("faults are found, and what passed is remembered")


if __name__ == "__main__":
    main()
