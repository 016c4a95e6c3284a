//! What the role decides, in a city in memory: who is told what, in which words, by which channel.

mod channels;
mod codes;
mod due;
mod outbox;
mod settings;
mod stood;
mod tell;
mod words;

use crate::recipient::Recipient;
use crate::words::Letterhead;

fn head() -> Letterhead {
    Letterhead {
        city: "商洛市".into(),
        is_sample: true,
        portal: "https://portal.example".into(),
        staff: "https://staff.example".into(),
        desk: Some("市政务服务中心 3 号窗口 0914-0000000".into()),
    }
}

fn wang() -> Recipient {
    Recipient {
        person: "0123456789ABCDEF".into(),
        name: Some("王小明".into()),
        mail: Some("wang@shangluo.example".into()),
    }
}
