"""libargon2 built for the processor (docs/argon2.md): the same hashes, found where `make install` puts it."""

import ctypes
import os
import pathlib
import platform
import random
import re
import shutil
import subprocess

import pytest

from support import BUILD, ROOT, SEED

NAME = "libargon2.so.1"
FAST = (ROOT / BUILD).parent / "argon2" / "glibc-hwcaps"
DEBIANS = pathlib.Path("/usr/lib") / f"{platform.machine()}-linux-gnu" / NAME

pytestmark = pytest.mark.skipif(platform.machine() != "x86_64", reason="Debian's libargon2 is all there is here")


def levels():
    """What the dynamic linker says that this processor can run, best first."""
    said = subprocess.run(["/lib64/ld-linux-x86-64.so.2", "--help"], capture_output=True, text=True, check=True)
    return re.findall(r"(x86-64-v\d) \(supported", said.stdout)


class Context(ctypes.Structure):
    _fields_ = [*((name, kind) for input in ("out", "password", "salt", "secret", "ad")
                  for name, kind in ((input, ctypes.c_char_p), (input + "_n", ctypes.c_uint32))),
                *((name, ctypes.c_uint32) for name in ("t", "m", "lanes", "threads", "version")),
                ("allocate", ctypes.c_void_p), ("free", ctypes.c_void_p), ("flags", ctypes.c_uint32)]


def argon2id(library, m, t, p, *inputs, length=32):
    out = ctypes.create_string_buffer(length)
    spans = [part for text in inputs for part in (text, len(text))]
    context = Context(ctypes.cast(out, ctypes.c_char_p), length, *spans, t, m, p, 1, 0x13)
    assert library.argon2id_ctx(ctypes.byref(context)) == 0
    return out.raw


def is_rfc9106s(library):
    out = argon2id(library, 32, 3, 4, b"\1" * 32, b"\2" * 16, b"\3" * 8, b"\4" * 12)
    return out.hex() == "0d640df58d78766c08c037a34a8b53c9d01ef0452d75b65eb52520e96b01e659"


def test_debians_build_makes_the_hashes_of_rfc_9106():
    assert is_rfc9106s(ctypes.CDLL(str(DEBIANS)))


@pytest.mark.parametrize("level", ["x86-64-v3", "x86-64-v4"])
def test_a_fast_build_makes_the_same_hashes(level):
    if not (FAST / level / NAME).exists():
        pytest.skip("not built; `make argon2` builds it")
    if level not in levels():
        pytest.skip(f"this processor is not of {level}")
    fast, plain = ctypes.CDLL(str(FAST / level / NAME)), ctypes.CDLL(str(DEBIANS))
    assert is_rfc9106s(fast)
    dice = random.Random(SEED)
    for m, t in [(19456, 2), (47104, 1), *((dice.randrange(64, 5000), dice.randrange(1, 6)) for _ in range(40))]:
        asked = (m, t, dice.randrange(1, 5), dice.randbytes(dice.randrange(200)), dice.randbytes(16),
                 dice.randbytes(32), dice.randbytes(dice.randrange(100)))
        length = dice.randrange(16, 65)
        assert argon2id(fast, *asked, length=length) == argon2id(plain, *asked, length=length), (SEED, asked)


@pytest.fixture
def installed(tmp_path):
    """Kabinet installed by itself, with a library for this processor: the fast one, or Debian's in its place."""
    best = levels()[0]
    (tmp_path / "argon2" / "glibc-hwcaps" / best).mkdir(parents=True)
    built = FAST / best / NAME
    shutil.copy(built if built.exists() else DEBIANS, tmp_path / "argon2" / "glibc-hwcaps" / best / NAME)
    build, mode = os.path.split(BUILD)
    environ = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    subprocess.run(["make", "-s", "install", f"BUILD={build}", f"MODE={mode}", f"ARGON2={tmp_path}/argon2",
                    f"DESTDIR={tmp_path}/root"], cwd=ROOT, env=environ, check=True)
    root = tmp_path / "root" / "usr"
    return root, root / "lib" / "kabinet" / "glibc-hwcaps" / best / NAME


def loaded(*command):
    """The libargon2 that the dynamic linker has started, in the program's own words."""
    said = subprocess.run(command, env={**os.environ, "LD_DEBUG": "libs"}, capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stderr[-2000:]
    [path] = set(re.findall(r"calling init: (\S+/libargon2\S+)", said.stderr))
    return pathlib.Path(path).resolve()


def test_module_and_tool_load_what_is_installed(installed, tmp_path):
    root, library = installed
    # As Debian's nginx has it: the folder that load_module looks in is a link.
    (root / "share" / "nginx").mkdir()
    (root / "share" / "nginx" / "modules").symlink_to("../../lib/nginx/modules")
    conf = tmp_path / "nginx.conf"
    conf.write_text(f"load_module {root}/share/nginx/modules/ngx_http_kabinet_module.so;\n"
                    f"pid {tmp_path}/pid; error_log stderr; events {{}}\n", encoding="utf-8")
    nginx, tool = ("/usr/sbin/nginx", "-t", "-c", conf), (root / "sbin" / "kabinetctl", "help")
    assert loaded(*nginx) == loaded(*tool) == library
    library.unlink()
    assert loaded(*nginx) == loaded(*tool) == DEBIANS.resolve()
