"""Reading settings: precedence, emptiness, and all mistakes at once (rules 1 and 2)."""

from pathlib import Path

import pytest

from telpher import config
from telpher.config import checks
from telpher.config.settings import Settings
from telpher.errors import SettingsError

TOKEN = "123456:" + "A" * 35
OTHER_TOKEN = "654321:" + "B" * 35
CREDENTIALS = {"API_ID": "12345", "API_HASH": "0123456789abcdef" * 2, "BOT_TOKEN": TOKEN}
NO_FILE = Path("/nonexistent/.env")


def load(**more: str) -> Settings:
    return config.load({**CREDENTIALS, **more}, NO_FILE)


def problems_of(environ: dict[str, str], env_file: Path = NO_FILE) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        config.load(environ, env_file)
    return caught.value.problems


def test_whether_glibc_was_told_how_to_keep_memory() -> None:
    assert config.malloc_given({"MALLOC_TOP_PAD_": "16777216"})
    assert not config.malloc_given({"MALLOC_PERTURB": "1", "PATH": "/bin"})


def test_credentials_are_enough() -> None:
    settings = load()
    assert settings.api_id == 12345
    assert settings.bot_token is not None
    assert settings.bot_token.get_secret_value() == TOKEN
    assert settings.base_url == "http://localhost:8080"


def test_nothing_given_names_all_three() -> None:
    found = problems_of({})
    assert [problem.split()[0] for problem in found] == ["API_ID", "API_HASH", "BOT_TOKEN"]
    assert all("not set" in problem for problem in found)


def test_every_mistake_is_reported_at_once_field_by_field_and_across_fields() -> None:
    found = problems_of(
        {
            "API_ID": "twelve",
            "BOT_TOKEN": "nonsense",
            "PORT": "99999",
            "EXTRA_BOT_TOKENS": OTHER_TOKEN,
            "LOG_FORMAT": "xml",
        }
    )
    named = {problem.replace("=", " ").replace(":", " ").split()[0] for problem in found}
    assert named == {
        "API_ID",
        "API_HASH",
        "BOT_TOKEN",
        "PORT",
        "EXTRA_BOT_TOKENS",
        "LOG_FORMAT",
    }


def test_each_problem_says_what_is_wrong_and_what_to_do() -> None:
    (problem,) = problems_of({**CREDENTIALS, "PORT": "99999"})
    assert problem == (
        "PORT='99999': must be at most 65535. Choose a free port up to 65535, for example 8080."
    )


def test_any_free_port_needs_an_address_for_the_links() -> None:
    (problem,) = problems_of({**CREDENTIALS, "PORT": "0"})
    assert problem.startswith("PORT is 0")
    assert load(PORT="0", URL="https://example.org").port == 0
    (problem,) = problems_of({**CREDENTIALS, "PORT": "0", "URL": "ftp://x"})
    assert problem.startswith("URL=")


def test_a_refused_channel_is_not_reported_as_missing_as_well() -> None:
    found = problems_of({**CREDENTIALS, "EXTRA_BOT_TOKENS": OTHER_TOKEN, "BIN_CHANNEL": "!"})
    assert len(found) == 1
    assert found[0].startswith("BIN_CHANNEL='!'")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("BOT_TOKEN", "12345 hush-hush"),
        ("API_HASH", "hush-hush"),
        ("EXTRA_BOT_TOKENS", "hush-hush, 1:hush-hush"),
        ("DATABASE_URL", "postgres://someone:hush-hush@example.org/"),
        ("REDIS_URL", "hush-hush"),
        ("LINK_SECRET", "hush-hush"),
        ("METRICS_TOKEN", "hush-hush"),
        # A secret that was put into the wrong variable, or into a URL.
        ("API_ID", "0123456789abcdef" * 2),
        ("ADMINS", TOKEN),
        ("URL", "https://someone:hush-hush@example.org"),
        ("DIAGNOSIS_API_URL", "https://someone:hush-hush@example.org"),
    ],
)
def test_a_problem_never_repeats_a_secret(name: str, value: str) -> None:
    found = problems_of({**CREDENTIALS, name: value})
    assert any(problem.startswith(name) for problem in found)
    assert "hush" not in str(found)
    assert "0123456789abcdef" not in str(found)
    assert TOKEN not in str(found)


def test_a_settings_error_carries_no_other_error_that_could_leak() -> None:
    with pytest.raises(SettingsError) as caught:
        config.load({**CREDENTIALS, "LINK_SECRET": "hush-hush"}, NO_FILE)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


def test_settings_do_not_show_their_secrets() -> None:
    settings = load(LINK_SECRET="a-long-secret-that-signs")
    assert TOKEN not in repr(settings)
    assert "a-long-secret" not in repr(settings)
    assert TOKEN not in settings.model_dump_json()


def test_empty_means_not_set() -> None:
    settings = load(PORT="", LINK_SECRET="  ", ADMINS="", DATABASE_URL="", LOG_FORMAT="")
    assert settings.port == 8080
    assert settings.link_secret is None
    assert settings.admins == frozenset()


def test_names_count_in_capitals_in_the_environment() -> None:
    assert load(port="9999", Port="9998").port == 8080


def test_env_file_with_quotes_comments_and_exports(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text(
        "# credentials\n"
        "API_ID = 12345\n"
        f"API_HASH='{CREDENTIALS['API_HASH']}'\n"
        f'export BOT_TOKEN="{TOKEN}"  # from @BotFather\n'
        "PORT=\n"
        "ADMINS=1, 2\n"
    )
    settings = config.load({}, file)
    assert settings.api_id == 12345
    assert settings.bot_token is not None
    assert settings.bot_token.get_secret_value() == TOKEN
    assert settings.port == 8080
    assert settings.admins == {1, 2}


def test_the_environment_wins_over_the_file_but_not_when_empty(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("PORT=1111\nWORKERS=2\n")
    settings = config.load({**CREDENTIALS, "PORT": "2222", "WORKERS": ""}, file)
    assert settings.port == 2222
    assert settings.workers == 2


def test_a_file_saved_by_an_editor_that_marks_utf8(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_bytes(b"\xef\xbb\xbfPORT=1111\r\nWORKERS=2\r\n")
    settings = config.load(CREDENTIALS, file)
    assert (settings.port, settings.workers) == (1111, 2)


def test_a_file_that_is_not_text_is_a_settings_error(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_bytes(b"PORT=\xff\xfe\x00\n")
    (problem,) = problems_of(CREDENTIALS, file)
    assert "UTF-8" in problem


def test_lines_that_are_no_settings_are_told_by_number(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("# fine\nPORT: 8088\nWORKERS=2\nLINK_SECRET='hush-hush\nHOST=::\n")
    found = problems_of({**CREDENTIALS, "PORT": "99999"}, file)
    assert [problem.partition(" is no")[0] for problem in found[:2]] == [
        f"{file}: line 2",
        f"{file}: line 4",
    ]
    assert found[2].startswith("PORT='99999'")
    assert "hush" not in str(found)


def test_foreign_names_are_ignored_and_near_misses_warned_of(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("COMPOSE_PROJECT_NAME=films\nLOG_LEVL=DEBUG\n")
    settings = config.load({**CREDENTIALS, "LOG_LEVLE": "DEBUG"}, file)
    about_names = [warning for warning in checks.warnings(settings) if "not a setting" in warning]
    assert about_names == ["LOG_LEVL in .env is not a setting. If LOG_LEVEL is meant, rename it."]


def test_a_near_miss_is_told_with_the_problem_it_causes(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text(f"BOT_TOKN={TOKEN}\n")
    environ = {name: value for name, value in CREDENTIALS.items() if name != "BOT_TOKEN"}
    found = problems_of(environ, file)
    assert found[0].startswith("BOT_TOKEN is not set.")
    assert found[1].startswith("BOT_TOKN in .env")


def test_credentials_given_when_any_of_them_is(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("BOT_TOKEN=whatever\n")
    assert not config.credentials_given({"PORT": "1"}, NO_FILE)
    assert not config.credentials_given({"API_ID": " "}, NO_FILE)
    assert config.credentials_given({"API_ID": "1"}, NO_FILE)
    assert config.credentials_given({}, file)
    file.write_text("BOT_TOKEN: whatever\n")
    assert config.credentials_given({}, file)


def test_a_port_is_read_where_nothing_else_is_needed(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("PORT=9000\n")
    assert config.port_given({}, NO_FILE) is None
    assert config.port_given({"PORT": " "}, NO_FILE) is None
    assert config.port_given({}, file) == 9000
    assert config.port_given({"PORT": "9001"}, file) == 9001
    with pytest.raises(SettingsError) as caught:
        config.port_given({"PORT": "many"}, file)
    assert caught.value.problems[0].startswith("PORT='many'")


def test_cache_dir_follows_xdg() -> None:
    assert config.cache_dir({"HOME": "/home/ann"}) == Path("/home/ann/.cache/telpher")
    assert config.cache_dir({"XDG_CACHE_HOME": "/var/c"}) == Path("/var/c/telpher")
    assert config.cache_dir({"XDG_CACHE_HOME": "c", "HOME": "/h"}) == Path("/h/.cache/telpher")
    assert config.cache_dir({}) == Path.cwd() / ".cache/telpher"
