// SPDX-License-Identifier: Apache-2.0
//
// Gigabytes a second of the SHA-256 kernels on one core, for Benchmarks/sha256: one stream, two, and sixteen. And how much two
// streams can gain at all where the processor has SHA instructions: the time of rounds that wait for each other, against that of
// rounds of two streams, with no message to prepare.
#include "CKernels.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static double now(void) {
    struct timespec time;
    // Processor time, as OpenSSL counts it: who else runs on this core does not matter.
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

#if defined(__x86_64__)
#include <immintrin.h>

__attribute__((target("sha,sse4.1"))) static double limit(void) {
    if (!__builtin_cpu_supports("sha")) return 0;
    const int turns = 1 << 20;
    double one = 1e9, two = 1e9;
    __m128i a = _mm_set1_epi32(1), b = a, c = a, d = a, w = a;
    for (int round = 0; round < 15; round++) {
        double began = now();
        for (int i = 0; i < turns; i++) {
            a = _mm_sha256rnds2_epu32(a, b, w);
            b = _mm_sha256rnds2_epu32(b, a, w);
        }
        double time = now() - began;
        if (time < one) one = time;
        began = now();
        for (int i = 0; i < turns; i++) {
            a = _mm_sha256rnds2_epu32(a, b, w);
            c = _mm_sha256rnds2_epu32(c, d, w);
            b = _mm_sha256rnds2_epu32(b, a, w);
            d = _mm_sha256rnds2_epu32(d, c, w);
        }
        time = now() - began;
        if (time < two) two = time;
    }
    // Used, so that the loops are not taken for idle.
    volatile int used = _mm_cvtsi128_si32(_mm_xor_si128(_mm_xor_si128(a, b), _mm_xor_si128(c, d)));
    (void)used;
    return 2 * one / two;
}
#else
static double limit(void) { return 0; }
#endif

int main(int argc, char **argv) {
    const size_t size = 16384, total = 64 << 20;
    const int rounds = argc > 1 ? atoi(argv[1]) : 15;
    uint8_t *bytes = malloc(16 * (size + 64));
    if (!bytes) return 2;
    for (size_t i = 0; i < 16 * (size + 64); i++) bytes[i] = (uint8_t)(i * 31);
    uint32_t states[16][8] = {{1}};
    uint32_t *places[16];
    const uint8_t *blocks[16];
    for (int i = 0; i < 16; i++) {
        places[i] = states[i];
        blocks[i] = bytes + (size_t)i * (size + 64);
    }
    double best[3] = {1e9, 1e9, 1e9};
    for (int round = 0; round < rounds; round++) {
        double began = now();
        for (size_t n = 0; n < total / size; n++) weighlock_sha256_blocks(places[0], blocks[0], size / 64);
        double one = now() - began;
        began = now();
        for (size_t n = 0; n < total / size / 2; n++)
            weighlock_sha256_blocks_x2(places[0], blocks[0], places[1], blocks[1], size / 64);
        double two = now() - began;
        began = now();
        for (size_t n = 0; n < total / size / 16; n++) weighlock_sha256_blocks_x16(places, blocks, size / 64);
        double sixteen = now() - began;
        if (one < best[0]) best[0] = one;
        if (two < best[1]) best[1] = two;
        if (sixteen < best[2]) best[2] = sixteen;
    }
    printf("%s %zu", weighlock_sha256_path_name(), weighlock_sha256_wide_lanes());
    for (int i = 0; i < 3; i++) printf(" %.4f", (double)total / best[i] / 1e9);
    printf(" %.3f\n", limit());
    free(bytes);
    return 0;
}
