//! The documents of two departments, in memory.

use crate::identity::Identity;
use axum::Extension;
use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Documents by unit and number.
pub(crate) struct Documents(Mutex<BTreeMap<(String, String), String>>);

/// So many documents are kept, and so many bytes of their titles: who sends more is refused.
const DOCUMENTS_MAX: usize = 1_000;
const TITLES_BYTES_MAX: usize = 16 * 1024 * 1024;
/// A sample attachment, in bytes.
const ATTACHMENT: usize = 256 * 1024;

impl Documents {
    /// What a sample city exchanges.
    pub(crate) fn sample() -> Self {
        let documents = [
            ("sz-office", "2026-001", "关于召开全区政务公开工作会议的通知"),
            ("sz-office", "2026-002", "关于印发值班安排的通知"),
            ("sz-finance", "2026-001", "关于编制2027年部门预算的通知"),
            ("sz-finance", "2026-002", "关于第四季度专项资金拨付的函"),
            ("shangzhou", "2026-010", "商州区人民政府关于安全生产的通告"),
        ];
        let documents = documents
            .map(|(unit, number, title)| ((unit.to_owned(), number.to_owned()), title.to_owned()));
        Self(Mutex::new(documents.into_iter().collect()))
    }

    fn with<T>(&self, act: impl FnOnce(&mut BTreeMap<(String, String), String>) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Keeps a document of a unit under a number that is free, if there is room.
    fn keep(&self, unit: &str, title: String) -> Option<String> {
        self.with(|all| {
            if all.len() >= DOCUMENTS_MAX || !has_room(all, &title) {
                return None;
            }
            let mut numbers = (100 + all.len()..).map(|number| format!("2026-{number:03}"));
            let number = numbers.find(|one| !all.contains_key(&(unit.to_owned(), one.clone())))?;
            all.insert((unit.to_owned(), number.clone()), title);
            Some(number)
        })
    }

    /// Keeps another title of a document that is there, if there is room.
    fn rename(&self, place: &(String, String), title: String) -> StatusCode {
        self.with(|all| match has_room(all, &title) {
            false => StatusCode::INSUFFICIENT_STORAGE,
            true => match all.get_mut(place) {
                Some(known) => {
                    *known = title;
                    StatusCode::NO_CONTENT
                }
                None => StatusCode::NOT_FOUND,
            },
        })
    }
}

/// Whether one more title fits beside the others.
fn has_room(all: &BTreeMap<(String, String), String>, title: &str) -> bool {
    all.values().map(String::len).sum::<usize>() + title.len() <= TITLES_BYTES_MAX
}

/// `GET /`
pub(crate) async fn front(Extension(who): Extension<Identity>) -> Html<String> {
    let (name, unit) = (escape(&who.name), escape(who.org.last().map_or("", String::as_str)));
    Html(format!(
        "<!doctype html><html lang=\"zh-CN\"><meta charset=\"utf-8\"><title>公文交换</title>\
         <h1>公文交换</h1><p>{name}，您好。Welcome, {name}.</p>\
         <p><a href=\"/documents/{unit}\">本单位公文 / documents of your unit</a></p></html>"
    ))
}

/// `GET /documents/{unit}`
pub(crate) async fn list(
    State(documents): State<Arc<Documents>>,
    Path(unit): Path<String>,
) -> axum::Json<BTreeMap<String, String>> {
    let own = documents.with(|all| {
        let own = all.iter().filter(|((of, _), _)| *of == unit);
        own.map(|((_, number), title)| (number.clone(), title.clone())).collect()
    });
    axum::Json(own)
}

/// `POST /documents/{unit}`
pub(crate) async fn send(
    State(documents): State<Arc<Documents>>,
    Extension(who): Extension<Identity>,
    Path(unit): Path<String>,
    body: Bytes,
) -> Response {
    let title = format!("{} ({})", String::from_utf8_lossy(&body), who.name);
    let Some(number) = documents.keep(&unit, title) else {
        return StatusCode::INSUFFICIENT_STORAGE.into_response();
    };
    let place = format!("/documents/{unit}/{number}");
    (StatusCode::CREATED, [(header::LOCATION, place)], number).into_response()
}

/// `GET /documents/{unit}/{document}`
pub(crate) async fn read(
    State(documents): State<Arc<Documents>>,
    Extension(who): Extension<Identity>,
    Path(place): Path<(String, String)>,
) -> Response {
    match documents.with(|all| all.get(&place).cloned()) {
        Some(title) => {
            let body = format!(
                "{title}\n读者 / reader: {} {}\n记录 / record: {}\n",
                who.name, who.sub, who.jti
            );
            ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], body).into_response()
        }
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// `PUT /documents/{unit}/{document}`
pub(crate) async fn change(
    State(documents): State<Arc<Documents>>,
    Path(place): Path<(String, String)>,
    body: Bytes,
) -> StatusCode {
    let title = String::from_utf8_lossy(&body).into_owned();
    documents.rename(&place, title)
}

/// `DELETE /documents/{unit}/{document}`
pub(crate) async fn withdraw(
    State(documents): State<Arc<Documents>>,
    Path(place): Path<(String, String)>,
) -> StatusCode {
    match documents.with(|all| all.remove(&place)) {
        Some(_) => StatusCode::NO_CONTENT,
        None => StatusCode::NOT_FOUND,
    }
}

/// `GET /documents/{unit}/{document}/attachment`
pub(crate) async fn attachment(
    State(documents): State<Arc<Documents>>,
    Path(place): Path<(String, String)>,
) -> Response {
    if documents.with(|all| !all.contains_key(&place)) {
        return StatusCode::NOT_FOUND.into_response();
    }
    Body::from(vec![b'.'; ATTACHMENT]).into_response()
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whoever sends without end fills no memory, and takes the place of no other document.
    #[test]
    fn documents_have_an_end() {
        let documents = Documents::sample();
        let first = documents.keep("sz-office", "一".into()).unwrap();
        let withdrawn = ("sz-finance".to_owned(), "2026-001".to_owned());
        assert!(documents.with(|all| all.remove(&withdrawn)).is_some());
        let second = documents.keep("sz-office", "二".into()).unwrap();
        assert_ne!(first, second, "one was withdrawn meanwhile, and none is written over");
        let most = "x".repeat(TITLES_BYTES_MAX);
        assert_eq!(documents.keep("sz-office", most.clone()), None);
        let place = ("sz-office".to_owned(), first);
        assert_eq!(documents.rename(&place, most), StatusCode::INSUFFICIENT_STORAGE);
        assert_eq!(documents.rename(&place, "三".into()), StatusCode::NO_CONTENT);
        let held = documents.with(|all| all.len());
        for _ in held..DOCUMENTS_MAX {
            assert!(documents.keep("sz-office", String::new()).is_some());
        }
        assert_eq!(documents.keep("sz-office", String::new()), None);
    }
}
