"""A PumpLink client written from protocol/SPEC.md alone, as a stranger would: standard library only, nothing of ours.

    python stranger_client.py status socket://127.0.0.1:5555
    python stranger_client.py treat /dev/ttyACM0 --key-file clinician.hex --slot 1 --role 2

Messages come from protocol.json at run time. What it found out is printed as one JSON object. For a bench with water.
"""

import argparse
import hashlib
import hmac
import json
import os
import secrets
import select
import socket
import struct
import termios
import time
import tty
from pathlib import Path

REQUEST, REPLY = 0, 1  # kinds
U30 = (1 << 30) - 1
WAITS = (1, 1, 2, 2)
HINTS = ("NO_SESSION", "SESSION_EXPIRED", "AUTH_FAILED")


class Silent(Exception):
    """No answer to believe: of a message that acts the outcome is unknown."""


class Refused(Exception):
    """The pump said no."""


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def check_bytes(stuffed):
    crc = crc32c(stuffed)
    return bytes(0x80 | crc >> 7 * i & 0x7F for i in range(5))


def encode(body):
    stuffed = b"".join(bytes([len(block) + 1]) + block for block in body.split(b"\0"))
    return b"\0" + stuffed + check_bytes(stuffed) + b"\0"


def unstuffed(stuffed):
    """The body, None if this is not what COBS makes of one."""
    body, at = b"", 0
    while at < len(stuffed):
        code = stuffed[at]
        if not 1 <= code <= 0xF1 or at + code > len(stuffed):
            return None
        body += b"\0" * (at > 0) + stuffed[at + 1 : at + code]
        at += code
    return body if stuffed and len(body) <= 240 else None


class Receiver:
    def __init__(self):
        self.counts = dict.fromkeys(("ok", "bad_crc", "bad_cobs", "bad_len", "oversize"), 0)
        self.raw = b""

    def feed(self, data):
        """Bodies that `data` completes."""
        bodies = []
        for byte in data:
            if byte:
                self.counts["oversize"] += len(self.raw) == 246
                self.raw = self.raw[:246] + bytes([byte])
                continue
            raw, self.raw = self.raw, b""
            if raw and len(raw) <= 246:
                bodies += self.judged(raw)
        return bodies

    def judged(self, raw):
        body, reason = unstuffed(raw[:-5]), "ok"
        if len(raw) < 5 or raw[-5:] != check_bytes(raw[:-5]):
            reason = "bad_crc"
        elif body is None:
            reason = "bad_cobs"
        elif len(body) < 10 or body[1] != len(body):
            reason = "bad_len"
        self.counts[reason] += 1
        return [body] if reason == "ok" else []


class Protocol:
    """protocol.json: messages by name, and how their payloads are packed."""

    def __init__(self, path):
        self.data = json.loads(Path(path).read_text(encoding="utf-8"))
        self.messages = {row["name"]: row for row in self.data["messages"]}
        self.status = {row["code"]: row["name"] for row in self.data["status"]}

    def form(self, kind):
        row = self.data["kinds"][kind]
        if row["meaning"] == "bytes":
            return f"<{row['bytes']}s"
        letter = {1: "b", 2: "h", 4: "i", 8: "q"}[row["bytes"]]
        return "<" + (letter if row["meaning"].startswith("signed") else letter.upper())

    def pack(self, fields, values):
        rows = zip(fields, values, strict=True)
        return b"".join(v if f["kind"] == "tail" else struct.pack(self.form(f["kind"]), v) for f, v in rows)

    def unpack(self, fields, payload):
        """Values by name. Bytes behind the last field are a newer pump's; fields that are not there are left out."""
        values, at = {}, 0
        for field in fields:
            if field["kind"] == "tail":
                values[field["name"]] = payload[at:]
                break
            form = self.form(field["kind"])
            if at + struct.calcsize(form) > len(payload):
                break
            (values[field["name"]],) = struct.unpack_from(form, payload, at)
            at += struct.calcsize(form)
        return values


def unsigned(message, payload, seq, sid=0, flags=0):
    """Body of a request; its length counts the tag that the flags announce."""
    size = 10 + len(payload) + 16 * (flags & 1)
    return struct.pack("<BBBBHI", 1 << 4 | REQUEST, size, message["id"], flags, sid, seq) + payload


def mac(key, *parts):
    return hmac.new(key, b"".join(parts), hashlib.sha256).digest()


def digest8(*parts):
    return hashlib.sha256(b"".join(parts)).digest()[:8]


def genuine(key, bound_to, body):
    """Whether the pump has made this reply to the request with that tag, or this event (sixteen zero bytes)."""
    return len(body) >= 26 and hmac.compare_digest(mac(key, bound_to, body[:-16])[:16], body[-16:])


def direction_keys(key, hello, hello_reply):
    whole = mac(key, hashlib.sha256(hello + hello_reply).digest())
    return mac(whole, b"h2p"), mac(whole, b"p2h")


def opened(name):
    """File descriptor of socket://HOST:PORT, or of a serial port or pseudo-terminal."""
    if name.startswith("socket://"):
        host, _, number = name[9:].rpartition(":")
        return socket.create_connection((host, int(number))).detach()
    file = os.open(name, os.O_RDWR | os.O_NOCTTY)
    tty.setraw(file)
    attributes = termios.tcgetattr(file)
    termios.tcsetattr(file, termios.TCSANOW, attributes[:4] + [termios.B115200] * 2 + attributes[6:])
    return file


class Client:
    """One pump. `key` is (slot, number of the role, 32 bytes)."""

    def __init__(self, file, protocol, key):
        self.file, self.protocol, self.key = file, protocol, key
        self.receiver = Receiver()
        self.session = None  # (sid, flags, h2p, p2h)
        self.seq = self.sessions = self.repeats = 0
        os.write(file, b"\0\0")
        until = time.monotonic() + 0.05
        while (left := until - time.monotonic()) > 0:
            self.read(left)
        self.uid = self.ask("IDENTIFY")["uid"]

    def read(self, wait_s):
        ready, _, _ = select.select([self.file], [], [], wait_s)
        return os.read(self.file, 4096) if ready else b""

    def ask(self, name, *values):
        """Values of the reply by name; what needs a session gets one, and then a reply must have a good tag."""
        message = self.protocol.messages[name]
        payload = self.protocol.pack(message["request"], values)
        if "view" in message["roles"]:
            body = unsigned(message, payload, secrets.randbelow(U30) + 1)
            return self.values(message, self.exchange(message, body, None))
        for again in (not message["acts"], False):
            if self.session is None:
                self.open()
            try:
                return self.values(message, self.exchange(message, self.signed(message, payload), self.session))
            except Silent:
                self.session = None
                if not again:
                    raise

    def signed(self, message, payload):
        sid, flags, h2p, _ = self.session
        self.seq += 1
        body = unsigned(message, payload, self.seq, sid, flags)
        return body + mac(h2p, body)[:16]

    def open(self):
        """Handshake: HELLO, AUTH. There is a session only if the reply to AUTH can be believed."""
        (slot, role, key), protocol = self.key, self.protocol
        message = protocol.messages["HELLO"]
        fields = (slot, protocol.data["version"]["minor"], 0, bytes.fromhex(protocol.data["schema"]))
        payload = protocol.pack(message["request"], (*fields, secrets.token_bytes(16)))
        hello = unsigned(message, payload, secrets.randbelow(U30) + 1)
        reply = self.exchange(message, hello, None)
        values = self.values(message, reply)
        if values["uid"] != self.uid:
            raise SystemExit("another pump answers")
        self.seq = values["seq_base"]
        self.session = (values["sid"], 1 | role << 4, *direction_keys(key, hello, reply))
        message = protocol.messages["AUTH"]
        try:
            self.values(message, self.exchange(message, self.signed(message, b""), self.session))
        except (Silent, Refused) as error:
            raise SystemExit(f"no session: {error}") from error
        self.sessions += 1

    def exchange(self, message, body, session):
        """Body of the reply that can be believed; the same bytes go out at most four times."""
        for attempt, waits in enumerate(WAITS):
            self.repeats += attempt > 0
            os.write(self.file, encode(body))
            until = time.monotonic() + waits * (1.0 if message["acts"] else 0.3)
            while (left := until - time.monotonic()) > 0:
                for reply in self.receiver.feed(self.read(left)):
                    found = self.judged(reply, body, session)
                    if found == "answer":
                        return reply
                    if found in HINTS and (message["name"] == "AUTH" or not message["acts"]):
                        raise Silent(f"{message['name']}: {found}, which nobody signed")
        raise Silent(f"{message['name']}: no answer to believe")

    def judged(self, reply, request, session):
        """The word "answer", the name of a hint, or nothing for whatever else comes along, events too."""
        if reply[0] != 1 << 4 | REPLY or reply[2] != request[2] or reply[6:10] != request[6:10]:
            return ""
        if session and reply[3:6] == request[3:6]:
            return "answer" if genuine(session[3], request[-16:], reply) else ""
        if reply[3:6] != bytes(3) or len(reply) == 10:
            return ""
        return self.protocol.status.get(reply[10], "") if session else "answer"

    def values(self, message, reply):
        payload = reply[10 : -16 if reply[3] & 1 else len(reply)]
        if payload[0]:
            why = self.protocol.unpack(self.protocol.data["refusal"], payload[1:])
            raise Refused(f"{message['name']} refused: {self.protocol.status.get(payload[0], payload[0])}, {why}")
        return self.protocol.unpack(message["reply"], payload[1:])

    def carry_out(self, name, *values, order=0, staged=b""):
        """Both phases of one order. The digest is computed here, from what was meant."""
        message = self.protocol.messages[name]
        order = order or secrets.randbelow(U30) + 1
        ticket = self.ask(name, order, *values)
        covered = self.protocol.pack(message["request"], (order, *values)) + staged
        digest = digest8(ticket["ticket"], bytes([message["id"]]), covered)
        if digest != ticket["digest"] or ticket["warn"]:
            self.ask("CANCEL", ticket["ticket"])
            raise SystemExit(f"{name} not committed: digest {ticket['digest'].hex()}, warnings {ticket['warn']}")
        self.settled(order, "COMMIT", ticket["ticket"], digest, 0)

    def settled(self, order, name, *values):
        """An acting request; if its outcome stays unknown the pump is asked what became of the order."""
        try:
            self.ask(name, *values)
        except Silent:
            state = self.protocol.data["order_states"][str(self.ask("GET_ORDER", order)["state"])]
            if state == "not-seen":
                raise SystemExit(f"{name}: order {order} was not carried out") from None

    def program(self, steps):
        """A day schedule, steps as [minute, nL/day]; digest of the program."""
        order = secrets.randbelow(U30) + 1
        ends = [start for start, _ in steps[1:]] + [1440]
        total = sum(rate * (end - start) for (start, rate), end in zip(steps, ends, strict=True)) // 1440
        packed = [struct.pack("<HI", *step) for step in steps]
        self.ask("STAGE_BEGIN", order, 0, 0x7F, len(steps), total)
        for at in range(0, len(packed), 32):
            piece = packed[at : at + 32]
            self.ask("STAGE_STEPS", at, len(piece), b"".join(piece))
        canonical = bytes([0x7F, len(steps)]) + b"".join(packed)
        self.carry_out("PREPARE_PROGRAM", order=order, staged=canonical)
        if self.ask("STATUS")["program_digest"] != digest8(canonical):
            raise SystemExit("the active program is not the one that was sent")

    def log(self):
        """How many records ring 0 keeps, and whether their chain is whole."""
        info = self.ask("LOG_INFO", 0)
        place = first = info["first"]
        before, head, good, kinds = bytes(8) if first == 0 else None, None, True, []
        while (part := self.ask("LOG_READ", 0, place, 5))["n"]:
            good &= part["first"] == place
            for at in range(0, 40 * part["n"], 40):
                record, chain = part["records"][at : at + 32], part["records"][at + 32 : at + 40]
                good &= struct.unpack_from("<I", record)[0] == place
                good &= before is None or chain == digest8(before, record)
                before = chain
                head = chain if place == info["next"] - 1 else head
                kinds.append(self.protocol.data["records"][str(record[21])]["name"])
                place += 1
        return {"first": first, "records": len(kinds), "chain_ok": good and head == info["head"], "kinds": kinds}


def treated(client, plan):
    """Fill, clock, program, bolus settings, start, one bolus to its end, log; what the pump said of it all."""
    client.carry_out("PREPARE_REFILL", U30, plan["fill_nl"], b"saline\0\0", 1_000_000)
    client.carry_out("PREPARE_CLOCK", plan["unix_ms"], 0, 0, 0)
    client.program(plan["steps"])
    client.carry_out("PREPARE_PATIENT_BOLUS", *plan["patient_bolus"], 0, 0)
    client.carry_out("PREPARE_MODE", 2, 0, 0)
    order = secrets.randbelow(U30) + 1
    client.settled(order, "REQUEST_BOLUS", order, client.ask("STATUS")["uptime"] + 5_000)
    while client.ask("STATUS")["mode"] == 4:
        time.sleep(plan["look_every_s"])
    return {"order": client.ask("GET_ORDER", order), "log": client.log()}


def main():
    parser = argparse.ArgumentParser(description="A stranger's PumpLink client")
    parser.add_argument("action", choices=("status", "treat"))
    parser.add_argument("port")
    parser.add_argument("--protocol", default=Path(__file__).parents[1] / "protocol" / "protocol.json")
    parser.add_argument("--key-file", type=Path, help="64 hex digits")
    parser.add_argument("--slot", type=int, default=0)
    parser.add_argument("--role", type=int, default=0, help="number of the role of the key")
    parser.add_argument("--plan", type=json.loads, help="fill_nl, unix_ms, steps, patient_bolus, look_every_s")
    given = parser.parse_args()
    key = bytes.fromhex(given.key_file.read_text()) if given.key_file else b""
    client = Client(opened(given.port), Protocol(given.protocol), (given.slot, given.role, key))
    report = treated(client, given.plan) if given.action == "treat" else {}
    report |= {"uid": client.uid, "status": client.ask("STATUS"), "link": client.ask("LINK_STATS")}
    report |= {"sessions": client.sessions, "repeats": client.repeats}
    if client.session:
        client.ask("CLOSE")
    print(json.dumps(report, default=bytes.hex))


if __name__ == "__main__":
    main()
