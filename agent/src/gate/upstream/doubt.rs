//! Whether the end of an answer can be doubted. What an application sends behind it would be read
//! as the answer to the next request: a connection takes none behind such an answer.

use http::{Method, Response, StatusCode, header};

/// Whether whoever gave an answer may have sent more than is read of it.
pub(super) fn is_doubtful<T>(method: &Method, answer: &Response<T>) -> bool {
    let fields = answer.headers();
    let is_coded = fields.contains_key(header::TRANSFER_ENCODING);
    let mut lengths = fields.get_all(header::CONTENT_LENGTH).iter();
    match answer.status() {
        // Programs that take HEAD for GET send the body as well.
        _ if *method == Method::HEAD => true,
        // It has no body, and says that it has one.
        StatusCode::NO_CONTENT => is_coded || lengths.any(|length| length != "0"),
        // It says in two ways where it ends (RFC 9112 6.3).
        _ => is_coded && lengths.next().is_some(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One way to say where an answer ends is enough; two, or a body where none belongs, leave a
    /// doubt, and so does each answer to HEAD.
    #[test]
    fn an_answer_that_says_its_end_in_two_ways_is_doubtful() {
        let (length, coding) = (("content-length", "4"), ("transfer-encoding", "chunked"));
        let empty = ("content-length", "0");
        for (method, status, fields, is_doubted) in [
            (Method::GET, 200, vec![length], false),
            (Method::GET, 200, vec![coding], false),
            (Method::GET, 200, vec![], false),
            (Method::GET, 304, vec![length], false),
            (Method::GET, 204, vec![], false),
            (Method::DELETE, 204, vec![empty], false),
            (Method::DELETE, 204, vec![length], true),
            (Method::DELETE, 204, vec![coding], true),
            (Method::DELETE, 204, vec![empty, length], true),
            (Method::GET, 200, vec![length, coding], true),
            (Method::POST, 200, vec![coding, empty], true),
            (Method::HEAD, 200, vec![length], true),
            (Method::HEAD, 404, vec![], true),
        ] {
            let mut answer = Response::builder().status(status);
            for (name, value) in &fields {
                answer = answer.header(*name, *value);
            }
            let answer = answer.body(()).unwrap();
            assert_eq!(is_doubtful(&method, &answer), is_doubted, "{method} {status} {fields:?}");
        }
    }
}
