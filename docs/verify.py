#!/usr/bin/env python3
"""Checks a conversation as a file, offline: python3 docs/verify.py FILE  (section 20 of docs/PROTOCOL.md)

Written from docs/PROTOCOL.md with the standard library alone, as proof that the document is enough. It checks every
byte, key, signature and link; that the leader decided by the rules (section 8, from step 8) `server verify` checks."""
import base64, hashlib, json, sys

def need(holds, code, why):
    if not holds:
        raise AssertionError(f"{why} ({code})")

# Ed25519 of RFC 8032, points in extended coordinates; strict, as section 3 asks.
P, L, ZERO = 2**255 - 19, 2**252 + 27742317777372353535851937790883648493, (0, 1, 1, 0)
D, ROOT = -121665 * pow(121666, -1, P) % P, pow(2, (P - 1) // 4, P)

def add(p, q):
    a, b = (p[1] - p[0]) * (q[1] - q[0]), (p[1] + p[0]) * (q[1] + q[0])
    c, d = 2 * p[3] * q[3] * D, 2 * p[2] * q[2]
    return (b - a) * (d - c) % P, (d + c) * (b + a) % P, (d - c) * (d + c) % P, (b - a) * (b + a) % P
def times(n, p):
    rest = times(n // 2, add(p, p)) if n else ZERO
    return add(rest, p) if n % 2 else rest
def equal(p, q): return (p[0] * q[2] - q[0] * p[2]) % P == 0 == (p[1] * q[2] - q[1] * p[2]) % P

def point(octets):  # None for what is no point, is written in a second form, or has small order.
    y = int.from_bytes(octets, "little") % 2**255
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    x = x if x * x % P == square else x * ROOT % P
    p = (x, y, 1, x * y % P) if x % 2 == octets[31] >> 7 else (P - x, y, 1, -x * y % P)
    return p if y < P and x * x % P == square and not equal(times(8, p), ZERO) else None
BASE = point((4 * pow(5, -1, P) % P).to_bytes(32, "little"))

def is_signed(tag, digest, signature, public):
    signature, public = unb64(signature, 64), unb64(public, 32)
    r, a, s = point(signature[:32]), point(public), int.from_bytes(signature[32:], "little")
    message = signature[:32] + public + b"em2/v1/sig/" + tag + b"\0" + digest
    k = int.from_bytes(hashlib.sha512(message).digest(), "little") % L
    return bool(r and a) and s < L and equal(times(s, BASE), add(r, times(k, a)))

# Bytes: sections 1, 4 and 5.
def b64(octets): return base64.urlsafe_b64encode(octets).decode().rstrip("=")
def sha256(octets): return hashlib.sha256(octets).digest()
def canonical(value): return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
def tagged(tag, value): return sha256(b"em2/v1/" + tag + b"\0" + canonical(value))
def bare(entry): return sha256(canonical({name: entry[name] for name in entry if name != "sig"}))

def unb64(text, size):
    octets = base64.urlsafe_b64decode(text + "==")
    need(len(octets) == size and b64(octets) == text, "EM2_FORMAT", "a binary value is not base64url")
    return octets
def is_plain(value, depth):
    if isinstance(value, (dict, list)):
        inner, names = (value.values(), "".join(value)) if isinstance(value, dict) else (value, "")
        return depth > 0 and names.isascii() and all(is_plain(part, depth - 1) for part in inner)
    return isinstance(value, (str, bool)) or isinstance(value, int) and abs(value) < 2**53

def parse(line, depth):
    try:
        value = json.loads(line.decode())
        fits = is_plain(value, depth) and canonical(value) == line
    except (ValueError, RecursionError):
        fits = False
    need(fits, "EM2_NOT_CANONICAL", "the bytes are not in canonical form")
    return value

def key_log(entries, revoked):  # Section 3: the incarnation, and each key with the time from and until which it counts.
    keys, online, recovery, before = {}, entries[0], [], None
    for n, entry in enumerate(entries, 1):
        on_paper = entry.get("use") == "recovery"
        by = [key["pub"] for key in [online] + recovery if key["kid"] == entry["by"]]
        need(entry["n"] == n and entry["alg"] == "ed25519" and entry.get("prev") == before and entry["kid"] not in keys
             and entry["from"] < entry["to"] and by and not (on_paper and n == 1) and point(unb64(entry["pub"], 32))
             and is_signed(b"key", bare(entry), entry["sig"], by[0]), "EM2_FORMAT", "a key log does not hold together")
        keys[entry["kid"]] = [entry["pub"], entry["from"], entry["to"] + 7 * 86400000]
        before = b64(sha256(canonical(entry)))
        online, recovery = (online, recovery + [entry]) if on_paper else (entry, recovery)
    for gone in revoked:
        need(any(is_signed(b"key", bare(gone), gone["sig"], key["pub"]) for key in recovery),
             "EM2_FORMAT", "a revocation is not by a recovery key")
        keys[gone["kid"]][2] = min(keys[gone["kid"]][2], gone["at"])
    return b64(sha256(canonical(entries[0]))), keys

class Log:
    def __init__(self, first):
        need(set(first) <= {"conv", "em2", "keys", "revoked"} and first["em2"] == 1, "EM2_VERSION", "another file")
        self.logs = {name: key_log(log, first.get("revoked", {}).get(name, [])) for name, log in first["keys"].items()}
        self.conv, self.head, self.seq, self.at, self.epoch = first["conv"], first["conv"], 0, 0, 1
        self.leaders, self.named, self.nonces, self.seen = set(), set(), set(), set()

    def signer(self, tag, digest, stamp, at):
        owner, kid = stamp["k"].rsplit("#", 1)
        if "@" not in owner:  # A person's key stands in the directory, which is not in the file: it proves nothing here.
            need(kid in self.logs.get(owner, ("", {}))[1], "EM2_KEY_UNKNOWN", f"the key {stamp['k']!r} is not in line 1")
            public, since, until = self.logs[owner][1][kid]
            need(since <= at < until, "EM2_SIG", f"the key {stamp['k']!r} did not count at that time")
            need(is_signed(tag, digest, stamp["v"], public), "EM2_SIG", f"the signature by {stamp['k']!r} does not count")
            return owner

    def take(self, record):  # Sections 5, 8, 9 and 13.
        head, commit, body = record["h"], record["c"], record.get("b")
        key, kind, at = tagged(b"action", head), head["model"] + "." + head["verb"], commit["at"]
        said = kind in ("message.add", "message.modify", "attachment.add")
        excused = record.get("w") == "expired" or said and record.get("w") in ("history", "redacted")
        need(set(record) == {"c", "cs", "h", "s", "w" if body is None else "b"} and (body is not None or excused),
             "EM2_FORMAT", "this is no record, or its body is needed")
        need(body is None or head["ref"] == b64(tagged(b"body", body)), "EM2_HASH", "the body is not what was signed")
        need(commit["act"] == key.hex(), "EM2_HASH", "the commit is of another action")
        authors = [self.signer(b"action", key, stamp, at) for stamp in record["s"]]
        leader = self.signer(b"commit", tagged(b"commit", commit), record["cs"], at)
        need(authors[0] == head["platform"] and leader == commit["leader"] and leader in (self.leaders or authors[:1]),
             "EM2_SIG", "this is not signed by its author and the leader")
        need(commit["conv"] == head.get("conv", key.hex()) == self.conv and commit["prev"] == self.head
             and commit["seq"] == self.seq + 1, "EM2_GAP", "this is not the next record of the conversation")
        need((self.seq > 0) == ("conv" in head) == (kind != "conversation.publish"), "EM2_NO_CONV", "not the first action")
        need(at >= self.at and commit["epoch"] >= self.epoch, "EM2_CLOCK", "time or epoch run back")
        need(head["nonce"] not in self.nonces, "EM2_REPLAY", "the nonce was used before")
        self.nonces.add(head["nonce"])
        self.head, self.seq, self.at, self.epoch = tagged(b"commit", commit).hex(), commit["seq"], at, commit["epoch"]
        done, self.leaders = "st" not in commit, {leader}
        self.seen |= {record.get("w"), kind if done else ""}
        if done and kind == "conversation.transfer":
            self.leaders = set(authors) & {body["to"]} if body else set(authors) - {leader}
        if done and body and kind in ("conversation.publish", "participant.add", "participant.modify"):
            for to in body.get("keys", [body] if "inc" in body else []):
                same = self.logs.get(to["platform"], [to["inc"]])[0] == to["inc"]
                need(same, "EM2_INCARNATION", f"line 1 has another key log of {to['platform']!r}")
                self.named.add(to["platform"])
        self.expired = self.seq == 1 and body is None or self.seq > 1 and self.expired  # Then nothing names key logs.
        need(self.expired or {authors[0], leader} <= self.named, "EM2_INCARNATION", "nothing names a signer's keys")

def check(file):
    log, digest = None, hashlib.sha256()
    for number, line in enumerate(file, 1):
        try:
            value = parse(line[:-1], 9 if log else 11)
            if log and "end" in value:
                need("expired" not in log.seen or "conversation.expire" in log.seen, "EM2_FORMAT", "it has not expired")
                last = {"end": True, "head": log.head, "seq": log.seq, "sha256": b64(digest.digest())}
                need(canonical(last) + b"\n" == line + file.read(), "EM2_HASH", "this does not end the lines before")
                return print(f"Head {log.head}\n{log.seq} actions\nEverything checks.")
            log.take(value) if log else (log := Log(value))
        except AssertionError as wrong:
            sys.exit(f"Line {number}: {wrong}.")
        except (ValueError, KeyError, TypeError, AttributeError, IndexError) as wrong:
            sys.exit(f"Line {number}: this cannot be understood: {wrong!r} (EM2_FORMAT).")
        digest.update(line)
    sys.exit("The file ends before its last line (EM2_GAP).")

check(open(sys.argv[1], "rb"))
