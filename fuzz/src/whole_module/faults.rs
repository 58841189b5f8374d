//! The faults, as the C side knows them (`faults.c`), in memory that a forked child shares with its parent.

use std::ffi::{CString, c_char, c_int};
use std::path::Path;

/// Same layout as `struct faults`.
#[repr(C)]
pub struct Faults {
    pub armed: i64,
    pub memory_left: i64,
    pub memory_for_good: i64,
    pub memory_failed: i64,
    pub function: i64,
    pub left: i64,
    pub error: i64,
    pub for_good: i64,
    pub failed: i64,
    pub now: i64,
    pub slept: i64,
    pub random: i64,
    pub writes: i64,
    pub unsynced: i64,
    pub log_length: i64,
    pub log: [u8; 16384],
    /// From here on the C side looks at nothing: what a child found wrong.
    pub violation_length: i64,
    pub violation: [u8; 16384],
}

/// How many functions can be made to fail.
pub const FUNCTIONS: i64 = 15;
/// What they fail with; 0: less is read or written than was asked for.
pub const ERRORS: [i32; 12] = [
    0,
    libc::EIO,
    libc::ENOSPC,
    libc::EROFS,
    libc::EDQUOT,
    libc::EFBIG,
    libc::EINTR,
    libc::EACCES,
    libc::EMFILE,
    libc::ENOENT,
    libc::EAGAIN,
    libc::ENOSYS,
];

unsafe extern "C" {
    fn faults_install(path: *const c_char, shared: *mut Faults) -> c_int;
}

impl Faults {
    /// Loads the module and puts itself between it and the C library.
    pub fn install(module: &Path) -> &'static mut Self {
        let flags = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_SHARED | libc::MAP_ANONYMOUS);
        let page = unsafe { libc::mmap(std::ptr::null_mut(), size_of::<Self>(), flags.0, flags.1, -1, 0) };
        assert_ne!(page, libc::MAP_FAILED, "no memory");
        let shared: *mut Self = page.cast();
        let path = CString::new(module.to_str().expect("a path in UTF-8")).expect("a path");
        let hooks = unsafe { faults_install(path.as_ptr(), shared) };
        assert!(hooks >= 25, "{}: only {hooks} functions found to stand before", module.display());
        unsafe { &mut *shared }
    }

    /// Nothing fails; the log is empty.
    pub fn lift(&mut self) {
        (self.armed, self.memory_left, self.memory_for_good, self.memory_failed) = (0, -1, 0, 0);
        (self.function, self.left, self.error, self.for_good, self.failed) = (-1, 0, 0, 0, 0);
        (self.log_length, self.violation_length) = (0, 0);
    }

    /// What the module logged.
    pub fn log(&self) -> String {
        let length = usize::try_from(self.log_length).unwrap_or(0).min(self.log.len());
        String::from_utf8_lossy(&self.log[..length]).into_owned()
    }

    /// Notes what is wrong, for the parent of this process.
    pub fn note(&mut self, violation: &str) {
        let bytes = &violation.as_bytes()[..violation.len().min(self.violation.len())];
        self.violation[..bytes.len()].copy_from_slice(bytes);
        self.violation_length = i64::try_from(bytes.len()).unwrap_or(0);
    }

    /// What a child found wrong, if anything.
    pub fn noted(&self) -> Option<String> {
        let length = usize::try_from(self.violation_length).ok().filter(|length| *length > 0)?;
        Some(String::from_utf8_lossy(&self.violation[..length]).into_owned())
    }
}
