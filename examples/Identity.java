// Who asks, behind a gate that sends a token with each request (identity = "request"). Java 17 or
// later, nothing but its own library.
//
// Run by itself it judges requests: a line each, token, method, target and the time in unix seconds
// with tabs between; prints for each the person, or a hyphen.
//
//     java Identity.java JWKS ISSUER AUDIENCE < requests
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.AlgorithmParameters;
import java.security.KeyFactory;
import java.security.MessageDigest;
import java.security.PublicKey;
import java.security.Signature;
import java.security.spec.ECGenParameterSpec;
import java.security.spec.ECParameterSpec;
import java.security.spec.ECPoint;
import java.security.spec.ECPublicKeySpec;
import java.util.Base64;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Pattern;

public class Identity {
    private final Map<String, PublicKey> keys = new ConcurrentHashMap<>();
    private final Map<String, Long> served = new ConcurrentHashMap<>();
    private final String issuer, audience;

    public Identity(String jwks, String issuer, String audience) throws Exception {
        this.issuer = issuer;
        this.audience = audience;
        var found = Pattern.compile("\\{[^{}]*\\}").matcher(jwks);
        while (found.find()) keys.put(field(found.group(), "kid"), key(found.group()));
    }

    /** The person, or null: then nothing of the request is done. */
    public String who(String token, String method, String target, long now) throws Exception {
        String[] part = token.split("\\.");
        String head = new String(decode(part[0]), StandardCharsets.UTF_8);
        Signature by = Signature.getInstance("SHA256withECDSAinP1363Format");
        by.initVerify(keys.get(field(head, "kid")));
        by.update((part[0] + "." + part[1]).getBytes(StandardCharsets.US_ASCII));
        if (!field(head, "alg").equals("ES256") || !field(head, "typ").equals("JWT")
            || !by.verify(decode(part[2]))) return null;
        String said = new String(decode(part[1]), StandardCharsets.UTF_8);
        byte[] digest = MessageDigest.getInstance("SHA-256").digest(target.getBytes(StandardCharsets.UTF_8));
        String htu = Base64.getUrlEncoder().withoutPadding().encodeToString(digest);
        boolean good = field(said, "iss").equals(issuer) && field(said, "aud").equals(audience)
            && field(said, "htm").equals(method) && field(said, "htu").equals(htu)
            && Long.parseLong(field(said, "exp")) + 5 > now;
        // Remembered for two minutes: a request is served once.
        served.values().removeIf(until -> until <= now);
        return good && served.putIfAbsent(field(said, "jti"), now + 121) == null ? field(said, "sub") : null;
    }

    // A key of JSON with its quotes stands in no text, where a quote is escaped.
    private static String field(String json, String name) {
        var found = Pattern.compile("\"" + name + "\":\"?([^\",}]*)").matcher(json);
        if (!found.find()) throw new IllegalArgumentException(name);
        return found.group(1);
    }

    private static byte[] decode(String text) {
        return Base64.getUrlDecoder().decode(text);
    }

    private static PublicKey key(String jwk) throws Exception {
        var curve = AlgorithmParameters.getInstance("EC");
        curve.init(new ECGenParameterSpec("secp256r1"));
        var point = new ECPoint(new BigInteger(1, decode(field(jwk, "x"))), new BigInteger(1, decode(field(jwk, "y"))));
        var spec = new ECPublicKeySpec(point, curve.getParameterSpec(ECParameterSpec.class));
        return KeyFactory.getInstance("EC").generatePublic(spec);
    }

    public static void main(String[] words) throws Exception {
        var identity = new Identity(Files.readString(Path.of(words[0])), words[1], words[2]);
        var lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line; (line = lines.readLine()) != null; ) {
            String[] of = line.split("\t");
            String who = null;
            try {
                who = identity.who(of[0], of[1], of[2], Long.parseLong(of[3]));
            } catch (Exception wrong) {
                // Whatever is wrong with it, it is not believed.
            }
            System.out.println(who == null ? "-" : who);
        }
    }
}
