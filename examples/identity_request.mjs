// Who asks, behind a gate that sends a token with each request (identity = "request"): for Node,
// without libraries.
//
// Run by itself it judges requests: a line each, token, method, target and the time in unix seconds
// with tabs between; prints for each the person, or a hyphen.
//
//     node identity_request.mjs JWKS ISSUER AUDIENCE < requests
import { createHash, createPublicKey, verify } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

const decode = (text) => Buffer.from(text ?? '', 'base64url');

/// `jwks` is the content of the gate's `jwks.json`. What it gives says who asks, or nothing.
export function verifier({ jwks, issuer, audience }) {
  const keys = new Map(jwks.keys.map((jwk) => [jwk.kid, createPublicKey({ key: jwk, format: 'jwk' })]));
  const served = new Map();
  return function who({ token, method, target, now }) {
    const [head, payload, signature] = token.split('.');
    const { alg, typ, kid } = JSON.parse(decode(head));
    const by = { key: keys.get(kid), dsaEncoding: 'ieee-p1363' };
    const signed = Buffer.from(`${head}.${payload}`);
    if (alg !== 'ES256' || typ !== 'JWT' || !by.key || !verify('sha256', signed, by, decode(signature))) return null;
    const said = JSON.parse(decode(payload));
    const htu = createHash('sha256').update(target).digest('base64url');
    const good = said.iss === issuer && said.aud === audience && said.htm === method && said.htu === htu;
    if (!good || said.exp + 5 <= now || served.get(said.jti) > now) return null;
    served.set(said.jti, now + 121); // a request is served once
    return said.sub;
  };
}

if (process.argv[1] === import.meta.filename) {
  const [jwks, issuer, audience] = process.argv.slice(2);
  const who = verifier({ jwks: JSON.parse(readFileSync(jwks, 'utf8')), issuer, audience });
  for await (const line of createInterface({ input: process.stdin })) {
    const [token, method, target, now] = line.split('\t');
    let person = null;
    try {
      person = who({ token, method, target, now: Number(now) });
    } catch {
      // Whatever is wrong with it, it is not believed.
    }
    console.log(person ?? '-');
  }
}
