//! Ephemeral resources: one that is renewed and closed and writes down what becomes of it, and one that is neither.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};
use tf_provider::schema::{Computed, Sensitive};
use tf_provider::{
    CloseEphemeral, Context, Diagnostic, Diagnostics, EphemeralResource, Opened, RenewEphemeral, Renewed,
    Schema, ValidateConfig,
};

use super::Client;

/// Lends a token.
#[derive(Schema, Clone, Debug)]
#[tf(type_name = "conformance_lease")]
pub(crate) struct Lease {
    /// Its name; some names are faults on demand.
    #[tf(validate(length(1..=40)))]
    pub name: String,
    /// The file to write to.
    pub file: Option<String>,
    /// How it is lent.
    #[tf(default = "briefly")]
    pub manner: String,
    /// Seconds until it is renewed.
    pub seconds: Option<u32>,
    /// The token.
    pub token: Computed<Sensitive<String>>,
}

/// What renewing and closing know.
#[derive(Serialize, Deserialize)]
pub(crate) struct Lent {
    name: String,
    file: Option<String>,
    seconds: Option<u32>,
    renewals: u32,
}

impl Lent {
    fn write(&self, operation: &str) {
        let Some(file) = &self.file else { return };
        let file = OpenOptions::new().create(true).append(true).open(file);
        let line = format!("{operation} {} {}\n", self.name, self.renewals);
        file.and_then(|mut file| file.write_all(line.as_bytes())).expect("the journal should be writable");
    }

    fn next(&self) -> Option<SystemTime> {
        self.seconds.map(|seconds| SystemTime::now() + Duration::from_secs(seconds.into()))
    }
}

impl EphemeralResource for Lease {
    type Client = Client;
    type Private = Lent;

    async fn open(mut self, ctx: &mut Context<Client>) -> Result<Opened<Self>, Diagnostics> {
        match self.name.as_str() {
            "refused" => return Err(Diagnostic::error("Refused", "Nobody lends this.").at("name").into()),
            "panic" => panic!("a bug of the author"),
            "changed" => self.manner = "otherwise".to_owned(),
            _ => {}
        }
        if self.name != "unknown" {
            self.token = Sensitive::new(format!("t0ken-of-{}-{}", self.name, self.manner)).into();
        }
        ctx.warn(Diagnostic::warning("Lent", format!("The client is {:?}.", ctx.client().label)));
        let lent =
            Lent { name: self.name.clone(), file: self.file.clone(), seconds: self.seconds, renewals: 0 };
        lent.write("open");
        let next = lent.next();
        let opened = Opened::new(self, lent);
        Ok(match next {
            Some(time) => opened.renew_at(time),
            None => opened,
        })
    }
}

impl RenewEphemeral for Lease {
    async fn renew(mut lent: Lent, _: &mut Context<Client>) -> Result<Renewed<Self>, Diagnostics> {
        if lent.name == "not renewed" {
            return Err(Diagnostic::error("Not renewed", "It is over.").into());
        }
        lent.renewals += 1;
        lent.write("renew");
        if let Some(file) = &lent.file {
            std::fs::write(format!("{file}.renewed"), "").expect("the mark should be writable");
        }
        let next = lent.next().filter(|_| lent.renewals < 2);
        let renewed = Renewed::new(lent);
        Ok(match next {
            Some(time) => renewed.renew_at(time),
            None => renewed,
        })
    }
}

impl CloseEphemeral for Lease {
    async fn close(lent: Lent, _: &mut Context<Client>) -> Result<(), Diagnostics> {
        if lent.name == "not closed" {
            return Err(Diagnostic::error("Not closed", "It stays open.").into());
        }
        lent.write("close");
        Ok(())
    }
}

impl ValidateConfig for Lease {
    fn validate(config: &LeasePlan, diagnostics: &mut Diagnostics) {
        if config.seconds.known() == Some(&0) {
            diagnostics.push(Diagnostic::error("Too short", "Nobody lends for no time.").at("seconds"));
        }
    }
}

/// Can be opened, and that is all.
#[derive(Schema, Clone, Debug)]
#[tf(type_name = "conformance_plain")]
pub(crate) struct Plain {
    /// Its value.
    pub value: Computed<String>,
}

impl EphemeralResource for Plain {
    type Client = Client;
    type Private = ();

    async fn open(self, _: &mut Context<Client>) -> Result<Opened<Self>, Diagnostics> {
        Ok(Opened::new(Plain { value: "plain".into() }, ()))
    }
}
