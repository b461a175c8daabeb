// The clock of a program that preloads this is ahead by the hours in HOURS_LATER: what waits for hours is tested within
// seconds. Timeouts are measured by another clock, which goes on as it is.
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int clock_gettime(clockid_t clock, struct timespec *now) {
    int failed = syscall(SYS_clock_gettime, clock, now);
    if (!failed && clock == CLOCK_REALTIME)
        now->tv_sec += atol(getenv("HOURS_LATER")) * 3600;
    return failed;
}
