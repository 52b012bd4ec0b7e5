"""People for the panel's tests."""

from telpher.core.model import Person

ROOT = Person(1, "Root", username="root", language_code="en")
OTHER = Person(2, "Other root", language_code="de")

# What people call themselves: every character that some markup knows, none at all, turned ones.
NAMES = (
    "*Mark* _down_ [x](tg://user?id=1) `z` ~s~ ||t||",
    "<b>bold</b> &amp; <script>",
    "\u202egpj.exe",
    "two\nlines",
    "😀" * 64,
    "",
)


async def meet(home, count, first=100, **fields):
    """So many people talk to the bot, one a second."""
    people = []
    for number in range(count):
        home.clock.advance(1)
        person = Person(first + number, f"Person {number}", username=f"p{number}", **fields)
        await home.say("/start", person)
        people.append(person)
    await home.notes.flush()
    return people


def data_of(sent):
    """The data of all buttons of a message."""
    return [button.data.decode() for button in sent.buttons if button.data]
