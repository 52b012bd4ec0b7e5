"""Who may speak to the chat page's server, as headers tell."""

import pytest
from starlette.datastructures import Headers

from telpher.demo.chat.guard import why_not

HOST = "127.0.0.1:8081"
OWN = f"http://{HOST}"


def refused(method: str = "GET", path: str = "/events", **headers: str) -> bool:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return bool(why_not(method, path, Headers({"host": HOST, **named})))


@pytest.mark.parametrize("host", [HOST, "localhost:8081", "[::1]:8081", "127.0.0.1", "localhost"])
def test_names_of_this_machine(host: str) -> None:
    assert not refused(host=host)
    assert not refused("POST", "/deeds", host=host, origin=f"http://{host}")


@pytest.mark.parametrize(
    "host",
    [
        "attacker.example:8081",
        "127.0.0.1.attacker.example:8081",
        "localhost.attacker.example",
        "attacker.example",
        "192.168.1.2:8081",
        "0.0.0.0:8081",
        "127.0.0.1:8081@attacker.example",
        "",
    ],
)
def test_a_name_that_was_made_to_lead_here(host: str) -> None:
    assert refused(host=host)
    assert refused(path="/", host=host)
    assert refused("POST", "/deeds", host=host, origin=f"http://{host}")


@pytest.mark.parametrize(
    "origin",
    [
        "https://attacker.example",
        "null",
        "http://127.0.0.1:8080",
        "http://127.0.0.1",
        f"https://{HOST}",
        "http://localhost:8081",
        f"{OWN}.attacker.example",
    ],
)
def test_another_origin_changes_nothing(origin: str) -> None:
    assert refused("POST", "/deeds", origin=origin)
    assert refused("POST", "/files", origin=origin)


def test_nothing_is_changed_without_an_origin() -> None:
    assert refused("POST", "/deeds")
    assert refused("DELETE", "/deeds")


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_another_page_sees_nothing(site: str) -> None:
    assert refused(path="/events", sec_fetch_site=site)
    assert refused(path="/picture/ann/1/1", sec_fetch_site=site)
    assert refused("POST", "/deeds", origin=OWN, sec_fetch_site=site)
    # A link to the page may stand anywhere.
    assert not refused(path="/", sec_fetch_site=site)


@pytest.mark.parametrize("site", ["same-origin", "none"])
def test_the_page_itself_and_people_see_all(site: str) -> None:
    assert not refused(path="/events", sec_fetch_site=site)
    assert not refused("POST", "/deeds", origin=OWN, sec_fetch_site=site)
