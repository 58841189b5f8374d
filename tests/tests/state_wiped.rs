//! What the module frees, the application's reply and buffers of its own, holds no answer and no secret any more (I9).
use countersign_tests::factor::IN_USE;
use countersign_tests::pam_driver::pam;
use countersign_tests::{Factor, Phase};

/// Tells, on standard error, of each block that the module frees while a needle stands in it.
const WATCH: &str = r#"
#define _GNU_SOURCE
#include <dlfcn.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern void __libc_free(void *);

void free(void *block) {
    Dl_info caller;
    const char *needle = getenv("NEEDLE");
    void *from = __builtin_return_address(0);
    if (block && needle && dladdr(from, &caller) && caller.dli_fname && strstr(caller.dli_fname, "pam_countersign")) {
        if (memmem(block, malloc_usable_size(block), needle, strlen(needle)))
            (void)!write(2, "freed unwiped\n", 14);
        else
            (void)!write(2, "freed\n", 6);
    }
    __libc_free(block);
}
"#;

/// What the watch says of one enrollment with these answers.
fn watched(needle: &str, answers: &[&str]) -> String {
    let factor = Factor::new(IN_USE, &["alice"]);
    factor.world.write_file("/tmp/watch.c", WATCH, 0o600);
    factor.world.sh("cc -shared -fPIC -O1 -o /tmp/watch.so /tmp/watch.c").ok();
    let needle = format!("NEEDLE={needle}");
    let wrapper = ["env", "LD_PRELOAD=/tmp/watch.so", &needle];
    let transcript = factor.driver("alice").through(&wrapper).answers(answers.iter().copied()).run();
    transcript.assert_codes(Phase::Account, &[pam::SUCCESS]);
    assert!(transcript.errors.contains("freed\n"), "the watch sees nothing: {transcript:#?}");
    transcript.errors
}

#[test]
fn the_reply_is_wiped_before_it_is_freed() {
    let told = watched("wipe-this-answer", &["wipe-this-answer", "{code}"]);
    assert!(!told.contains("unwiped"), "{told}");
}

#[test]
fn the_key_on_the_screen_and_in_the_uri_is_wiped_before_it_is_freed() {
    for needle in ["?secret=", "otpauth://"] {
        let told = watched(needle, &["invert", "{code}"]);
        assert!(!told.contains("unwiped"), "{needle}: {told}");
    }
}
