/*
 * An application that lives long: many logins of alice, right, wrong and hostile, and many enrollments of bob, in one
 * process; or many threads that log in at once.
 *
 *   long_host STACKS mix ROUNDS REPORT-EVERY     says what it occupies, then waits for standard input to end
 *   long_host STACKS threads ROUNDS USER…        a thread for each user
 *   long_host STACKS closed FIRST LAST           with the standard descriptors from FIRST to LAST closed
 */
#include "application.h"
#include <pthread.h>

static const char *stacks;
static int (*conversation_function)(int, const struct pam_message **, struct pam_response **, void *) = converse;

/* pam_start, authenticate, if that succeeds the account phase, pam_end unless held. The last phase's verdict. */
static int log_in_holding(struct login *login, pam_handle_t **held)
{
    struct pam_conv conversation = { conversation_function, login };
    pam_handle_t *handle = NULL;
    if (pam_start_confdir("sshd", login->user, &conversation, stacks, &handle) != PAM_SUCCESS)
        return PAM_SYSTEM_ERR;
    pam_set_item(handle, PAM_RHOST, "203.0.113.9");
    pam_set_item(handle, PAM_FAIL_DELAY, (const void *)no_delay);
    int verdict = pam_authenticate(handle, 0);
    if (verdict == PAM_SUCCESS)
        verdict = pam_acct_mgmt(handle, 0);
    if (held)
        *held = handle;
    else
        pam_end(handle, verdict);
    return verdict;
}

static int log_in(struct login *login)
{
    return log_in_holding(login, NULL);
}

static long resident_kib(void)
{
    char text[128] = "";
    int file = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    if (read(file, text, sizeof text - 1) <= 0)
        _exit(1);
    close(file);
    long pages = 0;
    sscanf(text, "%*d %ld", &pages);
    return pages * 4;
}

static int open_descriptors(void)
{
    int count = 0;
    for (int descriptor = 0; descriptor < 256; descriptor++)
        count += fcntl(descriptor, F_GETFD) >= 0;
    return count;
}

static void report(long round)
{
    struct mallinfo2 memory = mallinfo2();
    dprintf(1, "round %ld resident %ld allocated %zu descriptors %d\n", round, resident_kib(),
            memory.uordblks + memory.hblkhd, open_descriptors());
}

static void expect(struct login *login, const char **answers, int verdict)
{
    login->answers = answers;
    int got = log_in(login);
    if (got != verdict) {
        dprintf(2, "verdict %d instead of %d\n", got, verdict);
        fail(answers[0] ? answers[0] : "gone", login->user, login->round);
    }
}

static void note_key(struct login *login)
{
    note(login->told, login->key, strlen(login->key));
    explicit_bzero(login->key, sizeof login->key);
}

/* bob enrolls, and all of it is forgotten. */
static void enroll(struct login *bob)
{
    static const char *proven[] = { "ascii", "000", "@key", "", NULL };
    expect(bob, proven, PAM_SUCCESS);
    note_key(bob);
    if (unlink("/var/lib/countersign/users/bob.toml") != 0 || unlink("/var/lib/countersign/counters/bob") != 0)
        fail("not enrolled", bob->user, bob->round);
}

static void mix(long rounds, long every)
{
    static const char *right[] = { "@right", NULL }, *second[] = { "@wrong", "@right", NULL },
                      *used[] = { "@used", "@used", "@used", NULL }, *no_array[] = { "@no-array", NULL },
                      *no_text[] = { "@no-text", NULL }, *lengthy[] = { "@long", "@long", "\xff\xfe", NULL },
                      *wrong[] = { "@wrong", "@wrong", NULL }, *spaced[] = { "x", "disable", " @right", "@right", NULL },
                      *halfway[] = { "ascii", "invert", "later", "@long", NULL };
    struct login alice = { .user = "alice", .codes = open_codes("alice"), .told = -1 };
    struct login bob = { .user = "bob", .codes = -1, .told = open("/tmp/told", O_WRONLY | O_CREAT | O_APPEND, 0600) };
    int64_t start = *frozen_at;
    for (long round = 0; round < rounds; round++) {
        *frozen_at = start + round * STEP;
        alice.round = bob.round = round;
        switch (round % 10) {
        case 0: case 5: expect(&alice, right, PAM_SUCCESS); break;
        case 1: case 6: expect(&alice, used, PAM_AUTH_ERR); break;
        case 2: expect(&alice, no_array, PAM_AUTH_ERR); expect(&alice, no_text, PAM_AUTH_ERR); break;
        case 3: expect(&alice, wrong, PAM_CONV_ERR); break;
        case 4: expect(&alice, lengthy, PAM_CONV_ERR); expect(&alice, second, PAM_SUCCESS); break;
        case 7: expect(&alice, spaced, PAM_SUCCESS); break;
        case 8: enroll(&bob); break;
        case 9: expect(&bob, halfway, PAM_CONV_ERR); note_key(&bob); break;
        }
        if ((round + 1) % every == 0)
            report(round + 1);
    }
    /* One more, during which the module is still there to be looked at. */
    pam_handle_t *held;
    bob.answers = halfway;
    if (log_in_holding(&bob, &held) != PAM_CONV_ERR)
        fail("not halfway", "bob", rounds);
    note_key(&bob);
    dprintf(1, "done\n");
    char byte;
    while (read(0, &byte, 1) > 0)
        ;
    pam_end(held, PAM_CONV_ERR);
}

static pthread_barrier_t barrier;
static long thread_rounds;
static int accepted;

/* In even rounds everyone logs in as themselves; in odd ones all as the first, by one code. */
static void *log_in_often(void *argument)
{
    static const char *right[] = { "@right", NULL };
    static const char *first;
    struct login own = { .user = argument, .codes = open_codes(argument), .told = -1 };
    int is_first = pthread_barrier_wait(&barrier) == PTHREAD_BARRIER_SERIAL_THREAD;
    if (is_first)
        first = argument;
    pthread_barrier_wait(&barrier);
    struct login shared = { .user = first, .codes = open_codes(first), .told = -1 };
    int64_t start = *frozen_at;
    for (long round = 0; round < thread_rounds; round++) {
        pthread_barrier_wait(&barrier);
        if (is_first) {
            *frozen_at = start + round * STEP;
            accepted = 0;
        }
        pthread_barrier_wait(&barrier);
        own.round = shared.round = round;
        struct login *login = round % 2 == 0 ? &own : &shared;
        login->answers = right;
        int verdict = log_in(login);
        if (verdict == PAM_SUCCESS)
            __atomic_fetch_add(&accepted, 1, __ATOMIC_SEQ_CST);
        else if (login == &own || verdict != PAM_CONV_ERR)
            fail(login == &own ? "refused" : "neither accepted nor told of a used code", login->user, round);
        pthread_barrier_wait(&barrier);
        if (is_first && round % 2 == 1 && accepted != 1)
            fail("not accepted once", first, round);
    }
    return NULL;
}

static void threads(long rounds, int count, char **users)
{
    pthread_t running[64];
    thread_rounds = rounds;
    pthread_barrier_init(&barrier, NULL, (unsigned)count);
    for (int thread = 0; thread < count; thread++)
        pthread_create(&running[thread], NULL, log_in_often, users[thread]);
    for (int thread = 0; thread < count; thread++)
        pthread_join(running[thread], NULL);
    dprintf(1, "done\n");
}

/* An application that writes to its standard streams at each prompt, whatever stands there. */
static int chatter(int count, const struct pam_message **messages, struct pam_response **responses, void *state)
{
    for (int descriptor = 0; descriptor <= 2; descriptor++)
        (void)!write(descriptor, "Hello?\n", 7);
    return converse(count, messages, responses, state);
}

/* alice logs in, bob enrolls and alice is refused; in place of a stream nothing stays but the C library's log. */
static void without_streams(int first, int last)
{
    static const char *right[] = { "@right", NULL }, *wrong[] = { "@wrong", NULL };
    struct login alice = { .user = "alice", .codes = fcntl(open_codes("alice"), F_DUPFD_CLOEXEC, 10), .told = -1 };
    struct login bob = { .user = "bob", .codes = -1, .told = -1 };
    conversation_function = chatter;
    for (int descriptor = first; descriptor <= last; descriptor++)
        close(descriptor);
    expect(&alice, right, PAM_SUCCESS);
    enroll(&bob);
    alice.round++;
    *frozen_at += STEP;
    expect(&alice, wrong, PAM_CONV_ERR);
    for (int descriptor = first; descriptor <= last; descriptor++) {
        struct stat status;
        if (fstat(descriptor, &status) == 0 && !S_ISSOCK(status.st_mode))
            _exit(3);
    }
}

int main(int count, char **arguments)
{
    if (count < 5)
        return 2;
    stacks = arguments[1];
    open_clock();
    if (strcmp(arguments[2], "mix") == 0)
        mix(atol(arguments[3]), atol(arguments[4]));
    else if (strcmp(arguments[2], "closed") == 0)
        without_streams(atoi(arguments[3]), atoi(arguments[4]));
    else
        threads(atol(arguments[3]), count - 4, arguments + 4);
    return 0;
}
