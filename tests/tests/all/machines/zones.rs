//! What zones say of names that nobody looks at, where the configuration has them asked.

use tests::machines::{AcmeClient, CmpDevice, Device, Site};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn zones_are_asked_for_vouched_names_where_a_city_says_so() {
    let mut site = Site::open().await;
    let secret = site.inner("inner").await;
    site.names.set_issuer("closed.acme.test", "");
    let (first, second) = (Device::new(), Device::new());
    // An inner name often stands in no DNS: nobody is asked unless the city says so.
    let closed = first.request(&["a.closed.acme.test"]);
    first.keep(&Device::enroll(&site, "/simpleenroll", &secret, &closed));
    site.office.stop("portal-machines");
    let path = site.office.path("portal.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replace("[acme]\n", "[acme]\ncaa_always = true\n")).unwrap();
    site.office.start("portal-machines", &[]).await;

    let closed = second.request(&["a.closed.acme.test"]);
    let told = Device::enroll(&site, "/simpleenroll", &secret, &closed);
    assert!(told.status == 403 && told.body.contains("(system-caa"), "{told:?}");
    let told = first.renew(&site, &closed);
    assert!(told.status == 403 && told.body.contains("(system-caa"), "{told:?}");
    let open = second.request(&["a.acme.test"]);
    second.keep(&Device::enroll(&site, "/simpleenroll", &secret, &open));

    // By CMP the CA refuses it, in a message that its client believes.
    let device = CmpDevice::new(&site);
    let by_secret = CmpDevice::by_secret(&secret);
    let (key, out) = (device.key("key.pem"), device.path("own.pem"));
    let own = ["-newkey", &key, "-certout", &out, "-subject", "/CN=a.acme.test", "-sans"];
    let closed = [&own[..], &["c.closed.acme.test"]].concat();
    device.refused("ir", &by_secret, &closed, "notAuthorized");
    device.done("ir", &by_secret, &[&own[..], &["a.acme.test"]].concat());

    let mut client = AcmeClient::new(&site.directory(), &site.root());
    assert_eq!(client.open_account(&secret).status, 201);
    for (name, refused) in [("b.closed.acme.test", true), ("b.acme.test", false)] {
        let order = client.order(&[name]).json();
        assert_eq!(order["status"], "ready", "{order}");
        let told = client.post(order["finalize"].as_str().unwrap(), &AcmeClient::request(&[name]));
        match refused {
            true => assert_eq!(told.problem(), (403, "caa".into())),
            false => assert_eq!(told.status, 200, "{told:?}"),
        }
    }
}
