"""Settings: the environment over ``.env`` over the defaults; keys made once and kept."""

import shutil
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from kernel.settings import (
    CHECKOUT,
    SettingInvalid,
    Settings,
    kept_key,
    read_settings,
    settings_table,
    variable_of,
)

SHOW = "from kernel.settings import read_settings as r; s = r(); print(s.code_prefix, s.port)"


def shown_with(folder: Path, dotenv: str | None, **environment: str) -> str:
    """Read the settings as a checkout of its own would, with its ``.env`` and environment."""
    (folder / "kernel").mkdir(exist_ok=True)
    for name in ("__init__.py", "settings.py", "errors.py"):
        shutil.copy(CHECKOUT / "kernel" / name, folder / "kernel" / name)
    if dotenv is not None:
        (folder / ".env").write_text(dotenv, encoding="utf-8")
    return subprocess.run(
        [sys.executable, "-c", SHOW], cwd=folder, env=environment,
        capture_output=True, text=True, check=True,
    ).stdout.strip()  # fmt: skip


def test_the_environment_stands_over_dotenv_and_dotenv_over_the_default(tmp_path: Path) -> None:
    dotenv = "# a comment\nHOCPHI_PORT=9001\n\n HOCPHI_CODE_PREFIX = 'ABC' \nnot a setting\n"

    assert shown_with(tmp_path, None) == "HPX 8080"
    assert shown_with(tmp_path, dotenv) == "ABC 9001"
    assert shown_with(tmp_path, dotenv, HOCPHI_PORT="9002") == "ABC 9002"
    assert shown_with(tmp_path, '#HOCPHI_PORT=1\nHOCPHI_CODE_PREFIX="X=Y"') == "X=Y 8080"


def test_a_mode_or_clock_that_cannot_be_is_refused() -> None:
    with pytest.raises(SettingInvalid, match="live or sandbox"):
        read_settings({"HOCPHI_MODE": "test"})
    with pytest.raises(SettingInvalid, match="needs HOCPHI_MODE=sandbox"):
        read_settings({"HOCPHI_MODE": "live", "HOCPHI_CLOCK": "2026-11-22T08:00:00+07:00"})
    assert read_settings({"HOCPHI_MODE": "sandbox", "HOCPHI_CLOCK": "x"}).sandbox


@pytest.mark.parametrize("text", ["", "-1", "8e3", "８０", "80 80", "1.5", "0x50"])
def test_a_number_is_ascii_digits_and_the_error_names_the_variable(text: str) -> None:
    with pytest.raises(SettingInvalid, match="HOCPHI_PORT") as refused:
        Settings(port=text).number("port")

    assert refused.value.facts == {"setting": "port"}
    assert Settings(port="9000").number("port") == 9000


def test_every_setting_has_a_variable_a_default_and_a_meaning() -> None:
    table = settings_table()

    assert len({variable for variable, _, _ in table}) == len(table) > 15
    assert all(meaning for _, _, meaning in table)
    assert variable_of("code_key") == "HOCPHI_CODE_KEY"


def test_a_home_is_beside_the_checkout_unless_it_is_absolute(tmp_path: Path) -> None:
    assert Settings().home_folder == CHECKOUT / ".hocphi"
    assert Settings(home=str(tmp_path)).home_folder == tmp_path.resolve()


def test_a_key_is_made_once_and_only_its_owner_can_read_it(tmp_path: Path) -> None:
    settings = Settings(home=str(tmp_path / "home"))

    first = settings.key("code_key")

    assert (len(first), settings.key("code_key")) == (32, first)
    assert settings.key("page_key") != first
    kept = tmp_path / "home" / "keys" / "code_key"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert stat.S_IMODE(kept.parent.stat().st_mode) == 0o700
    assert sorted(each.name for each in kept.parent.iterdir()) == ["code_key", "page_key"]


def test_a_key_from_the_environment_is_used_and_nothing_is_kept(tmp_path: Path) -> None:
    settings = Settings(home=str(tmp_path), seal_key="aa" * 16 + ", " + "bb" * 32)

    assert settings.key("seal_key") == b"\xaa" * 16
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("text", ["ab", "zz" * 32, "aa" * 15, "é"])
def test_a_key_that_is_short_or_no_hex_is_refused_without_showing_it(
    tmp_path: Path, text: str
) -> None:
    with pytest.raises(SettingInvalid, match="HOCPHI_CODE_KEY is hex") as refused:
        Settings(home=str(tmp_path), code_key=text).key("code_key")

    assert refused.value.facts == {"setting": "code_key"}


RACE = """
import sys
from pathlib import Path
from kernel.settings import kept_key
print("ready", flush=True)
sys.stdin.readline()
print(kept_key(Path(sys.argv[1])))
"""


def test_two_processes_that_make_a_key_at_once_use_the_same_one(tmp_path: Path) -> None:
    racers = [
        subprocess.Popen(
            [sys.executable, "-c", RACE, str(tmp_path / "keys" / f"key{round_}")],
            cwd=CHECKOUT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )
        for round_ in range(3) for _ in range(2)
    ]  # fmt: skip
    for racer in racers:
        assert racer.stdout is not None
        assert racer.stdout.readline() == "ready\n"
    with ThreadPoolExecutor(len(racers)) as threads:
        waiting = [threads.submit(each.communicate, "go\n", timeout=30) for each in racers]
        said = [each.result()[0] for each in waiting]

    assert [each.returncode for each in racers] == [0] * 6
    assert said[0::2] == said[1::2]
    assert len(set(said)) == 3
    assert {len(each.strip()) for each in said} == {64}
    assert sorted(each.name for each in (tmp_path / "keys").iterdir()) == ["key0", "key1", "key2"]


def test_a_key_that_another_process_made_in_between_counts(tmp_path: Path) -> None:
    class Late(type(tmp_path)):
        """A path whose file appears between the look and the making: the other one won."""

        def exists(self, *, follow_symlinks: bool = True) -> bool:
            self.write_text("11" * 32, encoding="ascii")
            return False

    assert kept_key(Late(tmp_path / "code_key")) == "11" * 32
    assert [each.name for each in tmp_path.iterdir()] == ["code_key"]
