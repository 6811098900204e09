// System calls and macros that Swift's Glibc module does not import.
#ifndef GATEWAY_CLINUX_H
#define GATEWAY_CLINUX_H

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <arpa/inet.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/random.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

// glibc declares it only under _GNU_SOURCE, which an importing module cannot set.
int accept4(int descriptor, struct sockaddr *address, socklen_t *length, int flags);
int pthread_setname_np(pthread_t thread, const char *name);

// open is variadic.
static inline int open_file(const char *path, int flags, mode_t mode) { return open(path, flags, mode); }

// A write to a connection that the other side has closed is an error, not the end of the process.
static inline void ignore_broken_pipes(void) { signal(SIGPIPE, SIG_IGN); }

// Allows as many descriptors as the system lets this process have.
static inline void raise_descriptor_limit(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

// What tells that another file or link stands in a directory, or that a file is complete.
static const uint32_t DIRECTORY_EVENTS =
    IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF;

// Lets every other thread run before the calling one; on Linux, niceness belongs to a thread.
static inline void be_nice(int niceness) { setpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid), niceness); }

// errno is a macro.
static inline int last_error(void) { return errno; }

// The user data of an epoll event is a union with a pointer, which Swift calls unsafe: here it is always a word.
struct readiness {
    uint64_t word;
    uint32_t events;
};

static inline int epoll_control(int epoll, int operation, int descriptor, uint32_t events, uint64_t word) {
    struct epoll_event event = {.events = events, .data.u64 = word};
    return epoll_ctl(epoll, operation, descriptor, &event);
}

// Waits for at most 256 events.
static inline int epoll_collect(int epoll, struct readiness *found, int capacity, int timeout_milliseconds) {
    struct epoll_event events[256];
    int count = epoll_wait(epoll, events, capacity < 256 ? capacity : 256, timeout_milliseconds);
    for (int index = 0; index < count; index++) {
        found[index].word = events[index].data.u64;
        found[index].events = events[index].events;
    }
    return count;
}

#endif
