"""``hocphi code`` prints codes and numbers, and one line when it refuses."""

import pytest

from payments.reference import NUMBERS
from tests.program import Ran, run_program

KEY = bytes(range(32)).hex()
FIRST = "HPX19T090KXJH2"
SECOND = "HPXMV0MKKCRKG7"


def run(*words: str, key: str = KEY) -> Ran:
    return run_program("code", *words, HOCPHI_CODE_KEY=key)


def assert_refused(answer: Ran) -> None:
    """One line on stderr, nothing on stdout, exit code 2."""
    assert answer.exit_code == 2
    assert answer.stdout == ""
    assert answer.stderr.startswith("hocphi: ")
    assert answer.stderr.count("\n") == 1


def test_make_prints_the_code_of_a_number() -> None:
    answer = run("make", "0")

    assert (answer.exit_code, answer.stdout) == (0, FIRST + "\n")


def test_read_prints_each_code_with_its_number() -> None:
    memo = f"- MBVCB.3278907687.{SECOND.lower()}, {FIRST[:5]}  {FIRST[5:]} {SECOND}.CT tu 012"

    answer = run("read", memo)

    assert (answer.exit_code, answer.stdout) == (0, f"{SECOND} 1\n{FIRST} 0\n")


def test_read_takes_a_text_of_several_words() -> None:
    answer = run("read", "--ND", FIRST[:7], FIRST[7:], "-x")

    assert (answer.exit_code, answer.stdout) == (0, f"{FIRST} 0\n")


@pytest.mark.parametrize("text", ["", "chuyen tien thang 9", FIRST[:-1] + "Y"])
def test_read_prints_nothing_when_there_is_no_code(text: str) -> None:
    answer = run("read", text)

    assert (answer.exit_code, answer.output) == (0, "")


@pytest.mark.parametrize("number", ["-1", str(NUMBERS)])
def test_make_refuses_a_number_without_a_code(number: str) -> None:
    assert_refused(run("make", number))


@pytest.mark.parametrize("words", [("make", "0"), ("read", FIRST)])
@pytest.mark.parametrize("key", ["xyz", "00" * 15, "00" * 65])
def test_an_unfit_key_is_refused_and_not_shown(words: tuple[str, ...], key: str) -> None:
    answer = run(*words, key=key)

    assert_refused(answer)
    assert key not in answer.stderr


def test_without_a_key_one_is_made_and_kept(tmp_path) -> None:
    home = str(tmp_path / "home")

    first = run_program("code", "make", "7", HOCPHI_HOME=home, HOCPHI_CODE_KEY="")
    again = run_program("code", "make", "7", HOCPHI_HOME=home, HOCPHI_CODE_KEY="")

    assert (first.exit_code, first.stdout) == (0, again.stdout)
    assert (tmp_path / "home" / "keys" / "code_key").stat().st_mode & 0o777 == 0o600
