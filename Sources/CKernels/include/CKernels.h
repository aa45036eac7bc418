// SPDX-License-Identifier: Apache-2.0
//
// Hash compression functions, a checksum and the comparison of numbers, with run-time dispatch and a portable path. Nothing
// else in the project is C.
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

/// The types of numbers that `weighlock_distance_add` compares. Little-endian; smaller than a byte they are packed, the first in
/// the lowest bits.
enum {
    WEIGHLOCK_F64 = 0,
    WEIGHLOCK_F32 = 1,
    WEIGHLOCK_F16 = 2,
    WEIGHLOCK_BF16 = 3,
    WEIGHLOCK_F8_E4M3 = 4,
    WEIGHLOCK_F8_E5M2 = 5,
    WEIGHLOCK_F8_E8M0 = 6,
    WEIGHLOCK_F8_E4M3FNUZ = 7,
    WEIGHLOCK_F8_E5M2FNUZ = 8,
    WEIGHLOCK_I8 = 9,
    WEIGHLOCK_U8 = 10,
    WEIGHLOCK_BOOL = 11,
    WEIGHLOCK_I16 = 12,
    WEIGHLOCK_U16 = 13,
    WEIGHLOCK_I32 = 14,
    WEIGHLOCK_U32 = 15,
    WEIGHLOCK_I64 = 16,
    WEIGHLOCK_U64 = 17,
    WEIGHLOCK_C64 = 18,
    WEIGHLOCK_F4 = 19,
    WEIGHLOCK_F6_E2M3 = 20,
    WEIGHLOCK_F6_E3M2 = 21,
};

/// What comparing two runs of numbers has found. All zero before the first.
typedef struct {
    /// The greatest absolute difference, the sum of the absolute differences, that of their squares, and that of the squared first
    /// numbers: over the pairs that are both finite.
    double maximum, sum, squares, reference;
    /// The pairs that are both finite.
    uint64_t pairs;
    /// The pairs that are not the same number. Zeros of either sign are the same, and so are any two not-a-numbers.
    uint64_t differing;
    /// How many numbers of either side are not finite.
    uint64_t non_finite;
    /// How many finite numbers have become infinite.
    uint64_t to_infinity;
    /// Where the types are the same: in how many blocks of up to 512 elements the bytes are not. Zero means the same bits.
    uint64_t unequal_blocks;
    /// Where the types differ: how many of the second numbers are not the first ones rounded to the nearest, ties to even; and how
    /// many are not when the first are rounded to F32 before. To an integer type nothing is rounded: the numbers have to be equal.
    uint64_t not_cast, not_cast_through_f32;
} weighlock_distance;

/// Compares `count` numbers and adds what it finds. `a` and `b` hold so many elements of their types, at any alignment; a run that
/// is not the last one of a tensor has a multiple of 8 elements. False, and nothing done, for types that are not known, or when
/// one of two different types is C64. The result does not depend on the processor.
bool weighlock_distance_add(weighlock_distance *_Nonnull distance, uint32_t type_a, const void *_Nonnull a,
                            uint32_t type_b, const void *_Nonnull b, size_t count);

/// The portable path of `weighlock_distance_add`, exported so that tests can compare the two.
bool weighlock_distance_add_portable(weighlock_distance *_Nonnull distance, uint32_t type_a, const void *_Nonnull a,
                                     uint32_t type_b, const void *_Nonnull b, size_t count);

#endif
