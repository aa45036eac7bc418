// SPDX-License-Identifier: Apache-2.0
//
// SHA-256 on ARMv8 with the SHA2 instructions, for one and two streams.
#include "sha256_kernels.h"

#if defined(__aarch64__)
#include <arm_neon.h>
#if defined(__linux__)
#include <sys/auxv.h>
#endif

#define K weighlock_sha256_constants
#define SHA2 __attribute__((target("sha2")))
#define UNROLL _Pragma("clang loop unroll(full)")

// One stream: its two halves of the state, the copies to add back, and a window of sixteen message words.
#define LANE(x, state) uint32x4_t abcd##x = vld1q_u32(state), efgh##x = vld1q_u32((state) + 4), a_in##x, e_in##x, m##x[4]

#define LANE_BEGIN(x, blocks) \
    a_in##x = abcd##x; \
    e_in##x = efgh##x; \
    for (int i = 0; i < 4; i++) m##x[i] = vreinterpretq_u32_u8(vrev32q_u8(vld1q_u8((blocks) + 16 * i)))

// Four rounds; the words that the groups from 4 on need are computed in place of those that were just used.
#define LANE_ROUNDS(x, i) \
    do { \
        uint32x4_t wk = vaddq_u32(m##x[(i) & 3], vld1q_u32(&K[4 * (i)])), before = abcd##x; \
        if ((i) < 12) \
            m##x[(i) & 3] = vsha256su1q_u32(vsha256su0q_u32(m##x[(i) & 3], m##x[((i) + 1) & 3]), \
                                            m##x[((i) + 2) & 3], m##x[((i) + 3) & 3]); \
        abcd##x = vsha256hq_u32(abcd##x, efgh##x, wk); \
        efgh##x = vsha256h2q_u32(efgh##x, before, wk); \
    } while (0)

#define LANE_END(x) \
    abcd##x = vaddq_u32(abcd##x, a_in##x); \
    efgh##x = vaddq_u32(efgh##x, e_in##x)

#define LANE_STORE(x, state) \
    vst1q_u32(state, abcd##x); \
    vst1q_u32((state) + 4, efgh##x)

SHA2 static void one_sha2(uint32_t *state, const uint8_t *blocks, size_t count) {
    LANE(0, state);
    for (; count > 0; count--, blocks += 64) {
        LANE_BEGIN(0, blocks);
        UNROLL for (int i = 0; i < 16; i++) LANE_ROUNDS(0, i);
        LANE_END(0);
    }
    LANE_STORE(0, state);
}

SHA2 static void two_sha2(uint32_t *state_a, const uint8_t *blocks_a, uint32_t *state_b, const uint8_t *blocks_b,
                          size_t count) {
    LANE(0, state_a);
    LANE(1, state_b);
    for (; count > 0; count--, blocks_a += 64, blocks_b += 64) {
        LANE_BEGIN(0, blocks_a);
        LANE_BEGIN(1, blocks_b);
        UNROLL for (int i = 0; i < 16; i++) {
            LANE_ROUNDS(0, i);
            LANE_ROUNDS(1, i);
        }
        LANE_END(0);
        LANE_END(1);
    }
    LANE_STORE(0, state_a);
    LANE_STORE(1, state_b);
}

const struct weighlock_sha256_path *weighlock_sha256_native_path(void) {
    static const struct weighlock_sha256_path path = {"sha2", one_sha2, two_sha2, NULL};
#if defined(__APPLE__)
    return &path;  // every such processor of Apple's has the instructions
#elif defined(__linux__)
    const unsigned long sha2 = 1UL << 6;  // HWCAP_SHA2 of the kernel's interface, which not every C library names
    return getauxval(AT_HWCAP) & sha2 ? &path : NULL;
#else
    return NULL;
#endif
}

#endif
