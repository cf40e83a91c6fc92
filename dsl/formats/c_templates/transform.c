@header
#include <stddef.h>

void NAME(const REAL *x, REAL *y);
void NAME_batch(const REAL *x, REAL *y, size_t count);
void NAME_columns(const REAL *x, REAL *y, size_t count);
void NAME_blocks(const REAL *x, REAL *y, size_t blocks, size_t size);

#define INPUTS @inputs
#define OUTPUTS @outputs

/* Vectors as wide as the target's registers, or single numbers. */
#if !defined EVOSYNTH_SCALAR && (defined __clang__ || defined __GNUC__)
#if defined __AVX512F__@if_shuffles
#define BYTES 64
#elif defined __AVX__
#define BYTES 32
#elif defined __SSE2__ || defined __aarch64__ || defined __VSX__ || defined __wasm_simd128__
#define BYTES 16
#endif
#endif

#ifdef BYTES
#define WIDTH (BYTES / @size)
typedef REAL vec __attribute__((vector_size(BYTES), aligned(@size), may_alias));
#define ALIGNED __attribute__((aligned(64)))
#define INLINE static inline __attribute__((always_inline))
#define NOINLINE static __attribute__((noinline))
#else
#define WIDTH 1
typedef REAL vec;
#define ALIGNED
#define INLINE static inline
#define NOINLINE static
#endif

@constants
/* The operations on values of a type T, in an order that keeps few values alive. */
#define X(k) (*(const T *)(x + (k) * x_stride))
#define Y(k) (*(T *)(y + (k) * y_stride))
#define OPERATIONS \
@operations

void NAME(const REAL *restrict x, REAL *restrict y)
{
    typedef REAL T;
    enum { x_stride = 1, y_stride = 1 };
    OPERATIONS
}

/* WIDTH vectors side by side: component k of vector j is x[k * x_stride + j]. */
@inline void transform(const REAL *restrict x, size_t x_stride, REAL *restrict y,
                      size_t y_stride)
{
    typedef vec T;
    OPERATIONS
}

/* Any number of vectors side by side. */
static void transform_columns(const REAL *restrict x, size_t x_stride, REAL *restrict y,
                              size_t y_stride, size_t count)
{
    if (count >= WIDTH) {
        for (size_t b = 0; b < count; b += WIDTH) {
            if (b > count - WIDTH)
                b = count - WIDTH; /* the last tile overlaps the one before */
            transform(x + b, x_stride, y + b, y_stride);
        }
    } else if (count > 0) {
        REAL u[INPUTS * WIDTH] ALIGNED = {0}, v[OUTPUTS * WIDTH] ALIGNED;
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
@transposition
/* WIDTH vectors one after the other. */
@inline void transform_rows(const REAL *restrict x, REAL *restrict y)
{
    vec u[INPUTS] ALIGNED, v[OUTPUTS] ALIGNED;
@load
    transform((const REAL *)u, WIDTH, (REAL *)v, WIDTH);
@store
}
#endif

/* Data beyond the caches are read ahead, and written past the caches. */
#if defined BYTES && defined __SSE2__
#include <immintrin.h>
#include <stdint.h>

#ifndef EVOSYNTH_STREAM_BYTES
#define EVOSYNTH_STREAM_BYTES (16 << 20)
#endif
#define IS_LARGE(count) ((count) * sizeof(REAL) * (INPUTS + OUTPUTS) > EVOSYNTH_STREAM_BYTES)

#if BYTES == 64
#define STREAM(p, v) _mm512_stream_@p(p, (__m512@d)(v))
#elif BYTES == 32
#define STREAM(p, v) _mm256_stream_@p(p, (__m256@d)(v))
#else
#define STREAM(p, v) _mm_stream_@p(p, (__m128@d)(v))
#endif

/* Values per line of the cache; rows, columns that are collected before they are written. */
#define LINE (64 / sizeof(REAL))
#define ROWS (WIDTH * (OUTPUTS * WIDTH < 64 * LINE ? 64 * LINE / (OUTPUTS * WIDTH) : 1))
#define COLUMNS (LINE * (OUTPUTS <= 16 ? 8 : OUTPUTS <= 32 ? 4 : 2))

INLINE void prefetch(const REAL *x, size_t ahead, size_t length)
{
    for (size_t k = 0; k < length; k += LINE)
        __builtin_prefetch((const void *)((uintptr_t)x + (ahead + k) * sizeof(REAL)));
}

static void stream(REAL *restrict y, const REAL *restrict values, size_t length)
{
    size_t k = 0;
    for (; k < length && (uintptr_t)(y + k) % BYTES; k++)
        y[k] = values[k];
    for (; k + WIDTH <= length; k += WIDTH)
        STREAM(y + k, *(const vec *)(values + k));
    for (; k < length; k++)
        y[k] = values[k];
}

static void stream_rows(const REAL *restrict x, REAL *restrict y, size_t count)
{
    REAL values[ROWS * OUTPUTS] ALIGNED;
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

static void stream_columns(const REAL *restrict x, REAL *restrict y, size_t count)
{
    REAL values[OUTPUTS * COLUMNS] ALIGNED;
    for (size_t b = 0; b < count; b += COLUMNS) {
        const size_t width = count - b < COLUMNS ? count - b : COLUMNS;
        for (size_t j = 0; j < width; j += WIDTH) {
            const REAL *tile = x + b + j;
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

void NAME_batch(const REAL *restrict x, REAL *restrict y, size_t count)
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
        NAME(x + b * INPUTS, y + b * OUTPUTS);
}

void NAME_columns(const REAL *restrict x, REAL *restrict y, size_t count)
{
    NAME_blocks(x, y, 1, count);
}

void NAME_blocks(const REAL *restrict x, REAL *restrict y, size_t blocks, size_t size)
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
