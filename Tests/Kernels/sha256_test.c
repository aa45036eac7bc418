// SPDX-License-Identifier: Apache-2.0
//
// Compares the SHA-256 kernels of the processor it runs on with the portable code and with published vectors. Plain C, so that it
// can be cross-compiled and run under an emulator without a Swift tool chain for the target; `scripts/test-arm` does that.
#include "CKernels.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const uint32_t initial[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                    0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

static int failures = 0;

static void expect(int right, const char *what, unsigned long detail) {
    if (right) return;
    failures++;
    fprintf(stderr, "wrong: %s (%lu)\n", what, detail);
}

static uint64_t seed = 20260101;

// SplitMix64: the same numbers everywhere for the same seed.
static uint64_t next(void) {
    uint64_t z = seed += 0x9E3779B97F4A7C15u;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

// Pads as FIPS 180-4 says and returns the digest as text, by the dispatched kernel.
static void digest(const uint8_t *message, size_t count, char text[65]) {
    size_t length = (count + 9 + 63) / 64 * 64;
    uint8_t *padded = calloc(length, 1);
    if (!padded) exit(2);
    memcpy(padded, message, count);
    padded[count] = 0x80;
    for (int i = 0; i < 8; i++) padded[length - 1 - i] = (uint8_t)((uint64_t)count * 8 >> (8 * i));
    uint32_t state[8];
    memcpy(state, initial, sizeof state);
    weighlock_sha256_blocks(state, padded, length / 64);
    free(padded);
    for (int i = 0; i < 8; i++) snprintf(text + 8 * i, 9, "%08x", (unsigned)state[i]);
}

static void vectors(void) {
    static const struct {
        const char *message;
        size_t times;
        const char *digest;
    } known[] = {
        {"", 1, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"abc", 1, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 1,
         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
        {"a", 1000000, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        size_t length = strlen(known[i].message);
        uint8_t *message = malloc(length * known[i].times + 1);
        if (!message) exit(2);
        for (size_t n = 0; n < known[i].times; n++) memcpy(message + n * length, known[i].message, length);
        char found[65];
        digest(message, length * known[i].times, found);
        expect(strcmp(found, known[i].digest) == 0, "a vector of FIPS 180-4", i);
        free(message);
    }
}

static void lanes(void) {
    enum { most = 40, lane = most * 64 + 1 };
    static uint8_t bytes[16 * lane + 1];
    for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (uint8_t)next();
    for (int round = 0; round < 200; round++) {
        size_t count = next() % (most + 1), offset = next() % 2;
        uint32_t start[16][8], portable[16][8], one[8], two[2][8], many[16][8];
        uint32_t *states[16];
        const uint8_t *blocks[16];
        for (int i = 0; i < 16; i++) {
            for (int j = 0; j < 8; j++) start[i][j] = (uint32_t)next();
            states[i] = many[i];
            blocks[i] = bytes + i * lane + offset;
        }
        memcpy(portable, start, sizeof start);
        memcpy(many, start, sizeof start);
        memcpy(one, start[0], sizeof one);
        memcpy(two, start, sizeof two);
        for (int i = 0; i < 16; i++) weighlock_sha256_blocks_portable(portable[i], blocks[i], count);
        weighlock_sha256_blocks(one, blocks[0], count);
        weighlock_sha256_blocks_x2(two[0], blocks[0], two[1], blocks[1], count);
        weighlock_sha256_blocks_x16(states, blocks, count);
        expect(memcmp(one, portable[0], sizeof one) == 0, "one lane, blocks", count);
        expect(memcmp(two, portable, sizeof two) == 0, "two lanes, blocks", count);
        expect(memcmp(many, portable, sizeof many) == 0, "sixteen lanes, blocks", count);
    }
}

int main(int argc, char **argv) {
    printf("path: %s, wide lanes: %zu, seed: %llu\n", weighlock_sha256_path_name(), weighlock_sha256_wide_lanes(),
           (unsigned long long)seed);
    // The caller says which path it expects, so that a dispatcher that falls back to portable code is noticed.
    if (argc > 1) expect(strcmp(argv[1], weighlock_sha256_path_name()) == 0, "the path is not the expected one", 0);
    vectors();
    lanes();
    printf(failures ? "%d failures\n" : "all right\n", failures);
    return failures != 0;
}
