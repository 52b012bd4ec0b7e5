import pytest

from telpher.telegram.adapter.identity import Credentials


@pytest.mark.parametrize(("token", "bot_id"), [("123:abc", 123), ("abc", 0), ("", 0), ("x:1", 0)])
def test_the_bots_id_is_in_its_token(token: str, bot_id: int) -> None:
    credentials = Credentials(1, "hash", token)

    assert credentials.bot_id == bot_id
    assert not token or token not in repr(credentials)
    assert "hash" not in repr(credentials)
