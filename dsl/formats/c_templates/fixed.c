@header
#include <stddef.h>
#include <stdint.h>

void NAME(const @word *x, @word *y);
void NAME_batch(const @word *x, @word *y, size_t count);

@rounding
void NAME(const @word *restrict x, @word *restrict y)
{
@statements
}

void NAME_batch(const @word *restrict x, @word *restrict y, size_t count)
{
    for (size_t b = 0; b < count; b++)
        NAME(x + b * @inputs, y + b * @outputs);
}
