"""Every template in every state: it renders, nothing in it can be broken out of, it stays small."""

import re
from dataclasses import fields, is_dataclass, replace
from typing import Any

import pytest
from html_outline import Outline, outline
from hypothesis import given, settings
from hypothesis import strategies as st
from jinja2 import UndefinedError
from page_samples import every_page, open_pages
from samples_desk import CREDITS, SHELL
from samples_parent import NOTICE, NOTICES

from service.pages import STATIC, TEMPLATES, render, static_url

PAGES = every_page()
HOSTILE = "\"'><script>alert(1)</script><b onclick='x'>&amp;{{ 7*7 }}"
KEYS = {"state", "outcome", "kind", "current", "qr_svg"}
HIDDEN = {"hidden", "submit"}


def page(name: str) -> str:
    template, context = PAGES[name]
    return render(template, **context)


def tainted(value: Any, poison: str) -> Any:
    """Append ``poison`` to every text of a record that is not a word of ours or empty."""
    if is_dataclass(value) and not isinstance(value, type):
        changed = {
            one.name: tainted(getattr(value, one.name), poison)
            for one in fields(value)
            if one.name not in KEYS
        }
        return replace(value, **changed)
    if isinstance(value, tuple):
        return tuple(tainted(one, poison) for one in value)
    return value + poison if isinstance(value, str) and value else value


@pytest.mark.parametrize("name", PAGES)
def test_a_page_renders_whole_and_well_formed(name: str) -> None:
    # when
    text = page(name)

    # then
    assert text.startswith("<!doctype html>")
    assert text.endswith("</html>")
    assert outline(text).wrong == []


def test_every_template_has_a_sample() -> None:
    # given all templates but the parts and the bases
    templates = {path.name for path in TEMPLATES.glob("*.html")}
    whole = {name for name in templates if not name.startswith(("_", "base"))}

    # then
    assert whole == {template for template, _ in PAGES.values()}


@pytest.mark.parametrize("name", PAGES)
def test_no_text_of_the_database_changes_the_shape_of_a_page(name: str) -> None:
    # given a page, and the same with hostile text in every field
    template, context = PAGES[name]
    hostile = {key: tainted(value, HOSTILE) for key, value in context.items()}

    # when
    text = render(template, **hostile)

    # then
    assert outline(text).shape() == outline(page(name)).shape()
    assert "<script>alert" not in text


@settings(max_examples=40, deadline=None)
@given(st.text(alphabet="<>\"'&/={}%# a\u202e\u00e1", max_size=40))
def test_no_text_at_all_changes_the_shape_of_a_notice(poison: str) -> None:
    hostile = render("notice.html", sandbox=True, notice=tainted(NOTICES["partly"], poison))
    assert outline(hostile).shape() == outline(page("notice-partly")).shape()


@pytest.mark.parametrize("name", PAGES)
def test_a_page_lives_within_the_content_security_policy(name: str) -> None:
    # when
    read = outline(page(name))

    # then no style or script stands in the page itself
    assert not read.every("style")
    assert not read.having("style")
    assert all(one.get("src", "").startswith("/static/") for one in read.every("script"))
    assert not [key for _, attributes in read.tags for key in attributes if key.startswith("on")]


@pytest.mark.parametrize("name", PAGES)
def test_a_page_loads_and_sends_nothing_elsewhere(name: str) -> None:
    # when all addresses of the page are gathered
    addresses = [
        attributes[key]
        for _, attributes in outline(page(name)).tags
        for key in ("href", "src", "action", "formaction", "data", "poster", "srcset")
        if key in attributes
    ]

    # then each is a path of ours, a place on the page, a phone, or empty data
    foreign = [one for one in addresses if not re.match(r"/(?!/)|#|tel:|data:,$", one)]
    assert foreign == []


def test_the_stylesheet_and_the_script_load_nothing_elsewhere() -> None:
    style = (STATIC / "hocphi.css").read_text(encoding="utf-8")
    script = (STATIC / "notice.js").read_text(encoding="utf-8")
    assert [one for one in re.findall(r"url\((.{6})", style) if one != '"data:'] == []
    assert "@import" not in style
    assert "//" not in re.sub(r"^\s*//.*$", "", script, flags=re.MULTILINE)


@pytest.mark.parametrize("name", PAGES)
def test_a_form_that_posts_carries_the_token_and_no_other_does(name: str) -> None:
    # given the forms of the page, each with the fields up to the next form
    forms = re.findall(r"<form.*?</form>", page(name), flags=re.DOTALL)

    for form in map(outline, forms):
        # when
        names = {one["name"]: one.get("value", "") for one in form.every("input")}
        method, action = form.tags[0][1]["method"], form.tags[0][1]["action"]

        # then a token is never written into an address
        assert (names.get("_csrf_token") == "c5rf-7oken") == (method == "post")
        assert ("_csrf_token" in names) == (method == "post")
        assert bool(names.get("idempotency_key")) == action.endswith(("/assign", "/undo"))


@pytest.mark.parametrize("name", PAGES)
def test_a_page_has_one_head_line_and_at_most_one_filled_button(name: str) -> None:
    read = outline(page(name))
    filled = [one for one in read.having("class") if {"btn", "go"} <= set(one["class"].split())]
    assert len(read.every("h1")) == 1
    assert len(filled) <= 1
    assert len(read.every("main")) == 1


def nameless(read: Outline) -> list[dict[str, str]]:
    """Give the fields that neither a label nor an aria-label names."""
    labelled = {one["for"] for one in read.every("label")}
    asked = read.every("input") + read.every("select") + read.every("textarea")
    return [
        one
        for one in asked
        if one.get("type") not in HIDDEN
        and one.get("id") not in labelled
        and "aria-label" not in one
    ]


@pytest.mark.parametrize("name", PAGES)
def test_a_page_can_be_read_aloud(name: str) -> None:
    # when
    read = outline(page(name))
    ids = [one["id"] for one in read.having("id")]

    # then
    assert read.every("html")[0]["lang"] == "vi"
    assert len(ids) == len(set(ids))
    assert nameless(read) == []
    for key in ("for", "aria-labelledby", "aria-describedby"):
        assert {one[key] for one in read.having(key)} <= set(ids)
    assert all(one.get("scope") for one in read.every("th"))
    assert len(read.every("caption")) == len(read.every("table"))


@pytest.mark.parametrize("name", open_pages())
def test_a_parents_page_weighs_under_50_kb_with_all_it_loads(name: str) -> None:
    # when the page, the stylesheet and the script are put on the scale
    text = page(name)
    loaded = [path for path in STATIC.iterdir() if f"/static/{path.name}?" in text]
    weight = len(text.encode()) + sum(path.stat().st_size for path in loaded)

    # then
    assert STATIC / "hocphi.css" in loaded
    assert weight < 50_000


def test_the_stylesheet_weighs_under_20_kb() -> None:
    assert (STATIC / "hocphi.css").stat().st_size < 20_000


@pytest.mark.parametrize("name", [name for name in PAGES if name != "not_found"])
def test_a_page_without_its_record_fails_aloud(name: str) -> None:
    template, _ = PAGES[name]
    with pytest.raises(UndefinedError):
        render(template, sandbox=True)


def test_an_unknown_state_fails_aloud() -> None:
    unknown = replace(CREDITS, rows=(replace(CREDITS.rows[0], outcome="maybe"),))
    with pytest.raises(UndefinedError):
        render("desk_credits.html", sandbox=True, shell=SHELL, credits=unknown)
    with pytest.raises(UndefinedError):
        render("notice.html", sandbox=True, notice=replace(NOTICE, state="unknown"))


def test_a_static_address_changes_with_its_content() -> None:
    assert re.fullmatch(r"/static/hocphi\.css\?v=[0-9a-f]{12}", static_url("hocphi.css"))
    assert static_url("hocphi.css")[-12:] != static_url("notice.js")[-12:]
