/*
 * dft4: 4 complex inputs, 4 outputs, double precision.
 * 16 real operations: 16 additions, 0 multiplications.
 * Written by evosynth.
 *
 *   dft4          x[8], y[8]: one vector
 *   dft4_batch    x[count][8], y[count][8]: vectors as rows, one after the other
 *   dft4_columns  x[8][count], y[8][count]: vectors as columns, side by side
 *   dft4_blocks   x[blocks][8][size], y[blocks][8][size]: blocks of such columns
 *
 * Complex numbers are two components, the real part first.
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

void dft4(const double *x, double *y);
void dft4_batch(const double *x, double *y, size_t count);
void dft4_columns(const double *x, double *y, size_t count);
void dft4_blocks(const double *x, double *y, size_t blocks, size_t size);

#define INPUTS 8
#define OUTPUTS 8

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


/* The operations on values of a type T, in an order that keeps few values alive. */
#define X(k) (*(const T *)(x + (k) * x_stride))
#define Y(k) (*(T *)(y + (k) * y_stride))
#define OPERATIONS \
    const T t1 = X(0) + X(4); \
    const T t2 = X(0) - X(4); \
    const T t3 = X(1) + X(5); \
    const T t4 = X(1) - X(5); \
    const T t5 = X(2) + X(6); \
    const T t6 = X(2) - X(6); \
    Y(3) = t4 - t6; \
    Y(7) = t4 + t6; \
    Y(0) = t1 + t5; \
    Y(4) = t1 - t5; \
    const T t7 = X(3) + X(7); \
    const T t8 = X(3) - X(7); \
    Y(2) = t2 + t8; \
    Y(6) = t2 - t8; \
    Y(1) = t3 + t7; \
    Y(5) = t3 - t7;

void dft4(const double *restrict x, double *restrict y)
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
/* Swaps the off-diagonal blocks of k x k in a pair of vectors, in their registers. */
#if defined __clang__ || __GNUC__ >= 12
#define SHUFFLE(a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)
#else
typedef long long index_vec __attribute__((vector_size(BYTES)));
#define SHUFFLE(a, b, ...) __builtin_shuffle(a, b, (index_vec){__VA_ARGS__})
#endif
#define SWAP(k, a, b) \
    do { \
        const vec former = a; \
        a = SHUFFLE(former, b, FIRST##k); \
        b = SHUFFLE(former, b, SECOND##k); \
    } while (0)
#if WIDTH == 8
#define FIRST1 0, 8, 2, 10, 4, 12, 6, 14
#define SECOND1 1, 9, 3, 11, 5, 13, 7, 15
#define FIRST2 0, 1, 8, 9, 4, 5, 12, 13
#define SECOND2 2, 3, 10, 11, 6, 7, 14, 15
#define FIRST4 0, 1, 2, 3, 8, 9, 10, 11
#define SECOND4 4, 5, 6, 7, 12, 13, 14, 15
#elif WIDTH == 4
#define FIRST1 0, 4, 2, 6
#define SECOND1 1, 5, 3, 7
#define FIRST2 0, 1, 4, 5
#define SECOND2 2, 3, 6, 7
#elif WIDTH == 2
#define FIRST1 0, 2
#define SECOND1 1, 3
#endif

/* Eight components of WIDTH rows lie in memory as eight vectors. */
#define AT(i, length) ((i) % WIDTH * (length) + (i) / WIDTH * WIDTH)
#define GET(i) (*(const vec *)(x + AT(i, INPUTS)))
#define PUT(i, r) (*(vec *)(y + AT(i, OUTPUTS)) = (r))

/* Makes each of the eight vectors one component of all rows, or the other way round. */
INLINE void transpose(vec *r)
{
    SWAP(1, r[0], r[1]);
    SWAP(1, r[2], r[3]);
    SWAP(1, r[4], r[5]);
    SWAP(1, r[6], r[7]);
#if WIDTH >= 4
    SWAP(2, r[0], r[2]);
    SWAP(2, r[1], r[3]);
    SWAP(2, r[4], r[6]);
    SWAP(2, r[5], r[7]);
#endif
#if WIDTH >= 8
    SWAP(4, r[0], r[4]);
    SWAP(4, r[1], r[5]);
    SWAP(4, r[2], r[6]);
    SWAP(4, r[3], r[7]);
#endif
}

INLINE void load8(const double *x, vec *u)
{
    u[0] = GET(0);
    u[1] = GET(1);
    u[2] = GET(2);
    u[3] = GET(3);
    u[4] = GET(4);
    u[5] = GET(5);
    u[6] = GET(6);
    u[7] = GET(7);
    transpose(u);
}

INLINE void store8(const vec *v, double *y)
{
    vec r[8] = {v[0], v[1], v[2], v[3], v[4], v[5], v[6], v[7]};
    transpose(r);
    PUT(0, r[0]);
    PUT(1, r[1]);
    PUT(2, r[2]);
    PUT(3, r[3]);
    PUT(4, r[4]);
    PUT(5, r[5]);
    PUT(6, r[6]);
    PUT(7, r[7]);
}

/* WIDTH vectors one after the other. */
INLINE void transform_rows(const double *restrict x, double *restrict y)
{
    vec u[INPUTS] ALIGNED, v[OUTPUTS] ALIGNED;
    load8(x + 0, u + 0);
    transform((const double *)u, WIDTH, (double *)v, WIDTH);
    store8(v + 0, y + 0);
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

void dft4_batch(const double *restrict x, double *restrict y, size_t count)
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
        dft4(x + b * INPUTS, y + b * OUTPUTS);
}

void dft4_columns(const double *restrict x, double *restrict y, size_t count)
{
    dft4_blocks(x, y, 1, count);
}

void dft4_blocks(const double *restrict x, double *restrict y, size_t blocks, size_t size)
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
