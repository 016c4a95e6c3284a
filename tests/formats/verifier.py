"""A second verifier of evidence bundles, written from docs/formats.md alone. Tests only.

    verifier.py [--trust FILE] evidence.tar
    verifier.py --each

With --each it judges one bundle for each line that it reads, [BUNDLE, TRUST FILE or null], and
writes [code, what it says].
Exit codes as `yinxin-verify`: 0 verified (without --trust: consistent), 1 altered, 2 missing,
3 untrusted, 4 malformed. It replays what a request's evidence rests on: orders, approvals, who the
approvers are and how many the rules ask for. The rules of access themselves it does not evaluate.
"""
import base64
import io
import json
import sys
import tarfile
import tomllib
from datetime import datetime, timedelta

import reader
import tls12
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding
from reader import Refused, base64url, canonical, commit, labelled, leaf, octets, sha256

ALTERED, MISSING, UNTRUSTED, MALFORMED = 1, 2, 3, 4
# Signatures of EC keys by their hash; TLS 1.3 has one for the curve P-256.
SCHEMES = [(0x0403, hashes.SHA256()), (0x0503, hashes.SHA384()), (0x0603, hashes.SHA512())]
# Refusals that come before any rule.
# Kinds that came later, each with the one whose rule holds where a file has none.
LATER_KINDS = {"mode": "bundle", "emergency": "bundle", "emergency-review": "bundle"}
BEFORE_RULES = ["certificate-expired", "certificate-revoked", "certificate-suspended",
                "not-served", "person-changed", "status-stale", "clock-moved", "not-your-route",
                "application-suspended"]
CONTEXT = b" " * 64 + b"TLS 1.3, client CertificateVerify\0"


class Failed(Exception):
    def __init__(self, code, item, why):
        super().__init__(f"{item}: {why}")
        self.code = code


def need(condition, code, item, why="does not hold"):
    if not condition:
        raise Failed(code, item, why)


def signed_by(key, label, message, signature, item):
    try:
        reader.verify(key, label, message, signature)
    except Refused as error:
        raise Failed(ALTERED, item, str(error)) from error


def certificate(der, item):
    try:
        return x509.load_der_x509_certificate(der)
    except ValueError as error:
        raise Failed(ALTERED, item, "no certificate") from error


def spki(found):
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
    return found.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def issued_by(found, key, item):
    try:
        algorithm = ec.ECDSA(found.signature_hash_algorithm)
        reader.one_spelling(key, found.signature)
        key.verify(found.signature, found.tbs_certificate_bytes, algorithm)
    except (InvalidSignature, Refused) as error:
        raise Failed(ALTERED, item, "not signed by its authority") from error


def attribute(found, oid):
    values = found.subject.get_attributes_for_oid(oid)
    return values[0].value if values else None


def person_of(found):
    return attribute(found, x509.NameOID.SERIAL_NUMBER)


def exact(text):
    """The bytes of base64 in its one spelling."""
    found = base64.b64decode(text, validate=True)
    assert base64.b64encode(found).decode() == text
    return found


def head_of(note, vkey, item):
    """Size and root of a checkpoint that this key signed."""
    try:
        name, key_id, encoded = vkey.split("+", 2)
        typed = exact(encoded)
        text, _, lines = note.rpartition("\n\n")
        assert lines.endswith("\n")
        signatures = [line.split(" ", 2) for line in lines[:-1].split("\n")]
        assert all(len(one) == 3 and one[0] == "\u2014" for one in signatures)
        signatures = [(one[1], exact(one[2])) for one in signatures]
        signature = next(value for own, value in signatures if own == name)
        assert signature[:4].hex() == key_id
        key = ed25519.Ed25519PublicKey.from_public_bytes(typed[1:])
        key.verify(signature[4:], (text + "\n").encode())
        origin, size, root = text.split("\n")
        assert origin == name
        return int(size), exact(root)
    except (AssertionError, InvalidSignature, StopIteration, ValueError) as error:
        raise Failed(ALTERED, item, "not signed by the log") from error


def proven(one, head, item):
    """A record that stands under a head."""
    try:
        raw, salt = octets(one["record"]), octets(one["salt"], 32)
        entry = sha256(labelled("yinxin-entry-v1", salt, raw))
        path = [octets(node, 32) for node in one["hashes"]]
        root = reader.root_from_path(leaf(entry), one["index"], head[0], path)
        reader.need(root == head[1], "audit path")
        record = reader.parse(raw)
        reader.need_place(record)
        return record, entry
    except Refused as error:
        raise Failed(ALTERED, item, str(error)) from error


def opened(disclosures, path, commitment, item):
    found = [one for one in disclosures if one["path"] == path]
    need(found, MISSING, f"{item} {path}", "not disclosed")
    for one in found:
        if base64url(commit(octets(one["salt"], 32), path, one["value"])) == commitment:
            return one["value"]
    raise Failed(ALTERED, f"{item} {path}", "not what was committed to")


def disclosed(commitments, shown, item):
    """Each commitment, given with its path, is opened; each disclosure opens one."""
    left = set(commitments)
    need(len(shown) <= len(left), ALTERED, item, "more is disclosed than committed to")
    for one in shown:
        try:
            value = commit(octets(one["salt"], 32), one["path"], one["value"])
        except Refused:
            value = None
        where = f"{item} {one['path']}"
        need((one["path"], value) in left, ALTERED, where, "not what was committed to")
        left.remove((one["path"], value))
    for path, _ in sorted(left):
        there = any(one["path"] == path for one in shown)
        raise Failed(ALTERED if there else MISSING, f"{item} {path}", "not disclosed")


def commitments(order):
    """Where the commitments of an order's body stand."""
    body, kind = order["body"], order["kind"]
    if kind == "issue":
        found = {"/subject/cn": body["subject"]["cn"], "/evidence": body["evidence"]}
        for place, name in enumerate(body["names"]):
            found[f"/names/{place}/value"] = name["value"]
        return found
    if kind == "person":
        keys = ["name", "evidence"] + ["mail"] * ("mail" in body)
        return {f"/{key}": body[key] for key in keys}
    return {"/evidence": body["evidence"]} if kind in ("revoke", "release") else {}


class Bundle:
    def __init__(self, raw):
        self.files = {}
        try:
            with tarfile.open(fileobj=io.BytesIO(raw)) as tar:
                for member in tar:
                    if member.isdir() and member.name in (".", ""):
                        continue
                    name = member.name.removeprefix("./")
                    plain = member.isfile() and "/" not in name and name not in self.files
                    need(plain, MALFORMED, member.name)
                    self.files[name] = tar.extractfile(member).read()
        except tarfile.TarError as error:
            raise Failed(MALFORMED, "evidence.tar", str(error)) from error
        need("manifest.json" in self.files, MISSING, "manifest.json")
        try:
            self.manifest = reader.parse(self.files["manifest.json"])
            self.question = dict(self.manifest["question"])
        except (Refused, KeyError, TypeError, ValueError) as error:
            raise Failed(MALFORMED, "manifest.json", str(error)) from error
        need(set(self.manifest) == {"v", "question"}, MALFORMED, "manifest.json")
        self.control = self.part("control.json")
        openings = self.part("openings.json")
        self.openings = {o["index"]: o["disclosures"] for o in openings}
        need(len(self.openings) == len(openings), ALTERED, "openings.json", "disclosed twice")
        self.request = self.question.get("request")
        self.access = self.part("access.json") if self.request else {"records": []}
        self.run = self.part("run.json") if self.request else []

    def part(self, name):
        need(name in self.files, MISSING, name, "the file is not there")
        try:
            return reader.parse(self.files[name])
        except Refused as error:
            raise Failed(MALFORMED, name, str(error)) from error


def is_within_bounds(founding):
    """Whether a statement holds no more than it may."""
    most = {"people": 4096, "services": 64, "authorizations": 512, "profiles": 256}
    depths = {}
    for unit in founding["units"]:
        above = depths.get(unit["parent"]) if "parent" in unit else 0
        if above is None or above >= 32:
            return False
        depths[unit["unit"]] = above + 1
    files = {profile["digest"] for profile in founding["profiles"]}
    return (all(len(founding[key]) <= count for key, count in most.items())
            and all(len(service["keys"]) <= 16 for service in founding["services"])
            and len(files) == len(founding["profiles"]))


class Origin:
    def __init__(self, bundle, trust):
        records = bundle.control["records"]
        need(records and records[0]["index"] == 0, MISSING, "control 0")
        try:
            first = reader.parse(octets(records[0]["record"]))
            need(first["kind"] == "founding", ALTERED, "control 0")
            raw = octets(first["body"]["statement"])
            self.founding, _ = reader.read_founding(raw)
            need(is_within_bounds(self.founding), ALTERED, "control 0", "it states too much")
            root_key = reader.public_key(self.founding["root"])
            signature = octets(first["body"]["signature"])
        except (Refused, KeyError) as error:
            raise Failed(ALTERED, "control 0", str(error)) from error
        signed_by(root_key, "yinxin-founding-v1", raw, signature, "founding statement")
        need("root.cer" in bundle.files, MISSING, "root.cer", "the file is not there")
        root = certificate(bundle.files["root.cer"], "root.cer")
        need(spki(root) == octets(self.founding["root"]), ALTERED, "root.cer")
        issued_by(root, root_key, "root.cer")
        self.root, self.top = root_key, root.subject
        self.digest = sha256(labelled("yinxin-founding-v1", raw))
        vkeys = {log["log"]: log["vkey"] for log in self.founding["logs"]}
        if trust:
            same = base64url(sha256(bundle.files["root.cer"])) == trust["root_sha256"]
            need(same, UNTRUSTED, "root.cer", "another root")
            need(base64url(self.digest) == trust["founding"], UNTRUSTED, "founding statement")
            vkeys.update({log["log"]: log["vkey"] for log in trust["logs"]})
        self.vkeys = vkeys
        self.files = {file["name"]: file["content"] for file in first["body"]["files"]}
        self.issuing = reader.public_key(self.founding["keys"]["issuing"])
        self.registry = reader.public_key(self.founding["keys"]["registry"])
        self.status = reader.public_key(self.founding["keys"]["status"])


def about(order):
    """Whom an order concerns."""
    return {order["body"].get(key) for key in ("person", "by", "absent")} - {None}


class Control:
    """What the records of `control` say, each resting on those before it."""

    def __init__(self, bundle, origin):
        self.origin = origin
        self.orders, self.approvals, self.certificates, self.seen = {}, {}, {}, {}
        self.letters, self.voided = {}, set()
        self.suspends, self.suspended, self.suspensions = {}, {}, set()
        self.serials, self.passkeys = {}, {}
        self.under, self.held, self.renewed = {}, {}, {}
        self.agents, self.joined, self.snapshots, self.lists = {}, {}, {}, {}
        self.rules = tomllib.loads(origin.files["approvals.toml"])["kind"]
        self.bundle = next(r for r in origin.founding["rules"] if r["name"] == "bundle")
        self.staff = {base64url(sha256(octets(p["key"]))): p["person"]
                      for p in origin.founding["people"]}
        self.roles = {(p["person"], h["role"]) for p in origin.founding["people"]
                      for h in p["roles"]}
        self.units = {unit["unit"] for unit in origin.founding["units"]}
        self.people = {p["person"] for p in origin.founding["people"]}
        self.lent, self.time, self.exceptions = {}, "", {}
        head = head_of(bundle.control["checkpoint"], origin.vkeys["control"], "control checkpoint")
        last = -1
        for one in bundle.control["records"]:
            item = f"control {one['index']}"
            need(one["index"] > last, ALTERED, item)
            last = one["index"]
            record, _ = proven(one, head, item)
            body, kind = record["body"], record["kind"]
            shown = bundle.openings.get(one["index"], [])
            if kind not in ("order", "issued"):
                disclosed([], shown, item)
            take = getattr(self, f"take_{kind}", None)
            if take:
                self.time = record["time"]
                take(body, shown, item)
        there = {one["index"] for one in bundle.control["records"]}
        for index in sorted(set(bundle.openings) - there):
            raise Failed(MISSING, f"control {index}", "what is disclosed of is not there")

    def take_letter(self, body, _shown, item):
        raw = octets(body["statement"])
        signed_by(self.origin.registry, "yinxin-letter-v1", raw, octets(body["signature"]), item)
        letter = reader.parse(raw)
        if "draft" in letter:
            wanted = {"person": letter["person"], "profile": letter["profile"]}
            found = certificate(octets(letter["draft"]["certificate"]), item)
            self.drafted(letter, ("letter", wanted, f"person:{person_of(found)}"), item)
        self.letters[letter["reference"]] = letter["person"]
        self.suspends[letter["reference"]] = letter["suspend_sha256"]

    def take_voided(self, body, _shown, item):
        raw = octets(body["statement"])
        signed_by(self.origin.registry, "yinxin-void-v1", raw, octets(body["signature"]), item)
        reference = reader.parse(raw)["reference"]
        need(reference in self.letters, MISSING, item, "the letter is not there")
        self.voided.add(reference)

    def take_order(self, body, shown, item):
        raw = octets(body["order"])
        signed_by(self.origin.registry, "yinxin-order-v1", raw, octets(body["signature"]), item)
        order = reader.parse(raw)
        maker = f"{self.origin.founding['issuer']}-{self.origin.digest[:16].hex()}"
        need(order.get("issuer") == maker, ALTERED, item, "it is another city's")
        try:
            held = reader.check_basis(order, {})
        except (Refused, KeyError, TypeError) as error:
            raise Failed(ALTERED, item, f"basis: {error}") from error
        of_body = {(path, octets(value)) for path, value in commitments(order).items()}
        disclosed(of_body | set(held), shown, item)
        if "wish" in order["body"]:
            self.wished(order, item)
        if "renewal" in order["body"]:
            self.renewing(order, item)
        self.drafted(order, (order["kind"], order["body"], order["drafter"]), item)
        self.orders[base64url(sha256(labelled("yinxin-order-v1", raw)))] = order

    def wished(self, order, item):
        """The officer who drafted a revocation signed the wish in it."""
        wish = order["body"]["wish"]
        try:
            reader.read_wish(order)
        except (Refused, KeyError, ValueError) as error:
            raise Failed(ALTERED, item, f"wish: {error}") from error
        self.signed_by_staff(wish, ("yinxin-wish-v1", octets(wish["statement"])), item)

    def renewing(self, order, item):
        """The key of a certificate of the same person signed for the new key."""
        body, renewal = order["body"], order["body"]["renewal"]
        try:
            reader.read_renewal(order)
            key = x509.load_der_x509_csr(octets(renewal["request"]))
        except (Refused, KeyError, ValueError) as error:
            raise Failed(ALTERED, item, f"renewal: {error}") from error
        old = self.certificates.get(renewal["serial"])
        need(old, MISSING, item, "the certificate that it renews is not there")
        own = (base64url(sha256(old.public_bytes(Encoding.DER))), spki(old), person_of(old))
        claimed = (renewal["certificate"], octets(renewal["asked_by"]), body["person"])
        need(own == claimed, ALTERED, item, "it renews another certificate")
        asked = key.is_signature_valid and spki(key) == octets(body["key"])
        need(asked and not list(key.subject), ALTERED, item, "for another key")
        late = moment(renewal["time"]) > old.not_valid_after_utc
        need(late == ("expired" in renewal["review"]), ALTERED, item, "the end of the old one")
        held = self.held[renewal["serial"]]
        for word, now in self.says(body).items():
            changed = held[word] != now
            need(not changed or word in renewal["review"], ALTERED, item, f"another {word}")
        need(renewal["serial"] not in self.renewed, ALTERED, item, "it was renewed before")

    @staticmethod
    def says(body):
        """What a certificate says, as far as it can become another."""
        return {"person": body["person_version"], "profile": body["profile"]["version"],
                "unit": body["subject"]["ou"]}

    def drafted(self, holder, asked, item):
        """Whoever drafted it signed the draft in it, if there is one."""
        try:
            person = reader.read_draft(holder, *asked)
        except (Refused, KeyError, ValueError) as error:
            raise Failed(ALTERED, item, f"draft: {error}") from error
        if person:
            draft = holder["draft"]
            statement = ("yinxin-draft-v1", octets(draft["statement"]))
            self.signed_by_staff(draft, statement, item)
            kind, body, _ = asked
            may = ["unit-handler"]
            if kind in ("release", "delegate", "revoke"):
                may += self.rules["revoke"]["roles"]
            own = kind in ("release", "delegate") and person in about({"body": body})
            need(not own, ALTERED, item, "a draft about its drafter")
            held = any((person, role) in self.roles for role in may)
            need(held, MISSING, item, "the drafter's role")

    def signed_by_staff(self, said, labelled_bytes, item):
        """Who signed, by the key of a certificate that was issued to them or by a passkey."""
        found = certificate(octets(said["certificate"]), item)
        if said["method"] == "passkey":
            self.asserted(said, found, labelled_bytes, item)
        else:
            signed_by(found.public_key(), *labelled_bytes, octets(said["signature"]), item)
        issued_by(found, self.origin.issuing, item)
        person = self.staff.get(base64url(sha256(spki(found))))
        need(person and person == person_of(found), MISSING, item, "who signed is not there")
        serial = f"{found.serial_number:036x}"
        need(serial in self.certificates, MISSING, item, "the signer's certificate")
        need(serial not in self.suspended, ALTERED, item, "the signer's certificate was suspended")
        return person

    def take_suspended(self, body, shown, item):
        """What is suspended signs nothing until an order that names this suspension."""
        try:
            said = reader.read_suspension(body["cause"])
        except (Refused, KeyError, ValueError) as error:
            raise Failed(ALTERED, item, f"suspension: {error}") from error
        (how, inside), = body["cause"].items()
        if how == "signed":
            signed = inside["suspension"]
            raw, serials = octets(signed["statement"]), [said["serial"]]
            found = certificate(octets(signed["certificate"]), item)
            need(base64url(sha256(found.public_bytes(Encoding.DER))) == said["certificate"],
                 ALTERED, item, "another certificate")
            issued_by(found, self.origin.issuing, item)
            if signed["method"] == "passkey":
                self.asserted(signed, found, ("yinxin-suspension-v1", raw), item)
            else:
                signed_by(found.public_key(), "yinxin-suspension-v1", raw,
                          octets(signed["signature"]), item)
        else:
            raw, serials = octets(inside["notice"]), [one["serial"] for one in body["certificates"]]
        key = self.origin.registry if how == "portal" else self.origin.status
        notice = octets(inside["notice"])
        signed_by(key, "yinxin-suspended-v1", notice, octets(inside["signature"]), item)
        need(said["founding"] == base64url(self.origin.digest), ALTERED, item, "another city")
        if how == "letter":
            reference = said["told"].removeprefix("letter:")
            need(reference in self.suspends, MISSING, item, "the letter is not there")
            value = base64url(sha256(octets(inside["value"])))
            need(self.suspends[reference] == value, ALTERED, item, "the letter's code")
        name = base64url(sha256(raw))
        if name in self.suspensions:
            return
        self.suspensions.add(name)
        by = (how, json.loads(notice)["person"])
        for serial in serials:
            standing = self.suspended.setdefault(serial, {})
            at = json.loads(notice)["time"]
            if by not in standing or at > standing[by][0]:
                standing[by] = (at, name)

    def take_approval(self, body, _shown, item):
        approval = body["approval"]
        need(approval["order"] in self.orders, MISSING, item, "its order is not there")
        seen = octets(approval.get("opened", ""))
        labelled_bytes = ("yinxin-approval-v1", reader.spoken(approval))
        person = self.signed_by_staff(approval, labelled_bytes, item)
        need(body["person"] == person, MISSING, item, "somebody else gave it")
        of = self.orders[approval["order"]]
        rule = self.rule(of["body"]["of"] if of["kind"] == "batch" else of["kind"])
        absent = approval.get("acting_for")
        need(body.get("acting_for") == absent, MISSING, item, "it was given for another")
        told = any(self.holds(person, absent, role) for role in rule["roles"])
        need(told, MISSING, item, "they do not decide as whom it names")
        name = base64url(sha256(canonical(approval).encode()))
        self.approvals[name] = (approval["order"], person, absent)
        self.seen[name] = [base64url(seen[at:at + 32]) for at in range(0, len(seen), 32)]

    def covers(self, name, digest):
        """Whether an approval is of this order, or of a batch with it whose sample was opened."""
        of = self.approvals[name][0]
        body = self.orders[of]["body"]
        if of == digest or self.orders[of]["kind"] != "batch":
            return of == digest
        rows, person = body["rows"], self.approvals[name][1]
        wanted = reader.to_open(body, octets(of), person)
        return digest in rows and [rows[place] for place in wanted] == self.seen[name]

    def asserted(self, approval, found, labelled_bytes, item):
        """What a certified passkey of the certificate's holder said."""
        said = approval["assertion"]
        holder, passkey = self.passkeys.get(said["credential"], (None, None))
        need(holder == person_of(found), MISSING, item, "the passkey's order is not there")
        own = passkey["certificate"] == base64url(sha256(found.public_bytes(Encoding.DER)))
        need(own, ALTERED, item, "the passkey belongs to another certificate")
        client, data = octets(said["client_data"]), octets(said["authenticator_data"])
        page = json.loads(client)
        challenge = base64url(sha256(labelled(*labelled_bytes)))
        told = (page["type"], page["origin"], page["challenge"], page.get("crossOrigin", False))
        wanted = ("webauthn.get", passkey["origin"], challenge, False)
        need(told == wanted and "topOrigin" not in page, ALTERED, item, "for something else")
        there = data[:32] == sha256(passkey["rp_id"].encode()) and data[32] & 5 == 5
        need(there and len(data) == 37, ALTERED, item, "nobody was there")
        cose = octets(passkey["key"])
        point = b"\x04" + cose[10:42] + cose[45:77]
        key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
        try:
            reader.one_spelling(key, octets(approval["signature"]))
            key.verify(octets(approval["signature"]), data + sha256(client),
                       ec.ECDSA(hashes.SHA256()))
        except (InvalidSignature, Refused) as error:
            raise Failed(ALTERED, item, "the passkey did not sign it") from error

    def carried(self, digest, named, item):
        """The order, if the approvals that are named carry it."""
        need(digest in self.orders, MISSING, item, "its order is not there")
        order, people, voices = self.orders[digest], set(), set()
        rule = self.rule(order["kind"])
        if order["body"].get("renewal", {}).get("review") == []:
            return order  # the old key's signature carries it
        for name in named:
            need(name in self.approvals, MISSING, item, "an approval is not there")
            _, person, absent = self.approvals[name]
            may = any(self.holds(person, absent, role) for role in rule["roles"])
            covered = self.covers(name, digest)
            need(covered and may, MISSING, item, "an approver's role is not there")
            both = {person, absent or person}
            drafted = "draft" in order and order["drafter"] in {f"person:{one}" for one in both}
            need(not drafted, ALTERED, item, "who drafted it approved it")
            need(absent not in about(order), ALTERED, item, "it is about the absent")
            people.add(person)
            voices.add(absent or person)
        wanted = max(rule["count"], 2 if order["kind"] == "emergency" else 0)
        enough = min(len(people), len(voices)) >= wanted
        need(enough, MISSING, item, "too few approvals")
        return order

    def rule(self, kind):
        """The rule of a kind; of one that came later that of another, where the file has none."""
        return self.rules.get(kind) or self.rules[LATER_KINDS[kind]]

    def holds(self, person, absent, role):
        """Whether a role counts for a person: their own, or one that is lent to them today."""
        if absent is None:
            return (person, role) in self.roles
        lent = (body for body in self.lent.values() if body["person"] == person
                and (body["absent"], body["role"]) == (absent, role))
        now = self.time[:19] + "Z"
        return (absent, role) in self.roles and any(
            one["from"] <= now <= one["until"] for one in lent)

    def take_enacted(self, body, _shown, item):
        order = self.carried(body["order"], body["approvals"], item)
        what, kind = order["body"], order["kind"]
        if kind == "role":
            held = (what["person"], what["role"])
            (self.roles.add if what["action"] == "grant" else self.roles.discard)(held)
        elif kind == "delegate":
            lent = tuple(what[key] for key in ("person", "absent", "role", "scope", "from", "until"))
            if what["action"] == "grant":
                self.lent[lent] = what
            else:
                self.lent.pop(lent, None)
        elif kind in ("mode", "emergency"):
            self.exceptions[body["order"]] = what
        elif kind == "agent":
            self.agents[what["agent"]] = (body["order"], what)
        elif kind == "credential":
            raw, der = octets(what["statement"]), octets(what["certificate"])
            own = certificate(der, item)
            signed_by(own.public_key(), "yinxin-passkey-v1", raw, octets(what["signature"]), item)
            need(person_of(own) == what["person"], ALTERED, item, "somebody else's passkey")
            passkey = reader.parse(raw)
            self.passkeys[passkey["credential"]] = (what["person"], passkey)
        elif kind == "person":
            self.people.add(what["person"])
        elif kind == "release":
            standing = self.suspended.get(what["serial"], {})
            there = what["suspension"] in [name for _, name in standing.values()]
            need(there, MISSING, item, "the suspension is not there")
            approvers = {self.approvals[name][1] for name in body["approvals"]}
            others = not approvers & {what["person"], what["by"]}
            need(others, ALTERED, item, "who suspended, or the holder, approved it")
            left = {by: one for by, one in standing.items() if one[1] != what["suspension"]}
            self.suspended[what["serial"]] = left
            if not left:
                del self.suspended[what["serial"]]
        elif kind == "bundle":
            files = {f["name"]: base64url(sha256(f["content"].encode())) for f in body["files"]}
            digest = base64url(sha256(canonical(files).encode()))
            once = len(files) == len(body["files"])
            need(once and digest == what["digest"], ALTERED, item)
            self.bundle = what

    def take_intent(self, body, _shown, item):
        order = self.carried(body["order"], body["approvals"], item)["body"]
        renewal = order.get("renewal")
        if renewal:
            need(renewal["serial"] not in self.renewed, ALTERED, item, "it was renewed before")
            self.renewed[renewal["serial"]] = body["order"]
        reference = order["reference"] if not renewal else self.under[renewal["serial"]]
        letter = self.letters.get(reference)
        need(letter == order["person"], MISSING, item, "the letter is not there")
        need(reference not in self.voided, ALTERED, item, "the letter was voided before")
        self.under[body["serial"]], self.held[body["serial"]] = reference, self.says(order)
        need(order["person"] in self.people, MISSING, item, "the person's order is not there")
        self.serials[body["serial"]] = body["order"]
        if order["profile"]["id"] == "staff":
            self.staff[base64url(sha256(octets(order["key"])))] = order["person"]

    def take_joined(self, body, _shown, item):
        digest, what = self.agents.get(body["agent"], (None, None))
        need(digest == body["order"], MISSING, item, "the agent's order is not there")
        token, request = octets(body["token"]), octets(body["request"])
        need(base64url(sha256(token)) == what["token_sha256"], ALTERED, item)
        value = reader.mac(token, labelled("yinxin-use-v1", octets(digest),
                                           octets(body["challenge"]), sha256(request)))
        need(base64url(value) == body["value"], ALTERED, item)
        key = x509.load_der_x509_csr(request)
        self.serials[body["serial"]] = base64url(sha256(request))
        self.joined[body["agent"]] = [spki(key)]

    def take_used(self, body, _shown, item):
        """The key of a service or an agent signed for its next one."""
        agent = body["authorization"].removeprefix("agent/")
        digest, _ = self.agents.get(agent, (None, None))
        under = octets(digest) if digest else self.origin.digest
        request, asked_by = octets(body["request"]), octets(body["asked_by"])
        message = under + octets(body["challenge"], 16) + sha256(request)
        signed_by(reader.public_key(body["asked_by"]), "yinxin-use-v1", message,
                  octets(body["signature"]), item)
        self.serials[body["serial"]] = base64url(sha256(request))
        if body["authorization"].startswith("agent/"):
            need(asked_by in self.joined.get(agent, []), MISSING, item, "no key of this agent")
            self.joined[agent].append(spki(x509.load_der_x509_csr(request)))

    def take_declined(self, body, _shown, item):
        decline = body["decline"]
        statement = ("yinxin-decline-v1", octets(decline["statement"]))
        self.signed_by_staff(decline, statement, item)

    def take_issued(self, body, shown, item):
        founding = body["under"] == base64url(self.origin.digest)
        known = founding or self.serials.get(body["serial"]) == body["under"]
        need(known, MISSING, item, "its intent is not there")
        if self.orders.get(body["under"], {}).get("kind") == "issue":
            asked = self.orders[body["under"]]["body"]
            told = (body["subject"], body["profile"])
            named = (asked["person"], asked["profile"]["id"])
            need(told == named, MISSING, item, "another certificate was ordered")
        disclosed([("/certificate", octets(body["certificate"]))], shown, item)
        der = octets(opened(shown, "/certificate", body["certificate"], item))
        need(base64url(sha256(der)) == body["sha256"], ALTERED, item)
        found = certificate(der, item)
        authority = self.origin.root if founding and found.issuer == self.origin.top else None
        issued_by(found, authority or self.origin.issuing, item)
        need(base64url(sha256(spki(found))) == body["key_sha256"], ALTERED, item, "another key")
        holder = person_of(found) or attribute(found, x509.NameOID.COMMON_NAME)
        named = "/" in body["subject"] or body["subject"] in self.people
        need(not named or holder == body["subject"], ALTERED, item, "another holder")
        self.certificates[body["serial"]] = found
        if founding and body["subject"] in self.people:
            profiles = {one["id"]: one["version"] for one in self.origin.founding["profiles"]}
            units = [u.value for u in
                     found.subject.get_attributes_for_oid(x509.NameOID.ORGANIZATIONAL_UNIT_NAME)]
            self.held[body["serial"]] = {"person": 1, "profile": profiles[body["profile"]],
                                         "unit": units}
            # A letter of the founding only reports a loss: the statement itself names its holder.
            own = (reference for reference, person in self.letters.items()
                   if person == body["subject"])
            self.under[body["serial"]] = next(own, None)

    def take_revoked(self, body, _shown, item):
        """Since when it counts is signed. What was given up after a crash renewed nothing."""
        cause, raw, signature = body["cause"], octets(body["statement"]), octets(body["signature"])
        said = reader.parse(raw)
        if "loss" in cause:
            signed_by(self.origin.status, "yinxin-receipt-v1", raw, signature, item)
            own = said["reference"] == cause["loss"]["reference"]
        else:
            signed_by(self.origin.registry, "yinxin-revocation-v1", raw, signature, item)
            own = octets(said["cause"]) == sha256(reader.canonical(cause).encode())
        need(own and said["founding"] == base64url(self.origin.digest), ALTERED, item,
             "since when is said of another")
        if "lapsed" in cause:
            lapse = octets(cause["lapsed"]["statement"])
            signed_by(self.origin.registry, "yinxin-lapse-v1", lapse,
                      octets(cause["lapsed"]["signature"]), item)
        order = body["cause"].get("abandoned", {}).get("order")
        self.renewed = {old: by for old, by in self.renewed.items() if by != order}

    def take_people(self, body, _shown, _item):
        self.snapshots[body["agent"], body["number"]] = body["sha256"]

    def take_crl(self, body, _shown, _item):
        self.lists[body["issuer"], body["number"]] = body["sha256"]


def moment(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def name_of(record):
    link = record["link"]
    return f"{record['maker'].removesuffix('/agent')}/{link['epoch']}/{link['aseq']}"


def agent_of(record):
    return record["maker"].removesuffix("/agent")


def committed(record):
    """What a record of `access` commits to, with its path."""
    body, of_kind = record["body"], {"connection": ["certificate", "source", "handshake"],
                                     "decision": ["target"]}
    keys = of_kind.get(record["kind"], [])
    return [(f"/{key}", octets(body[key])) for key in keys if key in body]


def check_request(bundle, origin, control):
    head = head_of(bundle.access["checkpoint"], origin.vkeys["access"], "access checkpoint")
    runs = signed_entries(bundle, control)
    connections, decided, end, last = [], None, None, -1
    for shown in bundle.access["records"]:
        item = f"access {shown['proven']['index']}"
        record, entry = proven(shown["proven"], head, item)
        need(shown["proven"]["index"] > last, ALTERED, item, "twice, or in another order")
        last = shown["proven"]["index"]
        link, agent = record["link"], agent_of(record)
        stands = runs.get((agent, link["epoch"], link["aseq"]), set())
        if (octets(link["prev"], 32), entry) not in stands:
            continue  # no agent signed it: it is left out
        told = {one["path"] for one in shown["disclosures"]}
        # Whoever lays a record again shows nothing; what a request rests on is asked for below.
        given = [pair for pair in committed(record) if pair[0] in told]
        disclosed(given, shown["disclosures"], item)
        if record["kind"] == "connection":
            connections.append((record, shown["disclosures"], item))
        elif record["kind"] == "decision" and name_of(record) == bundle.request:
            need(not decided, ALTERED, item, "decided twice")
            decided = record, shown["disclosures"], item
        else:
            own = record["kind"] == "completion" and record["body"]["request"] == bundle.request
            need(own and not end, ALTERED, item, "the end of another request, or a second one")
            end = record
    need(decided, MISSING, bundle.request, "the decision is not there")
    record, disclosures, item = decided
    decision = record["body"]
    opened(disclosures, "/target", decision["target"], item)
    found, host = check_connection(control, record, connections)
    if end:
        same_run = end["link"]["epoch"] == record["link"]["epoch"]
        behind = end["link"]["aseq"] > record["link"]["aseq"] if same_run \
            else end["body"]["outcome"] == "unknown"
        own = agent_of(end) == agent_of(record) and decision["outcome"] == "permitted"
        need(own and behind, ALTERED, "completion", "not the end of this request")
    check_world(bundle, origin, control, record, found, host)


def check_connection(control, record, connections):
    decision, link = record["body"], record["link"]
    opening = [c for c in connections if name_of(c[0]) == decision["connection"]]
    need(opening, MISSING, decision["connection"], "the connection is not there")
    need(len(connections) == 1, ALTERED, "connection", "one handshake under two connections")
    connected, disclosures, item = opening[0]
    seen, at = connected["body"], connected["link"]
    same = agent_of(connected) == agent_of(record) and at["epoch"] == link["epoch"]
    need(same and at["aseq"] < link["aseq"], ALTERED, item, "of another run, or later")
    opened(disclosures, "/source", seen["source"], item)
    der = octets(opened(disclosures, "/certificate", seen["certificate"], item))
    found = certificate(der, item)
    issued = control.certificates.get(seen["serial"])
    need(issued, MISSING, f"certificate {seen['serial']}")
    need(issued == found and base64url(sha256(der)) == seen["sha256"], ALTERED, item)
    need(person_of(found) == seen["person"] == decision["person"], ALTERED, item)
    need(seen["serial"] == decision["serial"], ALTERED, item)
    message = opened_by(seen, der, disclosures, item)
    try:
        of_version = SCHEMES[:1] if seen["tls"] == "1.3" else SCHEMES
        hashed = dict(of_version).get(seen["scheme"])
        need(hashed, ALTERED, item, "a scheme that this reader does not know")
        found.public_key().verify(octets(seen["signature"]), message, ec.ECDSA(hashed))
    except InvalidSignature as error:
        raise Failed(ALTERED, item, "the key did not open this connection") from error
    return found, seen["host"]


def opened_by(seen, der, disclosures, item):
    """What the client signed to open the connection."""
    message = octets(seen["message"])
    if seen["tls"] == "1.3":
        form = message.startswith(CONTEXT) and len(message) - len(CONTEXT) in (32, 48)
        need(form and "handshake" not in seen, ALTERED, item)
        return message
    need("handshake" in seen, ALTERED, item)
    messages = octets(opened(disclosures, "/handshake", seen["handshake"], item))
    need(sha256(messages) == message, ALTERED, item, "the messages are not those that are named")
    try:
        fits = tls12.fits(messages, der, seen["host"])
    except IndexError:
        fits = False
    need(fits, ALTERED, item, "no handshake of TLS 1.2 with this certificate and host")
    return messages


def signed_entries(bundle, control):
    """What agents signed: by agent, epoch and number the chain value before, and the entry."""
    need(len(bundle.run) <= 16, MALFORMED, "run", "more pieces than a request has")
    stands = {}
    for piece in bundle.run:
        found = certificate(octets(piece["certificate"]), "run")
        raw, signature = octets(piece["head"]["head"]), octets(piece["head"]["signature"])
        signed_by(found.public_key(), "yinxin-spool-v1", raw, signature, "run")
        head = reader.parse(raw)
        joined = spki(found) in control.joined.get(head["agent"], [])
        need(joined, MISSING, "run", "the agent did not join so")
        serial = f"{found.serial_number:036x}"
        need(serial in control.certificates, MISSING, "run", "the agent's certificate")
        need(control.certificates[serial] == found, ALTERED, "run", "another certificate")
        value, number = octets(piece["before"], 32), head["count"] - len(piece["entries"])
        need(piece["entries"] and number >= 0, ALTERED, "run", "more entries than the run has")
        for number, entry in enumerate((octets(e, 32) for e in piece["entries"]), number):
            place = (head["agent"], head["epoch"], number)
            stands.setdefault(place, set()).add((value, entry))
            value = sha256(labelled("yinxin-spool-v1", value, entry))
        need(base64url(value) == head["chain"], ALTERED, "run", "another chain")
    return stands


def check_world(bundle, origin, control, record, found, host):
    decision, world = record["body"], record["body"]["world"]
    agent = record["maker"].removesuffix("/agent")
    people = bundle.part("people.json")
    raw = octets(people["snapshot"])
    signed_by(origin.registry, "yinxin-people-v1", raw, octets(people["signature"]), "people")
    snapshot = reader.parse(raw)
    recorded = control.snapshots.get((agent, snapshot["number"]))
    need(recorded == base64url(sha256(raw)), MISSING, "people", "its record is not there")
    need(snapshot["number"] == world["people"], ALTERED, "people")
    need(snapshot["agent"] == agent, ALTERED, "people")
    named = (snapshot["bundle"], snapshot["policy"])
    need(named == (world["bundle"], world["policy"]), ALTERED, "people", "it names other rules")
    try:
        need("list.crl" in bundle.files, MISSING, "list.crl", "the file is not there")
        listed = x509.load_der_x509_crl(bundle.files["list.crl"])
        reader.one_spelling(origin.issuing, listed.signature)
        valid = listed.is_signature_valid(origin.issuing)
        number = listed.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number
    except (ValueError, Refused, x509.ExtensionNotFound) as error:
        raise Failed(ALTERED, "list.crl", str(error)) from error
    need(valid, ALTERED, "list.crl")
    recorded = control.lists.get(("issuing-1", number))
    digest = base64url(sha256(bundle.files["list.crl"]))
    need(recorded == digest, MISSING, "list.crl", "its record is not there")
    need(number == world["crl"], ALTERED, "list.crl")
    revoked = listed.get_revoked_certificate_by_serial_number(found.serial_number)
    permitted = decision["outcome"] == "permitted"
    asked = decision["outcome"] not in BEFORE_RULES
    need(not (permitted and revoked), ALTERED, "decision", "the certificate was revoked")
    need(host in snapshot["hosts"], ALTERED, "connection", "to another host")
    now = moment(record["time"])
    for this, end in [(moment(snapshot["this_update"]), moment(snapshot["next_update"])),
                      (listed.last_update_utc, listed.next_update_utc),
                      (found.not_valid_before_utc, found.not_valid_after_utc)]:
        in_time = this <= now + timedelta(minutes=5) and now <= end + timedelta(seconds=1)
        need(not asked or in_time, ALTERED, "decision", "not good then")
    check_exception(control, decision, snapshot, record["time"][:19] + "Z")
    known = {one["person"]: one["unit"] for one in snapshot["people"]}
    need(not permitted or known.get(decision["person"]) == decision["unit"], ALTERED, "decision")
    rules = control.bundle
    same = (rules["version"], rules["digest"]) == (world["bundle"], world["policy"])
    need(same, MISSING, "rules", "the bundle is not there")


def check_exception(control, decision, snapshot, now):
    """What the rules deny passed by an order in force, or nothing says that it did (14)."""
    mode, passed = snapshot.get("mode"), decision.get("exception")
    suspended = mode is not None and mode["mode"] == "suspended"
    need(suspended or decision["outcome"] != "application-suspended", ALTERED, "decision")
    if passed is None:
        return
    denial = passed["denied"] == "not-permitted" \
        or (passed["denied"] == "route-unknown" and decision["method"] != "CONNECT")
    need(decision["outcome"] == "permitted" and denial, ALTERED, "decision", "no denial of rules")
    body = control.exceptions.get(passed["order"])
    need(body, MISSING, "decision", "the order by which it passed is not there")
    if passed["by"] == "emergency":
        told = passed["order"] in [one["order"] for one in snapshot.get("emergencies", [])]
        held = told and body["application"] == decision["application"] \
            and decision["person"] in body.get("people", []) \
            and body["from"] <= now <= body["until"] and passed["denied"] == "not-permitted"
        need(held, ALTERED, "decision", "no such emergency")
        return
    said = {"application": decision["application"], "mode": "observe",
            "until": (mode or {}).get("until")}
    in_force = mode is not None and (mode["mode"], mode["order"]) == ("observe", passed["order"])
    need(in_force and body == said and now <= mode["until"], ALTERED, "decision", "no such order")


def verified(raw, trust):
    bundle = Bundle(raw)
    origin = Origin(bundle, trust)
    control = Control(bundle, origin)
    if bundle.request:
        check_request(bundle, origin, control)
    else:
        serial = bundle.question["certificate"]
        need(serial in control.certificates, MISSING, f"certificate {serial}")


def judged(path, trust):
    try:
        if trust:
            with open(trust, "rb") as file:
                trust = json.load(file)
        with open(path, "rb") as file:
            verified(file.read(), trust or None)
    except Failed as error:
        return error.code, str(error)
    except OSError as error:
        return MALFORMED, str(error)
    except (Refused, KeyError, TypeError, ValueError) as error:
        return ALTERED, f"malformed: {error!r}"
    return 0, "verified" if trust else "consistent, origin unproven"


def main(words):
    if words == ["--each"]:
        for line in sys.stdin:
            try:
                code, said = judged(*json.loads(line))
            except Exception as error:  # of this program itself: no verdict
                code, said = 99, repr(error)
            print(json.dumps([code, said]), flush=True)
        return 0
    trust = None
    if words[:1] == ["--trust"]:
        trust, words = words[1], words[2:]
    code, said = judged(words[0], trust)
    print(said)
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
