"""The pictures' planes and the sound, as numbers."""

import itertools

from telpher.demo import pattern

AREA = pattern.WIDTH * pattern.HEIGHT


def test_planes_have_the_size_of_the_picture() -> None:
    for luma, u, v in itertools.islice(pattern.pictures(), 0, 1500, 100):
        assert (len(luma), len(u), len(v)) == (AREA, AREA // 4, AREA // 4)


def test_there_is_a_picture_for_every_moment() -> None:
    assert sum(1 for _ in pattern.pictures()) == pattern.SECONDS * pattern.FRAME_RATE


def test_the_cells_count_the_seconds() -> None:
    pictures = pattern.pictures()
    for second in range(6):
        luma, _, _ = next(pictures)
        cell = pattern.WIDTH // 8
        middles = [luma[number * cell + cell // 2] for number in range(8)]
        assert int("".join("1" if value > 200 else "0" for value in middles), 2) == second
        next(itertools.islice(pictures, pattern.FRAME_RATE - 2, None))


def test_no_two_pictures_are_the_same() -> None:
    seen = {hash(luma) for luma, _, _ in itertools.islice(pattern.pictures(), 50)}
    assert len(seen) == 50


def test_sound_is_one_second_without_clipping() -> None:
    second = pattern.sound(440)
    assert len(second) == pattern.SAMPLE_RATE
    assert 0.1 < max(second) <= 1
    assert abs(second[0] - second[-1]) < 0.1
