"""Every setting: its values, its bounds, its place in the documentation."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from dotenv import dotenv_values

from telpher.config import problems
from telpher.config.settings import Settings
from telpher.errors import SettingsError
from tests.config.test_load import CREDENTIALS, OTHER_TOKEN, TOKEN, load

ROOT = Path(__file__).parents[2]
NAMES = [name.upper() for name in Settings.model_fields]


def test_defaults_are_the_documented_ones() -> None:
    settings = Settings()
    assert (settings.host, settings.port, settings.base_url) == (
        "0.0.0.0",
        8080,
        "http://localhost:8080",
    )
    assert settings.work_dir == Path("work_dir")
    assert settings.max_batch_size == 100
    assert settings.broadcast_per_second == 25
    assert (settings.cache_ttl_hours, settings.max_cache_size) == (1, 1000)
    assert (settings.chunk_cache_mb, settings.disk_cache_gb) == (256, 0)
    assert settings.rate_limit_per_minute == 60
    assert settings.cors_origins == ("*",)
    assert settings.trusted_proxies == ()
    assert settings.retention_days == 400
    assert (settings.log_level, settings.log_format) == ("INFO", None)
    assert not settings.open_links
    assert (settings.api_id, settings.api_hash, settings.bot_token) == (None, None, None)


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("ADMINS", "1 2,3,  4", {1, 2, 3, 4}),
        ("ALLOWED_USERS", "7", {7}),
        ("FORCE_SUB_CHANNEL", "@Films_1", "Films_1"),
        ("LOG_CHANNEL", "Films_1", "Films_1"),
        ("BIN_CHANNEL", "-1001234567890", -1001234567890),
        ("URL", "https://example.org/tv/", "https://example.org/tv"),
        ("URL", "http://192.168.1.5:8080", "http://192.168.1.5:8080"),
        ("HOST", "::", "::"),
        ("HOST", "my-server.example.org", "my-server.example.org"),
        ("CORS_ORIGINS", "*", ("*",)),
        (
            "CORS_ORIGINS",
            "https://a.example, http://b.example:81",
            ("https://a.example", "http://b.example:81"),
        ),
        ("OPEN_LINKS", "True", True),
        ("OPEN_LINKS", "0", False),
        ("LOG_LEVEL", "debug", "DEBUG"),
        ("LOG_FORMAT", "JSON", "json"),
        ("CACHE_TTL_HOURS", "0.5", 0.5),
        ("WORK_DIR", "/srv/telpher", Path("/srv/telpher")),
        ("SOURCE_URL", "https://example.org/source", "https://example.org/source"),
    ],
)
def test_values(name: str, text: str, value: Any) -> None:
    assert getattr(load(**{name: text}), name.lower()) == value


def test_networks() -> None:
    settings = load(TRUSTED_PROXIES="10.0.0.0/8, 127.0.0.1 fd00::/8")
    assert [str(network) for network in settings.trusted_proxies] == [
        "10.0.0.0/8",
        "127.0.0.1/32",
        "fd00::/8",
    ]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("API_ID", "0"),
        ("API_ID", "-5"),
        ("API_ID", "1.5"),
        ("API_HASH", "0123"),
        ("BOT_TOKEN", "123456"),
        ("EXTRA_BOT_TOKENS", "123456:a;b"),
        ("HOST", "two words"),
        ("HOST", "1.2.3"),
        ("PORT", "-1"),
        ("PORT", "65536"),
        ("PORT", "http"),
        ("URL", "example.org"),
        ("URL", "ftp://example.org"),
        ("URL", "https://"),
        ("URL", "https://example.org/?a=b"),
        ("URL", "https://example.org:99999"),
        ("URL", "https://[::1"),
        ("WORKERS", "0"),
        ("ADMINS", "@somebody"),
        ("ADMINS", "-3"),
        ("ALLOWED_USERS", "1;2"),
        ("FORCE_SUB_CHANNEL", "https://t.me/films"),
        ("LOG_CHANNEL", "@ab"),
        ("BIN_CHANNEL", "12345"),
        ("DATABASE_URL", "mysql://localhost/telpher"),
        ("DATABASE_URL", "mongodb://"),
        ("REDIS_URL", "localhost:6379"),
        ("UPDATES_URL", "t.me/news"),
        ("MAX_BATCH_SIZE", "0"),
        ("BROADCAST_PER_SECOND", "31"),
        ("CACHE_TTL_HOURS", "0"),
        ("CACHE_TTL_HOURS", "inf"),
        ("MAX_CACHE_SIZE", "0"),
        ("CHUNK_CACHE_MB", "0"),
        ("DISK_CACHE_GB", "-1"),
        ("MAX_STREAMS", "-1"),
        ("MAX_STREAMS_PER_USER", "many"),
        ("DAILY_QUOTA_GB", "nan"),
        ("RATE_LIMIT_PER_MINUTE", "-1"),
        ("SPEED_LIMIT_MBPS", "fast"),
        ("LINK_SECRET", "short"),
        ("LINK_TTL_HOURS", "-1"),
        ("LINK_TTL_HOURS", "876001"),  # its links would have no date that can be written
        ("OPEN_LINKS", "perhaps"),
        ("CORS_ORIGINS", "example.org"),
        ("CORS_ORIGINS", "https://example.org/"),
        ("CORS_ORIGINS", "* https://example.org"),
        ("TRUSTED_PROXIES", "everyone"),
        ("TRUSTED_PROXIES", "10.0.0.1/8"),
        ("RETENTION_DAYS", "0"),
        ("LOG_LEVEL", "LOUD"),
        ("LOG_FORMAT", "xml"),
        ("METRICS_TOKEN", "short"),
        ("DIAGNOSIS_API_URL", "api.example.org"),
        ("TELEGRAM_SERVERS", "/nonexistent/servers.json"),
    ],
)
def test_wrong_values_name_the_variable_and_a_remedy(name: str, text: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load(**{name: text})
    (problem,) = caught.value.problems
    assert problem.startswith((f"{name}:", f"{name}="))
    assert problem.endswith(problems.remedy(Settings.model_fields[name.lower()]))
    assert "not understood" not in problem


def test_building_by_hand_reads_nothing_but_the_arguments(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("WORKERS=3\n")
    code = "from telpher.config import Settings; s = Settings(); print(s.port, s.workers)"
    shown = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={**os.environ, "PORT": "1", "PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        check=True,
    )
    assert shown.stdout == "8080 1\n"


def test_secrets_lists_every_secret_value() -> None:
    settings = load(
        EXTRA_BOT_TOKENS=OTHER_TOKEN,
        BIN_CHANNEL="@copies",
        DATABASE_URL="mongodb://u:p@db/telpher",
        REDIS_URL="redis://:p@cache",
        LINK_SECRET="l" * 20,
        METRICS_TOKEN="m" * 20,
        DIAGNOSIS_API_KEY="key",
    )
    assert set(settings.secrets()) == {
        TOKEN,
        CREDENTIALS["API_HASH"],
        OTHER_TOKEN,
        "mongodb://u:p@db/telpher",
        "redis://:p@cache",
        "l" * 20,
        "m" * 20,
        "key",
    }


def test_what_holds_secrets_is_known_as_secret() -> None:
    secret = {name for name, field in Settings.model_fields.items() if problems.is_secret(field)}
    assert secret == {
        "api_hash",
        "bot_token",
        "extra_bot_tokens",
        "database_url",
        "redis_url",
        "link_secret",
        "metrics_token",
        "diagnosis_api_key",
    }


def test_the_chunk_cache_takes_at_most_a_quarter_of_the_memory() -> None:
    settings = Settings(chunk_cache_mb=256)
    assert settings.chunk_cache_bytes(8 << 30) == 256 << 20
    assert settings.chunk_cache_bytes(512 << 20) == 128 << 20


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="frozen"):
        Settings().port = 1  # type: ignore[misc]


def test_a_wrong_argument_does_not_show_it() -> None:
    with pytest.raises(ValueError, match="link_secret") as caught:
        Settings(link_secret="hush")  # type: ignore[arg-type]
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize("name", NAMES)
def test_docs_explain_the_setting(name: str) -> None:
    table = (ROOT / "docs/settings.md").read_text()
    rows = [line for line in table.splitlines() if line.startswith("|")]
    assert any(f"`{name}`" in row.split("|")[1] for row in rows)


def test_docs_explain_no_other_settings() -> None:
    rows = (ROOT / "docs/settings.md").read_text().splitlines()
    cells = [row.split("|")[1] for row in rows if row.startswith("| `")]
    found = {part.strip("`, ") for cell in cells for part in cell.split()}
    assert found == set(NAMES)


def test_env_example_has_every_setting_and_sets_none() -> None:
    text = (ROOT / ".env.example").read_text()
    given = dotenv_values(ROOT / ".env.example")
    assert set(given) == {"API_ID", "API_HASH", "BOT_TOKEN", "URL"}
    assert not any(given.values())
    offered = {
        line.removeprefix("#").partition("=")[0]
        for line in text.splitlines()
        if "=" in line and not line.startswith("# ")
    }
    assert offered == set(NAMES) - {"SESSION_DIR"}
