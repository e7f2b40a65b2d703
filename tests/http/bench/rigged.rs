//! A memory store that fails, lies or hangs when told to.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::ops::Deref;
use std::rc::Rc;
use std::sync::Arc;
use std::task::Poll;

use pollster::block_on;
use portcullis::UnixMs;
use portcullis::instance::Instance;
use portcullis::limit::{Adjustment, Policy};
use portcullis::store::memory::{MemoryBounds, MemoryStore};
use portcullis::store::{
    Admission, Admit, Durability, EntryKey, MergeBatch, Outcome, Penalty, Record, Revocation,
    RevocationScope, Rotated, Rotation, SessionRecord, Store, StoreError, StoredRules, Take,
};

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Every call fails at once.
    Unreachable,
    /// Every call misses its deadline.
    Timeout,
    /// Every call is carried out, and misses its deadline all the same.
    Lost,
    /// The same of merging alone.
    LostMerge,
    /// Merging alone fails at once.
    NoMerging,
    /// Every call is refused for our credentials.
    Refused,
    /// Nothing can be written.
    ReadOnly,
    /// Nothing can be revoked.
    NoRevoking,
    /// Nothing can be admitted.
    NoAdmitting,
    /// Nothing can be revoked for now: too many writes.
    Quota,
    /// There is no room for a revocation.
    Full,
    /// No call is ever answered.
    Hang,
    /// A call is answered when it is polled again.
    Slow,
    /// Revocations are acknowledged and not kept, and none is known.
    Forgets,
    /// The entry of any token, and any session, cannot be read.
    Corrupt,
    /// Outcomes are left out.
    Short,
}

#[derive(Clone)]
pub struct Rigged(Rc<Inner>);

struct Inner {
    apart: RefCell<Rc<MemoryStore>>,
    /// Whose memory is the store, when it is embedded.
    embedded: Option<Arc<Instance>>,
    fault: Cell<Option<Fault>>,
    /// Names its data.
    epoch: Cell<u64>,
    calls: RefCell<Vec<&'static str>>,
    /// How durably it says to have kept a revocation.
    durability: Durability,
}

impl Rigged {
    pub fn apart() -> Self {
        Self::build(None, Durability::Local)
    }

    pub fn embedded(instance: Arc<Instance>) -> Self {
        Self::build(Some(instance), Durability::Local)
    }

    /// A store that others share.
    pub fn remote() -> Self {
        Self::build(None, Durability::Store)
    }

    fn build(embedded: Option<Arc<Instance>>, durability: Durability) -> Self {
        let (fault, calls) = (Cell::new(None), RefCell::default());
        let (apart, epoch) = (RefCell::new(roomy().into()), Cell::new(1));
        Self(Rc::new(Inner { apart, embedded, fault, epoch, calls, durability }))
    }

    /// From now on goes wrong like this.
    pub fn fault(&self, fault: impl Into<Option<Fault>>) {
        self.0.fault.set(fault.into());
    }

    /// The verbs called since this was last asked.
    pub fn calls(&self) -> Vec<&'static str> {
        self.0.calls.take()
    }

    /// All that was written is gone, as after a restart without persistence.
    pub fn lose_data(&self) {
        self.0.apart.replace(roomy().into());
        self.0.epoch.set(self.0.epoch.get() + 1);
    }

    /// The access rules become what none of ours are.
    pub fn spoil_rules(&self) {
        let memory = self.memory();
        let now = UnixMs(0);
        let version = block_on(memory.rules(now)).unwrap().version;
        block_on(memory.write_rules(version, "?", now)).unwrap();
    }

    fn memory(&self) -> Kept {
        match &self.0.embedded {
            Some(instance) => Kept::Embedded(Arc::clone(instance)),
            None => Kept::Apart(self.0.apart.borrow().clone()),
        }
    }

    async fn called(&self, verb: &'static str) -> Result<Option<Fault>, StoreError> {
        self.0.calls.borrow_mut().push(verb);
        match self.0.fault.get() {
            Some(Fault::Unreachable) => Err(StoreError::Unavailable { cause: "refused" }),
            Some(Fault::Timeout) => Err(StoreError::Timeout { deadline_ms: 300 }),
            Some(Fault::Refused) => Err(StoreError::Unauthorized),
            Some(Fault::Hang) => poll_fn(|_| Poll::Pending).await,
            Some(Fault::Slow) => {
                let mut polled = false;
                poll_fn(|_| {
                    if std::mem::replace(&mut polled, true) {
                        Poll::Ready(())
                    } else {
                        Poll::Pending
                    }
                })
                .await;
                Ok(None)
            }
            fault => Ok(fault),
        }
    }
}

/// Where it is kept.
enum Kept {
    Apart(Rc<MemoryStore>),
    Embedded(Arc<Instance>),
}

impl Deref for Kept {
    type Target = MemoryStore;

    fn deref(&self) -> &MemoryStore {
        match self {
            Self::Apart(memory) => memory,
            Self::Embedded(instance) => &instance.memory,
        }
    }
}

impl Rigged {
    /// The reply to what was carried out, if it is not lost.
    fn replied<T>(&self, fault: Option<Fault>, reply: T) -> Result<T, StoreError> {
        match fault {
            Some(Fault::Lost) => Err(StoreError::Timeout { deadline_ms: 300 }),
            _ => Ok(reply),
        }
    }
}

/// With room for more revocations than an instance remembers, as a remote store has.
fn roomy() -> MemoryStore {
    let bounds = MemoryBounds { revoked_subjects: 14_336, ..MemoryBounds::default() };
    MemoryStore::with_bounds(bounds, [9; 16]).unwrap()
}

impl Store for Rigged {
    async fn admit(&self, admit: &Admit<'_>, now: UnixMs) -> Result<Admission, StoreError> {
        let fault = self.called("admit").await?;
        if fault == Some(Fault::NoAdmitting) {
            return Err(StoreError::Unavailable { cause: "out_of_memory" });
        }
        if fault == Some(Fault::Corrupt) && admit.token.is_some() {
            let revoked = Some(RevocationScope::Token);
            let rules = Some(self.memory().rules(now).await?.version);
            return Ok(Admission { revoked, unreadable: true, rules, ..Admission::default() });
        }
        let token = admit.token.filter(|_| fault != Some(Fault::Forgets));
        let takes = admit.takes.clone();
        let mut admission =
            self.memory().admit(&Admit { token, takes, closed: false }, now).await?;
        if fault == Some(Fault::Short) {
            admission.outcomes.pop();
        }
        admission.epoch = Some(self.0.epoch.get());
        self.replied(fault, admission)
    }

    async fn revoke(&self, revocation: &Revocation, now: UnixMs) -> Result<Durability, StoreError> {
        match self.called("revoke").await? {
            Some(Fault::Full) => Err(StoreError::Full { what: "tokens" }),
            Some(Fault::NoRevoking) => Err(StoreError::Unavailable { cause: "refused" }),
            Some(Fault::Quota) => Err(StoreError::Unavailable { cause: "quota" }),
            Some(Fault::Forgets) => Ok(Durability::Store),
            fault => {
                self.memory().revoke(revocation, now).await?;
                self.replied(fault, self.0.durability)
            }
        }
    }

    async fn rotate(&self, rotation: &Rotation, now: UnixMs) -> Result<Rotated, StoreError> {
        let fault = self.called("rotate").await?;
        if fault == Some(Fault::Corrupt) {
            return Err(StoreError::Corrupt { what: "session" });
        }
        let rotated = self.memory().rotate(rotation, now).await?;
        self.replied(fault, rotated)
    }

    async fn sessions(&self, of: EntryKey, now: UnixMs) -> Result<Vec<SessionRecord>, StoreError> {
        self.called("sessions").await?;
        self.memory().sessions(of, now).await
    }

    async fn peek(&self, takes: &[Take<'_>], now: UnixMs) -> Result<Vec<Outcome>, StoreError> {
        match self.called("peek").await? {
            Some(Fault::Short) => Ok(Vec::new()),
            _ => self.memory().peek(takes, now).await,
        }
    }

    async fn reset(&self, policy: &Policy, key: EntryKey, now: UnixMs) -> Result<(), StoreError> {
        self.called("reset").await?;
        self.memory().reset(policy, key, now).await
    }

    async fn adjust(
        &self,
        policy: &Policy,
        key: EntryKey,
        by: Adjustment,
        now: UnixMs,
    ) -> Result<Outcome, StoreError> {
        self.called("adjust").await?;
        self.memory().adjust(policy, key, by, now).await
    }

    async fn penalise(&self, penalty: &Penalty<'_>, now: UnixMs) -> Result<(), StoreError> {
        self.called("penalise").await?;
        self.memory().penalise(penalty, now).await
    }

    async fn merge(&self, batch: &MergeBatch, now: UnixMs) -> Result<(), StoreError> {
        let fault = self.called("merge").await?;
        if fault == Some(Fault::NoMerging) {
            return Err(StoreError::Unavailable { cause: "command_failed" });
        }
        self.memory().merge(batch, now).await?;
        let lost = fault == Some(Fault::LostMerge);
        self.replied(if lost { Some(Fault::Lost) } else { fault }, ())
    }

    async fn put(&self, name: EntryKey, record: Record, now: UnixMs) -> Result<(), StoreError> {
        if self.called("put").await? == Some(Fault::ReadOnly) {
            return Err(StoreError::Unavailable { cause: "read_only" });
        }
        self.memory().put(name, record, now).await
    }

    async fn get(&self, name: EntryKey, now: UnixMs) -> Result<Option<Record>, StoreError> {
        self.called("get").await?;
        self.memory().get(name, now).await
    }

    async fn rules(&self, now: UnixMs) -> Result<StoredRules, StoreError> {
        self.called("rules").await?;
        self.memory().rules(now).await
    }

    async fn write_rules(
        &self,
        expected: u64,
        text: &str,
        now: UnixMs,
    ) -> Result<Option<u64>, StoreError> {
        let fault = self.called("write_rules").await?;
        let written = self.memory().write_rules(expected, text, now).await?;
        self.replied(fault, written)
    }
}
