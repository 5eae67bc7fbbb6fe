"""What a stack's servers read: kabinet.conf after the annotated one, and an nginx.conf around it."""

import os
import re
import shutil

from process import LOCALHOST

REPO = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SERVERS_USER = "postgres"
BRANDS = os.path.join(REPO, "conf", "brands")


def directives(text):
    """nginx's directives without blocks: [(name, the whole text without ';')]."""
    found = []
    tokens = re.findall(r"""\#[^\n]*|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|;|[^\s;]+""", text)
    words = []
    for token in tokens:
        if token.startswith("#"):
            continue
        if token == ";":
            if words:
                found.append((words[0], " ".join(words)))
            words = []
        else:
            words.append(token)
    return found


def portal_socket(stack):
    return os.path.join(stack.sockets, "portal.sock")


def _portal(stack):
    """The demonstration portal's pages, where nginx's workers can read them."""
    pages = os.path.join(REPO, "conf", "demo-portal")
    if stack.reachable(pages) or not os.path.isdir(pages):
        return pages
    shutil.copytree(pages, stack.in_data("portal"), dirs_exist_ok=True)
    return stack.in_data("portal")


def _here(stack, name, words):
    """A directive of conf/kabinet.conf for this folder, or None to leave it out."""
    whole = {
        "kabinet_database": f'kabinet_database "{stack.pg}"',
        "kabinet_redis": f"kabinet_redis unix:{stack.redis_socket}",
        "kabinet_keyring": f"kabinet_keyring {stack.keyring}",
        "kabinet_password_hash": f"kabinet_password_hash argon2id {stack.hash}",
        "kabinet_origin": None,  # without it: this machine itself
    }
    if name in whole:
        return whole[name]
    words = re.sub(r"[^\s\"=]*/agreements/", os.path.join(REPO, "conf", "agreements") + "/", words)
    words = re.sub(r"breach_list=[^\s\"]+", f"breach_list={stack.build}/breached.kbf", words)
    if name in ("kabinet_push", "kabinet_sms", "kabinet_bmg"):
        words = re.sub(r"https?://[^\s\"/]+", stack.sandbox_url, words)
        words = re.sub(r"token(_file)?=[^\s\"]+",
                       lambda found: f"token{found[1] or ''}={_token(stack)}", words)
    return words


def _token(stack):
    path = stack.in_run("provider-token")
    if not os.path.exists(path):
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w",
                  encoding="utf-8") as file:
            file.write("sandbox\n")
    return path


def write(stack, processes=True):
    """Without processes nginx is one, which watches itself: for those who look into it."""
    with open(os.path.join(REPO, "conf", "kabinet.conf"), encoding="utf-8") as file:
        base = directives(file.read())
    extra = {name for name, _ in directives(stack.conf_extra)}
    lines = [_here(stack, name, words) for name, words in base if name not in extra]
    kabinet = "".join(line + ";\n" for line in lines if line) + stack.conf_extra + "\n"
    _put(stack.conf_path, kabinet)
    _put(stack.nginx_conf, _nginx_conf(stack, processes))


def _put(path, text):
    with open(path + ".part", "w", encoding="utf-8") as file:
        file.write(text)
    os.rename(path + ".part", path)


def brands():
    return sorted(os.listdir(BRANDS))


def brand_host(name):
    """A host of its own on the same port: browsers take every name of .localhost for this machine."""
    return f"{name}.localhost"


def _brand(name):
    return f"server_name {brand_host(name)};\n        kabinet_brand {name} dir={BRANDS};"


def _server(stack, extra):
    return f"""
    server {{
        listen {LOCALHOST}:{stack.port};
        {extra}

        location /kabinet/ {{
            kabinet_gateway web={REPO}/web;
            gzip on;
            gzip_vary on;
            gzip_types text/css text/javascript application/json image/svg+xml;
        }}
        location / {{
            kabinet_protect on;
            proxy_pass http://unix:{portal_socket(stack)}:/;
            proxy_set_header Host $http_host;
            proxy_set_header Portal-IIN $kabinet_iin;
            proxy_set_header Portal-Account $kabinet_account;
            proxy_set_header Portal-Session $kabinet_session;
            proxy_set_header Portal-Auth-Time $kabinet_auth_time;
        }}
        location = /health {{
            kabinet_health;
        }}
        location = /metrics {{
            kabinet_metrics;
        }}
    }}"""


def _nginx_conf(stack, processes):
    user = f"user {SERVERS_USER};" if stack.as_user else ""
    stack.own(stack.in_data("tmp"))
    temps = "\n".join(f"    {name}_temp_path {stack.in_data('tmp', name)};" for name in
                      ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    return f"""# Written by tools/run at every start.
load_module {stack.build}/ngx_http_kabinet_module.so;
{stack.main_extra}
{user}
daemon off;
master_process {"on" if processes else "off"};
pid {stack.in_run("nginx.pid")};
lock_file {stack.in_run("nginx.lock")};
error_log {stack.log("error")} notice;
worker_processes {stack.workers};
worker_shutdown_timeout 10s;
events {{
    worker_connections 1024;
}}
http {{
    include /etc/nginx/mime.types;
    charset utf-8;
    server_tokens off;
    access_log {stack.log("access")};
{temps}

    include {stack.conf_path};
    {stack.http_extra}

{_server(stack, stack.server_extra)}
{"".join(_server(stack, _brand(name)) for name in brands())}
    # The portal that is guarded: it believes the headers, and only nginx reaches its socket. It
    # lives in this same nginx, which drops X-Kabinet-* from every request, so they have other names.
    map $http_portal_iin $portal_iin {{
        default "";
        "~^([0-9][0-9])[0-9]+([0-9][0-9])$" "$1********$2";
    }}
    server {{
        listen unix:{portal_socket(stack)};
        root {_portal(stack)};
        index index.html;
        ssi on;
        set $portal_account $http_portal_account;
        set $portal_session $http_portal_session;
        set $portal_auth_time $http_portal_auth_time;
    }}
}}
"""
