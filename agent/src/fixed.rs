//! Limits that no setting changes, in one place: `docs/gate.md` names each of them, which a test
//! keeps.

use std::time::Duration;

/// Declares limits, and the rows of the page that tell them.
macro_rules! limits {
    ($($(#[$doc:meta])+ $name:ident: $kind:ty = $value:expr => $zh:literal, $en:literal;)+) => {
        $($(#[$doc])+ pub(crate) const $name: $kind = $value;)+

        /// As they stand on the page.
        #[cfg(test)]
        pub(crate) fn rows() -> Vec<String> {
            vec![$(format!("| {} | {} | {:?} |", $zh, $en, $name)),+]
        }
    };
}

limits! {
    /// Streams of a connection at once.
    STREAMS_MAX: u32 = 100
        => "HTTP/2 一个连接同时进行的请求",
        "requests under way of one connection of HTTP/2";
    /// Streams that a client took back and that nobody looked at yet.
    PENDING_RESETS_MAX: usize = 20
        => "客户端在处理之前就重置的流",
        "streams that a client resets before they are looked at";
    /// Streams that were reset for an error of the client's.
    LOCAL_RESETS_MAX: usize = 100
        => "一个连接中因出错而重置的流",
        "streams of a connection that are reset for an error in them";
    /// A ping is sent this often, and answered within as much.
    PING: Duration = Duration::from_secs(20)
        => "HTTP/2 连接上两次 ping 之间，以及等待其应答",
        "between pings on a connection of HTTP/2, and for the answer to one";
    /// How much larger than a head may be one is still read, so that its sender hears which limit
    /// it exceeds.
    READ_BEYOND: usize = 4
        => "HTTP/2 的报文头读到 `head_bytes` 的几倍",
        "heads of HTTP/2 are read up to so many times `head_bytes`";
    /// Most bytes of an answer that wait for a client of HTTP/2.
    SEND_BUFFER_BYTES_MAX: usize = 64 * 1024
        => "等待 HTTP/2 客户端接收的应答字节",
        "bytes of an answer that wait for a client of HTTP/2";
    /// Bytes that a stream may send ahead.
    STREAM_WINDOW_BYTES: u32 = 64 * 1024
        => "一个流可以先行发送的字节",
        "bytes that a stream may send ahead";
    /// Bytes that a connection may send ahead.
    CONNECTION_WINDOW_BYTES: u32 = 1024 * 1024
        => "所有流合计可以先行发送的字节",
        "bytes that all streams may send ahead";
    /// Longest method: records and tokens have it as it came.
    METHOD_BYTES_MAX: usize = 32
        => "请求方法的字节",
        "bytes of a method";
    /// Largest trailer section, in bytes; it is dropped.
    TRAILER_BYTES_MAX: usize = 4 * 1024
        => "正文之后的字段的字节，读后丢弃",
        "bytes of a trailer section, which is read and dropped";
    /// Longest line with a chunk's size.
    SIZE_BYTES_MAX: usize = 256
        => "块大小所在行的字节，含扩展",
        "bytes of the line with a chunk's size, extensions too";
    /// Time for the answer to a head that was late.
    LATE_ANSWER_MAX: Duration = Duration::from_secs(2)
        => "答复迟到的报文头",
        "for the answer to a head that was late";
    /// Most bytes that a client still gets to send of a request that is answered already.
    SWALLOWED_BYTES_MAX: usize = 64 * 1024 * 1024
        => "已答复的请求还会读取的字节",
        "bytes that are still read of a request that is answered already";
    /// The longest time for these.
    SWALLOW_MAX: Duration = Duration::from_secs(10)
        => "读取这些字节",
        "for these";
    /// A body slower than this over a minute is cut, in bytes a second.
    SLOW: u64 = 1_024
        => "一分钟内平均每秒的字节：更慢的正文算迟到",
        "bytes a second, over a minute: a body slower than that is late";
    /// Most certificates beside its own that are looked at of a client's chain; a handshake has no
    /// room for many more.
    SENT_MAX: usize = 64
        => "客户端证书链中除自己的以外会查看的证书",
        "certificates beside its own that are looked at of a client's chain";
    /// Most of them that a path is sought through.
    BETWEEN_MAX: usize = 4
        => "其中用来寻找路径的签发者",
        "of these, issuers that a path is sought through";
    /// Longest wait for a connection to the application.
    CONNECT_MAX: Duration = Duration::from_secs(5)
        => "连接应用",
        "to connect to the application";
    /// Most connections to the application that wait for the next request.
    IDLE_MAX: usize = 8
        => "每个用户连接所留的空闲应用连接",
        "connections to the application that wait, of each connection of a person";
    /// A connection that waited for longer is not used: an application that closes it at this
    /// moment would take a request along, and one record lets one request through, so that it is
    /// never sent twice.
    WAITED_MAX: Duration = Duration::from_millis(1_500)
        => "空闲多久就不再使用",
        "that one waits before it is not used again";
    /// Most bytes of one record, and of what opens it.
    RECORD_BYTES_MAX: usize = records::spooled::RECORD_BYTES_MAX
        => "一条记录及其披露内容的字节：超过的不放行",
        "bytes of one record, and of what opens it: what has more does not pass";
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn every_fixed_limit_is_on_the_page_of_the_gate() {
        let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/gate.md");
        let page = std::fs::read_to_string(page).unwrap();
        let table = page.split("\n## Fixed limits").nth(1).unwrap();
        let table = table.split("\n## ").next().unwrap();
        let told: Vec<&str> = table.lines().filter(|line| line.starts_with("| ")).skip(1).collect();
        assert_eq!(told, rows(), "in this order, with these numbers");
    }
}
