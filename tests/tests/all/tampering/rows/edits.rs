//! What a hand does in each table, and what holds a document of JSON.

/// How a hand changes a row of a table, and how it adds one. Tables that are named nowhere here
/// have no test, which is an error.
pub(super) const HANDS: &[(&str, &str, &str)] = &[
    (
        "unit",
        "update unit set parent = null, open = 0",
        "insert into unit values ('u-9', 'x', 1, null, 1)",
    ),
    (
        "person",
        "update person set name = 'X', unit_id = 'sz-finance', disclosures = '[]'",
        "insert into person values ('P999999999999999', 'sz-office', 1, 0, 'X', '[]')",
    ),
    (
        "role_grant",
        "update role_grant set scope = 'shangluo'",
        "insert into role_grant select person_id, 'security-administrator', 'shangluo' from person \
         where person_id not in (select person_id from role_grant \
         where role = 'security-administrator')",
    ),
    (
        "portal",
        "update portal set open = 0, public_host = 'x.localhost'",
        "insert into portal values ('portal-9', 'shangluo', 'a.localhost', 'b.localhost', 1)",
    ),
    (
        "profile",
        "update profile set version = version + 7",
        "insert into profile select 'anybody', version, digest from profile \
         where profile_id = 'official'",
    ),
    (
        "agent",
        "update agent set open = 1 - open, unit_id = 'shangluo'",
        "insert into agent select 'agent-9', 'shangluo', 'oa', digest, 1 from profile \
         where profile_id = 'official'",
    ),
    (
        "bundle",
        "update bundle set version = version + 50",
        "insert into bundle select version + 9, order_digest from bundle",
    ),
    (
        "letter",
        "update letter set loss_sha256 = lookup_sha256, lost = 0, expires = 9999999999, \
         bind_page = lookup_sha256, bind_cli = lookup_sha256",
        "insert into letter select '9999999999999999', person_id, profile_id, label, \
         lookup_sha256, loss_sha256, bind_page, bind_cli, expires, 0 from letter limit 1",
    ),
    (
        "join_token",
        "update join_token set sealed = order_digest",
        "insert into join_token select digest, 'agent-9', digest from profile limit 1",
    ),
    (
        "ordered",
        "update ordered set state = 'done', signature = order_digest, disclosures = '[]'",
        "insert into ordered (order_digest, order_id, kind, about, order_bytes, signature, \
         disclosures, files, made, expires, state) select digest, '9999999999999999', 'issue', \
         'x', digest, digest, '[]', '[]', 1, 9999999999, 'open' from profile limit 1",
    ),
    (
        "approval",
        "update approval set approval = '{}'",
        "insert into approval select digest, 'P999999999999999', '{}', 1 from profile limit 1",
    ),
    (
        "consumed_approval",
        "update consumed_approval set person_id = person_id || 'X'",
        "insert into consumed_approval (order_digest, person_id) \
         select digest, 'P999999999999999' from profile limit 1",
    ),
    (
        "declined",
        "update declined set record_id = order_digest",
        "insert into declined select digest, digest from profile limit 1",
    ),
    (
        "intent",
        "update intent set state = 'recorded', tbs = mac",
        "insert into intent select '11223344', digest, 'official', 'x', null, digest, digest, \
         'recorded' from profile limit 1",
    ),
    (
        "certificate",
        "update certificate set certificate = key_sha256, reference = null, subject = 'x'",
        "insert into certificate select '11223344', under, 'x', profile_id, null, key_sha256, \
         9999999999, certificate, record_id from certificate limit 1",
    ),
    (
        "revocation",
        "update revocation set at = 1, not_after = 1",
        "insert into revocation select serial, 1, 'superseded', 9999999999 from certificate \
         where serial not in (select serial from revocation)",
    ),
    (
        "crl",
        "update crl set list = (select l.list from crl l where l.issuer = crl.issuer \
         order by l.number limit 1)",
        "insert into crl select issuer, shard, number + 100000, this_update, next_update, list \
         from crl where number = (select max(number) from crl where issuer = 'issuing-1') \
         and issuer = 'issuing-1'",
    ),
    (
        "people_snapshot",
        "update people_snapshot set snapshot = signature",
        "insert into people_snapshot select 'agent-9', 900, digest, digest from profile limit 1",
    ),
    (
        "disclosure",
        "update disclosure set value = '\"x\"'",
        "insert into disclosure select digest, '/x', digest, '1' from profile limit 1",
    ),
    (
        "log_pending",
        "update log_pending set record = (select record from log_entry where log_id = 'control' \
         and idx = 3)",
        "insert into log_pending (position, log_id, record_id, record, salt, entry) \
         select 900000, log_id, record_id, record, salt, entry from log_entry \
         where log_id = 'control' and idx = 3",
    ),
    (
        "log_entry",
        "update log_entry set record = salt where log_id = 'control' and idx = 3",
        "insert into log_entry select log_id, (select max(idx) + 1 from log_entry \
         where log_id = 'control'), salt, record, salt, entry from log_entry \
         where log_id = 'control' and idx = 3",
    ),
    (
        "log_head",
        "update log_head set size = size - 1 where log_id = 'control'",
        "insert into log_head select 'other', size, root, checkpoint from log_head \
         where log_id = 'control'",
    ),
    (
        "log_tile",
        "update log_tile set hashes = \
         (select digest from profile where profile_id = 'official') where log_id = 'control'",
        "insert into log_tile select 'other', level, idx, hashes from log_tile \
         where log_id = 'control'",
    ),
    (
        "log_opening",
        "update log_opening set disclosures = '[]'",
        "insert into log_opening values ('other', 1, '[]')",
    ),
    (
        "log_segment",
        "update log_segment set size = size + 1",
        "insert into log_segment values ('other', 1, 0, 1)",
    ),
    (
        "log_posting",
        "update log_posting set block = low",
        "insert into log_posting select 'other', segment, low, block from log_posting \
         where log_id = 'control'",
    ),
    (
        "log_projected",
        "update log_projected set size = 0",
        "insert into log_projected values ('other', 1)",
    ),
    (
        "agent_head",
        "update agent_head set head = signature",
        "insert into agent_head select 'agent-9', digest, 1, digest, digest, digest, 0, 0 \
         from profile limit 1",
    ),
    (
        "notice",
        "update notice set notice = mac",
        "insert into notice select digest, 'mail', 'P999999999999999', digest, digest, 1, \
         'waiting', 0, 0 from profile limit 1",
    ),
    ("lease", "update lease set holder = 'x'", "insert into lease values ('x', 'x', 9999999999)"),
    (
        "founding",
        "update founding set state = 'building'",
        "insert into founding select digest, 'done' from profile where profile_id = 'official'",
    ),
];

/// How a hand empties a table; of a log's, for the log that has rows there.
pub(super) fn emptied(table: &str) -> String {
    match table {
        "log_opening" => "delete from log_opening where log_id = 'access'".into(),
        log if log.starts_with("log_") => format!("delete from {log} where log_id = 'control'"),
        _ => format!("delete from {table}"),
    }
}

/// Tables that may have no row for a hand to touch, and why.
pub(super) const MAY_BE_EMPTY: [(&str, &str); 1] =
    [("log_pending", "what waits is gone as soon as the log looks")];

/// Text columns that hold a document of JSON.
pub(super) const JSON: [(&str, &str); 6] = [
    ("person", "disclosures"),
    ("ordered", "disclosures"),
    ("ordered", "files"),
    ("approval", "approval"),
    ("disclosure", "value"),
    ("log_opening", "disclosures"),
];
