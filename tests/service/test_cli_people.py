"""``hocphi user add`` on a real database: who is added, what is asked, what is never shown."""

import asyncio
import os
import pty
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result
from sign_in_rig import PASSWORD, Rig, opened, sign_in

from kernel.errors import DomainError
from service.cli_people import add_user, user
from service.passwords import Passwords, PasswordUnfit
from service.people import NewPerson, PersonUnfit, PlaceUnknown, Role

ROOT = Path(__file__).resolve().parents[2]
BINH = ("--name", "Trần Thị Bình")
ACCOUNTANT = (*BINH, "--role", "accountant", "--school", "TH-1")


@pytest.fixture
async def rig(database):
    async with opened(database) as rig:
        yield rig


def environment(rig: Rig) -> dict[str, str]:
    return {
        "DATABASE_URL": rig.database.url("hocphi"),
        "OPERATOR_DATABASE_URL": rig.database.url("hocphi_operator"),
        "MIGRATE_DATABASE_URL": rig.database.url("hocphi_owner"),
        "HOCPHI_MODE": "live",
    }


async def run(rig: Rig, *words: str, typed: str = "") -> Result:
    """Run the verb beside the event loop, as a program does."""

    def invoke() -> Result:
        return CliRunner().invoke(user, ["add", *words], input=typed, env=environment(rig))

    return await asyncio.to_thread(invoke)


async def grants(rig: Rig) -> list[tuple[str, str, str | None, str | None]]:
    rows = await rig.su.fetch(
        "select u.login, g.role, s.code as school, n.code as unit from role_grant g"
        " join staff_user u on u.id = g.user_id left join school s on s.id = g.school_id"
        " left join unit n on n.id = g.unit_id order by g.id"
    )
    return [tuple(row) for row in rows]


async def test_an_accountant_is_added_and_signs_in_with_the_password_from_standard_input(
    rig: Rig,
) -> None:
    done = await run(rig, "Ke.Toan", *ACCOUNTANT, typed=PASSWORD + "\r\nmore\n")

    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout == "ke.toan: added; new grants as accountant: 1\n"
    assert await grants(rig) == [("ke.toan", "accountant", "TH-1", None)]
    rig.passwords = Passwords()
    async with rig.client() as client:
        assert (await sign_in(client)).headers["location"] == "/desk"


async def test_the_kept_hash_is_argon2id_and_nothing_shows_the_password(rig: Rig) -> None:
    done = await run(rig, "ke.toan", *ACCOUNTANT, "--password", PASSWORD)

    kept = await rig.su.fetchval("select password_hash from staff_user")
    deeds = await rig.su.fetch("select actor, deed, subject, facts::text as facts from deed")
    assert kept.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    for text in (done.output, kept, *map(str, deeds)):
        assert PASSWORD not in text
    assert "argon2" not in done.output + str(deeds)


async def test_the_deed_is_in_the_audit_once(rig: Rig) -> None:
    user_id = await rig.person()
    await rig.person()

    (deed,) = await rig.su.fetch("select * from deed")
    assert (deed["actor"], deed["deed"]) == ("test", "person_added")
    assert (deed["subject"], deed["at"]) == (f"user:{user_id}", rig.now)
    school = await rig.su.fetchval("select id from school")
    assert deed["facts"] == f'{{"role": "accountant", "units": [], "schools": [{school}]}}'

    await rig.person(role=Role.OPERATOR)
    assert await rig.su.fetchval("select count(*) from deed where deed = 'person_granted'") == 1


async def test_the_same_login_again_gets_the_new_grants_and_keeps_its_password(rig: Rig) -> None:
    await rig.planter.school("TH-2")
    await rig.person()

    done = await run(
        rig, "ke.toan", "--name", "X", "--role", "accountant", "--school", "TH-1",
        "--school", "TH-2", "--password", "another password",
    )  # fmt: skip

    assert "known already, name and password unchanged" in done.stdout
    assert "new grants as accountant: 1" in done.stdout
    assert await grants(rig) == [
        ("ke.toan", "accountant", "TH-1", None),
        ("ke.toan", "accountant", "TH-2", None),
    ]
    async with rig.client() as client:
        assert (await sign_in(client, password="another password")).status_code == 401
        assert (await sign_in(client)).status_code == 303
    assert await rig.su.fetchval("select name from staff_user") == "Trần Thị Bình"


async def test_a_known_person_is_not_asked_for_a_password(rig: Rig) -> None:
    await rig.person()

    def ask() -> str:
        raise AssertionError

    added = await add_user(
        rig.database.operator(),
        NewPerson("ke.toan", "X", Role.OFFICER, units=("U-TH-1",)),
        ask=ask,
        passwords=rig.passwords,
        actor="test",
        now=rig.now,
    )

    assert (added.is_new, added.granted) == (False, 1)


async def test_officers_and_operators_are_added_where_they_belong(rig: Rig) -> None:
    await rig.person("can.bo", Role.OFFICER, units=("U-TH-1",))
    await rig.person("van.hanh", Role.OPERATOR)
    await rig.person("van.hanh", Role.OPERATOR)

    assert await grants(rig) == [
        ("can.bo", "officer", None, "U-TH-1"),
        ("van.hanh", "operator", None, None),
    ]


async def test_two_commands_at_once_add_one_person_with_each_grant_once(rig: Rig) -> None:
    await asyncio.gather(*(rig.person() for _ in range(6)))

    assert await grants(rig) == [("ke.toan", "accountant", "TH-1", None)]
    assert await rig.su.fetchval("select count(*) from staff_user") == 1
    assert await rig.su.fetchval("select count(*) from deed") == 1


async def test_two_commands_at_once_grant_a_known_person_the_same_role_once(rig: Rig) -> None:
    await rig.person()

    await asyncio.gather(*(rig.person(role=Role.OPERATOR) for _ in range(8)))

    assert len(await grants(rig)) == 2


UNFIT: list[tuple[tuple[str, ...], type[DomainError], str]] = [
    (("a b", *ACCOUNTANT), PersonUnfit, "login"),
    (("x", *ACCOUNTANT), PersonUnfit, "login"),
    (("ké", *ACCOUNTANT), PersonUnfit, "login"),
    (("ke", "--name", " ", *ACCOUNTANT[2:]), PersonUnfit, "name"),
    (("ke", "--name", "a\nb", *ACCOUNTANT[2:]), PersonUnfit, "name"),
    (("ke", *BINH, "--role", "accountant"), PersonUnfit, "role"),
    (("ke", *ACCOUNTANT, "--unit", "U-TH-1"), PersonUnfit, "role"),
    (("ke", *BINH, "--role", "officer", "--school", "TH-1"), PersonUnfit, "role"),
    (("ke", *BINH, "--role", "operator", "--school", "TH-1"), PersonUnfit, "role"),
    (("ke", *ACCOUNTANT, "--school", "TH-9"), PlaceUnknown, "school"),
    (("ke", *BINH, "--role", "officer", "--unit", "U-9"), PlaceUnknown, "unit"),
    (("ke.toan", *ACCOUNTANT, "--password", "1234567"), PasswordUnfit, "password"),
    (("ke.toan1", *ACCOUNTANT, "--password", "Ke.Toan1"), PasswordUnfit, "password"),
]


async def test_what_does_not_fit_is_refused_and_nothing_is_written(rig: Rig) -> None:
    for words, kind, field in UNFIT:
        done = await run(rig, *words)

        assert type(done.exception) is kind, words
        assert isinstance(done.exception, DomainError)
        assert done.exception.facts["field"] == field
        assert done.stdout == ""
    unknown = await run(rig, "ke.toan", *BINH, "--role", "teacher")
    assert (unknown.exit_code, unknown.stdout) == (2, "")
    assert await rig.su.fetchval("select count(*) from staff_user") == 0
    assert await rig.su.fetchval("select count(*) from deed") == 0


async def test_an_unknown_place_is_told_before_a_password_is_asked_for(rig: Rig) -> None:
    done = await run(rig, "ke", *ACCOUNTANT, "--school", "TH-9", "--school", "TH-8", typed="")

    assert isinstance(done.exception, PlaceUnknown)
    assert done.exception.facts == {"field": "school", "codes": ["TH-8", "TH-9"]}


def on_a_terminal(rig: Rig, *typed: str) -> tuple[int, str]:
    """Run the program on a terminal of its own, type the lines, give its exit code and screen."""
    ours, theirs = pty.openpty()
    words = [sys.executable, "-c", "from service.cli import main; main()", "user", "add"]
    program = subprocess.Popen(
        [*words, "ke.toan", *ACCOUNTANT],
        cwd=ROOT, env=dict(os.environ) | environment(rig),
        stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True,
    )  # fmt: skip
    os.close(theirs)
    screen = b""
    lines = list(typed)
    while True:
        try:
            read = os.read(ours, 1_000)
        except OSError:  # the other end is closed: the program is done
            break
        screen += read
        if lines and screen.rstrip().endswith(b":"):
            os.write(ours, lines.pop(0).encode() + b"\n")
            screen += b"<typed>"
    os.close(ours)
    return program.wait(), screen.decode()


async def test_on_a_terminal_the_password_is_typed_twice_and_never_seen(rig: Rig) -> None:
    code, screen = await asyncio.to_thread(on_a_terminal, rig, PASSWORD, PASSWORD)

    assert code == 0, screen
    assert screen.count("<typed>") == 2
    assert PASSWORD not in screen
    assert "ke.toan: added" in screen
    assert await grants(rig) == [("ke.toan", "accountant", "TH-1", None)]


def test_the_verb_says_what_it_takes() -> None:
    shown = CliRunner().invoke(user, ["add", "--help"])

    assert isinstance(user, click.Group)
    for word in ("LOGIN", "--name", "accountant|officer|operator", "--school", "--unit"):
        assert word in shown.stdout
