//! What a page calls.

use std::cell::RefCell;
use std::io::{Write as _, stdin, stdout};
use std::path::Path;

use crate::Conversation;

/// Where the session lies on the disk of the module.
const SESSION: &str = "/session";

/// Where a session lies that was carried away, as one file, when it is to be opened.
const BROUGHT: &str = "/session.pulse";

thread_local! {
    /// There is one session in a module, and one thread.
    static OPEN: RefCell<Option<Conversation>> = const { RefCell::new(None) };
}

/// Opens the session, as it lies on the disk; or one that was carried away, where its file lies there. Says 0, or 1 where it cannot be
/// opened, and why by standard output.
#[expect(unsafe_code, reason = "the name that a page calls it by")]
#[unsafe(no_mangle)]
pub extern "C" fn pulse_begin() -> u32 {
    match Conversation::begin(Path::new(SESSION), Path::new(BROUGHT)) {
        Ok(conversation) => {
            OPEN.set(Some(conversation));
            0
        }
        Err(error) => {
            // A page that does not listen has nothing to be told.
            let _ = stdout().lock().write_all(error.to_string().as_bytes());
            1
        }
    }
}

/// Takes the request that waits at standard input, and gives what there is to say.
#[expect(unsafe_code, reason = "the name that a page calls it by")]
#[unsafe(no_mangle)]
pub extern "C" fn pulse_ask() {
    OPEN.with_borrow_mut(|open| {
        // Whoever sends what is no request gets no answer.
        let _ = open.as_mut().map(|conversation| conversation.ask(stdin().lock(), stdout().lock()));
    });
}

/// Does the next thing, and gives what there is to say. Says 1, or 0 where there was nothing to do.
#[expect(unsafe_code, reason = "the name that a page calls it by")]
#[unsafe(no_mangle)]
pub extern "C" fn pulse_turn() -> u32 {
    OPEN.with_borrow_mut(|open| {
        let did = open.as_mut().map(|conversation| conversation.turn(stdout().lock()));
        did.is_some_and(Result::unwrap_or_default).into()
    })
}
