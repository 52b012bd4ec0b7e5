from starlette.requests import Request

from telpher.web.request_headers import joined


def test_repeated_headers_are_one_list() -> None:
    headers = [(b"if-match", b'"a"'), (b"range", b"bytes=0-1"), (b"if-match", b'"b"')]
    request = Request({"type": "http", "headers": headers})
    assert joined(request) == {"if-match": '"a", "b"', "range": "bytes=0-1"}
