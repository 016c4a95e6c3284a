"""A second reader of Yinxin's formats, written from docs/formats.md alone.

    reader.py docs/vectors.json

checks every key of the table in section 13 with its own code, then flips one byte in some
vectors and requires that the same check refuses for the reason expected. Prints one line per
check and `N checked`, or what failed. Needs Python 3.11 and the package `cryptography`.
"""
import base64
import copy
import hashlib
import hmac
import json
import re
import sys
import unicodedata
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


class Refused(Exception):
    pass


def need(condition, reason):
    if not condition:
        raise Refused(reason)


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def mac(key, *parts):
    return hmac.new(key, b"".join(parts), hashlib.sha256).digest()


def labelled(label, *parts):
    return b"\0".join([label.encode("ascii"), b"".join(parts)])


def octets(value, length=None):
    """Bytes out of strict base64url: no padding, no other characters, spare bits zero."""
    need(isinstance(value, str) and re.fullmatch("[A-Za-z0-9_-]*", value), "base64url")
    need(len(value) % 4 != 1, "base64url")
    data = base64.urlsafe_b64decode(value + "=" * (-len(value) % 4))
    need(base64url(data) == value, "base64url")
    need(length is None or len(data) == length, f"not {length} bytes")
    return data


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


# --- RFC 8785, section 1

def canonical(value):
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        need(0 <= value < 2**53, "integer out of range")
        return str(value)
    if isinstance(value, str):
        need(unicodedata.is_normalized("NFC", value), "not NFC")
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, list):
        return "[" + ",".join(map(canonical, value)) + "]"
    need(isinstance(value, dict), "null or number")
    in_order = sorted(value, key=lambda key: key.encode("utf-16-be", "surrogatepass"))
    return "{" + ",".join(canonical(key) + ":" + canonical(value[key]) for key in in_order) + "}"


def refuse_number(_):
    raise Refused("fraction")


def without_repeats(pairs):
    need(len(dict(pairs)) == len(pairs), "key twice")
    return dict(pairs)


def parse(data):
    try:
        value = json.loads(data.decode("utf-8"), object_pairs_hook=without_repeats,
                           parse_float=refuse_number, parse_constant=refuse_number)
        again = canonical(value).encode("utf-8")
    except ValueError as error:  # also UnicodeError
        raise Refused(f"not JSON: {error}") from error
    need(again == data, "not RFC 8785")
    return value


# --- shapes: what a value must be; (value, path, found) with found = the commitments met

def shape(test, reason):
    return lambda value, path, found: need(test(value), f"{reason} at {path or '/'}")


def matching(pattern, reason):
    return shape(lambda v: isinstance(v, str) and re.fullmatch(pattern, v), reason)


def one_of(*words):
    return shape(lambda v: isinstance(v, str) and v in words, "unknown word")


def data(length=None):
    return lambda value, path, found: octets(value, length) and None


def when(pattern):
    def is_time(value):
        try:
            moment = datetime.strptime(value, pattern)
        except (TypeError, ValueError):
            return False
        return moment.strftime(pattern) == value
    return shape(is_time, "time")


def many(item):
    def check(value, path, found):
        need(isinstance(value, list), f"not a list at {path}")
        for index, member in enumerate(value):
            item(member, f"{path}/{index}", found)
    return check


def record_of(**keys):
    """An object with exactly these keys; a name that ends in `_opt` may be left out."""
    allowed = {name.removesuffix("_opt"): kind for name, kind in keys.items()}
    required = {name for name in keys if not name.endswith("_opt")}

    def check(value, path, found):
        need(isinstance(value, dict), f"not an object at {path or '/'}")
        need(set(value) <= set(allowed), f"unknown key at {path or '/'}")
        need(required <= set(value), f"missing key at {path or '/'}")
        for name in value:
            allowed[name](value[name], f"{path}/{name}", found)
    return check


def commitment(value, path, found):
    found[path] = octets(value, 32)


def public_key(value, path=None, found=None):
    der = octets(value)
    try:
        key = serialization.load_der_public_key(der)
    except ValueError as error:
        raise Refused("SubjectPublicKeyInfo") from error
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    need(key.public_bytes(serialization.Encoding.DER, form) == der, "SubjectPublicKeyInfo")
    return key


def nested(reader):
    return lambda value, path, found: reader(octets(value)) and None


def key_or_empty(value, path, found):
    return None if value == "" else public_key(value)


TEXT = shape(lambda v: isinstance(v, str), "text")
FLAG = shape(lambda v: isinstance(v, bool), "true or false")
NUMBER = shape(lambda v: type(v) is int, "integer")
REVISION = shape(lambda v: type(v) is int and v >= 1, "revision")
ONE = shape(lambda v: type(v) is int and v == 1, "v")
ANY = shape(lambda v: True, "")
IDENT = matching(f"[{CROCKFORD}]{{16}}", "id")
NAME = matching("[a-z0-9-]+", "name")
SERIAL = matching("(0[1-9a-f]|[1-7][0-9a-f])[0-9a-f]{34}", "serial number")
SECONDS, MICROSECONDS = when("%Y-%m-%dT%H:%M:%SZ"), when("%Y-%m-%dT%H:%M:%S.%fZ")
HASH, ID16, BYTES = data(32), data(16), data()
PROFILE = record_of(id=NAME, version=REVISION, digest=HASH)
ROLE = one_of("official", "unit-handler", "registration-officer", "system-administrator",
              "security-administrator", "auditor", "application-owner")
REASON = one_of("unspecified", "keyCompromise", "cACompromise", "affiliationChanged",
                "superseded", "cessationOfOperation", "certificateHold", "removeFromCRL",
                "privilegeWithdrawn", "aACompromise")
LABEL = one_of("cli", "page")
PROCESS = one_of("issuer", "status", "log", "portal-public", "portal-staff")
FILES = many(record_of(name=TEXT, content=TEXT))

ORDER_BODIES = {  # section 4
    "issue": record_of(
        person=IDENT, person_version=REVISION, profile=PROFILE, key=public_key, label=LABEL,
        subject=record_of(c=TEXT, o=TEXT, ou=many(NAME), cn=commitment, sn=IDENT),
        names=many(record_of(kind=one_of("mail"), value=commitment)), validity_days=NUMBER,
        evidence=commitment, reference=IDENT, previous_opt=HASH),
    "unit": record_of(action=one_of("create", "move", "close"), unit=NAME, county=FLAG,
                      name=TEXT, parent=NAME),
    "person": record_of(action=one_of("create", "move", "leave"), person=IDENT, unit=NAME,
                        version=REVISION, name=commitment, mail_opt=commitment,
                        evidence=commitment),
    "role": record_of(action=one_of("grant", "withdraw"), person=IDENT, role=ROLE, scope=NAME),
    "profile": record_of(profile=PROFILE),
    "approval-rules": record_of(digest=HASH, version=REVISION),
    "portal": record_of(action=one_of("register", "close"), portal=NAME, unit=NAME,
                        public_host=TEXT, public_key=key_or_empty, staff_host=TEXT,
                        staff_key=key_or_empty),
    "revoke": record_of(person=IDENT, serials=many(SERIAL), reason=REASON, evidence=commitment),
}
ORDER = record_of(v=ONE, kind=one_of(*ORDER_BODIES), issuer=NAME, order=IDENT, body=ANY,
                  version=REVISION, nonce=ID16, expires=SECONDS)
APPROVAL = record_of(v=ONE, method=one_of("certificate"), order=HASH, certificate=BYTES,
                     signature=BYTES)
FOUNDING = record_of(  # section 6
    v=ONE, founded=SECONDS, nonce=ID16, root=public_key, issuer=NAME, profiles=many(PROFILE),
    city=record_of(name=TEXT, country=TEXT, arc=matching(r"\d+(\.\d+)+", "arc"), sample=FLAG),
    keys=record_of(issuing=public_key, registry=public_key, status=public_key, ocsp=public_key),
    logs=many(record_of(log=one_of("control", "access"), vkey=TEXT)),
    units=many(record_of(unit=NAME, name=TEXT, county=FLAG, parent_opt=NAME)),
    people=many(record_of(person=IDENT, name=commitment, unit=NAME, key=public_key, profile=NAME,
                          roles=many(record_of(role=ROLE, scope=NAME)))),
    services=many(record_of(service=NAME, unit=NAME, keys=many(
        record_of(process=PROCESS, hosts=many(TEXT), key=public_key)))),
    authorizations=many(record_of(authorization=NAME, service=NAME, process=PROCESS,
                                  profile=NAME, quota=NUMBER, expires=SECONDS, key_sha256=HASH)),
    rules=many(record_of(name=one_of("roles", "approvals", "bundle"), version=REVISION,
                         digest=HASH)))
LETTER = record_of(v=ONE, reference=IDENT, person=IDENT, profile=NAME, lookup_sha256=HASH,
                   loss_sha256=HASH, expires=SECONDS)
RECEIPT = record_of(v=ONE, reference=IDENT, serials=many(SERIAL), time=SECONDS, founding=HASH)


def document(form):
    def read(raw):
        found, value = {}, parse(raw)
        form(value, "", found)
        return value, found
    return read


def read_order(raw):
    order, _ = document(ORDER)(raw)
    found, body = {}, order["body"]
    ORDER_BODIES[order["kind"]](body, "", found)
    if order["kind"] == "portal":
        keys_there = [body["public_key"] != "", body["staff_key"] != ""]
        need(keys_there == [body["action"] == "register"] * 2, "portal keys")
    return order, found


def read_founding(raw):
    statement, found = document(FOUNDING)(raw)
    above = set()
    for unit in statement["units"]:
        need(unit.get("parent") in above if above else "parent" not in unit, "order of units")
        above.add(unit["unit"])
    return statement, found


def cause(value, path, found):
    forms = {"order": {"order": HASH}, "left": {"person": IDENT}, "abandoned": {"order": HASH},
             "loss": {"reference": IDENT, "value": HASH}}
    need(isinstance(value, dict) and len(value) == 1, "cause")
    (name, inner), = value.items()
    need(name in forms, "unknown cause")
    record_of(**forms[name])(inner, path, found)


SUBJECT = matching(f"[{CROCKFORD}]{{16}}|[a-z0-9-]+/[a-z-]+", "subject")
RECORD_BODIES = {  # section 7
    "founding": record_of(statement=nested(read_founding), signature=BYTES, files=FILES),
    "letter": record_of(statement=nested(document(LETTER)), signature=BYTES),
    "application": record_of(reference=IDENT, order=HASH, label=LABEL, challenge_sha256=HASH,
                             request=commitment),
    "order": record_of(order=nested(read_order), signature=BYTES, cancels=many(HASH)),
    "approval": record_of(approval=APPROVAL, person=IDENT),
    "enacted": record_of(order=HASH, approvals=many(HASH), files=FILES),
    "intent": record_of(order=HASH, approvals=many(HASH), serial=SERIAL, not_after=SECONDS,
                        tbs_sha256=HASH, tbs=commitment, lint=NUMBER),
    "issued": record_of(under=HASH, serial=SERIAL, subject=SUBJECT, profile=NAME, sha256=HASH,
                        key_sha256=HASH, not_after=SECONDS, certificate=commitment),
    "used": record_of(authorization=NAME, challenge=ID16, request=BYTES, asked_by=public_key,
                      signature=BYTES, serial=SERIAL, tbs_sha256=HASH),
    "revoked": record_of(certificates=many(record_of(serial=SERIAL, not_after=SECONDS)),
                         reason=REASON, cause=cause, approvals=many(HASH)),
    "crl": record_of(issuer=NAME, number=NUMBER, sha256=HASH, this_update=SECONDS,
                     next_update=SECONDS, entries=NUMBER),
    "refusal": record_of(code=TEXT, act=TEXT, about=TEXT, reference=TEXT),
    "portal": record_of(process=TEXT, act=TEXT, outcome=TEXT, person=TEXT),
}
RECORD = record_of(v=ONE, id=ID16, log=one_of("control", "access"), maker=TEXT, body=ANY,
                   time=MICROSECONDS, kind=one_of(*RECORD_BODIES))


def read_record(raw):
    record, _ = document(RECORD)(raw)
    found = {}
    RECORD_BODIES[record["kind"]](record["body"], "", found)
    return record, found


# --- computations

def verify(key, label, signed, signature):
    message = labelled(label, signed)
    try:
        if isinstance(key, ec.EllipticCurvePublicKey):
            digests = {"secp256r1": hashes.SHA256(), "secp384r1": hashes.SHA384()}
            need(key.curve.name in digests, "curve")
            key.verify(signature, message, ec.ECDSA(digests[key.curve.name]))
        elif isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, message, padding.PKCS1v15(), hashes.SHA256())
        else:
            need(isinstance(key, ed25519.Ed25519PublicKey), "algorithm")
            key.verify(signature, message)
    except InvalidSignature as error:
        raise Refused(f"signature under {label}") from error


def commit(salt, path, value):
    where = path.encode("utf-8")
    return sha256(labelled("yinxin-commit-v1", salt, len(where).to_bytes(2, "big"), where,
                           canonical(value).encode("utf-8")))


def open_commitments(found, disclosures):
    opened = set()
    for one in disclosures:
        record_of(path=TEXT, salt=HASH, value=ANY)(one, "", {})
        need(one["path"] in found and one["path"] not in opened, "disclosure opens nothing")
        value = commit(octets(one["salt"], 32), one["path"], one["value"])
        need(value == found[one["path"]], "commitment")
        opened.add(one["path"])
    need(opened == set(found), "commitment not opened")


def crockford(raw, length):
    number = int.from_bytes(raw, "big")
    return "".join(CROCKFORD[number >> 5 * place & 31] for place in reversed(range(length)))


def leaf(entry):
    return sha256(b"\0", entry)


def tree(entries):
    if len(entries) == 1:
        return leaf(entries[0])
    left = 1 << (len(entries) - 1).bit_length() - 1
    return sha256(b"\1", tree(entries[:left]), tree(entries[left:]))


def root_from_path(node, index, size, path):  # RFC 9162, section 2.1.3.2; the tree of RFC 6962
    last, path = size - 1, list(path)
    need(0 <= index < size, "index")
    while last:
        if index % 2 or index < last:
            need(path, "audit path too short")
            other = path.pop(0)
            node = sha256(b"\1", other, node) if index % 2 else sha256(b"\1", node, other)
        index, last = index // 2, last // 2
    need(not path, "audit path too long")
    return node


# --- the keys of section 13

def key_of(name):
    return lambda vectors: public_key(vectors[name])


def check_commitment(vectors):
    v = vectors["commitment"]
    need(commit(octets(v["salt"], 32), v["path"], v["value"]) == octets(v["commitment"]),
         "commitment")


def check_entry(vectors):
    v = {name: octets(text) for name, text in vectors["entry"].items()}
    read_record(v["record"])
    need(len(v["salt"]) == 32, "salt")
    need(sha256(labelled("yinxin-entry-v1", v["salt"], v["record"])) == v["entry"], "entry")
    need(leaf(v["entry"]) == v["leaf_hash"], "leaf hash")


def check_founding(vectors):
    v = {name: octets(text) for name, text in vectors["founding"].items()}
    statement, _ = read_founding(v["statement"])
    need(sha256(labelled("yinxin-founding-v1", v["statement"])) == v["digest"], "digest")
    verify(public_key(vectors["root"]), "yinxin-founding-v1", v["statement"], v["signature"])
    need(statement["root"] == vectors["root"], "root key")
    for name in ("registry", "status"):
        need(statement["keys"][name] == vectors[name], f"{name} key")


def check_orders(vectors):
    need(sorted(v["kind"] for v in vectors["orders"]) == sorted(ORDER_BODIES), "one of each kind")
    for v in vectors["orders"]:
        raw = octets(v["order"])
        order, found = read_order(raw)
        need(order["kind"] == v["kind"], "kind")
        need(sha256(labelled("yinxin-order-v1", raw)) == octets(v["digest"]), "digest")
        verify(public_key(vectors["registry"]), "yinxin-order-v1", raw, octets(v["signature"]))
        open_commitments(found, v["disclosures"])


def check_approval(vectors):
    v = vectors["approval"]
    raw = octets(v["approval"])
    approval, _ = document(APPROVAL)(raw)
    need(sha256(raw) == octets(v["id"]), "id")
    need(approval["order"] == v["order"], "order")
    need(v["order"] in [order["digest"] for order in vectors["orders"]], "digest of no order")
    key = x509.load_der_x509_certificate(octets(approval["certificate"])).public_key()
    need(key == public_key(vectors["officer"]), "officer's key")
    verify(key, "yinxin-approval-v1", octets(v["order"], 32), octets(approval["signature"]))


def check_records(vectors):
    need(sorted(v["kind"] for v in vectors["records"]) == sorted(RECORD_BODIES),
         "one of each kind")
    for v in vectors["records"]:
        need(read_record(octets(v["record"]))[0]["kind"] == v["kind"], "kind")


def check_code(vectors):
    v = vectors["code"]
    raw = octets(v["bytes"], 16)
    number = int.from_bytes(raw, "big")
    shown = crockford(raw, 26) + (CROCKFORD + "*~$=U")[number % 37]
    groups = [shown[start:start + 5] for start in range(0, len(shown), 5)]
    need("-".join(groups) == v["text"], "code")
    need(crockford(octets(v["reference_bytes"], 10), 16) == v["reference"], "reference")


def check_letter_keys(vectors):
    v = vectors["letter_keys"]
    reference = v["reference"].encode("ascii")
    extracted = mac(octets(v["founding"], 32) + reference, octets(v["code"], 16))

    def expand(label):
        return mac(extracted, label.encode("ascii"), b"\1")  # 32 bytes are one block
    need(expand("yinxin-lookup-v1") == octets(v["lookup"]), "lookup")
    need(expand("yinxin-bind-page-v1") == octets(v["bind_page"]), "bind_page")
    need(expand("yinxin-bind-cli-v1") == octets(v["bind_cli"]), "bind_cli")
    loss = mac(expand("yinxin-loss-v1"), labelled("yinxin-loss-v1", reference))
    need(loss == octets(v["loss_value"]), "loss_value")


def check_bind(vectors):
    v = {name: octets(text) for name, text in vectors["bind"].items()}
    need(len(v["key"]) == 32 and len(v["challenge"]) == 16, "length")
    need(mac(v["key"], v["challenge"], sha256(v["request"])) == v["bind"], "bind")


def check_letter(vectors):
    raw = octets(vectors["letter"]["statement"])
    document(LETTER)(raw)
    verify(public_key(vectors["registry"]), "yinxin-letter-v1", raw,
           octets(vectors["letter"]["signature"]))


def check_receipt(vectors):
    raw = octets(vectors["receipt"]["receipt"])
    receipt, _ = document(RECEIPT)(raw)
    need(receipt["founding"] == vectors["founding"]["digest"], "founding")
    verify(public_key(vectors["status"]), "yinxin-receipt-v1", raw,
           octets(vectors["receipt"]["signature"]))


def check_use(vectors):
    v = {name: octets(text) for name, text in vectors["use"].items()}
    need(len(v["founding"]) == 32 and len(v["challenge"]) == 16, "length")
    verify(public_key(vectors["machine"]), "yinxin-use-v1",
           v["founding"] + v["challenge"] + sha256(v["request"]), v["signature"])


def check_bundle(vectors):
    files = vectors["bundle"]["files"]
    hashed = {path: base64url(sha256(content.encode())) for path, content in files.items()}
    need(sha256(canonical(hashed).encode()) == octets(vectors["bundle"]["digest"]), "digest")


def check_checkpoint(vectors):
    v = vectors["checkpoint"]
    name, key_id, encoded = v["vkey"].split("+", 2)
    typed = base64.b64decode(encoded, validate=True)
    need(len(typed) == 33 and typed[0] == 1, "type of the verifier key")
    need(sha256(name.encode(), b"\n", typed)[:4].hex() == key_id, "hash of the verifier key")
    text, blank, signatures = v["note"].rpartition("\n\n")
    signed, lines = (text + "\n").encode("utf-8"), signatures.split("\n")
    need(blank and len(lines) == 2 and lines[1] == "", "form of the note")
    need(lines[0].startswith(f"\u2014 {name} "), "signature line")
    signature = base64.b64decode(lines[0].rpartition(" ")[2], validate=True)
    need(signature[:4].hex() == key_id, "key of the signature")
    try:
        key = ed25519.Ed25519PublicKey.from_public_bytes(typed[1:])
        key.verify(signature[4:], signed)
    except InvalidSignature as error:
        raise Refused("signature of the note") from error
    root = base64.b64encode(octets(v["root_hash"], 32)).decode()
    need(text == f"{name}\n{v['size']}\n{root}", "origin, size, root hash")


def check_inclusion(vectors):
    v = vectors["inclusion"]
    entries = [octets(entry, 32) for entry in v["entries"]]
    path = [octets(node, 32) for node in v["hashes"]]
    root = octets(v["root_hash"], 32)
    proved = root_from_path(leaf(entries[v["index"]]), v["index"], len(entries), path)
    need(proved == root, "audit path")
    need(tree(entries) == root, "root hash")
    checkpoint = vectors["checkpoint"]
    need((checkpoint["size"], checkpoint["root_hash"]) == (len(entries), v["root_hash"]),
         "checkpoint of this tree")


def check_refused(vectors):
    """Each is refused for the reason that it names, before its (empty) body is looked at."""
    reasons = {
        "white space": "not RFC 8785", "keys out of order": "not RFC 8785",
        "a key twice": "key twice", "an unknown key": "unknown key at /",
        "a missing key": "missing key at /", "a fraction": "fraction",
        "a negative number": "integer out of range", "an integer of 2^53": "integer out of range",
        "not in normalization form C": "not NFC", "base64 with padding": "base64url",
        "something behind it": "not RFC 8785"}
    need({v["why"] for v in vectors["refused"]} == set(reasons), "kinds of refusal")
    for v in vectors["refused"]:
        must_refuse(lambda raw: document(ORDER)(raw), octets(v["bytes"]), reasons[v["why"]])
        must_refuse(read_order, octets(v["bytes"]), reasons[v["why"]])


def must_refuse(check, argument, reason):
    try:
        check(argument)
    except Refused as refusal:
        need(reason in str(refusal), f"refused for `{refusal}`, not for `{reason}`")
        return
    raise Refused(f"accepted, though `{reason}` was expected")


CHECKS = {  # key: (its check, the keys inside, or None for a plain value or a list of them)
    "commitment": (check_commitment, "salt path value commitment"),
    "entry": (check_entry, "salt record entry leaf_hash"),
    "registry": (key_of("registry"), None), "root": (key_of("root"), None),
    "officer": (key_of("officer"), None), "status": (key_of("status"), None),
    "machine": (key_of("machine"), None),
    "founding": (check_founding, "statement digest signature"),
    "orders": (check_orders, "kind order digest signature disclosures"),
    "approval": (check_approval, "approval order id"),
    "records": (check_records, "kind record"),
    "code": (check_code, "bytes text reference_bytes reference"),
    "letter_keys": (check_letter_keys,
                    "founding reference code lookup bind_page bind_cli loss_value"),
    "bind": (check_bind, "key challenge request bind"),
    "letter": (check_letter, "statement signature"),
    "receipt": (check_receipt, "receipt signature"),
    "use": (check_use, "founding challenge request signature"),
    "bundle": (check_bundle, "files digest"),
    "checkpoint": (check_checkpoint, "vkey note size root_hash"),
    "inclusion": (check_inclusion, "entries index hashes root_hash"),
    "refused": (check_refused, "why bytes"),
}
FLIPS = [  # where one byte is changed (its way down), and the refusal that must follow
    ("founding/signature", "signature under yinxin-founding-v1"),
    ("founding/digest", "digest"), ("orders/0/digest", "digest"),
    ("orders/2/signature", "signature under yinxin-order-v1"),
    ("orders/0/disclosures/1/salt", "commitment"), ("commitment/commitment", "commitment"),
    ("approval/id", "id"), ("letter/signature", "signature under yinxin-letter-v1"),
    ("receipt/signature", "signature under yinxin-receipt-v1"),
    ("use/challenge", "signature under yinxin-use-v1"), ("entry/salt", "entry"),
    ("letter_keys/code", "lookup"), ("bind/bind", "bind"), ("bind/request", "bind"),
    ("bundle/digest", "digest"), ("inclusion/hashes/1", "audit path"),
    ("inclusion/entries/6", "root hash"), ("checkpoint/note", "signature of the note"),
    ("code/bytes", "code"),
]


def flipped(vectors, way):
    """A copy with one byte changed: the last of the bytes; in the note, its size."""
    changed = copy.deepcopy(vectors)
    *above, last = [int(step) if step.isdigit() else step for step in way.split("/")]
    holder = changed
    for step in above:
        holder = holder[step]
    if way == "checkpoint/note":
        holder[last] = holder[last].replace("\n7\n", "\n6\n")
    else:
        raw = bytearray(octets(holder[last]))
        raw[-1] ^= 1
        holder[last] = base64url(bytes(raw))
    need(changed != vectors, "nothing flipped")
    return changed


def check_key(vectors, name):
    check, inside = CHECKS[name]
    members = vectors[name] if isinstance(vectors[name], list) else [vectors[name]]
    for member in members if inside else []:
        need(set(member) == set(inside.split()), "keys of the vector")
    check(vectors)


def main(path):
    with open(path, encoding="utf-8") as file:
        vectors = json.load(file)
    need(set(vectors) == set(CHECKS), f"other keys: {sorted(set(vectors) ^ set(CHECKS))}")
    todo = [(name, lambda name=name: check_key(vectors, name)) for name in CHECKS]
    for way, reason in FLIPS:
        todo.append((f"{way}, one byte flipped", lambda way=way, reason=reason: must_refuse(
            CHECKS[way.split("/")[0]][0], flipped(vectors, way), reason)))
    failed = 0
    for name, run in todo:
        try:
            run()
            print(f"ok      {name}")
        except Exception as error:  # whatever goes wrong in a vector is a failure of that vector
            failed += 1
            print(f"FAILED  {name}: {type(error).__name__}: {error}")
    if failed:
        return 1
    print(f"{len(todo)} checked")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
