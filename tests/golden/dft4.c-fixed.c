/*
 * dft4_q15: 4 complex inputs, 4 outputs, fixed point in words of 16 bits.
 * 16 additions, 0 multiplications, 0 shifts to the left, 16 rounding shifts.
 * Written by evosynth.
 *
 *   dft4_q15        x[8], y[8]: one vector
 *   dft4_q15_batch  x[count][8], y[count][8]: vectors as rows, one after the other
 *
 * Complex numbers are two components, the real part first.
 *
 * input:    whole numbers from -32767 to 32767, no others
 * output:   what the program computes of x, times 2^-2
 * overflow: none, for any such input (proved)
 * error:    at most 1.00 units of an output's last place (proved)
 * measured: at most 1.00 over 10,000 random inputs and 16 that make an output largest
 * noise:    85.5 dB below the outputs, over the same random inputs
 *
 * C99; the same bits on every machine. x and y must not overlap.
 */
#include <stddef.h>
#include <stdint.h>

void dft4_q15(const int16_t *x, int16_t *y);
void dft4_q15_batch(const int16_t *x, int16_t *y, size_t count);

/* v / 2^s to the nearest whole number, halves upwards, s from 1 on: nothing negative is shifted. */
static inline int32_t rounded(int32_t v, int s)
{
    const uint32_t top = UINT32_C(1) << 31;
    return (int32_t)((((uint32_t)v ^ top) + (UINT32_C(1) << (s - 1))) >> s) - (int32_t)(top >> s);
}

void dft4_q15(const int16_t *restrict x, int16_t *restrict y)
{
    const int16_t t1 = (int16_t)rounded((int32_t)x[0] + (int32_t)x[4], 1);
    const int16_t t2 = (int16_t)rounded((int32_t)x[0] - (int32_t)x[4], 1);
    const int16_t t3 = (int16_t)rounded((int32_t)x[1] + (int32_t)x[5], 1);
    const int16_t t4 = (int16_t)rounded((int32_t)x[1] - (int32_t)x[5], 1);
    const int16_t t5 = (int16_t)rounded((int32_t)x[2] + (int32_t)x[6], 1);
    const int16_t t6 = (int16_t)rounded((int32_t)x[2] - (int32_t)x[6], 1);
    const int16_t t7 = (int16_t)rounded((int32_t)x[3] + (int32_t)x[7], 1);
    const int16_t t8 = (int16_t)rounded((int32_t)x[3] - (int32_t)x[7], 1);
    y[0] = (int16_t)rounded((int32_t)t1 + (int32_t)t5, 1);
    y[1] = (int16_t)rounded((int32_t)t3 + (int32_t)t7, 1);
    y[2] = (int16_t)rounded((int32_t)t2 + (int32_t)t8, 1);
    y[3] = (int16_t)rounded((int32_t)t4 - (int32_t)t6, 1);
    y[4] = (int16_t)rounded((int32_t)t1 - (int32_t)t5, 1);
    y[5] = (int16_t)rounded((int32_t)t3 - (int32_t)t7, 1);
    y[6] = (int16_t)rounded((int32_t)t2 - (int32_t)t8, 1);
    y[7] = (int16_t)rounded((int32_t)t4 + (int32_t)t6, 1);
}

void dft4_q15_batch(const int16_t *restrict x, int16_t *restrict y, size_t count)
{
    for (size_t b = 0; b < count; b++)
        dft4_q15(x + b * 8, y + b * 8);
}
