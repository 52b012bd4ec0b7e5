"""Who sees which message.

People see what is in the chats they are in. A bot in a group sees little: see `meant_for_bot`, and
never what another bot says; with privacy mode off, or as an admin, everything else. In broadcast
channels members see everything, and so does everybody where the channel has a public name.
"""

from __future__ import annotations

from tgfake.world.accounts import Account
from tgfake.world.chats import Chat
from tgfake.world.directory import Directory
from tgfake.world.messages import Message, meant_for_bot
from tgfake.world.peers import Kind


class Sight:
    """Answers from the state of the directory."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory

    def audience(self, message: Message, chat: Chat) -> frozenset[int]:
        """The bots in `chat` that a new message is shown to."""
        bots = (self._directory.account(user_id) for user_id in chat.present())
        return frozenset(
            bot.user_id for bot in bots if bot.is_bot and self._shown(message, chat, bot)
        )

    def sees(self, account: Account, message: Message) -> bool:
        """Whether `account` may read `message` now."""
        if message.deleted or not message.id_for(account.user_id):
            return False
        chat = self._directory.chats.get(message.target)
        if chat is None:
            return True
        if chat.banned(account.user_id):
            return False
        if chat.broadcast or not account.is_bot:
            return chat.has(account.user_id) or chat.username is not None
        return account.user_id in message.bots or self._sees_all(message, chat, account)

    def _shown(self, message: Message, chat: Chat, bot: Account) -> bool:
        if chat.broadcast or self._sees_all(message, chat, bot):
            return True
        if self._by_another_bot(message, bot):
            return False
        spoke_last = chat.last_bot in (None, bot.user_id)
        return meant_for_bot(message, bot.user_id, bot.username, spoke_last)

    def _sees_all(self, message: Message, chat: Chat, bot: Account) -> bool:
        if not chat.has(bot.user_id) or self._by_another_bot(message, bot):
            return False
        return not bot.privacy or chat.is_admin(bot.user_id)

    def _by_another_bot(self, message: Message, bot: Account) -> bool:
        if message.sender.kind is not Kind.USER or message.sender == bot.peer:
            return False
        return message.action is None and self._directory.account(message.sender.id).is_bot
