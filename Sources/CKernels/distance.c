// SPDX-License-Identifier: Apache-2.0
//
// How far two runs of numbers are apart, and whether the one is the other rounded.
//
// Every number becomes a double, which holds each of the types but 64-bit integers exactly; those are subtracted as integers.
// The sums run in eight lanes in a fixed order and are never contracted, so that every processor and both paths below give
// the same bits.
#include "CKernels.h"

#include <string.h>

#pragma STDC FP_CONTRACT OFF

#define INLINE static inline __attribute__((always_inline))
// A multiple of 8 elements, whose bytes are whole for every type.
#define BLOCK 512

typedef double lanes_f64 __attribute__((vector_size(64)));
typedef int64_t lanes_i64 __attribute__((vector_size(64)));

static const uint8_t bits_of[] = {64, 32, 16, 16, 8, 8, 8, 8, 8, 8, 8, 8, 16, 16, 32, 32, 64, 64, 64, 4, 6, 6};

INLINE double power_of_two(int exponent) {
    uint64_t bits = (uint64_t)(exponent + 1023) << 52;
    double out;
    memcpy(&out, &bits, 8);
    return out;
}

INLINE float float_of(uint32_t bits) {
    float out;
    memcpy(&out, &bits, 4);
    return out;
}

INLINE uint32_t bits_of_float(float value) {
    uint32_t out;
    memcpy(&out, &value, 4);
    return out;
}

// A small floating type: one sign bit in front, and which codes are not finite.
struct small {
    int width, exponent_bits, mantissa_bits, bias;
    bool has_sign;
    uint32_t infinity;  // its code without the sign; none when 0
    uint32_t first_nan, last_nan;  // codes without the sign; a whole code (0x80) for the types without a negative zero
};

INLINE bool small_type(uint32_t type, struct small *out) {
    switch (type) {
    case WEIGHLOCK_F8_E4M3: *out = (struct small){8, 4, 3, 7, true, 0, 0x7F, 0x7F}; return true;
    case WEIGHLOCK_F8_E5M2: *out = (struct small){8, 5, 2, 15, true, 0x7C, 0x7D, 0x7F}; return true;
    case WEIGHLOCK_F8_E8M0: *out = (struct small){8, 8, 0, 127, false, 0, 0xFF, 0xFF}; return true;
    case WEIGHLOCK_F8_E4M3FNUZ: *out = (struct small){8, 4, 3, 8, true, 0, 0x80, 0x80}; return true;
    case WEIGHLOCK_F8_E5M2FNUZ: *out = (struct small){8, 5, 2, 16, true, 0, 0x80, 0x80}; return true;
    case WEIGHLOCK_F4: *out = (struct small){4, 2, 1, 1, true, 0, 0x100, 0x100}; return true;
    case WEIGHLOCK_F6_E2M3: *out = (struct small){6, 2, 3, 1, true, 0, 0x100, 0x100}; return true;
    case WEIGHLOCK_F6_E3M2: *out = (struct small){6, 3, 2, 3, true, 0, 0x100, 0x100}; return true;
    default: return false;
    }
}

static double small_value(const struct small *s, uint32_t code) {
    uint32_t sign = s->has_sign ? code >> (s->width - 1) & 1 : 0;
    uint32_t magnitude = s->has_sign ? code & ((1u << (s->width - 1)) - 1) : code;
    uint32_t judged = s->first_nan == 0x80 ? code : magnitude;
    double value;
    if (judged >= s->first_nan && judged <= s->last_nan) {
        value = __builtin_nan("");
    } else if (s->infinity != 0 && magnitude == s->infinity) {
        value = __builtin_inf();
    } else {
        int exponent = (int)(magnitude >> s->mantissa_bits);
        double mantissa = (double)(magnitude & ((1u << s->mantissa_bits) - 1)) / (double)(1u << s->mantissa_bits);
        if (!s->has_sign) {
            value = power_of_two(exponent - s->bias);
        } else {
            value = exponent == 0 ? mantissa * power_of_two(1 - s->bias) : (1 + mantissa) * power_of_two(exponent - s->bias);
        }
    }
    return sign ? -value : value;
}

// The code of element `i` of packed elements; the first is in the lowest bits.
INLINE uint32_t packed(const uint8_t *p, uint32_t width, size_t i) {
    if (width == 8) return p[i];
    if (width == 4) return p[i / 2] >> (i % 2 * 4) & 0xF;
    const uint8_t *q = p + i / 4 * 3;
    uint32_t three = (uint32_t)q[0] | (uint32_t)q[1] << 8 | (uint32_t)q[2] << 16;
    return three >> (i % 4 * 6) & 0x3F;
}

INLINE float float_of_half(uint16_t half) {
    // The exponent is moved by a product, which gives the small ones their place too; those that were all ones go to the top.
    uint32_t magnitude = (uint32_t)(half & 0x7FFF) << 13;
    uint32_t bits = bits_of_float(float_of(magnitude) * 0x1p112f);
    bits |= magnitude >= 0x0F800000u ? 0x7F800000u : 0;
    return float_of(bits | (uint32_t)(half & 0x8000) << 16);
}

#define INTEGERS(type) \
    do { \
        type whole[BLOCK]; \
        memcpy(whole, p, count * sizeof(type)); \
        for (size_t i = 0; i < count; i++) out[i] = (double)whole[i]; \
    } while (0)

// At most BLOCK elements as doubles; what is behind them up to a multiple of eight becomes zero.
INLINE void decode(uint32_t type, const double *table, const uint8_t *p, size_t count, double *out) {
    switch (type) {
    case WEIGHLOCK_F64: memcpy(out, p, count * 8); break;
    case WEIGHLOCK_F32: INTEGERS(float); break;
    case WEIGHLOCK_F16: {
        uint16_t half[BLOCK];
        memcpy(half, p, count * 2);
        for (size_t i = 0; i < count; i++) out[i] = (double)float_of_half(half[i]);
        break;
    }
    case WEIGHLOCK_BF16: {
        uint16_t upper[BLOCK];
        memcpy(upper, p, count * 2);
        for (size_t i = 0; i < count; i++) out[i] = (double)float_of((uint32_t)upper[i] << 16);
        break;
    }
    case WEIGHLOCK_I8: INTEGERS(int8_t); break;
    case WEIGHLOCK_U8:
    case WEIGHLOCK_BOOL: INTEGERS(uint8_t); break;
    case WEIGHLOCK_I16: INTEGERS(int16_t); break;
    case WEIGHLOCK_U16: INTEGERS(uint16_t); break;
    case WEIGHLOCK_I32: INTEGERS(int32_t); break;
    case WEIGHLOCK_U32: INTEGERS(uint32_t); break;
    case WEIGHLOCK_I64: INTEGERS(int64_t); break;
    case WEIGHLOCK_U64: INTEGERS(uint64_t); break;
    default: {
        uint32_t width = bits_of[type];
        for (size_t i = 0; i < count; i++) out[i] = table[packed(p, width, i)];
    }
    }
    for (size_t i = count; i % 8 != 0; i++) out[i] = 0;
}

// MARK: - Distances

INLINE double sum_of(const lanes_f64 *lanes) {
    double v[8];
    memcpy(v, lanes, 64);
    return ((v[0] + v[1]) + (v[2] + v[3])) + ((v[4] + v[5]) + (v[6] + v[7]));
}

INLINE uint64_t total_of(const lanes_i64 *lanes) {
    int64_t v[8];
    memcpy(v, lanes, 64);
    int64_t total = 0;
    for (int i = 0; i < 8; i++) total += v[i];
    return (uint64_t)total;
}

// A comparison of lanes gives -1 where it holds, hence the subtractions.
INLINE void measure(weighlock_distance *d, const double *a, const double *b, size_t count) {
    lanes_f64 greatest = {0}, sum = {0}, squares = {0}, reference = {0};
    lanes_i64 differing = {0}, non_finite = {0}, pairs = {0}, overflowed = {0};
    const lanes_i64 magnitude = {INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX};
    size_t padded = (count + 7) / 8 * 8;
    for (size_t i = 0; i < padded; i += 8) {
        lanes_f64 x, y;
        memcpy(&x, a + i, 64);
        memcpy(&y, b + i, 64);
        lanes_i64 finite_x = x - x == 0, finite_y = y - y == 0;
        lanes_i64 finite = finite_x & finite_y;
        lanes_i64 both_nan = (x != x) & (y != y);
        differing -= (x != y) & ~both_nan;
        non_finite -= ~finite_x;
        non_finite -= ~finite_y;
        overflowed -= finite_x & ~finite_y & (y == y);
        pairs -= finite;
        lanes_f64 apart = (lanes_f64)((lanes_i64)(x - y) & magnitude & finite);
        lanes_i64 more = apart > greatest;
        greatest = (lanes_f64)(((lanes_i64)apart & more) | ((lanes_i64)greatest & ~more));
        lanes_f64 base = (lanes_f64)((lanes_i64)x & finite);
        sum += apart;
        squares += apart * apart;
        reference += base * base;
    }
    double peaks[8];
    memcpy(peaks, &greatest, 64);
    for (int i = 0; i < 8; i++) d->maximum = peaks[i] > d->maximum ? peaks[i] : d->maximum;
    d->sum += sum_of(&sum);
    d->squares += sum_of(&squares);
    d->reference += sum_of(&reference);
    d->pairs += total_of(&pairs) - (padded - count);
    d->differing += total_of(&differing);
    d->non_finite += total_of(&non_finite);
    d->to_infinity += total_of(&overflowed);
}

// Both sides are these numbers: nothing is apart, the rest is counted.
INLINE void measure_equal(weighlock_distance *d, const double *a, size_t count) {
    lanes_f64 reference = {0};
    lanes_i64 pairs = {0};
    size_t padded = (count + 7) / 8 * 8;
    for (size_t i = 0; i < padded; i += 8) {
        lanes_f64 x;
        memcpy(&x, a + i, 64);
        lanes_i64 finite = x - x == 0;
        lanes_f64 base = (lanes_f64)((lanes_i64)x & finite);
        pairs -= finite;
        reference += base * base;
    }
    uint64_t finite = total_of(&pairs) - (padded - count);
    d->reference += sum_of(&reference);
    d->pairs += finite;
    d->non_finite += 2 * (count - finite);
}

static void measure_wide(weighlock_distance *d, uint32_t type, const uint8_t *a, const uint8_t *b, size_t count) {
    for (size_t i = 0; i < count; i++) {
        double apart, base;
        if (type == WEIGHLOCK_I64) {
            int64_t x, y;
            memcpy(&x, a + i * 8, 8);
            memcpy(&y, b + i * 8, 8);
            apart = (double)(x > y ? (uint64_t)x - (uint64_t)y : (uint64_t)y - (uint64_t)x);
            base = (double)x;
        } else {
            uint64_t x, y;
            memcpy(&x, a + i * 8, 8);
            memcpy(&y, b + i * 8, 8);
            apart = (double)(x > y ? x - y : y - x);
            base = (double)x;
        }
        d->maximum = apart > d->maximum ? apart : d->maximum;
        d->sum += apart;
        d->squares += apart * apart;
        d->reference += base * base;
        d->differing += apart != 0;
    }
    d->pairs += count;
}

static void measure_complex(weighlock_distance *d, const uint8_t *a, const uint8_t *b, size_t count) {
    for (size_t i = 0; i < count; i++) {
        float x[2], y[2];
        memcpy(x, a + i * 8, 8);
        memcpy(y, b + i * 8, 8);
        bool finite_x = x[0] - x[0] == 0 && x[1] - x[1] == 0, finite_y = y[0] - y[0] == 0 && y[1] - y[1] == 0;
        bool same = true;
        for (int part = 0; part < 2; part++) same &= x[part] == y[part] || (x[part] != x[part] && y[part] != y[part]);
        d->differing += !same;
        d->non_finite += (uint64_t)!finite_x + (uint64_t)!finite_y;
        if (!finite_x || !finite_y) continue;
        double re = (double)x[0] - (double)y[0], im = (double)x[1] - (double)y[1];
        double square = re * re + im * im, apart = __builtin_elementwise_sqrt(square);
        d->maximum = apart > d->maximum ? apart : d->maximum;
        d->sum += apart;
        d->squares += square;
        d->reference += (double)x[0] * (double)x[0] + (double)x[1] * (double)x[1];
        d->pairs += 1;
    }
}

// MARK: - Casts

// To the nearest half, ties to even.
INLINE uint16_t half_of_float(float value) {
    uint32_t bits = bits_of_float(value), sign = bits >> 16 & 0x8000;
    bits &= 0x7FFFFFFF;
    uint32_t half;
    if (bits > 0x7F800000u) {
        half = 0x7E00;
    } else if (bits >= 0x47800000u) {
        half = 0x7C00;  // 65536 and more
    } else if (bits < 0x38800000u) {
        // Below the smallest normal half the sum with 0.5 leaves the wanted digits, rounded, at the end.
        half = bits_of_float(float_of(bits) + 0.5f) - 0x3F000000u;
    } else {
        half = (bits - 0x38000000u + 0x0FFFu + (bits >> 13 & 1)) >> 13;
    }
    return (uint16_t)(half | sign);
}

INLINE uint16_t bfloat_of_float(float value) {
    uint32_t bits = bits_of_float(value);
    if (value != value) return 0x7FC0;
    return (uint16_t)((bits + 0x7FFFu + (bits >> 16 & 1)) >> 16);
}

// A float that lies on the same side of every tie as `value` does: rounding it again is rounding once.
INLINE float sticky(double value) {
    float nearest = (float)value;
    if ((double)nearest == value || value != value || nearest - nearest != 0) return nearest;
    uint32_t bits = bits_of_float(nearest);
    double size = value < 0 ? -value : value, rounded = nearest < 0 ? -(double)nearest : (double)nearest;
    if (rounded > size) bits -= 1;
    return float_of(bits | 1);
}

INLINE bool same_bits(double a, double b) {
    if (a != a) return b != b;
    return memcmp(&a, &b, 8) == 0;
}

// What a code of a small type stands for when it is the nearest: sizes from `low` to `high`, the ends too where a tie goes to it.
struct bounds {
    double low, high;
    bool takes_ties;
};

static void bounds_of(const struct small *s, const double *table, struct bounds *out) {
    uint32_t codes = s->has_sign ? 1u << (s->width - 1) : 1u << s->width, top = 0;
    for (uint32_t code = 0; code < codes; code++) {
        if (table[code] - table[code] == 0) top = code;
    }
    for (uint32_t code = 0; code < codes; code++) {
        // Beyond the top some programs stop there, some go on to infinity or not-a-number: all are casts.
        out[code].low = code == 0 ? 0 : code > top ? table[top] : (table[code - 1] + table[code]) / 2;
        out[code].high = code >= top ? __builtin_inf() : (table[code] + table[code + 1]) / 2;
        out[code].takes_ties = code % 2 == 0 || code == 0 || code > top;
    }
}

// How many of `b` are not these floats rounded to 16 bits.
INLINE uint64_t count_unrounded(bool to_half, const float *value, const double *b, const uint8_t *raw, size_t count) {
    uint16_t found[BLOCK];
    memcpy(found, raw, count * 2);
    uint32_t unrounded = 0;
    for (size_t i = 0; i < count; i++) {
        uint16_t expected = to_half ? half_of_float(value[i]) : bfloat_of_float(value[i]);
        unrounded += value[i] != value[i] ? b[i] == b[i] : found[i] != expected;
    }
    return unrounded;
}

// Whether a code of a small type is what `x` becomes.
static bool is_small_cast(double x, double b, uint32_t code, const struct small *s, const struct bounds *bounds) {
    uint32_t magnitude = code & ((1u << (s->width - 1)) - 1);
    double size = x < 0 ? -x : x;
    if (x != x) return b != b;
    // Not-a-number may be what is too large; in the types without a negative zero its code has the magnitude of zero.
    if (b != b) return size > bounds[s->first_nan == 0x80 ? 0x7F : magnitude].low;
    const struct bounds *range = &bounds[magnitude];
    bool is_inside = size > range->low && (size < range->high || range->high == __builtin_inf());
    bool is_at_end = range->takes_ties && (size == range->low || size == range->high);
    return (is_inside || is_at_end) && (b == 0 || (x < 0) == (b < 0));
}

// Counts the elements of `b` that are not what rounding `a` gives.
INLINE void check_cast(
    weighlock_distance *d, uint32_t from, uint32_t to, const double *a, const double *b, const uint8_t *raw,
    const struct bounds *bounds, size_t count
) {
    uint64_t direct = 0, through = 0;
    if (to == WEIGHLOCK_F16 || to == WEIGHLOCK_BF16) {
        float value[BLOCK];
        for (size_t i = 0; i < count; i++) value[i] = (float)a[i];
        through = count_unrounded(to == WEIGHLOCK_F16, value, b, raw, count);
        if (from == WEIGHLOCK_F64 || from >= WEIGHLOCK_I8) {
            for (size_t i = 0; i < count; i++) value[i] = sticky(a[i]);
            direct = count_unrounded(to == WEIGHLOCK_F16, value, b, raw, count);
        } else {
            direct = through;
        }
    } else {
        struct small s;
        bool is_small = bounds != NULL && small_type(to, &s);
        // An integer has one zero.
        bool is_integer = to >= WEIGHLOCK_I8 && to <= WEIGHLOCK_U64;
        for (size_t i = 0; i < count; i++) {
            if (is_small) {
                direct += !is_small_cast(a[i], b[i], packed(raw, bits_of[to], i), &s, bounds);
            } else if (is_integer) {
                direct += a[i] != b[i];
            } else {
                direct += !same_bits(to == WEIGHLOCK_F32 ? (double)(float)a[i] : a[i], b[i]);
            }
        }
        through = direct;
    }
    bool is_wide = from == WEIGHLOCK_I64 || from == WEIGHLOCK_U64 || to == WEIGHLOCK_I64 || to == WEIGHLOCK_U64;
    for (size_t i = 0; is_wide && i < count; i++) {
        // Beyond this a double does not hold every integer, and nothing is claimed.
        bool is_unsure = a[i] >= 0x1p53 || a[i] <= -0x1p53;
        direct += is_unsure;
        through += is_unsure;
    }
    d->not_cast += direct;
    d->not_cast_through_f32 += through;
}

// MARK: - Both

INLINE void add(
    weighlock_distance *d, uint32_t type_a, const uint8_t *a, uint32_t type_b, const uint8_t *b, size_t count
) {
    double table_a[256], table_b[256], x[BLOCK], y[BLOCK];
    struct bounds bounds[256];
    struct small small;
    bool has_bounds = false;
    if (small_type(type_a, &small)) {
        for (uint32_t code = 0; code < 1u << small.width; code++) table_a[code] = small_value(&small, code);
    }
    if (small_type(type_b, &small)) {
        for (uint32_t code = 0; code < 1u << small.width; code++) table_b[code] = small_value(&small, code);
        if (type_a != type_b && small.has_sign) {
            bounds_of(&small, table_b, bounds);
            has_bounds = true;
        }
    }
    for (size_t done = 0; done < count; done += BLOCK) {
        size_t part = count - done < BLOCK ? count - done : BLOCK;
        const uint8_t *p = a + done * bits_of[type_a] / 8, *q = b + done * bits_of[type_b] / 8;
        if (type_a == type_b) {
            bool is_same = memcmp(p, q, (part * bits_of[type_a] + 7) / 8) == 0;
            d->unequal_blocks += !is_same;
            if (type_a == WEIGHLOCK_C64) {
                measure_complex(d, p, q, part);
            } else if (is_same) {
                decode(type_a, table_a, p, part, x);
                measure_equal(d, x, part);
            } else if (type_a == WEIGHLOCK_I64 || type_a == WEIGHLOCK_U64) {
                measure_wide(d, type_a, p, q, part);
            } else {
                decode(type_a, table_a, p, part, x);
                decode(type_a, table_a, q, part, y);
                measure(d, x, y, part);
            }
        } else {
            decode(type_a, table_a, p, part, x);
            decode(type_b, table_b, q, part, y);
            measure(d, x, y, part);
            check_cast(d, type_a, type_b, x, y, q, has_bounds ? bounds : NULL, part);
        }
    }
}

static bool is_known(uint32_t type_a, uint32_t type_b) {
    if (type_a >= sizeof bits_of || type_b >= sizeof bits_of) return false;
    return type_a == type_b || (type_a != WEIGHLOCK_C64 && type_b != WEIGHLOCK_C64);
}

#if defined(__x86_64__)
__attribute__((target("avx2"))) static void add_avx2(
    weighlock_distance *d, uint32_t type_a, const uint8_t *a, uint32_t type_b, const uint8_t *b, size_t count
) {
    add(d, type_a, a, type_b, b, count);
}
#endif

bool weighlock_distance_add_portable(
    weighlock_distance *d, uint32_t type_a, const void *a, uint32_t type_b, const void *b, size_t count
) {
    if (!is_known(type_a, type_b)) return false;
    add(d, type_a, a, type_b, b, count);
    return true;
}

bool weighlock_distance_add(
    weighlock_distance *d, uint32_t type_a, const void *a, uint32_t type_b, const void *b, size_t count
) {
#if defined(__x86_64__)
    if (!is_known(type_a, type_b)) return false;
    if (__builtin_cpu_supports("avx2")) {
        add_avx2(d, type_a, a, type_b, b, count);
        return true;
    }
#endif
    return weighlock_distance_add_portable(d, type_a, a, type_b, b, count);
}
