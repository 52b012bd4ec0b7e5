"""/docs and /redoc in Chromium: they show the API, ask nobody else, and complain of nothing."""

from __future__ import annotations

import pytest

from tests.e2e.house import House
from tests.players.chromium import Chromium, View, chromium
from tests.players.test_watch_page import is_content

pytestmark = pytest.mark.system


@pytest.fixture
async def browser():
    async with chromium() as each:
        yield each


@pytest.mark.parametrize("view", [View(), View(390, 844, phone=True)], ids=["desk", "phone"])
@pytest.mark.parametrize("path", ["/docs", "/redoc"])
async def test_it_is_shown_from_here_alone(
    home: House, browser: Chromium, path: str, view: View
) -> None:
    page = await browser.page(view)
    await page.open(f"{home.settings.base_url}{path}")
    await page.until("document.body.innerText.includes('/thumbnail/{chat_id}/{message_id}')")
    await page.until("document.body.innerText.includes('Telegram VLC Stream Bot API')")
    assert is_content(home, page)


async def test_an_operation_can_be_tried_out(home: House, browser: Chromium) -> None:
    page = await browser.page()
    await page.open(f"{home.settings.base_url}/docs")
    await page.until("document.querySelector('#operations-server-live .opblock-summary-control')")
    click = "document.querySelector('#operations-server-live {}').click()"
    await page.run(click.format(".opblock-summary-control"))
    for button in (".try-out__btn", ".execute"):
        await page.until(f"document.querySelector('#operations-server-live {button}')")
        await page.run(click.format(button))
    shown = "document.querySelector('#operations-server-live .responses-inner')?.innerText"
    await page.until(f"({shown} ?? '').includes('alive')")
    assert is_content(home, page)
