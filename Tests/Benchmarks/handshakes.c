// Makes TLS handshakes and nothing else: connects, shakes hands, says that it closes, waits for the server to close.
// usage: handshakes PORT SECONDS full|resumed 1.2|1.3 (on loopback; the certificate is not checked against authorities)
// Prints how many were made, how many of them were not of the kind that was asked for, and how many failed.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { concurrent = 32 };

struct connection {
    int fd;
    SSL *tls;
};

static struct sockaddr_in server;
static SSL_CTX *context;
static SSL_SESSION *session;
static int loop;
static long made, unlike, failed;

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec + time.tv_nsec / 1e9;
}

static int keep(SSL *tls, SSL_SESSION *fresh) {
    (void)tls;
    if (session) return 0;
    session = fresh;
    return 1;
}

// One blocking handshake, after which `session` is what the server gave to resume with.
static int prime(void) {
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct timeval patience = {.tv_sec = 2};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    if (connect(fd, (struct sockaddr *)&server, sizeof server) < 0) return 0;
    SSL *tls = SSL_new(context);
    SSL_set_fd(tls, fd);
    static const char request[] = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
    char byte;
    // With TLS 1.3 the ticket comes after the handshake, from some servers only with an answer, and is read by reading.
    if (SSL_connect(tls) == 1 && SSL_write(tls, request, sizeof request - 1) > 0)
        for (int i = 0; i < 4 && !session; i++) SSL_read(tls, &byte, 1);
    // What OpenSSL does not know to be closed, it will not resume.
    SSL_set_shutdown(tls, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    SSL_free(tls);
    close(fd);
    return session != NULL;
}

static void begin(struct connection *connection) {
    connection->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    // Closing resets: nothing is left to wait and to hold ports.
    struct linger reset = {.l_onoff = 1, .l_linger = 0};
    setsockopt(connection->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    connect(connection->fd, (struct sockaddr *)&server, sizeof server);
    connection->tls = SSL_new(context);
    SSL_set_fd(connection->tls, connection->fd);
    SSL_set_connect_state(connection->tls);
    if (session) SSL_set_session(connection->tls, session);
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data.ptr = connection};
    epoll_ctl(loop, EPOLL_CTL_ADD, connection->fd, &event);
}

static void begin_again(struct connection *connection) {
    SSL_free(connection->tls);
    close(connection->fd);
    begin(connection);
}

static void go_on(struct connection *connection) {
    SSL *tls = connection->tls;
    if (!SSL_is_init_finished(tls)) {
        int result = SSL_do_handshake(tls);
        if (result != 1) {
            int error = SSL_get_error(tls, result);
            if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) return;
            failed++;
            begin_again(connection);
            return;
        }
        made++;
        unlike += SSL_session_reused(tls) != (session != NULL);
        SSL_shutdown(tls);
        shutdown(connection->fd, SHUT_WR);
    }
    char block[4096];
    ssize_t got;
    while ((got = recv(connection->fd, block, sizeof block, 0)) > 0) continue;
    if (got == 0 || errno != EAGAIN) begin_again(connection);
}

int main(int count, char **arguments) {
    if (count != 5) return 2;
    server = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(atoi(arguments[1]))};
    server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    double seconds = atof(arguments[2]);
    int version = strcmp(arguments[4], "1.2") ? TLS1_3_VERSION : TLS1_2_VERSION;
    context = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_min_proto_version(context, version);
    SSL_CTX_set_max_proto_version(context, version);
    // The same work for every server, whatever it prefers; with TLS 1.2 P-256 must be named for the certificate, too.
    if (!SSL_CTX_set1_groups_list(context, "X25519:P-256") ||
        !SSL_CTX_set_cipher_list(context, "ECDHE-ECDSA-AES128-GCM-SHA256") ||
        !SSL_CTX_set_ciphersuites(context, "TLS_AES_128_GCM_SHA256"))
        return 1;
    if (strcmp(arguments[3], "full")) {
        SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
        SSL_CTX_sess_set_new_cb(context, keep);
        SSL_CTX_clear_mode(context, SSL_MODE_AUTO_RETRY);
        if (!prime()) {
            fprintf(stderr, "the server gives nothing to resume with\n");
            return 1;
        }
        // A client that caches uses a session of TLS 1.3 only once.
        SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    }
    loop = epoll_create1(0);
    struct connection connections[concurrent];
    for (int i = 0; i < concurrent; i++) begin(&connections[i]);
    for (double end = now() + seconds; now() < end;) {
        struct epoll_event events[concurrent];
        int ready = epoll_wait(loop, events, concurrent, 100);
        for (int i = 0; i < ready; i++) go_on(events[i].data.ptr);
    }
    printf("%ld made, %ld unlike, %ld failed\n", made, unlike, failed);
}
