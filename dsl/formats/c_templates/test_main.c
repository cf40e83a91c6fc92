/* Test: every function against the product with the matrix. */
#include <stdio.h>

#define PARTS @parts
#define COUNT (5 * WIDTH + 3)
#define TOLERANCE @tolerance

static const double matrix[OUTPUTS / PARTS][INPUTS] = {
@matrix
};
static REAL rows[COUNT][INPUTS], results[COUNT][OUTPUTS];
static REAL columns[INPUTS][COUNT], column_results[OUTPUTS][COUNT];

/* Component `part` of output k of vector b. */
static double expected(size_t b, size_t k, size_t part)
{
    double sum = 0;
    for (size_t j = 0; j < INPUTS; j += PARTS) {
        const double *entry = matrix[k] + j;
        if (PARTS == 1)
            sum += entry[0] * rows[b][j];
        else if (part == 0)
            sum += entry[0] * rows[b][j] - entry[PARTS - 1] * rows[b][j + PARTS - 1];
        else
            sum += entry[0] * rows[b][j + PARTS - 1] + entry[PARTS - 1] * rows[b][j];
    }
    return sum;
}

/* Returns the larger one of an error and those of the results, which it clears. */
static double larger_error(double largest)
{
    for (size_t b = 0; b < COUNT; b++)
        for (size_t k = 0; k < OUTPUTS; k++) {
            const double difference = results[b][k] - expected(b, k / PARTS, k % PARTS);
            const double error = difference < 0 ? -difference : difference;
            if (error > largest || error != error)
                largest = error;
            results[b][k] = 0;
        }
    return largest;
}

int main(void)
{
    unsigned long state = 1;
    double error = 0;
    for (size_t b = 0; b < COUNT; b++)
        for (size_t k = 0; k < INPUTS; k++) {
            state = (1103515245 * state + 12345) & 0x7fffffff;
            rows[b][k] = columns[k][b] = (REAL)state / 0x40000000 - 1;
        }
    for (size_t b = 0; b < COUNT; b++)
        NAME(rows[b], results[b]);
    error = larger_error(error);
    NAME_batch(rows[0], results[0], COUNT);
    error = larger_error(error);
    NAME_columns(columns[0], column_results[0], COUNT);
    for (size_t b = 0; b < COUNT; b++)
        for (size_t k = 0; k < OUTPUTS; k++)
            results[b][k] = column_results[k][b];
    error = larger_error(error);
    NAME_blocks(rows[0], results[0], COUNT, 1);
    error = larger_error(error);
    printf("NAME: largest error %.1e, at most %.1e is right\n", error, TOLERANCE);
    return error <= TOLERANCE ? 0 : 1;
}
