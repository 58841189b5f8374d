/*
 * Stands between the module and the C library: the module's own calls (and nobody else's) go through here, by its table
 * of imported functions. Each can be made to fail; time and randomness are the target's; the log is kept, not written.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <link.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* The same layout as in faults.rs. In memory that a forked child shares with its parent. */
struct faults {
    int64_t armed;           /* whether anything fails at all: only while the module runs */
    int64_t memory_left;     /* allocations that still succeed; negative: all do */
    int64_t memory_for_good; /* whether all fail after the first that does */
    int64_t memory_failed;
    int64_t function;        /* which function fails; negative: none */
    int64_t left;            /* calls of it that still succeed */
    int64_t error;           /* errno, or 0: less is read or written than was asked for */
    int64_t for_good;
    int64_t failed;
    int64_t now;             /* the time of day, in seconds */
    int64_t slept;           /* nanoseconds slept */
    int64_t random;          /* what the next random bytes are made of */
    int64_t writes;          /* writes to state */
    int64_t unsynced;        /* whether one of them is not durable yet */
    int64_t log_length;
    char log[16384];
};
static struct faults *faults;

enum function {
    OPEN, READ, WRITE, SYNC, FLOCK, STAT, RENAME, LINK, UNLINK, OWN, GETPWNAM, GETGRNAM, RANDOM, GET_ITEM, SET_DATA, FUNCTIONS
};

static int memory_fails(void)
{
    if (!faults->armed || faults->memory_left < 0)
        return 0;
    if (faults->memory_left > 0) {
        faults->memory_left--;
        return 0;
    }
    faults->memory_failed++;
    if (!faults->memory_for_good)
        faults->memory_left = -1;
    errno = ENOMEM;
    return 1;
}

static int fails(enum function function)
{
    if (!faults->armed || faults->function != (int64_t)function)
        return 0;
    if (faults->left > 0) {
        faults->left--;
        return 0;
    }
    faults->failed++;
    if (!faults->for_good)
        faults->function = -1;
    errno = (int)faults->error;
    return 1;
}

static int fails_with_error(enum function function)
{
    return fails(function) && errno != 0;
}

/* How many bytes are read or written: all, about half of them, or negative for an error. */
static ssize_t length_of(enum function function, size_t length)
{
    if (!fails(function))
        return (ssize_t)length;
    if (errno != 0)
        return -1;
    return (ssize_t)(length > 1 ? length / 2 : length);
}

static ssize_t wrote(ssize_t written)
{
    if (written > 0) {
        faults->writes++;
        faults->unsynced = 1;
    }
    return written;
}

static int changed(int result)
{
    if (result == 0)
        faults->unsynced = 1;
    return result;
}

static int synced(int result)
{
    if (result == 0)
        faults->unsynced = 0;
    return result;
}

static void *f_malloc(size_t size) { return memory_fails() ? NULL : malloc(size); }
static void *f_calloc(size_t count, size_t size) { return memory_fails() ? NULL : calloc(count, size); }
static void *f_realloc(void *block, size_t size) { return memory_fails() ? NULL : realloc(block, size); }
static int f_posix_memalign(void **block, size_t alignment, size_t size)
{
    return memory_fails() ? ENOMEM : posix_memalign(block, alignment, size);
}

static int f_open(const char *path, int flags, mode_t mode)
{
    return fails_with_error(OPEN) ? -1 : open(path, flags, mode);
}
static int f_openat(int at, const char *path, int flags, mode_t mode)
{
    return fails_with_error(OPEN) ? -1 : openat(at, path, flags, mode);
}
static ssize_t f_read(int file, void *to, size_t length)
{
    ssize_t fits = length_of(READ, length);
    return fits < 0 ? -1 : read(file, to, (size_t)fits);
}
static ssize_t f_pread64(int file, void *to, size_t length, off_t offset)
{
    ssize_t fits = length_of(READ, length);
    return fits < 0 ? -1 : pread(file, to, (size_t)fits, offset);
}
static ssize_t f_write(int file, const void *from, size_t length)
{
    ssize_t fits = length_of(WRITE, length);
    return fits < 0 ? -1 : wrote(write(file, from, (size_t)fits));
}
static ssize_t f_pwrite64(int file, const void *from, size_t length, off_t offset)
{
    ssize_t fits = length_of(WRITE, length);
    return fits < 0 ? -1 : wrote(pwrite(file, from, (size_t)fits, offset));
}
static int f_fsync(int file) { return fails_with_error(SYNC) ? -1 : synced(fsync(file)); }
static int f_fdatasync(int file) { return fails_with_error(SYNC) ? -1 : synced(fdatasync(file)); }
static int f_flock(int file, int operation)
{
    return operation != LOCK_UN && fails_with_error(FLOCK) ? -1 : flock(file, operation);
}
static int f_fstat(int file, struct stat *status) { return fails_with_error(STAT) ? -1 : fstat(file, status); }
static int f_stat(const char *path, struct stat *status) { return fails_with_error(STAT) ? -1 : stat(path, status); }
static int f_fstatat(int at, const char *path, struct stat *status, int flags)
{
    return fails_with_error(STAT) ? -1 : fstatat(at, path, status, flags);
}
static int f_statx(int at, const char *path, int flags, unsigned mask, struct statx *status)
{
    return fails_with_error(STAT) ? -1 : statx(at, path, flags, mask, status);
}
static int f_renameat(int from, const char *old, int to, const char *new)
{
    return fails_with_error(RENAME) ? -1 : changed(renameat(from, old, to, new));
}
static int f_renameat2(int from, const char *old, int to, const char *new, unsigned flags)
{
    return fails_with_error(RENAME) ? -1 : changed(renameat2(from, old, to, new, flags));
}
static int f_linkat(int from, const char *old, int to, const char *new, int flags)
{
    return fails_with_error(LINK) ? -1 : changed(linkat(from, old, to, new, flags));
}
static int f_unlinkat(int at, const char *path, int flags)
{
    return fails_with_error(UNLINK) ? -1 : unlinkat(at, path, flags);
}
static int f_fchown(int file, uid_t user, gid_t group) { return fails_with_error(OWN) ? -1 : fchown(file, user, group); }
static int f_fchmod(int file, mode_t mode) { return fails_with_error(OWN) ? -1 : fchmod(file, mode); }
static int f_getpwnam_r(const char *name, struct passwd *entry, char *buffer, size_t length, struct passwd **found)
{
    *found = NULL;
    return fails_with_error(GETPWNAM) ? errno : getpwnam_r(name, entry, buffer, length, found);
}
static int f_getgrnam_r(const char *name, struct group *entry, char *buffer, size_t length, struct group **found)
{
    *found = NULL;
    return fails_with_error(GETGRNAM) ? errno : getgrnam_r(name, entry, buffer, length, found);
}
static ssize_t f_getrandom(void *to, size_t length, unsigned flags)
{
    (void)flags;
    if (fails_with_error(RANDOM))
        return -1;
    for (size_t index = 0; index < length; index++) {
        faults->random = (int64_t)((uint64_t)faults->random * 6364136223846793005u + 1442695040888963407u);
        ((unsigned char *)to)[index] = (unsigned char)((uint64_t)faults->random >> 56);
    }
    return (ssize_t)length;
}
static long f_syscall(long number, long a, long b, long c, long d, long e, long f)
{
    if (number == SYS_getrandom)
        return f_getrandom((void *)a, (size_t)b, (unsigned)c);
    if (number == SYS_openat2 && fails_with_error(OPEN))
        return -1;
    return syscall(number, a, b, c, d, e, f);
}
static int f_clock_gettime(clockid_t clock, struct timespec *time)
{
    int64_t second = 1000000000;
    int64_t nanoseconds = faults->slept + (clock == CLOCK_REALTIME ? faults->now * second : 1000 * second);
    time->tv_sec = nanoseconds / second;
    time->tv_nsec = nanoseconds % second;
    return 0;
}
static int f_clock_nanosleep(clockid_t clock, int flags, const struct timespec *span, struct timespec *left)
{
    (void)clock, (void)flags, (void)left;
    faults->slept += span->tv_sec * 1000000000 + span->tv_nsec;
    return 0;
}
static void f_pam_syslog(const void *handle, int priority, const char *format, ...)
{
    (void)handle, (void)priority;
    va_list values;
    va_start(values, format);
    int64_t room = (int64_t)sizeof faults->log - faults->log_length;
    int length = vsnprintf(faults->log + faults->log_length, (size_t)room, format, values);
    if (length > 0)
        faults->log_length += length < room ? length : room - 1;
    va_end(values);
}
extern int pam_get_item(const void *, int, const void **);
static int f_pam_get_item(const void *handle, int item, const void **value)
{
    /* PAM_BUF_ERR, PAM_SYSTEM_ERR: what libpam may say. */
    return fails(GET_ITEM) ? 4 : pam_get_item(handle, item, value);
}
extern int pam_set_data(void *, const char *, void *, void (*)(void *, void *, int));
static int f_pam_set_data(void *handle, const char *name, void *data, void (*cleanup)(void *, void *, int))
{
    return fails(SET_DATA) ? 5 : pam_set_data(handle, name, data, cleanup);
}
static void *f_dlsym(void *handle, const char *name);

static const struct {
    const char *name;
    void *function;
} hooks[] = {
    { "malloc", f_malloc }, { "calloc", f_calloc }, { "realloc", f_realloc }, { "posix_memalign", f_posix_memalign },
    { "open", f_open }, { "open64", f_open }, { "openat", f_openat }, { "openat64", f_openat }, { "read", f_read },
    { "pread64", f_pread64 }, { "write", f_write }, { "pwrite64", f_pwrite64 }, { "fsync", f_fsync },
    { "fdatasync", f_fdatasync }, { "flock", f_flock }, { "fstat", f_fstat }, { "fstat64", f_fstat }, { "stat64", f_stat },
    { "fstatat", f_fstatat }, { "fstatat64", f_fstatat }, { "statx", f_statx }, { "renameat", f_renameat },
    { "renameat2", f_renameat2 }, { "linkat", f_linkat }, { "unlinkat", f_unlinkat }, { "fchown", f_fchown },
    { "fchmod", f_fchmod }, { "getpwnam_r", f_getpwnam_r }, { "getgrnam_r", f_getgrnam_r }, { "getrandom", f_getrandom },
    { "syscall", f_syscall }, { "clock_gettime", f_clock_gettime }, { "clock_nanosleep", f_clock_nanosleep },
    { "pam_syslog", f_pam_syslog }, { "pam_get_item", f_pam_get_item }, { "pam_set_data", f_pam_set_data },
    { "dlsym", f_dlsym },
};

static void *hook_of(const char *name)
{
    for (size_t index = 0; index < sizeof hooks / sizeof *hooks; index++)
        if (strcmp(hooks[index].name, name) == 0)
            return hooks[index].function;
    return NULL;
}

static void *f_dlsym(void *handle, const char *name)
{
    void *hook = hook_of(name);
    return hook != NULL ? hook : dlsym(handle, name);
}

static void put(void **where, void *hook)
{
    /* The linker made the table read-only once it had filled it in. */
    uintptr_t page = (uintptr_t)where & ~(uintptr_t)4095;
    if (mprotect((void *)page, 8192, PROT_READ | PROT_WRITE) != 0 &&
        mprotect((void *)page, 4096, PROT_READ | PROT_WRITE) != 0)
        abort();
    *where = hook;
}

/* Loads the module for good and puts the hooks in its table. Returns how many were put, or a negative number. */
int faults_install(const char *path, struct faults *shared)
{
    faults = shared;
    void *library = dlopen(path, RTLD_NOW | RTLD_NODELETE);
    struct link_map *map;
    if (library == NULL || dlinfo(library, RTLD_DI_LINKMAP, &map) != 0) {
        fprintf(stderr, "%s\n", dlerror());
        return -1;
    }
    const Elf64_Sym *symbols = NULL;
    const char *names = NULL;
    struct { const Elf64_Rela *first; size_t bytes; } tables[2] = { { NULL, 0 }, { NULL, 0 } };
    for (const Elf64_Dyn *entry = map->l_ld; entry->d_tag != DT_NULL; entry++)
        switch (entry->d_tag) {
        case DT_SYMTAB: symbols = (const Elf64_Sym *)entry->d_un.d_ptr; break;
        case DT_STRTAB: names = (const char *)entry->d_un.d_ptr; break;
        case DT_RELA: tables[0].first = (const Elf64_Rela *)entry->d_un.d_ptr; break;
        case DT_RELASZ: tables[0].bytes = entry->d_un.d_val; break;
        case DT_JMPREL: tables[1].first = (const Elf64_Rela *)entry->d_un.d_ptr; break;
        case DT_PLTRELSZ: tables[1].bytes = entry->d_un.d_val; break;
        default: break;
        }
    int count = 0;
    for (int table = 0; table < 2; table++)
        for (size_t index = 0; index < tables[table].bytes / sizeof(Elf64_Rela); index++) {
            const Elf64_Rela *relocation = &tables[table].first[index];
            size_t symbol = ELF64_R_SYM(relocation->r_info);
            void *hook = symbol == 0 ? NULL : hook_of(names + symbols[symbol].st_name);
            if (hook == NULL)
                continue;
            put((void **)(map->l_addr + relocation->r_offset), hook);
            count++;
        }
    return count;
}
