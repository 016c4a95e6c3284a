use super::*;

fn refused(text: &str) -> HostError {
    Host::read(text).unwrap_err()
}

#[test]
fn names_and_addresses_are_told_apart() {
    for name in [
        "localhost",
        "portal.p9.example",
        "a-b.cn",
        "xn--fiq228c.cn",
        "3com.cn",
        "1.a",
        "0xg.cn",
        "a.0xg",
    ] {
        assert_eq!(Host::read_name(name).as_deref(), Ok(name));
    }
    for address in ["10.0.0.1", "::1", "2001:db8::9"] {
        assert_eq!(Host::read(address), Ok(Host::Address(address.parse().unwrap())));
        assert_eq!(Host::read_name(address), Err(HostError::Address));
    }
    for none in ["1.2.3", "256.1.1.1", "10.0.0", "p9.1", "1.2.3.0x4", "p9.0x7f", "a.0x", "0x1"] {
        assert_eq!(refused(none), HostError::Numeric(none.into()));
    }
}

/// A certificate for such an address is one that no client accepts.
#[test]
fn an_address_is_that_of_one_host() {
    let four = Ipv4Addr::from([10, 0, 0, 1]);
    assert_eq!(refused("::ffff:10.0.0.1"), HostError::Mapped(four));
    assert_eq!(refused("::ffff:a00:1"), HostError::Mapped(four));
    assert_eq!(refused("::ffff:0.0.0.0"), HostError::Mapped([0, 0, 0, 0].into()));
    assert_eq!(Host::read_ip("10.0.0.1"), Ok(four.into()));
    for none in ["a.cn", "10.0.0.0/8", "10.0.0", "[::1]", ""] {
        assert_eq!(Host::read_ip(none), Err(HostError::NoAddress), "{none}");
    }
    for none in ["0.0.0.0", "::", "224.0.0.1", "ff02::1", "255.255.255.255"] {
        assert_eq!(refused(none), HostError::OfNoHost(none.parse().unwrap()), "{none}");
    }
}

#[test]
fn whoever_is_refused_is_told_what_to_write() {
    assert_eq!(refused("中文.cn"), HostError::International("xn--fiq228c.cn".into()));
    assert_eq!(refused("门户.cn:443"), HostError::NotAlone);
    assert_eq!(refused("https://a.cn"), HostError::NotAlone);
    assert_eq!(refused("Portal.cn"), HostError::UpperCase("portal.cn".into()));
    assert_eq!(refused("p_9.example"), HostError::Character('_'));
    assert_eq!(refused("a b.cn"), HostError::Character(' '));
    assert_eq!(refused("A_b.cn"), HostError::Character('_'));
    assert_eq!(refused("fe80::1%eth0"), HostError::Character('%'));
    for empty in ["", ".", "a..cn", ".cn", "a.cn."] {
        assert_eq!(refused(empty), HostError::Empty, "{empty}");
    }
    for label in ["-a.cn", "a-.cn", "ab--c.cn", "xn--.cn", "xn--zzzzzzzzzz99.cn", "xn--abc-.cn"] {
        assert!(matches!(refused(label), HostError::Label(_)), "{label}");
    }
    let long = "a".repeat(64);
    assert_eq!(refused(&format!("{long}.cn")), HostError::TooLong);
    assert_eq!(refused(&format!("{}cn", "abc.".repeat(64))), HostError::TooLong);
}

/// What is the matter with an international name is not its first letter.
#[test]
fn of_an_international_name_it_is_told_what_is_the_matter() {
    for (name, odd) in [
        ("李\u{202e}.cn", '\u{202e}'),
        ("门户_1.cn", '_'),
        ("门户＿1.cn", '＿'),
        ("门 户.cn", ' '),
        ("门\u{3000}户.cn", '\u{3000}'),
        ("门户.cn@x", '@'),
    ] {
        assert_eq!(refused(name), HostError::Character(odd), "{name}");
    }
    for empty in ["门户.cn.", "门户..cn", ".门户.cn", "门户。cn。"] {
        assert_eq!(refused(empty), HostError::Empty, "{empty}");
    }
    assert_eq!(refused("-门户.cn"), HostError::Label("-门户".into()));
    let long = "门".repeat(63);
    assert_eq!(refused(&format!("{long}.cn")), HostError::TooLong);
    assert_eq!(refused("门户。cn"), HostError::International("xn--zoup46i.cn".into()));
}

#[test]
fn an_international_name_is_read_in_letters() {
    assert_eq!(in_letters("xn--fiq228c.cn").as_deref(), Some("中文.cn"));
    assert_eq!(in_letters("*.a.xn--fiq228c.cn").as_deref(), Some("*.a.中文.cn"));
    for plain in ["a.cn", "*.a.cn", "10.0.0.1", "xn--zzzzzzzzzz99.cn", ""] {
        assert_eq!(in_letters(plain), None, "{plain}");
    }
}

#[test]
fn an_address_names_its_host_as_certificates_do() {
    for address in [
        "https://portal.example",
        "https://portal.example:8443",
        "http://localhost:9005/log",
        "https://10.0.0.1:1",
        "https://[::1]:8443",
    ] {
        assert_eq!(read_address(address).as_deref(), Ok(address));
    }
    for (none, why) in [
        ("portal.example", HostError::Scheme),
        ("ftp://portal.example", HostError::Scheme),
        ("https://portal.example:", HostError::Scheme),
        ("https://portal.example:99999", HostError::Scheme),
        ("https://portal.example:0", HostError::Scheme),
        ("https://[::1", HostError::Scheme),
        ("https://[a.cn]", HostError::Scheme),
        ("https://Portal.example", HostError::UpperCase("portal.example".into())),
        ("https://中文.cn:443", HostError::International("xn--fiq228c.cn".into())),
        ("https://a@b.cn", HostError::Character('@')),
        ("https://", HostError::Empty),
    ] {
        assert_eq!(read_address(none), Err(why), "{none}");
    }
}

#[test]
fn a_wildcard_needs_a_profile_that_says_so() {
    assert_eq!(refused("*.p9.example"), HostError::Wildcard);
    assert!(Host::read_for("*.p9.example", true).is_ok());
    let told = Host::read_for("*.中文.CN", true);
    assert_eq!(told, Err(HostError::International("*.xn--fiq228c.cn".into())));
    for none in ["*.p9", "*", "a.*.cn", "**.p9.example", "*a.p9.example"] {
        assert!(Host::read_for(none, true).is_err(), "{none}");
    }
    let long = |last: usize| format!("*.{0}.{0}.{0}.{1}.cn", "a".repeat(61), "b".repeat(last));
    assert_eq!(long(62).len(), 253);
    assert!(Host::read_for(&long(62), true).is_ok());
    assert_eq!(Host::read_for(&long(63), true), Err(HostError::TooLong));
}
