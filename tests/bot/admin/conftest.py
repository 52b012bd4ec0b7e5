import pytest

from telpher.service.people import Access
from tests.bot.admin.crowd import ROOT
from tests.bot.stage import stage


@pytest.fixture
def admins():
    """Who is one; a test may take the role away."""
    return {ROOT.user_id, ROOT.user_id + 1}


@pytest.fixture
async def home(tmp_path, admins):
    async with stage(tmp_path, access=Access(admins=admins)) as each:
        yield each
