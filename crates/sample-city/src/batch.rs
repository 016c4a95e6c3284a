//! A batch as a portal hands it on: orders of the golden vectors under a registry key of its own.

use keys::SoftwareSigner;
use pki::{PublicKey, Signer};
use records::export::{OpenedOrder, OrderExport, ReviewFlag, RowExport};
use records::{Bytes, Disclosure, Order, SignedOrder};
use serde_json::{Value, json};

/// Each order of a batch, as a page lists it, under the number that a browser shows before it.
pub fn numbered_rows(page: &str) -> Vec<(usize, String)> {
    let mut number = 0;
    let list = page.split_once("<ol class=\"rows\">").unwrap().1;
    let items = list.split_once("</ol>").unwrap().0.split("<li").skip(1);
    let one = |item: &str| {
        let own = item.strip_prefix(" value=\"").and_then(|rest| rest.split_once('"'));
        number = own.map_or(number + 1, |(own, _)| own.parse().unwrap());
        (number, item.to_owned())
    };
    items.map(one).collect()
}

/// A batch of orders of one kind.
pub struct SampleBatch {
    registry: SoftwareSigner,
    /// As it is handed on.
    pub export: OrderExport,
}

impl SampleBatch {
    /// So many orders of a kind of the vectors; `change` makes each another one.
    pub fn of(kind: &str, count: usize, change: impl Fn(usize, &mut Value)) -> Self {
        let registry = SoftwareSigner::generate_p256().unwrap();
        let kept = vector(kind);
        let disclosures: Vec<Disclosure> =
            serde_json::from_value(kept["disclosures"].clone()).unwrap();
        let whole = read(&kept);
        let row = |place: usize| {
            let mut order = whole.clone();
            order["order"] = json!(format!("00000000000000{place:02}"));
            order.as_object_mut().unwrap().remove("draft");
            if let Some(body) = order["body"].as_object_mut() {
                body.remove("renewal");
                body.remove("previous");
            }
            change(place, &mut order);
            let signed = sign(&order, disclosures.clone(), &registry);
            RowExport { signed, previous: None, renewed: None, look: None, consequence: None }
        };
        let rows: Vec<RowExport> = (0..count).map(row).collect();
        let digests: Vec<Bytes> = rows.iter().map(|row| row.signed.digest().into()).collect();
        let mut order = read(&vector("batch"));
        order.as_object_mut().unwrap().remove("draft");
        let action = whole["body"]["action"].as_str().unwrap_or_default();
        let body = &mut order["body"];
        (body["of"], body["action"], body["rows"]) = (json!(kind), json!(action), json!(digests));
        body["flagged"] = json!([]);
        let export = OrderExport {
            v: 1,
            signed: sign(&order, Vec::new(), &registry),
            registry: Vec::new(),
            previous: None,
            renewed: None,
            files: Vec::new(),
            files_before: Vec::new(),
            rows,
            standing: None,
            consequence: None,
        };
        Self { registry, export }
    }

    /// The key that signed all of it.
    pub fn registry(&self) -> &PublicKey {
        self.registry.public_key()
    }

    /// What is left of it once everything in it was checked.
    pub fn open(&self) -> OpenedOrder {
        self.export.open_under(self.registry()).unwrap()
    }

    /// The same with another number of orders that each officer has to open.
    pub fn asking(mut self, sample: u16) -> Self {
        let mut order: Value = serde_json::from_slice(&self.export.signed.order.0).unwrap();
        order["body"]["sample"] = json!(sample);
        self.export.signed = sign(&order, Vec::new(), &self.registry);
        self
    }

    /// With what a portal says that needs a look, order by order.
    pub fn with_looks(mut self, looks: &[Option<ReviewFlag>]) -> Self {
        let rows = self.export.rows.iter_mut().zip(looks);
        rows.for_each(|(row, look)| row.look = *look);
        self
    }
}

fn vectors() -> Vec<Value> {
    let vectors: Value = serde_json::from_str(include_str!("../../../docs/vectors.json")).unwrap();
    vectors["orders"].as_array().unwrap().clone()
}

fn vector(kind: &str) -> Value {
    vectors().into_iter().find(|vector| vector["kind"] == kind).unwrap()
}

fn read(vector: &Value) -> Value {
    let bytes = Bytes::read(vector["order"].as_str().unwrap()).unwrap();
    serde_json::from_slice(&bytes.0).unwrap()
}

fn sign(order: &Value, disclosures: Vec<Disclosure>, registry: &SoftwareSigner) -> SignedOrder {
    let order: Order = serde_json::from_value(order.clone()).unwrap();
    SignedOrder::sign(&order, disclosures, registry).unwrap()
}
