"""What the benched nginx serves: the same small file behind different guards."""

import base64
import hashlib
import os
import re
import subprocess

COOKIE = "__Host-kabinet_session"
USER, PASSWORD = "bench", "Kabinet!Bench2026"
BASIC = "Authorization: Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()

# What is in Redis of a session, over connections that are kept, one for each request under way.
ASK_REDIS = """
            local function ask()
                local name = "kabinet:{" .. (ngx.var.arg_k or "") .. "}:"
                local red = require("nginx.redis"):new()
                red:set_timeout(1000)
                if not red:connect("unix:%s") then return nil end
                local got = red:mget(name .. "s", name .. "i")
                red:set_keepalive(60000, 256)
                if not got or got[1] == ngx.null or got[2] == ngx.null then return nil end
                return got[1]
            end"""

# Each answers with the same file; the key of a session comes as an argument, so that Lua need not
# hash the cookie as the module does: it is spared that work. {SHA} is the cheapest hash that a
# password file may hold: each of apr1's thousand rounds would be counted against auth_basic.
GUARDS = {
    "plain": "",
    "basic": """auth_basic bench;
            auth_basic_user_file %(www)s.htpasswd;""",
    "request": "auth_request /return-200;",
    "kabinet": "kabinet_protect on;",
    "lua-noop": "access_by_lua_block { return }",
    "lua-redis": "access_by_lua_block {%(ask)s\n"
                 "            ngx.ctx.session = ask() or ngx.exit(401)\n        }",
    "lua-dict": """access_by_lua_block {%(ask)s
            local cookie, sessions = ngx.var["cookie_%(cookie)s"] or "", ngx.shared.sessions
            local session = sessions:get(cookie)
            if not session then
                session = ask() or ngx.exit(401)
                sessions:set(cookie, session, 60)
            end
            ngx.ctx.session = session
        }""",
}

RETURN_200 = """
        keepalive_requests 100000000;
        location = /return-200 {
            internal;
            access_log off;
            return 200;
        }"""


def locations(www, redis_socket, lua=True):
    """For the server: /guard-plain/, /guard-kabinet/ … all on one folder of files."""
    words = {"www": www, "ask": ASK_REDIS % redis_socket, "cookie": COOKIE}
    found = [RETURN_200]
    for name, guard in GUARDS.items():
        if name.startswith("lua") and not lua:
            continue
        found.append(f"""
        location /guard-{name}/ {{
            access_log off;
            alias {www}/;
            {guard % words}
        }}""")
    return "".join(found)


def http2(port):
    """A second door: HTTP/2 from the first byte, without TLS."""
    return f"\n        listen 127.0.0.1:{port} http2;"


def lua_modules():
    said = subprocess.run(["nginx", "-V"], capture_output=True, text=True, check=True).stderr
    folder = re.search(r"--modules-path=(\S+)", said)[1]
    return "".join(f"load_module {folder}/{name}_module.so;\n" for name in ("ndk_http", "ngx_http_lua"))


LUA_HTTP = """
    lua_load_resty_core off;
    lua_shared_dict sessions 32m;"""


def write_files(folder):
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "file.html"), "w", encoding="utf-8") as file:
        file.write("<!doctype html><title>Kabinet</title>\n" + "0123456789abcdef\n" * 60)
    with open(folder + ".htpasswd", "w", encoding="utf-8") as file:
        file.write(f"{USER}:{{SHA}}{base64.b64encode(hashlib.sha1(PASSWORD.encode()).digest()).decode()}\n")
    for path in (folder, os.path.join(folder, "file.html"), folder + ".htpasswd"):
        os.chmod(path, 0o755)
