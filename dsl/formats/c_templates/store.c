INLINE void store8(const vec *v, REAL *y)
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
