// SPDX-License-Identifier: Apache-2.0
//
// What the files of this module share and nobody else sees.
#ifndef WEIGHLOCK_SHA256_KERNELS_H
#define WEIGHLOCK_SHA256_KERNELS_H

#include "CKernels.h"

/// The round constants of FIPS 180-4, 4.2.2.
extern const uint32_t weighlock_sha256_constants[64];

/// One way to do the work, as the processor allows. `wide` is null where sixteen lanes at once are not to be had.
struct weighlock_sha256_path {
    const char *name;
    void (*one)(uint32_t *state, const uint8_t *blocks, size_t count);
    void (*two)(uint32_t *state_a, const uint8_t *blocks_a, uint32_t *state_b, const uint8_t *blocks_b, size_t count);
    void (*wide)(uint32_t *const *states, const uint8_t *const *blocks, size_t count);
};

/// The best path of this processor; null when only the portable code runs.
const struct weighlock_sha256_path *weighlock_sha256_native_path(void);

#endif
