//! The catalogue of refusals: a code that never changes, whose fault it is, and a plain sentence in
//! both languages. `docs/errors.md` explains each; a test keeps the two alike.

use serde::{Deserialize, Serialize};

/// Whose fault a refusal is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blame {
    /// What was sent is wrong.
    Caller,
    /// Who sent it is not who they must be.
    Peer,
    /// It is well formed and not permitted.
    Policy,
    /// We cannot at the moment.
    Us,
}

macro_rules! codes {
    ($($variant:ident $name:literal $blame:ident $zh:literal $en:literal;)*) => {
        /// The stable code of a refusal, with its sentences and whose fault it is.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum Code {
            $(#[doc = $en] #[serde(rename = $name)] $variant,)*
        }

        impl Code {
            /// All codes, in the order of this file.
            pub const ALL: &[Code] = &[$(Code::$variant,)*];

            /// The code as people and machines see it.
            pub fn name(self) -> &'static str {
                match self { $(Code::$variant => $name,)* }
            }

            /// The party whose fault the refusal is.
            pub fn blame(self) -> Blame {
                match self { $(Code::$variant => Blame::$blame,)* }
            }

            /// The sentence for people, in Chinese.
            pub fn zh(self) -> &'static str {
                match self { $(Code::$variant => $zh,)* }
            }

            /// The sentence for people, in English.
            pub fn en(self) -> &'static str {
                match self { $(Code::$variant => $en,)* }
            }
        }
    };
}

codes! {
    Malformed "malformed" Caller "提交的内容格式不正确。" "What was sent is not in the expected form.";
    TooLarge "too-large" Caller "提交的内容过大，请分几次提交，每次少一些。" "What was sent is too large; send less of it at a time.";
    TargetTooLong "target-too-long" Caller "请求地址过长。" "The address that was asked for is too long.";
    HeadTooLarge "head-too-large" Caller "请求头的总长度过大。" "The head of the request is too large altogether.";
    FieldsTooMany "fields-too-many" Caller "请求头的字段过多。" "The head of the request has too many fields.";
    TrailersTooLarge "trailers-too-large" Caller "请求正文之后的字段过大。" "The fields behind the body of the request are too large.";
    CodingUnknown "coding-unknown" Caller "不支持请求所用的传输编码。" "The transfer coding of the request is not known here.";
    ExpectationUnknown "expectation-unknown" Caller "不支持请求中的 Expect。" "What the Expect field of the request asks for is not known here.";
    RequestLate "request-late" Caller "请求没有按时发送完毕。" "The request did not arrive in time.";
    NotFound "not-found" Caller "没有找到所请求的内容。" "What was asked for does not exist.";
    MethodNotAllowed "method-not-allowed" Caller "此地址不接受这种请求方法。" "This address does not take this method.";
    UnknownKind "unknown-kind" Caller "不认识这类办件。" "Orders of this kind are not known here.";
    UnknownProfile "unknown-profile" Caller "没有这种证书模板。" "There is no certificate profile of this name.";
    WrongCode "wrong-code" Caller "编号或授权码不正确。" "The reference or the code is not right.";
    TooManyTries "too-many-tries" Caller "操作过于频繁，请稍后再试。" "This was tried too often within a short time; wait a while and try again.";
    CodeUsed "code-used" Caller "此授权码已经用过。" "This code has been used.";
    CodeExpired "code-expired" Caller "此授权码已过期，请索取新密码信封。" "This code has expired; ask for a new letter.";
    LabelNotAllowed "label-not-allowed" Caller "此授权码只能在 yinxin 命令行中使用。" "This code may be used in the yinxin command line only.";
    LetterLost "letter-lost" Caller "此密码信封已挂失，不能再用。" "This letter was reported lost and cannot be used.";
    LetterVoided "letter-voided" Caller "此密码信封已作废，请使用或索取新密码信封。" "This letter was voided; use the new one, or ask for one.";
    ReceiptForeign "receipt-foreign" Caller "这不是本市签发的回执，或者内容已被改动。" "This receipt was not signed by this city, or it was changed.";
    ChallengeUsed "challenge-used" Caller "本次申请已提交过或已超时，请重新开始。" "This step was already taken or took too long; begin again.";
    BindMismatch "bind-mismatch" Caller "公钥与授权码不符，可能在途中被替换。" "The public key does not belong to this code; it may have been exchanged on the way.";
    RequestMalformed "request-malformed" Caller "证书请求不是有效的 PKCS#10。" "The certificate request is not valid PKCS#10.";
    RequestSignature "request-signature" Caller "证书请求没有用它自己的密钥签名。" "The certificate request is not signed by its own key.";
    KeyWeak "key-weak" Caller "密钥强度不足。" "The key is too weak.";
    KeyPublished "key-published" Caller "此密钥的私钥已经公开，请重新生成密钥。" "The private half of this key is public; make a new key.";
    KeyUnknown "key-unknown" Caller "不支持这种密钥或签名算法。" "This kind of key or signature is not supported here.";
    KeyNotAllowed "key-not-allowed" Caller "证书模板不允许这种密钥。" "The profile does not allow this kind of key.";
    KeyForeign "key-foreign" Caller "此密钥已属于他人或系统本身。" "This key already belongs to someone else or to the system itself.";
    KeyUsed "key-used" Caller "续期须使用新密钥。" "A renewal takes a new key, not one that was certified before.";
    NotReady "not-ready" Caller "尚未办结，请稍后再来。" "It is not finished yet; come back later.";
    RulesMalformed "rules-malformed" Caller "访问规则包不正确，未作更改。" "The access rules are not accepted; nothing changed.";
    CrossSite "cross-site" Caller "此请求不是从本站页面发出的，已拒绝。" "This request did not come from a page of this site and was refused.";
    LetterNeeded "letter-needed" Caller "请先输入编号和授权码。" "Enter reference and code first.";
    JwsMalformed "jws-malformed" Caller "请求的签名格式（JWS）不正确。" "The signed request (JWS) is not in the expected form.";
    RequestExceeds "request-exceeds" Caller "证书请求要求了系统证书没有的内容。" "The certificate request asks for what no certificate of a system has.";
    MediaType "media-type" Caller "提交的内容类型不正确。" "What was sent says that it is of another media type than is taken here.";
    RevocationReason "revocation-reason" Caller "不能以此原因吊销。" "Nothing is revoked for this reason.";
    MessageAlgorithm "message-algorithm" Caller "不支持保护消息（CMP）所用的算法或参数。" "The algorithm that protects the message (CMP), or its parameters, are not supported here.";
    MessageVersion "message-version" Caller "不支持这个版本的协议（CMP）。" "This version of the protocol (CMP) is not spoken here.";
    MessageNonce "message-nonce" Caller "消息（CMP）中的随机数缺失、过短，或所答并非本方消息。" "A nonce of the message (CMP) is missing, too short, or answers nothing of ours.";
    TransactionUsed "transaction-used" Caller "这个事务编号（CMP）已用于另一项请求。" "The transaction (CMP) belongs to another request already.";
    OrderUnknown "order-unknown" Policy "未找到该办件。" "There is no such order.";
    OrderAltered "order-altered" Policy "办件内容与签发机构签署的不一致。" "The order is not what the CA signed.";
    OrderIncomplete "order-incomplete" Policy "办件缺少应披露的内容。" "The order comes without all that must be shown.";
    OrderExpired "order-expired" Policy "办件已过期。" "The order has expired.";
    OrderConsumed "order-consumed" Policy "办件已经执行过。" "The order has been carried out already.";
    OrderCancelled "order-cancelled" Policy "办件已失效：已被新的申请取代，或其给予的事项此后已被收回。" "The order is over: a newer application replaced it, or what it gives was taken away since.";
    OrderReturned "order-returned" Policy "办件已退回，请按退回原因更正后重新办理。" "The order was sent back; mend what the reason says and apply again.";
    OrderRejected "order-rejected" Policy "办件已被驳回，不再办理；据以申请的密码信封不能再用。" "The order was rejected and is over; a letter that it rests on cannot be used again.";
    OrderWithdrawn "order-withdrawn" Policy "办件已由起草人撤回。" "Whoever drafted the order took it back.";
    NotDrafter "not-drafter" Policy "只有起草人能撤回。" "Only whoever drafted it can take it back.";
    HandlerScope "handler-scope" Policy "此人或此单位不在您经办的范围内。" "This person or unit is outside of what you handle.";
    NumberRegistered "number-registered" Policy "此证件号已经登记，同一人不能重复登记。" "This identity number is registered already; nobody is registered twice.";
    DraftsTooMany "drafts-too-many" Policy "待审批的经办事项过多，请等待办结或先撤回一些。" "Too many drafts wait for approval; wait for some, or take some back.";
    LetterOpen "letter-open" Policy "此人已有一封可用的密码信封；如有遗失，请先作废。" "This person has a letter already that can be used; if it is lost, void it first.";
    ApprovalSignature "approval-signature" Policy "审批签名无效，或签的不是这份办件。" "The approval's signature is not valid for this order.";
    ApproverUnknown "approver-unknown" Policy "审批人员的证书不具备审批资格。" "The approver's certificate is no approver's credential.";
    ApproverExpired "approver-expired" Policy "审批人员的证书已过期。" "The approver's certificate has expired.";
    ApproverRevoked "approver-revoked" Policy "审批人员的证书已吊销或其角色已撤回。" "The approver's certificate or role was withdrawn.";
    ApproverRole "approver-role" Policy "审批人员没有所需的角色。" "The approver does not hold a role that counts here.";
    ApproverScope "approver-scope" Policy "超出审批人员的管辖范围。" "This is outside the approver's scope.";
    ApproverSelf "approver-self" Policy "不能审批与本人有关的事项。" "Nobody approves for themselves.";
    ApproverDrafted "approver-drafted" Policy "经办人不能审批自己起草的事项。" "Nobody decides about what they drafted themselves.";
    DrafterSelf "drafter-self" Policy "持证人和冻结者不能起草解除冻结，代理双方不能起草代理。" "The holder and whoever suspended draft no release, and neither of the two drafts a delegation.";
    ApproverTwice "approver-twice" Policy "同一人只计一次审批。" "One person's approval counts once.";
    DelegationExpired "delegation-expired" Policy "代理审批的期限已过或尚未开始。" "The delegation is over, or has not begun.";
    PoolAlone "pool-alone" Policy "本单位有审批人员时，须由其先批准，联审员再批准。" "Where the unit has an officer of its own, theirs is the first approval; the pool gives the second.";
    ApprovalsMissing "approvals-missing" Policy "审批人数不足。" "More approvals are needed.";
    OutsideNeeded "outside-needed" Policy "浏览器中的审批已满，还需有人用证书密钥批准。" "No more approvals from a browser count here; somebody has to approve by certificate key.";
    CertificateKeyNeeded "certificate-key-needed" Policy "通行密钥不能签署这么多事项，请在您的电脑上用证书密钥签署。" "A passkey does not sign for so many; sign with your certificate key, on your own computer.";
    PasskeyUnknown "passkey-unknown" Policy "这把通行密钥未经认证、属于他人，或其门户已关闭。" "This passkey is not certified, belongs to someone else, or ended with its portal.";
    PasskeyRefused "passkey-refused" Policy "通行密钥的应答未通过核对。" "The passkey's answer did not pass its checks.";
    PasskeyCounter "passkey-counter" Policy "通行密钥的计数器倒退，可能被复制。" "The passkey's counter did not go forward; it may have been copied.";
    PasskeySoftware "passkey-software" Policy "本市只接受硬件通行密钥。" "This city takes passkeys in hardware only.";
    ProfileChanged "profile-changed" Policy "证书模板在此期间已更改，请重新申请。" "The profile changed in the meantime; apply again.";
    PersonChanged "person-changed" Policy "人员信息在此期间已更改，请重新申请。" "The person's record changed in the meantime; apply again.";
    PersonLeft "person-left" Policy "此人已离任。" "This person has left office.";
    RowUnopened "row-unopened" Policy "批量中须抽查的事项没有全部查看。" "Not every row of the batch that has to be looked at was opened.";
    PersonUnknown "person-unknown" Policy "没有此人。" "There is no such person.";
    UnitUnknown "unit-unknown" Policy "没有此单位，或单位已关闭。" "There is no such unit, or it is closed.";
    SystemClosed "system-closed" Policy "此系统的授权已关闭或已到期。" "The authorization of this system is closed, or over.";
    SystemNames "system-names" Policy "此系统的授权不包含所请求的名称。" "The authorization of this system does not cover a name that was asked for.";
    SystemChallenge "system-challenge" Policy "有名称未通过验证。" "For a name that was asked for no challenge was answered.";
    SystemCaa "system-caa" Policy "域名的 CAA 记录不允许本机构签发，或查询不到。" "The CAA records of a name do not let this CA issue, or cannot be asked for.";
    SystemQuota "system-quota" Policy "此系统本周的证书数量已用完。" "This system has as many certificates this week as it may.";
    SystemLive "system-live" Policy "此系统的有效证书已达上限。" "This system has as many certificates that count as it may.";
    SystemAccounts "system-accounts" Policy "此系统的账户已达上限。" "This system has as many open accounts as it may.";
    SystemRenewal "system-renewal" Policy "续期请求中的名称与原证书不一致。" "The names of the request are not those of the certificate that is renewed.";
    AccountClosed "account-closed" Policy "此账户已停用。" "This account is closed.";
    RoleConflict "role-conflict" Policy "这些角色不能由同一人担任。" "These roles cannot be held by one person.";
    StateConflict "state-conflict" Policy "与当前状态不符。" "This does not fit the present state.";
    EmergencyOpen "emergency-open" Policy "本应用上一次应急授权尚未核查结案。" "The last emergency of this application was not looked at yet.";
    RenewalEarly "renewal-early" Policy "尚未到可以续期的时间。" "It is too early to renew this certificate.";
    RenewalLate "renewal-late" Policy "已过可以续期的时间，请索取新密码信封。" "It is too late to renew this certificate; ask for a new letter.";
    RenewalDone "renewal-done" Policy "此证书已经续期。" "This certificate was renewed already.";
    RenewalNever "renewal-never" Policy "此证书不能续期，请索取新密码信封。" "This certificate cannot be renewed; ask for a new letter.";
    RenewalRejected "renewal-rejected" Policy "续期申请已被驳回，请索取新密码信封。" "The renewal was rejected; ask for a new letter.";
    RenewalSignature "renewal-signature" Policy "续期申请没有用旧证书的密钥签名。" "The renewal is not signed with the key of the old certificate.";
    SignedTime "signed-time" Caller "签署时间与 CA 的时间相差太多，未予受理。请校准本机时间后重新签署。" "It was signed at a time too far from the CA's and is not taken; set this computer's clock, then sign again.";
    WishOpen "wish-open" Policy "这张证书已有一份未签名的吊销请求在等待；请审批或退回它，或者自己签名提出。" "Somebody asks for this certificate to be revoked already, without a signature; approve or decline that, or sign your own wish.";
    WishesTooMany "wishes-too-many" Policy "未签名的吊销请求过多；请用自己的密钥签名提出。" "Too many revocations are asked for without a signature; sign yours with your own key.";
    NothingToSuspend "nothing-to-suspend" Policy "没有可以冻结的证书。" "There is no certificate that could be suspended.";
    SignatureNeeded "signature-needed" Policy "审批人员的证书须由本人签名冻结，或凭密码信封冻结。" "An officer's certificate is suspended by their own signature, or by letter.";
    SuspensionAlone "suspension-alone" Policy "冻结后将不足两人能够解除，请改为申请吊销。" "Too few people would be left to release it; ask for its revocation instead.";
    UnsignedAuthority "unsigned-authority" Policy "数据库内容没有签名依据，已停止执行并记录。" "The database says what nobody signed; nothing was done and this was recorded.";
    NotPermitted "not-permitted" Policy "访问规则不允许此项操作。" "The access rules do not permit this.";
    NotServed "not-served" Policy "本应用不为您服务。" "This application does not serve you.";
    RouteUnknown "route-unknown" Policy "本应用没有这项功能。" "This application has nothing of this kind.";
    PolicyError "policy-error" Policy "访问规则无法判定，已拒绝。" "The access rules could not be evaluated; that is a no.";
    ApplicationSuspended "application-suspended" Policy "本应用已按办件暂停访问。" "Access to this application is suspended by order.";
    CertificateRequired "certificate-required" Peer "此处需要客户端证书。" "A client certificate is required here.";
    CertificateExpired "certificate-expired" Peer "您的证书已过期。" "Your certificate has expired.";
    CertificateRevoked "certificate-revoked" Peer "您的证书已吊销。" "Your certificate has been revoked.";
    CertificateSuspended "certificate-suspended" Peer "您的证书已冻结，暂不能使用。" "Your certificate is suspended and cannot be used for now.";
    CertificateForeign "certificate-foreign" Peer "您的证书不是本系统签发的。" "Your certificate was not issued by this system.";
    CertificateUnlogged "certificate-unlogged" Peer "您的证书不在本市的日志中。" "Your certificate does not stand in the log of this city.";
    SignatureForeign "signature-foreign" Peer "此签名不是该证书的密钥所作。" "The signature was not made with the key of this certificate.";
    NotYourRoute "not-your-route" Peer "您无权使用此功能。" "You may not use this function.";
    PortalUnknown "portal-unknown" Peer "此门户未登记。" "This portal is not registered.";
    Misdirected "misdirected" Peer "请求发往了错误的主机。" "The request was sent to the wrong host.";
    AccountUnknown "account-unknown" Peer "没有此账户。" "There is no such account.";
    JwsSignature "jws-signature" Peer "请求没有用此账户的密钥签名。" "The request is not signed with the key of this account.";
    BindingInvalid "binding-invalid" Peer "账户绑定（EAB）不正确，请核对 kid 和密钥。" "The external account binding is not right; check its key id and secret.";
    SystemSecret "system-secret" Peer "口令或挑战码不正确（EST、SCEP），请核对系统文件。" "Password (EST) or challenge (SCEP) is not right; check the system's file.";
    MessageProtection "message-protection" Peer "消息（CMP）的保护不正确，请核对编号、密钥和系统文件。" "The protection of the message (CMP) is not right; check reference, secret and the system's file.";
    UseSignature "use-signature" Peer "没有有效的常设授权。" "No standing authorization covers this.";
    QuotaUsed "quota-used" Policy "常设授权的次数已用完。" "The standing authorization is used up.";
    StatusStale "status-stale" Us "吊销列表或人员数据已过期，网关已停止放行。" "The revocation list or the list of people is too old; the gate lets nobody pass.";
    CertificateUnproven "certificate-unproven" Us "暂时无法查证您的证书是否在日志中，请稍后再试。" "Whether your certificate stands in the log cannot be found out at the moment; try again later.";
    AuditFull "audit-full" Us "审计存储已满，网关已停止放行。" "The audit spool is full; the gate lets nobody pass.";
    AuditFailed "audit-failed" Us "审计记录无法写入，网关已停止放行。" "The audit record cannot be written; the gate lets nobody pass.";
    UpstreamFailed "upstream-failed" Us "应用系统没有正常应答。" "The application behind the gate does not answer properly.";
    UpstreamLate "upstream-late" Us "应用系统没有按时应答。" "The application behind the gate does not answer in time.";
    AnswerTooLarge "answer-too-large" Us "应用系统的应答头超出网关限度。" "The head of the application's answer is larger than the gate takes.";
    TooBusy "too-busy" Us "连接过多，请稍后再试。" "There are too many connections; try again later.";
    SpoolGap "spool-gap" Caller "审计记录不连续。" "The spooled records do not follow on what the log has.";
    SpoolForked "spool-forked" Caller "审计记录与已收到的不一致，已告警。" "The spooled records contradict what the log has; this was recorded.";
    ClockMoved "clock-moved" Us "系统时钟异常，校准之前不签发，也不放行。" "The system clock moved; until it is right nothing is issued, and a gate lets nobody pass.";
    LintFailed "lint-failed" Us "拟签发的证书未通过检查。" "The certificate to be issued did not pass its checks.";
    LogBehind "log-behind" Us "审计日志暂不可用，稍后自动继续。" "The accountability log is behind; this goes on by itself.";
    SelfTestFailed "self-test-failed" Us "密码算法自检未通过，网关没有启动。" "A cryptographic algorithm gave another answer than the known one; the gate does not start.";
    MessageGateway "message-gateway" Us "没有可用的短信网关，不能制作分两路送达的密码信封。" "There is no gateway for short messages, by which a part of this letter's code has to go.";
    Unavailable "unavailable" Us "系统暂时不可用，请稍后再试。" "The system cannot do this at the moment; try again later.";
}

impl core::fmt::Display for Code {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(self.name())
    }
}

impl core::error::Error for Code {}

/// What a refused caller is told: nothing technical.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// The code never changes, so that programs may rest on it.
    pub code: String,
    /// The sentence for people, in Chinese.
    pub zh: String,
    /// The sentence for people, in English.
    pub en: String,
    /// Reference number of this refusal, to be quoted to the help desk.
    pub reference: String,
}

impl Problem {
    /// A problem of this code under a reference number.
    pub fn new(code: Code, reference: String) -> Self {
        Self { code: code.name().into(), zh: code.zh().into(), en: code.en().into(), reference }
    }

    /// The code, if this version knows it.
    pub fn known(&self) -> Option<Code> {
        Code::ALL.iter().copied().find(|code| code.name() == self.code)
    }
}
