/* SPDX-License-Identifier: GPL-2.0-or-later
 * The guest's physical memory, for the program that fills it and for the code that runs in it
 * (guest.S, so this is C and assembler alike). One slot from 0; an L2 behind nested tables reaches
 * its upper half alone, where there is nothing but L2. */
#pragma once

#define PROVE_MEMORY 0x400000
#define PROVE_CODE 0x1000 /* L1's */
#define PROVE_IDT 0x2000  /* a gate for each exception: L1 tells of it, instead of a shutdown */
#define PROVE_GDT 0x2400
#define PROVE_REAL_MODE 0x2800 /* the ordinary guest, and the byte that it writes */
#define PROVE_REAL_MODE_SAID 0x2880
#define PROVE_STACK 0x3000         /* it grows down from here; for exceptions alone */
#define PROVE_L1_TABLES 0x4000     /* three pages: virtual 0 to 4 MiB is physical 0 to 4 MiB */
#define PROVE_NESTED_TABLES 0x7000 /* three: L2-physical 0 to 2 MiB is physical 2 to 4 MiB */
#define PROVE_CONTROL 0xa000       /* AMD: the VMCB; Intel: the VMCS region */
#define PROVE_HOST 0xb000          /* AMD: the host save area; Intel: the VMXON region */
#define PROVE_FIELDS 0xc000 /* Intel: field and value for VMWRITE, 64 bits each, until field 0 */
#define PROVE_FIELDS_END 0xd000
#define PROVE_L1_TIMES 0xe000 /* low half of the time stamp counter after each exit of L1 */
#define PROVE_L1_TIMES_END 0xe400
#define PROVE_L2_TIMES 0x10000 /* the same after each exit of L2 */
#define PROVE_L2_TIMES_END 0x20000

/* What L1 tells: 32 bits each, but 64 of PROVE_FIELD */
#define PROVE_STAGE 0xd000
#define PROVE_VALUE 0xd004    /* exit code or reason, vector, or VM-instruction error */
#define PROVE_L1_COUNT 0xd008 /* exits of L2 that it took */
#define PROVE_FIELD 0xd010    /* the VMCS field at hand */
/* What L1 is told: 64 bits each */
#define PROVE_ENTRY 0xd018   /* its vendor's part of the code */
#define PROVE_HOST_AT 0xd020 /* Intel: VMX instructions take addresses from memory */
#define PROVE_CONTROL_AT 0xd028

/* The same for L2, in its own physical memory, which begins at PROVE_L2_MEMORY of L1's */
#define PROVE_L2_MEMORY 0x200000
#define PROVE_L2_CODE 0x1000
#define PROVE_L2_TABLES 0x2000 /* three pages: virtual 0 to 2 MiB is its memory */
#define PROVE_L2_COUNT 0x5000  /* how often it was about to exit; only L2 writes it */
#define PROVE_L2_WANTED 0x5004 /* how often it is to */

/* Ports; KVM gives control to this program at an access to any */
#define PROVE_PORT_L2 0x20        /* from L2, and L1 does not intercept it */
#define PROVE_PORT_END 0x21       /* from L1: an exit of L2 that it leaves to us */
#define PROVE_PORT_FAILED 0x22    /* from L1: a VMX instruction failed */
#define PROVE_PORT_EXCEPTION 0x23 /* from L1 */

/* PROVE_STAGE */
#define PROVE_STAGE_ALONE 0  /* it has not begun to be a hypervisor */
#define PROVE_STAGE_ENABLE 1 /* AMD: EFER.SVME; Intel: CR4.VMXE */
#define PROVE_STAGE_HOST 2   /* AMD: VM_HSAVE_PA; Intel: VMXON */
#define PROVE_STAGE_CLEAR 3  /* Intel: VMCLEAR */
#define PROVE_STAGE_LOAD 4   /* Intel: VMPTRLD */
#define PROVE_STAGE_WRITE 5  /* Intel: VMWRITE, field by field */
#define PROVE_STAGE_ENTER 6  /* VMRUN; VMLAUNCH */
#define PROVE_STAGE_AGAIN 7  /* an exit of L2 was taken */

/* Fields that the code needs as well: AMD APM volume 2, appendix B; Intel SDM volume 3, appendix B
 */
#define PROVE_VMCB_EXITCODE 0x70
#define PROVE_VMCB_RIP 0x578
#define PROVE_VMCS_INSTRUCTION_ERROR 0x4400
#define PROVE_VMCS_EXIT_REASON 0x4402
#define PROVE_VMCS_GUEST_RIP 0x681e
/* Exits: AMD APM volume 2, appendix C; Intel SDM volume 3, appendix C */
#define PROVE_SVM_EXIT_CPUID 0x72
#define PROVE_SVM_EXIT_HLT 0x78
#define PROVE_VMX_EXIT_CPUID 10
#define PROVE_VMX_EXIT_HLT 12

/* Each begins here, so that a gate's address follows from its number */
#define PROVE_HANDLER_SIZE 16
