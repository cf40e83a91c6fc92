@header
#include <math.h>
#include <stddef.h>

void NAME(const REAL *x, REAL *y);
void NAME_batch(const REAL *x, REAL *y, size_t count);
void NAME_columns(const REAL *x, REAL *y, size_t count);
void NAME_blocks(const REAL *x, REAL *y, size_t blocks, size_t size);

#define INPUTS @inputs
#define OUTPUTS @outputs

@constants@guard/* One vector: component k is x[k * x_stride]. */
static void evaluate(const REAL *restrict x, size_t x_stride, REAL *restrict y, size_t y_stride)
{
@operations
}

void NAME(const REAL *restrict x, REAL *restrict y)
{
    evaluate(x, 1, y, 1);
}

void NAME_batch(const REAL *restrict x, REAL *restrict y, size_t count)
{
    for (size_t b = 0; b < count; b++)
        evaluate(x + b * INPUTS, 1, y + b * OUTPUTS, 1);
}

void NAME_columns(const REAL *restrict x, REAL *restrict y, size_t count)
{
    for (size_t b = 0; b < count; b++)
        evaluate(x + b, count, y + b, count);
}

void NAME_blocks(const REAL *restrict x, REAL *restrict y, size_t blocks, size_t size)
{
    for (size_t b = 0; b < blocks; b++)
        NAME_columns(x + b * INPUTS * size, y + b * OUTPUTS * size, size);
}
