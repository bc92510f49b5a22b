/* A plugin for QEMU (TCG) that counts the instructions that a program executes, and prints the count whenever the
 * program makes the system call MARK, which does not exist in any kernel.
 *
 * QEMU translates a program block by block; whenever a block is executed, its length is added. The declarations
 * below are from QEMU's qemu-plugin.h, which is in no package of Bookworm.
 */
#include <inttypes.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define MARK 4242 /* as in count.py */

typedef uint64_t plugin_id;
struct block;

int qemu_plugin_version = 1; /* QEMU 7's */

size_t qemu_plugin_tb_n_insns(const struct block *block);
void qemu_plugin_register_vcpu_tb_trans_cb(plugin_id id, void (*translated)(plugin_id, struct block *));
void qemu_plugin_register_vcpu_tb_exec_cb(struct block *block, void (*executed)(unsigned, void *), int registers,
                                          void *data);
void qemu_plugin_register_vcpu_syscall_cb(plugin_id id,
                                          void (*called)(plugin_id, unsigned, int64_t, uint64_t, uint64_t,
                                                         uint64_t, uint64_t, uint64_t, uint64_t, uint64_t,
                                                         uint64_t));

static uint64_t instructions; /* of all threads; only one runs between two marks of count.py */

static void executed(unsigned cpu, void *length)
{
    instructions += (uintptr_t)length;
}

static void translated(plugin_id id, struct block *block)
{
    qemu_plugin_register_vcpu_tb_exec_cb(block, executed, 0, (void *)(uintptr_t)qemu_plugin_tb_n_insns(block));
}

static void called(plugin_id id, unsigned cpu, int64_t number, uint64_t a, uint64_t b, uint64_t c, uint64_t d,
                   uint64_t e, uint64_t f, uint64_t g, uint64_t h)
{
    if (number == MARK)
        fprintf(stderr, "instructions: %" PRIu64 "\n", instructions);
}

int qemu_plugin_install(plugin_id id, const void *qemu, int argc, char **argv)
{
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    qemu_plugin_register_vcpu_syscall_cb(id, called);
    return 0;
}
