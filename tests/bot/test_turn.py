import dataclasses

import pytest

from telpher.bot.language import Html, Texts
from telpher.bot.turn import Answer, Turn
from telpher.core.model import MessageRef
from telpher.errors import RecipientLostError, RequestRejectedError
from telpher.telegram.gateway import Button, ButtonPress, IncomingMessage
from tests.bot.fake_gateway import FakeGateway
from tests.bot.stage import ADA

TEXTS = Texts.load()
WHOLE = Answer(
    Html("text"), ((Button("a", url="https://a.example.org"),),), picture=b"\xff\xd8\xff"
)
REF = MessageRef(7, 33)


@pytest.fixture
def gateway():
    return FakeGateway()


@pytest.fixture
def turn(gateway):
    return Turn(gateway, TEXTS, IncomingMessage(REF, ADA, True, "hello"))


@pytest.fixture
def press(gateway):
    return Turn(gateway, TEXTS, ButtonPress(REF, ADA, query_id=5, data=b"x"))


@pytest.mark.parametrize(
    ("refusals", "left"),
    [
        (["PHOTO_INVALID_DIMENSIONS"], {"keyboard"}),
        (["IMAGE_PROCESS_FAILED"], {"keyboard"}),
        (["MEDIA_PREV_INVALID"], {"keyboard"}),
        (["BUTTON_URL_INVALID"], {"picture"}),
        (["PHOTO_SAVE_FILE_INVALID", "BUTTON_URL_INVALID"], set()),
    ],
)
async def test_what_is_refused_is_left_out_and_the_text_goes_out(
    gateway, turn, press, refusals, left
):
    gateway.failures = [RequestRejectedError(each) for each in refusals]
    await turn.say(WHOLE)
    gateway.failures = [None, *(RequestRejectedError(each) for each in refusals)]
    await press.show(WHOLE)
    for message in (gateway.sent[0].message, gateway.edited[0].message):
        assert message.html == "text"
        assert {name for name in ("keyboard", "picture") if getattr(message, name)} == left


@pytest.mark.parametrize(
    "error", [RequestRejectedError("MESSAGE_ID_INVALID"), RecipientLostError("USER_IS_BLOCKED")]
)
async def test_other_refusals_are_raised_at_once(gateway, turn, press, error):
    gateway.failures = [error, None, error]
    with pytest.raises(type(error)):
        await turn.say(WHOLE)
    with pytest.raises(type(error)):
        await press.show(WHOLE)
    assert gateway.failures == []


async def test_a_strict_one_is_not_made_plainer(gateway, turn):
    gateway.failures = [RequestRejectedError("PHOTO_INVALID_DIMENSIONS")]
    with pytest.raises(RequestRejectedError):
        await turn.say(WHOLE, strict=True)


async def test_a_message_made_plainer_keeps_its_name(gateway, turn):
    gateway.failures = [RequestRejectedError("PHOTO_INVALID_DIMENSIONS")]
    await turn.say(WHOLE, as_reply=True)
    (sent,) = gateway.sent
    assert (sent.message.once, sent.reply_to) == ("IncomingMessage 33 1", 33)
    assert dataclasses.replace(sent.message, once="").picture == b""
