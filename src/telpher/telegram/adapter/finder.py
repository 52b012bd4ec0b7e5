"""Reads one message and takes its file.

In groups a link may name a command instead of the file that it answers: where privacy mode hides
the file's own message, a bot finds it by the command alone, now and ever after (telegram.md). So
both are asked for, in one call.
"""

from __future__ import annotations

from telpher.core.model import FoundFile, MessageRef
from telpher.errors import NotFoundError
from telpher.telegram.adapter.files import found_file
from telpher.telegram.adapter.peers import AccessHashes
from telpher.telegram.adapter.reader import MessageReader
from telpher.telegram.adapter.wire import Call


async def find_file(ref: MessageRef, call: Call, hashes: AccessHashes, account: int) -> FoundFile:
    """The file in message `ref` as `account` sees it; in groups else that of the one it answers.

    Raises NotFoundError when there is none.
    """
    reader = MessageReader(call, hashes)
    in_group = ref.chat_id < 0
    reads = await reader.with_answered(ref) if in_group else [await reader.message(ref)]
    if not reads or reads[0].message.id != ref.message_id:
        raise NotFoundError("no such message")
    for read in reads:
        found = found_file(read.message, account=account)
        if found is not None:
            return found
    raise NotFoundError("no file in it")
