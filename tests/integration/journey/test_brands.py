"""kabinet_brand: five looks from one nginx, and what is wrong in a brand is named when nginx starts."""

import json
import re
import shutil

import conf
import pytest
import yaml

from support import ROOT, Browser
from test_nginx_config import refused
from test_openapi import fits

BRANDS = ROOT / "conf" / "brands"
NAMES = ("azamat", "indigo", "malahit", "mindal", "sakura")
CSS = (ROOT / "web" / "assets" / "kabinet.css").read_text(encoding="utf-8")


@pytest.fixture
def still(stack):
    """Everything but nginx runs."""
    stack.stop_nginx("term")
    return stack


@pytest.fixture
def brand(tmp_path):
    """A copy of a brand, to be spoiled; the data and a way to write them."""
    shutil.copytree(BRANDS / "indigo", tmp_path / "own")
    path = tmp_path / "own" / "brand.json"
    data = json.loads(path.read_text(encoding="utf-8"))

    def write():
        path.write_text(json.dumps(data, ensure_ascii=False), encoding="utf-8")
    return tmp_path, data, write


def server(folder, name="own"):
    return f"kabinet_brand {name} dir={folder};"


def ask(gateway, name, path):
    host = conf.brand_host(name) if name else "127.0.0.1"
    return gateway.browser().get(path, headers={"Host": f"{host}:{gateway.port}"})


def test_each_server_has_its_own(gateway):
    assert tuple(conf.brands()) == NAMES
    for name in NAMES:
        data = json.loads((BRANDS / name / "brand.json").read_text(encoding="utf-8"))
        page = ask(gateway, name, "/kabinet/login").body.decode()
        assert f'<strong class="brand-name">{data["name"]}</strong>' in page
        assert f'<meta name="application-name" content="{data["name"]}">' in page
        assert page.index("kabinet.css") < page.index("brand.css")
        assert f'content="{data["colours"]["light"]["brand"]}"' in page
        assert data["links"][0]["url"] in page and "<!--brand" not in page
        sheet = ask(gateway, name, "/kabinet/assets/brand.css")
        assert sheet.header("content-type") == "text/css; charset=utf-8"
        light, dark = sheet.body.decode().split("@media (prefers-color-scheme: dark)")
        for theme, text in (("light", light), ("dark", dark)):
            found = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", text))
            assert found == data["colours"][theme]
        for picture in ("logo.svg", "icon.svg"):
            answer = ask(gateway, name, f"/kabinet/assets/{picture}")
            assert answer.body == (BRANDS / name / "logo.svg").read_bytes()
            assert answer.header("content-type") == "image/svg+xml"
        for lang in ("kk", "ru", "en"):
            words = ask(gateway, name, f"/kabinet/i18n/{lang}.json").json
            assert words["brand.link.1"] == data["links"][0]["text"][lang]
            assert words["action.portal"] == data["texts"][lang]["action.portal"]
            base = json.loads((ROOT / "i18n" / f"{lang}.json").read_text(encoding="utf-8"))
            assert {**base, **data["texts"][lang]} == {
                key: text for key, text in words.items() if not key.startswith("brand.")}
        assert ask(gateway, name, "/kabinet/api/v1/meta").json["brand"] == {
            "name": data["name"], "links": data["links"]}


def test_what_meta_tells_is_described(gateway):
    doc = yaml.safe_load((ROOT / "docs" / "openapi.yaml").read_text(encoding="utf-8"))
    for name in (None, *NAMES):
        fits(doc, doc["components"]["schemas"]["Meta"], ask(gateway, name, "/kabinet/api/v1/meta").json)


def test_without_the_directive_nothing_changes(gateway):
    page = ask(gateway, None, "/kabinet/login").body.decode()
    assert "brand.css" not in page and "brand-name" not in page and "<!--brand" not in page
    assert ask(gateway, None, "/kabinet/assets/brand.css").status == 404
    assert ask(gateway, None, "/kabinet/assets/logo.svg").body == (ROOT / "web/assets/logo.svg").read_bytes()
    assert ask(gateway, None, "/kabinet/i18n/ru.json").body == (ROOT / "i18n/ru.json").read_bytes()
    assert "brand" not in ask(gateway, None, "/kabinet/api/v1/meta").json


def test_the_policy_needs_no_exception(gateway):
    for path in ("/kabinet/login", "/kabinet/assets/brand.css", "/kabinet/nowhere"):
        answer = ask(gateway, "sakura", path)
        assert "default-src 'none'" in answer.header("content-security-policy")
        assert "unsafe" not in answer.header("content-security-policy")
        assert not re.search(rb"<style|style=|<script(?! type=\"module\" src=)", answer.body)


def test_a_copy_is_asked_for_once(gateway):
    first = ask(gateway, "indigo", "/kabinet/i18n/kk.json")
    tag = first.header("etag")
    hosts = {name: {"Host": f"{conf.brand_host(name)}:{gateway.port}", "If-None-Match": tag} for name in NAMES}
    answers = {name: gateway.browser().get("/kabinet/i18n/kk.json", headers=hosts[name]).status for name in NAMES}
    assert answers == {name: 304 if name == "indigo" else 200 for name in NAMES}


def test_a_brands_people_sign_in_at_its_host(gateway):
    """The origin is the host's own, and no other brand's."""
    own = f"{conf.brand_host('indigo')}:{gateway.port}"
    for origin, status in ((f"http://{own}", 201), (f"http://{conf.brand_host('sakura')}:{gateway.port}", 403),
                           (f"http://127.0.0.1:{gateway.port}", 403), (f"https://{own}", 403),
                           (f"http://{own}0", 403)):
        answer = gateway.browser().api("POST", "/flows", {"kind": "login"}, headers={"Host": own, "Origin": origin})
        assert answer.status == status, origin
    for host in ("evil.example", ".localhost", "evil.example.localhost.example", "xlocalhost", "a.localhost.",
                 "evil.example@a.localhost", "a.localhost:80:80"):
        answer = gateway.browser().api("POST", "/flows", {"kind": "login"},
                                       headers={"Host": host, "Origin": f"http://{host}"})
        assert answer.status in (400, 403), host


def deeper(data, path, value):
    for part in path[:-1]:
        data = data[part]
    data[path[-1]] = value


@pytest.mark.parametrize("path, value, words", [
    (["name"], "", "name: a text of"),
    (["nmae"], "x", 'a brand: "nmae" is not known'),
    (["colours", "light", "link"], "red", 'colours.light.link: "red" is not a colour; give #RRGGBB'),
    (["colours", "dark", "link"], "#333333", "colours.dark.link: #333333 on #152329 has a contrast of"),
    (["colours", "dark"], {}, 'colours.dark: "brand" is missing'),
    (["links", 0, "url"], "http://x", 'links[0].url: "http://x" leads nowhere'),
    (["links", 0, "text"], {"ru": "x"}, 'links[0].text: "kk" is missing'),
    (["texts", "kk"], {}, 'texts.kk: "action.portal" is missing'),
])
def test_what_is_wrong_in_a_brand_is_named(still, brand, path, value, words):
    folder, data, write = brand
    deeper(data, path, value)
    write()
    said = refused(still, server=server(folder))
    assert said.startswith(f'kabinet_brand: "{folder}/own/brand.json": ')
    assert words in said
    assert re.search(r" in /\S+nginx\.conf:\d+$", said)


def test_a_text_that_no_page_has_is_named(still, brand):
    """Found out when the pages are put together, and named where the directive stands."""
    folder, data, write = brand
    for lang in ("kk", "ru", "en"):
        data["texts"][lang]["action.poral"] = "x"
    write()
    said = refused(still, server=server(folder))
    assert 'texts.' in said and 'the pages have no text "action.poral"' in said
    line = int(re.search(r" in /\S+nginx\.conf:(\d+)$", said)[1])
    with open(still.nginx_conf, encoding="utf-8") as file:
        assert "kabinet_brand own" in file.read().splitlines()[line - 1]


def test_a_file_that_is_wrong_is_named(still, brand):
    folder, _, _ = brand
    own = folder / "own"
    for name, spoil, words in (
            ("brand.json", lambda path: path.write_text('{\n "name": "A",,\n}'), "line 2 is not JSON"),
            ("brand.json", lambda path: path.write_text(" " * 70000), "is not a file of at most 65536 bytes"),
            ("brand.json", lambda path: path.unlink(), "cannot open"),
            ("logo.svg", lambda path: path.write_text("<html>"), "is not an SVG picture"),
            ("logo.svg", lambda path: path.write_text("<svg>" + " " * 33000), "is not a file of at most"),
            ("logo.svg", lambda path: path.unlink(), "cannot open"),
            ("icon.svg", lambda path: path.write_text("GIF89a"), "is not an SVG picture"),
            ("icon.svg", lambda path: path.mkdir(), "is not a file")):
        shutil.rmtree(own)
        shutil.copytree(BRANDS / "indigo", own)
        spoil(own / name)
        said = refused(still, server=server(folder))
        assert said.startswith("kabinet_brand: ") and words in said and f"{own}/{name}" in said


@pytest.mark.parametrize("line, words", [
    ("kabinet_brand indigo;", "invalid number of arguments"),
    ("kabinet_brand indigo dir=;", "takes NAME dir=DIR"),
    (f"kabinet_brand indigo {BRANDS};", "takes NAME dir=DIR"),
    (f"kabinet_brand ../brands dir={BRANDS};", '"../brands" is not a name'),
    (f"kabinet_brand INDIGO dir={BRANDS};", '"INDIGO" is not a name'),
    (f"kabinet_brand '' dir={BRANDS};", '"" is not a name'),
    (f"kabinet_brand none dir={BRANDS};", "none/brand.json"),
    (f"kabinet_brand indigo dir={BRANDS}; kabinet_brand sakura dir={BRANDS};", "is duplicate"),
])
def test_a_wrong_directive_is_named(still, line, words):
    said = refused(still, server=line)
    assert "kabinet_brand" in said and words in said


def test_it_stands_in_server_and_location_only(still):
    assert "kabinet_brand" in refused(still, http=f"kabinet_brand indigo dir={BRANDS};")


@pytest.mark.gateway(server=f"location /kabinet/x/ {{ kabinet_gateway web={ROOT}/web; "
                            f"kabinet_brand mindal dir={BRANDS}; }} kabinet_brand azamat dir={BRANDS};")
def test_a_location_may_differ_from_its_server(gateway):
    """The directive may come after the location that it means."""
    assert b"AZAMAT" in ask(gateway, None, "/kabinet/login").body
    assert b"MINDAL" in ask(gateway, None, "/kabinet/x/none").body


def test_a_name_is_text_and_not_html(still, brand):
    folder, data, write = brand
    data["name"] = 'Ko & <b>"x"'
    data["links"] = [{**data["links"][0], "url": "https://a.example/?b=1&c=2"}]
    write()
    still.conf_extra = still.http_extra = ""
    still.server_extra = server(folder)
    still.start_nginx()
    page = Browser(still.port).get("/kabinet/login").body.decode()
    assert '<strong class="brand-name">Ko &amp; &lt;b&gt;&quot;x&quot;</strong>' in page
    assert 'href="https://a.example/?b=1&amp;c=2"' in page


def palette(block):
    return dict(re.findall(r"--([a-z-]+): (#[0-9a-f]+);", block))


def test_the_surfaces_that_brands_are_judged_on_are_the_pages():
    light, dark = (palette(block) for block in re.findall(r":root \{(.*?)\}", CSS, re.S)[:2])
    code = (ROOT / "core" / "config" / "data" / "brand.c").read_text(encoding="utf-8")
    judged = dict(re.findall(r'\{"(light|dark)", \{((?:"#[0-9a-f]{6}"(?:, )?)+)\}\}', code))
    for theme, colours in (("light", light), ("dark", {**light, **dark})):
        surfaces = ["#ffffff" if colours[name] == "#fff" else colours[name] for name in ("card", "page", "quiet-back")]
        assert re.findall(r"#[0-9a-f]{6}", judged[theme]) == surfaces


def test_the_default_look_keeps_the_rules_for_brands(still, brand):
    """The pages' own palette as a brand: nginx takes it."""
    folder, data, write = brand
    light, dark = (palette(block) for block in re.findall(r":root \{(.*?)\}", CSS, re.S)[:2])
    for theme, colours in (("light", light), ("dark", {**light, **dark})):
        data["colours"][theme] = {role: "#ffffff" if colours[role] == "#fff" else colours[role]
                                  for role in data["colours"][theme]}
    write()
    still.conf_extra = still.http_extra = ""
    still.server_extra = server(folder)
    still.start_nginx()
