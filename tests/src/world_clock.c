/*
 * The clock of a private world: every process there loads this through /etc/ld.so.preload, set-id
 * ones too, and sees a wall clock that the test moves while processes run.
 *
 * Why not libfaketime: it aborts a process whose parent had another uid (su, sshd), learns of a
 * change only by reopening a file (which sshd's sandbox refuses), and shifts file times and timers.
 * Here the offset lies in a page mapped at start-up: no system call later, no environment, and
 * timers and file times are left alone; so is the monotonic clock, unless a test lets time pass.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define CLOCK_FILE "/run/world/clock"

struct page {
    int64_t offset_seconds;
    int64_t frozen_at; /* unix time, 0: the clock runs */
    int64_t passed_seconds; /* what the monotonic clock is ahead */
};

static const volatile struct page *page;
static int (*real_clock_gettime)(clockid_t, struct timespec *);

__attribute__((constructor)) static void start(void)
{
    real_clock_gettime = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
    int file = open(CLOCK_FILE, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return;
    void *mapped = mmap(NULL, sizeof(struct page), PROT_READ, MAP_SHARED, file, 0);
    close(file);
    if (mapped != MAP_FAILED)
        page = mapped;
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
    /* Another library's constructor may ask before ours ran. */
    int result = real_clock_gettime ? real_clock_gettime(clock, now)
                                    : (int)syscall(SYS_clock_gettime, clock, now);
    if (result != 0 || page == NULL)
        return result;
    if (clock == CLOCK_MONOTONIC)
        now->tv_sec += page->passed_seconds;
    if (clock != CLOCK_REALTIME && clock != CLOCK_REALTIME_COARSE)
        return result;
    if (page->frozen_at != 0) {
        now->tv_sec = page->frozen_at;
        now->tv_nsec = 0;
    } else {
        now->tv_sec += page->offset_seconds;
    }
    return 0;
}

time_t time(time_t *result)
{
    struct timespec now = {0, 0};
    clock_gettime(CLOCK_REALTIME_COARSE, &now);
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

int timespec_get(struct timespec *now, int base)
{
    if (base != TIME_UTC || clock_gettime(CLOCK_REALTIME, now) != 0)
        return 0;
    return base;
}
