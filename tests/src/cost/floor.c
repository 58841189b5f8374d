/*
 * The floor: a module in C that does what no second factor can leave out, and nothing else. It checks nothing
 * that it opens, computes no code and survives no fault; its one use is to show what the rest costs.
 *
 * Arguments: the configuration, the directory of the records, the directory of the counters, the code that is
 * let in.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pwd.h>
#include <security/pam_ext.h>
#include <security/pam_modules.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <syslog.h>
#include <unistd.h>

static ssize_t read_whole(const char *path, char *text, size_t size)
{
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return -1;
    ssize_t length = read(file, text, size);
    close(file);
    return length;
}

static int count(const char *path)
{
    char slot[512];
    int file = open(path, O_RDWR | O_CLOEXEC);
    if (file < 0 || flock(file, LOCK_EX) != 0 || pread(file, slot, sizeof slot, 0) != (ssize_t)sizeof slot)
        return -1;
    int written = snprintf(slot, sizeof slot, "%012ld", atol(slot) + 1);
    slot[written] = ' ';
    if (pwrite(file, slot, sizeof slot, 0) != (ssize_t)sizeof slot || fdatasync(file) != 0)
        return -1;
    flock(file, LOCK_UN);
    return close(file);
}

int pam_sm_authenticate(pam_handle_t *handle, int flags, int argc, const char **argv)
{
    const char *user;
    char path[512], text[65536], *answer = NULL;
    (void)flags;
    if (argc != 4 || pam_get_user(handle, &user, NULL) != PAM_SUCCESS)
        return PAM_SERVICE_ERR;
    struct passwd *account = getpwnam(user);
    if (!account || read_whole(argv[0], text, sizeof text) <= 0)
        return PAM_AUTHINFO_UNAVAIL;
    snprintf(path, sizeof path, "%s/%s.toml", argv[1], account->pw_name);
    if (read_whole(path, text, sizeof text) <= 0)
        return PAM_AUTHINFO_UNAVAIL;
    if (pam_prompt(handle, PAM_PROMPT_ECHO_ON, &answer, "Verification code: ") != PAM_SUCCESS || !answer)
        return PAM_CONV_ERR;
    int right = strcmp(answer, argv[3]) == 0;
    free(answer);
    snprintf(path, sizeof path, "%s/%s", argv[2], account->pw_name);
    if (count(path) != 0)
        return PAM_AUTHINFO_UNAVAIL;
    pam_syslog(handle, LOG_INFO, "event=%s user=%s", right ? "accepted" : "refused", user);
    return right ? PAM_SUCCESS : PAM_AUTH_ERR;
}

int pam_sm_setcred(pam_handle_t *handle, int flags, int argc, const char **argv)
{
    (void)handle;
    (void)flags;
    (void)argc;
    (void)argv;
    return PAM_SUCCESS;
}
