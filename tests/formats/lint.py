"""pkilint over a folder, as a library: certificates (`.cer`), lists of end entities (`.crl`) and of
authorities (`.arl`). Prints every finding, notices too, on a line of its
own, as FILE TAB CODE TAB WHERE TAB WHAT, and at last how many files were looked at."""

import sys
from pathlib import Path

from pkilint import loader, pkix
from pkilint.pkix import certificate, crl, extension, name
from pkilint.validation import ValidationFindingSeverity as Severity


def of_certificates():
    return certificate.create_pkix_certificate_validator_container(
        certificate.create_decoding_validators(
            name.ATTRIBUTE_TYPE_MAPPINGS, extension.EXTENSION_MAPPINGS
        ),
        [
            certificate.create_issuer_validator_container([]),
            certificate.create_validity_validator_container(),
            certificate.create_subject_validator_container([]),
            certificate.create_extensions_validator_container([]),
            certificate.create_spki_validator_container([]),
        ],
    )


def of_lists():
    return crl.create_pkix_crl_validator_container(
        [
            pkix.create_attribute_decoder(name.ATTRIBUTE_TYPE_MAPPINGS),
            pkix.create_extension_decoder(extension.EXTENSION_MAPPINGS),
        ],
        [
            crl.create_issuer_validator_container([]),
            crl.create_validity_validator_container([]),
            crl.create_extensions_validator_container([]),
        ],
    )


READERS = {
    ".cer": (of_certificates(), loader.RFC5280CertificateDocumentLoader()),
    ".crl": (of_lists(), loader.RFC5280CertificateListDocumentLoader()),
    ".arl": (of_lists(), loader.RFC5280CertificateListDocumentLoader()),
}


def judged(path):
    validator, reader = READERS[path.suffix]
    document = reader.load_der_document(path.read_bytes(), path.name)
    found = []
    for result in validator.validate(document.root):
        for told in result.finding_descriptions:
            if told.finding.severity <= Severity.NOTICE:
                what = " ".join(str(told.message or "").split())
                found.append((path.name, told.finding.code, result.node.path, what))
    return found


def main():
    paths = sorted(p for p in Path(sys.argv[1]).iterdir() if p.suffix in READERS)
    for line in (line for path in paths for line in judged(path)):
        print("\t".join(line))
    print(len(paths))


main()
