<?php
// Who asks, behind a gate that sends a token with each request (identity = "request"). PHP 8 with
// its openssl extension.
//
// Run by itself it judges requests: a line each, token, method, target and the time in unix seconds
// with tabs between; prints for each the person, or a hyphen.
//
//     php identity.php JWKS ISSUER AUDIENCE < requests

function decode(string $text): string
{
    return (string) base64_decode(strtr($text, '-_', '+/'), true);
}

// A key of a JWK as OpenSSL reads it: SubjectPublicKeyInfo of P-256 (RFC 5480).
function key_of(object $jwk): string
{
    $spki = hex2bin('3059301306072a8648ce3d020106082a8648ce3d03010703420004') . decode($jwk->x) . decode($jwk->y);
    return "-----BEGIN PUBLIC KEY-----\n" . chunk_split(base64_encode($spki), 64, "\n") . "-----END PUBLIC KEY-----\n";
}

// A signature as OpenSSL reads it: two numbers in DER (RFC 3279 2.2.3).
function der(string $raw): string
{
    $numbers = array_map(function (string $half): string {
        $number = ltrim($half, "\0");
        $number = $number === '' || ord($number[0]) > 127 ? "\0" . $number : $number;
        return "\x02" . chr(strlen($number)) . $number;
    }, str_split($raw, 32));
    return "\x30" . chr(strlen(implode('', $numbers))) . implode('', $numbers);
}

function who(array $gate, array &$served, string $token, string $method, string $target, int $now): ?string
{
    [$head, $payload, $signature] = array_pad(explode('.', $token), 3, '');
    [$header, $raw] = [json_decode(decode($head)), decode($signature)];
    $key = $gate['keys'][$header->kid ?? ''] ?? null;
    if ($key === null || strlen($raw) !== 64 || $header->alg !== 'ES256' || $header->typ !== 'JWT'
        || openssl_verify("$head.$payload", der($raw), $key, OPENSSL_ALGO_SHA256) !== 1) return null;
    $said = json_decode(decode($payload));
    $htu = rtrim(strtr(base64_encode(hash('sha256', $target, true)), '+/', '-_'), '=');
    $good = [$said->iss, $said->aud, $said->htm, $said->htu] === [$gate['issuer'], $gate['audience'], $method, $htu];
    if (!$good || $said->exp + 5 <= $now || isset($served[$said->jti])) return null;
    $served[$said->jti] = $now + 121; // remembered for two minutes: a request is served once
    return $said->sub;
}

[, $jwks, $issuer, $audience] = $argv;
$gate = ['keys' => [], 'issuer' => $issuer, 'audience' => $audience];
foreach (json_decode(file_get_contents($jwks))->keys as $jwk) $gate['keys'][$jwk->kid] = key_of($jwk);
$served = [];
while (($line = fgets(STDIN)) !== false) {
    [$token, $method, $target, $now] = explode("\t", rtrim($line, "\n"));
    try {
        echo who($gate, $served, $token, $method, $target, (int) $now) ?? '-', "\n";
    } catch (Throwable) { // whatever is wrong with it, it is not believed
        echo "-\n";
    }
}
