/*
 * eighth_turn: 2 real inputs, 4 outputs, double precision.
 * 9 real operations: 5 additions, 4 multiplications.
 * Written by evosynth.
 *
 *   eighth_turn          x[2], y[4]: one vector
 *   eighth_turn_batch    x[count][2], y[count][4]: vectors as rows, one after the other
 *   eighth_turn_columns  x[2][count], y[4][count]: vectors as columns, side by side
 *   eighth_turn_blocks   x[blocks][2][size], y[blocks][4][size]: blocks of such columns
 *
 * x and y may lie wherever a double may, but must not overlap. Fastest are blocks of 16
 * columns that begin at multiples of 64 bytes.
 *
 * C99, not C++. GCC and Clang use vectors as wide as the target's registers (-O3
 * -march=native) unless EVOSYNTH_SCALAR is defined, and may fuse multiplications with
 * additions (-ffp-contract=off and GCC's -std=c99 forbid it). If x and y take more than
 * EVOSYNTH_STREAM_BYTES together, by default 16 MiB, y is written past the caches of x86
 * processors.
 */
#include <stddef.h>

void eighth_turn(const double *x, double *y);
void eighth_turn_batch(const double *x, double *y, size_t count);
void eighth_turn_columns(const double *x, double *y, size_t count);
void eighth_turn_blocks(const double *x, double *y, size_t blocks, size_t size);

#define INPUTS 2
#define OUTPUTS 4

/* Vectors as wide as the target's registers, or single numbers. */
#if !defined EVOSYNTH_SCALAR && (defined __clang__ || defined __GNUC__)
#if defined __AVX512F__
#define BYTES 64
#elif defined __AVX__
#define BYTES 32
#elif defined __SSE2__ || defined __aarch64__ || defined __VSX__ || defined __wasm_simd128__
#define BYTES 16
#endif
#endif

#ifdef BYTES
#define WIDTH (BYTES / 8)
typedef double vec __attribute__((vector_size(BYTES), aligned(8), may_alias));
#define ALIGNED __attribute__((aligned(64)))
#define INLINE static inline __attribute__((always_inline))
#define NOINLINE static __attribute__((noinline))
#else
#define WIDTH 1
typedef double vec;
#define ALIGNED
#define INLINE static inline
#define NOINLINE static
#endif

static const double c1 = 0.7071067811865476; /* sqrt(2)/2 */
static const double c2 = 0.1234567890123;

/* The operations on values of a type T, in an order that keeps few values alive. */
#define X(k) (*(const T *)(x + (k) * x_stride))
#define Y(k) (*(T *)(y + (k) * y_stride))
#define OPERATIONS \
    Y(1) = (T){0}; \
    const T t1 = c1 * X(0); \
    const T t2 = c1 * X(1); \
    const T t3 = t1 - t2; \
    Y(3) = t3; \
    const T t4 = t1 + t2; \
    const T t5 = c2 * t3; \
    const T t6 = t4 + t5; \
    const T t7 = c1 * t6; \
    Y(0) = t7; \
    const T t8 = t7 - t3; \
    Y(2) = t8 + X(1);

void eighth_turn(const double *restrict x, double *restrict y)
{
    typedef double T;
    enum { x_stride = 1, y_stride = 1 };
    OPERATIONS
}

/* WIDTH vectors side by side: component k of vector j is x[k * x_stride + j]. */
INLINE void transform(const double *restrict x, size_t x_stride, double *restrict y,
                      size_t y_stride)
{
    typedef vec T;
    OPERATIONS
}

/* Any number of vectors side by side. */
static void transform_columns(const double *restrict x, size_t x_stride, double *restrict y,
                              size_t y_stride, size_t count)
{
    if (count >= WIDTH) {
        for (size_t b = 0; b < count; b += WIDTH) {
            if (b > count - WIDTH)
                b = count - WIDTH; /* the last tile overlaps the one before */
            transform(x + b, x_stride, y + b, y_stride);
        }
    } else if (count > 0) {
        double u[INPUTS * WIDTH] ALIGNED = {0}, v[OUTPUTS * WIDTH] ALIGNED;
        for (size_t k = 0; k < INPUTS; k++)
            for (size_t j = 0; j < count; j++)
                u[k * WIDTH + j] = x[k * x_stride + j];
        transform_columns(u, WIDTH, v, WIDTH, WIDTH);
        for (size_t k = 0; k < OUTPUTS; k++)
            for (size_t j = 0; j < count; j++)
                y[k * y_stride + j] = v[k * WIDTH + j];
    }
}

#if WIDTH > 1

/* WIDTH vectors one after the other. */
INLINE void transform_rows(const double *restrict x, double *restrict y)
{
    vec u[INPUTS] ALIGNED, v[OUTPUTS] ALIGNED;
    for (size_t k = 0; k < 2; k++)
        for (size_t j = 0; j < WIDTH; j++)
            ((double *)u)[k * WIDTH + j] = x[j * INPUTS + k];
    transform((const double *)u, WIDTH, (double *)v, WIDTH);
    for (size_t k = 0; k < 4; k++)
        for (size_t j = 0; j < WIDTH; j++)
            y[j * OUTPUTS + k] = ((double *)v)[k * WIDTH + j];
}
#endif

/* Data beyond the caches are read ahead, and written past the caches. */
#if defined BYTES && defined __SSE2__
#include <immintrin.h>
#include <stdint.h>

#ifndef EVOSYNTH_STREAM_BYTES
#define EVOSYNTH_STREAM_BYTES (16 << 20)
#endif
#define IS_LARGE(count) ((count) * sizeof(double) * (INPUTS + OUTPUTS) > EVOSYNTH_STREAM_BYTES)

#if BYTES == 64
#define STREAM(p, v) _mm512_stream_pd(p, (__m512d)(v))
#elif BYTES == 32
#define STREAM(p, v) _mm256_stream_pd(p, (__m256d)(v))
#else
#define STREAM(p, v) _mm_stream_pd(p, (__m128d)(v))
#endif

/* Values per line of the cache; rows, columns that are collected before they are written. */
#define LINE (64 / sizeof(double))
#define ROWS (WIDTH * (OUTPUTS * WIDTH < 64 * LINE ? 64 * LINE / (OUTPUTS * WIDTH) : 1))
#define COLUMNS (LINE * (OUTPUTS <= 16 ? 8 : OUTPUTS <= 32 ? 4 : 2))

INLINE void prefetch(const double *x, size_t ahead, size_t length)
{
    for (size_t k = 0; k < length; k += LINE)
        __builtin_prefetch((const void *)((uintptr_t)x + (ahead + k) * sizeof(double)));
}

static void stream(double *restrict y, const double *restrict values, size_t length)
{
    size_t k = 0;
    for (; k < length && (uintptr_t)(y + k) % BYTES; k++)
        y[k] = values[k];
    for (; k + WIDTH <= length; k += WIDTH)
        STREAM(y + k, *(const vec *)(values + k));
    for (; k < length; k++)
        y[k] = values[k];
}

static void stream_rows(const double *restrict x, double *restrict y, size_t count)
{
    double values[ROWS * OUTPUTS] ALIGNED;
    for (size_t b = 0; b < count; b += ROWS) {
        if (b > count - ROWS)
            b = count - ROWS;
        for (size_t j = 0; j < ROWS; j += WIDTH) {
            prefetch(x + (b + j) * INPUTS, 96 * LINE, WIDTH * INPUTS);
            transform_rows(x + (b + j) * INPUTS, values + j * OUTPUTS);
        }
        stream(y + b * OUTPUTS, values, ROWS * OUTPUTS);
    }
}

static void stream_columns(const double *restrict x, double *restrict y, size_t count)
{
    double values[OUTPUTS * COLUMNS] ALIGNED;
    for (size_t b = 0; b < count; b += COLUMNS) {
        const size_t width = count - b < COLUMNS ? count - b : COLUMNS;
        for (size_t j = 0; j < width; j += WIDTH) {
            const double *tile = x + b + j;
            if (width == count)
                prefetch(x + j * INPUTS, INPUTS * count, INPUTS * WIDTH);
            else
                for (size_t k = 0; k < INPUTS; k++)
                    prefetch(tile + k * count, width, WIDTH);
            transform_columns(tile, count, values + j, width, width - j < WIDTH ? width - j : WIDTH);
        }
        if (width == count)
            stream(y, values, OUTPUTS * count);
        else
            for (size_t k = 0; k < OUTPUTS; k++)
                stream(y + k * count + b, values + k * width, width);
    }
}
#endif

void eighth_turn_batch(const double *restrict x, double *restrict y, size_t count)
{
    size_t b = 0;
#ifdef STREAM
    if (IS_LARGE(count) && count >= ROWS) {
        stream_rows(x, y, count);
        _mm_sfence();
        return;
    }
#endif
#if WIDTH > 1
    if (count >= WIDTH)
        for (; b < count; b += WIDTH) {
            if (b > count - WIDTH)
                b = count - WIDTH;
            transform_rows(x + b * INPUTS, y + b * OUTPUTS);
        }
#endif
    for (; b < count; b++)
        eighth_turn(x + b * INPUTS, y + b * OUTPUTS);
}

void eighth_turn_columns(const double *restrict x, double *restrict y, size_t count)
{
    eighth_turn_blocks(x, y, 1, count);
}

void eighth_turn_blocks(const double *restrict x, double *restrict y, size_t blocks, size_t size)
{
#ifdef STREAM
    if (IS_LARGE(blocks * size)) {
        for (size_t b = 0; b < blocks; b++)
            stream_columns(x + b * INPUTS * size, y + b * OUTPUTS * size, size);
        _mm_sfence();
        return;
    }
#endif
    for (size_t b = 0; b < blocks; b++)
        transform_columns(x + b * INPUTS * size, size, y + b * OUTPUTS * size, size, size);
}
