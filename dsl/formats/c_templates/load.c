INLINE void load8(const REAL *x, vec *u)
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
