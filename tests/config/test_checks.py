"""What several settings together show: problems across fields, and warnings."""

import pytest

from telpher.config import checks
from telpher.errors import SettingsError
from tests.config.test_load import CREDENTIALS, OTHER_TOKEN, TOKEN, load


def problem(**given: str) -> str:
    with pytest.raises(SettingsError) as caught:
        load(**given)
    (only,) = caught.value.problems
    return only


def warnings(**given: str) -> list[str]:
    return list(checks.warnings(load(**{"URL": "https://example.org", **given})))


def test_extra_bots_need_the_bin_channel() -> None:
    assert "BIN_CHANNEL" in problem(EXTRA_BOT_TOKENS=OTHER_TOKEN)
    assert load(EXTRA_BOT_TOKENS=OTHER_TOKEN, BIN_CHANNEL="@copies").extra_bot_tokens


@pytest.mark.parametrize("tokens", [TOKEN, f"{OTHER_TOKEN} {OTHER_TOKEN}"])
def test_no_bot_is_named_twice(tokens: str) -> None:
    found = problem(EXTRA_BOT_TOKENS=tokens, BIN_CHANNEL="@copies")
    assert "twice" in found
    assert tokens.split()[0] not in found


def test_diagnosis_needs_a_model() -> None:
    assert "DIAGNOSIS_API_MODEL" in problem(DIAGNOSIS_API_URL="https://api.example.org/v1")
    settings = load(DIAGNOSIS_API_URL="https://api.example.org/v1", DIAGNOSIS_API_MODEL="m")
    assert settings.diagnosis_api_model == "m"


def test_a_good_setting_warns_of_nothing() -> None:
    assert warnings() == []


@pytest.mark.parametrize(
    "url",
    ["http://localhost:8080", "http://127.0.0.1", "http://[::1]:80", "http://0.0.0.0:8080", ""],
)
def test_local_urls_warn(url: str) -> None:
    (warning,) = warnings(URL=url)
    assert warning.startswith("URL is")
    assert "this machine alone" in warning


@pytest.mark.parametrize("url", ["http://example.org", "http://8.8.8.8:8080"])
def test_public_urls_without_https_warn(url: str) -> None:
    (warning,) = warnings(URL=url)
    assert "without https" in warning


@pytest.mark.parametrize("url", ["http://192.168.1.5:8080", "http://nas.local", "http://media"])
def test_home_networks_need_no_https(url: str) -> None:
    assert warnings(URL=url) == []


@pytest.mark.parametrize(
    ("url", "warns"),
    [
        ("mongodb://db.example.org/telpher", True),
        ("mongodb://user:pass@8.8.8.8:27017/telpher", True),
        ("mongodb://db.internal,db.example.org:27018/telpher?replicaSet=a", True),
        ("mongodb://db.example.org/telpher?tls=false", True),
        ("mongodb+srv://db.example.org/telpher?ssl=false", True),
        ("mongodb://db.example.org/telpher?tls=true", False),
        ("mongodb://db.example.org/?ssl=true&retryWrites=true", False),
        ("mongodb+srv://user:pass@db.example.org/telpher", False),
        ("mongodb://localhost:27017", False),
        ("mongodb://mongo/telpher", False),
        ("mongodb://10.0.0.3,[fd00::1]:27017/telpher", False),
    ],
)
def test_public_databases_without_tls_warn(url: str, warns: bool) -> None:
    found = warnings(DATABASE_URL=url)
    assert bool(found) == warns
    assert all("DATABASE_URL" in each and "pass" not in each for each in found)


@pytest.mark.parametrize(
    "given",
    [
        {"SESSION_DIR": "sessions"},
        {"OPEN_LINKS": "true"},
        {"TRUSTED_PROXIES": "0.0.0.0/0"},
        {"DIAGNOSIS_API_KEY": "a key"},
    ],
)
def test_settings_that_hardly_work_as_meant_warn(given: dict[str, str]) -> None:
    (warning,) = warnings(**given)
    assert next(iter(given)) in warning


def test_credentials_of_the_tests_are_no_secret_kept_in_warnings() -> None:
    shown = str(warnings(SESSION_DIR="x", OPEN_LINKS="1"))
    assert not any(value in shown for value in CREDENTIALS.values())
