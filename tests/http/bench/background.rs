//! A background that works when told to.

use std::cell::RefCell;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;

use pollster::block_on;
use portcullis::background::Background;

type Work = Pin<Box<dyn Future<Output = ()>>>;

/// What was handed over and not done yet.
#[derive(Clone, Default)]
pub struct Queue(Rc<RefCell<Vec<Work>>>);

impl Queue {
    /// Does all of it; how much there was.
    pub fn run(&self) -> usize {
        let work = self.0.take();
        let count = work.len();
        work.into_iter().for_each(block_on);
        count
    }

    /// Drops all of it, as a platform does that ends a request.
    pub fn drop_all(&self) -> usize {
        self.0.take().len()
    }
}

impl Background for Queue {
    fn spawn(&self, work: impl Future<Output = ()> + 'static) {
        self.0.borrow_mut().push(Box::pin(work));
    }
}
