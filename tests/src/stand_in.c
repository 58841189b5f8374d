/* Modules that this distribution does not have, as far as a stack can tell: they know the one account "dora" with the
 * password "directory", or nobody. Installed under the names of pam_sss.so and the like. */
#define PAM_SM_AUTH
#define PAM_SM_ACCOUNT
#include <security/pam_ext.h>
#include <security/pam_modules.h>
#include <string.h>

/* What those hear in the account phase whom it does not know; pam_krb5 ignores who did not come by Kerberos. */
#ifndef OTHERS
#define OTHERS PAM_USER_UNKNOWN
#endif

static int is_dora(pam_handle_t *pamh) {
    const char *user = NULL;
    return pam_get_user(pamh, &user, NULL) == PAM_SUCCESS && strcmp(user, "dora") == 0;
}

int pam_sm_authenticate(pam_handle_t *pamh, int flags, int argc, const char **argv) {
#ifdef KNOWS_DORA
    const char *password = NULL;
    /* The password first, then whose it is; libpam itself reads use_first_pass in the arguments. */
    if (pam_get_authtok(pamh, PAM_AUTHTOK, &password, NULL) != PAM_SUCCESS) return PAM_AUTH_ERR;
    if (!is_dora(pamh)) return PAM_USER_UNKNOWN;
    return strcmp(password, "directory") == 0 ? PAM_SUCCESS : PAM_AUTH_ERR;
#else
    return is_dora(pamh) ? PAM_AUTHINFO_UNAVAIL : PAM_USER_UNKNOWN;
#endif
}

int pam_sm_setcred(pam_handle_t *pamh, int flags, int argc, const char **argv) { return PAM_SUCCESS; }

int pam_sm_acct_mgmt(pam_handle_t *pamh, int flags, int argc, const char **argv) {
#ifdef KNOWS_DORA
    return is_dora(pamh) ? PAM_SUCCESS : OTHERS;
#else
    return PAM_USER_UNKNOWN;
#endif
}
