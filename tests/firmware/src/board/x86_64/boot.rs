//! From the loader's 32 bits (PVH: a note names the entry, `ebx` points to what the loader has to say) to `main` in 64
//! bits, the first GiB mapped where it is.

#![allow(unsafe_code, reason = "reads what the loader has left")]

use core::arch::global_asm;
use core::ptr::with_exposed_provenance;

/// Of the command line's address in the loader's structure.
const COMMAND_LINE: usize = 24;

global_asm!(
    r#"
    .section .note.pvh, "a", @note
    .balign 4
    .long 4                     # bytes of the name
    .long 4                     # bytes of the entry's address
    .long 18                    # XEN_ELFNOTE_PHYS32_ENTRY
    .asciz "Xen"
    .long pvh_start

    .section .boot, "ax", @progbits
    .code32
    .global pvh_start
pvh_start:
    cld
    movl $stack_end, %esp
    movl %ebx, loader_words

    movl $directory, %edi       # 512 pages of 2 MiB, present, writable
    movl $0x83, %eax
    movl $512, %ecx
1:  movl %eax, (%edi)
    addl $0x200000, %eax
    addl $8, %edi
    loop 1b
    movl $directory + 3, pointers
    movl $pointers + 3, root

    movl %cr4, %eax             # physical address extension
    orl $0x20, %eax
    movl %eax, %cr4
    movl $root, %eax
    movl %eax, %cr3
    movl $0xC0000080, %ecx      # EFER: long mode
    rdmsr
    orl $0x100, %eax
    wrmsr
    movl %cr0, %eax             # paging
    orl $0x80000000, %eax
    movl %eax, %cr0
    lgdt gdt_place
    pushl $8
    pushl $long_start
    lret

    .code64
long_start:
    movw $16, %ax
    movw %ax, %ss
    movw %ax, %ds
    movw %ax, %es
    movq $stack_end, %rsp
    xorl %ebp, %ebp
    call main

    .section .rodata.boot, "a", @progbits
    .balign 8
gdt:
    .quad 0
    .quad 0x00AF9A000000FFFF    # code, 64 bits
    .quad 0x00CF92000000FFFF    # data
gdt_place:
    .word gdt_place - gdt - 1
    .quad gdt

    .section .bss.boot, "aw", @nobits
    .balign 4096
root:
    .skip 4096
pointers:
    .skip 4096
directory:
    .skip 4096
    .skip 0x40000
stack_end:
    .balign 8
    .global loader_words
loader_words:
    .skip 8
"#,
    options(att_syntax)
);

unsafe extern "C" {
    static loader_words: usize;
}

/// Where the command line is.
pub(super) fn command_line() -> usize {
    // SAFETY: written before `main`, and nowhere else; the loader's structure is in the first GiB.
    unsafe { with_exposed_provenance::<usize>(loader_words).byte_add(COMMAND_LINE).read() }
}
