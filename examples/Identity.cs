// Who asks, behind a gate that sends a token with each request (identity = "request"). .NET 8,
// nothing but its own library. Our tests do not run it: Debian has no .NET.
using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

public sealed class Identity(string jwks, string issuer, string audience)
{
    private readonly JsonElement keys = JsonDocument.Parse(jwks).RootElement.GetProperty("keys");
    private readonly ConcurrentDictionary<string, long> served = new();

    private static byte[] Decode(string text) =>
        Convert.FromBase64String(text.Replace('-', '+').Replace('_', '/').PadRight((text.Length + 3) / 4 * 4, '='));

    private static string Encode(byte[] bytes) =>
        Convert.ToBase64String(bytes).TrimEnd('=').Replace('+', '-').Replace('/', '_');

    /// The person, or null: then nothing of the request is done. An exception is no person either.
    public string? Who(string token, string method, string target, long now)
    {
        var part = token.Split('.');
        var head = JsonDocument.Parse(Decode(part[0])).RootElement;
        var jwk = keys.EnumerateArray().First(one => one.GetProperty("kid").GetString() == head.GetProperty("kid").GetString());
        var point = new ECPoint { X = Decode(jwk.GetProperty("x").GetString()!), Y = Decode(jwk.GetProperty("y").GetString()!) };
        using var key = ECDsa.Create(new ECParameters { Curve = ECCurve.NamedCurves.nistP256, Q = point });
        var signed = Encoding.ASCII.GetBytes(part[0] + "." + part[1]);
        if (part.Length != 3 || head.GetProperty("alg").GetString() != "ES256" || head.GetProperty("typ").GetString() != "JWT"
            || !key.VerifyData(signed, Decode(part[2]), HashAlgorithmName.SHA256)) return null;
        var said = JsonDocument.Parse(Decode(part[1])).RootElement;
        string Said(string name) => said.GetProperty(name).GetString()!;
        var good = Said("iss") == issuer && Said("aud") == audience && Said("htm") == method
            && Said("htu") == Encode(SHA256.HashData(Encoding.UTF8.GetBytes(target))) && said.GetProperty("exp").GetInt64() + 5 > now;
        // Remembered for two minutes: a request is served once.
        foreach (var (jti, until) in served) if (until <= now) served.TryRemove(jti, out _);
        return good && served.TryAdd(Said("jti"), now + 121) ? Said("sub") : null;
    }
}
