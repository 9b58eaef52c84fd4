//! What the machine has.

#![allow(unsafe_code)]

/// Bytes of memory, where the system says so.
#[cfg(target_os = "linux")]
pub(super) fn memory() -> Option<usize> {
    // SAFETY: it reads two numbers, and -1 where there is none.
    let [pages, page] = unsafe { [libc::sysconf(libc::_SC_PHYS_PAGES), libc::sysconf(libc::_SC_PAGESIZE)] };
    usize::try_from(pages).ok()?.checked_mul(usize::try_from(page).ok()?)
}

#[cfg(not(target_os = "linux"))]
pub(super) fn memory() -> Option<usize> {
    None
}
