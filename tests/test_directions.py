"""Dependency directions of the house, read from the #include lines.

base ← identity ← store ← cabinet ← engine ← flow ← api, provider ← flow, config beside engine;
only store/ includes libpq and hiredis, only provider/ curl, only ngx_module/ nginx; the module
includes nothing of the core but kabinet.h.
"""
import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent
CORE = ROOT / "core"

# room → rooms it may include
ROOMS = {
    "base": {"base"},
    "identity": {"base", "identity"},
    "store": {"base", "identity", "store"},
    "cabinet": {"base", "identity", "store", "cabinet"},
    "engine": {"base", "identity", "store", "cabinet", "engine"},
    "config": {"base", "identity", "cabinet", "engine", "config"},
    "provider": {"base", "identity", "provider"},
    "flow": {"base", "identity", "store", "cabinet", "engine", "provider", "flow"},
    "api": {"base", "identity", "store", "cabinet", "engine", "provider", "flow", "api"},
}
# The face: types that every room from cabinet on may name.
FACE = {"cabinet", "engine", "config", "flow", "api"}
FOREIGN = {
    r"libpq|postgres": {"store"},
    r"hiredis": {"store"},
    r"curl/": {"provider"},
    r"ngx_": set(),
}
INCLUDE = re.compile(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]', re.M)


def complaints(room, text):
    """What is wrong with the includes of a file of this room of the core."""
    found = []
    for name in INCLUDE.findall(text):
        head = name.split("/")[0]
        if name == "kabinet.h":
            if room not in FACE:
                found.append(f"{room} may not include kabinet.h")
        elif head in ROOMS and head not in ROOMS[room]:
            found.append(f"{room} may not include {name}")
        for pattern, rooms in FOREIGN.items():
            if re.match(pattern, name) and room not in rooms:
                found.append(f"{room} may not include {name}")
    return found


def module_complaints(text):
    return [
        f"ngx_module may not include {name}"
        for name in INCLUDE.findall(text)
        if (name.split("/")[0] in ROOMS or re.match(r"libpq|curl/|jansson|argon2", name))
    ]


@pytest.mark.parametrize("room", sorted(ROOMS))
def test_rooms_of_the_core(room):
    found = [
        f"{path.relative_to(ROOT)}: {words}"
        for path in sorted((CORE / room).rglob("*.[ch]"))
        for words in complaints(room, path.read_text())
    ]
    assert not found, "\n".join(found)


def test_the_module_knows_only_the_face():
    found = [
        f"{path.name}: {words}"
        for path in sorted((ROOT / "ngx_module").rglob("*.[ch]"))
        for words in module_complaints(path.read_text())
    ]
    assert not found, "\n".join(found)


def test_every_room_is_known():
    rooms = {p.name for p in CORE.iterdir() if p.is_dir() and any(p.glob("*.[ch]"))}
    assert rooms <= set(ROOMS)


@pytest.mark.parametrize(
    "room,line",
    [
        ("base", '#include "identity/iin.h"'),
        ("identity", '#include "store/pg.h"'),
        ("cabinet", '#include "engine/call.h"'),
        ("engine", '#include "flow/flows.h"'),
        ("flow", '#include "api/routes.h"'),
        ("cabinet", "#include <libpq-fe.h>"),
        ("engine", "#include <hiredis/hiredis.h>"),
        ("flow", "#  include <curl/curl.h>"),
        ("api", "#include <ngx_core.h>"),
        ("store", '#include "kabinet.h"'),
    ],
)
def test_a_wrong_include_is_found(room, line):
    assert complaints(room, line)


def test_a_wrong_include_of_the_module_is_found():
    assert module_complaints('#include "engine/call.h"')
