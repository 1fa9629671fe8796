"""Recomputes vectors.json from what docs/protocol.md says, sharing no code with
the Go packages. Python 3.8 or later, standard library only:

    python3 check_vectors.py vectors.json

Prints what was checked and exits with 0, or says what differs and exits with 1.
"""
import hashlib
import hmac
import json
import re
import struct
import sys

TICKET = ">BI I 8s H 16s I 32s 32s q q q".replace(" ", "")
LEAF = ">32sqBBQHQQ"
checked = {}


def check(what, got, want):
    if got != want:
        sys.exit(f"{what}:\n got {got!r}\nwant {want!r}")
    checked[what] = checked.get(what, 0) + 1


def sha(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


# Ed25519 (RFC 8032), verification only, in affine-free extended coordinates.

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT_M1 = pow(2, (P - 1) // 4, P)


def add(p, q):
    a = (p[1] - p[0]) * (q[1] - q[0]) % P
    b = (p[1] + p[0]) * (q[1] + q[0]) % P
    c = 2 * p[3] * q[3] * D % P
    d = 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def times(n, p):
    out = (0, 1, 1, 0)
    while n:
        if n & 1:
            out = add(out, p)
        p, n = add(p, p), n >> 1
    return out


def point(b):
    y = int.from_bytes(b, "little")
    sign, y = y >> 255, y & (1 << 255) - 1
    if y >= P:
        return None
    x2 = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(x2, (P + 3) // 8, P)
    if (x * x - x2) % P:
        x = x * ROOT_M1 % P
    if (x * x - x2) % P or x == 0 and sign:
        return None
    if x & 1 != sign:
        x = P - x
    return x, y, 1, x * y % P


BASE = point((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))


def verify(public, message, signature):
    a, r = point(public), point(signature[:32])
    s = int.from_bytes(signature[32:], "little")
    if len(signature) != 64 or a is None or r is None or s >= L:
        return False
    k = int.from_bytes(hashlib.sha512(signature[:32] + public + message).digest(), "little") % L
    p, q = times(s, BASE), add(r, times(k, a))
    return (p[0] * q[2] - q[0] * p[2]) % P == 0 and (p[1] * q[2] - q[1] * p[2]) % P == 0


# Deterministic CBOR (RFC 8949, 4.2.1): unsigned and negative integers, byte and
# text strings, arrays, maps.

def head(major, n):
    if n < 24:
        return bytes([major << 5 | n])
    for code, size in ((24, 1), (25, 2), (26, 4), (27, 8)):
        if n < 1 << 8 * size:
            return bytes([major << 5 | code]) + n.to_bytes(size, "big")
    raise ValueError(n)


def cbor(v):
    if v is True:
        return b"\xf5"
    if isinstance(v, int):
        return head(0, v) if v >= 0 else head(1, -1 - v)
    if isinstance(v, bytes):
        return head(2, len(v)) + v
    if isinstance(v, str):
        return head(3, len(v.encode())) + v.encode()
    if isinstance(v, list):
        return head(4, len(v)) + b"".join(map(cbor, v))
    pairs = sorted((cbor(k), cbor(x)) for k, x in v.items())
    return head(5, len(pairs)) + b"".join(k + x for k, x in pairs)


def document(v):
    return cbor({1: bytes.fromhex(v["application"].replace("-", "")), 2: v["day"], 3: v["model"],
                 4: v["model_version"], 5: v["seal_version"], 6: v["answers"]})


def calendar_payload(v):
    keys = ["id", "code", "title_it", "title_en", "models", "prepare", "sync", "opens", "closes", "state", "tie_commitment"]
    days = []
    for day in v["days"]:
        day = {**day, **{k: int(day[k]) for k in ("prepare", "sync", "opens", "closes")},
               "tie_commitment": bytes.fromhex(day["tie_commitment"])}
        encoded = {i + 1: day[k] for i, k in enumerate(keys)}
        if "granularity" in day:
            encoded[12] = int(day["granularity"])
        if day.get("rehearsal"):
            encoded[13] = True
        days.append(encoded)
    return cbor({1: int(v["version"]), 2: int(v["issued_at"]), 3: days})


def phase(day, at):
    if day["state"] == "closed":
        return "after"
    if day["state"] == "suspended":
        return "suspended"
    if at < int(day["opens"]):
        return "before"
    return "open" if at < int(day["closes"]) else "after"


# zstd (RFC 8878): the frame header and the walk over the blocks. Compressed
# blocks are not undone here; None stands for their content.

def frame_head(b):
    """Returns (dictionary id, size or None, offset of the first block, checksum)."""
    if b[:4] != b"\x28\xb5\x2f\xfd" or len(b) < 5:
        return None
    d = b[4]
    single, at = d >> 5 & 1, 5
    at += 0 if single else 1
    id_size = (0, 1, 2, 4)[d & 3]
    dictionary = int.from_bytes(b[at:at + id_size], "little")
    at += id_size
    size_size = (1 if single else 0, 2, 4, 8)[d >> 6]
    size = int.from_bytes(b[at:at + size_size], "little") + (256 if size_size == 2 else 0)
    return dictionary, size if size_size else None, at + size_size, d >> 2 & 1


def unpack(b, dictionary):
    """Returns the code of the refusal and, where it can be known, the document."""
    bad, h = ("document_unreadable", None), frame_head(b)
    if h is None or h[0] not in (0, dictionary) or h[1] is None or h[1] > 65536 or h[1] > 200 * len(b):
        return bad
    at, out, last = h[2], b"", 0
    while not last:
        v = int.from_bytes(b[at:at + 3], "little")
        last, kind, size = v & 1, v >> 1 & 3, v >> 3
        content = b[at + 3:at + 3 + (1 if kind == 1 else size)]
        at += 3 + len(content)
        if at > len(b) or kind == 3:
            return bad
        if out is not None:
            out = out + content * (size if kind == 1 else 1) if kind < 2 else None
    if at + 4 * h[3] != len(b) or out is not None and len(out) != h[1]:
        return bad
    return "", out


# The refusals, in the order of the protocol.

def judge_ticket(b, keys, now):
    key_id, model, not_after = struct.unpack(">I", b[1:5])[0], b[9:17].rstrip(b"\0"), struct.unpack(">q", b[119:127])[0]
    if b[0] != 1:
        return "unsupported_version"
    if not re.fullmatch(rb"[A-Z0-9-]{1,8}", model):
        return "malformed_envelope"
    if key_id != keys["ticket_key_id"]:
        return "ticket_unknown_key"
    mac = hmac.new(bytes.fromhex(keys["ticket_key"]), b"puntuale/ticket/v1\0" + b[:127], "sha256").digest()
    if mac != b[127:]:
        return "ticket_invalid"
    return "ticket_expired" if now > not_after else ""


def judge_envelope(b, keys, now):
    if len(b) > 16384:
        return "oversized"
    if len(b) >= 4 and b[:4] != b"PEN1":
        return "unsupported_version" if b[:3] == b"PEN" else "malformed_envelope"
    if len(b) < 233:
        return "truncated_envelope"
    end = 169 + struct.unpack(">H", b[167:169])[0]
    if len(b) != end + 64:
        return "truncated_envelope" if len(b) < end + 64 else "malformed_envelope"
    code = judge_ticket(b[4:163], keys, now)
    if code:
        return code
    if not verify(b[75:107], b"puntuale/envelope/v1\0" + b[:end], b[end:]):
        return "signature_invalid"
    code, doc = unpack(b[169:end], struct.unpack(">I", b[163:167])[0])
    if code:
        return code
    return "document_altered" if doc is not None and sha(doc) != b[43:75] else ""


def root_from_path(h, index, count, path):
    fn, sn = index, count - 1
    for p in path:
        if sn == 0:
            return None
        if fn & 1 or fn == sn:
            h = sha(b"\x01", p, h)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            h = sha(b"\x01", h, p)
        fn, sn = fn >> 1, sn >> 1
    return h if sn == 0 else None


def judge_acknowledgement(b, keys, submission):
    if len(b) < 189 or b[:4] != b"PAK1" or len(b) != 189 + 32 * b[188] or b[188] > 32 or b[46] & 0x80:
        return "malformed_envelope"
    leaf, (batch, index, count) = b[4:72], struct.unpack(">QII", b[72:88])
    node = bytes.fromhex(keys["node_public"])
    if leaf[:32] != submission:
        return "malformed_envelope"
    if b[120:124] != sha(node)[:4]:
        return "signature_invalid"
    path = [b[i:i + 32] for i in range(189, len(b), 32)]
    root = root_from_path(sha(b"\0", leaf), index, count, path) if index < count else None
    if root is None:
        return "malformed_envelope"
    statement = b"puntuale/batch/v1\0" + leaf[50:60] + struct.pack(">QI", batch, count) + root + b[88:120]
    return "" if verify(node, statement, b[124:188]) else "signature_invalid"


def judge_time(b, keys, nonce):
    node = bytes.fromhex(keys["node_public"])
    if len(b) != 124 or b[:4] != b"PTM1":
        return "malformed_envelope"
    if b[56:60] != sha(node)[:4] or not verify(node, b"puntuale/time/v1\0" + b[:60], b[60:]):
        return "signature_invalid"
    return "" if b[4:20] == nonce and b[38] < 0x80 else "malformed_envelope"


def judge_calendar(b, keys, payloads):
    public = bytes.fromhex(keys["calendar_public"])
    if len(b) < 72 or b[:4] != b"PCA1":
        return "malformed_envelope"
    if b[4:8] != sha(public)[:4] or not verify(public, b"puntuale/calendar/v1\0" + b[72:], b[8:72]):
        return "signature_invalid"
    return "" if b[72:] in payloads else "malformed_envelope"


# The vectors.

def tree_root(hashes):
    if len(hashes) == 1:
        return hashes[0]
    k = 1
    while 2 * k < len(hashes):
        k *= 2
    return sha(b"\x01", tree_root(hashes[:k]), tree_root(hashes[k:]))


def check_ticket(v, keys):
    body = struct.pack(TICKET, 1, v["key_id"], v["day"], v["model"].encode(), v["model_version"], bytes.fromhex(v["application"]),
                       v["seal_version"], bytes.fromhex(v["digest"]), bytes.fromhex(v["device"]), int(v["account"]),
                       int(v["issued_at"]), int(v["not_after"]))
    message = b"puntuale/ticket/v1\0" + body
    mac = hmac.new(bytes.fromhex(keys["ticket_key"]), message, "sha256").digest()
    check("ticket message", message.hex(), v["mac_message"])
    check("ticket MAC", mac.hex(), v["mac"])
    check("ticket", (body + mac).hex(), v["bytes"])


def check_envelope(v, all_vectors):
    frame, keys = bytes.fromhex(v["frame"]), all_vectors["keys"]
    signed = b"PEN1" + bytes.fromhex(all_vectors["ticket"]["bytes"]) + struct.pack(">IH", v["dictionary_id"], len(frame)) + frame
    signature = bytes.fromhex(v["signature"])
    check("envelope message", (b"puntuale/envelope/v1\0" + signed).hex(), v["signed_message"])
    check("envelope", (signed + signature).hex(), v["bytes"])
    check("submission id", sha(signed, signature).hex(), v["submission_id"])
    dictionary = bytes.fromhex(v["dictionary"])
    check("dictionary id", int.from_bytes(sha(dictionary)[:4], "big") if dictionary else 0, v["dictionary_id"])
    now = int(all_vectors["ticket"]["issued_at"])
    check("good envelope", judge_envelope(signed + signature, keys, now), "")


def check_batch(v, keys):
    hashes, node = [], bytes.fromhex(keys["node_public"])
    for x in v["leaves"]:
        leaf = struct.pack(LEAF, bytes.fromhex(x["submission_id"]), int(x["unix_nano"]), x["source"], x["clock"], int(x["bound_nano"]),
                           x["node"], int(x["journal"]), int(x["sequence"]))
        check("leaf", leaf.hex(), x["bytes"])
        hashes.append(sha(b"\0", leaf))
        check("leaf hash", hashes[-1].hex(), x["hash"])
    root, first = tree_root(hashes), v["leaves"][0]
    check("root", root.hex(), v["root"])
    statement = b"puntuale/batch/v1\0" + struct.pack(">HQQI", first["node"], int(first["journal"]), int(v["batch"]), v["count"])
    statement += root + bytes.fromhex(v["prev"])
    check("statement", statement.hex(), v["statement"])
    check("chain", sha(statement).hex(), v["chain"])
    check("batch signature", verify(node, statement, bytes.fromhex(v["signature"])), True)
    for i, x in enumerate(v["leaves"]):
        path = b"".join(map(bytes.fromhex, x["path"]))
        ack = b"PAK1" + bytes.fromhex(x["bytes"]) + struct.pack(">QII", int(v["batch"]), i, v["count"]) + bytes.fromhex(v["prev"])
        ack += sha(node)[:4] + bytes.fromhex(v["signature"]) + bytes([len(x["path"])]) + path
        check("acknowledgement", ack.hex(), x["acknowledgement"])
        check("good acknowledgement", judge_acknowledgement(ack, keys, bytes.fromhex(x["submission_id"])), "")


def check_signed(v):
    keys, t, c, d = v["keys"], v["time"], v["calendar"], v["device"]
    body = b"PTM1" + bytes.fromhex(t["nonce"]) + struct.pack(">qqBBQHQ", int(t["received_at"]), int(t["sent_at"]), t["source"], t["clock"],
                                                          int(t["bound_nano"]), t["node"], int(t["calendar_version"]))
    body += sha(bytes.fromhex(keys["node_public"]))[:4]
    check("time message", (b"puntuale/time/v1\0" + body).hex(), t["message"])
    check("good time", judge_time(bytes.fromhex(t["bytes"]), keys, bytes.fromhex(t["nonce"])), "")
    payload = calendar_payload(c["calendar"])
    check("calendar", payload.hex(), c["payload"])
    check("calendar message", (b"puntuale/calendar/v1\0" + payload).hex(), c["message"])
    check("good calendar", judge_calendar(bytes.fromhex(c["bytes"]), keys, [payload]), "")
    message = b"puntuale/device/v1\0" + sha(d["access_token"].encode())
    check("device message", message.hex(), d["message"])
    check("device proof", verify(bytes.fromhex(keys["device_public"]), message, bytes.fromhex(d["proof"])), True)


def judge(x, v):
    b, keys = bytes.fromhex(x["bytes"]), v["keys"]
    if x["kind"] == "envelope":
        return judge_envelope(b, keys, int(x["now"]))
    if x["kind"] == "acknowledgement":
        return judge_acknowledgement(b, keys, bytes.fromhex(v["batches"][2]["leaves"][3]["submission_id"]))
    if x["kind"] == "time":
        return judge_time(b, keys, bytes.fromhex(v["time"]["nonce"]))
    if x["kind"] == "calendar":
        return judge_calendar(b, keys, [calendar_payload(v["calendar"]["calendar"])])
    message = b"puntuale/device/v1\0" + sha(v["device"]["access_token"].encode())
    return "" if verify(bytes.fromhex(keys["device_public"]), message, b) else "signature_invalid"


def main():
    with open(sys.argv[1], encoding="utf-8") as f:
        v = json.load(f)
    check("document", document(v["document"]).hex(), v["document"]["bytes"])
    check("digest", sha(bytes.fromhex(v["document"]["bytes"])).hex(), v["document"]["digest"])
    check_ticket(v["ticket"], v["keys"])
    for x in v["envelopes"]:
        check_envelope(x, v)
    for x in v["batches"]:
        check_batch(x, v["keys"])
    check_signed(v)
    days = {d["id"]: d for d in v["calendar"]["calendar"]["days"]}
    for x in v["phases"]:
        check("phase", phase(days[x["day"]], int(x["at"])), x["phase"])
    for x in v["bad"]:
        check(f"bad {x['kind']}: {x['name']}", judge(x, v), x["code"])
    print(f"{sum(checked.values())} values agree, of {len(checked)} kinds")


main()
