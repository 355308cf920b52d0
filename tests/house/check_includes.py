#!/usr/bin/env python3
"""A file's path tells what it may include. Prints FILE:LINE for every include that the table does not allow.

The table is docs/architecture.md's, in code. Exit status 1 if anything is wrong.
"""
import pathlib
import re
import sys

STANDARD = re.compile(r"^[a-z_0-9]+$")  # <vector>, <cstdint>: no slash, no extension
POSIX = re.compile(r"^(sys/|netinet/|arpa/)?[a-z_0-9]+\.h$")
LIBRARIES = {
    "json": re.compile(r"^boost/json"),
    "url": re.compile(r"^boost/url"),
    "beast": re.compile(r"^boost/beast"),
    "asio": re.compile(r"^boost/asio"),
    "boost": re.compile(r"^boost/"),
    "math": re.compile(r"^boost/math"),
    "program_options": re.compile(r"^boost/program_options"),
    "expat": re.compile(r"^expat\.h$"),
    "zlib": re.compile(r"^zlib\.h$"),
    "zstd": re.compile(r"^zstd(_errors)?\.h$"),
    "archive": re.compile(r"^archive(_entry)?\.h$"),
    "sqlite3": re.compile(r"^sqlite3\.h$"),
    "gtest": re.compile(r"^g(test|mock)/"),
    "pqxx": re.compile(r"^pqxx"),
    "hiredis": re.compile(r"^hiredis"),
    "posix": POSIX,
}
CLIENT_LIBRARIES = [name for name in LIBRARIES if name != "posix"]

# (path prefix, libraries, own folders): the first prefix that fits decides. Own folders are those that may stand in
# #include "…" besides resultsdb/ and the file's own folder.
RULES = [
    ("include/resultsdb/testing", ["gtest"], []),
    ("include/", [], []),
    ("src/domain", [], []),
    ("src/engine", ["json", "posix"], ["domain"]),
    ("src/aggregate/statistics.cpp", ["math"], ["domain"]),
    ("src/aggregate", ["json"], ["domain"]),
    ("src/repository", ["json", "posix"], ["domain"]),
    ("src/formats", ["json", "expat", "zlib", "zstd", "archive"], ["domain"]),
    ("src/model", ["json"], ["domain", "engine", "aggregate", "repository", "formats"]),
    ("backends/memory", [], []),
    ("backends/sqlite", ["sqlite3", "posix"], ["sql"]),
    ("backends/postgres/session.cpp", ["pqxx"], []),
    ("backends/postgres", [], ["sql"]),
    ("backends/redis/connection.cpp", ["hiredis", "posix"], []),
    ("backends/redis", [], []),
    ("backends/sql", [], []),
    ("src/http/body_file.cpp", ["posix"], []),
    ("src/http/server.cpp", ["boost", "zlib", "zstd", "posix"], []),
    ("src/http", ["json", "url", "zlib", "zstd"], []),
    ("src/compat/webkit/zip.cpp", ["zlib"], []),
    ("src/compat/webkit", ["json", "url"], []),
    ("examples/", ["json", "program_options", "gtest", "posix"], []),
]
FORBIDDEN_PUBLIC = [("src/compat/", "resultsdb/storage/")]
INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]')


def problem(path, rule, opening, name):
    prefix, libraries, folders = rule
    for start, public in FORBIDDEN_PUBLIC:
        if path.startswith(start) and name.startswith(public):
            return f"{start} may not include {public}"
    if name.startswith("resultsdb/"):
        return None if opening == '"' else 'write own headers in quotes'
    if opening == '"':
        own = pathlib.PurePosixPath(path).parent.name
        first = name.split("/")[0]
        if "/" not in name or first in folders + [own, "embedded"]:
            return None
        return f"{prefix} may not include {first}/"
    if STANDARD.match(name):
        return None
    if any(LIBRARIES[library].match(name) for library in libraries):
        return None
    return f"{prefix} may not include <{name}>"


def check(root):
    count = wrong = 0
    for folder in ("include", "src", "backends", "examples"):
        for file in sorted((root / folder).rglob("*")):
            if file.suffix not in (".hpp", ".cpp"):
                continue
            path = file.relative_to(root).as_posix()
            count += 1
            rule = next((r for r in RULES if path.startswith(r[0])), None)
            if rule is None:
                print(f"{path}:1: no rule for this folder: add one to {pathlib.Path(__file__).name}")
                wrong += 1
                continue
            for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
                found = INCLUDE.match(line)
                text = found and problem(path, rule, *found.groups())
                if text:
                    print(f"{path}:{number}: {text}")
                    wrong += 1
    print(f"{count} files, {wrong} wrong includes")
    return wrong


def self_test():
    """The check itself must fail where it should."""
    cases = [
        ("src/domain/x.cpp", '"', "engine/x.hpp"),
        ("src/engine/x.cpp", '"', "formats/x.hpp"),
        ("src/compat/webkit/x.cpp", '"', "resultsdb/storage/storage.hpp"),
        ("src/http/native.cpp", "<", "boost/beast.hpp"),
        ("include/resultsdb/x.hpp", "<", "boost/json.hpp"),
        ("backends/memory/x.cpp", "<", "sqlite3.h"),
        ("examples/cli/x.cpp", '"', "engine/x.hpp"),
    ]
    for path, opening, name in cases:
        rule = next(r for r in RULES if path.startswith(r[0]))
        assert problem(path, rule, opening, name), (path, name)


if __name__ == "__main__":
    self_test()
    sys.exit(1 if check(pathlib.Path(sys.argv[1])) else 0)
