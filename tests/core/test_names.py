"""File names: a table of the odd ones, and properties that hold for any."""

from __future__ import annotations

import re
import unicodedata
from email.message import EmailMessage
from urllib.parse import unquote, urljoin, urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from telpher.core.model import FileInfo, Kind
from telpher.core.names import (
    MAX_BYTES,
    ascii_name,
    clean,
    content_disposition,
    path_segment,
    safe_name,
)

FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("film.mp4", "film.mp4"),
        ("A film (2001) [1080p].mkv", "A film (2001) [1080p].mkv"),
        ("Амели.mkv", "Амели.mkv"),
        ("映画.mp4", "映画.mp4"),
        ("فيلم.mp4", "فيلم.mp4"),
        ("नमस्ते.mp4", "नमस्ते.mp4"),
        ("\u0645\u06cc\u200c\u062e.mp3", "\u0645\u06cc\u200c\u062e.mp3"),
        (f"{FAMILY}.jpg", f"{FAMILY}.jpg"),
        ("cafe\u0301.mp4", "café.mp4"),
        ("100%.mp4", "100%.mp4"),
        ("a;b=c&d'e.mp4", "a;b=c&d'e.mp4"),
        ('say "hi".mp4', "say _hi_.mp4"),
        ("a\r\nSet-Cookie: x=y.mp4", "a Set-Cookie_ x=y.mp4"),
        ("a\0b\x07c\x7f.mp4", "abc.mp4"),
        ("a\tb\x85c\u2028d\u00a0e", "a b c d e"),
        ("  a   b  ", "a b"),
        ("photo\u202egpj.exe", "photogpj.exe"),
        ("\u2066a\u2069\u200e\u200f\u061c.mp4", "a.mp4"),
        ("\ufeffa\u00ad\u200b.mp4", "a.mp4"),
        ("a\ud800b.mp4", "ab.mp4"),
        ("../../etc/passwd", "_.._etc_passwd"),
        ("..\\..\\boot.ini", "_.._boot.ini"),
        ("/", "_"),
        ("C:\\x", "C__x"),
        ("a*b?c<d>e|f", "a_b_c_d_e_f"),
        (".htaccess", "htaccess"),
        ("...", ""),
        (".", ""),
        ("..", ""),
        (". .", ""),
        ("", ""),
        (" \n", ""),
        ("\u202e", ""),
        ("\u200d", ""),
        ("film.mp4.", "film.mp4"),
        ("film.mp4. .", "film.mp4"),
        ("CON", "_CON"),
        ("nul.txt", "_nul.txt"),
        ("Com1.tar.gz", "_Com1.tar.gz"),
        ("COM¹", "_COM¹"),
        ("aux .mp4", "_aux .mp4"),
        ("console.mp4", "console.mp4"),
        ("COM0", "COM0"),
    ],
)
def test_clean(name: str, expected: str) -> None:
    assert clean(name) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("x" * 251 + ".mp4", "x" * 251 + ".mp4"),
        ("x" * 252 + ".mp4", "x" * 251 + ".mp4"),
        ("x" * 5000 + ".mp4", "x" * 251 + ".mp4"),
        ("x" * 5000, "x" * 255),
        ("ж" * 200 + ".mp4", "ж" * 125 + ".mp4"),
        ("\U0001f3ac" * 100 + ".mkv", "\U0001f3ac" * 62 + ".mkv"),
        ("x" * 300 + "." + "y" * 300, "x" * 255),
        ("x" * 300 + ". and then", "x" * 255),
        ("x" * 250 + " " * 20 + "y.mp4", "x" * 250 + ".mp4"),
        ("x" * 250 + "...y.mp4", "x" * 250 + ".mp4"),
    ],
)
def test_overlong(name: str, expected: str) -> None:
    assert clean(name) == expected


def info(name: str = "", mime_type: str = "", kind: Kind = Kind.DOCUMENT, **more: str) -> FileInfo:
    return FileInfo(123, 1, mime_type, name, kind, 0, **more)


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        (info("a/b.mp4", "video/mp4"), "a_b.mp4"),
        (info("film", "video/mp4"), "film"),
        (info("", "video/mp4", Kind.VIDEO), "video_123.mp4"),
        (info("..", "video/x-matroska", Kind.VIDEO), "video_123.mkv"),
        (info("", "", Kind.PHOTO), "photo_123.jpg"),
        (info("", "audio/ogg", Kind.VOICE), "voice_123.ogg"),
        (info("", "", Kind.VOICE), "voice_123.ogg"),
        (info("", "", Kind.VIDEO_NOTE), "video_note_123.mp4"),
        (info("", "application/pdf"), "document_123.pdf"),
        (info("", "a/../../b"), "document_123"),
        (info(), "document_123"),
        (
            info("", "audio/mpeg", Kind.AUDIO, title="AC/DC?", performer="X"),
            "X - AC_DC_.mp3",
        ),
        (info("", "audio/mpeg", Kind.AUDIO, title="T"), "T.mp3"),
        (info("", "audio/mpeg", Kind.AUDIO, title="..", performer="\n"), "audio_123.mp3"),
    ],
)
def test_safe_name(file: FileInfo, expected: str) -> None:
    assert safe_name(file) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("film.mp4", "film.mp4"),
        ("café.mp4", "cafe.mp4"),
        ("Ĳsland № 5.mkv", "IJsland No 5.mkv"),
        ("Амели (2001).mkv", "_ (2001).mkv"),
        ("фильм.mp4", "file.mp4"),
        ("映画", "file"),
        ("a\uff05b%41.mp4", "a_b_41.mp4"),
        ("50℀x.mp4", "50a_cx.mp4"),  # decomposes to a/c
        ("…hidden", "hidden"),  # decomposes to three dots
        ('"\\', "file"),
        ("", "file"),
        ("a__b.mp4", "a__b.mp4"),
    ],
)
def test_ascii_name(name: str, expected: str) -> None:
    assert ascii_name(name) == expected


def test_content_disposition() -> None:
    assert content_disposition("фильм 1;.mp4", attachment=False) == (
        "inline; filename=\"_ 1;.mp4\"; filename*=UTF-8''%D1%84%D0%B8%D0%BB%D1%8C%D0%BC%201%3B.mp4"
    )
    assert content_disposition("a.mp4", attachment=True) == (
        "attachment; filename=\"a.mp4\"; filename*=UTF-8''a.mp4"
    )
    assert content_disposition("", attachment=True) == (
        "attachment; filename=\"file\"; filename*=UTF-8''file"
    )
    assert content_disposition("a'b(c)*d%.mp4", attachment=True) == (
        "attachment; filename=\"a'b(c)_d_.mp4\"; filename*=UTF-8''a%27b%28c%29_d%25.mp4"
    )


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a b.mp4", "a%20b.mp4"),
        ("a/b", "a_b"),
        ("..", "file"),
        (".", "file"),
        ("", "file"),
        ("50%.mp4", "50%25.mp4"),
        ("a?b#c", "a_b%23c"),
        ("ж", "%D0%B6"),
        ("a%2fb", "a%252fb"),
    ],
)
def test_path_segment(name: str, expected: str) -> None:
    assert path_segment(name) == expected


odd = st.text(
    st.sampled_from(
        "ab/\\.. \"%'\r\n\0\u202e\u200d\u0301жC.ON\ud800\U0001f468\u2126\u037e…℀\u1fef"
    ),
    max_size=40,
)
texts = st.text(max_size=400) | odd | odd.map(lambda part: part * 60)


@given(name=texts)
@example(name="a" + "\u0301\u0327" * 5000)
@example(name="x" * 251 + "\u200d\u200d.mp4")
def test_a_clean_name_is_safe(name: str) -> None:
    cleaned = clean(name)
    assert len(cleaned.encode()) <= MAX_BYTES
    assert not set(cleaned) & set('/\\:*?"<>|')
    assert cleaned == cleaned.strip(". ")
    assert "  " not in cleaned
    for char in cleaned:
        assert unicodedata.category(char) not in {"Cc", "Cs", "Zl", "Zp"}
        assert unicodedata.bidirectional(char) not in {
            *("LRE", "RLE", "PDF", "LRO", "RLO", "LRI", "RLI", "FSI", "PDI")
        }


@given(name=texts)
def test_cleaning_twice_changes_nothing(name: str) -> None:
    assert clean(clean(name)) == clean(name)


@given(name=st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=40))
def test_letters_and_digits_of_every_script_stay(name: str) -> None:
    composed = unicodedata.normalize("NFC", name)
    assert clean(f"x{composed}.mp4") == unicodedata.normalize("NFC", f"x{composed}.mp4")


@given(name=texts, kind=st.sampled_from(Kind), title=texts)
def test_every_file_has_a_name(name: str, kind: Kind, title: str) -> None:
    assert safe_name(info(name, "", kind, title=title))


@given(name=texts, attachment=st.booleans())
def test_the_header_is_one_line_and_reads_back(name: str, attachment: bool) -> None:
    value = content_disposition(name, attachment=attachment)
    found = re.fullmatch(
        r"(inline|attachment); filename=\"([ -~]+)\"; "
        r"filename\*=UTF-8''([!#$&+.^_`|~0-9A-Za-z%-]+)",
        value,
    )
    assert found is not None
    assert found[1] == ("attachment" if attachment else "inline")
    assert not set(found[2]) & set('"\\%/')
    assert unquote(found[3], errors="strict") == (clean(name) or "file")


@given(name=st.text("abжé 日.'()", min_size=1, max_size=40))
def test_another_parser_reads_the_same_name(name: str) -> None:
    message = EmailMessage()
    exact = content_disposition(name, attachment=True).partition(" filename*")[2]
    message["Content-Disposition"] = f"attachment; filename*{exact}"
    assert message.get_filename() == (clean(name) or "file")


@given(name=texts)
def test_a_segment_stays_where_it_is(name: str) -> None:
    segment = path_segment(name)
    url = urlsplit(urljoin("http://host/stream/1/2/", f"./{segment}?k=v"))
    assert url.path == f"/stream/1/2/{segment}"
    assert (url.query, url.fragment) == ("k=v", "")
    assert re.fullmatch(r"[A-Za-z0-9_.~%-]+", segment)
    assert unquote(segment, errors="strict") == (clean(name) or "file")
