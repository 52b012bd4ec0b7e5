"""The one error that a service raises on purpose.

Telegram answers a failed call with `rpc_error code message`, where the code is close to an HTTP
status and the message is a fixed word in capitals, at times with a number at its end
(`FLOOD_WAIT_30`). See https://core.telegram.org/api/errors.
"""


class RpcError(Exception):
    """A call was refused; `code` and `message` go to the client as they are."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(f"{code} {message}")
        self.code = code
        self.message = message
