//! Accounts of systems: opened with the secret of an order in force and with nothing else, each for
//! its own key.

use crate::command::Command;
use crate::sample::act::caller;
use crate::sample::machines::Client;
use crate::sample::operate::{OFFICERS, site, system};
use crate::sample::{Sample, key};
use crate::verify::VerifiedMachine;
use authority::OrderDigest;
use records::Code;
use records::machine::{SystemFile, secret};
use records::order::SystemBody;
use serde_json::json;

#[test]
fn an_account_is_opened_with_the_secret_of_an_order_in_force() {
    let mut sample = Sample::found();
    let order = sample.order(system(site("register", "site")));
    let (file, client) = (sample.newest_file(), Client::new());
    let early = sample.open_account(client.opening(Some(&file)));
    assert_eq!(early, Err(Code::BindingInvalid), "before approval");
    sample.approved_by(order, &OFFICERS);
    assert_eq!(sample.execute(), None);
    sample.sequence();
    let told = sample.open_account(client.opening(Some(&file))).unwrap();
    assert_eq!((told.account.clone(), told.system.as_str()), (client.account(), "site"));
    assert!(told.open && told.wildcards && told.challenges);
    let asked = client.finalize("1", &key(), &["a.acme.test"]);
    assert_eq!(sample.finalize(asked.clone()), Err(Code::AccountUnknown), "a grant waits");
    sample.sequence();
    assert_eq!(sample.open_account(client.opening(None)), Ok(told), "its key finds it");
    sample.finalize(asked).unwrap();
}

#[test]
fn without_the_secret_there_is_no_account() {
    let mut sample = Sample::found();
    let file = sample.registered_system(site("register", "site"));
    let other = sample.registered_system(site("register", "other"));
    let client = Client::new();
    let open = |sample: &mut Sample, file: Option<&SystemFile>| {
        sample.open_account(client.opening(file)).unwrap_err()
    };
    assert_eq!(open(&mut sample, None), Code::BindingInvalid);
    let wrong = SystemFile { eab_hmac: other.eab_hmac.clone(), ..file.clone() };
    assert_eq!(open(&mut sample, Some(&wrong)), Code::BindingInvalid, "another's secret");
    let unknown = SystemFile { kid: "nobody.0123456789abcdef".into(), ..file.clone() };
    assert_eq!(open(&mut sample, Some(&unknown)), Code::BindingInvalid);
    let old = SystemFile { kid: "site.0000000000000000".into(), ..file.clone() };
    assert_eq!(open(&mut sample, Some(&old)), Code::BindingInvalid, "another order's");
    let est = SystemFile { eab_hmac: secret(&file.eab_hmac.0, "est"), ..file.clone() };
    assert_eq!(open(&mut sample, Some(&est)), Code::BindingInvalid);
    // Whoever passes it on can put no other key into it.
    let (mine, theirs) = (client.opening(Some(&file)), Client::new());
    let stolen: serde_json::Value = serde_json::from_slice(&mine.jws.payload().unwrap()).unwrap();
    let stolen = sample.open_account(theirs.opening_with(&stolen)).unwrap_err();
    assert_eq!(stolen, Code::BindingInvalid);
    let only = client.opening_with(&json!({ "onlyReturnExisting": true }));
    assert_eq!(sample.open_account(only), Err(Code::AccountUnknown));
    assert_eq!(sample.count("machine-account"), 0);
}

#[test]
fn a_signature_is_by_the_key_that_it_names() {
    let mut sample = Sample::found();
    let file = sample.registered_system(site("register", "site"));
    let (client, other) = (Client::new(), Client::new());
    let mut forged = client.opening(Some(&file));
    forged.jws.signature = other.opening(Some(&file)).jws.signature;
    assert_eq!(sample.open_account(forged), Err(Code::JwsSignature));
    let mut changed = client.opening(Some(&file));
    changed.jws.payload = client.opening(None).jws.payload;
    assert_eq!(sample.open_account(changed), Err(Code::JwsSignature));
}

#[test]
fn an_order_has_so_many_open_accounts() {
    let mut sample = Sample::found();
    let file = sample.registered_system(site("register", "site"));
    let first = sample.client_of(&file);
    sample.open_account(Client::new().opening(Some(&file))).unwrap();
    let third = Client::new();
    let full = sample.open_account(third.opening(Some(&file)));
    assert_eq!(full, Err(Code::SystemAccounts), "what waits for the tree counts");
    sample.sequence();
    assert_eq!(sample.open_account(third.opening(Some(&file))), Err(Code::SystemAccounts));
    sample.deactivate(first.deactivate()).unwrap();
    sample.sequence();
    sample.open_account(third.opening(Some(&file))).unwrap();
    sample.sequence();
    let again = sample.open_account(first.opening(Some(&file)));
    assert_eq!(again, Err(Code::AccountClosed), "closed for good");
}

/// Whoever opens and closes, or changes keys, for ever fills no log.
#[test]
fn an_order_has_so_many_accounts_in_all_and_an_account_so_many_keys() {
    let mut sample = Sample::found();
    let body = SystemBody { accounts: 1, ..site("register", "site") };
    let file = sample.registered_system(body);
    let mut last = None;
    for count in 0.. {
        let client = Client::new();
        let opened = sample.open_account(client.opening(Some(&file)));
        if opened.is_err() {
            assert_eq!((opened, count), (Err(Code::SystemAccounts), 16));
            break;
        }
        sample.sequence();
        if let Some(before) = last.replace(client) {
            let before: Client = before;
            assert_eq!(sample.deactivate(before.deactivate()), Err(Code::AccountClosed));
        }
        sample.deactivate(last.as_ref().unwrap().deactivate()).unwrap();
        sample.sequence();
    }
    let file = sample.registered_system(site("register", "site"));
    let mut client = sample.client_of(&file);
    for count in 1.. {
        let new = Client::new();
        let changed = sample.change_key(client.change_key(&new));
        if changed.is_err() {
            assert_eq!((changed, count), (Err(Code::QuotaUsed), 32));
            break;
        }
        sample.sequence();
        client = client.with_key(&new);
    }
}

#[test]
fn an_accounts_key_changes_and_the_old_one_signs_no_more() {
    let mut sample = Sample::found();
    let (file, client) = sample.site_with_client();
    let new = Client::new();
    let other = sample.client_of(&file);
    assert_eq!(sample.change_key(client.change_key(&other)), Err(Code::KeyForeign));
    let told = sample.change_key(client.change_key(&new)).unwrap();
    assert_eq!(told.account, client.account());
    let waits = sample.finalize(client.finalize("1", &key(), &["a.acme.test"]));
    assert_eq!(waits, Err(Code::NotReady), "the old one no more, the new one not yet");
    sample.sequence();
    let late = sample.finalize(client.finalize("1", &key(), &["a.acme.test"]));
    assert_eq!(late, Err(Code::JwsSignature));
    // Whoever did not hear that it was done asks again by the old key, and hears so.
    let (count, again) = (sample.count("machine-key"), client.change_key(&new));
    assert_eq!(sample.change_key(again).unwrap().account, client.account());
    assert_eq!(sample.change_key(client.change_key(&Client::new())), Err(Code::JwsSignature));
    assert_eq!(sample.count("machine-key"), count, "nothing is recorded twice");
    let moved = client.with_key(&new);
    sample.finalize(moved.finalize("1", &key(), &["a.acme.test"])).unwrap();
    assert_eq!(sample.open_account(new.opening(None)).unwrap().account, client.account());
    // A key that signed for an account once opens no other.
    assert_eq!(sample.open_account(client.opening(Some(&file))), Err(Code::KeyForeign));
    // Both keys sign for the change, and for this account.
    let mut half = moved.change_key(&Client::new());
    half.account = other.account();
    assert_eq!(sample.change_key(half), Err(Code::JwsMalformed));
}

/// RFC 8555 11.1, whichever account it is, and whatever came first.
#[test]
fn no_key_is_an_accounts_and_a_certificates() {
    let mut sample = Sample::found();
    let file = sample.registered_system(SystemBody { accounts: 3, ..site("register", "site") });
    let (client, other) = (sample.client_of(&file), sample.client_of(&file));
    let theirs = client.finalize("1", &other.signer(), &["a.acme.test"]);
    assert_eq!(sample.finalize(theirs.clone()), Err(Code::KeyForeign), "another account's");
    sample.change_key(other.change_key(&Client::new())).unwrap();
    sample.sequence();
    assert_eq!(sample.finalize(theirs), Err(Code::KeyForeign), "one that it had");
    let (late, opening) = (Client::new(), Client::new());
    sample.finalize(client.finalize("2", &late.signer(), &["a.acme.test"])).unwrap();
    let wish = late.opening(Some(&file));
    assert_eq!(sample.open_account(wish.clone()), Err(Code::KeyForeign), "on its way");
    sample.open_account(opening.opening(Some(&file))).unwrap();
    let asked = client.finalize("3", &opening.signer(), &["a.acme.test"]);
    assert_eq!(sample.finalize(asked), Err(Code::KeyForeign), "on its way");
    sample.sequence();
    assert_eq!(sample.open_account(wish), Err(Code::KeyForeign));
    assert!(sample.unsigned.is_empty(), "{:?}", sample.unsigned);
}

#[test]
fn an_account_is_closed_by_its_key_and_by_nothing_that_means_something_else() {
    let mut sample = Sample::found();
    let (_, client) = sample.site_with_client();
    let authorization = "https://machines.example/acme/authz/1";
    let jws = client.says(authorization, &json!({ "status": "deactivated" }));
    let other = records::machine::Deactivate { jws, account: client.account() };
    assert_eq!(sample.deactivate(other), Err(Code::JwsMalformed), "an authorization's end");
    sample.clock = Err(Code::ClockMoved);
    sample.deactivate(client.deactivate()).unwrap();
    sample.clock = Ok(());
    let asked = client.finalize("1", &key(), &["a.acme.test"]);
    assert_eq!(sample.finalize(asked.clone()), Err(Code::AccountClosed), "recorded is enough");
    assert_eq!(sample.deactivate(client.deactivate()), Err(Code::AccountClosed));
    sample.sequence();
    assert_eq!(sample.finalize(asked), Err(Code::AccountClosed));
}

#[test]
fn accounts_end_with_their_order() {
    let mut sample = Sample::found();
    let (old, client) = sample.site_with_client();
    let new = sample.registered_system(site("register", "site"));
    let asked = client.finalize("1", &key(), &["a.acme.test"]);
    assert_eq!(sample.finalize(asked), Err(Code::AccountClosed));
    let late = sample.open_account(Client::new().opening(Some(&old)));
    assert_eq!(late, Err(Code::BindingInvalid), "nor does the old secret open one");
    sample.client_of(&new);
}

#[test]
fn a_secret_in_a_row_is_of_its_own_order_alone() {
    let mut sample = Sample::found();
    let file = sample.registered_system(site("register", "site"));
    let own = sample.newest_order();
    sample.registered_system(site("register", "other"));
    let other: OrderDigest = sample.newest_order();
    let theirs = sample.rows.tokens[&other].clone();
    sample.rows.tokens.insert(own, theirs);
    let told = sample.open_account(Client::new().opening(Some(&file)));
    assert_eq!(told, Err(Code::UnsignedAuthority));
}

#[test]
fn accounts_come_over_the_machines_process_and_no_other() {
    let mut sample = Sample::found();
    let file = sample.registered_system(site("register", "site"));
    let stranger = caller(&key(), "portal-machines");
    let public = caller(&sample.city.keys.portal, "portal-machines");
    for (from, code) in [(stranger, Code::PortalUnknown), (public, Code::NotYourRoute)] {
        let message = Client::new().opening(Some(&file));
        let verified = VerifiedMachine::opening(message, sample.authority()).unwrap();
        let verified = Box::new(verified);
        let told = sample.decide(|reply| Command::OpenAccount(from, verified, reply));
        assert_eq!(told.unwrap_err(), code);
    }
    sample.clock = Err(Code::ClockMoved);
    let told = sample.open_account(Client::new().opening(Some(&file)));
    assert_eq!(told, Err(Code::ClockMoved));
}
