// SPDX-License-Identifier: Apache-2.0
#include "sha256_kernels.h"

const uint32_t weighlock_sha256_constants[64] = {
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
            uint32_t t1 = h + s1 + ((e & f) ^ (~e & g)) + weighlock_sha256_constants[i] + w[i];
            uint32_t s0 = rotate_right(a, 2) ^ rotate_right(a, 13) ^ rotate_right(a, 22);
            uint32_t t2 = s0 + ((a & b) ^ (a & c) ^ (b & c));
            h = g; g = f; f = e; e = d + t1; d = c; c = b; b = a; a = t1 + t2;
        }
        state[0] += a; state[1] += b; state[2] += c; state[3] += d;
        state[4] += e; state[5] += f; state[6] += g; state[7] += h;
    }
}

static void two_portable(uint32_t *state_a, const uint8_t *blocks_a, uint32_t *state_b, const uint8_t *blocks_b,
                         size_t count) {
    weighlock_sha256_blocks_portable(state_a, blocks_a, count);
    weighlock_sha256_blocks_portable(state_b, blocks_b, count);
}

static const struct weighlock_sha256_path portable = {"portable", weighlock_sha256_blocks_portable, two_portable, NULL};

// Asked at every call: the answer is a few flags that the C library has read already, and a call is at least a block.
static inline const struct weighlock_sha256_path *path(void) {
    const struct weighlock_sha256_path *native = weighlock_sha256_native_path();
    return native ? native : &portable;
}

bool weighlock_sha256_is_accelerated(void) { return weighlock_sha256_native_path() != NULL; }

const char *weighlock_sha256_path_name(void) { return path()->name; }

size_t weighlock_sha256_wide_lanes(void) { return path()->wide ? 16 : 0; }

void weighlock_sha256_blocks(uint32_t *state, const uint8_t *blocks, size_t count) {
    path()->one(state, blocks, count);
}

void weighlock_sha256_blocks_x2(uint32_t *state_a, const uint8_t *blocks_a, uint32_t *state_b,
                                const uint8_t *blocks_b, size_t count) {
    path()->two(state_a, blocks_a, state_b, blocks_b, count);
}

void weighlock_sha256_blocks_x16(uint32_t *const *states, const uint8_t *const *blocks, size_t count) {
    const struct weighlock_sha256_path *chosen = path();
    if (chosen->wide) {
        chosen->wide(states, blocks, count);
    } else {
        for (int i = 0; i < 16; i += 2) chosen->two(states[i], blocks[i], states[i + 1], blocks[i + 1], count);
    }
}

#if !defined(__x86_64__) && !defined(__aarch64__)
const struct weighlock_sha256_path *weighlock_sha256_native_path(void) { return NULL; }
#endif
