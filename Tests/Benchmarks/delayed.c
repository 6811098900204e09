// An upstream that answers every request without a body 5 ms later with 1 KiB, so that the proxy before it is never the
// bottleneck. usage: delayed LISTEN_PORT (on loopback)
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { delay_us = 5000, queue_size = 1 << 16 };

static struct { long due; int fd; } queue[queue_size];
static unsigned head, tail;
static char answer[1200];

static long now_us(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000L + time.tv_nsec / 1000;
}

int main(int count, char **arguments) {
    if (count != 2) return 2;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(atoi(arguments[1]))};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), on = 1;
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) < 0 || listen(listener, 4096) < 0) {
        perror("delayed");
        return 1;
    }
    int length = sprintf(answer, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 1024\r\n\r\n");
    memset(answer + length, 'x', 1024);
    length += 1024;
    int loop = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLIN, .data.fd = listener}, events[256];
    epoll_ctl(loop, EPOLL_CTL_ADD, listener, &event);
    for (;;) {
        int ready = epoll_wait(loop, events, 256, head == tail ? -1 : 1);
        for (int i = 0; i < ready; i++) {
            int fd = events[i].data.fd;
            if (fd == listener) {
                int client;
                while ((client = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
                    setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
                    event = (struct epoll_event){.events = EPOLLIN, .data.fd = client};
                    epoll_ctl(loop, EPOLL_CTL_ADD, client, &event);
                }
                continue;
            }
            char block[16384];
            ssize_t got = recv(fd, block, sizeof block, 0);
            if (got == 0 || (got < 0 && errno != EAGAIN)) {
                close(fd);
                continue;
            }
            if (got < 4 || memcmp(block + got - 4, "\r\n\r\n", 4) != 0) continue;
            queue[tail % queue_size].fd = fd;
            queue[tail++ % queue_size].due = now_us() + delay_us;
        }
        for (long now = now_us(); head != tail && queue[head % queue_size].due <= now; head++)
            send(queue[head % queue_size].fd, answer, length, MSG_NOSIGNAL);
    }
}
