#!/usr/bin/env python3
"""The README's example is the program that the tests compile: the block must be the file's text, 20 lines at most."""
import pathlib
import re
import sys

root = pathlib.Path(sys.argv[1])
example = (root / "examples/embed_minimal/main.cpp").read_text(encoding="utf-8")
blocks = re.findall(r"```cpp\n(.*?)```", (root / "README.md").read_text(encoding="utf-8"), re.S)
if example not in blocks:
    sys.exit("README.md: the C++ block differs from examples/embed_minimal/main.cpp; copy the file into it")
if len(example.splitlines()) > 20:
    sys.exit(f"examples/embed_minimal/main.cpp: {len(example.splitlines())} lines; the README promises 20")
for name in re.findall(r"`((?:script|docs|demo|examples)/[\w./-]+)`|\]\(((?:docs|examples|benchmarks)/[\w./-]+|CONTRIBUTING\.md)\)",
                       (root / "README.md").read_text(encoding="utf-8")):
    path = (name[0] or name[1]).rstrip("/")
    if not (root / path).exists():
        sys.exit(f"README.md: {path} is not there")
print("README.md agrees with examples/embed_minimal/main.cpp")
