import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.time.Duration;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/** Posts to each address after 100 Continue, over both protocols; prints a line for each answer. */
public class ExpectContinue {
    public static void main(String[] words) throws Exception {
        // Its own time limit does not hold where a final status comes instead of 100 (JDK-8286171).
        var late = new Thread(() -> {
            try {
                Thread.sleep(Duration.ofSeconds(60).toMillis());
            } catch (InterruptedException e) {
                return;
            }
            System.out.println("no answer came");
            Runtime.getRuntime().halt(1);
        });
        late.setDaemon(true);
        late.start();
        var secret = "secret".toCharArray();
        var keys = KeyStore.getInstance("PKCS12");
        keys.load(Files.newInputStream(Path.of(words[0])), secret);
        var shown = KeyManagerFactory.getInstance("PKIX");
        shown.init(keys, secret);
        var root = CertificateFactory.getInstance("X.509")
                .generateCertificate(Files.newInputStream(Path.of(words[1])));
        var trusted = KeyStore.getInstance("PKCS12");
        trusted.load(null, null);
        trusted.setCertificateEntry("root", root);
        var trust = TrustManagerFactory.getInstance("PKIX");
        trust.init(trusted);
        var tls = SSLContext.getInstance("TLS");
        tls.init(shown.getKeyManagers(), trust.getTrustManagers(), null);
        for (var version : HttpClient.Version.values()) {
            var client = HttpClient.newBuilder().sslContext(tls).version(version).build();
            for (var address : java.util.List.of(words).subList(2, words.length)) {
                var request = HttpRequest.newBuilder(URI.create(address)).expectContinue(true)
                        .header("Content-Type", "application/json")
                        .timeout(Duration.ofSeconds(15)).POST(BodyPublishers.ofString("hello"));
                var answer = client.send(request.build(), BodyHandlers.ofString());
                var code = answer.headers().firstValue("yinxin-refusal").orElse("-");
                var end = answer.body().endsWith("hello");
                System.out.println(answer.version() + " " + answer.statusCode() + " " + code + " " + end);
            }
        }
        System.exit(0);
    }
}
