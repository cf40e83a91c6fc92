/* Swaps the off-diagonal blocks of k x k in a pair of vectors, in their registers. */
#if defined __clang__ || __GNUC__ >= 12
#define SHUFFLE(a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)
#else
typedef @index index_vec __attribute__((vector_size(BYTES)));
#define SHUFFLE(a, b, ...) __builtin_shuffle(a, b, (index_vec){__VA_ARGS__})
#endif
#define SWAP(k, a, b) \
    do { \
        const vec former = a; \
        a = SHUFFLE(former, b, FIRST##k); \
        b = SHUFFLE(former, b, SECOND##k); \
    } while (0)
@lists

/* Eight components of WIDTH rows lie in memory as eight vectors. */
@pieces

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
