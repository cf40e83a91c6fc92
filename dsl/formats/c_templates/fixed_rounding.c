/* v / 2^s to the nearest whole number, halves upwards, s from 1 on: nothing negative is shifted. */
static inline @wide rounded(@wide v, int s)
{
    const u@wide top = U@macro(1) << @highest;
    return (@wide)((((u@wide)v ^ top) + (U@macro(1) << (s - 1))) >> s) - (@wide)(top >> s);
}
