/* SPDX-License-Identifier: GPL-2.0-or-later
 * Another architecture for a program that asks uname(2) where it is: LD_PRELOAD this, and say it in
 * VN_MACHINE. */
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

int uname(struct utsname* name) {
    const char* machine = getenv("VN_MACHINE");
    const int status = (int)syscall(SYS_uname, name);
    if (status == 0 && machine != NULL)
        strncpy(name->machine, machine, sizeof(name->machine) - 1);
    return status;
}
