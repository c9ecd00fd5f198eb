/* SPDX-License-Identifier: GPL-2.0-or-later
 * The code of L1, with an entry for each vendor, and of the L2 that both enter. 64-bit mode, no library. It is copied into the guest's
 * memory; addresses are those of layout.h, never of labels.
 * L1 and L2 share every general register that the processor does not switch: L2 uses rax alone, of which L1 keeps nothing.
 * AMD APM: Architecture Programmer's Manual, volume 2 (24593). Intel SDM: Software Developer's Manual, volume 3; by title, for its
 * chapters have been renumbered. */
#include "layout.h"
#ifdef __CET__
#include <cet.h>        /* without its note the linker takes the protection from the whole program */
#endif

        .section .rodata
        .globl  prove_l1, prove_l1_svm, prove_l1_vmx, prove_l1_vmx_exit, prove_l1_handlers, prove_l1_end
        .globl  prove_l2, prove_l2_end

/* What an exit of L1 costs: CPUID always leaves the guest (APM 15.9 where KVM intercepts it; SDM "Instructions That Cause VM Exits
 * Unconditionally") */
prove_l1:
        mov     $PROVE_L1_TIMES, %edi
1:      xor     %eax, %eax
        cpuid
        rdtsc
        stosl
        cmp     $PROVE_L1_TIMES_END, %edi
        jb      1b
        jmp     *PROVE_ENTRY

/* APM 15.4: enabling SVM; 15.30.4: VM_HSAVE_PA; 15.5: VMRUN */
prove_l1_svm:
        movl    $PROVE_STAGE_ENABLE, PROVE_STAGE
        mov     $0xc0000080, %ecx       /* EFER */
        rdmsr
        or      $0x1000, %eax           /* SVME */
        wrmsr
        movl    $PROVE_STAGE_HOST, PROVE_STAGE
        mov     $0xc0010117, %ecx
        mov     $PROVE_HOST, %eax
        xor     %edx, %edx
        wrmsr
        mov     $PROVE_L2_TIMES, %edi
        movl    $PROVE_STAGE_ENTER, PROVE_STAGE
1:      mov     $PROVE_CONTROL, %eax
        vmrun   %rax
        rdtsc
        stosl
        incl    PROVE_L1_COUNT
        movl    $PROVE_STAGE_AGAIN, PROVE_STAGE
        mov     PROVE_CONTROL + PROVE_VMCB_EXITCODE, %eax
        mov     %eax, PROVE_VALUE
        cmp     $PROVE_SVM_EXIT_CPUID, %eax
        jne     2f
        cmp     $PROVE_L2_TIMES_END, %edi
        jae     2f
        addq    $2, PROVE_CONTROL + PROVE_VMCB_RIP      /* the length of CPUID */
        jmp     1b
2:      out     %al, $PROVE_PORT_END
        hlt

/* SDM "VMX Support for ...", "Software Use of Virtual-Machine Control Structures", "VMX Instruction Reference": an instruction that failed
 * has set CF or ZF */
prove_l1_vmx:
        movl    $PROVE_STAGE_ENABLE, PROVE_STAGE
        mov     %cr4, %rax
        or      $0x2000, %eax           /* VMXE */
        mov     %rax, %cr4
        movl    $PROVE_STAGE_HOST, PROVE_STAGE
        vmxon   PROVE_HOST_AT
        jbe     5f
        movl    $PROVE_STAGE_CLEAR, PROVE_STAGE
        vmclear PROVE_CONTROL_AT
        jbe     5f
        movl    $PROVE_STAGE_LOAD, PROVE_STAGE
        vmptrld PROVE_CONTROL_AT
        jbe     5f
        movl    $PROVE_STAGE_WRITE, PROVE_STAGE
        mov     $PROVE_FIELDS, %esi
1:      lodsq
        mov     %rax, PROVE_FIELD
        mov     %rax, %rdx
        test    %rax, %rax
        jz      2f
        lodsq
        vmwrite %rax, %rdx
        ja      1b
        jmp     4f
2:      mov     $PROVE_L2_TIMES, %edi
        movl    $PROVE_STAGE_ENTER, PROVE_STAGE
        vmlaunch
        jmp     4f
prove_l1_vmx_exit:
        rdtsc
        stosl
        incl    PROVE_L1_COUNT
        movl    $PROVE_STAGE_AGAIN, PROVE_STAGE
        mov     $PROVE_VMCS_EXIT_REASON, %ecx
        vmread  %rcx, %rax
        mov     %eax, PROVE_VALUE
        cmp     $PROVE_VMX_EXIT_CPUID, %eax
        jne     3f
        cmp     $PROVE_L2_TIMES_END, %edi
        jae     3f
        mov     $PROVE_VMCS_GUEST_RIP, %ecx
        vmread  %rcx, %rax
        add     $2, %rax                /* the length of CPUID */
        vmwrite %rax, %rcx
        vmresume
        jmp     4f
3:      out     %al, $PROVE_PORT_END
        hlt
4:      mov     $PROVE_VMCS_INSTRUCTION_ERROR, %ecx
        vmread  %rcx, %rax
        jbe     5f
        mov     %eax, PROVE_VALUE
5:      out     %al, $PROVE_PORT_FAILED
        hlt

        .balign PROVE_HANDLER_SIZE
prove_l1_handlers:
        .set    vector, 0
        .rept   32
        .balign PROVE_HANDLER_SIZE
        mov     $vector, %eax
        jmp     6f
        .set    vector, vector + 1
        .endr
6:      mov     %eax, PROVE_VALUE
        out     %al, $PROVE_PORT_EXCEPTION
        hlt
prove_l1_end:

/* It says that it is there, counts, and leaves to L1, by CPUID each time and by HLT at its end */
prove_l2:
        out     %al, $PROVE_PORT_L2
1:      incl    PROVE_L2_COUNT
        cpuid
        mov     PROVE_L2_COUNT, %eax
        cmp     PROVE_L2_WANTED, %eax
        jb      1b
        hlt
prove_l2_end:

        .section .note.GNU-stack, "", %progbits
