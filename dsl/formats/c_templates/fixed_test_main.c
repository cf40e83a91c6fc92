/* Test: what both functions make of these vectors, bit for bit. */
#include <stdio.h>
#include <string.h>

static const @word vectors[][@inputs] = {
@vectors
};
static const @word expected[][@outputs] = {
@expected
};
static @word results[sizeof expected / sizeof expected[0]][@outputs];

int main(void)
{
    const size_t count = sizeof vectors / sizeof vectors[0];
    int failures = 0;
    for (size_t b = 0; b < count; b++) {
        NAME(vectors[b], results[b]);
        failures += memcmp(results[b], expected[b], sizeof results[b]) != 0;
    }
    memset(results, 0, sizeof results);
    NAME_batch(vectors[0], results[0], count);
    failures += memcmp(results, expected, sizeof results) != 0;
    printf("NAME: %d failures, %d vectors\n", failures, (int)count);
    return failures != 0;
}
