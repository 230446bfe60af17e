//! Named places where a test can have the process stand still to be killed. Only in builds with
//! debug assertions: `EM2_FAILPOINT=<name>:<n>` stops at the n-th passing of `name`.

/// Stands still for ever if this is the passing that the environment asks for; before that it says
/// so on standard output, so that whoever watches can kill the process.
#[cfg(debug_assertions)]
pub fn pass(name: &str) {
    use std::io::Write as _;
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU64, Ordering};

    static WANTED: OnceLock<Option<(String, u64)>> = OnceLock::new();
    static PASSED: AtomicU64 = AtomicU64::new(0);

    let wanted = WANTED.get_or_init(|| {
        let text = std::env::var("EM2_FAILPOINT").ok()?;
        let (name, n) = text.split_once(':')?;
        Some((name.to_owned(), n.parse().ok()?))
    });
    let Some((wanted, n)) = wanted else { return };
    if wanted != name || PASSED.fetch_add(1, Ordering::SeqCst) + 1 != *n {
        return;
    }
    let mut out = std::io::stdout();
    // Nobody may be listening; the process stands still all the same.
    let _ = out
        .write_all(format!("failpoint {name}\n").as_bytes())
        .and_then(|()| out.flush());
    loop {
        std::thread::park();
    }
}

/// Nothing, in builds without debug assertions.
#[cfg(not(debug_assertions))]
#[inline(always)]
pub fn pass(_name: &str) {}
