"""Secrets by file: what is none is refused by its file's name, and every comparison takes all tokens."""

from __future__ import annotations

import base64
import secrets
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeostat.credentials import CredentialError, authorized, read_token

if TYPE_CHECKING:
    import pathlib

FIRST, SECOND = "b1946ac92492d2347c6235b4d2611184", "591785b794601e212b260e25925636fd"


def written(folder: pathlib.Path, content: bytes) -> str:
    path = folder / "token"
    path.touch(mode=0o600)
    path.write_bytes(content)
    return str(path)


@pytest.mark.parametrize("mode", [0o400, 0o600, 0o640, 0o440])
def test_its_owner_and_a_group_may_read_it(tmp_path: pathlib.Path, mode: int) -> None:
    (tmp_path / "token").write_text(FIRST)
    (tmp_path / "token").chmod(mode)
    assert read_token(str(tmp_path / "token")) == FIRST


@pytest.mark.parametrize("mode", [0o644, 0o604, 0o602, 0o660, 0o666, 0o641])
def test_what_others_may_read_or_change_is_refused_with_the_cure(tmp_path: pathlib.Path, mode: int) -> None:
    path = tmp_path / "token"
    path.write_text(FIRST)
    path.chmod(mode)
    with pytest.raises(CredentialError) as error:
        read_token(str(path))
    assert str(error.value) == f"{path}: others may read or change this token (mode {mode:04o}); run: chmod g-w,o= {path}"
    path.chmod(path.stat().st_mode & 0o750)
    assert read_token(str(path)) == FIRST


@pytest.mark.parametrize("content", [FIRST, f"{FIRST}\n", f"  {FIRST}\r\n\n"])
def test_a_token_is_read_without_its_surroundings(tmp_path: pathlib.Path, content: str) -> None:
    assert read_token(written(tmp_path, content.encode())) == FIRST


@pytest.mark.parametrize("make", [lambda: secrets.token_hex(32), lambda: secrets.token_urlsafe(32), lambda: base64.b64encode(secrets.token_bytes(48)).decode()])
def test_what_people_make_with_their_tools_is_a_token(tmp_path: pathlib.Path, make: object) -> None:
    for _ in range(50):
        token = make()
        assert read_token(written(tmp_path, token.encode())) == token


@pytest.mark.parametrize(
    "placeholder",
    ["changemechangeme", "CHANGE_ME_CHANGE_ME", "<insert-token-here>", "your-token-goes-here", "replace-this-value-now", "example-token-12345", "xxxxxxxxxxxxxxxx",
     "0000000000000000", "${WEBHOOK_TOKEN_VALUE}", "todo-todo-todo-todo", "supersecretpassword", "placeholder-placeholder"],
)  # fmt: skip
def test_a_placeholder_is_refused_and_not_repeated(tmp_path: pathlib.Path, placeholder: str) -> None:
    with pytest.raises(CredentialError, match="placeholder; make one with: openssl rand -hex 32") as error:
        read_token(written(tmp_path, placeholder.encode()))
    assert placeholder not in str(error.value).removeprefix(str(tmp_path))


@pytest.mark.parametrize("content", [b"", b"\n", b"short", b"two words that are long", b"0123456789abcdef" * 65, b"0123456789abcdef" * 999, f"{FIRST}\n{SECOND}".encode()])
def test_a_token_is_one_word_of_sixteen_characters(tmp_path: pathlib.Path, content: bytes) -> None:
    with pytest.raises(CredentialError, match="one word of at least 16 characters"):
        read_token(written(tmp_path, content))


def test_a_file_that_cannot_be_read_is_named(tmp_path: pathlib.Path) -> None:
    for path in (str(tmp_path / "missing"), str(tmp_path), written(tmp_path, b"\xff\xfe" * 20)):
        with pytest.raises(CredentialError, match="the token file cannot be read") as error:
            read_token(path)
        assert str(error.value).startswith(path)


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


@pytest.mark.parametrize("header", [f"Bearer {FIRST}", f"Bearer {SECOND}", f"bearer {FIRST}", basic("anybody", FIRST), basic("", SECOND)])
def test_any_of_the_tokens_is_enough_as_bearer_or_as_password(header: str) -> None:
    assert authorized(header, (FIRST, SECOND))


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer ", FIRST, f"Token {FIRST}", f"Bearer {FIRST} x", f"Bearer {FIRST}\0", basic(FIRST, ""), basic("a", "b"), "Basic ===", "Basic é"])
def test_nothing_else_is(header: str | None) -> None:
    assert not authorized(header, (FIRST, SECOND))


@given(st.one_of(st.none(), st.text(), st.text().map(lambda text: f"Bearer {text}"), st.binary().map(lambda raw: "Basic " + base64.b64encode(raw).decode())))
def test_without_tokens_nobody_is_authorized_and_nothing_raises(header: str | None) -> None:
    assert not authorized(header, ())
    assert not authorized(header, (FIRST,))


def test_a_passwords_colon_belongs_to_it() -> None:
    assert authorized(basic("user", "a:b:c-long-enough"), ("a:b:c-long-enough",))
