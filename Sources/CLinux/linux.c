// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

int64_t weighlock_copy_file_range(int from, int to, int64_t offset, int64_t count) {
    return weighlock_copy_between(from, offset, to, offset, count);
}

int64_t weighlock_copy_between(int from, int64_t source, int to, int64_t target, int64_t count) {
#if defined(__linux__)
    off64_t read_at = source, write_at = target;
    return copy_file_range(from, &read_at, to, &write_at, (size_t)count, 0);
#else
    (void)from, (void)source, (void)to, (void)target, (void)count;
    errno = ENOTSUP;
    return -1;
#endif
}

void weighlock_begin_writeback(int descriptor, int64_t offset, int64_t count) {
#if defined(__linux__)
    (void)sync_file_range(descriptor, offset, count, SYNC_FILE_RANGE_WRITE);
#else
    (void)descriptor, (void)offset, (void)count;
#endif
}

int64_t weighlock_next_data(int descriptor, int64_t offset) {
#if defined(__linux__)
    // Moves the place that plain reads and writes use, of which there are none here.
    off64_t found = lseek64(descriptor, offset, SEEK_DATA);
    return found < 0 && errno == ENXIO ? lseek64(descriptor, 0, SEEK_END) : found;
#else
    (void)descriptor, (void)offset;
    return -1;
#endif
}

int weighlock_reserve(int descriptor, int64_t size) {
#if defined(__linux__)
    // Not posix_fallocate, which writes zeros where the file system cannot.
    return fallocate64(descriptor, 0, 0, size);
#else
    (void)descriptor, (void)size;
    errno = ENOTSUP;
    return -1;
#endif
}
