//! The processor that a thread is on, and how another one leaves it.
//!
//! Linux may begin or wake a thread on the processor of whoever does so, though another one is idle: a virtual one that
//! has halted is taken for one that its host needs. Both threads then take turns there until the next balancing, some
//! milliseconds later, by when a picture may be done.

#[cfg(any(target_os = "linux", target_os = "android"))]
use rustix::thread::{CpuSet, sched_getaffinity, sched_getcpu, sched_setaffinity};

/// A processor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(super) struct Processor(usize);

#[cfg(any(target_os = "linux", target_os = "android"))]
impl Processor {
    /// The one that the calling thread is on.
    pub(super) fn current() -> Self {
        Self(sched_getcpu())
    }

    /// Moves the calling thread to another processor if it is on this one and may be on others. It may be on the same
    /// ones afterwards.
    pub(super) fn leave(self) {
        if Self::current() != self || self.0 >= CpuSet::MAX_CPU {
            return;
        }
        let Ok(all) = sched_getaffinity(None) else { return };
        let mut others = all;
        others.unset(self.0);
        // What it may be on is given back at once. Should the system refuse that, it may be on the others.
        if others.count() > 0 && sched_setaffinity(None, &others).is_ok() {
            _ = sched_setaffinity(None, &all);
        }
    }
}

/// Some processor: which one, nobody asks.
#[derive(Clone, Copy, Debug)]
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(super) struct Processor;

#[cfg(not(any(target_os = "linux", target_os = "android")))]
impl Processor {
    pub(super) fn current() -> Self {
        Self
    }

    /// Others begin threads where there is room.
    pub(super) fn leave(self) {}
}

#[cfg(all(test, any(target_os = "linux", target_os = "android")))]
mod tests {
    use super::*;

    #[test]
    fn who_leaves_is_elsewhere_and_may_come_back() {
        let all = sched_getaffinity(None).unwrap();
        let leaves = || {
            let processor = Processor::current();
            processor.leave();
            Processor::current() != processor
        };
        // It may be moved back at any time.
        assert_eq!((0..20).any(|_| leaves()), all.count() > 1);
        assert_eq!(sched_getaffinity(None).unwrap(), all);
    }

    #[test]
    fn who_may_be_nowhere_else_stays() {
        std::thread::spawn(|| {
            let mut only = CpuSet::new();
            only.set(sched_getcpu());
            sched_setaffinity(None, &only).unwrap();
            Processor::current().leave();
            assert_eq!(sched_getaffinity(None).unwrap(), only);
        })
        .join()
        .unwrap();
    }
}
