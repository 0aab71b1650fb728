"""A client with keys for tests on both interpreters: sessions by pumplink.tags, which test_tags.py holds to vectors.

client = Client(send)                 # send(wire bytes) -> body of the answer
status, rest = client.ask(device.STOP, 1)
"""

import struct

from pumplink import device, tags
from pumplink.frame import AUTH_FLAG, REQ, ROLE_SHIFT, encode, pack_body, parse_body
from pumplink.layout import REQUEST, REQUEST_TAIL, ROLES, pack
from pumplink.provision import pack_block
from pumplink.rows import row
from pumplink.tags import TAG_SIZE

KEYS = [bytes([role]) * 32 for role in range(5)]  # of each role; slot n has that of role n + 1
BLOCK = pack_block(0, 24_000_000, 2_000_000, bytes(8), [(role, b"test", KEYS[role]) for role in range(1, 5)])
PREFERRED = (2, 3, 1, 4)


class Client:
    """Opens the session that a message needs; `seq` is the last number used."""

    def __init__(self, send):
        self._send = send
        self.seq = 0
        self.wire = b""
        self.role = self.sid = 0
        self._to_pump = tags.TagKey(b"")
        self._to_host = tags.TagKey(b"")

    def open(self, role):
        hello = pack_body(REQ, device.HELLO, struct.pack("<BBH4s16s", role - 1, 0, 0, device.SCHEMA, bytes(16)), 1)
        reply = self._send(encode(hello))
        self.sid, self.seq = struct.unpack_from("<H", reply, 12)[0], struct.unpack_from("<I", reply, 26)[0]
        self.role = role
        to_pump, to_host = tags.session_keys(KEYS[role], tags.transcript(hello, reply))
        self._to_pump.change(to_pump)
        self._to_host.change(to_host)
        status = self._exchange(device.AUTH, b"")[0]
        if status:  # an assert, and the exchange in it, would not be compiled
            raise ValueError("no session", status)

    def _exchange(self, msg_id, payload):
        self.seq += 1
        signed = pack_body(REQ, msg_id, payload, self.seq, self.sid, AUTH_FLAG | self.role << ROLE_SHIFT, TAG_SIZE)
        tag = self._to_pump.tag(signed)
        self.wire = encode(signed + tag)  # to be sent again
        body = self._send(self.wire)
        if not body[3] & AUTH_FLAG:
            return body[10:]
        assert tags.same(self._to_host.tag(tag, body[:-TAG_SIZE]), body[-TAG_SIZE:])
        return body[10:-TAG_SIZE]

    def ask(self, msg_id, *values):
        """(status, rest of the payload)."""
        message = row(msg_id)
        payload = pack(message[REQUEST], message[REQUEST_TAIL], values)
        if message[ROLES] & device.OPEN:
            self.seq += 1
            reply = parse_body(self._send(encode(pack_body(REQ, msg_id, payload, self.seq))))[5]
            return reply[0], bytes(reply[1:])
        reply = b""
        if message[ROLES] >> self.role & 1:
            reply = self._exchange(msg_id, payload)
        if not reply or reply[0] in (device.NO_SESSION, device.SESSION_EXPIRED):  # none yet, or over
            self.open(next(role for role in PREFERRED if message[ROLES] >> role & 1))
            reply = self._exchange(msg_id, payload)
        return reply[0], bytes(reply[1:])
