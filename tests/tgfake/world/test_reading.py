"""Messages in plain values."""

from telethon.tl import types

from tgfake.world import Body, Message, Role, World
from tgfake.world.reading import Mark, commands_of, marks_of, name_of, note_of, origin_name


def test_marks_are_named_as_the_constructors_are() -> None:
    entities = [
        types.MessageEntityBold(0, 1),
        types.MessageEntityTextUrl(1, 2, "https://example.com"),
        types.MessageEntityBotCommand(4, 5),
    ]
    assert marks_of(entities) == (
        Mark("bold", 0, 1),
        Mark("texturl", 1, 2, "https://example.com"),
        Mark("botcommand", 4, 5),
    )


def test_names() -> None:
    world = World()
    ann = world.add_user("Ann", last_name="Other")
    films = world.add_channel("Films", ann)
    assert name_of(world.directory, ann.peer) == "Ann Other"
    assert name_of(world.directory, films.peer) == "Films"
    world.deactivate(ann)
    assert name_of(world.directory, ann.peer) == "Deleted Account"


async def test_where_a_forward_comes_from() -> None:
    world = World()
    ann, bob = world.person("Ann"), world.person(world.add_user("Bob", hides_forwards=True))
    said = await bob.send(ann.account, "hello")
    assert origin_name(world.directory, said.message) is None
    (shown,) = await ann.forward(bob.account, *ann.history(bob.account))
    assert origin_name(world.directory, shown.message) == "Bob"
    own = await ann.send(bob.account, "mine")
    (forwarded,) = await ann.forward(bob.account, own)
    assert origin_name(world.directory, forwarded.message) == "Ann"


def test_service_messages_are_sentences() -> None:
    world = World()
    ann, bob = world.add_user("Ann"), world.add_user("Bob")
    club = world.add_supergroup("Club", ann, forum=True)
    world.add_member(club, bob, Role.MEMBER)
    world.add_topic(club, "Films", bob)
    world.remove_member(club, bob)
    notes = [note_of(world.directory, message) for message in club.channel_box.messages.values()]
    assert notes == ["Club was created", "Bob joined", "Bob opened the topic Films", "Bob left"]
    said = Message(ann.peer, club.peer, ann.user_id, 0, Body("hello"))
    assert note_of(world.directory, said) is None
    said.action = types.MessageActionPinMessage()
    assert note_of(world.directory, said) == "PinMessage"


def test_commands_by_language() -> None:
    world = World()
    bot = world.add_bot("1:a", "a_bot")
    scope = bytes(types.BotCommandScopeDefault())
    assert commands_of(bot, "en") == []
    bot.commands[scope, ""] = [types.BotCommand("start", "Begin")]
    bot.commands[scope, "de"] = [types.BotCommand("start", "Anfangen")]
    assert commands_of(bot, "en") == commands_of(bot, None) == [("start", "Begin")]
    assert commands_of(bot, "de") == [("start", "Anfangen")]
