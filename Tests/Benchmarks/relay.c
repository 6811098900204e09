// The floor of the benchmarks: relays bytes between a client and an upstream and parses nothing.
// usage: relay LISTEN_PORT UPSTREAM_PORT (both on loopback; one upstream connection for each client connection)
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

// One end of a relayed connection; `rest` holds what the other end sent and this one has not taken yet.
struct end {
    int fd;
    struct end *other;
    char *rest;
    size_t rest_start, rest_length;
    int finished;
};

static char block[65536];
static int loop;
static struct end *closed[1024];
static int closed_count;

static struct sockaddr_in loopback(int port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

static void give_up(struct end *end) {
    if (end->fd < 0) return;
    struct end *both[2] = {end, end->other};
    for (int i = 0; i < 2; i++) {
        close(both[i]->fd);
        both[i]->fd = -1;
        closed[closed_count++] = both[i];
    }
}

// Sends `length` bytes to `to`; what it does not take now is kept. 0 when the connection is lost.
static int send_to(struct end *to, const char *bytes, size_t length) {
    ssize_t sent = send(to->fd, bytes, length, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && errno != EAGAIN) return 0;
    if (sent < 0) sent = 0;
    if ((size_t)sent == length) return 1;
    to->rest = malloc(sizeof block);
    to->rest_start = 0;
    to->rest_length = length - sent;
    memcpy(to->rest, bytes + sent, to->rest_length);
    return 1;
}

// Relays what `from` has, while the other end takes it; short reads mean that there is no more.
static void relay(struct end *from) {
    while (from->fd >= 0 && !from->other->rest && !from->finished) {
        ssize_t length = recv(from->fd, block, sizeof block, MSG_DONTWAIT);
        if (length < 0 && errno == EAGAIN) return;
        if (length <= 0 || !send_to(from->other, block, length)) {
            give_up(from);
            return;
        }
        if ((size_t)length < sizeof block) return;
    }
}

static void flush(struct end *to) {
    if (to->fd < 0 || !to->rest) return;
    ssize_t sent = send(to->fd, to->rest + to->rest_start, to->rest_length, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0) {
        if (errno != EAGAIN) give_up(to);
        return;
    }
    to->rest_start += sent;
    to->rest_length -= sent;
    if (to->rest_length > 0) return;
    free(to->rest);
    to->rest = NULL;
    relay(to->other);
}

static struct end *make_end(int fd) {
    int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    struct end *end = calloc(1, sizeof *end);
    end->fd = fd;
    return end;
}

static void watch(struct end *end) {
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data.ptr = end};
    epoll_ctl(loop, EPOLL_CTL_ADD, end->fd, &event);
}

static void accept_all(int listener, int upstream_port) {
    int client;
    while ((client = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        int upstream = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        struct sockaddr_in address = loopback(upstream_port);
        if (connect(upstream, (struct sockaddr *)&address, sizeof address) < 0) {
            close(upstream);
            close(client);
            continue;
        }
        struct end *near = make_end(client), *far = make_end(upstream);
        near->other = far;
        far->other = near;
        watch(near);
        watch(far);
    }
}

int main(int count, char **arguments) {
    if (count != 3) return 2;
    int upstream_port = atoi(arguments[2]);
    struct sockaddr_in address = loopback(atoi(arguments[1]));
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), on = 1;
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) < 0 || listen(listener, 4096) < 0) {
        perror("relay");
        return 1;
    }
    loop = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL}, events[256];
    epoll_ctl(loop, EPOLL_CTL_ADD, listener, &event);
    for (;;) {
        int ready = epoll_wait(loop, events, 256, -1);
        for (int i = 0; i < ready; i++) {
            struct end *end = events[i].data.ptr;
            if (!end) {
                accept_all(listener, upstream_port);
                continue;
            }
            if (events[i].events & EPOLLOUT) flush(end);
            if (end->fd >= 0 && events[i].events & ~EPOLLOUT) relay(end);
        }
        // Ends are freed when no event of this turn can name them any more.
        while (closed_count > 0) {
            closed_count--;
            free(closed[closed_count]->rest);
            free(closed[closed_count]);
        }
    }
}
