//! A server that answers what it is told, and counts how often it is asked.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::task::Poll;

use portcullis::fetch::{Fetch, FetchError, Request, Response};

#[derive(Clone, Default)]
pub struct Server(Rc<Inner>);

#[derive(Default)]
struct Inner {
    answer: RefCell<Option<Result<Response, FetchError>>>,
    asked: Cell<usize>,
    /// Answers when polled again.
    slow: Cell<bool>,
}

impl Server {
    /// From now on answers with this JSON.
    pub fn publishes(&self, body: &serde_json::Value) -> &Self {
        self.answers(Ok(Response {
            status: 200,
            fields: vec![("content-type", "application/json".to_owned())],
            body: body.to_string().into_bytes(),
        }))
    }

    /// From now on answers so.
    pub fn answers(&self, answer: Result<Response, FetchError>) -> &Self {
        self.0.answer.replace(Some(answer));
        self
    }

    /// From now on a request waits for as long as it is not polled again.
    pub fn is_slow(&self) {
        self.0.slow.set(true);
    }

    /// How often it was asked since this was last asked.
    pub fn asked(&self) -> usize {
        self.0.asked.take()
    }
}

impl Fetch for Server {
    async fn fetch(&self, request: Request<'_>) -> Result<Response, FetchError> {
        assert_eq!((request.method, request.body.as_str()), ("GET", ""));
        self.0.asked.set(self.0.asked.get() + 1);
        if self.0.slow.get() {
            let mut polled = false;
            std::future::poll_fn(|context| {
                if std::mem::replace(&mut polled, true) {
                    return Poll::Ready(());
                }
                context.waker().wake_by_ref();
                Poll::Pending
            })
            .await;
        }
        self.0.answer.borrow().clone().expect("nothing was to be fetched")
    }
}
