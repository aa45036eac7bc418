// SPDX-License-Identifier: Apache-2.0
//
// Hash compression functions and a checksum, with run-time dispatch and a portable path. Nothing else in the project is C.
// The callers of the hashes (ContentModel's SHA256 and SHA1) own buffering, padding and lengths; these functions only ever
// see whole 64-byte blocks.
#ifndef WEIGHLOCK_CKERNELS_H
#define WEIGHLOCK_CKERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// Compresses `count` 64-byte blocks at `blocks` into the eight-word SHA-256 `state` (FIPS 180-4, 6.2.2).
void weighlock_sha256_blocks(uint32_t *_Nonnull state, const uint8_t *_Nonnull blocks, size_t count);

/// Compresses `count` blocks of two independent streams, one state each. On a processor with SHA extensions the
/// two are interleaved: one stream is bound by the latency of the round instructions, two fill the gaps.
void weighlock_sha256_blocks_x2(uint32_t *_Nonnull state_a, const uint8_t *_Nonnull blocks_a,
                                uint32_t *_Nonnull state_b, const uint8_t *_Nonnull blocks_b, size_t count);

/// Compresses `count` blocks of each of sixteen independent streams: `states[i]` with `blocks[i]`. The states must be
/// sixteen different ones; the blocks may overlap. Worth it where `weighlock_sha256_wide_lanes` is not 0.
void weighlock_sha256_blocks_x16(uint32_t *_Nonnull const *_Nonnull states,
                                 const uint8_t *_Nonnull const *_Nonnull blocks, size_t count);

/// 16 where this processor hashes sixteen streams at once faster than by two; otherwise 0.
size_t weighlock_sha256_wide_lanes(void);

/// Compresses `count` 64-byte blocks at `blocks` into the five-word SHA-1 `state` (FIPS 180-4, 6.1.2).
void weighlock_sha1_blocks(uint32_t *_Nonnull state, const uint8_t *_Nonnull blocks, size_t count);

/// The portable paths, exported so that tests can compare them with the dispatched ones.
void weighlock_sha256_blocks_portable(uint32_t *_Nonnull state, const uint8_t *_Nonnull blocks, size_t count);
void weighlock_sha1_blocks_portable(uint32_t *_Nonnull state, const uint8_t *_Nonnull blocks, size_t count);

/// Whether this processor runs the SHA-256 instructions that `weighlock_sha256_blocks` prefers.
bool weighlock_sha256_is_accelerated(void);

/// Moves the register of a CRC-32 (reflected polynomial EDB88320) over `count` bytes. The register of no bytes is all
/// ones; the checksum is its complement. Any length and alignment.
uint32_t weighlock_crc32(uint32_t crc, const void *_Nonnull bytes, size_t count);

/// The portable path of `weighlock_crc32`, exported so that tests can compare the two.
uint32_t weighlock_crc32_portable(uint32_t crc, const void *_Nonnull bytes, size_t count);

/// What `weighlock_crc32` runs on this processor: `portable`, `pclmul`, `crc`.
const char *_Nonnull weighlock_crc32_path_name(void);

/// What the dispatcher has chosen, for benchmarks and bug reports: `portable`, `sha`, `sha+avx512`, `sha2`.
const char *_Nonnull weighlock_sha256_path_name(void);

#endif
