//! What to type for programs that people run, with what is known of a system filled in. Each text
//! is one that a shell or a file of its program takes as it stands; what is filled in is one word
//! there, whoever said it.

/// A program that speaks ACME.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AcmeProgram {
    /// certbot.
    Certbot,
    /// lego.
    Lego,
    /// acme.sh.
    AcmeSh,
    /// Caddy.
    Caddy,
    /// nginx with its own module (`ngx_http_acme_module`).
    Nginx,
    /// Windows with win-acme.
    WinAcme,
}

/// What is filled in.
#[derive(Clone, Copy, Debug)]
pub struct ProgramSetup<'a> {
    /// The directory of this CA.
    pub directory: &'a str,
    /// Names the secret that binds an account.
    pub kid: &'a str,
    /// That secret, or what stands for it where nobody may know it.
    pub hmac: &'a str,
    /// A name or an address for which a certificate is wanted.
    pub name: &'a str,
    /// The mail address of who runs it.
    pub mail: &'a str,
}

impl AcmeProgram {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Self; 6] =
        [Self::Certbot, Self::Lego, Self::AcmeSh, Self::Caddy, Self::Nginx, Self::WinAcme];

    /// What it is called.
    pub fn name(self) -> &'static str {
        match self {
            Self::Certbot => "certbot",
            Self::Lego => "lego",
            Self::AcmeSh => "acme.sh",
            Self::Caddy => "Caddy",
            Self::Nginx => "nginx",
            Self::WinAcme => "Windows (win-acme)",
        }
    }

    /// What is typed, or stands in its file. The root stands beside it, as `root.pem`: no program
    /// reaches this CA without.
    pub fn text(self, setup: &ProgramSetup<'_>) -> String {
        let [directory, kid, hmac, name, mail] =
            [setup.directory, setup.kid, setup.hmac, setup.name, setup.mail].map(word);
        match self {
            Self::Certbot => format!(
                "REQUESTS_CA_BUNDLE=root.pem certbot certonly --webroot -w /var/www/html \\\n  \
                 -d {name} --server {directory} \\\n  --eab-kid {kid} --eab-hmac-key {hmac} \\\n  \
                 -m {mail} --agree-tos\n"
            ),
            Self::Lego => format!(
                "LEGO_CA_CERTIFICATES=root.pem lego --server {directory} \\\n  \
                 --eab --kid {kid} --hmac {hmac} \\\n  \
                 --email {mail} --accept-tos --tls --domains {name} run\n"
            ),
            Self::AcmeSh => format!(
                "acme.sh --register-account --server {directory} --ca-bundle root.pem \\\n  \
                 --eab-kid {kid} --eab-hmac-key {hmac} -m {mail}\n\
                 acme.sh --issue --server {directory} --ca-bundle root.pem \\\n  \
                 -d {name} -w /var/www/html\n"
            ),
            Self::Caddy => format!(
                "{{\n    email {mail}\n    acme_ca {directory}\n    acme_ca_root root.pem\n    \
                 acme_eab {{\n        key_id {kid}\n        mac_key {hmac}\n    }}\n}}\n\n\
                 {name} {{\n    root * /var/www/html\n    file_server\n}}\n"
            ),
            Self::Nginx => format!(
                "acme_issuer city {{\n    uri {directory};\n    contact {mail};\n    \
                 ssl_trusted_certificate root.pem;\n    \
                 external_account_key {kid} data:{hmac};\n    \
                 state_path /var/lib/nginx/acme;\n    accept_terms_of_service;\n}}\n\
                 resolver 127.0.0.1;\n\n\
                 server {{\n    listen 80;\n    listen 443 ssl;\n    server_name {name};\n    \
                 acme_certificate city;\n    ssl_certificate $acme_certificate;\n    \
                 ssl_certificate_key $acme_certificate_key;\n}}\n"
            ),
            Self::WinAcme => format!(
                "certutil -addstore Root root.pem\n\
                 wacs.exe --baseuri {directory} --eab-key-identifier {kid} --eab-key {hmac} ^\n  \
                 --source manual --host {name} --validation selfhosting ^\n  \
                 --store certificatestore --emailaddress {mail} --accepttos\n"
            ),
        }
    }
}

/// A value as one word of any of these texts: of another character nothing stands there, so that
/// whoever said it has nothing typed but what was to be filled in.
fn word(value: &str) -> String {
    let plain = |c: &char| c.is_ascii_alphanumeric() || "-._:/@".contains(*c);
    let word: String = value.chars().filter(plain).collect();
    // What begins with a hyphen would be an option, and nothing at all would move what follows.
    let word = word.trim_start_matches('-');
    if word.is_empty() { "?".to_owned() } else { word.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn setup<'a>(name: &'a str, hmac: &'a str) -> ProgramSetup<'a> {
        ProgramSetup {
            directory: "https://acme.city.gov.cn/acme/directory",
            kid: "site.0011223344556677",
            hmac,
            name,
            mail: "ops@city.gov.cn",
        }
    }

    /// Address, secret and name stand in the text for each program.
    #[test]
    fn each_program_is_told_where_and_as_whom() {
        for program in AcmeProgram::ALL {
            let text = program.text(&setup("www.city.gov.cn", "c2VjcmV0"));
            for part in ["https://acme.city.gov.cn/acme/directory", "site.0011", "c2VjcmV0"] {
                assert!(text.contains(part), "{}: {text}", program.name());
            }
            assert!(text.contains("www.city.gov.cn"), "{text}");
        }
    }

    /// A portal that fills in what is none has no command of its own copied.
    #[test]
    fn what_is_filled_in_stays_one_word() {
        for name in ["a.cn; rm -rf ~", "a.cn\nroot", "$(id)", "`id`", "a.cn'\"", "--server x", ""] {
            for program in AcmeProgram::ALL {
                let text = program.text(&setup(name, "c2VjcmV0"));
                let plain = program.text(&setup("www", "c2VjcmV0"));
                assert_eq!(text.lines().count(), plain.lines().count(), "{name:?}");
                let words = |text: &str| text.split_whitespace().count();
                assert_eq!(words(&text), words(&plain), "{name:?}: {text}");
                for sign in ["$(", "`", "'", "\"", "; rm"] {
                    assert!(!text.contains(sign), "{name:?}: {text}");
                }
            }
        }
    }
}
