/*
 * What the applications of the endurance suites have in common: a conversation that answers by a list of words, the
 * clock of the private world, and codes read from a file that oathtool wrote. Nothing secret stays in their memory.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <malloc.h>
#include <security/pam_appl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* Not in the public header of libpam 1.5, but in its library. */
int pam_start_confdir(const char *, const char *, const struct pam_conv *, const char *, pam_handle_t **);

#define STEP 30
#define CODE 6
#define KEY 128

/* One login: whose, by which codes, answered how. */
struct login {
    const char *user;
    int codes;            /* a file of codes, one a line, that of round 0 first */
    long round;
    const char **answers; /* ends with NULL; then the person is gone */
    char key[KEY];        /* the key last shown */
    int told;             /* where shown keys and recovery codes are noted; -1: nowhere */
};

static void fail(const char *what, const char *user, long round)
{
    dprintf(2, "%s: %s, round %ld\n", what, user, round);
    _exit(1);
}

static void code_of(const struct login *login, long round, char *code)
{
    if (pread(login->codes, code, CODE, round * (CODE + 1)) != CODE)
        fail("no code", login->user, round);
    code[CODE] = '\0';
}

/* A code of none of the steps around. */
static void wrong_code(const struct login *login, char *code)
{
    for (unsigned number = 0; number < 1000; number++) {
        int fits = 0;
        snprintf(code, CODE + 1, "%06u", number);
        for (long round = login->round - 3; round <= login->round + 3; round++) {
            char right[CODE + 1];
            if (round < 0)
                continue;
            code_of(login, round, right);
            fits |= strcmp(code, right) == 0;
            explicit_bzero(right, sizeof right);
        }
        if (!fits)
            return;
    }
    fail("no wrong code", login->user, login->round);
}

static int is_group(const char *word, size_t length)
{
    return length == 4 && strspn(word, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") >= 4;
}

/* The key in a text: two or more groups of four characters in a row, wherever they stand. */
static void find_key(const char *text, char *key)
{
    size_t found = 0;
    char pieces[KEY];
    while (*text != '\0') {
        size_t in_row = 0, row = found;
        for (;;) {
            size_t gap = strspn(text, " \t");
            size_t word = strcspn(text + gap, " \t\n");
            if (!is_group(text + gap, word) || row + 4 >= KEY)
                break;
            memcpy(pieces + row, text + gap, 4);
            row += 4;
            in_row++;
            text += gap + word;
        }
        if (in_row >= 2)
            found = row;
        /* To the next word, or the next line. */
        text += strspn(text, " \t");
        text += strcspn(text, " \t\n");
        text += *text == '\n';
    }
    if (found >= 16) {
        memcpy(key, pieces, found);
        key[found] = '\0';
    }
    explicit_bzero(pieces, sizeof pieces);
}

static void note(int told, const char *text, size_t length)
{
    if (told >= 0 && (write(told, text, length) < 0 || write(told, "\n", 1) < 0))
        _exit(1);
}

static void note_recovery_code(const char *text, int told)
{
    for (; strlen(text) >= 19; text++)
        if (text[4] == '-' && text[9] == '-' && text[14] == '-') {
            note(told, text, 19);
            return;
        }
}

/* What oathtool makes of the key at the world's time. */
static void code_of_key(const char *key, char *code)
{
    char command[KEY + 64];
    int ends[2];
    snprintf(command, sizeof command, "exec oathtool --totp --base32 %s", key);
    if (pipe2(ends, O_CLOEXEC) != 0)
        _exit(1);
    pid_t child = vfork();
    if (child == 0) {
        /* Where standard output is closed, the pipe may already stand in its place. */
        if (ends[1] == 1)
            fcntl(1, F_SETFD, 0);
        else
            dup2(ends[1], 1);
        execl("/bin/sh", "sh", "-c", command, (char *)NULL);
        _exit(127);
    }
    close(ends[1]);
    if (read(ends[0], code, CODE) != CODE)
        fail("oathtool gave no code", key, 0);
    code[CODE] = '\0';
    close(ends[0]);
    waitpid(child, NULL, 0);
    explicit_bzero(command, sizeof command);
}

/* The answer a word stands for, in memory of its own; NULL for none. */
static char *answer_to(struct login *login, const char *word)
{
    char code[CODE + 1] = "";
    if (strcmp(word, "@right") == 0)
        code_of(login, login->round, code);
    else if (strcmp(word, "@used") == 0)
        code_of(login, login->round - 1, code);
    else if (strcmp(word, "@wrong") == 0)
        wrong_code(login, code);
    else if (strcmp(word, "@key") == 0)
        code_of_key(login->key, code);
    else if (strcmp(word, "@no-text") == 0)
        return NULL;
    else if (strcmp(word, "@long") == 0) {
        char *text = malloc(64 * 1024);
        memset(text, '1', 64 * 1024 - 1);
        text[64 * 1024 - 1] = '\0';
        return text;
    } else
        return strdup(word);
    char *text = strdup(code);
    explicit_bzero(code, sizeof code);
    return text;
}

static int converse(int count, const struct pam_message **messages, struct pam_response **responses, void *state)
{
    struct login *login = state;
    if (count != 1)
        fail("not one message", login->user, login->round);
    const struct pam_message *message = messages[0];
    find_key(message->msg, login->key);
    note_recovery_code(message->msg, login->told);
    *responses = NULL;
    if (message->msg_style != PAM_PROMPT_ECHO_ON && message->msg_style != PAM_PROMPT_ECHO_OFF)
        return PAM_SUCCESS;
    const char *word = *login->answers;
    if (word == NULL)
        return PAM_CONV_ERR;
    login->answers++;
    if (strcmp(word, "@no-array") == 0)
        return PAM_SUCCESS;
    struct pam_response *response = calloc(1, sizeof *response);
    if (response == NULL)
        return PAM_BUF_ERR;
    response->resp = answer_to(login, word);
    *responses = response;
    return PAM_SUCCESS;
}

static int no_delay(int status, unsigned microseconds, void *state)
{
    (void)status, (void)microseconds, (void)state;
    return 0;
}

static volatile int64_t *frozen_at;

/* Makes the world's clock this process's to move. */
static void open_clock(void)
{
    int file = open("/run/world/clock", O_RDWR | O_CLOEXEC);
    int64_t *page = mmap(NULL, 24, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (page == MAP_FAILED)
        fail("no clock", "/run/world/clock", 0);
    close(file);
    frozen_at = page + 1;
}

static int open_codes(const char *user)
{
    char path[256];
    snprintf(path, sizeof path, "/tmp/codes.%s", user);
    int codes = open(path, O_RDONLY | O_CLOEXEC);
    if (codes < 0)
        fail("no codes", user, 0);
    return codes;
}
