// SPDX-License-Identifier: Apache-2.0
#include "CKernels.h"

#include <string.h>

static const uint32_t K[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static inline uint32_t rotate_right(uint32_t x, int n) { return (x >> n) | (x << (32 - n)); }

static inline uint32_t load_big_endian(const uint8_t *p) {
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | (uint32_t)p[3];
}

void weighlock_sha256_blocks_portable(uint32_t *state, const uint8_t *blocks, size_t count) {
    uint32_t w[64];
    for (; count > 0; count--, blocks += 64) {
        for (int i = 0; i < 16; i++) w[i] = load_big_endian(blocks + 4 * i);
        for (int i = 16; i < 64; i++) {
            uint32_t s0 = rotate_right(w[i - 15], 7) ^ rotate_right(w[i - 15], 18) ^ (w[i - 15] >> 3);
            uint32_t s1 = rotate_right(w[i - 2], 17) ^ rotate_right(w[i - 2], 19) ^ (w[i - 2] >> 10);
            w[i] = w[i - 16] + s0 + w[i - 7] + s1;
        }
        uint32_t a = state[0], b = state[1], c = state[2], d = state[3];
        uint32_t e = state[4], f = state[5], g = state[6], h = state[7];
        for (int i = 0; i < 64; i++) {
            uint32_t s1 = rotate_right(e, 6) ^ rotate_right(e, 11) ^ rotate_right(e, 25);
            uint32_t t1 = h + s1 + ((e & f) ^ (~e & g)) + K[i] + w[i];
            uint32_t s0 = rotate_right(a, 2) ^ rotate_right(a, 13) ^ rotate_right(a, 22);
            uint32_t t2 = s0 + ((a & b) ^ (a & c) ^ (b & c));
            h = g; g = f; f = e; e = d + t1; d = c; c = b; b = a; a = t1 + t2;
        }
        state[0] += a; state[1] += b; state[2] += c; state[3] += d;
        state[4] += e; state[5] += f; state[6] += g; state[7] += h;
    }
}

#if defined(__x86_64__)
#include <immintrin.h>

#define SHA_TARGET __attribute__((target("sha,sse4.1,ssse3")))

// The instructions keep the state as two registers (A,B,E,F) and (C,D,G,H), high word first.
SHA_TARGET static inline void load_state(const uint32_t *state, __m128i *abef, __m128i *cdgh) {
    __m128i low = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)&state[0]), 0xB1);
    __m128i high = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)&state[4]), 0x1B);
    *abef = _mm_alignr_epi8(low, high, 8);
    *cdgh = _mm_blend_epi16(high, low, 0xF0);
}

SHA_TARGET static inline void store_state(uint32_t *state, __m128i abef, __m128i cdgh) {
    __m128i feba = _mm_shuffle_epi32(abef, 0x1B);
    __m128i dchg = _mm_shuffle_epi32(cdgh, 0xB1);
    _mm_storeu_si128((__m128i *)&state[0], _mm_blend_epi16(feba, dchg, 0xF0));
    _mm_storeu_si128((__m128i *)&state[4], _mm_alignr_epi8(dchg, feba, 8));
}

// One stream: its two state registers, the copies to add back, and a window of sixteen message words.
#define LANE(x, state, blocks) \
    __m128i abef##x, cdgh##x, abef_in##x, cdgh_in##x, m##x[4]; \
    load_state(state, &abef##x, &cdgh##x)

#define LANE_BEGIN(x, blocks) \
    abef_in##x = abef##x; \
    cdgh_in##x = cdgh##x; \
    for (int i = 0; i < 4; i++) \
        m##x[i] = _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)(blocks) + i), byte_swap)

// Four rounds with message words `m[i % 4]`; from group 4 on the words are computed in place.
#define LANE_SCHEDULE(x, i) \
    do { \
        __m128i t = _mm_alignr_epi8(m##x[((i) + 3) & 3], m##x[((i) + 2) & 3], 4); \
        __m128i u = _mm_add_epi32(_mm_sha256msg1_epu32(m##x[(i) & 3], m##x[((i) + 1) & 3]), t); \
        m##x[(i) & 3] = _mm_sha256msg2_epu32(u, m##x[((i) + 3) & 3]); \
    } while (0)

#define LANE_ROUNDS(x, i) \
    do { \
        __m128i wk = _mm_add_epi32(m##x[(i) & 3], _mm_loadu_si128((const __m128i *)&K[4 * (i)])); \
        cdgh##x = _mm_sha256rnds2_epu32(cdgh##x, abef##x, wk); \
        abef##x = _mm_sha256rnds2_epu32(abef##x, cdgh##x, _mm_shuffle_epi32(wk, 0x0E)); \
    } while (0)

#define LANE_END(x) \
    abef##x = _mm_add_epi32(abef##x, abef_in##x); \
    cdgh##x = _mm_add_epi32(cdgh##x, cdgh_in##x)

#define BYTE_SWAP _mm_set_epi64x(0x0c0d0e0f08090a0bLL, 0x0405060700010203LL)

SHA_TARGET static void blocks_sha_extensions(uint32_t *state, const uint8_t *blocks, size_t count) {
    const __m128i byte_swap = BYTE_SWAP;
    LANE(0, state, blocks);
    for (; count > 0; count--, blocks += 64) {
        LANE_BEGIN(0, blocks);
#pragma clang loop unroll(full)
        for (int i = 0; i < 16; i++) {
            if (i >= 4) LANE_SCHEDULE(0, i);
            LANE_ROUNDS(0, i);
        }
        LANE_END(0);
    }
    store_state(state, abef0, cdgh0);
}

SHA_TARGET static void blocks_x2_sha_extensions(uint32_t *state_a, const uint8_t *blocks_a, uint32_t *state_b,
                                                const uint8_t *blocks_b, size_t count) {
    const __m128i byte_swap = BYTE_SWAP;
    LANE(0, state_a, blocks_a);
    LANE(1, state_b, blocks_b);
    for (; count > 0; count--, blocks_a += 64, blocks_b += 64) {
        LANE_BEGIN(0, blocks_a);
        LANE_BEGIN(1, blocks_b);
#pragma clang loop unroll(full)
        for (int i = 0; i < 16; i++) {
            if (i >= 4) {
                LANE_SCHEDULE(0, i);
                LANE_SCHEDULE(1, i);
            }
            LANE_ROUNDS(0, i);
            LANE_ROUNDS(1, i);
        }
        LANE_END(0);
        LANE_END(1);
    }
    store_state(state_a, abef0, cdgh0);
    store_state(state_b, abef1, cdgh1);
}

bool weighlock_sha256_is_accelerated(void) {
    return __builtin_cpu_supports("sha") && __builtin_cpu_supports("sse4.1") && __builtin_cpu_supports("ssse3");
}

void weighlock_sha256_blocks(uint32_t *state, const uint8_t *blocks, size_t count) {
    if (weighlock_sha256_is_accelerated()) {
        blocks_sha_extensions(state, blocks, count);
    } else {
        weighlock_sha256_blocks_portable(state, blocks, count);
    }
}

void weighlock_sha256_blocks_x2(uint32_t *state_a, const uint8_t *blocks_a, uint32_t *state_b,
                                const uint8_t *blocks_b, size_t count) {
    if (weighlock_sha256_is_accelerated()) {
        blocks_x2_sha_extensions(state_a, blocks_a, state_b, blocks_b, count);
    } else {
        weighlock_sha256_blocks_portable(state_a, blocks_a, count);
        weighlock_sha256_blocks_portable(state_b, blocks_b, count);
    }
}

#else

bool weighlock_sha256_is_accelerated(void) { return false; }

void weighlock_sha256_blocks(uint32_t *state, const uint8_t *blocks, size_t count) {
    weighlock_sha256_blocks_portable(state, blocks, count);
}

void weighlock_sha256_blocks_x2(uint32_t *state_a, const uint8_t *blocks_a, uint32_t *state_b,
                                const uint8_t *blocks_b, size_t count) {
    weighlock_sha256_blocks_portable(state_a, blocks_a, count);
    weighlock_sha256_blocks_portable(state_b, blocks_b, count);
}

#endif
