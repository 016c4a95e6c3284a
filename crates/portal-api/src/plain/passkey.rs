//! A passkey that is to be certified, field by field.

use super::named::host_named;
use ::plain::bilingual::{Fact, fact, fingerprint, said, sha256};
use ::plain::value::{FactValue, NameAndId};
use pki::Certificate;
use records::label::Label;
use records::order::CredentialBody;
use records::passkey::PasskeyStatement;

/// What its certificate and its statement say, and whether that certificate's key signed it.
pub fn about_passkey(body: &CredentialBody) -> Vec<Fact> {
    let certificate = Certificate::read(&body.certificate.0).ok();
    let signed = certificate.as_ref().is_some_and(|certificate| {
        Label::Passkey.verify(certificate.key(), &body.statement.0, &body.signature.0)
    });
    let signed = match signed {
        true => said("由该证书的密钥签名", "signed by that certificate's key"),
        false => said("不是该证书的密钥签名！", "NOT signed by that certificate's key"),
    };
    let mut facts = vec![
        holder(certificate.as_ref()),
        fact(("证书指纹", "certificate's fingerprint"), sha256(&body.certificate.0)),
        fact(("申请签名", "signature of the wish"), signed),
        fact(("签名摘要", "digest of that signature"), sha256(&body.signature.0)),
        fact(("申请摘要", "digest of the wish"), sha256(&body.statement.0)),
    ];
    let statement: Option<PasskeyStatement> = records::json::read(&body.statement.0).ok();
    let Some(statement) = statement else {
        let value = said("无法读取！", "NOT readable");
        facts.push(fact(("申请内容", "the wish"), value));
        return facts;
    };
    facts.extend(stated(&statement));
    facts
}

/// The same before it is signed: whose certificate signs it, and what the statement says.
pub fn about_new_passkey(certificate: &Certificate, statement: &PasskeyStatement) -> Vec<Fact> {
    std::iter::once(holder(Some(certificate))).chain(stated(statement)).collect()
}

/// Whose certificate it is.
fn holder(certificate: Option<&Certificate>) -> Fact {
    let subject = certificate.map(Certificate::subject);
    let name = subject.and_then(|subject| subject.common_name()).unwrap_or_default();
    let id = subject.and_then(|subject| subject.person()).unwrap_or_default().to_owned();
    let named: FactValue = NameAndId { name: Some(name), id, unit: None }.into();
    fact(("持有人证书", "the holder's certificate"), named)
}

fn stated(statement: &PasskeyStatement) -> Vec<Fact> {
    let kept = match statement.software {
        true => said("软件（仅限示例城市）", "software (sample cities only)"),
        false => said("硬件", "hardware"),
    };
    let copied = match (statement.backup_eligible, statement.backed_up) {
        (true, true) => said("可复制，已复制到其他设备", "may be copied, and was"),
        (true, false) => said("可复制到其他设备", "may be copied to other devices"),
        (false, false) => said("不能离开这台设备", "cannot leave its device"),
        (false, true) => said("不可复制，却已复制！", "may NOT be copied, and was"),
    };
    vec![
        fact(("用于", "for"), &statement.origin),
        fact(("依赖方", "relying party"), host_named(&statement.rp_id)),
        fact(("保管方式", "kept in"), kept),
        fact(("备份", "backup"), copied),
        fact(("通行密钥编号", "credential"), statement.credential.to_string()),
        fact(("公钥", "public key"), sha256(&statement.key.0)),
        fact(("计数器", "counter"), statement.counter.to_string()),
        fact(("绑定证书", "bound to certificate"), fingerprint(&statement.certificate.0)),
        fact(("城市", "city"), fingerprint(&statement.founding.0)),
    ]
}
