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
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
WORDS = {  # closed sets of words; the kinds of orders and records are the keys of SHAPES below
    "method": "certificate passkey", "outcome": "returned rejected", "mail": "mail", "label": "cli page", "log": "control access",
    "unit-act": "create move close", "person-act": "create move leave",
    "role-act": "grant withdraw", "portal-act": "register close",
    "role": "official unit-handler registration-officer pool-officer system-administrator"
            " security-administrator auditor application-owner",
    "process": "issuer status log portal-public portal-staff portal-machines",
    "renewed": "issuer status log portal-public portal-staff portal-machines ocsp", "rule": "roles approvals bundle",
    "order-kind": "issue unit person role profile approval-rules portal agent bundle revoke"
                  " release credential delegate batch system mode emergency emergency-review", "access-mode": "observe enforce suspended",
    "gate-mode": "observe suspended", "exception-by": "observe emergency",
    "record-kind": "founding letter voided application order approval declined withdrawn enacted intent issued used"
                   " revoked suspended crl refusal portal joined people forked silent asked searched read notified started"
                   " connection decision completion called turned heartbeat machine-account machine-use"
                   " machine-enrolled machine-key machine-closed",
    "agent-act": "register close", "shared-of": "system agent portal", "draft-kind": "person letter people letters release delegate revocations",
    "batch-of": "issue unit person role delegate profile approval-rules portal agent system mode bundle revoke release"
                " credential",
    "batch-act": "create move close leave grant withdraw register observe enforce suspended", "cause-word": "start spool", "may-fill": "disk listener spool", "stage": "handshake head certificate",
    "call": "certificate signature permission", "review": "asked expired person profile unit",
    "channel": "mail webhook spool", "letter-channel": "paper sms",
    "read-act": "find certificate list fetch person unit drafts numbers", "alpn": "h2 http/1.1 yinxin-tunnel", "tls": "1.3 1.2",
    "reason": "unspecified keyCompromise cACompromise affiliationChanged superseded"
              " cessationOfOperation certificateHold removeFromCRL privilegeWithdrawn"
              " aACompromise"}
PATTERNS = {
    "text": r"(?s:.*)", "name": r"[a-z0-9-]+", "id": f"[{CROCKFORD}]{{16}}",
    "notice-id": "[0-9a-f]{32}",
    "arc": r"\d+(\.\d+)+", "serial": r"(0[1-9a-f]|[1-7][0-9a-f])[0-9a-f]{34}",
    "told": f"(letter|person):[{CROCKFORD}]{{16}}|portal:[a-z0-9-]+",
    "drafter": f"operator:(0|[1-9][0-9]{{0,9}})|(person|letter):[{CROCKFORD}]{{16}}",
    "id-or-none": f"([{CROCKFORD}]{{16}})?",
    "subject": f"[{CROCKFORD}]{{16}}|[a-z0-9-]+/[a-z-]+|system:[a-z0-9-]+"}
TIMES = {"time": "%Y-%m-%dT%H:%M:%SZ", "micros": "%Y-%m-%dT%H:%M:%S.%fZ"}
NUMBERS = {"one": (1, 1), "three": (3, 3), "revision": (1, 2**53 - 1), "number": (0, 2**53 - 1)}
OCTETS = {"bytes": None, "hash": 32, "nonce": 16}
SHAPES = {name: dict(field.split(":") for field in fields.split()) for name, fields in {
    # key:type, with ? an optional key, with * a list; section 4
    "order": "v:one kind:order-kind issuer:name order:id version:revision nonce:nonce"
             " expires:time drafter:drafter basis:basis draft?:draft place?:place body:any",
    "place": "index:number hashes:*hash", "many": "count:number root:hash",
    "basis": "people:*named-person units:*named-unit profiles?:*display-name"
             " applications?:*display-name shared?:*shared-name more_shared?:revision before?:any",
    "shared-name": "name:text of:shared-of id:name called:text",
    "display-name": "id:name zh:text en:text",
    "named-person": "person:id unit:name name:commitment", "named-unit": "unit:name name:text",
    "before/unit": "county:flag parent:text open:flag systems?:*ending-system more_systems?:revision"
                   " moved?:moved-unit",
    "moved-unit": "units:number people:number certificates:number systems:number gains:*reaching-role"
                  " more_gains?:revision loses:*reaching-role more_loses?:revision enters:*name leaves:*name"
                  " gains_lent?:*reaching-deputy more_gains_lent?:revision"
                  " loses_lent?:*reaching-deputy more_loses_lent?:revision"
                  " begins?:*naming-rule more_begins?:revision ends?:*naming-rule more_ends?:revision"
                  " follows?:*following-rule more_follows?:revision",
    "reaching-role": "person:id role:role scope:name", "led-system": "system:name name:text",
    "reaching-deputy": "person:id absent:id role:role scope:name from:time until:time",
    "naming-rule": "application:name rule:text unit:name", "following-rule": "application:name rule:text",
    "ending-system": "system:name name:text certificates?:revision",
    "before/person": "mail?:commitment number?:hash roles:*role-in certificates:*certificate-before lent:*lent"
                     " lends?:*lent leads?:*led-system more_leads?:revision above?:*name",
    "lent": "person:id role:role scope:name from:time until:time",
    "certificate-before": "serial:serial profile:name not_after:time",
    "before/files": "version:revision digest:hash",
    "before/portal": "unit:name public_host:text staff_host:text machines_host:text"
                     " public_keys:*hash staff_keys:*hash machines_keys:*hash open:flag",
    "before/system": "name:text unit:name leader:id operator?:commitment contact?:commitment"
                     " names:*text wildcards:flag addresses:*text"
                     " profile:name per_week:number live:number accounts:number challenges:flag"
                     " until:time open:flag certificates?:revision",
    "before/agent": "unit:name application:name hosts:*text units:*name keys:*hash renewals?:number open:flag",
    "order/issue": "person:id person_version:revision profile:profile-ref subject:names"
                   " names:*mail-name key:key validity_days:number evidence:commitment"
                   " label:label reference?:id renewal?:renewal previous?:hash",
    "renewal": "serial:serial certificate:hash challenge:nonce request:bytes asked_by:key"
               " signature:bytes time:time review:*review",
    "names": "c:text o:text ou:*name cn:commitment sn:id",
    "mail-name": "kind:mail value:commitment",
    "profile-ref": "id:name version:revision digest:hash",
    "order/unit": "action:unit-act unit:name county:flag name:text parent:name",
    "order/person": "action:person-act person:id version:revision unit:name name:commitment"
                    " mail?:commitment number?:hash evidence:commitment",
    "order/role": "action:role-act person:id role:role scope:name",
    "order/delegate": "action:role-act person:id absent:id role:role scope:name from:time"
                      " until:time",
    "order/profile": "profile:profile-ref",
    "order/approval-rules": "digest:hash version:revision",
    "order/portal": "action:portal-act portal:name unit:name public_host:text"
                    " public_key:key-or-empty staff_host:text staff_key:key-or-empty"
                    " machines_host:text machines_key:key-or-empty",
    "order/system": "action:agent-act system:name name:text unit:name leader:id"
                    " operator?:commitment contact?:commitment names:*text wildcards:flag"
                    " addresses:*text profile:name per_week:number live:number accounts:number"
                    " challenges:flag until:text token_sha256:bytes",
    "jws": "protected:text payload:text signature:text",
    "record/machine-account": "jws:jws statement:bytes signature:bytes",
    "account-statement": "v:one founding:hash system:name order:hash account:text",
    "record/machine-use": "account:text jws:jws vouched:*text serial:serial tbs_sha256:hash",
    "record/machine-enrolled": "statement:bytes signature:bytes serial:serial tbs_sha256:hash",
    "enrolled-statement": "v:one founding:hash system:name order:hash request:bytes"
                          " certificate?:bytes challenge?:flag password?:flag"
                          " signed?:signed-renewal message?:bytes",
    "signed-renewal": "message:bytes content_key:bytes",
    "record/machine-key": "account:text jws:jws", "record/machine-closed": "account:text jws:jws",
    "order/agent": "action:agent-act agent:name unit:name application:name hosts:*text units:*name"
                   " token_sha256:bytes renewals:number",
    "order/emergency": "application:name people:*id from:time until:time evidence:commitment",
    "order/emergency-review": "order:hash application:name about:*id evidence:commitment",
    "before/emergency": "people:*id from:time until:time",
    "order/mode": "application:name mode:access-mode until:text", "before/mode": "mode:access-mode until:text",
    "order/bundle": "version:revision digest:hash",
    "order/revoke": "person:id system?:revoked-system serials:*serial reason:reason"
                    " evidence:commitment wish?:wish",
    "revoked-system": "system:name name:text unit:name",
    "wish": "v:one method:method statement:bytes certificate:bytes signature:bytes"
            " assertion?:assertion",
    "wish-statement": "v:one founding:hash certificate:hash serial:serial reason:reason"
                      " evidence:commitment nonce:nonce time:time",
    "draft": "v:one method:method statement:bytes certificate:bytes signature:bytes"
             " assertion?:assertion",
    "draft-statement": "v:one founding:hash certificate:hash kind:draft-kind body:any nonce:nonce"
                       " time:time",
    "draft/letter": "person:id profile:name",
    "withdrawal": "v:one method:method statement:bytes certificate:bytes signature:bytes"
                  " assertion?:assertion",
    "withdrawal-statement": "v:one founding:hash what:taken-back",
    "taken-back": "order?:by-order letter?:by-letter", "by-letter": "reference:id",
    "withdrawn": "v:one order:hash drafter:drafter withdrawal?:withdrawal",
    "order/release": "person:id serial:serial suspension:hash by:id reason:reason since:time"
                     " evidence:commitment",
    "suspension": "v:one method:method statement:bytes certificate:bytes signature:bytes"
                  " assertion?:assertion",
    "suspension-statement": "v:one founding:hash certificate:hash serial:serial reason:reason"
                            " evidence:commitment nonce:nonce time:time",
    "notice": "v:one founding:hash told:told person:id serials:*serial reason:reason nonce:nonce"
              " statement?:hash time:time",
    "lapse": "v:one suspension:hash time:time",
    "order/batch": "of:batch-of action:text rows:*hash sample:number flagged:*number",
    "revocation": "v:one founding:hash cause:hash time:time",
    "unlisted": "v:three founding:hash crl:number time:time revoked:*serial"
                " suspended:*dated-serial released:*dated-serial",
    "dated-serial": "serial:serial time:time",
    "trust-bundle": "v:one founding:hash version:number made:time until:time"
                    " authorities:*trusted-authority purposes:*trust-purpose",
    "trusted-authority": "id:name certificate:bytes crl:text ocsp?:text",
    "trust-purpose": "profile:name holder:name policy:text usages:*text authorities:*name",
    "order/credential": "person:id certificate:bytes statement:bytes signature:bytes",
    "passkey": "v:one founding:hash certificate:hash rp_id:text origin:text key:bytes"
               " credential:bytes counter:number backup_eligible:flag backed_up:flag software:flag",
    "disclosure": "path:text salt:hash value:any",
    # sections 5, 6 and 9
    "approval": "v:one method:method order:hash certificate:bytes signature:bytes"
                " assertion?:assertion acting_for?:id opened?:bytes",
    "decline": "v:one method:method statement:bytes certificate:bytes signature:bytes"
               " assertion?:assertion",
    "decline-statement": "v:one order:hash outcome:outcome reason:commitment",
    "assertion": "credential:bytes authenticator_data:bytes client_data:bytes",
    "founding": "v:one city:city founded:time nonce:nonce root:key issuer:name keys:ca-keys"
                " logs:*log-key units:*unit people:*person services:*service"
                " authorizations:*authorization profiles:*profile-ref rules:*rule-ref",
    "city": "name:text country:text arc:arc sample:flag",
    "ca-keys": "issuing:key registry:key status:key ocsp:key",
    "log-key": "log:log vkey:text", "unit": "unit:name name:text county:flag parent?:name",
    "person": "person:id name:commitment unit:name roles:*role-in key:key profile:name",
    "role-in": "role:role scope:name", "service": "service:name unit:name keys:*service-key",
    "service-key": "process:process hosts:*text key:key",
    "authorization": "authorization:name service:name process:renewed profile:name"
                     " quota:number expires:time key_sha256:hash",
    "rule-ref": "name:rule version:revision digest:hash",
    "letter": "v:one reference:id person:id profile:name lookup_sha256:hash loss_sha256:hash"
              " suspend_sha256:hash expires:time channels?:*letter-channel draft?:draft place?:place",
    "void": "v:one reference:id drafter:drafter replacement:id-or-none withdrawal?:withdrawal",
    "receipt": "v:one reference:id serials:*serial time:time founding:hash",
    # section 7
    "record": "v:one id:nonce log:log maker:text time:micros kind:record-kind body:any link?:link",
    "link": "epoch:nonce aseq:number prev:hash",
    "record/joined": "agent:name order:hash challenge:nonce request:bytes token:hash value:hash"
                     " serial:serial tbs_sha256:hash",
    "record/people": "agent:name number:number sha256:hash this_update:time next_update:time"
                     " people:number",
    "record/forked": "agent:name epoch:nonce aseq:number entry:hash other:hash",
    "record/silent": "agent:name since:time",
    "record/asked": "person:id request:bytes signature:bytes certificate:commitment given:number",
    "record/searched": "by:subject person:id search:bytes given:number count:revision",
    "record/read": "by:subject person:id act:read-act count:number",
    "record/notified": "notice:notice-id about:name person:id channel:channel outcome:name",
    "record/started": "agent:name application:name version:text key_sha256:hash cause:cause-word",
    "record/connection": "person:id serial:serial sha256:hash certificate:commitment host:text"
                         " alpn:alpn tls:tls source:commitment message:bytes"
                         " handshake?:commitment scheme:number signature:bytes",
    "world": "bundle:number policy:hash people:number crl:number",
    "record/decision": "application:name connection:text person:id unit:name serial:serial"
                       " method:text target:commitment route:text action:text resource:text"
                       " outcome:name rule:text world:world reference:text exception?:exception",
    "exception": "by:exception-by denied:name order:hash",
    "record/completion": "request:text outcome:name status:number reference:text"
                         " up:number down:number micros:number",
    "record/called": "application:name ask:call person:id-or-none serial:text asked:commitment"
                     " action:text resource:text outcome:name rule:text world:world",
    "record/turned": "code:name stage:stage source:commitment serial:text reference:text"
                     " count:number first:micros",
    "record/heartbeat": "application:name permitted:number denied:number excepted?:number"
                        " mode?:gate-mode connections:number"
                        " world:world checkpoint:number spooled:number state:name"
                        " full:*may-fill nearly_full:*may-fill",
    # sections 13 and 14
    "snapshot": "v:one founding:hash agent:name order:hash application:name hosts:*text"
                " number:number bundle:number policy:hash mode?:ordered-mode"
                " emergencies?:*ordered-emergency this_update:time"
                " next_update:time units:*served people:*served-person",
    "ordered-mode": "mode:gate-mode until:text order:hash",
    "ordered-emergency": "order:hash people:*id from:time until:time",
    "served": "unit:name name:text parent?:name served:flag",
    "served-person": "person:id unit:name roles:*role-in lent?:*snapshot-lent",
    "snapshot-lent": "role:role scope:name absent:id from:time until:time",
    "head": "v:one agent:name epoch:nonce count:number chain:hash",
    "log-request": "v:one founding:hash nonce:nonce time:time ask:any",
    "record/founding": "statement:bytes signature:bytes files:*file",
    "file": "name:text content:text",
    "record/letter": "statement:bytes signature:bytes",
    "record/voided": "statement:bytes signature:bytes",
    "record/application": "reference:id order:hash label:label challenge_sha256:hash"
                          " request:commitment",
    "record/order": "order:bytes signature:bytes cancels:*hash",
    "record/approval": "approval:approval person:id acting_for?:id",
    "record/declined": "decline:decline person:id",
    "record/withdrawn": "statement:bytes signature:bytes",
    "record/enacted": "order:hash approvals:*hash files:*file",
    "record/intent": "order:hash approvals:*hash serial:serial not_after:time tbs_sha256:hash"
                     " tbs:commitment lint:number",
    "record/issued": "under:hash serial:serial subject:subject profile:name key_sha256:hash"
                     " not_after:time sha256:hash certificate:commitment",
    "record/used": "authorization:name challenge:nonce request:bytes asked_by:key"
                   " signature:bytes serial:serial tbs_sha256:hash",
    "record/revoked": "certificates:*revoked reason:reason cause:cause approvals:*hash"
                      " statement:bytes signature:bytes",
    "revoked": "serial:serial not_after:time",
    "cause": "order?:by-order loss?:by-loss left?:by-leaving lapsed?:by-lapse"
             " superseded?:by-serial abandoned?:by-order machine?:by-machine cmp?:by-cmp"
             " closed?:by-closing",
    "by-machine": "account?:text jws:jws",
    "by-cmp": "system:name message:bytes certificate?:bytes", "by-closing": "system:name", "by-serial": "serial:serial",
    "by-lapse": "statement:bytes signature:bytes",
    "record/suspended": "certificates:*revoked reason:reason cause:suspension-cause",
    "suspension-cause": "letter?:by-letter signed?:by-signature portal?:by-portal",
    "by-letter": "value:hash notice:bytes signature:bytes",
    "by-signature": "suspension:suspension notice:bytes signature:bytes",
    "by-portal": "notice:bytes signature:bytes",
    "by-order": "order:hash", "by-loss": "reference:id value:hash", "by-leaving": "person:id",
    "record/crl": "issuer:name number:number sha256:hash this_update:time next_update:time"
                  " entries:number",
    "record/refusal": "code:text act:text about:text reference:text"
                      " count:revision",
    "record/portal": "process:text act:text outcome:text person:text"
                     " count:revision"}.items()}


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


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def octets(value, length=None):
    """Bytes out of strict base64url: no padding, no other characters, spare bits zero."""
    need(isinstance(value, str) and re.fullmatch("[A-Za-z0-9_-]*", value), "base64url")
    need(len(value) % 4 != 1, "base64url")
    data = base64.urlsafe_b64decode(value + "=" * (-len(value) % 4))
    need(base64url(data) == value, "base64url")
    need(length is None or len(data) == length, f"not {length} bytes")
    return data


def canonical(value):
    """The value in RFC 8785, as far as section 1 allows it."""
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


def parse(raw):
    try:
        value = json.loads(raw.decode("utf-8"), object_pairs_hook=without_repeats,
                           parse_float=refuse_number, parse_constant=refuse_number)
        again = canonical(value).encode("utf-8")
    except ValueError as error:  # also UnicodeError
        raise Refused(f"not JSON: {error}") from error
    need(again == raw, "not RFC 8785")
    return value


def public_key(value):
    der = octets(value)
    try:
        key = serialization.load_der_public_key(der)
    except ValueError as error:
        raise Refused("SubjectPublicKeyInfo") from error
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    need(key.public_bytes(serialization.Encoding.DER, form) == der, "SubjectPublicKeyInfo")
    return key


def is_time(value, pattern):
    try:
        return datetime.strptime(value, pattern).strftime(pattern) == value
    except (TypeError, ValueError):
        return False


def check_shape(kind, value, path, found):
    """Refuse what is not of this kind; collect the commitments met in `found`."""
    where = f"{kind} at {path or '/'}"
    if kind.startswith("*"):
        need(isinstance(value, list), where)
        for index, member in enumerate(value):
            check_shape(kind[1:], member, f"{path}/{index}", found)
    elif kind in SHAPES:
        fields = {name.rstrip("?"): inner for name, inner in SHAPES[kind].items()}
        need(isinstance(value, dict), where)
        need(set(value) <= set(fields), f"unknown key in {where}")
        missing = {name for name in SHAPES[kind] if not name.endswith("?")} - set(value)
        need(not missing, f"missing key in {where}")
        need(not (kind.endswith("cause") or kind == "taken-back") or len(value) == 1, where)
        for name, inner in value.items():
            check_shape(fields[name], inner, f"{path}/{name}", found)
    elif kind in WORDS:
        need(isinstance(value, str) and value in WORDS[kind].split(), where)
    elif kind in PATTERNS:
        need(isinstance(value, str) and re.fullmatch(PATTERNS[kind], value), where)
    elif kind in TIMES:
        need(is_time(value, TIMES[kind]), where)
    elif kind in NUMBERS:
        low, high = NUMBERS[kind]
        need(type(value) is int and low <= value <= high, where)
    elif kind in OCTETS:
        octets(value, OCTETS[kind])
    elif kind == "commitment":
        found[path] = octets(value, 32)
    elif kind == "flag":
        need(isinstance(value, bool), where)
    elif kind == "key" or kind == "key-or-empty" and value != "":
        public_key(value)
    else:
        need(kind in ("any", "key-or-empty"), f"no such kind: {kind}")


def read(kind, raw):
    """A document of this kind out of its exact bytes, without what its body holds."""
    found, value = {}, parse(raw)
    check_shape(kind, value, "", found)
    return value, found


def read_with_body(kind, raw):
    document, found = read(kind, raw)[0], {}
    check_shape(f"{kind}/{document['kind']}", document["body"], "", found)
    return document, found


BEFORE = {"unit": "unit", "issue": "person", "person": "person", "role": "person", "revoke": "person",
          "release": "person", "delegate": "person",
          "profile": "files", "approval-rules": "files", "bundle": "files", "portal": "portal",
          "agent": "agent", "system": "system", "mode": "mode", "emergency-review": "emergency"}


def units_of_body(order):
    """Units that an order's body names, and authority holds already."""
    body, kind = order["body"], order["kind"]
    if kind == "unit":
        return [body["parent"]] + [body["unit"]] * (body["action"] != "create")
    keys = {"person": ["unit"], "role": ["scope"], "delegate": ["scope"], "portal": ["unit"], "agent": ["unit"],
            "system": ["unit"]}
    named = [body[key] for key in keys.get(kind, [])] + body.get("units", [])
    named += [body["system"]["unit"]] if kind == "revoke" and "system" in body else []
    return named + (body["subject"]["ou"] if kind == "issue" else [])


def check_basis(order, found):
    """The basis names whom and what the order names, and what is in force before it."""
    body, kind, basis = order["body"], order["kind"], order["basis"]
    action, before = "" if kind == "batch" else body.get("action", ""), basis.get("before")
    first = kind in ("credential", "batch", "emergency") or action == "create" \
        or kind == "portal" and action == "register" or kind == "revoke" and "system" in body
    either = kind in ("profile", "issue") or kind in ("agent", "system") and action == "register"
    need(either or (before is None) == first, "before")
    inside = {}
    if before is not None:
        check_shape("before/" + BEFORE[kind], before, "", inside)
    shared, gives = basis.get("shared", []), kind in ("system", "agent", "portal") and action == "register"
    need(gives or not shared and "more_shared" not in basis, "names that others have")
    order_of = [(one["name"], one["of"], one["id"], one["called"]) for one in shared]
    need(order_of == sorted(set(order_of)) and len(shared) <= 100, "each of them once")
    created = kind == "person" and action == "create"
    people = {body["person"]} if "person" in body and not created else set()
    people |= {body["by"]} if kind == "release" else set()
    people |= {body["absent"]} if kind == "delegate" else set()
    people |= set(body["people"]) if kind == "emergency" else set()
    people |= set(before["people"] + body["about"]) if kind == "emergency-review" else set()
    people |= {body["leader"], (before or body)["leader"]} if kind == "system" else set()
    lends = (before or {}).get("lends", [])
    lent = (before or {}).get("lent", [])
    told = kind == "role" and action == "withdraw" or kind == "person" and action != "create"
    need(told or kind == "issue" or not lends, "what they lend")
    systems, more = (before or {}).get("systems", []), (before or {}).get("more_systems", 0)
    closes = kind == "unit" and action == "close"
    need(closes or not systems and not more, "systems that end with it")
    counted = kind == "system" and "certificates" in (before or {})
    need(not counted or action == "close", "what is revoked with it")
    need(len(systems) <= 100, "systems that are named")
    moved = (before or {}).get("moved")
    need((moved is not None) == (kind == "unit" and action == "move"), "what goes with it")
    moved = moved or {"gains": [], "loses": [], "enters": [], "leaves": []}
    parts = ("gains", "loses", "gains_lent", "loses_lent", "begins", "ends", "follows")
    need(max(len(moved.get(part, [])) for part in parts) <= 100, "what of a move is named")
    acting = moved.get("gains_lent", []) + moved.get("loses_lent", [])
    naming = moved.get("begins", []) + moved.get("ends", [])
    reaching = moved["gains"] + moved["loses"] + acting
    people |= {one["person"] for one in reaching} | {one["absent"] for one in acting}
    leads = (before or {}).get("leads", [])
    of_record = {"mail", "number"} if kind == "issue" else {"mail", "number", "leads", "more_leads"}
    above = (before or {}).get("above", [])
    gives = kind in ("role", "delegate") and action == "grant"
    need(len(above) <= 100 and (gives or not above), "where the unit of a role stands")
    offices = [one for one in (before or {}).get("roles", []) if one["role"] != "official"]
    if kind == "issue" and before is not None:
        alone = before["roles"] == offices and before["certificates"] == []
        holds = offices or lent or lends or leads or "more_leads" in before
        need(alone and holds, "offices of the holder alone")
    need(BEFORE.get(kind) != "person" or kind == "person" or not of_record & set(before or {}),
         "what only who changes a record is shown")
    need(len(leads) <= 100, "systems that they lead")
    need(len(lent) <= 8 and len(lends) <= 32, "what is lent")
    lent = lent + lends
    people |= {one["person"] for one in lent}
    drafter = order["drafter"].split(":")
    people |= {drafter[1]} if drafter[0] == "person" else set()
    named = [one["person"] for one in basis["people"]]
    # A brake leaves out whom nothing names.
    brakes = ("revoke", "withdraw", "leave", "close")
    brake = kind in brakes or kind == "batch" and body["of"] == "revoke" \
        or body.get("action") in brakes
    people &= set(named) if brake else people
    need(named == sorted(people), "people of the basis")
    units = set(units_of_body(order)) | {one["unit"] for one in basis["people"]}
    for name in ("unit", "parent"):
        units |= {(before or {}).get(name, "")}
    units |= set((before or {}).get("units", [])) | set(above)
    units |= {one["scope"] for one in (before or {}).get("roles", []) + lent + reaching}
    units |= {one["unit"] for one in naming}
    need([one["unit"] for one in basis["units"]] == sorted(units - {""}), "units of the basis")
    profiles = {one["profile"] for one in (before or {}).get("certificates", [])}
    profiles |= {body["profile"]["id"]} if kind == "issue" else set()
    applications = {(before or {}).get("application"), body.get("application")} - {None}
    applications |= set(moved["enters"] + moved["leaves"])
    applications |= {one["application"] for one in naming + moved.get("follows", [])}
    for key, wanted in (("profiles", profiles), ("applications", applications)):
        called = [one["id"] for one in basis.get(key, [])]
        need(called == sorted(set(called)) and set(called) <= wanted, key + " of the basis")
        need(basis.get(key) != [], "an empty list is left out")
        for one in basis.get(key, []):
            need(all(0 < len(one[lang]) <= 40 for lang in ("zh", "en")), "what it is called")
    held = [("/name", octets(one["name"])) for one in basis["people"]] + list(inside.items())
    return sorted(set(found.items()) | set(held))


def read_order(raw):
    order, found = read_with_body("order", raw)
    found = check_basis(order, found)
    if order["kind"] == "portal":
        body = order["body"]
        there = [body["public_key"] != "", body["staff_key"] != ""]
        need(there == [body["action"] == "register"] * 2, "portal keys")
        need((body["machines_key"] != "") == (body["machines_host"] != ""), "machines' process")
    if order["kind"] == "mode":
        body, form = order["body"], TIMES["time"]
        need((body["mode"] == "observe") == (body["until"] != ""), "only what observes has an end")
        if body["until"]:
            made = datetime.strptime(order["expires"], form) - timedelta(days=7)
            end = datetime.strptime(body["until"], form)
            need(end <= made + timedelta(days=90), "observed for so long at most")
    if order["kind"] == "emergency":
        body, form = order["body"], TIMES["time"]
        made = datetime.strptime(order["expires"], form) - timedelta(days=7)
        begin, end = (datetime.strptime(body[key], form) for key in ("from", "until"))
        need(begin < end <= begin + timedelta(hours=4), "the window of an emergency")
        need(made <= end <= made + timedelta(days=7), "it is over before, or begins too late")
        people = body["people"]
        need(people == sorted(set(people)) and 0 < len(people) <= 16, "people of an emergency")
    if order["kind"] == "system":
        body = order["body"]
        there = ["operator" in body, "contact" in body, body["until"] != ""]
        need(there == [body["action"] == "register"] * 3, "who runs it, and until when")
        need(max(len(body["names"]), len(body["addresses"])) <= 100, "names of the system")
    if "wish" in order["body"]:
        read_wish(order)
    if order["kind"] == "issue":
        need(("reference" in order["body"]) != ("renewal" in order["body"]), "one origin")
        need(len(order["body"]["names"]) <= 16, "names of the certificate")
    if order["kind"] == "revoke":
        need(len(order["body"]["serials"]) <= 64, "certificates that it revokes")
    if "renewal" in order["body"]:
        read_renewal(order)
    read_draft(order, order["kind"], order["body"], order["drafter"])
    if order["kind"] == "batch":
        rows = order["body"]["rows"]
        need(0 < len(rows) <= 2_000 and len(set(rows)) == len(rows), "rows of the batch")
    if order["kind"] == "release":
        need(order["drafter"] != f"person:{order['body']['by']}", "who suspended drafts it")
    if order["kind"] == "delegate":
        need(order["drafter"] != f"person:{order['body']['absent']}", "the absent draft it")
    return order, found


def read_renewal(order):
    """Its holder's old key signed for the new one when the order was made (10)."""
    body, renewal = order["body"], order["body"]["renewal"]
    need(order["drafter"] == f"person:{body['person']}", "drafter of the renewal")
    form = TIMES["time"]
    week = datetime.strptime(order["expires"], form) - datetime.strptime(renewal["time"], form)
    need(week.total_seconds() == 7 * 86_400, "time of the renewal")
    review = renewal["review"]
    need(review == sorted(set(review)), "review of the renewal")
    message = (octets(renewal["certificate"]) + octets(renewal["challenge"], 16)
               + sha256(octets(renewal["request"])))
    verify(public_key(renewal["asked_by"]), "yinxin-use-v1", message,
           octets(renewal["signature"]))


SAID = {"person": "order/person", "letter": "draft/letter", "people": "many", "letters": "many",
        "release": "order/release", "delegate": "order/delegate", "revocations": "many"}
# What a draft of many is called, by the kind of each of them.
MANY = {"person": "people", "letter": "letters", "revoke": "revocations"}
# Kinds of orders that people draft under their signature.
DRAFTED = ["person", "release", "delegate"]


def sample(digest, person, count, wanted):
    """Places of the rows of a batch that a person has to open (5)."""
    places, draw = set(), 0
    while len(places) < min(wanted, count):
        drawn = sha256(labelled("yinxin-sample-v1", digest + person.encode() + draw.to_bytes(4, "big")))
        places.add(int.from_bytes(drawn[:8], "big") % count)
        draw += 1
    return sorted(places)


def to_open(body, digest, person):
    """Places of all rows of a batch that a person has to open: drawn, or flagged (5)."""
    rows, flagged = body["rows"], body["flagged"]
    need(flagged == sorted(set(flagged)), "places of flagged rows rise")
    need(all(place < len(rows) for place in flagged), "a flagged row is one of the batch")
    drawn = sample(digest, person, len(rows), body["sample"])
    return sorted(set(drawn) | set(flagged))


def spoken(approval):
    """What an approval signs: the order, for whom, and what was opened (5)."""
    absent = approval.get("acting_for")
    voice = b"\0" if absent is None else b"\1" + absent.encode()
    return octets(approval["order"], 32) + voice + octets(approval.get("opened", ""))


def read_draft(holder, kind, body, drafter):
    """The draft asks for this body, in the name of this drafter (5); a person's order of a kind
    that people draft has one."""
    if "draft" not in holder:
        need(kind not in DRAFTED or not drafter.startswith("person:"), "an order without its draft")
        need("place" not in holder, "a place without its draft")
        return None
    need("wish" not in body and not (kind == "revoke" and "system" in body), "a draft beside it")
    draft = holder["draft"]
    der, raw = octets(draft["certificate"]), octets(draft["statement"])
    said = read("draft-statement", raw)[0]
    check_shape(SAID[said["kind"]], said["body"], "", {})
    found = x509.load_der_x509_certificate(der)
    person = found.subject.get_attributes_for_oid(x509.NameOID.SERIAL_NUMBER)[0].value
    need(octets(said["certificate"]) == sha256(der), "certificate of the draft")
    need(drafter == f"person:{person}", "drafter of the draft")
    if "place" in holder:
        place, many = holder["place"], said["body"]
        need(said["kind"] == MANY.get(kind), "a draft of many")
        path = [octets(node, 32) for node in place["hashes"]]
        root = root_from_path(leaf(canonical(body).encode()), place["index"], many["count"], path)
        need(root == octets(many["root"]), "its place in the draft of many")
    else:
        need([said["kind"], said["body"]] == [kind, body], "what the draft asks for")
    if draft["method"] == "certificate":
        need("assertion" not in draft, "assertion")
        verify(found.public_key(), "yinxin-draft-v1", raw, octets(draft["signature"]))
    return person


def read_wish(order):
    """The wish asks for what the order says, in the name of its drafter (5)."""
    body, wish = order["body"], order["body"]["wish"]
    der, raw = octets(wish["certificate"]), octets(wish["statement"])
    said = read("wish-statement", raw)[0]
    found = x509.load_der_x509_certificate(der)
    person = found.subject.get_attributes_for_oid(x509.NameOID.SERIAL_NUMBER)[0].value
    need(octets(said["certificate"]) == sha256(der), "certificate of the wish")
    need(order["drafter"] == f"person:{person}", "drafter of the wish")
    asked = [[said["serial"]], said["reason"], said["evidence"]]
    need([body["serials"], body["reason"], body["evidence"]] == asked, "what the wish asks for")
    if wish["method"] == "certificate":
        need("assertion" not in wish, "assertion")
        verify(found.public_key(), "yinxin-wish-v1", raw, octets(wish["signature"]))


def read_founding(raw):
    statement, found = read("founding", raw)
    above = set()
    for unit in statement["units"]:
        need(unit.get("parent") in above if above else "parent" not in unit, "order of units")
        above.add(unit["unit"])
    return statement, found


# Kinds that agents record, each in a run of its own.
OF_RUNS = ["started", "connection", "decision", "completion", "called", "turned", "heartbeat"]


def need_place(record):
    """What agents record has its place in a run, and nothing else has one (14)."""
    of_run, maker = record["kind"] in OF_RUNS, record["maker"]
    is_agents = maker.endswith("/agent") and maker != "/agent"
    same = ("link" in record) == of_run and is_agents == of_run
    need(same and (not of_run or record["log"] == "access"), "the place of a record")


def read_record(raw):
    record, found = read_with_body("record", raw)
    need_place(record)
    kind, body = record["kind"], record["body"]
    if kind == "founding":
        read_founding(octets(body["statement"]))
    elif kind == "letter":
        read("letter", octets(body["statement"]))
    elif kind == "withdrawn":
        read("withdrawn", octets(body["statement"]))
    elif kind == "voided":
        read("void", octets(body["statement"]))
    elif kind == "order":
        read_order(octets(body["order"]))
    elif kind == "machine-account":
        read("account-statement", octets(body["statement"]))
    elif kind == "machine-enrolled":
        read("enrolled-statement", octets(body["statement"]))
    elif kind == "suspended":
        read_suspension(body["cause"])
    elif kind == "revoked":
        since = "receipt" if "loss" in body["cause"] else "revocation"
        read(since, octets(body["statement"]))
        if "lapsed" in body["cause"]:
            read("lapse", octets(body["cause"]["lapsed"]["statement"]))
    return record, found


def read_suspension(cause):
    """What a suspension says: a notice, or what somebody signed (5)."""
    (how, inside), = cause.items()
    notice = read("notice", octets(inside["notice"]))[0]
    told = "person" if how == "signed" else how
    need(notice["told"].split(":")[0] == told, "how it came")
    if how != "signed":
        return notice
    said = read("suspension-statement", octets(inside["suspension"]["statement"]))[0]
    same = [said["serial"]] == notice["serials"] and said["reason"] == notice["reason"]
    named = notice.get("statement") == base64url(sha256(octets(inside["suspension"]["statement"])))
    need(same and named and notice["time"] <= said["time"], "what the status key took")
    return said


ORDERS = {
    "secp256r1": 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
    "secp384r1": 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973,
}


def one_spelling(key, signature):
    """Documents are signed with the smaller s (2)."""
    try:
        s = decode_dss_signature(signature)[1]
    except ValueError as error:
        raise Refused("no signature") from error
    need(2 * s < ORDERS[key.curve.name], "the larger s")


def verify(key, label, signed, signature):
    curves = {"secp256r1": hashes.SHA256(), "secp384r1": hashes.SHA384()}
    need(isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name in curves, "algorithm")
    one_spelling(key, signature)
    try:
        key.verify(signature, labelled(label, signed), ec.ECDSA(curves[key.curve.name]))
    except InvalidSignature as error:
        raise Refused(f"signature under {label}") from error


def commit(salt, path, value):
    where = path.encode("utf-8")
    return sha256(labelled("yinxin-commit-v1", salt, len(where).to_bytes(2, "big"), where,
                           canonical(value).encode("utf-8")))


def open_commitments(found, disclosures):
    """Each commitment, given with its path, is opened once; each disclosure opens one."""
    left = set(found)
    need(len(disclosures) <= len(left), "more disclosures than commitments")
    for one in disclosures:
        check_shape("disclosure", one, "", {})
        value = commit(octets(one["salt"], 32), one["path"], one["value"])
        need((one["path"], value) in left, "commitment")
        left.remove((one["path"], value))
    need(not left, "commitment not opened")


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
    kinds = WORDS["order-kind"].split() + ["issue", "revoke", "person", "person", "delegate"]
    need(sorted(v["kind"] for v in vectors["orders"]) == sorted(kinds), "one of each kind")
    wishes = [v for v in vectors["orders"] if "wish" in parse(octets(v["order"]))["body"]]
    need([v["kind"] for v in wishes] == ["revoke"], "one that an officer signed")
    bodies = [parse(octets(v["order"]))["body"] for v in vectors["orders"]]
    need(sum("renewal" in body for body in bodies) == 1, "one that renews")
    drafts = [v for v in vectors["orders"] if "draft" in parse(octets(v["order"]))]
    signed = ["person", "person", "delegate"]
    need([v["kind"] for v in drafts] == signed, "those that somebody signed")
    need(sum("place" in parse(octets(v["order"])) for v in drafts) == 1, "one of them among many")
    for v in vectors["orders"]:
        raw = octets(v["order"])
        order, found = read_order(raw)
        if order["kind"] == "credential":
            read("passkey", octets(order["body"]["statement"]))
        need(order["kind"] == v["kind"], "kind")
        need(sha256(labelled("yinxin-order-v1", raw)) == octets(v["digest"]), "digest")
        verify(public_key(vectors["registry"]), "yinxin-order-v1", raw, octets(v["signature"]))
        open_commitments(found, v["disclosures"])


def check_approval(vectors):
    v = vectors["approval"]
    raw = octets(v["approval"])
    approval, _ = read("approval", raw)
    need(sha256(raw) == octets(v["id"]), "id")
    need(approval["order"] == v["order"], "order")
    need(v["order"] in [order["digest"] for order in vectors["orders"]], "digest of no order")
    key = x509.load_der_x509_certificate(octets(approval["certificate"])).public_key()
    need(key == public_key(vectors["officer"]), "officer's key")
    verify(key, "yinxin-approval-v1", spoken(approval), octets(approval["signature"]))


def check_batch(vectors):
    """An officer approved the batch among the orders, and opened what its digest draws."""
    v = vectors["batch"]
    approval, _ = read("approval", octets(v["approval"]))
    orders = {one["digest"]: parse(octets(one["order"])) for one in vectors["orders"]}
    body = orders[approval["order"]]["body"]
    rows, digest = body["rows"], octets(approval["order"], 32)
    wanted = to_open(body, digest, v["person"])
    need(wanted == v["places"], "places of what is to be opened")
    opened = b"".join(octets(rows[place]) for place in wanted)
    need(octets(approval["opened"]) == opened, "what was opened")
    key = x509.load_der_x509_certificate(octets(approval["certificate"])).public_key()
    verify(key, "yinxin-approval-v1", spoken(approval), octets(v["signature"]))
    need(approval["signature"] == v["signature"], "signature")


def check_decline(vectors):
    v = vectors["decline"]
    decline, _ = read("decline", octets(v["decline"]))
    raw = octets(decline["statement"])
    statement, found = read("decline-statement", raw)
    need(statement["order"] == v["order"], "order")
    need(decline["signature"] == v["signature"], "signature")
    key = x509.load_der_x509_certificate(octets(decline["certificate"])).public_key()
    verify(key, "yinxin-decline-v1", raw, octets(v["signature"]))
    open_commitments(found.items(), [v["reason"]])


def check_wish(vectors):
    v = vectors["wish"]
    wish, _ = read("wish", octets(v["wish"]))
    raw = octets(wish["statement"])
    _, found = read("wish-statement", raw)
    need(wish["signature"] == v["signature"], "signature")
    key = x509.load_der_x509_certificate(octets(wish["certificate"])).public_key()
    need(key == public_key(vectors["officer"]), "officer's key")
    verify(key, "yinxin-wish-v1", raw, octets(v["signature"]))
    open_commitments(found.items(), [v["evidence"]])


def check_draft(vectors):
    v = vectors["draft"]
    draft, _ = read("draft", octets(v["draft"]))
    raw = octets(draft["statement"])
    said, found = read("draft-statement", raw)[0], {}
    check_shape("order/person", said["body"], "", found)
    need(draft["signature"] == v["signature"], "signature")
    key = x509.load_der_x509_certificate(octets(draft["certificate"])).public_key()
    need(key == public_key(vectors["officer"]), "officer's key")
    verify(key, "yinxin-draft-v1", raw, octets(v["signature"]))
    open_commitments(found.items(), v["disclosures"])


def check_withdrawal(vectors):
    v = vectors["withdrawal"]
    withdrawal, _ = read("withdrawal", octets(v["withdrawal"]))
    raw = octets(withdrawal["statement"])
    said = read("withdrawal-statement", raw)[0]
    drafted = [v for v in vectors["orders"] if "draft" in parse(octets(v["order"]))]
    need(said["what"]["order"]["order"] == drafted[0]["digest"], "order")
    need(withdrawal["signature"] == v["signature"], "signature")
    key = x509.load_der_x509_certificate(octets(withdrawal["certificate"])).public_key()
    verify(key, "yinxin-withdrawal-v1", raw, octets(v["signature"]))


def check_suspension(vectors):
    v = vectors["suspension"]
    signed, _ = read("suspension", octets(v["suspension"]))
    raw = octets(signed["statement"])
    _, found = read("suspension-statement", raw)
    need(signed["signature"] == v["signature"], "signature")
    key = x509.load_der_x509_certificate(octets(signed["certificate"])).public_key()
    need(key == public_key(vectors["officer"]), "officer's key")
    verify(key, "yinxin-suspension-v1", raw, octets(v["signature"]))
    open_commitments(found.items(), [v["evidence"]])


def check_notice(vectors):
    raw = octets(vectors["notice"]["notice"])
    notice, _ = read("notice", raw)
    need(notice["founding"] == vectors["founding"]["digest"], "founding")
    verify(public_key(vectors["status"]), "yinxin-suspended-v1", raw,
           octets(vectors["notice"]["signature"]))


def check_records(vectors):
    kinds = sorted(v["kind"] for v in vectors["records"])
    wanted = [*WORDS["record-kind"].split(), "connection", "approval"]
    told = "one of each kind, a connection for each version of TLS, an approval for the absent"
    need(kinds == sorted(wanted), told)
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
    suspend = mac(expand("yinxin-suspend-v1"), labelled("yinxin-suspend-v1", reference))
    need(suspend == octets(v["suspension_value"]), "suspension_value")


def check_message_code(vectors):
    v, keys = vectors["message_code"], vectors["letter_keys"]
    number = int.from_bytes(octets(v["bytes"], 6), "big") % (1 << 45)
    digits = "".join(CROCKFORD[number >> 5 * at & 31] for at in range(8, -1, -1))
    whole = 0
    for digit in v["reference"] + digits:
        whole = whole * 32 + CROCKFORD.index(digit)
    code = digits + (CROCKFORD + "*~$=U")[whole % 37]
    need(code[:5] + "-" + code[5:] == v["text"], "message code")
    message = labelled("yinxin-message-v1", code.encode("ascii"))
    for name in ("bind_page", "bind_cli"):
        need(mac(octets(keys[name], 32), message) == octets(v[name]), name)


def check_number(vectors):
    v = vectors["number"]
    key, number = octets(v["key"], 32), v["number"]
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    counted = sum(int(digit) * weight for digit, weight in zip(number[:17], weights))
    need(len(number) == 18 and number[17] == "10X98765432"[counted % 11], "GB 11643")
    digest = mac(key, labelled("yinxin-number-v1", number.encode("ascii")))
    need(digest == octets(v["digest"]), "digest of a number")
    seal = mac(key, labelled("yinxin-number-seal-v1", digest, v["handler"].encode("ascii")))
    need(seal == octets(v["seal"]), "seal of a number")
    drafted = parse(octets(parse(octets(vectors["draft"]["draft"]))["statement"]))["body"]
    need(drafted["number"] == v["digest"], "the draft registers it")


def check_bind(vectors):
    v = {name: octets(text) for name, text in vectors["bind"].items()}
    need(len(v["key"]) == 32 and len(v["challenge"]) == 16, "length")
    need(mac(v["key"], v["challenge"], sha256(v["request"])) == v["bind"], "bind")


def statement_of_the_registry(what):
    def check(vectors):
        raw = octets(vectors[what]["statement"])
        read(what, raw)
        verify(public_key(vectors["registry"]), f"yinxin-{what}-v1", raw,
               octets(vectors[what]["signature"]))
    return check


def check_receipt(vectors):
    raw = octets(vectors["receipt"]["receipt"])
    receipt, _ = read("receipt", raw)
    need(receipt["founding"] == vectors["founding"]["digest"], "founding")
    verify(public_key(vectors["status"]), "yinxin-receipt-v1", raw,
           octets(vectors["receipt"]["signature"]))


def check_revocation(vectors):
    statement_of_the_registry("revocation")(vectors)
    said, _ = read("revocation", octets(vectors["revocation"]["statement"]))
    need(said["founding"] == vectors["founding"]["digest"], "founding")
    cause = canonical(vectors["revocation"]["cause"]).encode()
    need(octets(said["cause"]) == sha256(cause), "cause")


def check_unlisted(vectors):
    raw = octets(vectors["unlisted"]["statement"])
    said, _ = read("unlisted", raw)
    need(said["founding"] == vectors["founding"]["digest"], "founding")
    verify(public_key(vectors["status"]), "yinxin-unlisted-v1", raw,
           octets(vectors["unlisted"]["signature"]))


def check_trust_bundle(vectors):
    raw = octets(vectors["trust_bundle"]["bundle"])
    said, _ = read("trust-bundle", raw)
    need(said["founding"] == vectors["founding"]["digest"], "founding")
    there = [authority["id"] for authority in said["authorities"]]
    need(there[0] == "root" and len(set(there)) == len(there), "authorities")
    named = {name for purpose in said["purposes"] for name in purpose["authorities"]}
    need(named <= set(there), "an authority that is not there")
    verify(public_key(vectors["registry"]), "yinxin-trust-bundle-v1", raw,
           octets(vectors["trust_bundle"]["signature"]))


def check_use(vectors):
    v = {name: octets(text) for name, text in vectors["use"].items()}
    need(len(v["founding"]) == 32 and len(v["challenge"]) == 16, "length")
    verify(public_key(vectors["machine"]), "yinxin-use-v1",
           v["founding"] + v["challenge"] + sha256(v["request"]), v["signature"])


def check_renewal(vectors):
    v = {name: octets(text) for name, text in vectors["renewal"].items()}
    need(len(v["certificate"]) == 32 and len(v["challenge"]) == 16, "length")
    verify(public_key(vectors["officer"]), "yinxin-use-v1",
           v["certificate"] + v["challenge"] + sha256(v["request"]), v["signature"])
    bodies = [parse(octets(order["order"]))["body"] for order in vectors["orders"]]
    stands = next(body["renewal"] for body in bodies if "renewal" in body)
    need({name: stands[name] for name in vectors["renewal"]} == vectors["renewal"],
         "the renewal in the order")


def check_bundle(vectors):
    files = vectors["bundle"]["files"]
    hashed = {path: base64url(sha256(content.encode())) for path, content in files.items()}
    need(sha256(canonical(hashed).encode()) == octets(vectors["bundle"]["digest"]), "digest")


def check_people(vectors):
    v = vectors["people"]
    read("snapshot", octets(v["snapshot"]))
    verify(public_key(vectors["registry"]), "yinxin-people-v1", octets(v["snapshot"]),
           octets(v["signature"]))


def check_join(vectors):
    v = vectors["join"]
    message = labelled("yinxin-use-v1", octets(v["order"], 32), octets(v["challenge"], 16),
                       sha256(octets(v["request"])))
    need(mac(octets(v["token"], 32), message) == octets(v["value"]), "join value")


def check_run(vectors):
    v, value = vectors["run"], bytes(32)
    for entry in v["entries"]:
        value = sha256(labelled("yinxin-spool-v1", value, octets(entry, 32)))
    head, _ = read("head", octets(v["head"]))
    verify(public_key(vectors["machine"]), "yinxin-spool-v1", octets(v["head"]),
           octets(v["signature"]))
    need(octets(head["chain"]) == value and head["count"] == len(v["entries"]), "chain")


def check_spooled(vectors):
    v, raw, value = vectors["spooled"], octets(vectors["spooled"]["bytes"]), bytes(32)
    size = int.from_bytes(raw[:4], "big")
    heading, rest = parse(raw[4:4 + size]), raw[4 + size:]
    run = {name: vectors["run"][name] for name in ("head", "signature")}
    need(heading == {"head": run, "known": v["known"]}, "heading")
    for one in v["frames"]:
        record, opened = (int.from_bytes(rest[at:at + 4], "big") for at in (0, 4))
        salt, chain, body = rest[8:40], rest[40:72], rest[72:72 + record + opened]
        need(0 < record <= 65536 >= opened and len(body) == record + opened, "frame")
        need(salt == octets(one["salt"]) and body[:record] == octets(one["record"]), "record")
        need(body[record:] == octets(one["disclosures"]), "disclosures")
        entry = sha256(labelled("yinxin-entry-v1", salt, body[:record]))
        value = sha256(labelled("yinxin-spool-v1", value, entry))
        need(chain == value, "chain")
        rest = rest[72 + record + opened:]
    need(not rest, "bytes behind the frames")


def check_log_request(vectors):
    v = vectors["log_request"]
    read("log-request", octets(v["request"]))
    verify(public_key(vectors["officer"]), "yinxin-log-request-v1", octets(v["request"]),
           octets(v["signature"]))


def percent(part):
    out, rest = b"", part.encode("utf-8")
    while rest:
        if rest[:1] == b"%":
            need(re.fullmatch(b"%[0-9A-Fa-f]{2}", rest[:3]), "percent-encoding")
            out, rest = out + bytes([int(rest[1:3], 16)]), rest[3:]
        else:
            out, rest = out + rest[:1], rest[1:]
    return out


def harmless(text):
    need(text not in (".", "..") and not re.search(r"[/\\;]", text), "segment")
    need(not any(unicodedata.category(c) == "Cc" for c in text), "segment")


def segment(part):
    need(part, "empty segment")
    try:
        text = percent(part).decode("utf-8")
    except UnicodeError as error:
        raise Refused("UTF-8") from error
    harmless(text)
    if "%" in text:
        try:
            again = percent(text).decode("utf-8", "replace")
        except Refused:
            return text
        harmless(again)
    return text


def canonical_path(raw):
    need(raw[:1] == "/" and not re.search("[#?]", raw), "form")
    parts = raw[1:].split("/") if raw != "/" else []
    last = parts.pop() if len(parts) > 1 and parts[-1] == "" else None
    segments = [segment(part) for part in parts] + ([last] if last is not None else [])
    plain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~!$&'()*+,=:@"
    encoded = ["".join(chr(b) if chr(b) in plain else f"%{b:02X}" for b in one.encode())
               for one in segments]
    return "/" + "/".join(encoded), segments


def check_paths(vectors):
    for v in vectors["paths"]:
        if v["text"]:
            need(canonical_path(v["raw"]) == (v["text"], v["segments"]), f"path {v['raw']}")
            continue
        try:
            canonical_path(v["raw"])
        except Refused:
            continue
        raise Refused(f"accepted {v['raw']}")


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
        "a key twice": "key twice", "an unknown key": "unknown key in order at /",
        "a missing key": "missing key in order at /", "a fraction": "fraction",
        "a negative number": "integer out of range", "an integer of 2^53": "integer out of range",
        "not in normalization form C": "not NFC", "base64 with padding": "base64url",
        "something behind it": "not RFC 8785"}
    need({v["why"] for v in vectors["refused"]} == set(reasons), "kinds of refusal")
    for v in vectors["refused"]:
        must_refuse(lambda raw: read("order", raw), octets(v["bytes"]), reasons[v["why"]])
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
    "batch": (check_batch, "approval person places signature"),
    "decline": (check_decline, "decline order reason signature"),
    "wish": (check_wish, "wish evidence signature"),
    "draft": (check_draft, "draft disclosures signature"),
    "withdrawal": (check_withdrawal, "withdrawal signature"),
    "withdrawn": (statement_of_the_registry("withdrawn"), "statement signature"),
    "records": (check_records, "kind record"),
    "code": (check_code, "bytes text reference_bytes reference"),
    "number": (check_number, "key number digest handler seal"),
    "letter_keys": (check_letter_keys,
                    "founding reference code lookup bind_page bind_cli loss_value"
                    " suspension_value"),
    "message_code": (check_message_code, "reference bytes text bind_page bind_cli"),
    "bind": (check_bind, "key challenge request bind"),
    "letter": (statement_of_the_registry("letter"), "statement signature"),
    "void": (statement_of_the_registry("void"), "statement signature"),
    "receipt": (check_receipt, "receipt signature"),
    "suspension": (check_suspension, "suspension evidence signature"),
    "notice": (check_notice, "notice signature"),
    "lapse": (statement_of_the_registry("lapse"), "statement signature"),
    "revocation": (check_revocation, "cause statement signature"),
    "unlisted": (check_unlisted, "statement signature"),
    "use": (check_use, "founding challenge request signature"),
    "renewal": (check_renewal, "certificate challenge request signature"),
    "bundle": (check_bundle, "files digest"),
    "trust_bundle": (check_trust_bundle, "bundle signature"),
    "people": (check_people, "snapshot signature"),
    "join": (check_join, "token order challenge request value"),
    "run": (check_run, "entries head signature"),
    "spooled": (check_spooled, "frames known bytes"),
    "log_request": (check_log_request, "request signature"),
    "paths": (check_paths, "raw text segments"),
    "checkpoint": (check_checkpoint, "vkey note size root_hash"),
    "inclusion": (check_inclusion, "entries index hashes root_hash"),
    "refused": (check_refused, "why bytes"),
}
FLIPS = [  # where one byte is changed (its way down), and the refusal that must follow
    ("founding/signature", "signature under yinxin-founding-v1"),
    ("founding/digest", "digest"), ("orders/0/digest", "digest"),
    ("orders/2/signature", "signature under yinxin-order-v1"),
    ("number/digest", "digest of a number"), ("number/seal", "seal of a number"),
    ("orders/0/disclosures/1/salt", "commitment"), ("commitment/commitment", "commitment"),
    ("approval/id", "id"), ("batch/signature", "signature under yinxin-approval-v1"), ("decline/reason/salt", "commitment"),
    ("wish/evidence/salt", "commitment"), ("letter/signature", "signature under yinxin-letter-v1"),
    ("void/signature", "signature under yinxin-void-v1"),
    ("draft/disclosures/1/salt", "commitment"), ("withdrawal/signature", "signature"),
    ("withdrawn/signature", "signature under yinxin-withdrawn-v1"),
    ("receipt/signature", "signature under yinxin-receipt-v1"),
    ("suspension/evidence/salt", "commitment"),
    ("notice/signature", "signature under yinxin-suspended-v1"),
    ("lapse/signature", "signature under yinxin-lapse-v1"),
    ("revocation/signature", "signature under yinxin-revocation-v1"),
    ("unlisted/signature", "signature under yinxin-unlisted-v1"),
    ("trust_bundle/signature", "signature under yinxin-trust-bundle-v1"),
    ("use/challenge", "signature under yinxin-use-v1"),
    ("renewal/certificate", "signature under yinxin-use-v1"), ("entry/salt", "entry"),
    ("letter_keys/code", "lookup"), ("message_code/bytes", "message code"),
    ("bind/bind", "bind"), ("bind/request", "bind"),
    ("bundle/digest", "digest"), ("people/signature", "signature under yinxin-people-v1"),
    ("join/token", "join value"), ("run/entries/1", "chain"),
    ("run/signature", "signature under yinxin-spool-v1"), ("spooled/bytes", "record"),
    ("spooled/frames/0/salt", "record"), ("spooled/frames/0/disclosures", "disclosures"),
    ("log_request/signature", "signature under yinxin-log-request-v1"), ("inclusion/hashes/1", "audit path"),
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
