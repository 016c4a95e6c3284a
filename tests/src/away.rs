//! A database that cannot be reached, as the status role of a city meets it.

use crate::Office;
use crate::processes::until;

/// The status role runs without its database, until [`Self::ends`]. Everybody else has it.
pub struct DatabaseAway {
    /// The configuration as it was.
    whole: String,
}

impl DatabaseAway {
    /// Starts the status role again where nothing answers, and waits until it says so. What it
    /// knows then is what it followed: it is ended once that is all that stands in the tree.
    pub async fn of_status(office: &mut Office) -> Self {
        let size = "select count(*) from log_entry where log_id = 'control'";
        let size = sqlx::query_as(size).fetch_one(&office.database().await).await;
        let (size,): (i64,) = size.unwrap();
        let role = office.path("ca/status");
        until("the role followed what stands in the tree", async || {
            let floor = ca_store::follower::floor(&role);
            floor.is_ok_and(|floor| floor.size >= u64::try_from(size).unwrap())
        })
        .await;
        let path = office.path("ca/ca.toml");
        let whole = std::fs::read_to_string(&path).unwrap();
        let mut config: toml::Table = toml::from_str(&whole).unwrap();
        let away = "postgres://nobody@127.0.0.1:1/ca".into();
        config["status"].as_table_mut().unwrap().insert("database".into(), away);
        office.stop("status");
        std::fs::write(&path, toml::to_string(&config).unwrap()).unwrap();
        office.spawn("status", &[]);
        let admin = office.admin("status");
        until("it tells that the database is away", async || {
            let Ok(answer) = admin.get("/readyz").await else { return false };
            String::from_utf8_lossy(answer.body()).contains("database: it does not answer")
        })
        .await;
        Self { whole }
    }

    /// Kills the role, and starts it where the database answers.
    pub async fn ends(self, office: &mut Office) {
        office.kill("status");
        std::fs::write(office.path("ca/ca.toml"), self.whole).unwrap();
        office.start("status", &[]).await;
    }
}
