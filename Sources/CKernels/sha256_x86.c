// SPDX-License-Identifier: Apache-2.0
//
// SHA-256 on x86: the SHA extensions for one and two streams, AVX-512 for sixteen.
#include "sha256_kernels.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define K weighlock_sha256_constants
#define SHA __attribute__((target("sha,sse4.1,ssse3")))
#define SHA_AVX512 __attribute__((target("sha,avx512f,avx512vl")))
#define AVX512 __attribute__((target("avx512f,avx512vl,avx512bw")))
#define UNROLL _Pragma("clang loop unroll(full)")

// The instructions keep the state as two registers (A,B,E,F) and (C,D,G,H), high word first.
SHA static inline void load_state(const uint32_t *state, __m128i *abef, __m128i *cdgh) {
    __m128i low = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)&state[0]), 0xB1);
    __m128i high = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)&state[4]), 0x1B);
    *abef = _mm_alignr_epi8(low, high, 8);
    *cdgh = _mm_blend_epi16(high, low, 0xF0);
}

SHA static inline void store_state(uint32_t *state, __m128i abef, __m128i cdgh) {
    __m128i feba = _mm_shuffle_epi32(abef, 0x1B);
    __m128i dchg = _mm_shuffle_epi32(cdgh, 0xB1);
    _mm_storeu_si128((__m128i *)&state[0], _mm_blend_epi16(feba, dchg, 0xF0));
    _mm_storeu_si128((__m128i *)&state[4], _mm_alignr_epi8(dchg, feba, 8));
}

// One stream: its two state registers, the copies to add back, and a window of sixteen message words.
#define LANE(x, state) \
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

// The same without `sha256msg1`, which on recent Intel cores occupies the SHA unit for four cycles; rotations do not.
#define LANE_SCHEDULE_AVX512(x, i) \
    do { \
        __m128i t = _mm_alignr_epi8(m##x[((i) + 3) & 3], m##x[((i) + 2) & 3], 4); \
        __m128i v = _mm_alignr_epi8(m##x[((i) + 1) & 3], m##x[(i) & 3], 4); \
        __m128i s = _mm_ternarylogic_epi32(_mm_ror_epi32(v, 7), _mm_ror_epi32(v, 18), _mm_srli_epi32(v, 3), 0x96); \
        __m128i u = _mm_add_epi32(_mm_add_epi32(m##x[(i) & 3], s), t); \
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

#define DEFINE_ONE(name, target, SCHEDULE) \
    target static void name(uint32_t *state, const uint8_t *blocks, size_t count) { \
        const __m128i byte_swap = BYTE_SWAP; \
        LANE(0, state); \
        for (; count > 0; count--, blocks += 64) { \
            LANE_BEGIN(0, blocks); \
            UNROLL for (int i = 0; i < 16; i++) { \
                if (i >= 4) SCHEDULE(0, i); \
                LANE_ROUNDS(0, i); \
            } \
            LANE_END(0); \
        } \
        store_state(state, abef0, cdgh0); \
    }

#define DEFINE_TWO(name, target, SCHEDULE) \
    target static void name(uint32_t *state_a, const uint8_t *blocks_a, uint32_t *state_b, const uint8_t *blocks_b, \
                            size_t count) { \
        const __m128i byte_swap = BYTE_SWAP; \
        LANE(0, state_a); \
        LANE(1, state_b); \
        for (; count > 0; count--, blocks_a += 64, blocks_b += 64) { \
            LANE_BEGIN(0, blocks_a); \
            LANE_BEGIN(1, blocks_b); \
            UNROLL for (int i = 0; i < 16; i++) { \
                if (i >= 4) { \
                    SCHEDULE(0, i); \
                    SCHEDULE(1, i); \
                } \
                LANE_ROUNDS(0, i); \
                LANE_ROUNDS(1, i); \
            } \
            LANE_END(0); \
            LANE_END(1); \
        } \
        store_state(state_a, abef0, cdgh0); \
        store_state(state_b, abef1, cdgh1); \
    }

DEFINE_ONE(one_sha, SHA, LANE_SCHEDULE)
DEFINE_TWO(two_sha, SHA, LANE_SCHEDULE)
DEFINE_ONE(one_sha_avx512, SHA_AVX512, LANE_SCHEDULE_AVX512)
DEFINE_TWO(two_sha_avx512, SHA_AVX512, LANE_SCHEDULE_AVX512)

// Sixteen streams, one in each 32-bit column of sixteen registers.

// Turns rows into columns: afterwards `r[j]` holds word j of each of the sixteen.
AVX512 static inline void transpose(__m512i r[16]) {
    __m512i t[16];
    UNROLL for (int i = 0; i < 16; i += 2) {
        t[i] = _mm512_unpacklo_epi32(r[i], r[i + 1]);
        t[i + 1] = _mm512_unpackhi_epi32(r[i], r[i + 1]);
    }
    UNROLL for (int i = 0; i < 16; i += 4) {
        r[i] = _mm512_unpacklo_epi64(t[i], t[i + 2]);
        r[i + 1] = _mm512_unpackhi_epi64(t[i], t[i + 2]);
        r[i + 2] = _mm512_unpacklo_epi64(t[i + 1], t[i + 3]);
        r[i + 3] = _mm512_unpackhi_epi64(t[i + 1], t[i + 3]);
    }
    // Now `r[4g + w]` holds in its quarter q word 4q + w of the streams 4g to 4g + 3.
    UNROLL for (int w = 0; w < 4; w++) {
        __m512i low = _mm512_shuffle_i32x4(r[w], r[4 + w], 0x88);
        __m512i high = _mm512_shuffle_i32x4(r[8 + w], r[12 + w], 0x88);
        t[w] = _mm512_shuffle_i32x4(low, high, 0x88);
        t[8 + w] = _mm512_shuffle_i32x4(low, high, 0xDD);
        low = _mm512_shuffle_i32x4(r[w], r[4 + w], 0xDD);
        high = _mm512_shuffle_i32x4(r[8 + w], r[12 + w], 0xDD);
        t[4 + w] = _mm512_shuffle_i32x4(low, high, 0x88);
        t[12 + w] = _mm512_shuffle_i32x4(low, high, 0xDD);
    }
    UNROLL for (int i = 0; i < 16; i++) r[i] = t[i];
}

#define XOR3(a, b, c) _mm512_ternarylogic_epi32(a, b, c, 0x96)
#define ADD(a, b) _mm512_add_epi32(a, b)
#define ROUND(a, b, c, d, e, f, g, h, i, w) \
    do { \
        __m512i s1 = XOR3(_mm512_ror_epi32(e, 6), _mm512_ror_epi32(e, 11), _mm512_ror_epi32(e, 25)); \
        __m512i wk = ADD(ADD(h, w), _mm512_set1_epi32((int)K[i])); \
        __m512i t1 = ADD(ADD(wk, _mm512_ternarylogic_epi32(e, f, g, 0xCA)), s1); \
        __m512i s0 = XOR3(_mm512_ror_epi32(a, 2), _mm512_ror_epi32(a, 13), _mm512_ror_epi32(a, 22)); \
        d = ADD(d, t1); \
        h = ADD(ADD(t1, _mm512_ternarylogic_epi32(a, b, c, 0xE8)), s0); \
    } while (0)

// The word of round i, computed in place of that of round i - 16.
#define WORD(w, i) \
    do { \
        __m512i p = w[((i) + 1) & 15], q = w[((i) + 14) & 15]; \
        __m512i s0 = XOR3(_mm512_ror_epi32(p, 7), _mm512_ror_epi32(p, 18), _mm512_srli_epi32(p, 3)); \
        __m512i s1 = XOR3(_mm512_ror_epi32(q, 17), _mm512_ror_epi32(q, 19), _mm512_srli_epi32(q, 10)); \
        w[(i) & 15] = ADD(ADD(w[(i) & 15], s0), ADD(w[((i) + 9) & 15], s1)); \
    } while (0)

AVX512 static void sixteen_avx512(uint32_t *const *states, const uint8_t *const *blocks, size_t count) {
    const __m512i byte_swap = _mm512_broadcast_i32x4(BYTE_SWAP);
    __m512i s[16], w[16];
    UNROLL for (int i = 0; i < 16; i++) s[i] = _mm512_maskz_loadu_epi32(0x00FF, states[i]);
    transpose(s);
    for (size_t n = 0; n < count; n++) {
        UNROLL for (int i = 0; i < 16; i++)
            w[i] = _mm512_shuffle_epi8(_mm512_loadu_si512(blocks[i] + 64 * n), byte_swap);
        transpose(w);
        __m512i a = s[0], b = s[1], c = s[2], d = s[3], e = s[4], f = s[5], g = s[6], h = s[7];
        UNROLL for (int i = 0; i < 64; i += 8) {
            UNROLL for (int j = 0; i >= 16 && j < 8; j++) WORD(w, i + j);
            ROUND(a, b, c, d, e, f, g, h, i + 0, w[(i + 0) & 15]);
            ROUND(h, a, b, c, d, e, f, g, i + 1, w[(i + 1) & 15]);
            ROUND(g, h, a, b, c, d, e, f, i + 2, w[(i + 2) & 15]);
            ROUND(f, g, h, a, b, c, d, e, i + 3, w[(i + 3) & 15]);
            ROUND(e, f, g, h, a, b, c, d, i + 4, w[(i + 4) & 15]);
            ROUND(d, e, f, g, h, a, b, c, i + 5, w[(i + 5) & 15]);
            ROUND(c, d, e, f, g, h, a, b, i + 6, w[(i + 6) & 15]);
            ROUND(b, c, d, e, f, g, h, a, i + 7, w[(i + 7) & 15]);
        }
        s[0] = ADD(s[0], a);
        s[1] = ADD(s[1], b);
        s[2] = ADD(s[2], c);
        s[3] = ADD(s[3], d);
        s[4] = ADD(s[4], e);
        s[5] = ADD(s[5], f);
        s[6] = ADD(s[6], g);
        s[7] = ADD(s[7], h);
    }
    transpose(s);
    UNROLL for (int i = 0; i < 16; i++) _mm512_mask_storeu_epi32(states[i], 0x00FF, s[i]);
}

const struct weighlock_sha256_path *weighlock_sha256_native_path(void) {
    static const struct weighlock_sha256_path plain = {"sha", one_sha, two_sha, NULL};
    static const struct weighlock_sha256_path best = {
        "sha+avx512", one_sha_avx512, two_sha_avx512, sixteen_avx512};
    if (!__builtin_cpu_supports("sha") || !__builtin_cpu_supports("sse4.1") || !__builtin_cpu_supports("ssse3")) {
        return NULL;
    }
    // The C library's answer includes whether the operating system keeps the wide registers.
    bool wide = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
                __builtin_cpu_supports("avx512bw");
    return wide ? &best : &plain;
}

#endif
