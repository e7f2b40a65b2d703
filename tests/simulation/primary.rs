//! The store as an isolate sees it: behind the same port as Redis over HTTP, with the same deadlines.

use std::rc::Rc;

use portcullis::UnixMs;
use portcullis::limit::{Adjustment, Policy};
use portcullis::store::{
    Admission, Admit, Durability, EntryKey, MergeBatch, Outcome, Penalty, Record, Revocation,
    Rotated, Rotation, SessionRecord, Store, StoreError, StoredRules, Take,
};

use super::network::{Link, exchange};
use super::server::OwnedTake;
use super::world::World;

#[derive(Clone)]
pub struct Primary(pub Rc<World>);

fn owned(takes: &[Take<'_>]) -> Vec<OwnedTake> {
    takes
        .iter()
        .map(|take| OwnedTake { policy: take.policy.clone(), key: take.key, cost: take.cost })
        .collect()
}

impl Store for Primary {
    async fn admit(&self, admit: &Admit<'_>, now: UnixMs) -> Result<Admission, StoreError> {
        let (token, takes) = (admit.token, owned(&admit.takes));
        self.0.takes_are_sent(&takes);
        let answer = exchange(&self.0, Link::Store, "admit", true, move |world| {
            Ok(world.server.admit(world, token, &takes, now))
        });
        let admitted = answer.await?;
        self.0.admitted(&admitted);
        Ok(admitted.admission)
    }

    async fn revoke(&self, revocation: &Revocation, now: UnixMs) -> Result<Durability, StoreError> {
        let revocation = *revocation;
        let request = self.0.current_request();
        let answer = exchange(&self.0, Link::Store, "revoke", true, move |world| {
            world.server.revoke(world, &revocation, now)?;
            if let Some(request) = &request {
                request.stored.set(Some(world.server.epoch.get()));
            }
            Ok(Durability::Store)
        });
        answer.await
    }

    async fn peek(&self, takes: &[Take<'_>], _: UnixMs) -> Result<Vec<Outcome>, StoreError> {
        let takes = owned(takes);
        exchange(&self.0, Link::Store, "peek", false, move |world| world.server.peek(world, &takes))
            .await
    }

    async fn merge(&self, batch: &MergeBatch, _: UnixMs) -> Result<(), StoreError> {
        let (batch, of) = (batch.clone(), self.0.current_isolate());
        exchange(&self.0, Link::Store, "merge", true, move |world| {
            world.server.merge(world, &of, &batch)
        })
        .await
    }

    async fn put(&self, name: EntryKey, record: Record, now: UnixMs) -> Result<(), StoreError> {
        let put = move |world: &World| world.server.put(world, name, &record, now);
        exchange(&self.0, Link::Store, "put", true, put).await
    }

    async fn get(&self, name: EntryKey, _: UnixMs) -> Result<Option<Record>, StoreError> {
        exchange(&self.0, Link::Store, "get", false, move |world| world.server.get(world, name))
            .await
    }

    async fn rules(&self, now: UnixMs) -> Result<StoredRules, StoreError> {
        exchange(&self.0, Link::Store, "rules", false, move |world| world.server.rules(now)).await
    }

    async fn rotate(&self, rotation: &Rotation, now: UnixMs) -> Result<Rotated, StoreError> {
        let rotation = *rotation;
        let rotate = move |world: &World| {
            let epoch = world.server.epoch.get();
            Ok((epoch, world.server.rotate(world, &rotation, now)?))
        };
        let (epoch, rotated) = exchange(&self.0, Link::Store, "rotate", true, rotate).await?;
        if let Some(request) = self.0.current_request() {
            request.rotated.set(Some((epoch, rotated)));
        }
        Ok(rotated)
    }

    // Nothing asks for these: nobody administers.

    async fn sessions(&self, _: EntryKey, _: UnixMs) -> Result<Vec<SessionRecord>, StoreError> {
        Err(StoreError::Unsupported { verb: "sessions" })
    }

    async fn reset(&self, _: &Policy, _: EntryKey, _: UnixMs) -> Result<(), StoreError> {
        Err(StoreError::Unsupported { verb: "reset" })
    }

    async fn adjust(
        &self,
        _: &Policy,
        _: EntryKey,
        _: Adjustment,
        _: UnixMs,
    ) -> Result<Outcome, StoreError> {
        Err(StoreError::Unsupported { verb: "adjust" })
    }

    async fn penalise(&self, _: &Penalty<'_>, _: UnixMs) -> Result<(), StoreError> {
        Err(StoreError::Unsupported { verb: "penalise" })
    }

    async fn write_rules(&self, _: u64, _: &str, _: UnixMs) -> Result<Option<u64>, StoreError> {
        Err(StoreError::Unsupported { verb: "write_rules" })
    }
}
