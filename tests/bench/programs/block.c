/*
 * How many instructions this processor executes for a block of SHA-256, counted one by one:
 * callgrind plays an older processor, whose code for it is another.
 */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <openssl/sha.h>

enum { BLOCKS = 10 };

static void digest(int blocks)
{
    static const unsigned char block[SHA256_CBLOCK];
    SHA256_CTX sha;

    SHA256_Init(&sha);
    SHA256_Transform(&sha, block); /* whatever the first call does besides */
    raise(SIGSTOP);
    for (int i = 0; i < blocks; i++) {
        SHA256_Transform(&sha, block);
    }
    _exit(0);
}

/* Instructions from the stop to the end, or -1. */
static long count_steps(int blocks)
{
    long steps = 0;
    int status;
    pid_t child = fork();

    if (child == 0) {
        ptrace(PTRACE_TRACEME, 0, NULL, NULL);
        digest(blocks);
    }
    if (child < 0 || waitpid(child, &status, 0) != child) {
        return -1;
    }
    while (WIFSTOPPED(status)) {
        if (ptrace(PTRACE_SINGLESTEP, child, NULL, NULL) != 0 ||
            waitpid(child, &status, 0) != child) {
            return -1;
        }
        steps++;
    }
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? steps : -1;
}

int main(void)
{
    long once = count_steps(BLOCKS), twice = count_steps(2 * BLOCKS);

    if (once < 0 || twice < 0) {
        fprintf(stderr, "a process cannot be stepped through here\n");
        return 1;
    }
    printf("%ld\n", (twice - once) / BLOCKS);
    return 0;
}
