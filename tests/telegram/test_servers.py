"""Addresses of data centres, given and learned."""

from telpher.config.servers import TelegramServers
from telpher.telegram.servers import TELEGRAM, DcAddress, Directory, Servers, servers_of
from tests.config.test_servers import PEM

MAIN = DcAddress(2, "127.0.0.1", 1)
MEDIA = DcAddress(2, "127.0.0.1", 2, media_only=True)
ELSEWHERE = DcAddress(4, "127.0.0.1", 3)


def test_media_addresses_are_for_files_and_for_nothing_else() -> None:
    directory = Directory(Servers(2, (MEDIA, MAIN, ELSEWHERE)))

    assert directory.main_address(2) == MAIN
    assert directory.media_address(2) == MEDIA
    assert directory.media_address(4) == ELSEWHERE
    assert directory.main_address(5) is None
    assert directory.media_address(5) is None


def test_a_network_given_whole_is_not_changed_by_what_it_says() -> None:
    directory = Directory(Servers(2, (MAIN,)))
    directory.learn([ELSEWHERE])
    directory.recall(ELSEWHERE)

    assert directory.main_address(2) == MAIN
    assert directory.main_address(4) is None


def test_telegrams_own_addresses_are_completed() -> None:
    directory = Directory(TELEGRAM)
    assert directory.main_address(4) is None

    directory.learn([])
    assert directory.main_address(2) is not None

    directory.learn([MAIN, MEDIA, ELSEWHERE])
    assert directory.main_address(2) == MAIN
    assert directory.main_address(4) == ELSEWHERE


def test_the_home_of_an_earlier_run_is_recalled() -> None:
    directory = Directory(TELEGRAM)
    directory.recall(DcAddress(5, "", 0))
    assert directory.main_address(5) is None

    directory.recall(ELSEWHERE)
    assert directory.main_address(4) == ELSEWHERE

    directory.recall(DcAddress(2, "192.0.2.1", 443))
    assert directory.main_address(2) == TELEGRAM.dcs[0]


def test_two_accounts_learn_apart() -> None:
    one, other = Directory(TELEGRAM), Directory(TELEGRAM)
    one.learn([ELSEWHERE])

    assert other.main_address(4) is None


def test_the_setting_names_the_network() -> None:
    setting = TelegramServers.model_validate(
        {
            "home_dc": 2,
            "dcs": [
                {"id": 2, "host": "127.0.0.1", "port": 1},
                {"id": 2, "host": "127.0.0.1", "port": 2, "media_only": True},
            ],
            "public_keys": [PEM],
        }
    )

    assert servers_of(setting) == Servers(2, (MAIN, MEDIA), (PEM,))
    lenient = setting.model_copy(update={"local_urls": True})
    assert servers_of(lenient) == Servers(2, (MAIN, MEDIA), (PEM,), local_urls=True)
    assert servers_of(None) is TELEGRAM
