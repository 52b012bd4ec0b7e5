"""The admins' panel as admins press it, and as others try to."""

from __future__ import annotations

import asyncio
import re

import pytest
import pytest_asyncio

from telpher.bot.areas import Who
from tests.e2e.house import PATIENCE, PUBLIC, TOKEN, bytes_of, house, links_in
from tgfake.faults import Fault, Kind
from tgfake.world import FileSpec, World

pytestmark = pytest.mark.asyncio(loop_scope="module")

JPEG = b"\xff\xd8\xff\xe0" + bytes(2000)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def home(tmp_path_factory):
    world = World()
    admins = {world.add_user(name).user_id for name in ("Root", "Boss")}
    channel = world.add_channel("Reports", world.add_user("Owner"))
    world.set_rights(channel, world.add_bot(TOKEN, "telpher_bot"), "post_messages")
    settings = {"admins": admins, "log_channel": channel.peer.marked, "url": PUBLIC}
    work_dir = tmp_path_factory.mktemp("home")
    async with house(work_dir, world=world, **settings) as each:
        yield each


@pytest.fixture
def root(home):
    return home.world.person("Root")


@pytest.fixture
def boss(home):
    return home.world.person("Boss")


@pytest.fixture
def bob(home):
    return home.newcomer()


async def turned(home, who, seen, data, wanted):
    """Presses the button with that data; the message once it says `wanted`, a pattern."""
    await home.press(who, seen, data.encode())
    return await home.shows(who, seen, lambda now: re.search(wanted, now.text))


async def known(home, root, who):
    """Their page, once the database knows them."""
    async with asyncio.timeout(PATIENCE):
        while True:
            card = await home.ask(root, f"/user {who.user_id}")
            if "I know nobody" not in card.text:
                return card


async def refreshed(home, root, card, wanted):
    """A user's page, refreshed until it says `wanted`: figures lag by some seconds."""
    async with asyncio.timeout(PATIENCE):
        while wanted not in card.text:
            await home.press(root, card, "🔄 Refresh")
            card = root.refresh(card)
    return card


async def share(home, who, file):
    answer = await home.answer(who, await who.send_file(home.bot, file))
    (link,) = links_in(answer.text)
    return link


def data_of(seen):
    return [button.data.decode() for row in seen.buttons for button in row if button.data]


async def test_every_button_of_the_panel_leads_somewhere_and_back(home, root):
    panel = await home.ask(root, "/admin")
    pages = {
        "dashboard": "This link signs you in",
        "statistics": "Statistics",
        "users": "newest first",
        "banners": "pictures above the menu",
        "channel": "Everybody gets links",
        "log_level": "Logged is INFO",
        "restart": r"Restart telpher\?",
    }
    for data, wanted in pages.items():
        page = await turned(home, root, panel, data, wanted)
        panel = await turned(home, root, page, "admin", r"What is to be done\?")
    assert set(pages) | {"find_user", "broadcast", "admin_close"} == set(data_of(panel))
    await home.press(root, panel, b"admin_close")
    async with asyncio.timeout(PATIENCE):
        await home.world.changed.until(lambda: root.refresh(panel) is None)


async def test_the_button_of_the_dashboard_opens_it_once(home, root):
    panel = await home.ask(root, "/admin")
    shown = await turned(home, root, panel, "dashboard", "signs you in")
    [url] = [button.url for row in shown.buttons for button in row if button.url]
    assert url.startswith(f"{PUBLIC}/dashboard/sign-in?link=")
    assert url in shown.text
    door, _, link = home.at_home(url).partition("?link=")
    assert (await home.http.get(f"{door}?link={link}")).status_code == 200
    opened = await home.http.post(door, data={"link": link})
    assert opened.status_code == 303
    assert opened.headers["set-cookie"].startswith("__Host-telpher=")
    assert (await home.http.post(door, data={"link": link})).status_code == 403
    home.http.cookies.clear()


async def test_refresh_works_also_when_nothing_has_changed(home, root, bob):
    await home.ask(bob, "/start")
    card = await known(home, root, bob)
    for _ in range(3):
        await home.press(root, card, "🔄 Refresh")
    name = bob.account.first_name
    bob.account.first_name = "Bobby *the* <b>great</b>"
    await home.ask(bob, "/start")
    card = await refreshed(home, root, card, "Bobby *the* <b>great</b>")
    assert name not in card.text.split("\n")[0].split()


async def test_a_user_with_links_is_found_shown_banned_and_pardoned(home, root, bob):
    bob.account.username = f"bob{bob.user_id}"
    file = home.add_file(kind="video", size=300_000, dc=4, name="*film*.mp4")
    link = await share(home, bob, file)
    assert await home.get(home.at_home(link)) == bytes_of(file)
    card = await known(home, root, bob)
    card = await refreshed(home, root, card, "Streams: 1")
    assert "Files: 1" in card.text
    assert "292.97 KB" in card.text
    question = await turned(home, root, await home.ask(root, "/admin"), "find_user", "/cancel")
    assert question
    found = await home.ask(root, f"@BOB{bob.user_id}")
    assert f"@bob{bob.user_id}, {bob.user_id}" in found.text

    banned = await turned(home, root, found, f"ban:{bob.user_id}", "State: banned")
    assert await home.status(link) == 410, "at once"
    assert "has banned you" in (await home.ask(bob, "/start")).text
    refused = await home.answer(bob, await bob.send_file(home.bot, file))
    assert links_in(refused.text) == []
    await turned(home, root, banned, f"unban:{bob.user_id}", "State: reachable")
    assert await home.status(link) == 206
    assert "banned" in (await home.ask(root, f"/ban @bob{bob.user_id}")).text
    assert await home.status(link) == 410
    assert "not banned" in (await home.ask(root, f"/unban {bob.user_id}")).text
    assert await home.status(link) == 206


async def test_an_admin_ends_one_link_of_somebody_and_no_other(home, root, bob):
    links = [await share(home, bob, home.add_file(size=1000 + each)) for each in range(2)]
    card = await known(home, root, bob)
    await refreshed(home, root, card, "Files: 2")
    listed = await turned(home, root, card, f"links_of:{bob.user_id}", "Links of")
    newest = next(each for each in data_of(listed) if each.startswith("link_of:"))
    one = await turned(home, root, listed, newest, "Owner:")
    number = newest.partition(":")[2]
    question = await turned(home, root, one, f"ask_end_of:{number}", "End the link")
    await turned(home, root, question, f"end_of:{number}", "has ended")
    assert [await home.status(each) for each in links] == [206, 410]


async def test_users_are_listed_newest_first_over_pages(home, root):
    people = [home.newcomer(f"Nr {number}") for number in range(10)]
    for each in people:
        await home.ask(each, "/start")
    await known(home, root, people[-1])
    page = await turned(home, root, await home.ask(root, "/admin"), "users", "newest first")
    wanted = {f"user:{each.user_id}" for each in people}
    seen = set(data_of(page))
    (older,) = [each for each in data_of(page) if each.startswith("users:")]
    await home.press(root, page, older.encode())
    page = await home.shows(root, page, lambda now: older not in data_of(now))
    assert wanted <= seen | set(data_of(page))


async def test_a_banner_is_replaced_by_a_photo_and_set_back(home, root, bob):
    default = (await home.ask(bob, "/start")).file
    assert default.is_photo
    desk = await turned(home, root, await home.ask(root, "/admin"), "banners", "^Banners")
    card = await turned(home, root, desk, "banner:start", "^Start: the default")
    await turned(home, root, card, "banner_new:start", "Send me a photo")
    sent = await root.send_file(home.bot, FileSpec("photo", data=JPEG, dc=4))
    async with asyncio.timeout(PATIENCE):
        await root.wait_for(lambda seen: "shown from now on" in seen.text, home.bot, after=sent)
    menu = await home.ask(bob, "/start")
    assert bytes_of(menu.file) == JPEG
    # Pages replace each other in place, each below its banner.
    help_page = await turned(home, bob, menu, "page:help", "How to play it")
    assert bytes_of(help_page.file) == JPEG
    # A container has lost its disk: nothing but the database knew the banner.
    assert not [
        each for each in home.settings.work_dir.rglob("*") if each.suffix in (".jpg", ".png")
    ]
    desk = root.refresh(card)
    card = await turned(home, root, desk, "banner:start", "^Start: its own")
    await turned(home, root, card, "banner_reset:start", "^Start: the default")
    assert bytes_of((await home.ask(bob, "/start")).file) == bytes_of(default)


async def test_a_menu_goes_out_without_the_picture_that_telegram_refuses(home, bob):
    refused = home.cluster.faults.add(
        Fault(Kind.ERROR, method="messages.sendMedia", code=400, message="PHOTO_INVALID_DIMENSIONS")
    )
    menu = await home.ask(bob, "/start")
    assert refused.seen == 1
    assert (menu.file, "Hello" in menu.text) == (None, True)
    # Such menus, and those of before there were banners, go on working.
    assert (await turned(home, bob, menu, "page:info", "@telpher_bot")).text


async def test_the_menu_tells_how_the_bot_is(home, bob):
    menu = await home.ask(bob, "/start payload-of_a-link123")
    page = await turned(home, bob, menu, "page:info", "@telpher_bot")
    assert home.bot.first_name in page.text
    for wanted in (r"Version: \d", r"Running for: \d\d:\d\d", r"Streams now: \d", r"Data centres"):
        assert re.search(wanted, page.text)
    menu = await turned(home, bob, page, "page:start", "Hello")
    page = await turned(home, bob, menu, "page:help", "How to play")
    assert "/ban" not in (await turned(home, bob, page, "page:commands", "/links")).text


async def test_admins_see_their_commands_too(home, root):
    page = await turned(home, root, await home.ask(root, "/help"), "page:commands", "/links")
    for command in ("admin", "broadcast", "stats", "user", "ban", "unban"):
        assert f"/{command}: " in page.text


async def test_nobody_else_gets_in_by_command_or_forged_press(home, root, bob):
    panel = await home.ask(root, "/admin")
    menu = await home.ask(bob, "/start")
    table = home.app.bot.router.table
    for command in (each for each in table.commands.values() if each.who is Who.ADMINS):
        answer = await home.ask(bob, f"/{command.name} {root.user_id}")
        assert "for the admins" in answer.text
    forged = [*data_of(panel), f"ban:{root.user_id}", "log_set:DEBUG", "banner_reset:start"]
    for data in [
        *forged,
        *(each.name for each in table.presses.values() if each.who is Who.ADMINS),
    ]:
        answer = await home.forge(bob, menu, data.encode())
        assert "for the admins" in answer.text
    assert root.refresh(panel).text == panel.text


async def test_who_is_no_longer_an_admin_is_refused(tmp_path):
    world = World()
    boss = world.person("Boss")
    async with house(tmp_path, world=world, admins={boss.user_id}) as home:
        panel = await home.ask(boss, "/admin")
        desk = await turned(home, boss, panel, "banners", "^Banners")
        card = await turned(home, boss, desk, "banner:start", "^Start: the default")
        await turned(home, boss, card, "banner_new:start", "Send me a photo")
    async with house(tmp_path, world=world, admins={1}) as home:
        for data in (*data_of(panel), *data_of(card), "log_set:DEBUG"):
            assert "for the admins" in (await home.forge(boss, panel, data.encode())).text
        assert "for the admins" in (await home.ask(boss, "/stats")).text
        sent = await boss.send_file(home.bot, FileSpec("photo", data=JPEG))
        assert links_in((await home.answer(boss, sent)).text), "a file like any other"


async def test_two_admins_at_once_do_not_disturb_each_other(home, root, boss, bob):
    link = await share(home, bob, home.add_file(size=1000))
    await known(home, root, bob)
    one, two = await asyncio.gather(
        home.ask(root, f"/user {bob.user_id}"), home.ask(boss, f"/user {bob.user_id}")
    )
    await asyncio.gather(
        turned(home, root, one, f"ban:{bob.user_id}", "State: banned"),
        turned(home, boss, two, f"ban:{bob.user_id}", "State: banned"),
    )
    assert await home.status(link) == 410
    # Each has a conversation of their own.
    panels = await asyncio.gather(home.ask(root, "/admin"), home.ask(boss, "/admin"))
    await turned(home, root, panels[0], "find_user", "id or @name")
    desk = await turned(home, boss, panels[1], "banners", "^Banners")
    desk = await turned(home, boss, desk, "banner:about", "^About: the default")
    await turned(home, boss, desk, "banner_new:about", "Send me a photo")
    assert "That is no photo" in (await home.ask(boss, str(bob.user_id))).text
    assert "State: banned" in (await home.ask(root, str(bob.user_id))).text
    assert "Stopped" in (await home.ask(boss, "/cancel")).text


async def test_admins_cannot_ban_each_other(home, root, boss):
    await home.ask(boss, "/start")
    assert "cannot be banned" in (await home.ask(root, f"/ban {boss.user_id}")).text
    answer = await home.forge(root, await home.ask(root, "/admin"), f"ban:{boss.user_id}".encode())
    assert "nobody" in answer.text or "cannot be banned" in answer.text
    assert "People" in (await home.ask(boss, "/stats")).text


async def test_a_newcomer_is_reported_once_and_known_once_however_often_they_start(home, root, bob):
    owner = home.world.person("Owner")
    for _ in range(3):
        await home.ask(bob, "/start")
    card = await known(home, root, bob)
    assert card
    channel = home.settings.log_channel
    marker = home.newcomer("Marker")
    await home.ask(marker, "/start")

    async with asyncio.timeout(PATIENCE):
        await owner.wait_for(lambda seen: str(marker.user_id) in seen.text, channel)
    reports = [each.text for each in owner.history(channel) if "#NEW_USER" in each.text]
    assert len([each for each in reports if str(bob.user_id) in each]) == 1
    page = await turned(home, root, await home.ask(root, "/admin"), "users", "newest first")
    assert data_of(page).count(f"user:{bob.user_id}") == 1


async def test_a_message_without_any_user_s_name_or_id(home, root):
    for text in ("/user @nobody_at_all", "/user 1", "/ban @nobody_at_all", "/unban @nobody_at_all"):
        assert "I know nobody" in (await home.ask(root, text)).text
    for text in ("/user", "/ban", "/unban"):
        assert "Send /" in (await home.ask(root, text)).text
