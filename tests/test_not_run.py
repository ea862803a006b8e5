"""The plugin that counts tests without their program, seen from outside on small suites."""

import pytest

pytest_plugins = ["pytester"]

PLUGINS = ("tests.not_run", "no:cacheprovider", "no:asyncio", "no:faker", "no:hypothesispytest")


def run(pytester: pytest.Pytester, body: str, monkeypatch: pytest.MonkeyPatch) -> pytest.RunResult:
    """Run a small suite on a machine where only the folder ``bin`` is on PATH."""
    monkeypatch.setenv("PATH", str(pytester.mkdir("bin")))
    pytester.makepyfile(body)
    pytester.makepyfile(**{"other/conftest": "", "rooms/conftest": "", "rooms/test_more": ""})
    return pytester.runpytest_inprocess(*(f"-p{name}" for name in PLUGINS))


def test_missing_programs_are_counted_in_one_line_each(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = """
        from tests.not_run import needs, program

        @needs("chromium")
        def test_page(): raise AssertionError

        @needs("chromium")
        def test_other_page(): raise AssertionError

        def test_signature(): program("openssl")

        def test_sum(): assert 1 + 1 == 2
    """

    result = run(pytester, body, monkeypatch)

    result.stdout.fnmatch_lines(
        [
            "NOT RUN 2: needs chromium (apt install chromium)",
            "NOT RUN 1: needs openssl (apt install openssl)",
            "*1 passed, 3 skipped*",
        ]
    )
    assert result.ret == pytest.ExitCode.OK


@pytest.mark.parametrize(
    "body",
    [
        "import pytest\ndef test_sum(): pytest.skip('not today')",
        "import pytest\n@pytest.mark.skip\ndef test_sum(): pass",
        "import pytest\npytest.importorskip('no_such_module')",
        "import pytest\ndef test_sum(): pytest.skip('needs chromium')",
    ],
)
def test_any_other_skip_fails_the_run(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, body: str
) -> None:
    result = run(pytester, body + "\n\ndef test_that_passes(): pass", monkeypatch)

    result.stdout.fnmatch_lines(["SKIPPED WITHOUT EXCUSE *"])
    assert result.ret == pytest.ExitCode.TESTS_FAILED


def test_a_program_that_is_there_excuses_no_skip(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = pytester.mkdir("there") / "chromium"
    there.write_text("#!/bin/sh\n", encoding="ascii")
    there.chmod(0o755)
    body = """
        import os, pytest
        from tests.not_run import reason

        def test_page():
            os.environ["PATH"] = "there"
            pytest.skip(reason("chromium"))
    """

    result = run(pytester, body, monkeypatch)

    assert result.ret == pytest.ExitCode.TESTS_FAILED
