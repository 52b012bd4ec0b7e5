"""The API of a whole telpher: a link that a program made plays, and is dead once it is revoked."""

from __future__ import annotations

from telpher.core.tokens import Scope
from telpher.service.token_desk import TokenDesk
from tests.e2e.house import bytes_of, house


async def token(home, *scopes: Scope) -> dict[str, str]:
    """What `telpher token create` gives while the server runs, as a header."""
    said = []
    assert await TokenDesk(home.settings, said.append).create("a program", scopes, 0)
    return {"Authorization": f"Bearer {said[0]}"}


async def test_a_program_makes_a_link_and_revokes_it(tmp_path):
    async with house(tmp_path) as home:
        file = home.add_file(kind="video", size=70_000, name="film.mp4")
        sent = await home.ann.send_file(home.bot, file)
        await home.answer_to(sent)
        links = await token(home, Scope.LINKS_WRITE)
        chat_id = home.ann.account.user_id
        body = {"chat_id": chat_id, "message_id": sent.id, "owner": chat_id}
        made = await home.http.post("/api/links", json=body, headers=links)
        assert made.status_code == 201, made.text
        url = made.json()["urls"]["stream"]
        assert await home.get(url) == bytes_of(file)
        address = f"/api/links/{made.json()['link_id']}"
        assert (await home.http.get(address, headers=links)).status_code == 403
        assert (await home.http.delete(address, headers=links)).status_code == 204
        assert await home.status(url) == 410


async def test_a_program_reads_what_the_bot_wrote(tmp_path):
    async with house(tmp_path) as home:
        await home.share(home.add_file(kind="video", size=70_000, name="film.mp4"))
        await home.app.books.delivery.deliver()
        reader = await token(home, Scope.LINKS_READ, Scope.USERS_READ, Scope.STATS_READ)
        user_id = home.ann.account.user_id
        listed = await home.http.get(f"/api/links?owner={user_id}", headers=reader)
        assert [each["name"] for each in listed.json()["links"]] == ["film.mp4"]
        assert (await home.http.get(f"/api/users/{user_id}", headers=reader)).status_code == 200
        stats = (await home.http.get("/api/stats", headers=reader)).json()
        assert (stats["users"]["total"], stats["total"]["files"]) == (1, 1)
