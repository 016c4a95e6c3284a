import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.CertificateFactory;
import java.security.cert.X509CRL;
import java.security.cert.X509Certificate;
import java.security.cert.X509Extension;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Collectors;

/** Reads each certificate and list of a folder; a line for each, in the order of their names. */
public class ReadCertificates {
    public static void main(String[] words) throws Exception {
        var factory = CertificateFactory.getInstance("X.509");
        List<Path> files;
        try (var found = Files.list(Path.of(words[0]))) {
            files = found.sorted().collect(Collectors.toList());
        }
        for (var file : files) {
            var name = file.getFileName().toString();
            try (var bytes = Files.newInputStream(file)) {
                var said = name.endsWith(".cer")
                        ? certificate((X509Certificate) factory.generateCertificate(bytes))
                        : list((X509CRL) factory.generateCRL(bytes));
                System.out.println(said);
            } catch (Exception e) {
                System.out.println(e.toString().lines().findFirst().orElse("an error"));
            }
        }
    }

    /** Serial number, times, and alternative names: of each its form, of some what it says. */
    static String certificate(X509Certificate certificate) throws Exception {
        known(certificate);
        if (certificate.getPublicKey().getEncoded() == null || certificate.getKeyUsage() == null) {
            throw new Exception("no key");
        }
        if (certificate.getSubjectX500Principal().equals(certificate.getIssuerX500Principal())) {
            certificate.verify(certificate.getPublicKey());
        }
        var names = certificate.getSubjectAlternativeNames();
        var said = names == null ? "" : names.stream().map(ReadCertificates::name).sorted()
                .collect(Collectors.joining(" "));
        var serial = HexFormat.of().formatHex(certificate.getSerialNumber().toByteArray());
        var from = certificate.getNotBefore().toInstant().getEpochSecond();
        var to = certificate.getNotAfter().toInstant().getEpochSecond();
        return (serial + " " + from + " " + to + " " + said).strip();
    }

    /** What a mail address or a host says; of others the form alone. */
    static String name(List<?> one) {
        return one.get(0) + ":" + (List.of(1, 2).contains(one.get(0)) ? one.get(1) : "");
    }

    /** How many it holds. */
    static String list(X509CRL list) throws Exception {
        known(list);
        if (!list.getNextUpdate().after(list.getThisUpdate())) {
            throw new Exception("no time");
        }
        var revoked = list.getRevokedCertificates();
        return "revokes " + (revoked == null ? 0 : revoked.size());
    }

    /** Nothing critical that Java does not know. */
    static void known(X509Extension one) throws Exception {
        if (one.hasUnsupportedCriticalExtension()) {
            throw new Exception("critical: " + one.getCriticalExtensionOIDs());
        }
    }
}
