/*
 * eighth_turn_q15: 2 real inputs, 4 outputs, fixed point in words of 16 bits.
 * 5 additions, 4 multiplications, 4 shifts to the left, 9 rounding shifts.
 * Written by evosynth.
 *
 *   eighth_turn_q15        x[2], y[4]: one vector
 *   eighth_turn_q15_batch  x[count][2], y[count][4]: vectors as rows, one after the other
 *
 * input:    whole numbers from -32767 to 32767, no others
 * output:   what the program computes of x, times 2^-2
 * overflow: none, for any such input (proved)
 * error:    at most 2.01 units of an output's last place (proved)
 * measured: at most 1.30 over 10,000 random inputs and 8 that make an output largest
 * noise:    83.6 dB below the outputs, over the same random inputs
 *
 * C99; the same bits on every machine. x and y must not overlap.
 */
#include <stddef.h>
#include <stdint.h>

void eighth_turn_q15(const int16_t *x, int16_t *y);
void eighth_turn_q15_batch(const int16_t *x, int16_t *y, size_t count);

/* v / 2^s to the nearest whole number, halves upwards, s from 1 on: nothing negative is shifted. */
static inline int32_t rounded(int32_t v, int s)
{
    const uint32_t top = UINT32_C(1) << 31;
    return (int32_t)((((uint32_t)v ^ top) + (UINT32_C(1) << (s - 1))) >> s) - (int32_t)(top >> s);
}

void eighth_turn_q15(const int16_t *restrict x, int16_t *restrict y)
{
    const int16_t t1 = (int16_t)rounded((int32_t)x[0] * 11585, 14); /* 11585: sqrt(2)/2 * 2^14 */
    const int16_t t2 = (int16_t)rounded((int32_t)x[1] * 11585, 14); /* 11585: sqrt(2)/2 * 2^14 */
    const int16_t t3 = (int16_t)rounded((int32_t)t1 - (int32_t)t2, 1);
    const int16_t t4 = (int16_t)rounded((int32_t)t3 * 32363, 15); /* 32363: 0.1234567890123 * 2^18 */
    const int16_t t5 = (int16_t)rounded((int32_t)t1 * 4 + (int32_t)t2 * 4 + (int32_t)t4, 3);
    const int16_t t6 = (int16_t)rounded((int32_t)t5 * 11585, 14); /* 11585: sqrt(2)/2 * 2^14 */
    y[0] = (int16_t)rounded((int32_t)t6, 1);
    y[1] = 0;
    y[2] = (int16_t)rounded((int32_t)t6 * 2 - (int32_t)t3 * 2 + (int32_t)x[1], 2);
    y[3] = (int16_t)rounded((int32_t)t3, 1);
}

void eighth_turn_q15_batch(const int16_t *restrict x, int16_t *restrict y, size_t count)
{
    for (size_t b = 0; b < count; b++)
        eighth_turn_q15(x + b * 2, y + b * 4);
}
