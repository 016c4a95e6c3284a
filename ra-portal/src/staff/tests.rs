//! What is signed for many is seen for each on the pages where it is signed.

use super::{decline, receipt, review, roster, withdraw};
use crate::pages::facts::lines;

mod signed;
use crate::pages::{Frame, Language, show};
use askama::Template;
use portal_api::plain::{self, Fact};
use records::Bytes;
use records::consequence::Consequences;
use records::decline::Outcome;
use records::export::{Hearsay, OpenedOrder, ReviewFlag};
use sample_city::{SampleBatch, numbered_rows, orders};
use std::collections::BTreeSet;

const LANGUAGE: Language = Language::English;

fn frame() -> Frame {
    Frame::sample(LANGUAGE, "/")
}

/// A text as a page has it.
fn escaped(text: &str) -> String {
    let text = show::harmless(text).replace('&', "&#38;").replace('<', "&#60;");
    text.replace('>', "&#62;").replace('"', "&#34;").replace('\'', "&#39;")
}

/// Whether a fact stands on a page in so many words: its name, its value, each line of a file.
fn shows(page: &str, fact: &Fact) -> bool {
    let shown = lines(LANGUAGE, vec![fact.clone()]);
    let texts = shown.iter().flat_map(|line| line.lines.iter().map(|(.., text)| text));
    let values = shown.iter().map(|line| &line.value).chain(texts);
    shown.iter().all(|line| page.contains(&escaped(&line.term)))
        && values.into_iter().all(|text| page.contains(&text.to_string()))
}

fn shows_each_row(page: &str, batch: &OpenedOrder) {
    for row in batch.rows() {
        for fact in plain::facts(row) {
            assert!(shows(page, &fact), "{fact:?}\n{page}");
        }
    }
}

/// Each field of each row of a roster, when it is another one, is read in the table of the page on
/// which it is signed.
#[test]
fn no_field_of_a_roster_is_signed_and_not_shown() {
    let text = |name, unit, mail, evidence| {
        format!(
            "姓名,证件号,单位,邮箱,核验依据\n\
            陈一,11010519491231002X,sz-office,,\n\
            {name},611002199001010015,{unit},{mail},{evidence}\n"
        )
    };
    let table = |text: &str, evidence, drawn| {
        let page = roster::check_sample(LANGUAGE, (text, evidence), drawn).render().unwrap();
        let (_, rows) = page.split_once("<tbody>").unwrap();
        rows.split_once("</tbody>").unwrap().0.to_owned()
    };
    let usual = text("陈二", "sz-office", "chen@example.com", "录用文件");
    let shown = table(&usual, "任免文件", 0);
    for other in [
        text("陈三", "sz-office", "chen@example.com", "录用文件"),
        text("陈二", "sz-water", "chen@example.com", "录用文件"),
        text("陈二", "sz-office", "", "录用文件"),
        text("陈二", "sz-office", "chen@example.com", "局长已当面核实"),
    ] {
        assert_ne!(table(&other, "任免文件", 0), shown, "{other}");
    }
    assert_ne!(table(&usual, "当面核实", 0), shown, "what rows do not say themselves");
    assert_ne!(table(&usual, "任免文件", 9), shown, "the number of each");
    assert!(shown.contains("录用文件") && shown.contains("任免文件"), "{shown}");
}

/// The letters of a batch name everybody by the number that is signed.
#[test]
fn no_field_of_letters_is_signed_and_not_shown() {
    let pages = receipt::samples(LANGUAGE);
    let (_, page) = pages.iter().find(|(name, _)| *name == "letters").unwrap();
    let body = page.split_once("<form").unwrap().0;
    assert!(body.contains("0123456789ABCDEF") && body.contains("official"), "{body}");
}

/// Every order of a batch stands whole on the page on which it is approved, and what differs in it
/// is marked.
#[test]
fn every_fact_of_every_row_is_on_the_page() {
    let looks = [Some(ReviewFlag::SameName), None, Some(ReviewFlag::Moved)];
    let batch = SampleBatch::of("role", 3, |_, _| ()).with_looks(&looks);
    let opened = batch.open();
    let standing = review::sample_progress();
    let (asked, beside) = ((&opened, "0123456789ABCDEF", None), batch.export.beside());
    let page = review::filled(frame(), asked, beside, (standing, String::new()));
    let page = page.render().unwrap();
    shows_each_row(&page, &opened);
    for fact in plain::facts_above_rows(&opened) {
        assert!(shows(&page, &fact), "its sheet too: {fact:?}\n{page}");
    }
    let facts = opened.rows().iter().flat_map(plain::facts);
    let differ = facts.filter(|fact| fact.differs).count();
    assert!(differ > 0, "a sample in which something differs");
    assert_eq!(page.matches(">differs</span>").count(), differ, "{page}");
    for look in [ReviewFlag::SameName, ReviewFlag::Moved] {
        assert!(page.contains(&escaped(&plain::look(look).en)), "{page}");
    }
}

/// What an order of a batch takes away is read beside it.
#[test]
fn what_follows_of_a_row_is_on_the_page() {
    let mut batch = SampleBatch::of("person", 2, |_, _| ());
    let letters = vec!["AAAABBBBCCCCDDDD".to_owned()];
    let told = Consequences { letters, ..Consequences::default() };
    batch.export.rows[1].consequence = Some(told.clone());
    let opened = batch.open();
    let page = |beside: Hearsay| {
        let (asked, standing) = ((&opened, "0123456789ABCDEF", None), review::sample_progress());
        review::filled(frame(), asked, beside, (standing, String::new())).render().unwrap()
    };
    let shown = page(batch.export.beside());
    for fact in plain::about_consequence(opened.rows()[1].body(), Some(&told)) {
        assert!(shows(&shown, &fact), "{fact:?}\n{shown}");
    }
    assert_eq!(shown.matches("AAAABBBBCCCCDDDD").count(), 1, "{shown}");
    assert!(!page(Hearsay::default()).contains("AAAABBBBCCCCDDDD"));
}

/// The list of a batch has the numbers by which its sheet names them, though those that have to be
/// opened come first.
#[test]
fn orders_of_a_batch_have_their_own_numbers() {
    let batch = SampleBatch::of("role", 5, |_, _| ()).asking(2);
    let (opened, mut moved) = (batch.open(), 0);
    for person in ["0123456789ABCDEF", "FEDCBA9876543210", "FEDCBA9876543211"] {
        let asked = (&opened, person, None);
        let standing = (review::sample_progress(), String::new());
        let page = review::filled(frame(), asked, batch.export.beside(), standing);
        let rows = numbered_rows(&page.render().unwrap());
        assert_eq!(rows.len(), 5);
        moved += usize::from(rows.iter().map(|(number, _)| number).ne(&[1, 2, 3, 4, 5]));
        for (number, item) in rows {
            let row = &opened.rows()[number - 1];
            assert!(item.contains(&row.order().order), "{number}: {item}");
        }
    }
    assert!(moved > 0, "those that are drawn are never the first ones of five");
}

/// Every kind of order stands whole on the page on which it is approved: each fact, and of each
/// file every line that differs.
#[test]
fn every_fact_of_every_kind_is_on_the_page() {
    let (mut kinds, mut file_lines) = (BTreeSet::new(), 0);
    for sample in orders::all() {
        let export = sample.export(&sample.order).unwrap();
        let opened = sample.open(&sample.order).unwrap();
        let asked = (&opened, "0123456789ABCDEF", None);
        let standing = (review::sample_progress(), String::new());
        let page = review::filled(frame(), asked, export.beside(), standing).render().unwrap();
        for fact in plain::facts(&opened) {
            assert!(shows(&page, &fact), "{fact:?}\n{page}");
            file_lines += fact.lines.len();
        }
        kinds.insert(plain::kind(opened.body()).en);
    }
    assert!(kinds.len() > 12 && file_lines > 6, "{kinds:?} {file_lines}");
}

/// Whoever declines or takes back a batch sees every order in it, and what ends with it.
#[test]
fn what_ends_is_on_the_page_that_ends_it() {
    let batch = SampleBatch::of("issue", 3, |_, _| ()).open();
    let named = (batch.order().order.clone(), "batch".to_owned());
    let said = (Outcome::Rejected, "no".to_owned());
    let declined = decline::filled(frame(), named, said, (&batch, [7; 32]), String::new());
    let declined = declined.unwrap().render().unwrap();
    let founding = Bytes::from([1; 32]);
    let named = (batch.order().order.clone(), Some(&batch));
    let taken = withdraw::filled(frame(), &founding, named, String::new());
    let taken = taken.unwrap().render().unwrap();
    for (page, outcome) in [(&declined, Some(Outcome::Rejected)), (&taken, None)] {
        shows_each_row(page, &batch);
        for fact in plain::about_ending(&batch, outcome) {
            assert!(shows(page, &fact), "{fact:?}\n{page}");
        }
    }
    assert!(declined.contains("letters used up by a rejection"));
    let digest = plain::fingerprint(&batch.digest());
    assert!(taken.contains(&digest), "what is signed is what was fetched: {taken}");
}
