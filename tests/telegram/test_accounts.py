import pytest

from telpher.core.model import FileInfo, FoundFile, Kind, Location, MessageRef
from telpher.errors import TelegramUnavailableError
from telpher.telegram.accounts import Accounts
from telpher.telegram.gateway import AccountState, AccountStatus
from tests.telegram.fakes import location

INFO = FileInfo(1, 10, "video/mp4", "", Kind.VIDEO, 0)


class FakeAccount:
    def __init__(self, user_id: int) -> None:
        self.user_id = user_id

    def status(self) -> AccountStatus:
        return AccountStatus(AccountState.CONNECTED, f"bot{self.user_id}", "", {})

    async def find_file(self, ref: MessageRef) -> FoundFile:
        return FoundFile(INFO, location(account=self.user_id))

    async def get_chunk(self, location: Location, offset: int, limit: int) -> bytes:
        return f"{self.user_id}".encode()


async def test_a_chunk_is_asked_for_by_the_account_that_found_it() -> None:
    accounts = Accounts([FakeAccount(1), FakeAccount(2)])
    found = await accounts.find_file(MessageRef(1, 1))

    assert found.location.account == 1
    assert await accounts.get_chunk(found.location, 0, 1) == b"1"
    assert await accounts.get_chunk(location(account=2), 0, 1) == b"2"
    with pytest.raises(TelegramUnavailableError):
        await accounts.get_chunk(location(account=3), 0, 1)
    assert accounts.status().username == "bot1"
