"""Recomputes vectors.json from what docs/ledger.md and RFC 6962 say, sharing no
code with the Go packages. Python 3.8 or later and the command openssl:

    python3 check_vectors.py vectors.json

Prints what was checked and exits with 0, or says what differs and exits with 1.
"""
import base64
import hashlib
import json
import struct
import subprocess
import sys
import tempfile

checked = {}


def check(what, got, want):
    if got != want:
        sys.exit(f"{what}:\n got {got!r}\nwant {want!r}")
    checked[what] = checked.get(what, 0) + 1


def sha(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def b64(b):
    return base64.b64encode(b).decode()


# RFC 6962, section 2.1, written down as it stands there.


def split(n):
    k = 1
    while 2 * k < n:
        k *= 2
    return k


def mth(d):
    if not d:
        return sha()
    if len(d) == 1:
        return sha(b"\0", d[0])
    k = split(len(d))
    return sha(b"\1", mth(d[:k]), mth(d[k:]))


def path(m, d):
    if len(d) == 1:
        return []
    k = split(len(d))
    if m < k:
        return path(m, d[:k]) + [mth(d[k:])]
    return path(m - k, d[k:]) + [mth(d[:k])]


def proof(m, d):
    return subproof(m, d, True)


def subproof(m, d, whole):
    if m == len(d):
        return [] if whole else [mth(d)]
    k = split(len(d))
    if m <= k:
        return subproof(m, d[:k], whole) + [mth(d[k:])]
    return subproof(m - k, d[k:], False) + [mth(d[:k])]


def climb(leaf, index, size, hashes):
    """Root that an inclusion proof leads to (RFC 9162, section 2.1.3.2)."""
    r, fn, sn = sha(b"\0", leaf), index, size - 1
    for p in hashes:
        if sn == 0:
            return None
        if fn & 1 or fn == sn:
            r = sha(b"\1", p, r)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            r = sha(b"\1", r, p)
        fn, sn = fn >> 1, sn >> 1
    return r if sn == 0 else None


def verify_ed25519(key, message, signature):
    der = bytes.fromhex("302a300506032b6570032100") + key
    pem = "-----BEGIN PUBLIC KEY-----\n" + b64(der) + "\n-----END PUBLIC KEY-----\n"
    with tempfile.TemporaryDirectory() as d:
        for name, content in (("key", pem.encode()), ("message", message), ("signature", signature)):
            with open(f"{d}/{name}", "wb") as f:
                f.write(content)
        return subprocess.run(["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", f"{d}/key", "-rawin", "-in", f"{d}/message",
                               "-sigfile", f"{d}/signature"], capture_output=True).returncode == 0


def open_note(note, vkey):
    """Text of a note signed with that verifier key."""
    name, key_hash, key = vkey.split("+", 2)
    raw = base64.b64decode(key)
    check("key hash", sha(name.encode(), b"\n", raw)[:4].hex(), key_hash)
    text, _, signatures = note.rpartition("\n\n")
    text += "\n"
    dash, signer, sig = signatures.rstrip("\n").split(" ")
    check("signer", (dash, signer), ("\u2014", name))
    sig = base64.b64decode(sig)
    check("key hash in the signature", sig[:4].hex(), key_hash)
    check("signature", verify_ed25519(raw[1:], text.encode(), sig[4:]), True)
    return text


def main():
    with open(sys.argv[1], encoding="utf-8") as f:
        v = json.load(f)
    for t in v["ties"]:
        check("tie", sha(bytes.fromhex(t["seed"]), bytes.fromhex(t["submission"])).hex(), t["tie"])
    leaves = [l.encode() for l in v["leaves"]]
    for line, want in zip(leaves, v["leaf_hashes"]):
        check("leaf hash", b64(sha(b"\0", line)), want)
    check("root", b64(mth(leaves)), v["root"])
    n = len(leaves)
    check("hash tile", b"".join(sha(b"\0", l) for l in leaves).hex(), v["tiles"][f"tile/0/000.p/{n}"])
    check("entry bundle", b"".join(struct.pack(">H", len(l)) + l for l in leaves).hex(), v["tiles"][f"tile/entries/000.p/{n}"])
    for p in v["inclusion"]:
        d = leaves[:p["size"]]
        check("inclusion proof", [b64(h) for h in path(p["index"], d)], p["hashes"])
        hashes = [base64.b64decode(h) for h in p["hashes"]]
        check("inclusion", climb(leaves[p["index"]], p["index"], p["size"], hashes), mth(d))
    for p in v["consistency"]:
        check("consistency proof", [b64(h) for h in proof(p["older"], leaves[:p["newer"]])], p["hashes"])
    for g in v["generated"]:
        d = [f"leaf {i * i}".encode() for i in range(g["size"])]
        check("generated root", b64(mth(d)), g["root"])
        check("generated proof", [b64(h) for h in path(g["index"], d)], g["hashes"])
    text = open_note(v["checkpoint"], v["day_key"])
    check("checkpoint", text, f"{v['origin']}\n{n}\n{v['root']}\n")
    e = json.loads(v["evidence"])
    origin, size, root = open_note(e["checkpoint"], e["ledger_key"]).rstrip("\n").split("\n")
    check("evidence: origin", origin, v["origin"])
    hashes = [base64.b64decode(h) for h in e["inclusion"]]
    check("evidence: root", b64(climb(e["leaf"].encode(), e["index"], int(size), hashes)), root)
    print(", ".join(f"{n} {what}" for what, n in checked.items()))


main()
