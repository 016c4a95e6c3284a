// Who asks, behind a gate with `identity = "connection"`: for Node, without libraries.
//
// Run by itself it judges requests: one JSON object a line, {token, proof, method, target, now},
// and prints for each the person and the record, or nothing.
//
//     node identity.mjs JWKS REQUEST_KEY ISSUER AUDIENCE < requests
import { createHash, createHmac, createPublicKey, timingSafeEqual, verify } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

const read = (part) => JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));

/// `jwks` and `key` are the contents of the gate's `jwks.json` and `request.key`.
export function verifier({ jwks, key, issuer, audience }) {
  const shared = Buffer.from(key.trim(), 'base64url');
  const served = new Map();

  // What a token says, if the gate signed it for this application and it is not over.
  function claims(token, now) {
    const [head, payload, signature] = token.split('.');
    const { alg, typ, kid } = read(head);
    const jwk = JSON.parse(jwks).keys.find((one) => one.kid === kid);
    if (alg !== 'ES256' || typ !== 'yinxin-connection+jwt' || !jwk) return null;
    const by = { key: createPublicKey({ key: jwk, format: 'jwk' }), dsaEncoding: 'ieee-p1363' };
    const signed = Buffer.from(`${head}.${payload}`);
    if (!verify('sha256', signed, by, Buffer.from(signature, 'base64url'))) return null;
    const { iss, aud, exp, sub, name, org } = read(payload);
    return iss === issuer && aud === audience && exp + 5 > now ? { sub, name, org } : null;
  }

  /// `method` and `target` (path and query) as they arrived; `now` in unix seconds.
  return function who({ token, proof, method, target, now }) {
    const [, jti, iat, mac] = /^([^.]+)\.(\d{1,12})\.([\w-]{43})$/.exec(proof) ?? [];
    if (!jti) return null;
    const digest = createHash('sha256').update(token).digest('base64url');
    const proven = `yinxin-request-v1\0${[digest, jti, iat, method, target].join('\n')}`;
    const made = createHmac('sha256', shared).update(proven).digest();
    if (!timingSafeEqual(made, Buffer.from(mac, 'base64url'))) return null;
    if (Math.abs(now - Number(iat)) > 60) return null;
    const said = claims(token, now);
    // A request is served once: whoever read it cannot ask again.
    for (const [known, until] of served) if (until <= now) served.delete(known);
    if (!said || served.has(jti)) return null;
    served.set(jti, now + 121);
    return { ...said, jti };
  };
}

if (process.argv[1] === import.meta.filename) {
  const [jwks, key, issuer, audience] = process.argv.slice(2);
  const text = (path) => readFileSync(path, 'utf8');
  const who = verifier({ jwks: text(jwks), key: text(key), issuer, audience });
  for await (const line of createInterface({ input: process.stdin })) {
    console.log(JSON.stringify(who(JSON.parse(line))));
  }
}
