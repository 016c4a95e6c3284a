//! What is consented to at a desk stands on its page.

use super::super::frame::Frame;
use super::super::order::{Checked, FactItem};
use super::filled;
use askama::Template;
use page::Language;
use portal_api::plain;
use records::export::{Hearsay, OrderProgress, ReviewFlag, Voice};
use sample_city::{SampleBatch, numbered_rows, orders};
use std::collections::BTreeSet;

/// A text as a page has it.
fn escaped(text: &str) -> String {
    let text = text.replace('&', "&#38;").replace('<', "&#60;").replace('>', "&#62;");
    text.replace('"', "&#34;").replace('\'', "&#39;")
}

/// Every kind of order stands whole on the page on which it is approved: each fact, and of each
/// file every line that differs.
#[test]
fn every_fact_of_every_kind_is_on_the_page_of_a_desk() {
    let (mut kinds, mut file_lines) = (BTreeSet::new(), 0);
    for (sample, language) in orders::all().iter().flat_map(|one| Language::BOTH.map(|l| (one, l)))
    {
        let export = sample.export(&sample.order).unwrap();
        let opened = sample.open(&sample.order).unwrap();
        let person = "0123456789ABCDEF".to_owned();
        let checked =
            Checked { opened: opened.clone(), person, beside: export.beside(), standing: None };
        let page = filled(Frame::sample(language, "/"), &checked, None).render().unwrap();
        for fact in plain::facts(&opened) {
            let line = FactItem::of(fact.clone(), language);
            let texts = line.lines.iter().map(|(.., text)| text.to_string());
            for text in texts.chain([escaped(&line.term), line.value.to_string()]) {
                assert!(page.contains(&text), "{text}: {fact:?}\n{page}");
            }
            file_lines += line.lines.len();
        }
        kinds.insert(plain::kind(opened.body()).en);
    }
    assert!(kinds.len() > 12 && file_lines > 12, "{kinds:?} {file_lines}");
}

/// What the portal says that needs a look is read at a desk as it is on the portal's page.
#[test]
fn what_needs_a_look_is_on_the_page_of_a_desk() {
    let sample = orders::all().remove(0);
    let page = |look| {
        let standing = OrderProgress {
            approvers: vec!["李核验".into()],
            needed: 2,
            given: false,
            browser: true,
            voices: Vec::new(),
            look,
        };
        let opened = sample.open(&sample.order).unwrap();
        let person = "0123456789ABCDEF".to_owned();
        let checked =
            Checked { opened, person, beside: Hearsay::default(), standing: Some(standing) };
        filled(Frame::sample(Language::English, "/"), &checked, None).render().unwrap()
    };
    for look in [ReviewFlag::Differs, ReviewFlag::SameName, ReviewFlag::Unsigned] {
        let told = format!("{} <span class=\"hint\">(the portal", escaped(&plain::look(look).en));
        assert!(page(Some(look)).contains(&told) && !page(None).contains(&told), "{told}");
    }
}

/// Whoever signs for somebody on leave reads who that is, and until which second it can be.
#[test]
fn whose_voice_it_is_stands_on_the_page_of_a_desk_by_name() {
    let mut sample = orders::all().remove(0);
    sample.order["expires"] = "2026-12-01T08:00:07Z".into();
    let opened = sample.open(&sample.order).unwrap();
    let page = |named: Option<&str>| {
        let voice =
            |absent: &str, name: &str| Voice { acting_for: Some(absent.into()), name: name.into() };
        let voices = vec![voice("FEDCBA9876543210", "赵休假"), voice("FEDCBA9876543211", "钱出差")];
        let beside = Hearsay { voices: voices.clone(), ..Hearsay::default() };
        let standing = OrderProgress {
            approvers: Vec::new(),
            needed: 2,
            given: false,
            browser: true,
            voices,
            look: None,
        };
        let person = "0123456789ABCDEF".to_owned();
        let checked = Checked { opened: opened.clone(), person, beside, standing: Some(standing) };
        filled(Frame::sample(Language::English, "/"), &checked, named).render().unwrap()
    };
    let told = page(Some("FEDCBA9876543210"));
    assert!(told.contains("赵休假") && !told.contains("钱出差"), "{told}");
    let chosen = "「<bdi>钱出差</bdi>」 [<bdi>FEDCBA9876543211</bdi>]</a>";
    assert!(page(None).contains(chosen), "as a choice, in which no name turns its id around");
    assert!(!told.contains("2026-12-01 16:00 (UTC+8)"), "a time that is cut");
    assert!(told.matches("2026-12-01 16:00:07 (UTC+8)").count() > 1, "{told}");
}

/// The sheet of a batch names its orders by their numbers in it: so does the list below, in which
/// those that have to be opened come first.
#[test]
fn orders_of_a_batch_have_their_own_numbers_at_a_desk() {
    let batch = SampleBatch::of("role", 5, |_, _| ()).asking(2);
    let mut moved = 0;
    for person in ["0123456789ABCDEF", "FEDCBA9876543210", "FEDCBA9876543211"] {
        let (opened, beside) = (batch.open(), batch.export.beside());
        let checked =
            Checked { opened: opened.clone(), person: person.into(), beside, standing: None };
        let page = filled(Frame::sample(Language::English, "/"), &checked, None).render().unwrap();
        let rows = numbered_rows(&page);
        assert_eq!(rows.len(), 5, "{page}");
        moved += usize::from(rows.iter().map(|(number, _)| number).ne(&[1, 2, 3, 4, 5]));
        for (number, item) in rows {
            let row = &opened.rows()[number - 1];
            assert!(item.contains(&row.order().order), "{number}: {item}");
        }
    }
    assert!(moved > 0, "those that are drawn are never the first ones of five");
}

/// The sheet of a batch stands on its page, above the orders which it lists.
#[test]
fn the_sheet_of_a_batch_is_on_the_page_of_a_desk() {
    let batch = SampleBatch::of("role", 3, |_, _| ());
    let (opened, beside) = (batch.open(), batch.export.beside());
    let person = "0123456789ABCDEF".to_owned();
    let checked = Checked { opened: opened.clone(), person, beside, standing: None };
    let page = filled(Frame::sample(Language::English, "/"), &checked, None).render().unwrap();
    for fact in plain::facts_above_rows(&opened) {
        let line = FactItem::of(fact, Language::English);
        let texts = line.lines.iter().map(|(.., text)| text.to_string());
        for text in texts.chain([escaped(&line.term), line.value.to_string()]) {
            assert!(page.contains(&text), "{text}\n{page}");
        }
    }
}
