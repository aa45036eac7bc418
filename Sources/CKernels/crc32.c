// SPDX-License-Identifier: Apache-2.0
//
// CRC-32 with the reflected polynomial EDB88320: by carry-less multiplication on x86, by the processor's own
// instruction on ARMv8, and by tables everywhere else.
#include "CKernels.h"

#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__) && (defined(__linux__) || defined(__APPLE__))
#include <arm_acle.h>
#if defined(__linux__)
#include <sys/auxv.h>
#endif
#endif

// Row r gives the effect of a byte that r zero bytes follow. A row is linear: the entry of a byte is the sum (xor) of
// the entries of its bits, and these eight are all that has to be written down. Tests compare with the definition.
#define ENTRY(n, a, b, c, d, e, f, g, h) \
    (((n) & 1 ? a : 0) ^ ((n) & 2 ? b : 0) ^ ((n) & 4 ? c : 0) ^ ((n) & 8 ? d : 0) ^ ((n) & 16 ? e : 0) ^ \
     ((n) & 32 ? f : 0) ^ ((n) & 64 ? g : 0) ^ ((n) & 128 ? h : 0))
#define FOUR(n, ...) \
    ENTRY((n), __VA_ARGS__), ENTRY((n) + 1, __VA_ARGS__), ENTRY((n) + 2, __VA_ARGS__), ENTRY((n) + 3, __VA_ARGS__)
#define SIXTEEN(n, ...) \
    FOUR((n), __VA_ARGS__), FOUR((n) + 4, __VA_ARGS__), FOUR((n) + 8, __VA_ARGS__), FOUR((n) + 12, __VA_ARGS__)
#define SIXTY_FOUR(n, ...) \
    SIXTEEN((n), __VA_ARGS__), SIXTEEN((n) + 16, __VA_ARGS__), SIXTEEN((n) + 32, __VA_ARGS__), \
        SIXTEEN((n) + 48, __VA_ARGS__)
#define ROW(...) \
    {SIXTY_FOUR(0, __VA_ARGS__), SIXTY_FOUR(64, __VA_ARGS__), SIXTY_FOUR(128, __VA_ARGS__), \
     SIXTY_FOUR(192, __VA_ARGS__)}

static const uint32_t table[16][256] = {
    ROW(0x77073096, 0xee0e612c, 0x076dc419, 0x0edb8832, 0x1db71064, 0x3b6e20c8, 0x76dc4190, 0xedb88320),
    ROW(0x191b3141, 0x32366282, 0x646cc504, 0xc8d98a08, 0x4ac21251, 0x958424a2, 0xf0794f05, 0x3b83984b),
    ROW(0x01c26a37, 0x0384d46e, 0x0709a8dc, 0x0e1351b8, 0x1c26a370, 0x384d46e0, 0x709a8dc0, 0xe1351b80),
    ROW(0xb8bc6765, 0xaa09c88b, 0x8f629757, 0xc5b428ef, 0x5019579f, 0xa032af3e, 0x9b14583d, 0xed59b63b),
    ROW(0x3d6029b0, 0x7ac05360, 0xf580a6c0, 0x30704bc1, 0x60e09782, 0xc1c12f04, 0x58f35849, 0xb1e6b092),
    ROW(0xcb5cd3a5, 0x4dc8a10b, 0x9b914216, 0xec53826d, 0x03d6029b, 0x07ac0536, 0x0f580a6c, 0x1eb014d8),
    ROW(0xa6770bb4, 0x979f1129, 0xf44f2413, 0x33ef4e67, 0x67de9cce, 0xcfbd399c, 0x440b7579, 0x8816eaf2),
    ROW(0xccaa009e, 0x4225077d, 0x844a0efa, 0xd3e51bb5, 0x7cbb312b, 0xf9766256, 0x299dc2ed, 0x533b85da),
    ROW(0x177b1443, 0x2ef62886, 0x5dec510c, 0xbbd8a218, 0xacc04271, 0x82f182a3, 0xde920307, 0x6655004f),
    ROW(0xefc26b3e, 0x04f5d03d, 0x09eba07a, 0x13d740f4, 0x27ae81e8, 0x4f5d03d0, 0x9eba07a0, 0xe6050901),
    ROW(0xc18edfc0, 0x586cb9c1, 0xb0d97382, 0xbac3e145, 0xaef6c4cb, 0x869c8fd7, 0xd64819ef, 0x77e1359f),
    ROW(0x9ba54c6f, 0xec3b9e9f, 0x03063b7f, 0x060c76fe, 0x0c18edfc, 0x1831dbf8, 0x3063b7f0, 0x60c76fe0),
    ROW(0xdd96d985, 0x605cb54b, 0xc0b96a96, 0x5a03d36d, 0xb407a6da, 0xb37e4bf5, 0xbd8d91ab, 0xa06a2517),
    ROW(0x9d0fe176, 0xe16ec4ad, 0x19ac8f1b, 0x33591e36, 0x66b23c6c, 0xcd6478d8, 0x41b9f7f1, 0x8373efe2),
    ROW(0xb9fbdbe8, 0xa886b191, 0x8a7c6563, 0xcf89cc87, 0x44629f4f, 0x88c53e9e, 0xcafb7b7d, 0x4e87f0bb),
    ROW(0xae689191, 0x87a02563, 0xd4314c87, 0x73139f4f, 0xe6273e9e, 0x173f7b7d, 0x2e7ef6fa, 0x5cfdedf4),
};

// The bytes in the order of their places, whatever the machine's own order is.
static inline uint32_t load_little_endian(const uint8_t *p) {
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

#define WORD(row, w) \
    (table[(row) + 3][(w) & 0xFF] ^ table[(row) + 2][(w) >> 8 & 0xFF] ^ table[(row) + 1][(w) >> 16 & 0xFF] ^ \
     table[row][(w) >> 24])

uint32_t weighlock_crc32_portable(uint32_t crc, const void *bytes, size_t count) {
    const uint8_t *p = bytes;
    for (; count >= 16; count -= 16, p += 16) {
        uint32_t a = load_little_endian(p) ^ crc, b = load_little_endian(p + 4);
        uint32_t c = load_little_endian(p + 8), d = load_little_endian(p + 12);
        crc = WORD(12, a) ^ WORD(8, b) ^ WORD(4, c) ^ WORD(0, d);
    }
    for (; count > 0; count--, p++) crc = crc >> 8 ^ table[0][(crc ^ *p) & 0xFF];
    return crc;
}

#if defined(__x86_64__)

#define CLMUL __attribute__((target("pclmul")))

// Moves a register of the message over the bits that separate it from `next`, and adds it there. The two halves of `k`
// are x^(n + 32) and x^(n - 32) modulo the polynomial for a distance of n bits, reflected and shifted by one.
CLMUL static inline __m128i fold(__m128i x, __m128i k, __m128i next) {
    return _mm_xor_si128(_mm_xor_si128(_mm_clmulepi64_si128(x, k, 0x00), _mm_clmulepi64_si128(x, k, 0x11)), next);
}

static inline __m128i load(const uint8_t *p) { return _mm_loadu_si128((const __m128i *)(const void *)p); }

// Gopal and others, "Fast CRC Computation for Generic Polynomials Using PCLMULQDQ Instruction", Intel, 2009. Four
// registers, because the multiplication takes several cycles and can begin every cycle. What is left at the end is
// sixteen bytes with the remainder of the whole message; the tables take it from there, which saves the reduction.
CLMUL static uint32_t crc32_native(uint32_t crc, const void *bytes, size_t count) {
    const uint8_t *p = bytes;
    if (count < 64) return weighlock_crc32_portable(crc, bytes, count);
    const __m128i far = _mm_set_epi64x(0x1c6e41596, 0x154442bd4), near = _mm_set_epi64x(0x0ccaa009e, 0x1751997d0);
    __m128i x0 = _mm_xor_si128(load(p), _mm_cvtsi32_si128((int)crc));
    __m128i x1 = load(p + 16), x2 = load(p + 32), x3 = load(p + 48);
    for (p += 64, count -= 64; count >= 64; p += 64, count -= 64) {
        x0 = fold(x0, far, load(p));
        x1 = fold(x1, far, load(p + 16));
        x2 = fold(x2, far, load(p + 32));
        x3 = fold(x3, far, load(p + 48));
    }
    x0 = fold(fold(fold(x0, near, x1), near, x2), near, x3);
    for (; count >= 16; p += 16, count -= 16) x0 = fold(x0, near, load(p));
    uint8_t rest[16];
    memcpy(rest, &x0, 16);
    return weighlock_crc32_portable(weighlock_crc32_portable(0, rest, 16), p, count);
}

static inline bool is_native(void) { return __builtin_cpu_supports("pclmul"); }
#define NATIVE_NAME "pclmul"

#elif defined(__aarch64__) && (defined(__linux__) || defined(__APPLE__))

__attribute__((target("crc"))) static uint32_t crc32_native(uint32_t crc, const void *bytes, size_t count) {
    const uint8_t *p = bytes;
    for (; count >= 32; p += 32, count -= 32) {
        uint64_t w[4];
        memcpy(w, p, 32);
        crc = __crc32d(__crc32d(__crc32d(__crc32d(crc, w[0]), w[1]), w[2]), w[3]);
    }
    for (; count > 0; p++, count--) crc = __crc32b(crc, *p);
    return crc;
}

static inline bool is_native(void) {
#if defined(__APPLE__)
    return true;  // every such processor of Apple's has the instructions
#else
    const unsigned long crc32 = 1UL << 7;  // HWCAP_CRC32 of the kernel's interface
    return (getauxval(AT_HWCAP) & crc32) != 0;
#endif
}
#define NATIVE_NAME "crc"

#else

static inline uint32_t crc32_native(uint32_t crc, const void *bytes, size_t count) {
    return weighlock_crc32_portable(crc, bytes, count);
}
static inline bool is_native(void) { return false; }
#define NATIVE_NAME "portable"

#endif

uint32_t weighlock_crc32(uint32_t crc, const void *bytes, size_t count) {
    return is_native() ? crc32_native(crc, bytes, count) : weighlock_crc32_portable(crc, bytes, count);
}

const char *weighlock_crc32_path_name(void) { return is_native() ? NATIVE_NAME : "portable"; }
