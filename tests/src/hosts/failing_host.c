/*
 * An application that runs out of memory: in each round another allocation of a login fails, once or from then on, or
 * the address space ends a little later. Each login is a child's; what it leaves behind is tried by a healthy one.
 *
 *   failing_host STACKS one|all|space USER FIRST STRIDE WORD…     prints what became of each login
 */
#include "application.h"
#include <errno.h>
#include <pwd.h>

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);

enum { SPACE_STEP = 16 * 1024 };

static const char *stacks;
static int for_good; /* whether all allocations fail after the first that does */

/* What a child leaves for its parent. */
static struct shared {
    struct login login;
    long until_failure; /* allocations that still succeed; negative: none fails */
    long failed;
} *shared;

static int fails(void)
{
    if (shared == NULL || shared->until_failure < 0)
        return 0;
    if (shared->until_failure > 0) {
        shared->until_failure--;
        return 0;
    }
    shared->failed++;
    if (!for_good)
        shared->until_failure = -1;
    errno = ENOMEM;
    return 1;
}

void *malloc(size_t size)
{
    return fails() ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    return fails() ? NULL : __libc_calloc(count, size);
}

void *realloc(void *block, size_t size)
{
    return fails() ? NULL : __libc_realloc(block, size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
    return fails() ? NULL : __libc_memalign(alignment, size);
}

int posix_memalign(void **block, size_t alignment, size_t size)
{
    *block = fails() ? NULL : __libc_memalign(alignment, size);
    return *block == NULL ? ENOMEM : 0;
}

/* The application itself has memory. */
static int converse_with_memory(int count, const struct pam_message **messages, struct pam_response **responses,
                                void *state)
{
    long until_failure = shared->until_failure;
    shared->until_failure = -1;
    int result = converse(count, messages, responses, state);
    shared->until_failure = until_failure;
    return result;
}

static int log_in_failing(long until_failure)
{
    struct login *login = &shared->login;
    struct pam_conv conversation = { converse_with_memory, login };
    pam_handle_t *handle = NULL;
    if (pam_start_confdir("sshd", login->user, &conversation, stacks, &handle) != PAM_SUCCESS)
        return PAM_SYSTEM_ERR;
    pam_set_item(handle, PAM_FAIL_DELAY, (const void *)no_delay);
    shared->until_failure = until_failure;
    int verdict = pam_authenticate(handle, 0);
    if (verdict == PAM_SUCCESS)
        verdict = pam_acct_mgmt(handle, 0);
    shared->until_failure = -1;
    pam_end(handle, verdict);
    return verdict;
}

static void limit_space(long more)
{
    char text[64] = "";
    long pages = 0;
    int file = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    if (read(file, text, sizeof text - 1) <= 0 || sscanf(text, "%ld", &pages) != 1)
        _exit(1);
    close(file);
    struct rlimit limit = { (rlim_t)(pages * 4096 + more), RLIM_INFINITY };
    setrlimit(RLIMIT_AS, &limit);
}

/* A login in a child of its own: its verdict, or minus its signal. */
static int in_child(const char **answers, const char *how, long number)
{
    shared->login.answers = answers;
    shared->failed = 0;
    shared->until_failure = -1;
    pid_t child = fork();
    if (child == 0) {
        struct rlimit none = { 0, 0 };
        setrlimit(RLIMIT_CORE, &none);
        if (strcmp(how, "space") == 0)
            limit_space(number * SPACE_STEP);
        _exit(log_in_failing(strcmp(how, "one") == 0 || strcmp(how, "all") == 0 ? number : -1));
    }
    int status;
    waitpid(child, &status, 0);
    shared->until_failure = -1;
    return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

/* Whoever is left behind still gets in by the next code, or enrolls. */
static void recover(const char **healthy, long number)
{
    *frozen_at += STEP;
    shared->login.round++;
    int verdict = in_child(healthy, "healthy", 0);
    if (verdict != PAM_SUCCESS) {
        dprintf(2, "verdict %d\n", verdict);
        fail("locked out", shared->login.user, number);
    }
}

static void forget(void)
{
    if (unlink("/var/lib/countersign/users/bob.toml") != 0 || unlink("/var/lib/countersign/counters/bob") != 0)
        fail("not enrolled", "bob", shared->login.round);
}

int main(int count, char **arguments)
{
    static const char *right[] = { "@right", NULL }, *enrolling[] = { "ascii", "@key", "", NULL };
    if (count < 7)
        return 2;
    stacks = arguments[1];
    const char *how = arguments[2];
    for_good = strcmp(how, "all") == 0;
    void *page = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    open_clock();
    /* glibc itself (2.36) follows a null pointer if its first look-up of any name gets no memory: not ours to try. */
    getpwnam("root");
    int enrolls = strcmp(arguments[3], "bob") == 0;
    struct login login = { .user = arguments[3], .codes = enrolls ? -1 : open_codes(arguments[3]), .told = -1 };
    shared = page;
    shared->login = login;
    shared->until_failure = -1;
    const char **answers = (const char **)arguments + 6, **healthy = enrolls ? enrolling : right;
    int is_wrong = strcmp(answers[0], "@wrong") == 0, full = 0;
    /* Ends once several logins in a row met no failure. */
    for (long number = atol(arguments[4]); full < 3; number += atol(arguments[5])) {
        *frozen_at += STEP;
        shared->login.round++;
        int verdict = in_child(answers, how, number);
        int unhindered = strcmp(how, "space") == 0 ? verdict == (is_wrong ? PAM_CONV_ERR : PAM_SUCCESS)
                                                   : shared->failed == 0;
        full = unhindered ? full + 1 : 0;
        dprintf(1, "%ld %d\n", number, verdict);
        if (is_wrong && verdict == PAM_SUCCESS)
            fail("let in by a wrong code", login.user, number);
        if (verdict == PAM_SUCCESS && !enrolls && in_child(answers, "healthy", 0) == PAM_SUCCESS)
            fail("let in twice", login.user, number);
        recover(healthy, number);
        if (enrolls)
            forget();
    }
    dprintf(1, "done\n");
    return 0;
}
