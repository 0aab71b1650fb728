"""`pumpbench keys` and `--role` as a person uses them, against the firmware on the rig `sim`; and that no key shows.

python -m pytest tests/test_cli_keys.py
"""

from __future__ import annotations

import base64
import json
import random
import traceback
from pathlib import Path
from typing import Any

import pytest
from cli_tools import one_sentence, pump_behind_every_port, rig_behind_every_port, run
from fake_pump import RING, UID

from pumphil.rigs.inputs import NOMINAL
from pumphil.rigs.lockstep import RigOptions
from pumphil.rigs.sim import SimRig
from pumphost import keyring
from pumphost.console import Console
from pumphost.errors import Refused
from pumphost.keyring import Keyring
from pumphost.programmer import Programmer
from pumplink import codes, messages, provision

PORT = ("--port", "x")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for keys of its own."""
    path = tmp_path / "keys"
    monkeypatch.setenv("PUMPBENCH_KEYS", str(path))
    return path


def rig_at_every_port(monkeypatch: pytest.MonkeyPatch, *, jumper: int = 1, provisioned: bool = False) -> SimRig:
    inputs = {**NOMINAL, codes.SENSE_JUMPER: jumper, codes.SENSE_PRESENCE: 0}
    rig = SimRig(5, RigOptions(inputs=inputs, provisioned=provisioned))
    rig_behind_every_port(monkeypatch, rig)
    return rig


# -- provision --------------------------------------------------------------------------------------------


def test_from_a_pump_without_keys_to_one_that_can_be_commanded(monkeypatch, folder: Path) -> None:
    """SEC-08."""
    rig = rig_at_every_port(monkeypatch)
    result = run("stop", *PORT)
    assert result.exit_code == 1
    assert "needs a clinician or service or tester key, and this computer has none" in one_sentence(result)
    done = run("keys", "provision", *PORT, "--rate-max", "2 mL/day", "--bolus-max", "500 uL")
    assert done.exit_code == 0, done.stderr
    rows = dict(line.split(maxsplit=1) for line in done.stdout.splitlines())
    assert rows["pump"] == rig.uid.hex()
    assert rows["roles"] == "patient, clinician, service, tester"
    assert rows["file"] == str(folder / f"{rig.uid.hex()}.toml")
    assert "2.000 mL/day" in done.stdout
    assert "500 uL" in done.stdout
    assert done.stderr == "take the jumper out again\n"
    assert run("stop", *PORT).exit_code == 0


def test_without_the_jumper_it_says_what_to_fit(monkeypatch, folder: Path) -> None:
    rig_at_every_port(monkeypatch, jumper=0)
    result = run("keys", "provision", *PORT, "--json")
    assert result.exit_code == 1
    assert one_sentence(result) == (
        "provisioning refused: the provisioning jumper of the pump is not fitted (PRESENCE_REQUIRED, code 12); "
        "fit it, provision again, and take it out"
    )
    assert json.loads(result.stdout)["error"]["name"] == "PRESENCE_REQUIRED"
    assert list(folder.iterdir()) == []


def test_keys_that_are_here_are_not_overwritten_without_force(monkeypatch, folder: Path) -> None:
    rig = rig_at_every_port(monkeypatch, provisioned=True)
    path = keyring.save(rig.keys, rig.uid)
    result = run("keys", "provision", *PORT)
    assert result.exit_code == 2
    assert f"its keys are here already, in {path}; new ones make them void" in one_sentence(result)
    assert keyring.load(rig.uid) == rig.keys
    assert run("keys", "provision", *PORT, "--force").exit_code == 0
    assert keyring.load(rig.uid) != rig.keys
    assert run("keys", "list", *PORT).exit_code == 0


def test_a_provisioning_cut_short_by_ctrl_c_says_so_and_settle_ends_it(monkeypatch) -> None:
    rig = rig_at_every_port(monkeypatch, provisioned=True)
    keyring.save(rig.keys, rig.uid)
    pieces = []

    def interrupt(data: bytes) -> list[bytes]:
        pieces.append(data)
        if len([piece for piece in pieces if len(piece) > 150]) == 2:
            rig.transport().to_pump = None
            rig.transport().write(data)
            raise KeyboardInterrupt
        return [data]

    rig.transport().to_pump = interrupt
    result = run("keys", "provision", *PORT, "--force")
    assert result.exit_code == 130
    assert "new and old ones are kept, find out which ones it has: pumpbench keys settle" in one_sentence(result)
    assert "a provisioning was cut short" in run("keys", "list").stdout
    refused = run("keys", "provision", *PORT)
    assert "first find out which keys it has: pumpbench keys settle" in one_sentence(refused)
    settled = run("keys", "settle", *PORT)
    assert (settled.exit_code, "the pump has the new keys" in settled.stderr) == (0, True)
    assert run("stop", *PORT).exit_code == 0
    assert "nothing to settle" in run("keys", "settle", *PORT).stderr


@pytest.mark.parametrize("arguments,words", [
    (("--rate-max", "0.01 mL/day"), 'highest rate of the pump "0.01 mL/day" is too small; allowed: 0.048'),
    (("--rate-max", "25 mL/day"), 'write "24.000 mL/day" or less'),
    (("--rate-max", "10"), "has no unit"),
    (("--bolus-max", "3 mL"), 'largest bolus of the pump "3 mL" is too large; allowed: 1 uL to 2.000 mL'),
    (("--bolus-max", "100 nL"), 'write "1 uL" or more'),
    (("--firmware", "abc"), "--firmware abc is no digest; write the 16 hex digits"),
    (("--firmware", "00" * 9), "write the 16 hex digits"),
])  # fmt: skip
def test_what_cannot_be_meant_is_refused_before_the_port_is_opened(monkeypatch, arguments, words: str) -> None:
    _, opened = pump_behind_every_port(monkeypatch)
    result = run("keys", "provision", *PORT, *arguments)
    assert result.exit_code == 2
    assert words in one_sentence(result)
    assert opened == []


def test_policy_limits_and_firmware_reach_the_pump(monkeypatch) -> None:
    rig = rig_at_every_port(monkeypatch)
    options = ("--presence", "--rate-max", "1 mL/day", "--bolus-max", "50 uL", "--firmware", "0102030405060708")
    assert run("keys", "provision", *PORT, *options).exit_code == 0
    block = bytes(rig.store.areas[28])
    # version 1, policy bit 0, two zero bytes, both limits little endian, the digest
    assert block[:20].hex() == "01010000" + "40420f00" + "50c30000" + "0102030405060708"
    assert provision.whole(lambda at, count: block[at : at + count])


# -- list, path, forget -------------------------------------------------------------------------------------


def test_list_shows_pumps_roles_and_what_is_wrong_with_a_file(folder: Path) -> None:
    assert f"no keys in {folder}" in run("keys", "list").stderr
    keyring.save(RING, UID)
    keyring.save(RING.only("patient"), bytes(8)).chmod(0o644)
    keyring.save_draft(RING, b"\xff" * 8)
    lines = run("keys", "list").stdout.splitlines()
    assert lines[1].split() == ["00" * 8, "-", *f"keys of pump {'00' * 8} not used: others may read".split(),
                                *f"{folder}/{'00' * 8}.toml; chmod 600 {folder}/{'00' * 8}.toml".split()]  # fmt: skip
    assert lines[2].split() == [UID.hex(), "patient,", "clinician,", "service,", "tester", "ready"]
    assert "none yet; a provisioning was cut short" in lines[3]
    rows = json.loads(run("keys", "list", "--json").stdout)
    assert [(row["pump"], row["roles"]) for row in rows] == [
        ("00" * 8, []), (UID.hex(), ["patient", "clinician", "service", "tester"]), ("ff" * 8, []),
    ]  # fmt: skip


def test_list_at_a_port_shows_what_the_pump_has_and_what_of_it_is_here(monkeypatch) -> None:
    rig = rig_at_every_port(monkeypatch, provisioned=True)
    keyring.save(Keyring(rig.keys.keys[1:3]), rig.uid)
    result = run("keys", "list", *PORT)
    assert [line.split() for line in result.stdout.splitlines()] == [
        ["slot", "role", "label", "here"],
        ["0", "patient", "patient", "no"],
        ["1", "clinician", "clinicia", "yes"],
        ["2", "service", "service", "yes"],
        ["3", "tester", "tester", "no"],
    ]
    data = json.loads(run("keys", "list", *PORT, "--json").stdout)
    assert data["pump"] == rig.uid.hex()
    assert data["keys"][1] == {"slot": 1, "role": "clinician", "role_code": 2, "label": "clinicia", "here": True}


def test_show_path_and_forget(folder: Path) -> None:
    assert run("keys", "show-path").stdout == f"{folder}\n"
    path = keyring.save(RING, UID)
    assert run("keys", "show-path", UID.hex()).stdout == f"{path}\n"
    assert json.loads(run("keys", "show-path", UID.hex(), "--json").stdout) == {"path": str(path), "exists": True}
    refused = run("keys", "forget", UID.hex())
    assert (refused.exit_code, path.exists()) == (2, True)
    assert "if that is meant, add --force" in one_sentence(refused)
    assert json.loads(run("keys", "forget", UID.hex(), "--force", "--json").stdout)["deleted"] == [str(path)]
    assert not path.exists()
    assert "no keys of pump" in run("keys", "forget", UID.hex(), "--force").stderr
    assert run("keys", "show-path", "../../etc").exit_code == 2


# -- roles --------------------------------------------------------------------------------------------------


def test_without_a_role_the_key_with_the_fewest_rights_is_used_and_with_one_only_that(monkeypatch) -> None:
    """SEC-03. The log of the pump tells who spoke: a record `session` with role and slot."""
    rig = rig_at_every_port(monkeypatch, provisioned=True)
    keyring.save(rig.keys, rig.uid)

    def last_session(*arguments: str) -> int:
        assert run(*arguments, *PORT).exit_code == 0
        reader = Programmer(rig.transport(), keys=lambda uid: rig.keys.only("tester"), rng=random.Random(1))
        return [record.a for record in reader.log() if record.kind == codes.REC_SESSION][-2]

    assert last_session("alarms") == codes.PATIENT
    assert last_session("alarms", "--role", "service") == codes.SERVICE
    assert last_session("stop") == codes.CLINICIAN
    assert last_session("stop", "--role", "tester") == codes.TESTER


def test_a_role_that_may_not_is_refused_here_and_nothing_is_sent(monkeypatch) -> None:
    pump, _ = pump_behind_every_port(monkeypatch)
    result = run("stop", *PORT, "--role", "patient")
    assert result.exit_code == 1
    assert one_sentence(result) == (
        "STOP not sent: it needs a clinician or service or tester key, here are: patient; use one that may"
    )
    assert pump.names == ["IDENTIFY"]


def test_a_role_without_a_key_here_and_one_that_there_is_not(monkeypatch) -> None:
    monkeypatch_keys = RING.only("patient")
    pump_behind_every_port(monkeypatch)
    monkeypatch.setattr("pumphost.keyring.load", lambda uid: monkeypatch_keys)
    result = run("stop", *PORT, "--role", "service")
    assert f"no service key of pump {UID.hex()} on this computer, only: patient" in one_sentence(result)
    result = run("stop", *PORT, "--role", "nurse")
    assert result.exit_code == 2
    assert one_sentence(result) == ("--role nurse is not known; write one of patient, clinician, service, tester")


def test_status_without_a_key_shows_what_the_pump_tells_everybody_and_says_so(monkeypatch) -> None:
    """SEC-03: an unauthenticated peer may read status; LINK-08."""
    rig = rig_at_every_port(monkeypatch, provisioned=True)
    rig.set_input(codes.SENSE_COVER, 1)
    result = run("status", *PORT)
    assert result.exit_code == 0
    rows = dict(line.split(maxsplit=1) for line in result.stdout.splitlines())
    assert rows["mode"].startswith("fault")
    assert "cover" in rows["alarms"]
    assert "nothing proves that this came from the pump" in result.stderr
    data = json.loads(run("status", *PORT, "--json").stdout)
    assert (data["alarm_list"], data["proved"]) == (None, False)
    keyring.save(rig.keys, rig.uid)
    data = json.loads(run("status", *PORT, "--json").stdout)
    assert (data["alarm_list"][0]["code"], data["proved"]) == (codes.ALARM_COVER, True)


# -- a key never shows ----------------------------------------------------------------------------------------


def shapes(secret: bytes) -> set[str]:
    """How a key could show itself."""
    numbers, letters = repr(list(secret))[1:-1], base64.b64encode(secret).decode()[:40]
    return {
        secret.hex(), secret.hex(" "), repr(secret)[2:-1], numbers, letters,
        str(int.from_bytes(secret, "big")), str(int.from_bytes(secret, "little")),
    }  # fmt: skip


def everything_said(monkeypatch, tmp_path: Path, rig: SimRig) -> list[str]:
    """What every command that touches keys prints, in every form, also where it fails."""
    said: list[str] = []

    def say(*arguments: str, **environment: str) -> None:
        result = run(*arguments, *PORT, **environment)
        said.append(result.output)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            said.extend(traceback.TracebackException.from_exception(result.exception).format())

    for as_json in ((), ("--json",)):
        say("keys", "provision", "--force", *as_json)
        for command in (("list",), ("settle",)):
            say("keys", *command, *as_json)
        say("status", *as_json)
        say("log", *as_json)
        say("alarms", "--role", "service", *as_json)
        say("log", "--export", "jsonl" if as_json else "csv", str(tmp_path / f"log{len(as_json)}"))
    say(
        "link",
        "console",
        "--hex",
        "--do",
        "open; KEY_LIST; GET_LIMITS; bad tag; replay last; history 99; session; stats",
    )
    rig.set_input(codes.SENSE_JUMPER, 0)
    for environment in ({}, {"PUMPBENCH_DEBUG": "1"}):
        say("keys", "provision", "--force", **environment)
        say("keys", "provision", **environment)
        path = keyring.path_of(rig.uid)
        path.chmod(0o644)
        say("stop", **environment)
        say("keys", "list", **environment)
        path.chmod(0o600)
        whole = path.read_text()
        for broken in (whole[:-4], whole.replace("slot = 1", "slot = 77"), whole.replace("secret", "sekret", 1)):
            path.write_text(broken)
            say("stop", **environment)
        path.write_text(whole)
    said += [file.read_text() for file in tmp_path.glob("log*")]
    return said


def test_no_key_shows_in_anything_that_is_said_written_or_represented(monkeypatch, tmp_path: Path) -> None:
    """SEC-08 and the rule of the keyring: never in logs, reports, errors, JSON, tracebacks or `repr`."""
    rig = rig_at_every_port(monkeypatch)
    made: list[Keyring] = []
    original = Keyring.made

    def remember(*arguments: Any, **named: Any) -> Keyring:
        made.append(original(*arguments, **named))
        return made[-1]

    monkeypatch.setattr(Keyring, "made", remember)
    said = everything_said(monkeypatch, tmp_path, rig)
    assert len(made) == 4
    console = Console(rig.transport(), keys=keyring.load, rng=random.Random(1))
    said += console.do("GET_LIMITS")
    pump = Programmer(rig.transport(), keys=keyring.load, rng=random.Random(1))
    pump.limits()
    secured = pump.session.secured
    assert secured is not None
    objects = [
        *made,
        *made[0].keys,
        console,
        console.session,
        pump,
        pump.session,
        secured,
        vars(pump.session),
        vars(secured.key) and secured,
    ]
    said += [repr(one) for one in objects] + [str(one) for one in objects]
    said += [str(Refused("provisioning", code, request=messages.PROVISION)) for code in codes.STATUS]
    text = "\n".join(said)
    assert "clinician" in text, "nothing was said at all"
    secrets = [key.secret for ring in made for key in ring.keys] + [secured.to_pump, secured.to_host]
    secrets += [key.secret for key in rig.keys.keys]
    for secret in secrets:
        for shape in shapes(secret):
            assert shape not in text
