//! Calls that wait at the same time are made as one.
//!
//! ```text
//!  call ─┐
//!  call ─┼─► waiting ─► run([a, b, c]) ─► each is told its own answer
//!  call ─┘      ▲
//!               └── those that come meanwhile are the next run
//! ```

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::oneshot;

/// Calls that wait for a run. Cheap to clone: every clone is the same one.
pub(crate) struct Together<In, Out>(Arc<Parts<In, Out>>);

struct Parts<In, Out> {
    waiting: Mutex<Waiting<In, Out>>,
    /// How many runs there are at once, at most.
    runs: usize,
    /// How many calls a run takes, at most.
    size: usize,
}

struct Waiting<In, Out> {
    calls: Vec<(In, oneshot::Sender<Out>)>,
    running: usize,
    /// How many calls the runs have taken that are under way.
    taken: usize,
}

impl<In, Out> Clone for Together<In, Out> {
    fn clone(&self) -> Self {
        Together(self.0.clone())
    }
}

impl<In: Send + 'static, Out: Send + 'static> Together<In, Out> {
    /// At most `runs` at once, of at most `size` calls each.
    pub(crate) fn new(runs: usize, size: usize) -> Self {
        let waiting = Mutex::new(Waiting {
            calls: Vec::new(),
            running: 0,
            taken: 0,
        });
        Together(Arc::new(Parts {
            waiting,
            runs,
            size,
        }))
    }

    /// Has `input` taken by the next run, with others that wait, and answers what that made of it. `run` answers for each
    /// input in their order. The run goes on when the caller stops waiting; `None` where it did not end.
    pub(crate) async fn call<F>(
        &self,
        input: In,
        run: impl Fn(Vec<In>) -> F + Send + 'static,
    ) -> Option<Out>
    where
        F: Future<Output = Vec<Out>> + Send,
    {
        let (tell, told) = oneshot::channel();
        let runs = self.with(|waiting| {
            waiting.calls.push((input, tell));
            let runs = waiting.running < self.0.runs;
            waiting.running += usize::from(runs);
            runs
        });
        if runs {
            let mut runner = Runner {
                place: Some(self.clone()),
                taken: 0,
            };
            tokio::spawn(async move {
                while let Some((inputs, tells)) = runner.next() {
                    let outputs = run(inputs).await;
                    for (tell, output) in tells.into_iter().zip(outputs) {
                        // Nobody may be waiting any more.
                        let _ = tell.send(output);
                    }
                }
            });
        }
        told.await.ok()
    }
}

impl<In, Out> Together<In, Out> {
    /// How many calls are not answered yet.
    pub(crate) fn open(&self) -> usize {
        self.with(|waiting| waiting.calls.len() + waiting.taken)
    }

    fn with<T>(&self, f: impl FnOnce(&mut Waiting<In, Out>) -> T) -> T {
        // What a panic left is whole: nothing is done here but moving.
        f(&mut self
            .0
            .waiting
            .lock()
            .unwrap_or_else(PoisonError::into_inner))
    }
}

/// Has one of the places to run, until there is nothing left or it is dropped by a panic.
struct Runner<In, Out> {
    place: Option<Together<In, Out>>,
    /// How many calls the last run took.
    taken: usize,
}

impl<In, Out> Runner<In, Out> {
    /// The calls of the next run. The last look and giving up the place are one step, so that nothing is left waiting.
    fn next(&mut self) -> Option<(Vec<In>, Vec<oneshot::Sender<Out>>)> {
        let together = self.place.take()?;
        let calls = together.with(|waiting| {
            let taken = waiting.calls.len().min(together.0.size);
            waiting.taken = waiting.taken + taken - std::mem::replace(&mut self.taken, taken);
            if taken == 0 {
                waiting.running -= 1;
                return None;
            }
            let later = waiting.calls.split_off(taken);
            Some(std::mem::replace(&mut waiting.calls, later))
        })?;
        self.place = Some(together);
        Some(calls.into_iter().unzip())
    }
}

impl<In, Out> Drop for Runner<In, Out> {
    fn drop(&mut self) {
        if let Some(together) = self.place.take() {
            together.with(|waiting| {
                waiting.taken -= self.taken;
                waiting.running -= 1;
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures::future::join_all;

    use super::*;

    #[tokio::test]
    async fn calls_that_wait_are_made_together_and_each_gets_its_own_answer() {
        let together = Together::new(1, 8);
        let runs = Arc::new(AtomicUsize::new(0));
        let call = |n: usize| {
            let runs = runs.clone();
            together.call(n, move |all: Vec<usize>| {
                runs.fetch_add(1, Ordering::SeqCst);
                async move {
                    assert!(all.len() <= 8);
                    tokio::task::yield_now().await;
                    all.into_iter().map(|n| n * 2).collect()
                }
            })
        };
        let answers = join_all((0..20).map(call)).await;
        assert_eq!(answers, (0..20).map(|n| Some(n * 2)).collect::<Vec<_>>());
        assert_eq!(runs.load(Ordering::SeqCst), 3);
        assert_eq!(call(7).await, Some(14), "and again, when all was quiet");
    }

    #[tokio::test]
    async fn a_run_that_panics_answers_nobody_and_gives_up_its_place() {
        let together = Together::new(1, 1);
        let call = |n: usize| {
            together.call(n, |all: Vec<usize>| async move {
                assert!(all[0] > 0, "a run that panics");
                all
            })
        };
        assert_eq!(call(0).await, None);
        assert_eq!(call(1).await, Some(1));
    }
}
