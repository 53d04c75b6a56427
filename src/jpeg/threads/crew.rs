//! The threads beside the caller's: a pool that lives as long as a call. They keep away from the caller's processor, and
//! between two pieces of work that come soon after one another they stay awake: to be put to sleep and woken, by a host
//! that has given the processor away meanwhile, may take longer than the work.

use std::iter;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, TryLockError};
use std::thread::{self, JoinHandle};

use rayon_core::{ThreadBuilder, ThreadPool, ThreadPoolBuilder};

use super::processor::Processor;

/// How often a thread that stays awake without work gives way until it sleeps: for up to a millisecond, where nobody else
/// wants its processor.
const TURNS_AWAKE: usize = 1 << 10;
/// How often the caller gives way to threads that it has begun.
const TURNS_TO_BEGIN: usize = 4;

/// So many threads, which begin with the first work.
#[derive(Debug)]
pub(super) struct Crew {
    size: usize,
    /// None where the system has none to give.
    helpers: OnceLock<Option<Helpers>>,
}

#[derive(Debug)]
pub(super) struct Helpers {
    pool: ThreadPool,
    handles: Vec<JoinHandle<()>>,
    watch: Arc<Watch>,
}

/// What those look at that stay awake.
#[derive(Debug, Default)]
struct Watch {
    /// How often they were called, to work or to the end.
    calls: AtomicUsize,
    /// How many they are.
    awake: AtomicUsize,
}

/// What work is given to that is done beside other work, and ends with it.
pub(crate) struct Scope<'a, 's> {
    pool: &'a rayon_core::Scope<'s>,
    watch: &'a Watch,
    /// Where the caller is, unless it is one of the crew: that one may do the work itself.
    caller: Option<Processor>,
    /// Pieces of work that are not done yet.
    left: Arc<AtomicUsize>,
}

/// One of the pieces of work that are left, until it is done or has panicked.
struct Left(Arc<AtomicUsize>);

impl Crew {
    pub(super) fn new(size: usize) -> Self {
        Self { size, helpers: OnceLock::new() }
    }

    /// So many as there shall be, or as the system has to give.
    pub(super) fn helpers(&self) -> Option<&Helpers> {
        // A thread of the caller's own pool would not wait for them.
        if self.helpers.get().is_none() && rayon_core::current_thread_index().is_some() {
            return None;
        }
        let fewer = |&size: &usize| (size > 1).then_some(size / 2);
        let begin = || iter::successors(Some(self.size), fewer).find_map(Helpers::begin);
        self.helpers.get_or_init(begin).as_ref()
    }
}

impl Drop for Crew {
    fn drop(&mut self) {
        if let Some(Some(Helpers { pool, handles, watch })) = self.helpers.take() {
            // They end once there is no pool.
            drop(pool);
            watch.call();
            join(handles);
        }
    }
}

impl Helpers {
    fn begin(size: usize) -> Option<Self> {
        let (caller, begun) = (Processor::current(), Arc::new(AtomicUsize::new(0)));
        let mut handles = Vec::with_capacity(size);
        let spawn = |helper: ThreadBuilder| {
            let begun = Arc::clone(&begun);
            let run = move || {
                caller.leave();
                begun.fetch_add(1, Ordering::Relaxed);
                helper.run();
            };
            handles.push(thread::Builder::new().spawn(run)?);
            Ok(())
        };
        let Ok(pool) = ThreadPoolBuilder::new().num_threads(size).spawn_handler(spawn).build() else {
            join(handles);
            return None;
        };
        let helpers = Self { pool, handles, watch: Arc::default() };
        helpers.stay_awake();
        _ = give_way_until(TURNS_TO_BEGIN, || begun.load(Ordering::Relaxed) == size);
        Some(helpers)
    }

    /// Whether a thread that gives them work can wait for it: one of the caller's own pool would do other jobs of that
    /// pool meanwhile, whatever it holds.
    pub(super) fn can_be_waited_for(&self) -> bool {
        rayon_core::current_thread_index().is_none() || self.pool.current_thread_index().is_some()
    }

    /// Does `own` work, which may have other work done beside it. Returns when all is done.
    pub(super) fn scope<'s, T>(&self, own: impl FnOnce(&Scope<'_, 's>) -> T) -> T {
        let is_outside = self.pool.current_thread_index().is_none();
        let done = self.pool.in_place_scope(|pool| {
            let (watch, caller) = (&*self.watch, is_outside.then(Processor::current));
            let scope = Scope { pool, watch, caller, left: Arc::default() };
            let done = own(&scope);
            scope.wait_awake();
            done
        });
        if is_outside {
            self.stay_awake();
        }
        done
    }

    /// Has all of them stay awake for a while.
    fn stay_awake(&self) {
        let watch = Arc::clone(&self.watch);
        let calls = watch.calls.load(Ordering::Acquire);
        self.pool.spawn_broadcast(move |_| _ = watch.stay_awake(calls));
    }
}

impl<'s> Scope<'_, 's> {
    /// Has work done by another thread.
    pub(crate) fn spawn(&self, work: impl FnOnce() + Send + 's) {
        self.left.fetch_add(1, Ordering::Relaxed);
        let (left, caller) = (Left(Arc::clone(&self.left)), self.caller);
        self.pool.spawn(move |_| {
            caller.into_iter().for_each(Processor::leave);
            work();
            drop(left);
        });
        let are_awake = self.watch.awake.load(Ordering::Relaxed) > 0;
        self.watch.call();
        // Who is woken on this processor can only leave it once it is there.
        if !are_awake && self.caller.is_some() {
            thread::yield_now();
        }
    }

    /// Waits for all that is left, for a while: whoever sleeps has to be woken, too.
    fn wait_awake(&self) {
        if self.caller.is_some() {
            _ = give_way_until(TURNS_AWAKE, || self.left.load(Ordering::Acquire) == 0);
        }
    }
}

impl Drop for Left {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Release);
    }
}

impl Watch {
    fn call(&self) {
        self.calls.fetch_add(1, Ordering::Release);
    }

    /// Stays awake for a while or until there are more calls than so many. Says whether there are.
    fn stay_awake(&self, calls: usize) -> bool {
        self.awake.fetch_add(1, Ordering::Relaxed);
        let is_called = give_way_until(TURNS_AWAKE, || self.calls.load(Ordering::Acquire) != calls);
        self.awake.fetch_sub(1, Ordering::Relaxed);
        is_called
    }
}

/// Gives way so often at most, until it is `done`. Says whether it is.
fn give_way_until(turns: usize, mut done: impl FnMut() -> bool) -> bool {
    (0..turns).any(|_| {
        let is_done = done();
        if !is_done {
            thread::yield_now();
        }
        is_done
    })
}

/// Locks what another thread may have, and stays awake for a while meanwhile. Where one has panicked nobody waits for it,
/// and the call panics in the end.
pub(crate) fn lock_awake<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    let mut locked = None;
    _ = give_way_until(TURNS_AWAKE, || {
        locked = match mutex.try_lock() {
            Ok(guard) => Some(guard),
            Err(TryLockError::Poisoned(error)) => Some(error.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        };
        locked.is_some()
    });
    locked.unwrap_or_else(|| mutex.lock().unwrap_or_else(PoisonError::into_inner))
}

/// What panics in a job is handed on by its scope.
fn join(handles: Vec<JoinHandle<()>>) {
    handles.into_iter().for_each(|handle| drop(handle.join()));
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::panic;
    use std::sync::atomic::AtomicBool;

    use super::super::Threads;
    use super::*;

    #[test]
    fn the_others_end_with_the_last_clone() {
        struct Ends(Arc<AtomicBool>);
        impl Drop for Ends {
            fn drop(&mut self) {
                self.0.store(true, Ordering::Relaxed);
            }
        }
        thread_local!(static END: RefCell<Option<Ends>> = const { RefCell::new(None) });
        let has_ended = Arc::new(AtomicBool::new(false));
        let threads = Threads::new(2);
        let clone = threads.clone();
        threads.beside(|_| END.set(Some(Ends(Arc::clone(&has_ended)))), || ());
        drop(threads);
        assert!(!has_ended.load(Ordering::Relaxed));
        drop(clone);
        assert!(has_ended.load(Ordering::Relaxed));
    }

    #[test]
    fn without_others_all_is_done_by_the_caller() {
        let crew = Crew { size: 2, helpers: OnceLock::from(None) };
        let threads = Threads { count: 3, crew: Some(Arc::new(crew)) };
        assert_eq!(threads.share((0..50).collect(), |&n| n, |n| n + 1), (1..51).collect::<Vec<usize>>());
        assert!(threads.scope(|scope| scope.is_none()));
    }

    #[test]
    fn a_pool_of_the_callers_own_does_none_of_its_jobs_meanwhile() {
        let own = ThreadPoolBuilder::new().num_threads(1).build().unwrap();
        let has_run = AtomicBool::new(false);
        own.in_place_scope(|scope| {
            scope.spawn(|scope| {
                scope.spawn(|_| has_run.store(true, Ordering::Relaxed));
                Threads::new(2).beside(|_| (0..10_000).for_each(|_| thread::yield_now()), || ());
                assert!(!has_run.load(Ordering::Relaxed));
            });
        });
        assert!(has_run.load(Ordering::Relaxed));
    }

    #[test]
    fn a_panic_of_another_is_the_callers() {
        let share = || Threads::new(2).share(vec![false; 20], |_| 0, |fails| assert!(fails));
        assert!(panic::catch_unwind(share).is_err());
        let beside = || Threads::new(2).beside(|number| assert_eq!(number, 0), || ());
        assert!(panic::catch_unwind(beside).is_err());
    }

    #[test]
    fn who_is_awake_hears_of_a_call_and_sleeps_without() {
        let watch = Watch::default();
        assert!(!watch.stay_awake(0));
        watch.call();
        assert!(watch.stay_awake(0) && !watch.stay_awake(1));
        assert_eq!(watch.awake.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn what_another_has_for_long_is_locked_in_the_end() {
        let (mutex, began) = (Mutex::new(0), AtomicBool::new(false));
        thread::scope(|scope| {
            scope.spawn(|| {
                let mut held = mutex.lock().unwrap();
                began.store(true, Ordering::Release);
                thread::sleep(std::time::Duration::from_millis(50));
                *held += 1;
            });
            while !began.load(Ordering::Acquire) {
                thread::yield_now();
            }
            *lock_awake(&mutex) += 1;
        });
        assert!(thread::scope(|scope| scope.spawn(|| panic!("{}", *lock_awake(&mutex))).join()).is_err());
        assert!(mutex.is_poisoned());
        assert_eq!(*lock_awake(&mutex), 2);
    }

    #[test]
    fn work_calls_who_is_awake() {
        let helpers = Helpers::begin(2).unwrap();
        let calls = || helpers.watch.calls.load(Ordering::Relaxed);
        helpers.scope(|scope| (0..3).for_each(|_| scope.spawn(|| ())));
        assert_eq!(calls(), 3);
    }

    #[test]
    fn a_thread_of_a_pool_begins_no_others() {
        let crew = Crew::new(2);
        let own = ThreadPoolBuilder::new().num_threads(1).build().unwrap();
        assert!(own.install(|| crew.helpers().is_none()));
        assert!(crew.helpers().is_some());
    }

    #[test]
    #[cfg(any(target_os = "linux", target_os = "android"))]
    fn work_is_not_done_on_the_processor_of_the_caller() {
        use rustix::thread::{CpuSet, sched_getaffinity, sched_getcpu, sched_setaffinity};
        let work = || {
            let (all, own) = (sched_getaffinity(None).unwrap(), sched_getcpu());
            if all.count() == 1 {
                return eprintln!("skipped: there is a single processor");
            }
            let mut only = CpuSet::new();
            only.set(own);
            sched_setaffinity(None, &only).unwrap();
            let (helpers, elsewhere) = (Helpers::begin(1).unwrap(), AtomicUsize::new(0));
            for _ in 0..20 {
                // To where the caller is, and free to go.
                let come = || [&only, &all].iter().for_each(|set| sched_setaffinity(None, set).unwrap());
                helpers.scope(|scope| scope.spawn(come));
                let count = || _ = elsewhere.fetch_add(usize::from(sched_getcpu() != own), Ordering::Relaxed);
                helpers.scope(|scope| scope.spawn(count));
            }
            // The system may move it back before it looks.
            let elsewhere = elsewhere.into_inner();
            assert!(elsewhere >= 15, "{elsewhere} of 20");
        };
        // The processors of this thread are left alone.
        thread::spawn(work).join().unwrap();
    }

    #[test]
    #[cfg(any(target_os = "linux", target_os = "android"))]
    fn others_may_be_wherever_the_caller_may() {
        use rustix::thread::sched_getaffinity;
        let all = sched_getaffinity(None).unwrap();
        Threads::new(4).beside(|_| assert_eq!(sched_getaffinity(None).unwrap(), all), || ());
    }
}
