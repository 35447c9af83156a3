/* The clock of kills.py: LD_PRELOAD moves what a program takes for the time of day by as many seconds as stand, as a
 * number of eight bytes, in the file that KILLS_CLOCK names; they may change at any moment, as when a clock is set.
 * (libfaketime 0.9.10 lets every clock_nanosleep of the monotonic clock fail, and with it Python's time.sleep.) */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static volatile long long none, *moved = &none;

__attribute__((constructor)) static void begin(void) {
    const char *path = getenv("KILLS_CLOCK");
    int file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (file < 0) return;
    void *shared = mmap(0, sizeof *moved, PROT_READ, MAP_SHARED, file, 0);
    if (shared != MAP_FAILED) moved = shared;
    close(file);
}

int clock_gettime(clockid_t clock, struct timespec *now) {
    int failed = syscall(SYS_clock_gettime, clock, now);
    if (!failed && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) now->tv_sec += *moved;
    return failed;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
    struct timespec precise;
    (void)zone;
    clock_gettime(CLOCK_REALTIME, &precise);
    now->tv_sec = precise.tv_sec;
    now->tv_usec = precise.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *now) {
    struct timespec precise;
    clock_gettime(CLOCK_REALTIME, &precise);
    if (now) *now = precise.tv_sec;
    return precise.tv_sec;
}

/* A deadline of the moved clock as the kernel's. A condition may use the monotonic clock: that one began at the boot. */
static clockid_t put_back(const struct timespec *deadline, struct timespec *real) {
    *real = *deadline;
    if (deadline->tv_sec < 1000000000) return CLOCK_MONOTONIC;
    real->tv_sec -= *moved;
    return CLOCK_REALTIME;
}

int pthread_cond_timedwait(pthread_cond_t *restrict condition, pthread_mutex_t *restrict mutex,
                           const struct timespec *restrict deadline) {
    struct timespec real;
    clockid_t clock = put_back(deadline, &real);
    return pthread_cond_clockwait(condition, mutex, clock, &real);
}

int pthread_mutex_timedlock(pthread_mutex_t *restrict mutex, const struct timespec *restrict deadline) {
    struct timespec real;
    clockid_t clock = put_back(deadline, &real);
    return pthread_mutex_clocklock(mutex, clock, &real);
}

int sem_timedwait(sem_t *restrict semaphore, const struct timespec *restrict deadline) {
    struct timespec real;
    clockid_t clock = put_back(deadline, &real);
    return sem_clockwait(semaphore, clock, &real);
}
