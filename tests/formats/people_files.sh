#!/usr/bin/env bash
# Files of people as programs of others write them, for tests/all/people_files.rs.
#   people_files.sh FOLDER PYTHON
# A name is KIND.OUTCOME.WHAT: the kind of file that is looked for in it, and what becomes of it:
# read, unsupported, weak or broken. The passphrase is `secret` throughout.
set -euo pipefail
cd "$1"
python=$2

key() { openssl genpkey -quiet -out "$1" "${@:2}" 2> /dev/null; }
request() { openssl req -new -utf8 -subj "/CN=王小明" -key "$1" -out "request.$2" "${@:3}" 2> /dev/null; }
ec() { echo -algorithm EC -pkeyopt "ec_paramgen_curve:$1"; }

# shellcheck disable=SC2046
{
  key p256 $(ec P-256); key p384 $(ec P-384); key p521 $(ec P-521); key k1 $(ec secp256k1)
  key explicit $(ec P-256) -pkeyopt ec_param_enc:explicit
}
key ed25519 -algorithm ED25519; key ed448 -algorithm ED448
key rsa2048 -algorithm RSA -pkeyopt rsa_keygen_bits:2048
key rsa1024 -algorithm RSA -pkeyopt rsa_keygen_bits:1024
key rsa3 -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -pkeyopt rsa_keygen_pubexp:3
key rsa2056 -algorithm RSA -pkeyopt rsa_keygen_bits:2056
key rsalarge -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -pkeyopt rsa_keygen_pubexp:4294967297
key rsapss -algorithm RSA-PSS -pkeyopt rsa_keygen_bits:2048
openssl ec -in p256 -conv_form compressed 2> /dev/null | openssl pkcs8 -topk8 -nocrypt > compressed

# Requests by OpenSSL: keys, digests, forms.
for digest in sha256 sha384 sha512; do
  for kind in p256 p384 rsa2048; do request $kind "read.$kind-$digest" -$digest; done
done
request ed25519 read.ed25519
request p256 read.der -outform DER
request p256 read.newhdr -newhdr
{ cat request.read.der; echo; } > request.read.der-line
{ cat request.read.der; echo behind; } > request.broken.der-behind
request p256 read.text -text
request p256 read.extensions -addext subjectAltName=DNS:a.example
request p256 unsupported.sha1 -sha1
request rsa2048 unsupported.pss -sigopt rsa_padding_mode:pss
request rsapss unsupported.rsapss-key
request p521 unsupported.p521
request k1 unsupported.secp256k1 -sha256
request ed448 unsupported.ed448
request explicit unsupported.explicit -sha256
request compressed unsupported.compressed -sha256
request rsa2056 unsupported.rsa2056
request rsalarge unsupported.large-exponent
request rsa1024 weak.rsa1024
request rsa3 weak.exponent3

# The same text as editors, shells and mail leave it.
pem=request.read.p256-sha256
body=$(grep -v -- ----- $pem | tr -d '\n')
begin='-----BEGIN CERTIFICATE REQUEST-----' end='-----END CERTIFICATE REQUEST-----'
sed 's/$/\r/' $pem > request.read.crlf
sed 's/$/ \t/' $pem > request.read.blanks
sed G $pem > request.read.blank-lines
{ printf '\xef\xbb\xbf'; cat $pem; } > request.read.bom
{ printf '\xff\xfe'; iconv -t UTF-16LE $pem; } > request.read.utf16
echo "$begin$body$end" > request.read.one-line
{ echo "$begin"; fold -w 76 <<< "$body"; echo "$end"; } > request.read.76-columns
{ echo 王小明 | iconv -t GB18030; cat $pem; } > request.read.gb18030
{ cat $pem; echo trailing; } > request.read.behind
grep -v -- ----- $pem > request.read.bare
cat $pem $pem > request.broken.twice
sed '3s/./*/' $pem > request.broken.star
grep -v END $pem > request.broken.cut
openssl pkcs8 -topk8 -nocrypt -in p256 -out request.broken.key
: > request.broken.empty

# Certificates.
openssl req -x509 -utf8 -subj "/CN=王小明" -key p256 -days 9 -out certificate.read.openssl
openssl x509 -in certificate.read.openssl -outform DER -out certificate.read.der
openssl x509 -in certificate.read.openssl -text -out certificate.read.text
openssl x509 -in certificate.read.openssl -trustout -out certificate.unsupported.trusted
openssl crl2pkcs7 -nocrl -certfile certificate.read.openssl -out certificate.unsupported.pkcs7
openssl pkcs12 -export -in certificate.read.openssl -inkey p256 -passout pass:secret \
  -name 王小明 -out certificate.unsupported.p12
openssl pkcs12 -in certificate.unsupported.p12 -passin pass:secret -nodes -out key.read.pkcs12
cp key.read.pkcs12 certificate.read.pkcs12
# Of version 1, as old roots are, and with serial numbers that none of today has.
openssl req -new -key p256 -subj /CN=wang -out v1.csr
openssl x509 -req -in v1.csr -signkey p256 -days 9 -out certificate.unsupported.v1 2> /dev/null
serial() {
  openssl req -x509 -subj /CN=wang -key p256 -days 9 -set_serial "$2" \
    -out "certificate.unsupported.$1"
}
serial serial0 0
serial serial-negative -5
serial serial-long "0x$(printf '7f%.0s' {1..21})"

# Chains, as each program writes one: leaf, authority, root.
authority() {
  openssl req -x509 -utf8 -subj "/CN=$1" -key "$2" -days 9 -out "$1.pem" \
    -addext basicConstraints=critical,CA:TRUE "${@:3}" 2> /dev/null
}
authority root p384
authority between ed25519 -CA root.pem -CAkey p384
openssl req -x509 -utf8 -subj "/CN=王小明" -key p256 -days 9 -CA between.pem -CAkey ed25519 \
  -out leaf.pem 2> /dev/null
cat leaf.pem between.pem root.pem > chain.read.cat
for own in leaf between root; do openssl x509 -in $own.pem -text; done > chain.read.text
sed 's/$/\r/' chain.read.cat > chain.read.crlf
sed 's/^-----END.*/&\n\n \t/' chain.read.cat > chain.read.blanks
{ echo 王小明 | iconv -t GB18030; cat chain.read.cat; } > chain.read.gb18030
openssl crl2pkcs7 -nocrl -certfile chain.read.cat -out chain.unsupported.pkcs7
openssl crl2pkcs7 -nocrl -certfile chain.read.cat -outform DER -out chain.unsupported.pkcs7-der
openssl pkcs7 -in chain.unsupported.pkcs7 -print_certs -out chain.read.pkcs7
openssl pkcs12 -export -in leaf.pem -inkey p256 -certfile <(cat between.pem root.pem) \
  -passout pass:secret -name wang -out chain.unsupported.p12
openssl pkcs12 -in chain.unsupported.p12 -passin pass:secret -nokeys -out chain.read.pkcs12
keytool -list -rfc -keystore chain.unsupported.p12 -storepass secret 2> /dev/null \
  > chain.read.keytool
certtool --p12-info --inder --infile chain.unsupported.p12 --password secret 2> /dev/null \
  > chain.read.certtool
certtool --certificate-info --infile chain.read.cat 2> /dev/null > chain.read.certtool-text
mkdir chain
echo secret > chain/password
certutil -N -d sql:chain -f chain/password
pk12util -i chain.unsupported.p12 -d sql:chain -k chain/password -W secret > /dev/null
certutil -L -d sql:chain -n wang -a > chain.read.nss
for own in leaf between root; do openssl x509 -in $own.pem -outform DER; done > chain.read.der
{ openssl x509 -in leaf.pem -trustout; cat between.pem root.pem; } > chain.unsupported.mixed
# NSS writes BER, and a root before whom it leads to.
pk12util -o chain.unsupported.nss-p12 -n wang -d sql:chain -k chain/password -W secret > /dev/null
openssl pkcs12 -in chain.unsupported.nss-p12 -passin pass:secret -passout pass:secret \
  -out chain.read.nss-p12
cat root.pem between.pem leaf.pem > chain.read.root-first
cat between.pem leaf.pem root.pem > chain.read.own-between
# One root of version 1 behind good ones, and a good one of no known serial number.
openssl x509 -req -in v1.csr -signkey p256 -days 9 -out v1.pem 2> /dev/null
openssl req -new -utf8 -subj "/CN=王小明" -key p384 |
  openssl x509 -req -days 9 -CA v1.pem -CAkey p256 -extfile <(echo basicConstraints=CA:FALSE) \
    -out below.pem 2> /dev/null
cat below.pem v1.pem > chain.unsupported.v1-root
cat leaf.pem between.pem root.pem certificate.unsupported.serial0 > chain.unsupported.serial0
# One that is damaged in the middle is an error, not a shorter chain.
{ cat leaf.pem; sed '3s/./*/' between.pem; cat root.pem; } > chain.broken.star
{ cat leaf.pem; grep -v END between.pem; cat root.pem; } > chain.broken.cut
{ cat leaf.pem; sed 3d between.pem; cat root.pem; } > chain.broken.line

# Keys.
for digest in hmacWithSHA1 hmacWithSHA256 hmacWithSHA512; do
  openssl pkcs8 -topk8 -in p256 -v2 aes256 -v2prf $digest -passout pass:secret -out sealed.read.$digest
done
openssl pkcs8 -topk8 -in rsa2048 -v2 aes128 -passout pass:secret -out sealed.read.aes128
openssl pkcs8 -topk8 -in p256 -scrypt -passout pass:secret -out sealed.read.scrypt
openssl pkcs8 -topk8 -in p256 -passout pass:secret -outform DER -out sealed.read.der
openssl pkcs8 -topk8 -in p256 -v2 des3 -passout pass:secret -out sealed.unsupported.des3
openssl pkcs8 -topk8 -in p256 -v1 PBE-SHA1-3DES -passout pass:secret -out sealed.unsupported.pbe
openssl ec -in p256 -aes256 -passout pass:secret -out sealed.unsupported.traditional 2> /dev/null
openssl pkcs8 -topk8 -in p521 -passout pass:secret -out sealed.unsupported.p521
openssl pkcs8 -topk8 -in rsapss -passout pass:secret -out sealed.unsupported.rsapss
for kind in p256 p384 ed25519 rsa2048; do cp $kind key.read.$kind; done
# Keys in PKCS#12 and in Java's own store; none of them holds a request.
cp chain.unsupported.nss-p12 sealed.unsupported.nss
cp chain.unsupported.p12 sealed.read.openssl-p12
gnutls() {
  certtool --to-p12 --load-privkey p256 --load-certificate certificate.read.openssl \
    --p12-name wang --password secret "$@" 2> /dev/null
}
gnutls --outfile sealed.unsupported.armoured
gnutls --outder --outfile sealed.read.certtool-p12
cp sealed.unsupported.armoured certificate.unsupported.armoured
keytool -importkeystore -srckeystore sealed.read.openssl-p12 -srcstorepass secret \
  -destkeystore sealed.unsupported.jks -deststoretype JKS -deststorepass secret -noprompt \
  2> /dev/null
cp sealed.unsupported.jks request.broken.jks
cp chain.unsupported.p12 request.broken.p12
cp chain.unsupported.pkcs7-der request.broken.pkcs7-der
openssl ec -in p256 -out key.unsupported.ec 2> /dev/null
openssl ec -in p256 -outform DER -out key.unsupported.ec-der 2> /dev/null
openssl rsa -in rsa2048 -traditional -outform DER -out key.unsupported.rsa-der 2> /dev/null
openssl pkcs8 -topk8 -nocrypt -in p256 -outform DER -out request.broken.key-der
cp ed448 key.unsupported.ed448

# keytool.
store() { keytool "$@" -keystore java.p12 -storepass secret1 2> /dev/null; }
pair() { store -genkeypair -dname CN=wang -alias "$1" "${@:2}"; }
pair rsa -keyalg RSA -keysize 4096
pair ec -keyalg EC -groupname secp256r1
store -certreq -alias rsa -file request.read.keytool-rsa4096
store -certreq -alias ec -sigalg SHA512withECDSA -file request.read.keytool-sha512
store -certreq -alias rsa -sigalg RSASSA-PSS -file request.unsupported.keytool-pss
store -exportcert -rfc -alias ec -file certificate.read.keytool

# GnuTLS, and with it a key in a token that OpenSC's tool made.
printf 'cn = wang\nsigning_key\n' > template
certtool --generate-privkey --key-type ecdsa --curve secp256r1 --pkcs8 --password secret \
  --outfile sealed.read.certtool 2> /dev/null
certtool --generate-privkey --key-type ecdsa --curve secp256r1 --no-text \
  --outfile key.unsupported.certtool 2> /dev/null
certtool --generate-request --load-privkey key.unsupported.certtool --template template \
  --outfile request.read.certtool 2> /dev/null
certtool --generate-self-signed --load-privkey key.unsupported.certtool --template template \
  --outfile certificate.read.certtool 2> /dev/null
mkdir tokens
echo "directories.tokendir = $PWD/tokens" > softhsm.conf
export SOFTHSM2_CONF=$PWD/softhsm.conf
module=/usr/lib/softhsm/libsofthsm2.so
softhsm2-util --init-token --free --label people --pin 1234 --so-pin 1234 > /dev/null
pkcs11-tool --module $module --token-label people --login --pin 1234 --keypairgen \
  --key-type EC:prime256v1 --label own --id 01 > /dev/null 2>&1
certtool --provider $module --generate-request --template template \
  --load-privkey 'pkcs11:token=people;object=own;type=private?pin-value=1234' \
  --load-pubkey 'pkcs11:token=people;object=own;type=public?pin-value=1234' \
  --outfile request.read.opensc 2> /dev/null

# NSS.
mkdir nss
echo secret > nss/password
head -c 64 /dev/urandom > nss/noise
certutil -N -d sql:nss -f nss/password
nss() { certutil -R -d sql:nss -f nss/password -z nss/noise -s CN=wang "$@" 2> /dev/null; }
nss -k ec -q nistp256 -a -o request.read.nss
nss -k rsa -g 2048 -o request.read.nss-der

"$python" - << 'PYTHON'
from datetime import datetime, timedelta, timezone

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization as ser
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import pkcs12

def write(name, content):
    with open(name, "wb") as file:
        file.write(content)

name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "王小明")])
own = ec.generate_private_key(ec.SECP256R1())
asked = x509.CertificateSigningRequestBuilder().subject_name(name)
asked = asked.add_attribute(x509.oid.AttributeOID.CHALLENGE_PASSWORD, b"secret")
write("request.read.python", asked.sign(own, hashes.SHA384()).public_bytes(ser.Encoding.PEM))
edwards = ed25519.Ed25519PrivateKey.generate()
write("request.read.python-der", asked.sign(edwards, None).public_bytes(ser.Encoding.DER))
pkcs8, der, pem = ser.PrivateFormat.PKCS8, ser.Encoding.DER, ser.Encoding.PEM
sealed = ser.BestAvailableEncryption(b"secret")
write("sealed.read.python", own.private_bytes(pem, pkcs8, sealed))
write("sealed.read.python-ed25519", edwards.private_bytes(der, pkcs8, sealed))
write("key.read.python", own.private_bytes(der, pkcs8, ser.NoEncryption()))
old = own.private_bytes(pem, ser.PrivateFormat.TraditionalOpenSSL, ser.NoEncryption())
write("key.unsupported.python", old)
now = datetime.now(timezone.utc)
bare = x509.CertificateBuilder(name, name, own.public_key(), x509.random_serial_number())
bare = bare.not_valid_before(now).not_valid_after(now + timedelta(days=9))
write("certificate.unsupported.bare", bare.sign(own, hashes.SHA256()).public_bytes(pem))
full = bare.add_extension(x509.BasicConstraints(False, None), critical=True)
full = full.sign(own, hashes.SHA256())
write("certificate.read.python", full.public_bytes(pem))
bundle = pkcs12.serialize_key_and_certificates(b"wang", own, full, None, sealed)
write("sealed.read.python-p12", bundle)
PYTHON
chmod 600 -- *.*.*
