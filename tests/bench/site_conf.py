"""What the benched nginx serves: the same small file behind different guards."""

import os
import re
import subprocess

COOKIE = "__Host-kabinet_session"

# Each answers with the same file; the key of a session comes as an argument, so that Lua need not
# hash the cookie as the module does: it is spared that work.
GUARDS = {
    "plain": "",
    "kabinet": "kabinet_protect on;",
    "lua-noop": "access_by_lua_block { return }",
    "lua-dict": """access_by_lua_block {
            local cookie = ngx.var["cookie_%s"]
            local iin = cookie and ngx.shared.sessions:get(cookie)
            if not iin then return ngx.exit(401) end
            ngx.ctx.iin = iin
        }""" % COOKIE,
    "lua-redis": """access_by_lua_block {
            local name = "kabinet:{" .. (ngx.var.arg_k or "") .. "}:"
            local red = require("nginx.redis"):new()
            red:set_timeout(1000)
            if not red:connect("unix:%s") then return ngx.exit(503) end
            local got = red:mget(name .. "s", name .. "i")
            red:set_keepalive(60000, 64)
            if not got or got[1] == ngx.null or got[2] == ngx.null then return ngx.exit(401) end
            ngx.ctx.session = got[1]
        }""",
}


def locations(www, redis_socket, lua=True):
    """For the server: /plain-guard/, /kabinet-guard/ … all on one folder of files."""
    found = []
    for name, guard in GUARDS.items():
        if name.startswith("lua") and not lua:
            continue
        if name == "lua-redis":
            guard = guard % redis_socket
        found.append(f"""
        location /{name}-guard/ {{
            access_log off;
            alias {www}/;
            {guard}
        }}""")
    return "".join(found)


def lua_modules():
    said = subprocess.run(["nginx", "-V"], capture_output=True, text=True, check=True).stderr
    folder = re.search(r"--modules-path=(\S+)", said)[1]
    return "".join(f"load_module {folder}/{name}_module.so;\n" for name in ("ndk_http", "ngx_http_lua"))


LUA_HTTP = """
    lua_load_resty_core off;
    lua_shared_dict sessions 32m;"""

# Cookies, a line each, go into the shared dictionary.
FILL = """
        location = /fill {
            access_log off;
            content_by_lua_block {
                ngx.req.read_body()
                for cookie in ngx.req.get_body_data():gmatch("%S+") do
                    ngx.shared.sessions:set(cookie, "880314493312")
                end
            }
            client_max_body_size 4m;
            client_body_buffer_size 4m;
        }"""


def write_files(folder):
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "file.html"), "w", encoding="utf-8") as file:
        file.write("<!doctype html><title>Kabinet</title>\n" + "0123456789abcdef\n" * 60)
    for path in (folder, os.path.join(folder, "file.html")):
        os.chmod(path, 0o755)
