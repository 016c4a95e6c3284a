//! What the log publishes for the world: whatever a hand writes into rows, files are one log, and
//! none of what was published is lowered or exchanged.

use super::brakes::execute;
use records::label::verify_ed25519;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use tests::Office;
use tests::processes::until;
use tlog::merkle::{Hash, leaf_hash};
use tlog::tile::{TILE_WIDTH, TileId, entries_path, tile_bytes, tile_path};
use tlog::{Checkpoint, Edge};

/// An entry in a bundle, with its length.
const ENTRY_BYTES: usize = 34;

/// A file of the log, or the full one in whose place it went.
fn part(folder: &Path, path: &dyn Fn(u64) -> String, width: u64, bytes: usize) -> Vec<u8> {
    let read = |width| std::fs::read(folder.join(path(width)));
    let mut found = read(width).or_else(|_| read(TILE_WIDTH)).unwrap();
    found.truncate(bytes * usize::try_from(width).unwrap());
    found
}

/// The size of the published checkpoint. The log's key signed it, and every tile and entry that is
/// published leads to it.
pub(super) fn size(office: &Office) -> u64 {
    let folder = office.path("ca/public/log/control");
    let note = std::fs::read_to_string(folder.join("checkpoint")).unwrap();
    let key = office.trust.log_key("control").unwrap();
    let head = Checkpoint::open(&note, &key, verify_ed25519).unwrap();
    let (mut edge, mut tiles) = (Edge::default(), Vec::new());
    for index in 0..head.size.div_ceil(TILE_WIDTH) {
        let width = (head.size - index * TILE_WIDTH).min(TILE_WIDTH);
        let bundle = part(&folder, &|width| entries_path(index, width), width, ENTRY_BYTES);
        let leaves: Vec<Hash> =
            bundle.chunks(ENTRY_BYTES).map(|entry| leaf_hash(&entry[2..])).collect();
        let full = leaves.iter().flat_map(|leaf| edge.append(*leaf)).collect::<Vec<_>>();
        tiles.extend(full.into_iter().map(|full| (full.id, full.hashes)));
    }
    tiles.extend(edge.partial().map(|(id, hashes)| (id, hashes.to_vec())));
    for (id, hashes) in tiles {
        let path = |width| tile_path(id, width);
        let TileId { level, index } = id;
        let published = part(&folder, &path, hashes.len() as u64, size_of::<Hash>());
        assert!(published == tile_bytes(&hashes), "tile {level}/{index}");
    }
    assert_eq!((head.size, head.root), (edge.size(), edge.root()));
    head.size
}

/// Every file of the log.
fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => found.extend(files(&path)),
            false => drop(found.insert(path.clone(), std::fs::read(path).unwrap())),
        }
    }
    found
}

/// While the log is stopped, a hand puts an older checkpoint of the same log into the head, or
/// garbage, or exchanges the newest entry: it says so when it starts, and publishes nothing of it.
#[tokio::test]
async fn no_row_reaches_what_the_log_publishes() {
    let mut office = Office::open().await;
    let database = office.database().await;
    let head = "select checkpoint from log_head where log_id = 'control'";
    let (older,): (String,) = sqlx::query_as(head).fetch_one(&database).await.unwrap();
    office.register("王小明", "sz-office").await;
    let folder = office.path("ca/public/log/control");
    until("the newest checkpoint is published", async || {
        let (newest,): (String,) = sqlx::query_as(head).fetch_one(&database).await.unwrap();
        let published = std::fs::read_to_string(folder.join("checkpoint"));
        published.is_ok_and(|published| published == newest) && newest != older
    })
    .await;
    office.stop("log");
    size(&office);
    let before = files(&folder);
    let newest = "log_id = 'control' and idx = (select size - 1 from log_head \
                  where log_id = 'control')";
    let put = |table: &str, column: &str, on: &str| {
        let of = format!("from hand where {on}");
        format!("update {table} set {column} = (select {column} {of}) where log_id = 'control'")
    };
    let of_head = put("log_head", "checkpoint", "hand.log_id = log_head.log_id");
    let of_entry =
        put("log_entry", "entry", "hand.log_id = log_entry.log_id and hand.idx = log_entry.idx");
    let set =
        |note: &str| format!("update log_head set checkpoint = '{note}' where log_id = 'control'");
    let exchange = format!("update log_entry set entry = salt where {newest}");
    let hands = [
        ("log_head", set(&older), &of_head, "control"),
        ("log_head", set("x"), &of_head, "control"),
        ("log_entry", exchange, &of_entry, "control-files"),
    ];
    let admin = office.admin("log");
    for (table, hand, back, told) in hands {
        execute(&database, &format!("create table hand as select * from {table}")).await;
        execute(&database, &hand).await;
        office.spawn("log", &[]);
        until(&format!("the log says what {hand} did"), async || {
            admin.get("/readyz").await.is_ok_and(|answer| {
                let text = String::from_utf8_lossy(answer.body()).into_owned();
                answer.status() == 503 && text.contains(told)
            })
        })
        .await;
        office.stop("log");
        assert!(files(&folder) == before, "{hand}");
        execute(&database, back).await;
        execute(&database, "drop table hand").await;
    }
    let was = size(&office);
    office.start("log", &[]).await;
    office.register("李丹", "sz-office").await;
    until("it publishes what comes", async || size(&office) > was).await;
}
