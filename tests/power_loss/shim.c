/* Writes down what a program does to the files of one folder, in the order of time; to be loaded
 * before libc (LD_PRELOAD). DISK_FOLDER names the folder, DISK_LOG the log.
 *
 * A record: kind (1 byte), file (8), offset (8), length (4), then as many bytes; little endian.
 *   O  a name was opened or made: the bytes are the name, without the folder; "" is the folder itself
 *   W  bytes are about to be written at an offset
 *   T  the file is about to get the size `offset`
 *   S  a sync begins: what was written before it is durable when it has ended
 *   E  it has ended
 *   U  a name was removed
 * Each record is one write to a file opened for appending, so that records of threads keep apart.
 * Writes are told before they are done and ends of syncs afterwards: a crash in between is covered. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define FILES 4096

static char folder[PATH_MAX];
static size_t folder_length;
static int log_file = -1;
static uint64_t file_of[FILES]; /* by descriptor: the inode, 0 for files of no interest */
static pthread_once_t once = PTHREAD_ONCE_INIT;

static ssize_t (*real_writev)(int, const struct iovec *, int);
static ssize_t (*real_write)(int, const void *, size_t);
static ssize_t (*real_pwrite)(int, const void *, size_t, off64_t);
static int (*real_open)(const char *, int, ...);
static int (*real_openat)(int, const char *, int, ...);
static int (*real_close)(int);
static int (*real_fsync)(int);
static int (*real_fdatasync)(int);
static int (*real_ftruncate)(int, off64_t);
static int (*real_unlink)(const char *);

static void begin(void) {
    real_writev = dlsym(RTLD_NEXT, "writev");
    real_write = dlsym(RTLD_NEXT, "write");
    real_pwrite = dlsym(RTLD_NEXT, "pwrite64");
    real_open = dlsym(RTLD_NEXT, "open64");
    real_openat = dlsym(RTLD_NEXT, "openat64");
    real_close = dlsym(RTLD_NEXT, "close");
    real_fsync = dlsym(RTLD_NEXT, "fsync");
    real_fdatasync = dlsym(RTLD_NEXT, "fdatasync");
    real_ftruncate = dlsym(RTLD_NEXT, "ftruncate64");
    real_unlink = dlsym(RTLD_NEXT, "unlink");
    const char *wanted = getenv("DISK_FOLDER"), *log = getenv("DISK_LOG");
    if (wanted == NULL || log == NULL || realpath(wanted, folder) == NULL) return;
    folder_length = strlen(folder);
    log_file = real_open(log, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
}

static void tell(char kind, uint64_t file, uint64_t offset, const void *bytes, uint32_t length) {
    unsigned char head[21];
    head[0] = (unsigned char)kind;
    memcpy(head + 1, &file, 8);
    memcpy(head + 9, &offset, 8);
    memcpy(head + 17, &length, 4);
    struct iovec parts[2] = {{head, sizeof head}, {(void *)bytes, length}};
    if (real_writev(log_file, parts, 2) != (ssize_t)(sizeof head + length)) abort();
}

/* The name within the folder, or NULL. The index of the log lives in memory only: it is not followed. */
static const char *name_of(const char *path) {
    if (log_file < 0 || strncmp(path, folder, folder_length) != 0) return NULL;
    const char *rest = path + folder_length;
    if (*rest == '\0') return rest;
    if (*rest != '/') return NULL;
    size_t length = strlen(rest);
    if (length >= 4 && strcmp(rest + length - 4, "-shm") == 0) return NULL;
    return rest + 1;
}

static uint64_t file(int fd) { return fd >= 0 && fd < FILES ? file_of[fd] : 0; }

static int opened(int fd, const char *path) {
    struct stat64 found;
    const char *name = fd >= 0 && fd < FILES ? name_of(path) : NULL;
    if (fd >= 0 && fd < FILES) file_of[fd] = 0;
    if (name != NULL && fstat64(fd, &found) == 0) {
        file_of[fd] = found.st_ino;
        tell('O', found.st_ino, 0, name, (uint32_t)strlen(name));
    }
    return fd;
}

#define MODE(flags, mode)                                  \
    mode_t mode = 0;                                       \
    if (flags & (O_CREAT | O_TMPFILE)) {                   \
        va_list more;                                      \
        va_start(more, flags);                             \
        mode = va_arg(more, mode_t);                       \
        va_end(more);                                      \
    }

int open64(const char *path, int flags, ...) {
    MODE(flags, mode)
    pthread_once(&once, begin);
    return opened(real_open(path, flags, mode), path);
}

int open(const char *path, int flags, ...) {
    MODE(flags, mode)
    pthread_once(&once, begin);
    return opened(real_open(path, flags, mode), path);
}

int openat64(int at, const char *path, int flags, ...) {
    MODE(flags, mode)
    pthread_once(&once, begin);
    return opened(real_openat(at, path, flags, mode), path);
}

int openat(int at, const char *path, int flags, ...) {
    MODE(flags, mode)
    pthread_once(&once, begin);
    return opened(real_openat(at, path, flags, mode), path);
}

int close(int fd) {
    pthread_once(&once, begin);
    if (fd >= 0 && fd < FILES) file_of[fd] = 0;
    return real_close(fd);
}

ssize_t pwrite64(int fd, const void *bytes, size_t length, off64_t offset) {
    pthread_once(&once, begin);
    if (file(fd) != 0) tell('W', file(fd), (uint64_t)offset, bytes, (uint32_t)length);
    return real_pwrite(fd, bytes, length, offset);
}

ssize_t pwrite(int fd, const void *bytes, size_t length, off_t offset) {
    return pwrite64(fd, bytes, length, offset);
}

/* Where a plain write goes. */
static uint64_t place(int fd) {
    struct stat64 found;
    if ((fcntl(fd, F_GETFL) & O_APPEND) && fstat64(fd, &found) == 0) return (uint64_t)found.st_size;
    return (uint64_t)lseek64(fd, 0, SEEK_CUR);
}

ssize_t write(int fd, const void *bytes, size_t length) {
    pthread_once(&once, begin);
    if (file(fd) != 0) tell('W', file(fd), place(fd), bytes, (uint32_t)length);
    return real_write(fd, bytes, length);
}

int ftruncate64(int fd, off64_t size) {
    pthread_once(&once, begin);
    if (file(fd) != 0) tell('T', file(fd), (uint64_t)size, NULL, 0);
    return real_ftruncate(fd, size);
}

int ftruncate(int fd, off_t size) { return ftruncate64(fd, size); }

static int synced(int fd, int (*sync)(int)) {
    if (file(fd) == 0) return sync(fd);
    uint64_t which = file(fd);
    tell('S', which, 0, NULL, 0);
    /* Whoever tells the world too early is to be caught. */
    struct timespec pause = {0, 1000000};
    nanosleep(&pause, NULL);
    int result = sync(fd);
    if (result == 0) tell('E', which, 0, NULL, 0);
    return result;
}

int fsync(int fd) {
    pthread_once(&once, begin);
    return synced(fd, real_fsync);
}

int fdatasync(int fd) {
    pthread_once(&once, begin);
    return synced(fd, real_fdatasync);
}

int unlink(const char *path) {
    pthread_once(&once, begin);
    const char *name = name_of(path);
    int result = real_unlink(path);
    if (result == 0 && name != NULL) tell('U', 0, 0, name, (uint32_t)strlen(name));
    return result;
}
