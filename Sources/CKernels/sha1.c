// SPDX-License-Identifier: Apache-2.0
//
// SHA-1 is here for one reason: git names its objects with it, and the Hub names small files by git object id.
// It is never the only check of anything: the lock always holds the SHA-256 too.
#include "CKernels.h"

static inline uint32_t rotate_left(uint32_t x, int n) { return (x << n) | (x >> (32 - n)); }

static inline uint32_t load_big_endian(const uint8_t *p) {
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | (uint32_t)p[3];
}

void weighlock_sha1_blocks_portable(uint32_t *state, const uint8_t *blocks, size_t count) {
    uint32_t w[80];
    for (; count > 0; count--, blocks += 64) {
        for (int i = 0; i < 16; i++) w[i] = load_big_endian(blocks + 4 * i);
        for (int i = 16; i < 80; i++) w[i] = rotate_left(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
        uint32_t a = state[0], b = state[1], c = state[2], d = state[3], e = state[4];
        for (int i = 0; i < 80; i++) {
            uint32_t f, k;
            if (i < 20) {
                f = (b & c) | (~b & d); k = 0x5a827999;
            } else if (i < 40) {
                f = b ^ c ^ d; k = 0x6ed9eba1;
            } else if (i < 60) {
                f = (b & c) | (b & d) | (c & d); k = 0x8f1bbcdc;
            } else {
                f = b ^ c ^ d; k = 0xca62c1d6;
            }
            uint32_t t = rotate_left(a, 5) + f + e + k + w[i];
            e = d; d = c; c = rotate_left(b, 30); b = a; a = t;
        }
        state[0] += a; state[1] += b; state[2] += c; state[3] += d; state[4] += e;
    }
}

#if defined(__x86_64__)
#include <immintrin.h>

// Twenty groups of four rounds; the instruction takes the round function as an immediate, hence the switch on a
// constant that disappears when the loop is unrolled.
#define FOUR_ROUNDS(function) \
    do { \
        __m128i next = abcd; \
        abcd = _mm_sha1rnds4_epu32(abcd, e_and_message, function); \
        previous = next; \
    } while (0)

__attribute__((target("sha,sse4.1,ssse3"))) static void blocks_sha_extensions(uint32_t *state, const uint8_t *blocks,
                                                                              size_t count) {
    const __m128i byte_swap = _mm_set_epi64x(0x0001020304050607LL, 0x08090a0b0c0d0e0fLL);
    __m128i abcd = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)state), 0x1B);
    __m128i e = _mm_set_epi32((int)state[4], 0, 0, 0);
    for (; count > 0; count--, blocks += 64) {
        const __m128i abcd_in = abcd, e_in = e;
        __m128i m[4], previous = abcd;
        for (int i = 0; i < 4; i++)
            m[i] = _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)blocks + i), byte_swap);
#pragma clang loop unroll(full)
        for (int i = 0; i < 20; i++) {
            if (i >= 4) {
                __m128i t = _mm_xor_si128(_mm_sha1msg1_epu32(m[i & 3], m[(i + 1) & 3]), m[(i + 2) & 3]);
                m[i & 3] = _mm_sha1msg2_epu32(t, m[(i + 3) & 3]);
            }
            const __m128i e_and_message =
                i == 0 ? _mm_add_epi32(e, m[0]) : _mm_sha1nexte_epu32(previous, m[i & 3]);
            switch (i / 5) {
                case 0: FOUR_ROUNDS(0); break;
                case 1: FOUR_ROUNDS(1); break;
                case 2: FOUR_ROUNDS(2); break;
                default: FOUR_ROUNDS(3); break;
            }
        }
        e = _mm_sha1nexte_epu32(previous, e_in);
        abcd = _mm_add_epi32(abcd, abcd_in);
    }
    _mm_storeu_si128((__m128i *)state, _mm_shuffle_epi32(abcd, 0x1B));
    state[4] = (uint32_t)_mm_extract_epi32(e, 3);
}

void weighlock_sha1_blocks(uint32_t *state, const uint8_t *blocks, size_t count) {
    if (weighlock_sha256_is_accelerated()) {
        blocks_sha_extensions(state, blocks, count);
    } else {
        weighlock_sha1_blocks_portable(state, blocks, count);
    }
}

#else

void weighlock_sha1_blocks(uint32_t *state, const uint8_t *blocks, size_t count) {
    weighlock_sha1_blocks_portable(state, blocks, count);
}

#endif
