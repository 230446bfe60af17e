//! Where pages wait until it is known who reads: data is asked for at once, and shown when both are there.

use em2_model::refusal::Refusal;
use em2_model::wire::domestic::Session;
use leptos::prelude::*;
use leptos::reactive::owner::WeakOwner;

use crate::backend::World;
use crate::components::when::Today;
use crate::json::{Json, resource};
use crate::state::desk::Desk;

/// Provided by the frame to every page in it.
#[derive(Clone, Copy)]
pub struct Lobby {
    who: Resource<Result<Session, Refusal>, Json>,
    /// The desk, once somebody is there: all pages share the one.
    desk: StoredValue<Option<Desk>>,
    /// What the desk belongs to, whoever asks for it first.
    owner: StoredValue<Option<WeakOwner>>,
    world: StoredValue<World>,
}

impl Lobby {
    /// Opens it, inside the router.
    pub fn provide(world: World) -> Lobby {
        let asked = world.clone();
        let lobby = Lobby {
            who: resource(|| (), move |()| asked.session()),
            desk: StoredValue::new(None),
            owner: StoredValue::new(Owner::current().map(|owner| owner.downgrade())),
            world: StoredValue::new(world),
        };
        provide_context(lobby);
        lobby
    }

    /// The lobby of this page.
    pub fn here() -> Lobby {
        // Only pages inside the frame, which provides it, ask.
        expect_context()
    }

    /// The desk of the signed-in person.
    pub async fn desk(self) -> Result<Desk, Refusal> {
        let session = self.who.await?;
        if let Some(desk) = self.desk.get_value() {
            return Ok(desk);
        }
        let lay_out = || {
            let desk = Desk::provide(self.world.get_value(), session);
            Today::provide(&desk);
            desk
        };
        let owner = self.owner.get_value().and_then(|owner| owner.upgrade());
        let desk = match owner {
            Some(owner) => owner.with(lay_out),
            None => lay_out(),
        };
        self.desk.set_value(Some(desk));
        Ok(desk)
    }
}
