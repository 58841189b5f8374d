/*
 * One login by libpam in a fresh process, timed from pam_start to pam_end.
 *
 * Prints the return codes of the phases it called, joined by commas, the nanoseconds, and of these the ones
 * on a processor: "0,0,0 612345 401234".
 * Its wall clock stands still at a time it is told, for itself and for every module it loads: the modules'
 * calls are bound to the functions below, which cost them less than the clock of the kernel. Nothing
 * stands between the modules and libc otherwise, and the monotonic clock is the real one.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <security/pam_appl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <time.h>

static time_t frozen_at; /* unix time, 0: the clock runs */
static int (*real_clock_gettime)(clockid_t, struct timespec *);

int clock_gettime(clockid_t clock, struct timespec *now)
{
    if (frozen_at == 0 || (clock != CLOCK_REALTIME && clock != CLOCK_REALTIME_COARSE))
        return real_clock_gettime(clock, now);
    now->tv_sec = frozen_at;
    now->tv_nsec = 0;
    return 0;
}

time_t time(time_t *result)
{
    struct timespec now = {0, 0};
    clock_gettime(CLOCK_REALTIME, &now);
    if (result)
        *result = now.tv_sec;
    return now.tv_sec;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone)
{
    struct timespec precise = {0, 0};
    (void)zone;
    clock_gettime(CLOCK_REALTIME, &precise);
    now->tv_sec = precise.tv_sec;
    now->tv_usec = precise.tv_nsec / 1000;
    return 0;
}

static int answer_prompts(int count, const struct pam_message **messages, struct pam_response **replies, void *answer)
{
    struct pam_response *reply = calloc((size_t)count, sizeof *reply);
    if (!reply)
        return PAM_BUF_ERR;
    for (int i = 0; i < count; i++) {
        int style = messages[i]->msg_style;
        if (style == PAM_PROMPT_ECHO_ON || style == PAM_PROMPT_ECHO_OFF)
            reply[i].resp = strdup(answer);
    }
    *replies = reply;
    return PAM_SUCCESS;
}

/* A refused login is delayed by the application; what is measured is the module. */
static void no_delay(int status, unsigned microseconds, void *data)
{
    (void)status;
    (void)microseconds;
    (void)data;
}

static long long nanoseconds(clockid_t clock)
{
    struct timespec now;
    real_clock_gettime(clock, &now);
    return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static long faults(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_minflt + usage.ru_majflt;
}

static void print_memory(long faults_before)
{
    char line[256];
    FILE *file = fopen("/proc/self/smaps_rollup", "re");
    long size, resident = 0, own = 0, faulted = faults() - faults_before;
    while (file && fgets(line, sizeof line, file)) {
        if (sscanf(line, "Rss: %ld", &size) == 1)
            resident = size;
        else if (sscanf(line, "Anonymous: %ld", &size) == 1)
            own = size;
    }
    printf("%ld,%ld,%ld ", resident, own, faulted);
}

static int load(const char *path)
{
    long long before = nanoseconds(CLOCK_MONOTONIC), busy_before = nanoseconds(CLOCK_PROCESS_CPUTIME_ID);
    void *module = dlopen(path, RTLD_NOW);
    long long after = nanoseconds(CLOCK_MONOTONIC), busy_after = nanoseconds(CLOCK_PROCESS_CPUTIME_ID);
    if (!module) {
        fprintf(stderr, "%s\n", dlerror());
        return 1;
    }
    printf("loaded %lld %lld\n", after - before, busy_after - busy_before);
    return 0;
}

int main(int argc, char **argv)
{
    real_clock_gettime = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
    if (argc == 3 && strcmp(argv[1], "load") == 0)
        return load(argv[2]);
    if (argc != 7) {
        fprintf(stderr, "usage: %s login|authenticate|memory CONFDIR SERVICE USER ANSWER TIME\n", argv[0]);
        return 2;
    }
    int whole = strcmp(argv[1], "authenticate") != 0, memory = strcmp(argv[1], "memory") == 0;
    struct pam_conv conversation = {answer_prompts, argv[5]};
    pam_handle_t *handle = NULL;
    frozen_at = atoll(argv[6]);

    long faults_before = faults();
    long long busy_before = nanoseconds(CLOCK_PROCESS_CPUTIME_ID), before = nanoseconds(CLOCK_MONOTONIC);
    int code = pam_start_confdir(argv[3], argv[4], &conversation, argv[2], &handle);
    if (code != PAM_SUCCESS) {
        fprintf(stderr, "pam_start: %d\n", code);
        return 1;
    }
    pam_set_item(handle, PAM_FAIL_DELAY, (const void *)no_delay);
    int authenticated = code = pam_authenticate(handle, 0), account = -1, credentials = -1;
    if (memory)
        print_memory(faults_before);
    if (whole && code == PAM_SUCCESS)
        account = code = pam_acct_mgmt(handle, 0);
    if (whole && code == PAM_SUCCESS)
        credentials = code = pam_setcred(handle, PAM_ESTABLISH_CRED);
    pam_end(handle, code);
    long long after = nanoseconds(CLOCK_MONOTONIC), busy_after = nanoseconds(CLOCK_PROCESS_CPUTIME_ID);

    printf("%d", authenticated);
    if (whole)
        printf(",%d,%d", account, credentials);
    printf(" %lld %lld\n", after - before, busy_after - busy_before);
    return 0;
}
