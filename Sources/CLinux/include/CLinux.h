// SPDX-License-Identifier: Apache-2.0
//
// The Linux system calls that Swift's Glibc module hides because they need _GNU_SOURCE, and threads that end where they
// began. Only FileIO may use them.
#ifndef WEIGHLOCK_CLINUX_H
#define WEIGHLOCK_CLINUX_H

#include <stdint.h>

/// Copies up to `count` bytes at `offset` from one file to the same place in another inside the kernel; -1 where the
/// kernel or the file systems cannot, with `errno` set.
int64_t weighlock_copy_file_range(int from, int to, int64_t offset, int64_t count);

/// The same between two places: up to `count` bytes at `source` of one file to `target` of another.
int64_t weighlock_copy_between(int from, int64_t source, int to, int64_t target, int64_t count);

/// Asks the kernel to begin writing a range to the disk. Only a wish: nothing is waited for, nothing can fail.
void weighlock_begin_writeback(int descriptor, int64_t offset, int64_t count);

/// Where data begin at or behind `offset`: `offset` itself when it is not in a hole, the file's size when only a hole
/// follows; -1 where the system cannot tell.
int64_t weighlock_next_data(int descriptor, int64_t offset);

/// Takes room on the disk for a file of `size` bytes and makes it so long; -1 where that cannot be done, with `errno` set.
int weighlock_reserve(int descriptor, int64_t size);

/// A piece of work with its context; its result means nothing.
typedef void *(*weighlock_work)(void *context);

/// Calls `here` on this thread and `elsewhere` on at most `others` more at the same time, and returns how many those were
/// when all calls have returned: no thread is left.
int weighlock_spread(int others, weighlock_work elsewhere, void *context, weighlock_work here, void *here_context);

#endif
