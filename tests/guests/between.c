// SPDX-License-Identifier: GPL-2.0-or-later
// Preloaded into virt-nested-guests: the command in VN_BETWEEN runs once, right after a definition was read for the first time,
// or with VN_BETWEEN_ALWAYS after each time: somebody else edits the guest in between.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>

char *virDomainGetXMLDesc(void *domain, unsigned flags);

char *virDomainGetXMLDesc(void *domain, unsigned flags) {
    static int runs;
    char *(*real)(void *, unsigned) = (char *(*)(void *, unsigned))dlsym(RTLD_NEXT, "virDomainGetXMLDesc");
    char *text = real(domain, flags);
    const unsigned secure_inactive = 3; // VIR_DOMAIN_XML_SECURE | VIR_DOMAIN_XML_INACTIVE
    const char *command = getenv("VN_BETWEEN");
    if (command && flags == secure_inactive && (runs++ == 0 || getenv("VN_BETWEEN_ALWAYS"))) {
        unsetenv("LD_PRELOAD");
        if (system(command) != 0)
            abort();
    }
    return text;
}
